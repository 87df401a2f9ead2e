"""A run's TensorBoard events: one folder a run; steps are epochs, but for those of `steps/`, which are the optimizer's.

Legend: T positions, N histogram bins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from attnseq.report import cards, summaries, tags
from attnseq.report.event_file import EventFile, is_of, read_events
from attnseq.report.panels import numbered
from attnseq.report.records import AttentionSummary, EpochRecord, StepRecord
from attnseq.scores.agreement import rank_agreement

AT_THE_END = "of the test samples, measured once, after the last epoch, and drawn as a level line"
STEPWISE = {
    "loss": ("loss", "of the training samples since the last point; steps are those of the optimizer"),
    "gradient_norm": ("gradient_norm", "root of the mean square since the last point, from Adam's second moment"),
    "samples_per_second": ("samples/s", "of this run: by its share of the time that its population takes"),
}
"""Tag and description of each number of a `StepRecord`. A card has room for short tags."""


class TensorBoardLog:
    """Writes a run's events. They are in the file when a call returns, so that a kill loses nothing that was logged.

    Args:
        folder: the run's folder; events lie in it and nowhere below.
        purge_step: for a resumed run the first epoch that will be logged (again): whatever an earlier attempt logged
            from there on disappears; for 1 or less, all of it. None: a new run.
        steps: for a resumed run, how many it has taken: what was logged of them stays.
    """

    def __init__(self, folder: str | Path, purge_step: int | None = None, steps: int = 0) -> None:
        # mark a start in a new run, too: TensorBoard purges only from the second start that it sees in a folder. If an
        # attempt finished no epoch, purge all of it, with its config (step 0)
        first = 1 if purge_step is None else max(1, purge_step)
        self._starts = first == 1
        earlier = [] if purge_step is None else read_events(Path(folder))
        self._ended = any(is_of(event, tags.TEST) for event in earlier)
        self._events = EventFile(folder)
        self._events.start_session(0 if self._starts else first)
        # purging goes by numbers, which are those of epochs: it hits steps that were taken long before
        self._events.copy(event for event in earlier if is_of(event, tags.STEPS) and event.step <= steps)
        self._epoch = first - 1

    def start(self, yaml_text: str, hparams: Mapping[str, Any]) -> None:
        """Show the run's config as text and as its row of the tab HParams; not again for a resumed run.

        Args:
            yaml_text: the composed config.
            hparams: what decides the run's result, by dotted key.
        """
        if self._starts:
            config = summaries.text("config", f"```yaml\n{yaml_text.rstrip()}\n```")
            # without the summary that names the tab's columns, TensorBoard has those of all runs together; if every run
            # had it, it would take those of a single one
            self._events.add(0, config, summaries.session_start(hparams), summaries.layout(tags.LAYOUT))

    def copy(self, events: Iterable[Event]) -> None:
        """Append the events that another run logged for the same epochs."""
        self._events.copy(events)

    def steps(self, records: Sequence[StepRecord]) -> None:
        """Log what is known of steps within an epoch.

        Args:
            records: in their order; none is written again.
        """
        logged = [(record.step, [_stepwise(name, getattr(record, name)) for name in STEPWISE]) for record in records]
        if logged:
            self._events.add_all(logged)

    def epoch(
        self,
        record: EpochRecord,
        relevance_T: npt.ArrayLike | None = None,
        names: Sequence[str] | None = None,
        run: tuple[str, int] | None = None,
    ) -> None:
        """Log an epoch: scalars, histograms of the attention at each position and, where asked for, its pictures.

        Args:
            record: the epoch.
            relevance_T: exact relevance of each position, any scale, drawn beside the main attention; (T,).
            names: of the positions, T of them; None: numbers from 0.
            run: variant and seed, for the pictures, which take longer than all else; None: there are none.

        Raises:
            ValueError: attention and relevance differ in length.
        """
        self._epoch = record.epoch
        logged = [summaries.scalar(tags.number_tag(name), value) for name, value in record.row.items()]
        logged += _agreement(record.main_attention, relevance_T)
        for tag, attention in record.attention.items() if record.attends else ():
            named = names or numbered(len(attention.mean_T))
            logged += _histograms(tag, attention, named)
            if run is not None:
                relevance = relevance_T if attention is record.main_attention else None
                place = f"seed {run[1]}, epoch {record.epoch}"
                logged += _views(tag, attention, relevance, named, run[0], place)
                if record.alignment is not None and attention is record.main_attention:
                    card = cards.alignment(run[0], place, record.alignment)
                    logged.append(summaries.image(tags.view_tag(tag, "alignment of a sample"), card))
        self._events.add(record.epoch, *logged)

    def finish(self, finals: Mapping[str, float]) -> None:
        """End the run's row of the tab HParams, with what was measured at the end; not twice for a resumed run.

        They have a point at the first and the last epoch: a dot by itself is not seen, and the tab takes the last one.

        Args:
            finals: numbers of the test samples by name, such as "mae/test".
        """
        if self._ended:
            return
        points = [summaries.scalar(tags.number_tag(name), value, AT_THE_END) for name, value in finals.items()]
        first = [(1, points)] if self._epoch > 1 else []
        self._events.add_all([*first, (self._epoch, [*points, summaries.session_end()])])


def _stepwise(name: str, value: float) -> Summary:
    tag, description = STEPWISE[name]
    return summaries.scalar(f"{tags.STEPS}/{tag}", value, description)


def _agreement(attention: AttentionSummary | None, relevance_T: npt.ArrayLike | None) -> Iterator[Summary]:
    """Yield how well the mean attention orders the positions, where their exact relevance is known."""
    if attention is None or relevance_T is None:
        return
    agreement = rank_agreement(attention.mean_T, relevance_T)
    if agreement is not None and math.isfinite(agreement):
        yield summaries.scalar(tags.number_tag("attention/rank_agreement"), agreement)


def _views(
    tag: str,
    attention: AttentionSummary,
    relevance_T: npt.ArrayLike | None,
    names: Sequence[str],
    run: str,
    place: str,
) -> Iterator[Summary]:
    """Yield the pictures of an attention."""
    bars = cards.bars(run, place, attention.mean_T, relevance_T, names)
    yield summaries.image(tags.view_tag(tag, "mean attention"), bars)
    if attention.heatmap_TxR is not None:
        cells = cards.heatmap(run, place, attention.heatmap_TxR, attention.rows, names, attention.heads)
        yield summaries.image(tags.view_tag(tag, f"attention by {attention.rows}"), cells)


def _histograms(tag: str, attention: AttentionSummary, names: Sequence[str]) -> Iterator[Summary]:
    """Yield a histogram for each position that any sample has."""
    for position in np.flatnonzero(attention.samples_T).tolist():
        counts_N = attention.histogram_TxN[position]
        # drop empty bins at both ends: TensorBoard takes the smallest and largest value as the outer edges
        filled = np.flatnonzero(counts_N)
        first, beyond = filled[0], filled[-1] + 1
        yield summaries.histogram(
            tags.weights_tag(tag, names[position]),
            min=float(attention.minimum_T[position]),
            max=float(attention.maximum_T[position]),
            num=int(attention.samples_T[position]),
            sum=float(attention.sum_T[position]),
            sum_squares=float(attention.sum_squares_T[position]),
            bucket_limit=attention.edges_N1[first + 1 : beyond + 1].tolist(),
            bucket=counts_N[first:beyond].tolist(),
        )
