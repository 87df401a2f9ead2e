"""The pictures of runs that were trained, drawn again: for `attnseq.plot`."""

from collections.abc import Iterable, Iterator, Sequence
from os.path import commonpath
from pathlib import Path

from attnseq.api.explanation_picture import name_of
from attnseq.api.run import Run, RunError
from attnseq.core.files import write_atomically
from attnseq.core.keys import ConfigError
from attnseq.report.pictures import Pictures
from attnseq.runs.picturing import draw_run
from attnseq.runs.reading import DAMAGED


def plot(runs: Sequence[Run], forms: Iterable[str], out: Path | None = None) -> Iterator[Path | RunError]:
    """Draw the pictures of runs, and write them.

    Args:
        runs: finished or not; of one that is not, there is the picture of its losses.
        forms: of `style.FORMATS`.
        out: a folder; runs have the same places below it as they have below the folder that holds all of them. None:
            each run's own folder.

    Yields:
        The files, once they are written, and an error for each run of which there is nothing to draw.

    Raises:
        OSError: a file cannot be written.
    """
    pictures = [Pictures(form) for form in forms]
    above = Path(commonpath([run.path for run in runs])) if runs else Path()
    for run in runs:
        try:
            drawn = _drawn(run, pictures)
        except RunError as error:
            yield error
            continue
        folder = run.path if out is None else out / run.path.relative_to(above)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in drawn.items():
            write_atomically(folder / name, content, durable=False)
            yield folder / name


def _drawn(run: Run, pictures: Sequence[Pictures]) -> dict[str, bytes]:
    """Draw a run's pictures in each form; raise RunError where there are none."""
    if run.state == DAMAGED:
        raise RunError(run.record.problem)
    drawn: dict[str, bytes] = {}
    try:
        for each in pictures:
            drawn |= draw_run(run.config, name_of(run), run.record.result, run.history, each)
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{run.path}: damaged, or written by another version of attnseq ({error})") from None
    if not drawn:
        raise RunError(f"{run.path}: nothing to draw before its first epoch has ended")
    return drawn
