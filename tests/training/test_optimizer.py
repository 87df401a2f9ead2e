"""Adam in both forms: step by step against torch.optim.Adam and against NumPy.

Shapes: P replicas, N parameters of one replica.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from attnseq.training.optimizer import FORMS, AdamSettings, AdamState, adam, clip_norm

STEPS, PARAMETERS = 50, 12
# learning rate, beta1, beta2, epsilon of three replicas
COLUMNS = [(1e-3, 0.9, 0.999, 1e-7), (3e-2, 0.8, 0.99, 1e-8), (1e-1, 0.0, 0.9, 1e-3)]


def settings() -> AdamSettings:
    return AdamSettings(*torch.tensor(COLUMNS, dtype=torch.float64).T)


def start(dtype: torch.dtype) -> AdamState:
    parameters_PxN = torch.randn(len(COLUMNS), PARAMETERS, generator=torch.Generator().manual_seed(0)).to(dtype)
    zeros_PxN = torch.zeros_like(parameters_PxN)
    return AdamState(parameters_PxN, zeros_PxN, zeros_PxN.clone(), torch.zeros(len(COLUMNS), dtype=torch.float64))


def gradients(dtype: torch.dtype) -> Tensor:
    """gradient_PxN of each step, of sizes from 1 to 1e-9, where epsilon decides, and 0."""
    numbers = torch.Generator().manual_seed(1)
    gradient_SxPxN = torch.randn(STEPS, len(COLUMNS), PARAMETERS, generator=numbers, dtype=torch.float64)
    size_N = torch.logspace(0, -9, PARAMETERS, dtype=torch.float64)
    size_N[5] = 0
    return (gradient_SxPxN * size_N).to(dtype)


# parameters of size 1 are rounded to 1e-7 at every step
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_torch_form_equals_torch_step_by_step(dtype: torch.dtype, tolerance: float) -> None:
    state = start(dtype)
    peers = [row_N.clone().requires_grad_() for row_N in state.parameters]
    optimizers = [
        torch.optim.Adam([peer], lr=lr, betas=(beta1, beta2), eps=epsilon)
        for peer, (lr, beta1, beta2, epsilon) in zip(peers, COLUMNS, strict=True)
    ]
    for gradient_PxN in gradients(dtype):
        state = adam(state, gradient_PxN, settings(), "torch")
        for peer, optimizer, gradient_N in zip(peers, optimizers, gradient_PxN, strict=True):
            peer.grad = gradient_N.clone()
            optimizer.step()
        expected_PxN = torch.stack([peer.detach() for peer in peers])
        torch.testing.assert_close(state.parameters, expected_PxN, rtol=tolerance, atol=tolerance)
    assert state.updates.tolist() == [STEPS] * len(COLUMNS)
    assert (state.parameters - start(dtype).parameters).abs().max() > 0.1


# parameters of size 1 are rounded to 1e-7 at every step
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_keras_form_equals_epsilon_hat(dtype: torch.dtype, tolerance: float) -> None:
    state = start(dtype)
    lr, beta1, beta2, epsilon = np.array(COLUMNS).T[:, :, None]
    parameters_PxN = state.parameters.numpy().astype(np.float64)
    begin_PxN = parameters_PxN.copy()
    first_PxN, second_PxN = np.zeros_like(parameters_PxN), np.zeros_like(parameters_PxN)
    for t, gradient_PxN in enumerate(gradients(dtype), start=1):
        state = adam(state, gradient_PxN, settings(), "keras")
        g_PxN = gradient_PxN.numpy().astype(np.float64)
        first_PxN = beta1 * first_PxN + (1 - beta1) * g_PxN
        second_PxN = beta2 * second_PxN + (1 - beta2) * g_PxN**2
        rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
        parameters_PxN = parameters_PxN - rate * first_PxN / (np.sqrt(second_PxN) + epsilon)
        moved_PxN = state.parameters.numpy().astype(np.float64) - begin_PxN
        np.testing.assert_allclose(moved_PxN, parameters_PxN - begin_PxN, rtol=tolerance, atol=tolerance)
    assert np.abs(moved_PxN).max() > 0.1


def test_the_forms_differ_where_epsilon_counts_and_only_there() -> None:
    gradient_PxN = gradients(torch.float64)[0]
    keras, pytorch = (adam(start(torch.float64), gradient_PxN, settings(), form) for form in FORMS)
    difference_PxN = (keras.parameters - pytorch.parameters).abs() / settings().learning_rate[:, None]
    assert difference_PxN[0, 0] < 1e-4  # a gradient of size 1, epsilon 1e-7
    assert difference_PxN[0, -3:].max() > 1e-3  # smaller ones
    assert torch.equal(keras.first_moment, pytorch.first_moment)
    assert torch.equal(keras.second_moment, pytorch.second_moment)


@pytest.mark.parametrize("form", FORMS)
def test_no_replica_sees_another(form: str) -> None:
    mine, theirs = start(torch.float32), start(torch.float32)
    theirs.parameters[0] += 1
    changed = settings()
    changed.learning_rate[0] = 7.0
    changed.beta1[0] = 0.5
    for gradient_PxN in gradients(torch.float32)[:10]:
        other_PxN = gradient_PxN.clone()
        other_PxN[0] = torch.nan
        mine = adam(mine, gradient_PxN, settings(), form)
        theirs = adam(theirs, other_PxN, changed, form)
    for before, after in zip(mine, theirs, strict=True):
        assert torch.equal(before[1:], after[1:])
    assert theirs.parameters[0].isnan().all()


@pytest.mark.parametrize("form", FORMS)
def test_replicas_may_have_made_different_numbers_of_updates(form: str) -> None:
    lone = start(torch.float64)
    for gradient_PxN in gradients(torch.float64)[:3]:
        lone = adam(lone, gradient_PxN, settings(), form)
    fresh = start(torch.float64)
    mixed = AdamState(*(torch.cat((a[:1], b[1:])) for a, b in zip(lone, fresh, strict=True)))
    gradient_PxN = gradients(torch.float64)[3]
    after = adam(mixed, gradient_PxN, settings(), form)
    ahead = adam(lone, gradient_PxN, settings(), form)
    behind = adam(fresh, gradient_PxN, settings(), form)
    assert after.updates.tolist() == [4, 1, 1]
    assert torch.equal(after.parameters, torch.cat((ahead.parameters[:1], behind.parameters[1:])))


@pytest.mark.parametrize("form", FORMS)
def test_the_state_before_is_not_changed(form: str) -> None:
    before, copy = start(torch.float32), start(torch.float32)
    adam(before, gradients(torch.float32)[0], settings(), form)
    assert all(torch.equal(a, b) for a, b in zip(before, copy, strict=True))


# -- the gradient's norm --


def test_a_long_gradient_is_scaled_as_torch_does_and_a_short_one_stays() -> None:
    gradient_PxN = torch.randn(4, PARAMETERS, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    largest_P = torch.tensor([0.5, 1e9, 0.0, 2.0], dtype=torch.float64)
    clipped_PxN = clip_norm(gradient_PxN, largest_P)
    for replica, largest in ((0, 0.5), (3, 2.0)):
        peer = torch.nn.Parameter(torch.zeros(PARAMETERS, dtype=torch.float64))
        peer.grad = gradient_PxN[replica].clone()
        torch.nn.utils.clip_grad_norm_([peer], largest)  # which adds 1e-6 to the norm
        torch.testing.assert_close(clipped_PxN[replica], peer.grad, rtol=1e-6, atol=0)
        assert float(clipped_PxN[replica].norm()) == pytest.approx(largest, rel=1e-12)
    assert torch.equal(clipped_PxN[1:3], gradient_PxN[1:3])  # to the last bit


def test_a_gradient_of_0_stays_0_and_one_that_is_not_finite_stays_so() -> None:
    gradient_PxN = torch.tensor([[0.0, 0.0], [torch.inf, 1.0], [torch.nan, 1.0]])
    clipped_PxN = clip_norm(gradient_PxN, torch.ones(3, dtype=torch.float64))
    assert clipped_PxN[0].tolist() == [0, 0]
    assert clipped_PxN[1:, 0].isnan().all()
