"""Figures that were published of a run: what shows a run shows them beside ours. The article registers its own."""

from collections.abc import Callable
from typing import NamedTuple

from attnseq.core import plugins


class PublishedRun(NamedTuple):
    """What was published of a run.

    Args:
        loss_E: training losses, as printed; None where there are none.
        mean_attention_T: over the training samples; None where it is not known.
        as_printed: a loss in the form of `loss_E`.
    """

    loss_E: tuple[str, ...] | None = None
    mean_attention_T: tuple[float, ...] | None = None
    as_printed: Callable[[float], str] = str


_RUNS: dict[tuple[str, int], PublishedRun] = {}


def register(variant: str, seed: int, run: PublishedRun) -> None:
    """Add the figures of exactly this run."""
    _RUNS[variant, seed] = run


def published_run(variant: str, seed: int) -> PublishedRun:
    """The figures of exactly this run; empty where none were published."""
    plugins.load()
    return _RUNS.get((variant, seed), PublishedRun())
