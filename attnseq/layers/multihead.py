"""Attention with several heads, in plain products: `torch.nn.MultiheadAttention` does not run under `torch.vmap`.

Shapes: B batch, T positions, Q queries, H hidden units, M heads, U = H / M units of a head.
"""

import math
from collections.abc import Iterator

from torch import Tensor, nn

from attnseq.contracts.model import Initializer
from attnseq.layers.attention import softmax
from attnseq.layers.weights import dense_parameters


class MultiHeadAttention(nn.Module):
    """M times scaled dot-product attention, each on projections of its own; then one more projection of all heads.

    Keys have no bias, which would move all scores of a query alike.

    Args:
        units: H, a multiple of M.
        heads: M.

    Source: Vaswani et al. 2017, "Attention Is All You Need" (arXiv:1706.03762), section 3.2.2.
    """

    def __init__(self, units: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(units, units)
        self.key = nn.Linear(units, units, bias=False)
        self.value = nn.Linear(units, units)
        self.output = nn.Linear(units, units)

    def forward(
        self,
        queries_BxQxH: Tensor,
        memory_BxTxH: Tensor,
        present_BxT: Tensor | None = None,
        given_BxMxQxT: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Attend to a memory.

        Args:
            queries_BxQxH: what attends; QxH where all samples have the same.
            memory_BxTxH: what is attended to.
            present_BxT: which positions there are; the others get weight 0. None: all.
            given_BxMxQxT: weights in place of those that it would compute.

        Returns:
            contexts_BxQxH and weights_BxMxQxT.
        """
        queries_BxMxQxU = self._by_head(self.query(queries_BxQxH))
        keys_BxMxTxU = self._by_head(self.key(memory_BxTxH))
        values_BxMxTxU = self._by_head(self.value(memory_BxTxH))
        scores_BxMxQxT = queries_BxMxQxU @ keys_BxMxTxU.transpose(-1, -2) / math.sqrt(keys_BxMxTxU.shape[-1])
        present_Bx1x1xT = None if present_BxT is None else present_BxT.unsqueeze(-2).unsqueeze(-2)
        weights_BxMxQxT = softmax(scores_BxMxQxT, present_Bx1x1xT) if given_BxMxQxT is None else given_BxMxQxT
        contexts_BxQxH = (weights_BxMxQxT @ values_BxMxTxU).transpose(-2, -3).flatten(-2)
        return self.output(contexts_BxQxH), weights_BxMxQxT

    def _by_head(self, vectors_BxTxH: Tensor) -> Tensor:
        """Cut vectors into those of the heads: BxMxTxU."""
        return vectors_BxTxH.unflatten(-1, (self.heads, -1)).transpose(-2, -3)

    def initial(self, name: str, init: Initializer) -> Iterator[tuple[str, Tensor]]:
        """Draw fresh parameters, by name: Glorot-uniform kernels, zero biases.

        Args:
            name: the layer's name in its model.
            init: draws the kernels.
        """
        for part in ("query", "key", "value", "output"):
            yield from dense_parameters(f"{name}.{part}", getattr(self, part), init)
