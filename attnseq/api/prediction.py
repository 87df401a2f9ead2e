"""Predictions of a trained model for sequences, in the task's own units.

Shapes: B batch, T positions, K answer positions, C classes, D vocabulary, M heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from attnseq.contracts.answers import without_end
from attnseq.contracts.batch import NO_TOKEN, Attention, Batch
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Classes, Scalar, Target, Tokens
from attnseq.contracts.task import Task
from attnseq.scores.weights import position_weights

PIECE = 1_024
"""Most sequences that are predicted together."""

MOST_BEAMS = 16

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Prediction:
    """A model's predictions for B sequences.

    Args:
        prediction: B numbers in the task's own unit (0 to 999 for the article's), B names of classes, B strings where
            tokens are characters, or else BxK tokens; where the task has an end symbol, -1 from its first one on.
        attentions: weights by name: BxT, BxTxF, BxKxT or BxMxTxT; 0 at positions that a sequence does not have. The
            first one explains the prediction. Empty where the model has none.
        relevance: BxT, or BxKxT: how much each position counts for the answer, exactly; None where the task does not
            know it, or knows it of sequences of its own length alone.
        truth: the exact answers in the form of `prediction`, with -1 behind the last token of an answer, and "" for a
            text to which there is none; None where the task does not know them, as with `relevance`.
        position_attention: BxT: `attention` as one weight a position: the mean over answer positions, heads, or the
            features of real numbers; of tokens the weight of the one that stands there.
        log_probability: B, in nats, of each answer that beam search found; None without it.
        ids: B names of the sequences, where they were read from a file.
        axes: of `attention`, as `Attention` names them: "BT", "BTD", "BKT" or "BMTT"; "" where the model has none.
    """

    prediction: Array
    attentions: Mapping[str, Array]
    relevance: Array | None
    truth: Array | None
    position_attention: Array | None = None
    log_probability: Array | None = None
    ids: tuple[str, ...] | None = None
    axes: str = ""

    @property
    def attention(self) -> Array | None:
        """The weights that explain the prediction; None where the model has none."""
        return next(iter(self.attentions.values()), None)


@torch.no_grad()
def predict(model: Model, task: Task, batch: Batch, beam: int = 1) -> Prediction:
    """Predict, and ask the task for relevance and truth.

    Args:
        model: trained on the task.
        task: that knows the truth.
        batch: samples on the CPU; targets, which only samples that were read from a file have, are not shown.
        beam: beginnings that beam search keeps, 1 to `MOST_BEAMS`; 1: each token is the most probable one.

    Raises:
        ValueError: no such `beam`, or the model does not write its answers token after token.
    """
    if not isinstance(beam, int) or not 1 <= beam <= MOST_BEAMS:
        raise ValueError(f"beam={beam}: must be a whole number, 1 to {MOST_BEAMS}")
    target = task.spec.target
    device = next(model.parameters()).device
    pieces = (piece._replace(targets=None).to(device) for piece in batch.pieces(PIECE // beam))
    outputs = [model(piece) if beam == 1 else model.search(piece, beam) for piece in pieces]
    names = list(outputs[0].attention)
    weights = {name: torch.cat([output.attention[name].weights.cpu() for output in outputs]) for name in names}
    answers, relevance = batch.targets, batch.relevance
    if answers is None and (task.any_length or batch.inputs.shape[1] == task.spec.inputs.length):
        answers = task.answers(batch)
        relevance = None if answers is None else task.relevance(batch._replace(targets=answers))
    axes = outputs[0].attention[names[0]].axes if names else ""
    predicted = without_end(_chosen(torch.cat([output.prediction.cpu() for output in outputs]), target), target)
    answers = None if answers is None else without_end(answers, target)
    seen = batch._replace(targets=predicted if answers is None else answers)
    return Prediction(
        _in_units(predicted, target),
        {name: values.numpy() for name, values in weights.items()},
        None if relevance is None else relevance.numpy(),
        None if answers is None else _in_units(answers, target),
        _by_position(weights[names[0]], axes, seen) if names else None,
        None if beam == 1 else torch.cat([output.extra["log_probability"].cpu() for output in outputs]).numpy(),
        axes=axes,
    )


def _by_position(weights: Tensor, axes: str, samples: Batch) -> Array:
    weights_BxT: Array = position_weights(Attention(weights, axes), samples).numpy()
    return weights_BxT


def _chosen(prediction: Tensor, target: Target) -> Tensor:
    """Return a model's predictions in the form of targets: of logits the largest."""
    return prediction if isinstance(target, Scalar) else prediction.argmax(dim=-1)


def _in_units(targets: Tensor, target: Target) -> Array:
    """Return answers as the task writes them: numbers in its unit, names of classes, strings, or tokens."""
    if isinstance(target, Scalar):
        return targets.double().numpy() * target.scale + target.offset
    if isinstance(target, Tokens) and target.in_characters:
        return np.array([target.text([token for token in row if token != NO_TOKEN]) for row in targets.tolist()])
    # the last name is for -1, a class that is not known
    return np.asarray((*target.names, ""))[targets.numpy()] if isinstance(target, Classes) else targets.numpy()
