"""A population: P replicas of one model, trained by one tensor program. A plain run is a population of one.

Shapes: P replicas, N parameters of one replica, S steps a call, B batch, T positions.

A call takes S optimizer steps, on batches that the caller has gathered, and changes the state in place:

    digits_PxSxBxT, targets_PxSxB, valid_SxB[, noise_PxSxN]  ->  vmap(grad_and_value(loss)) -> Adam, S times  ->  state

Samples that pad the last batch of an epoch have `valid` 0; a step without a valid sample changes nothing, so that one
program (`attnseq.training.program`) serves every epoch length. A replica whose loss is not finite is frozen, its
neighbours are not touched.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from attnseq.models.model import ModelOutput
from attnseq.training.optimizer import AdamSettings, AdamState, adam


class PopulationState(NamedTuple):
    """Everything that a step changes, a row a replica.

    parameters, first_moment, second_moment: PxN; updates: P, float64, optimizer steps taken; loss_sum: P, float64,
    sum over the samples of this epoch of their squared errors; diverged: P, float64, the step whose loss was not
    finite, 0 while there is none.
    """

    parameters: Tensor
    first_moment: Tensor
    second_moment: Tensor
    updates: Tensor
    loss_sum: Tensor
    diverged: Tensor


class FlatModel:
    """An `nn.Module` as a function of one flat vector of its parameters.

    Args:
        model: any module with `forward(digits_BxT) -> ModelOutput`.
    """

    def __init__(self, model: nn.Module):
        self.model = model
        self.shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]

    def flatten(self, parameters: dict[str, Tensor]) -> Tensor:
        """parameters_N of named parameters; KeyError where one is missing."""
        return torch.cat([parameters[name].reshape(-1) for name in self.shapes])

    def unflatten(self, parameters_N: Tensor) -> dict[str, Tensor]:
        """Named views of parameters_N."""
        pieces = parameters_N.split(self.sizes)
        return {name: piece.view(shape) for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)}

    def __call__(self, parameters_N: Tensor, digits_BxT: Tensor) -> ModelOutput:
        return torch.func.functional_call(self.model, self.unflatten(parameters_N), (digits_BxT,))

    def predict(self, parameters_PxN: Tensor, digits_BxT: Tensor) -> ModelOutput:
        """Outputs of every replica on the same samples, a leading axis P on both."""
        return torch.vmap(self, in_dims=(0, None))(parameters_PxN, digits_BxT)


def initial_state(parameters_PxN: Tensor) -> PopulationState:
    """The state before the first step, on the parameters' device; the parameters are copied."""
    counters = [torch.zeros(len(parameters_PxN), dtype=torch.float64, device=parameters_PxN.device) for _ in range(3)]
    moments = [torch.zeros_like(parameters_PxN) for _ in range(2)]
    return PopulationState(parameters_PxN.clone(), *moments, *counters)


def squared_error(
    flat: FlatModel, parameters_N: Tensor, digits_BxT: Tensor, targets_B: Tensor, valid_B: Tensor
) -> Tensor:
    """Mean squared error of one replica over the valid samples of a batch."""
    errors_B = flat(parameters_N, digits_BxT).prediction - targets_B
    return (valid_B * errors_B * errors_B).sum() / valid_B.sum().clamp(min=1)


def take_step(
    flat: FlatModel,
    form: str,
    state: PopulationState,
    settings: AdamSettings,
    digits_PxBxT: Tensor,
    targets_PxB: Tensor,
    valid_B: Tensor,
    noise_PxN: Tensor | None = None,
) -> PopulationState:
    """One optimizer step of every replica.

    Args:
        flat: the model.
        form: of Adam, see `optimizer.adam`.
        state: before the step.
        settings: Adam's, per replica.
        digits_PxBxT: each replica's batch.
        targets_PxB: its targets.
        valid_B: 1 for a sample, 0 for padding.
        noise_PxN: what is added to the parameters where the gradient is taken, and nowhere else.

    Returns:
        The state after the step; equal to `state` where no sample is valid, and for a diverged replica.
    """
    gradients = torch.vmap(torch.func.grad_and_value(lambda *xs: squared_error(flat, *xs)), in_dims=(0, 0, 0, None))
    at_PxN = state.parameters if noise_PxN is None else state.parameters + noise_PxN
    gradient_PxN, loss_P = gradients(at_PxN, digits_PxBxT, targets_PxB, valid_B)
    samples = valid_B.sum()
    running_P = (state.diverged == 0) & (samples > 0)
    finite_P = torch.isfinite(loss_P)
    updated = adam(AdamState(*state[:4]), gradient_PxN, settings, form)
    moves_P = running_P & finite_P
    moved = [
        torch.where(moves_P if old.dim() == 1 else moves_P.unsqueeze(-1), new, old)
        for new, old in zip(updated, state[:4], strict=True)
    ]
    loss_sum = torch.where(running_P, state.loss_sum + loss_P.double() * samples, state.loss_sum)
    diverged = torch.where(running_P & ~finite_P, state.updates + 1, state.diverged)
    return PopulationState(moved[0], moved[1], moved[2], moved[3], loss_sum, diverged)


class Steps(Protocol):
    """Takes S optimizer steps in place, on batches as in this file's legend."""

    def __call__(
        self,
        state: PopulationState,
        settings: AdamSettings,
        digits_PxSxBxT: Tensor,
        targets_PxSxB: Tensor,
        valid_SxB: Tensor,
        noise_PxSxN: Tensor | None = None,
        /,
    ) -> None: ...


def build_steps(flat: FlatModel, form: str) -> Steps:
    """The steps of a model.

    Args:
        flat: the model.
        form: of Adam, see `optimizer.adam`.
    """

    def steps_(
        state: PopulationState,
        settings: AdamSettings,
        digits_PxSxBxT: Tensor,
        targets_PxSxB: Tensor,
        valid_SxB: Tensor,
        noise_PxSxN: Tensor | None = None,
    ) -> None:
        new = state
        for step in range(len(valid_SxB)):
            batch = digits_PxSxBxT[:, step], targets_PxSxB[:, step], valid_SxB[step]
            noise_PxN = None if noise_PxSxN is None else noise_PxSxN[:, step]
            new = take_step(flat, form, new, settings, *batch, noise_PxN)
        for old, value in zip(state, new, strict=True):
            old.copy_(value)

    return torch.no_grad()(steps_)
