"""A run's TensorBoard events: one folder a run, steps counted in epochs.

Legend: T positions, N histogram bins.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from torch.utils.tensorboard.summary import histogram_raw, scalar
from torch.utils.tensorboard.summary import hparams as hparams_summaries
from torch.utils.tensorboard.summary import text as text_summary

from attnseq.report.event_file import EventFile
from attnseq.report.pictures import Pictures
from attnseq.report.records import AttentionSummary, EpochRecord


class TensorBoardLog:
    """Writes a run's events. They are in the file when a call returns, so that a kill loses nothing that was logged.

    Args:
        folder: the run's folder; events lie in it and nowhere below.
        purge_step: for a resumed run the first epoch that will be logged (again): whatever an earlier attempt logged
            from there on disappears; for 1 or less, all of it. None: a new run.
    """

    def __init__(self, folder: str | Path, purge_step: int | None = None) -> None:
        # mark a start in a new run, too: TensorBoard purges only from the second start that it sees in a folder. If an
        # attempt finished no epoch, purge all of it, with its config (step 0)
        first = 1 if purge_step is None else max(1, purge_step)
        self._starts = first == 1
        self._events = EventFile(folder)
        self._events.start_session(0 if self._starts else first)
        self._epoch = first - 1

    def config(self, yaml_text: str) -> None:
        """Show the run's config as text; it is not written again for a resumed run.

        Args:
            yaml_text: the composed config.
        """
        if self._starts:
            self._events.add(0, text_summary("config", f"```yaml\n{yaml_text.rstrip()}\n```"))

    def copy(self, events: Iterable[Event]) -> None:
        """Append the events that another run logged for the same epochs."""
        self._events.copy(events)

    def epoch(
        self,
        record: EpochRecord,
        relevance_T: npt.ArrayLike | None = None,
        position_names: Sequence[str] | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        """Log an epoch: scalars, histograms of the attention at each position and, where asked for, its pictures.

        Args:
            record: the epoch.
            relevance_T: exact relevance of each position, any scale, drawn beside the main attention; (T,).
            position_names: T of them; None: numbers from 0.
            pictures: draws the pictures, which takes longer than all else; None: there are none.

        Raises:
            ValueError: attention and relevance differ in length.
        """
        self._epoch = record.epoch
        summaries = [scalar(tag, float(value)) for tag, value in record.row.items()]
        for tag, attention in record.attention.items():
            summaries += _histograms(tag, attention)
            if pictures is not None:
                relevance = relevance_T if attention is record.main_attention else None
                title = f"{tag}, epoch {record.epoch}"
                bars = pictures.attention(title, attention.mean_T, relevance, position_names=position_names)
                summaries.append(_image(f"{tag}/mean", bars))
                if record.alignment is not None and attention is record.main_attention:
                    summaries.append(_image(f"{tag}/heatmap", pictures.alignment(title, record.alignment)))
                elif attention.heatmap_TxR is not None:
                    cells = pictures.heatmap(title, attention.heatmap_TxR, attention.rows, position_names)
                    summaries.append(_image(f"{tag}/heatmap", cells))
        self._events.add(record.epoch, *summaries)

    def hyperparameters(self, hparams: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Fill the run's row of the HParams tab. Call it last: a resumed run purges its step, after the last epoch.

        `SummaryWriter.add_hparams` would open a second run beside this one, so its summaries are written here, except
        the one that names the tab's columns: if every run had it, TensorBoard would show the columns of a single run;
        without it, there are those of all runs together.

        Args:
            hparams: name to value; what is neither a number nor a string is shown by `str`.
            metrics: final metrics by scalar tag; none that `epoch` logs already.
        """
        _, start, end = hparams_summaries({name: _hparam(value) for name, value in hparams.items()}, {})
        finals = [scalar(tag, float(value)) for tag, value in metrics.items()]
        self._events.add(self._epoch + 1, start, end, *finals)


def _hparam(value: Any) -> float | str:
    """Turn a value into one that the HParams tab can show: numbers as they are, the rest as text."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return float(value)
    return str(value)


def _image(tag: str, png: bytes) -> Summary:
    width, height = struct.unpack(">II", png[16:24])  # every PNG has its size there
    picture = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=picture)])


def _histograms(tag: str, attention: AttentionSummary) -> Iterator[Summary]:
    """Yield a histogram for each position that any sample has."""
    for position in np.flatnonzero(attention.samples_T).tolist():
        counts_N = attention.histogram_TxN[position]
        # drop empty bins at both ends: TensorBoard takes the smallest and largest value as the outer edges
        filled = np.flatnonzero(counts_N)
        first, beyond = filled[0], filled[-1] + 1
        yield histogram_raw(
            f"{tag}/position_{position}",
            min=float(attention.minimum_T[position]),
            max=float(attention.maximum_T[position]),
            num=int(attention.samples_T[position]),
            sum=float(attention.sum_T[position]),
            sum_squares=float(attention.sum_squares_T[position]),
            bucket_limits=attention.edges_N1[first + 1 : beyond + 1].tolist(),
            bucket_counts=counts_N[first:beyond].tolist(),
        )
