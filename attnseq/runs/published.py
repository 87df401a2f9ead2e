"""Published figures of runs, which are shown beside ours. The article registers its own."""

from collections.abc import Callable
from typing import NamedTuple

from attnseq.core import plugins


class PublishedRun(NamedTuple):
    """What was published of a run.

    Args:
        loss_E: training losses, as printed; None where there are none.
        mean_attention_T: over the training samples; None where it is not known.
        as_printed: writes a loss in the form of `loss_E`.
    """

    loss_E: tuple[str, ...] | None = None
    mean_attention_T: tuple[float, ...] | None = None
    as_printed: Callable[[float], str] = str


_RUNS: dict[tuple[str, int], PublishedRun] = {}


def register(variant: str, seed: int, run: PublishedRun) -> None:
    """Register the published figures of exactly this run."""
    _RUNS[variant, seed] = run


def published_run(variant: str, seed: int) -> PublishedRun:
    """Look up the published figures of exactly this run; empty where there are none."""
    plugins.load()
    return _RUNS.get((variant, seed), PublishedRun())
