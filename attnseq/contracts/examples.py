"""Samples of zeros, from which programs are built before there are real samples; and the joining of batches.

Shapes: B batch, T positions, K answer positions, F features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Tokens


def example(spec: Spec, samples: int, device: torch.device | str = "cpu") -> Batch:
    """Make samples of zeros, of the types and shapes that training gives a model.

    Args:
        spec: of the task.
        samples: B.
        device: where they lie.
    """

    def zeros(dtype: torch.dtype, *shape: int) -> Tensor:
        return torch.zeros(samples, *shape, dtype=dtype, device=device)

    kind, target = spec.inputs, spec.target
    inputs = (
        zeros(torch.float32, kind.length, kind.features)
        if isinstance(kind, Reals)
        else zeros(token_type(kind), kind.length)
    )
    targets = {
        Scalar: lambda: zeros(torch.float32),
        Classes: lambda: zeros(torch.int32),
        Tokens: lambda: zeros(torch.int32, getattr(target, "length", 0)),
    }[type(target)]()
    lengths = torch.full((samples,), kind.length, dtype=torch.int32, device=device) if kind.padded else None
    return Batch(inputs, targets, lengths)


def token_type(kind: Tokens) -> torch.dtype:
    """Return the type in which input tokens are kept."""
    return torch.uint8 if kind.vocabulary <= 256 else torch.int32


def stacked(batches: list[Batch]) -> Batch:
    """Join batches of one task to one batch, in order."""
    columns = [torch.cat(column) for column in zip(*(batch.tensors for batch in batches), strict=True)]
    return of_tensors(columns)


def of_tensors(tensors: Sequence[Tensor]) -> Batch:
    """Make a batch of what `Batch.tensors` returned: inputs, targets, and lengths where they differ."""
    inputs, targets, *lengths = tensors
    return Batch(inputs, targets, lengths[0] if lengths else None)
