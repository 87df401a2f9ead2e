"""A population: P replicas of one model, trained by one tensor program. A plain run is a population of one.

Shapes: P replicas, W parameters of one replica, S steps a call, B batch.

A call takes S optimizer steps, on batches that the caller has gathered, and changes the state in place:

    samples_PxSxB..., valid_SxB[, place_Sx2]  ->  vmap(grad_and_value(loss)) -> Adam, S times  ->  state

Samples that pad the last batch of an epoch have `valid` 0. A step without a valid sample changes nothing, so that one
program (`attnseq.training.program`) serves every epoch length. A replica whose loss is not finite is frozen; its
neighbours go on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.examples import example, of_tensors
from attnseq.contracts.measures import Objective
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Spec
from attnseq.core import philox
from attnseq.objectives.reinforce import with_policy
from attnseq.training.adversary import valued, with_base, with_divergence
from attnseq.training.optimizer import AdamSettings, AdamState, adam, clip_norm


class PopulationState(NamedTuple):
    """Everything that a step changes, a row a replica.

    parameters, first_moment, second_moment: PxW; updates: P, float64, optimizer steps taken; loss_sum: P, float64, sum
    of the losses of this epoch's samples; diverged: P, float64, the step whose loss was not finite, 0 while there is
    none.
    """

    parameters: Tensor
    first_moment: Tensor
    second_moment: Tensor
    updates: Tensor
    loss_sum: Tensor
    diverged: Tensor


class Settings(NamedTuple):
    """Constants that may differ among replicas (P, float64): Adam's settings, the gradient's largest norm,
    the noise's deviation, the seed, and lambda of an adversarial model."""

    learning_rate: Tensor
    beta1: Tensor
    beta2: Tensor
    epsilon: Tensor
    clip_norm: Tensor
    weight_noise: Tensor
    seed: Tensor
    divergence_weight: Tensor


SAMPLES = 32
"""Samples of an example: enough for what is kept of the parameters to count for little."""


class FlatModel:
    """A model as a function of one flat vector of its parameters.

    Args:
        model: any `Model`.
    """

    def __init__(self, model: Model):
        self.model = model
        self.shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]

    @property
    def width(self) -> int:
        """W."""
        return sum(self.sizes)

    def flatten(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """Join named parameters to parameters_W; KeyError where one is missing."""
        return torch.cat([parameters[name].reshape(-1) for name in self.shapes])

    def unflatten(self, parameters_W: Tensor) -> dict[str, Tensor]:
        """Split parameters_W into named views."""
        pieces = parameters_W.split(self.sizes)
        return {name: piece.view(shape) for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)}

    def __call__(self, parameters_W: Tensor, batch: Batch, training: bool = False) -> Output:
        output: Output = torch.func.functional_call(self.model, self.unflatten(parameters_W), (batch, training))
        return output

    def predict(self, parameters_PxW: Tensor, batch: Batch) -> Output:
        """Compute every replica's output on the same samples, an axis P before all others; targets are not shown."""
        axes: dict[str, str] = {}  # kept aside: vmap does not return text

        def one(parameters_W: Tensor) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
            output = self(parameters_W, batch._replace(targets=None))
            axes.update({name: attention.axes for name, attention in output.attention.items()})
            weights = {name: attention.weights for name, attention in output.attention.items()}
            return output.prediction, weights, dict(output.extra)

        prediction, weights, extra = torch.vmap(one)(parameters_PxW)
        return Output(prediction, {name: Attention(value, axes[name]) for name, value in weights.items()}, extra)


@dataclass(frozen=True)
class Recipe:
    """What a step computes.

    Args:
        flat: the model.
        spec: of the task.
        objective: what is minimised.
        adam: its form, see `optimizer.adam`.
        weight_noise: whether some replica has noise on its weights: normal noise on every parameter while a step's
            gradient is taken, fresh in each step (Murray & Edwards 1994, "Enhanced MLP performance and fault tolerance
            resulting from synaptic weight noise during training"; for recurrent networks Jim, Giles & Horne 1996,
            Graves 2011).
        clips: whether the gradient of some replica has a largest norm.
        base: the model that all replicas are held against, whose parameters are constants of the step, on its device;
            None where the objective needs none.
    """

    flat: FlatModel
    spec: Spec
    objective: Objective
    adam: str
    weight_noise: bool = False
    clips: bool = False
    base: Model | None = None

    @cached_property
    def draws(self) -> Mapping[str, Sequence[int]]:
        """Shapes of the model's draws, see `Model.draws`."""
        return self.flat.model.draws(example(self.spec, 1))

    def example(self, samples: int) -> Batch:
        """Make samples of zeros, as a step gives them to the model."""
        batch = example(self.spec, samples)
        draws = {name: torch.zeros(tuple(shape)) for name, shape in self.flat.model.draws(batch).items()}
        return batch._replace(draws=draws or None)

    @cached_property
    def bytes_per_sample(self) -> int:
        """Bytes that the model keeps of a sample for its gradient: about the peak of a prediction."""
        batch, kept = self.example(SAMPLES), 0

        def count(value: Tensor) -> Tensor:
            nonlocal kept
            kept += value.numel() * value.element_size()
            return value

        parameters = {name: torch.zeros(shape, requires_grad=True) for name, shape in self.flat.shapes.items()}
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(count, lambda value: value):
            torch.func.functional_call(self.flat.model, parameters, (batch, True))
        return kept // SAMPLES

    @cached_property
    def is_drawn(self) -> bool:
        """Whether a step needs random numbers, for which it must know its epoch and step."""
        return self.weight_noise or bool(self.draws)

    @property
    def sample_tensors(self) -> int:
        """Number of a batch's tensors: inputs, targets, and lengths where they differ."""
        return 3 if self.spec.inputs.padded else 2


