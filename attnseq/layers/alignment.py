"""Scores of how well queries and states match, by which attention on hidden states weighs the states.

A score is computed for all queries at once or, where one comes after the other, for a step of `layers.recurrence.scan`:
`memory` gives the step's weights and constants, which `of_step` uses.

Shapes: B batch, T positions, K queries, H hidden units of queries and of states.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from attnseq.contracts.model import Initializer
from attnseq.layers.recurrence import Product, Tensors


class Memory(NamedTuple):
    """What a step reads of the states that it attends to: weights of its products, and shared constants."""

    weights: Tensors
    shared: Tensors = ()


def _product_of_step(query_BxH: Tensor, product: Product, first: int, shared: Tensors) -> Tensor:
    return product(first, query_BxH.unsqueeze(-2)).squeeze(-2)


class DotScore(nn.Module):
    """q · h.

    Source: Luong et al. 2015, "Effective Approaches to Attention-based Neural Machine Translation" (arXiv:1508.04025).

    Args:
        units: H.
    """

    def __init__(self, units: int):
        super().__init__()

    def forward(self, queries_BxKxH: Tensor, states_BxTxH: Tensor) -> Tensor:
        """Return scores_BxKxT."""
        return queries_BxKxH @ states_BxTxH.transpose(-1, -2)

    def memory(self, states_BxTxH: Tensor) -> Memory:
        """Prepare the states for the steps."""
        return Memory((states_BxTxH.transpose(-1, -2),))

    of_step = staticmethod(_product_of_step)


class GeneralScore(nn.Module):
    """q W h, which Luong et al. 2015 call general.

    Args:
        units: H.
    """

    def __init__(self, units: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(units, units))

    def forward(self, queries_BxKxH: Tensor, states_BxTxH: Tensor) -> Tensor:
        """Return scores_BxKxT."""
        return (queries_BxKxH @ self.weight) @ states_BxTxH.transpose(-1, -2)

    def memory(self, states_BxTxH: Tensor) -> Memory:
        """Prepare the states for the steps."""
        return Memory(((states_BxTxH @ self.weight.transpose(-1, -2)).transpose(-1, -2),))

    of_step = staticmethod(_product_of_step)


class AdditiveScore(nn.Module):
    """v · tanh(q W + h U + b), with H units.

    Source: Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning to Align and Translate"
    (arXiv:1409.0473).

    Args:
        units: H.
    """

    def __init__(self, units: int):
        super().__init__()
        self.query = nn.Parameter(torch.empty(units, units))
        self.state = nn.Parameter(torch.empty(units, units))
        self.bias = nn.Parameter(torch.empty(units))
        self.vector = nn.Parameter(torch.empty(units, 1))

    def forward(self, queries_BxKxH: Tensor, states_BxTxH: Tensor) -> Tensor:
        """Return scores_BxKxT."""
        queries_BxKx1xH = (queries_BxKxH @ self.query + self.bias).unsqueeze(-2)
        states_Bx1xTxH = (states_BxTxH @ self.state).unsqueeze(-3)
        return (torch.tanh(queries_BxKx1xH + states_Bx1xTxH) @ self.vector).squeeze(-1)

    def memory(self, states_BxTxH: Tensor) -> Memory:
        """Prepare the states for the steps."""
        return Memory((self.query,), (states_BxTxH @ self.state + self.bias, self.vector.squeeze(-1)))

    @staticmethod
    def of_step(query_BxH: Tensor, product: Product, first: int, shared: Tensors) -> Tensor:
        """Return scores_BxT of a step's queries."""
        states_BxTxH, vector_H = shared
        return (torch.tanh(product(first, query_BxH).unsqueeze(-2) + states_BxTxH) * vector_H).sum(dim=-1)


Score = DotScore | GeneralScore | AdditiveScore

SCORES: dict[str, Callable[[int], Score]] = {"additive": AdditiveScore, "dot": DotScore, "general": GeneralScore}
"""By their names in configs."""


def score_parameters(name: str, score: Score, init: Initializer) -> Iterator[tuple[str, Tensor]]:
    """Draw fresh parameters of a score: Glorot-uniform kernels, zero bias.

    Args:
        name: the score's name in its model.
        score: gives the shapes; it is not changed.
        init: draws the kernels.

    Returns:
        (parameter name, value), as many as the score has.
    """
    for key, value in score.named_parameters():
        if value.dim() == 1:
            yield f"{name}.{key}", torch.zeros_like(value)
        else:
            yield f"{name}.{key}", torch.from_numpy(init.glorot_uniform((value.shape[0], value.shape[1])))
