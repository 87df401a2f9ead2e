"""Hard attention learns where to look, by either estimator.

Shapes: P replicas, W parameters of one replica, S steps a call, B batch, T positions.
"""

import pytest
import torch
from tiny_population import NUMBER, POSITIONS, fresh, hard_attention, of_number
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.training.population import build_steps, initial_state
from attnseq.training.replicas import stack_settings

REPLICAS, BATCH, STEPS, CALLS = 4, 64, 25, 6
TARGET = 2
"""The only position that counts."""


def samples(seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    """Sequences, and what is to be said of them: 1 where the token at `TARGET` is above 2, else 0."""
    inputs = torch.randint(0, 5, (*shape, POSITIONS), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)
    return inputs, (inputs[..., TARGET] > 2).float()


@pytest.mark.parametrize("estimator", ["reinforce", "gumbel"])
def test_it_learns_to_look_at_the_position_that_counts(estimator: str) -> None:
    recipe = of_number(hard_attention(8, estimator).build(NUMBER))
    state = initial_state(fresh(recipe, REPLICAS))
    rows = [(1e-2, 0.9, 0.999, 1e-7, 0.0, 0.0, seed) for seed in range(REPLICAS)]
    settings, steps = stack_settings(rows, torch.device("cpu")), build_steps(recipe)
    for call in range(CALLS):
        place_Sx2 = torch.stack((torch.full((STEPS,), call), torch.arange(STEPS)), dim=-1)
        steps(state, settings, *samples(call, REPLICAS, STEPS, BATCH), torch.ones(STEPS, BATCH), place_Sx2)
    inputs, targets = samples(CALLS, 200)
    output = recipe.flat.predict(state.parameters, Batch(inputs))
    loss_P = (output.prediction - targets).square().mean(dim=-1)
    looks_PxT = output.attention["looks"].weights.mean(dim=1)
    assert (loss_P < 0.01).all()  # the mean would have 0.24
    assert (looks_PxT[:, TARGET] > 0.3).all()  # of three looks, one is enough
