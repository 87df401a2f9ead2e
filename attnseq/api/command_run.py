"""The run that a command works with; what goes wrong with it ends the command in one line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attnseq.api.run import Run, RunError, load
from attnseq.commandline.arguments import fail
from attnseq.core.keys import ConfigError


@contextmanager
def command_run(folder: Path, options: Mapping[str, str], out: str | Path | None) -> Iterator[Run]:
    """Load a run for the block, and end the program where it, or what the block does with it, fails.

    Args:
        folder: of the run.
        options: of the command line; `plugins` are the modules that the run was trained with.
        out: the file that the block writes, if any.
    """
    try:
        yield load(folder, plugins=list(filter(None, options.get("plugins", "").strip("[]").split(","))))
    except RunError as error:
        fail(str(error), 1)
    except (ConfigError, ValueError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or out}: {error.strerror or error}", 1)
