"""Attention of any axes as distributions over the positions, which can be changed and given back to a model.

Shapes: B batch, T positions, R distributions of a sample: one, or one for each answer position or feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnseq.scores.weights import own_tokens, position_weights

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.batch import Attention, Batch


def to_rows(attention: Attention, samples: Batch) -> Tensor:
    """Lay weights out as ...xBxRxT.

    Of weights for each token of a vocabulary these are the weights of the tokens that stand there: the others multiply
    zeros, and whatever they were changed to would change no answer.

    Args:
        attention: of one model or of every replica; of axes BT, BTD or BKT.
        samples: that it attends to.
    """
    weights, axes = attention
    if axes == "BT":
        return weights.unsqueeze(-2)
    if axes == "BTD":
        of_numbers = samples.inputs.is_floating_point()
        return weights.transpose(-1, -2) if of_numbers else position_weights(attention, samples).unsqueeze(-2)
    return weights


def from_rows(rows: Tensor, attention: Attention, samples: Batch) -> Tensor:
    """Turn ...xBxRxT back into weights of the attention's axes; those that are in no row stay what they are."""
    weights, axes = attention
    if axes == "BT":
        return rows.squeeze(-2)
    if axes == "BTD":
        if samples.inputs.is_floating_point():
            return rows.transpose(-1, -2)
        return weights.scatter(-1, own_tokens(weights, samples), rows.squeeze(-2).unsqueeze(-1))
    return rows
