"""The terms that train a policy, by hand; which parameters each of them reaches.

Shapes: B batch, G choices.
"""

import pytest
import torch
from torch import Tensor

from attnseq.contracts.batch import Policy
from attnseq.objectives.reinforce import with_policy


def leaf(*shape: int, seed: int) -> Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=numbers, dtype=torch.float64).requires_grad_()


@pytest.fixture(name="loss_B")
def _loss_B() -> Tensor:
    return leaf(4, seed=0)


@pytest.fixture(name="policy")
def _policy() -> Policy:
    return Policy(leaf(4, 3, seed=1), leaf(4, 3, seed=2), leaf(4, 3, seed=3))


def test_the_value_is_the_loss_to_the_last_bit(loss_B: Tensor, policy: Policy) -> None:
    assert torch.equal(with_policy(loss_B, policy), loss_B)


def test_gradients_by_hand(loss_B: Tensor, policy: Policy) -> None:
    assert policy.baseline is not None
    each = (loss_B, policy.log_probability, policy.baseline, policy.bonus)
    loss, likely, baseline, bonus = torch.autograd.grad(with_policy(loss_B, policy).sum(), each)
    assert (loss == 1).all()  # the reward has none
    _, second, third = policy.bonus.detach().unbind(dim=1)
    later_BxG = torch.stack((second + third, third, torch.zeros(4).double()), dim=1)
    reward_BxG = later_BxG - loss_B.detach().unsqueeze(-1)
    torch.testing.assert_close(likely, -(reward_BxG - policy.baseline).detach())
    torch.testing.assert_close(baseline, 2 * (policy.baseline - reward_BxG).detach())  # of its own error alone
    assert (bonus == -1).all()


def test_without_a_baseline_the_whole_reward_counts(loss_B: Tensor, policy: Policy) -> None:
    value = with_policy(loss_B, policy._replace(baseline=None, bonus=torch.zeros(4, 3).double()))
    (likely,) = torch.autograd.grad(value.sum(), policy.log_probability)
    assert torch.equal(likely, loss_B.detach().unsqueeze(-1).expand(4, 3))
