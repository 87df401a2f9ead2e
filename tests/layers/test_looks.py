"""Looks at one position: how often each is drawn, what gradient it gets, and how likely it was.

Shapes: N draws, T positions.
"""

import pytest
import torch
from torch import Tensor

from attnseq.layers.looks import drawn, entropy, log_probability, most_likely, straight_through

DRAWS, POSITIONS = 100_000, 5


def uniform(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def logits_T() -> Tensor:
    return torch.tensor([0.5, -1.0, 2.0, 0.0, -torch.inf], dtype=torch.float64)


def test_a_look_is_drawn_as_often_as_the_softmax_says() -> None:
    looks_NxT = drawn(logits_T().expand(DRAWS, -1), uniform(DRAWS, POSITIONS))
    assert ((looks_NxT == 0) | (looks_NxT == 1)).all()
    assert (looks_NxT.sum(dim=-1) == 1).all()
    shares_T = logits_T().softmax(dim=-1)
    error_T = (shares_T * (1 - shares_T) / DRAWS).sqrt()
    assert ((looks_NxT.mean(dim=0) - shares_T).abs() <= 4 * error_T).all()  # 0 where there is no position


def test_the_likeliest_position_is_looked_at() -> None:
    assert most_likely(logits_T()).tolist() == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_look_straight_through_is_one_hot_and_its_gradient_the_soft_sample_s(temperature: float) -> None:
    logits_NxT = torch.randn(50, POSITIONS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights_NxT = torch.randn(50, POSITIONS, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    noise_NxT = uniform(50, POSITIONS)
    logits_NxT.requires_grad_()
    looks_NxT = straight_through(logits_NxT, noise_NxT, temperature)
    assert torch.equal(looks_NxT, drawn(logits_NxT, noise_NxT))  # exactly, and where the other estimator looks
    (gradient_NxT,) = torch.autograd.grad((looks_NxT * weights_NxT).sum(), logits_NxT)
    gumbel_NxT = -torch.log(-torch.log(noise_NxT))
    soft_NxT = torch.nn.functional.softmax((logits_NxT + gumbel_NxT) / temperature, dim=-1)
    (expected_NxT,) = torch.autograd.grad((soft_NxT * weights_NxT).sum(), logits_NxT)
    torch.testing.assert_close(gradient_NxT, expected_NxT, rtol=1e-12, atol=0)
    assert gradient_NxT.abs().max() > 1e-3


def test_probability_and_entropy_are_pytorch_s_where_all_positions_are_there() -> None:
    logits_NxT = torch.randn(20, POSITIONS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    looks_NxT = drawn(logits_NxT, uniform(20, POSITIONS))
    peer = torch.distributions.Categorical(logits=logits_NxT)
    torch.testing.assert_close(log_probability(logits_NxT, looks_NxT), peer.log_prob(looks_NxT.argmax(dim=-1)))
    torch.testing.assert_close(entropy(logits_NxT), peer.entropy())


def test_a_position_that_is_not_there_changes_neither_value_nor_gradient() -> None:
    whole_T, short_T = logits_T().requires_grad_(), logits_T()[:4].requires_grad_()
    seen = []
    for each, logits in ((whole_T, whole_T), (short_T, short_T)):
        look = most_likely(logits)
        value = log_probability(logits, look) + entropy(logits)
        seen.append((value, torch.autograd.grad(value, each)[0]))
    torch.testing.assert_close(seen[0][0], seen[1][0])
    torch.testing.assert_close(seen[0][1][:4], seen[1][1])
    assert seen[0][1][4] == 0
