"""Finding all runs below a folder: `attnseq.find`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attnseq.api.run import Run, RunError
from attnseq.core import plugins as plugin_modules
from attnseq.runs.build import build_device
from attnseq.runs.reading import find_runs, is_number

if TYPE_CHECKING:
    from pandas import DataFrame


class Runs(list[Run]):
    """Runs, in the natural order of their folders."""

    def to_frame(self) -> "DataFrame":
        """Make a pandas table with a row for each run: path, state, epochs done, keys of config, numbers of result.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise ImportError('to_frame needs pandas: pip install "attnseq[pandas]"') from None
        return DataFrame([_row(run) for run in self])


def find(folder: str | Path = "outputs", *, plugins: Iterable[str] = (), device: str = "cpu") -> Runs:
    """Find every run in or below a folder. States are read at once, the rest when it is asked for, as with `load`.

    Args:
        folder: to search, at any depth.
        plugins: modules with the choices that runs were trained with.
        device: where the runs' models predict.

    Raises:
        RunError: there is no such folder.
        ConfigError: a plugin cannot be imported, or there is no such device.
    """
    plugin_modules.add([plugins] if isinstance(plugins, str) else plugins)
    plugin_modules.load()
    build_device(device)
    try:
        return Runs(Run.of(record, device) for record in find_runs([Path(folder)]))
    except OSError as error:
        raise RunError(f"{error.filename or folder}: {error.strerror or error}") from None


def _row(run: Run) -> dict[str, object]:
    numbers = {
        key: value for key, value in run.record.result.items() if is_number(value) and key not in ("seed", "epochs")
    }
    where = {"path": str(run.path), "state": run.state, "variant": run.path.parent.name, "epochs": run.record.epochs}
    return where | dict(run.record.config) | numbers
