"""What reaches the output of an encoder's layers from each position of its input.

Shapes: B batch, T positions, M heads.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def rollout(layers_BxMxTxT: Sequence[Tensor]) -> Tensor:
    """Follow attention through the layers of an encoder, back to its input: attention rollout.

    A layer passes on half of what a position attends to, in the mean of its heads, and half of the position itself,
    for the residual connection.

    Args:
        layers_BxMxTxT: weights of each layer, the first one first; at least one.

    Returns:
        shares_BxTxT, of each input position in each position of the last layer; they sum to 1.

    Source: Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers" (arXiv:2005.00928), section 3.
    """
    positions = layers_BxMxTxT[0].shape[-1]
    itself_TxT = torch.eye(positions, dtype=layers_BxMxTxT[0].dtype, device=layers_BxMxTxT[0].device)
    shares_BxTxT = itself_TxT
    for weights_BxMxTxT in layers_BxMxTxT:
        shares_BxTxT = 0.5 * (weights_BxMxTxT.mean(dim=-3) + itself_TxT) @ shares_BxTxT
    return shares_BxTxT
