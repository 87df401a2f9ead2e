"""Encode a batch for the layers, and make a prediction of their outputs, by the task's spec.

Shapes: B batch, T positions, F features, K answer positions, D vocabulary, O outputs of a model's last layer.
"""

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Classes, Inputs, Reals, Scalar, Target


def one_hot(batch: Batch, kind: Inputs, dtype: torch.dtype) -> Tensor:
    """Encode inputs_BxTxF: a column for each token value, or real numbers as they are; 0 at positions that are padding.

    A batch that is encoded already is returned as it is.

    Args:
        batch: of the task.
        kind: of its inputs.
        dtype: of the result.
    """
    if batch.encoded is not None:
        return batch.encoded
    if isinstance(kind, Reals):
        inputs_BxTxF = batch.inputs.to(dtype)
    else:
        values_D = torch.arange(kind.vocabulary, device=batch.inputs.device)
        inputs_BxTxF = (batch.inputs.unsqueeze(-1) == values_D).to(dtype)
    present_BxT = batch.present()
    return inputs_BxTxF if present_BxT is None else inputs_BxTxF.masked_fill(~present_BxT.unsqueeze(-1), 0.0)


def features(kind: Inputs) -> int:
    """Return F, the number of columns of `one_hot`."""
    return kind.features if isinstance(kind, Reals) else kind.vocabulary


def scaled(batch: Batch, kind: Inputs, dtype: torch.dtype) -> Tensor:
    """Encode inputs_BxT: tokens / vocabulary, as the notebook's X / 10, or real numbers as they are; 0 for padding.

    A batch that is encoded already is returned as it is.

    Args:
        batch: of the task.
        kind: of its inputs; real numbers have one feature.
        dtype: of the result.
    """
    if batch.encoded is not None:
        return batch.encoded
    inputs = batch.inputs.to(dtype)
    inputs_BxT = inputs.squeeze(-1) if isinstance(kind, Reals) else inputs / kind.vocabulary
    present_BxT = batch.present()
    return inputs_BxT if present_BxT is None else inputs_BxT.masked_fill(~present_BxT, 0.0)


def outputs(target: Target) -> int:
    """Return O, the outputs that the last layer needs for a target."""
    if isinstance(target, Scalar):
        return 1
    return target.number if isinstance(target, Classes) else target.length * target.vocabulary


def prediction(outputs_BxO: Tensor, target: Target) -> Tensor:
    """Make `Output.prediction` of outputs: a number, logits of classes, or of K tokens.

    A number that is bounded lies in (0, 1), by a sigmoid; another one is the output itself.
    """
    if isinstance(target, Scalar):
        return (torch.sigmoid(outputs_BxO) if target.bounded else outputs_BxO).squeeze(-1)
    return outputs_BxO if isinstance(target, Classes) else outputs_BxO.unflatten(-1, (target.length, target.vocabulary))
