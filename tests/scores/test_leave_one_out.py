"""Leave-one-out by hand, and the ways to take a position away."""

import pytest
import torch
from torch import Tensor

from attnseq.scores.leave_one_out import leave_one_out, others, without_weight

INPUTS = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])


def test_leave_one_out_of_a_sum() -> None:
    drawn_CxNxT = torch.stack((INPUTS.roll(1, dims=0), INPUTS.roll(2, dims=0)))

    def without(gone: Tensor, draw: int) -> Tensor:
        return torch.where(gone, drawn_CxNxT[draw], INPUTS).sum(dim=-1)

    def change(prediction: Tensor) -> Tensor:
        return (prediction - INPUTS.sum(dim=-1)).abs()

    found = leave_one_out(without, change, 2, 2, None)
    # the others of 1 are 2 and 3, of 2 they are 1 and 3, of 3 they are 1 and 2
    torch.testing.assert_close(found, torch.tensor([[1.5, 15.0], [1.0, 10.0], [1.5, 15.0]]))
    padded = leave_one_out(without, change, 2, 2, torch.tensor([[True, False]] * 3))
    assert not padded[:, 1].any()
    assert padded[:, 0].all()


def test_what_is_drawn_is_another_samples_at_the_same_position() -> None:
    inputs_NxT = torch.arange(40).reshape(8, 5)
    drawn_CxNxT = others(inputs_NxT, None, draws=6)
    assert drawn_CxNxT.shape == (6, 8, 5)
    assert (drawn_CxNxT % 5 == torch.arange(5)).all()
    assert (drawn_CxNxT != inputs_NxT).all()
    assert len(drawn_CxNxT[:, 0, 0].unique()) > 1
    assert torch.equal(drawn_CxNxT, others(inputs_NxT, None, draws=6))


def test_only_samples_that_have_the_position_are_drawn() -> None:
    inputs_NxTxF = torch.arange(12.0).reshape(4, 3, 1)
    lengths = torch.tensor([3, 1, 2, 3])
    drawn_CxNxTxF = others(inputs_NxTxF, lengths, draws=20)
    assert set(drawn_CxNxTxF[:, 0, 2].flatten().tolist()) == {11.0}  # the last sample alone has it, too
    assert set(drawn_CxNxTxF[:, 2, 1].flatten().tolist()) <= {1.0, 10.0}


def test_a_position_of_a_single_sample_stays() -> None:
    inputs = torch.tensor([[4, 5], [6, 0]])
    assert (others(inputs, torch.tensor([2, 1]), draws=3)[:, 0, 1] == 5).all()


def test_weights_that_are_left_have_the_same_sum() -> None:
    rows = torch.tensor([[[0.5, 0.3, 0.1]], [[0.0, 0.9, 0.0]]])
    gone = torch.tensor([[True, False, False], [False, True, False]])
    expected = torch.tensor([[[0.0, 0.675, 0.225]], [[0.0, 0.0, 0.0]]])
    torch.testing.assert_close(without_weight(rows, gone), expected)


@pytest.mark.parametrize("shape", [(3,), (2, 3)], ids=["one model", "a population"])
def test_any_axes_may_stand_before_the_samples(shape: tuple[int, ...]) -> None:
    def without(gone: Tensor, draw: int) -> Tensor:
        return torch.ones(shape) * gone.sum()

    assert leave_one_out(without, lambda prediction: prediction, 4, 1, None).shape == (*shape, 4)
