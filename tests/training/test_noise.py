"""Weight noise is a function of seed, epoch and step, has the deviation that was asked for, and moves gradients alone.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.models.mlp_attention import MLPAttention
from attnseq.training.compiling import UNROLLED_STEPS
from attnseq.training.noise import CHUNK, WeightNoise
from attnseq.training.optimizer import AdamSettings
from attnseq.training.pace import BLOCK
from attnseq.training.population import FlatModel, initial_state, squared_error, take_step

SIZE = 50
CPU = torch.device("cpu")


def drawn(noise: WeightNoise, epoch: int, start: int, stop: int, steps_per_call: int = 1) -> Tensor:
    """noise of the steps, PxSxN with the steps of all calls in a row."""
    calls = [call for piece in noise.pieces(epoch, start, stop, steps_per_call) for call in piece]
    assert len(calls) == stop - start
    assert all(call.is_contiguous() for call in calls)
    return torch.cat(calls, dim=1)


def test_it_has_the_deviation_of_each_replica() -> None:
    noise_PxSxN = drawn(WeightNoise([0.5, 0.0, 2.0], [1, 2, 3], SIZE, CPU), 0, 0, 200)
    assert noise_PxSxN.shape == (3, 200, SIZE)
    assert not noise_PxSxN[1].any()
    error = 4 / (200 * SIZE) ** 0.5
    for replica, deviation in ((0, 0.5), (2, 2.0)):
        standard = noise_PxSxN[replica] / deviation
        assert abs(float(standard.mean())) < error
        assert abs(float(standard.std()) - 1) < error
    # each step's is fresh, and unlike its neighbour's
    correlation_S = (noise_PxSxN[0, 1:] * noise_PxSxN[0, :-1]).mean(dim=-1) / 0.25
    assert abs(float(correlation_S.mean())) < error
    assert len(noise_PxSxN[0].unique()) > 0.99 * 200 * SIZE


def test_it_does_not_depend_on_the_company_or_on_how_steps_are_called() -> None:
    together = WeightNoise([0.5, 0.1, 2.0], [1, 2, 3], SIZE, CPU)
    alone = WeightNoise([0.1], [2], SIZE, CPU)
    whole = drawn(alone, 3, 0, BLOCK + 20)
    assert torch.equal(drawn(together, 3, 0, BLOCK + 20)[1], whole[0])
    pieces = list(together.pieces(3, 0, BLOCK, 1, slice(1, 2)))
    assert torch.equal(torch.cat(pieces)[:, 0, 0], whole[0, :BLOCK])
    assert len(pieces) == BLOCK // CHUNK
    wider = drawn(alone.widened(2), 3, 0, BLOCK + 20)
    assert torch.equal(wider[:1], whole)
    assert not wider[1:].any()
    assert torch.equal(drawn(alone, 3, 0, (BLOCK + 20) // 2, steps_per_call=2), whole)
    assert torch.equal(drawn(alone, 3, BLOCK, BLOCK + 20), whole[:, BLOCK:])


@pytest.mark.parametrize("other", ["seed", "epoch", "chunk"])
def test_another_seed_epoch_or_time_gives_other_noise(other: str) -> None:
    first = drawn(WeightNoise([1.0], [2], SIZE, CPU), 0, 0, CHUNK)
    seed, epoch, start = 2 + (other == "seed"), int(other == "epoch"), CHUNK * (other == "chunk")
    second = drawn(WeightNoise([1.0], [seed], SIZE, CPU), epoch, start, start + CHUNK)
    assert abs(float((first * second).mean())) < 4 / (CHUNK * SIZE) ** 0.5


def test_blocks_of_steps_begin_with_a_chunk_and_calls_divide_it() -> None:
    assert BLOCK % CHUNK == 0
    assert CHUNK % UNROLLED_STEPS == 0


def test_one_seed_and_deviation_give_one_noise() -> None:
    expected_SxN = generator(9, "weight_noise/2", 1).standard_normal((CHUNK, SIZE), dtype=np.float32)
    noise_1xSxN = drawn(WeightNoise([0.25], [9], SIZE, CPU), 2, CHUNK, 2 * CHUNK)
    np.testing.assert_array_equal(noise_1xSxN[0].numpy(), 0.25 * expected_SxN)


def test_the_gradient_is_taken_beside_the_parameters_and_moves_them() -> None:
    """Against autograd on the noisy parameters, in float64."""
    model = MLPAttention(positions=4, base=5, hidden_size=3)
    flat = FlatModel(model)
    begin_1xN = flat.flatten(model.initial_parameters(KerasInitializer(generator(0, "weights")))).double()[None]
    noise_1xN = drawn(WeightNoise([0.3], [7], begin_1xN.shape[1], CPU), 0, 0, 1)[:, 0].double()
    numbers = torch.Generator().manual_seed(0)
    digits_1xBxT = torch.randint(0, 5, (1, 6, 4), generator=numbers, dtype=torch.uint8)
    targets_1xB = torch.rand(1, 6, generator=numbers, dtype=torch.float64)
    valid_B = torch.ones(6, dtype=torch.float64)
    # with both betas 0 the moments are the gradient and its square
    settings = AdamSettings(*(torch.tensor([value], dtype=torch.float64) for value in (1e-2, 0.0, 0.0, 1e-7)))
    with torch.no_grad():
        state = take_step(
            flat, "keras", initial_state(begin_1xN), settings, digits_1xBxT, targets_1xB, valid_B, noise_1xN
        )

    noisy_N = (begin_1xN + noise_1xN)[0].requires_grad_()
    loss = squared_error(flat, noisy_N, digits_1xBxT[0], targets_1xB[0], valid_B)
    (gradient_N,) = torch.autograd.grad(loss, noisy_N)
    torch.testing.assert_close(state.first_moment[0], gradient_N, rtol=1e-10, atol=1e-14)
    assert float(state.loss_sum[0]) == pytest.approx(6 * loss.item(), rel=1e-12)
    moved_N = begin_1xN[0] - 1e-2 * gradient_N / (gradient_N.abs() + 1e-7)
    torch.testing.assert_close(state.parameters[0], moved_N, rtol=1e-10, atol=1e-14)