def initial_state(parameters_PxW: Tensor) -> PopulationState:
    """Make the state before the first step, on the parameters' device; the parameters are copied."""
    counters = [torch.zeros(len(parameters_PxW), dtype=torch.float64, device=parameters_PxW.device) for _ in range(3)]
    moments = [torch.zeros_like(parameters_PxW) for _ in range(2)]
    return PopulationState(parameters_PxW.clone(), *moments, *counters)


def take_step(
    recipe: Recipe, state: PopulationState, settings: Settings, batch: Batch, place_2: Tensor | None = None
) -> PopulationState:
    """Take one optimizer step of every replica.

    Args:
        recipe: what the step computes.
        state: before the step.
        settings: per replica.
        batch: of all replicas, with an axis P before the others; only `valid` is shared.
        place_2: the epoch, and the step in it, int64; needed where the recipe draws.

    Returns:
        The state after the step; equal to `state` where no sample is valid, and for a diverged replica.
    """
    at_PxW = state.parameters
    if place_2 is not None:
        at_PxW, batch = _drawn(recipe, at_PxW, settings, batch, *place_2)

    def loss(parameters_W: Tensor, batch: Batch, weight: Tensor) -> Tensor:
        """Average over the valid samples of a batch."""
        assert batch.valid is not None
        output, compared = recipe.flat(parameters_W, batch, training=True), with_base(batch, recipe.base)
        loss_B = change_B = recipe.objective(output, compared)
        if recipe.base is not None:
            loss_B = with_divergence(change_B, output, compared, weight)
        if output.policy is not None:
            loss_B = with_policy(loss_B, output.policy)
        if recipe.base is not None:
            loss_B = valued(loss_B, change_B)
        return (batch.valid * loss_B).sum() / batch.valid.sum().clamp(min=1)

    axes = batch.map(lambda _: 0)._replace(valid=None, draws=batch.draws and dict.fromkeys(batch.draws, 0))  # type: ignore
    steepest = torch.vmap(torch.func.grad_and_value(loss), in_dims=(0, axes, 0))
    gradient_PxW, loss_P = steepest(at_PxW, batch, settings.divergence_weight)
    if recipe.clips:
        gradient_PxW = clip_norm(gradient_PxW, settings.clip_norm)
    assert batch.valid is not None
    samples = batch.valid.sum()
    running_P = (state.diverged == 0) & (samples > 0)
    finite_P = torch.isfinite(loss_P)
    updated = adam(AdamState(*state[:4]), gradient_PxW, AdamSettings(*settings[:4]), recipe.adam)
    moves_P = running_P & finite_P
    moved = [
        torch.where(moves_P if old.dim() == 1 else moves_P.unsqueeze(-1), new, old)
        for new, old in zip(updated, state[:4], strict=True)
    ]
    loss_sum = torch.where(running_P, state.loss_sum + loss_P.double() * samples, state.loss_sum)
    diverged = torch.where(running_P & ~finite_P, state.updates + 1, state.diverged)
    return PopulationState(moved[0], moved[1], moved[2], moved[3], loss_sum, diverged)


def _drawn(
    recipe: Recipe, parameters_PxW: Tensor, settings: Settings, batch: Batch, epoch: Tensor, step: Tensor
) -> tuple[Tensor, Batch]:
    """Add noise to the parameters and draws to the batch: functions of seed, epoch, step and name alone."""
    seed_P = settings.seed.long()
    if recipe.weight_noise:
        noise_PxW = philox.normal(seed_P, epoch, step, "weight_noise", (recipe.flat.width,))
        parameters_PxW = parameters_PxW + settings.weight_noise.to(noise_PxW.dtype).unsqueeze(-1) * noise_PxW
    one = batch.map(lambda values: values[0] if values is not batch.valid else values)
    shapes = recipe.flat.model.draws(one)
    draws = {name: philox.uniform(seed_P, epoch, step, f"draws/{name}", shape) for name, shape in shapes.items()}
    return parameters_PxW, batch._replace(draws=draws or None)


Steps = Callable[..., None]
"""Takes S optimizer steps in place, given (state, settings, samples_PxSxB..., valid_SxB[, place_Sx2])."""


def build_steps(recipe: Recipe) -> Steps:
    """Make a function that takes the steps of a recipe."""

    def steps_(state: PopulationState, settings: Settings, *call: Tensor) -> None:
        samples, (valid_SxB, *places) = call[: recipe.sample_tensors], call[recipe.sample_tensors :]
        new = state
        for step in range(len(valid_SxB)):
            batch = of_tensors([values[:, step] for values in samples])._replace(valid=valid_SxB[step])
            new = take_step(recipe, new, settings, batch, *(place_Sx2[step] for place_Sx2 in places))
        for old, value in zip(state, new, strict=True):
            old.copy_(value)

    return torch.no_grad()(steps_)
