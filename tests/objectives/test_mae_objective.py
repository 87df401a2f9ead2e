"""Absolute error of each sample, against PyTorch's."""

import pytest
import torch
from torch.nn import functional

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.spec import Scalar
from attnseq.objectives.mae import MeanAbsoluteError


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_pytorchs_sample_by_sample(dtype: torch.dtype) -> None:
    numbers = torch.Generator().manual_seed(0)
    prediction_B, targets_B = torch.randn(2, 9, dtype=dtype, generator=numbers)
    prediction_B.requires_grad_()
    losses_B = MeanAbsoluteError(Scalar(7.0))(Output(prediction_B), Batch(torch.zeros(9, 1), targets_B))
    assert torch.equal(losses_B, functional.l1_loss(prediction_B, targets_B, reduction="none"))
    losses_B.sum().backward()
    torch.testing.assert_close(prediction_B.grad, (prediction_B - targets_B).detach().sign())
