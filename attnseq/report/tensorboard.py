"""A training run's TensorBoard events: one folder, one run, steps counted in epochs.

Legend: T positions, N histogram bins.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch.utils.tensorboard.summary import Summary, histogram_raw, scalar
from torch.utils.tensorboard.summary import hparams as hparams_summaries
from torch.utils.tensorboard.summary import text as text_summary

from attnseq.report.event_file import EventFile
from attnseq.report.pictures import attention_image, heatmap_image
from attnseq.report.records import AttentionSummary, EpochRecord


class TensorBoardLog:
    """Writes a run's events; they are in the file when a call returns, so that a kill loses nothing that was logged.

    Args:
        folder: the run's folder; events lie in it and nowhere below.
        purge_step: the first epoch that will be logged (again) when a run resumes: what an earlier attempt logged from
            there on disappears. 1 or less: everything it logged. None: a new run.
    """

    def __init__(self, folder: str | Path, purge_step: int | None = None) -> None:
        # TensorBoard purges at the second session start that it sees in a folder, so a new run must mark one, too;
        # an attempt that finished no epoch is forgotten whole, its config (step 0) included
        first = 1 if purge_step is None else max(1, purge_step)
        self._starts = first == 1
        self._events = EventFile(folder)
        self._events.start_session(0 if self._starts else first)
        self._epoch = first - 1

    def config(self, yaml_text: str) -> None:
        """Show the run's config as text; a resumed run's is there already, and is not written twice.

        Args:
            yaml_text: the composed config.
        """
        if self._starts:
            self._events.add(0, text_summary("config", f"```yaml\n{yaml_text.rstrip()}\n```"))

    def epoch(self, record: EpochRecord, relevance_T: npt.ArrayLike | None) -> None:
        """Log an epoch: scalars, a histogram for each position, the attention as images.

        Args:
            record: the epoch.
            relevance_T: exact relevance of each position, any scale, drawn beside the attention; None draws none; (T,).

        Raises:
            ValueError: attention and relevance differ in length.
        """
        step = self._epoch = record.epoch
        attention = record.attention
        summaries = [scalar(tag, value) for tag, value in epoch_scalars(record).items()]
        summaries += [_histogram(attention, position) for position in range(len(attention.mean_T))]
        bars = attention_image(attention.mean_T, relevance_T, f"mean attention, epoch {step}", scale=1)
        summaries.append(_image("attention/mean", bars))
        if attention.heatmap_TxD is not None:
            heatmap = heatmap_image(attention.heatmap_TxD, f"attention, epoch {step}")
            summaries.append(_image("attention/heatmap", heatmap))
        self._events.add(step, *summaries)

    def hyperparameters(self, hparams: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Fill the run's row of the HParams tab; last, a step after the last epoch: a resumed run purges it from there.

        `SummaryWriter.add_hparams` would open a second run beside this one, so its summaries are written here; all but
        the one that names the tab's columns. With one in every run TensorBoard takes those of any one run for all;
        without it the columns are those of all runs together.

        Args:
            hparams: name to value; what is neither a number nor a string is shown by `str`.
            metrics: final metrics by scalar tag; those that `epoch` logs already are not logged again.
        """
        shown = {name: _hparam(value) for name, value in hparams.items()}
        finals = {tag: float(value) for tag, value in metrics.items()}
        final_scalars = [scalar(tag, value) for tag, value in finals.items() if tag not in EPOCH_SCALARS]
        _, start, end = hparams_summaries(shown, {})
        self._events.add(self._epoch + 1, start, end, *final_scalars)


EPOCH_SCALARS = ("loss/train", "loss/validation", "mae/validation", "exact/validation", "attention/entropy")


def epoch_scalars(record: EpochRecord) -> dict[str, float]:
    """An epoch's scalars by TensorBoard tag.

    Args:
        record: the epoch.

    Returns:
        The tags of `EPOCH_SCALARS`; loss, answer units, share, nats.
    """
    values = (
        record.loss_train,
        record.loss_validation,
        record.mae_validation,
        record.exact_validation,
        record.attention.entropy,
    )
    return dict(zip(EPOCH_SCALARS, map(float, values), strict=True))


def _hparam(value: Any) -> float | str:
    """A value that the HParams tab can show: numbers as they are, the rest as text."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return float(value)
    return str(value)


def _image(tag: str, image: Image.Image) -> Summary:
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=3)
    picture = Summary.Image(height=image.height, width=image.width, colorspace=3, encoded_image_string=png.getvalue())
    return Summary(value=[Summary.Value(tag=tag, image=picture)])


def _histogram(attention: AttentionSummary, position: int) -> Summary:
    counts_N = np.asarray(attention.histogram_TxN[position])
    # TensorBoard takes the smallest and largest value as the outer edges, so empty bins beyond them must go
    filled = np.flatnonzero(counts_N)
    first, last = (int(filled[0]), int(filled[-1])) if len(filled) else (0, len(counts_N) - 1)
    return histogram_raw(
        f"attention/position_{position}",
        min=float(attention.minimum_T[position]),
        max=float(attention.maximum_T[position]),
        num=int(attention.samples),
        sum=float(attention.sum_T[position]),
        sum_squares=float(attention.sum_squares_T[position]),
        bucket_limits=np.asarray(attention.edges_N1)[first + 1 : last + 2].tolist(),
        bucket_counts=counts_N[first : last + 1].tolist(),
    )
