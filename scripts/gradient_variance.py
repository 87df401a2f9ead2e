"""How noisy the gradient is that teaches hard attention where to look.

    python scripts/gradient_variance.py RUN ...     # runs of model=hard_attention

Each run's last parameters are kept, and looks at the same training samples are drawn anew, 512 times. The length of the
mean gradient by the policy's parameters is the signal, less what noise adds to it; the square root of the sum of their
variances is the noise of one step. noise/signal squared is about how many such batches a step would have to average for
both to be equal; "-" where the signal is lost in noise. A line for each
way to make the gradient: REINFORCE with the baseline that the run learnt, without any, and straight-through Gumbel,
whose mean is another one: it is biased.

Shapes: N draws, B samples, G glimpses, T positions, W parameters of the policy.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

import attnseq
from attnseq.api.run import Run, RunError
from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.measures import Objective
from attnseq.models.hard_attention import HardAttention
from attnseq.objectives.reinforce import with_policy
from attnseq.runs.build import build_objective

SAMPLES, DRAWS = 128, 512


class Noise(NamedTuple):
    """Length of the mean gradient, and of its deviation, in units of the loss."""

    signal: float
    noise: float


def noise_of(model: HardAttention, objective: Objective, batch: Batch, uniform_NxGxBxT: Tensor) -> Noise:
    """Measure the gradients of a model's policy over draws of its looks.

    Args:
        model: in float64.
        objective: what the run minimises.
        batch: samples, with their answers.
        uniform_NxGxBxT: random numbers in (0, 1), by which looks are drawn.
    """
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    policy = {name: value for name, value in parameters.items() if name.startswith(("policy.", "hidden."))}

    def loss(policy: dict[str, Tensor], uniform_GxBxT: Tensor) -> Tensor:
        drawn = batch._replace(draws={"looks": uniform_GxBxT})
        output: Output = torch.func.functional_call(model, parameters | policy, (drawn, True))
        loss_B = objective(output, batch)
        return (loss_B if output.policy is None else with_policy(loss_B, output.policy)).mean()

    gradients = torch.vmap(torch.func.grad(loss), in_dims=(None, 0), chunk_size=32)(policy, uniform_NxGxBxT)
    gradients_NxW = torch.cat([value.flatten(1) for value in gradients.values()], dim=1)
    variance = float(gradients_NxW.var(dim=0).sum())
    # the square of a mean of N draws is too large by a share of 1/N of their variance
    squared = float(gradients_NxW.mean(dim=0).square().sum()) - variance / len(gradients_NxW)
    return Noise(max(squared, 0.0) ** 0.5, variance**0.5)


def ways(model: HardAttention) -> dict[str, HardAttention]:
    """Copy a model for each way to make the gradient, by its name."""
    usual = {"baseline": "learnt", "policy_trains": "all", "entropy_bonus": 0.0}  # which gumbel has no use for
    kinds = {"gumbel": {"estimator": "gumbel", **usual}, "reinforce": {"estimator": "reinforce", "baseline": "none"}}
    if model.baseline is not None:
        kinds["reinforce, baseline"] = {"estimator": "reinforce"}
    made = {}
    for name, changes in sorted(kinds.items(), reverse=True):
        made[name] = HardAttention(model.spec, replace(model.config, **changes))  # type: ignore[arg-type]
        made[name].load_state_dict(model.state_dict(), strict=False)
        made[name].double()
    return made


def measured(run: Run, model: HardAttention) -> Iterator[str]:
    """Write a line for each way to make the gradient of a run's policy."""
    objective, batch = build_objective(run.config, run.task.spec.target), run.task.splits().train.first(SAMPLES)
    shape = (DRAWS, model.config.glimpses, *batch.inputs.shape[:2])
    uniform_NxGxBxT = torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for name, its_model in ways(model).items():
        signal, noise = noise_of(its_model, objective, batch, uniform_NxGxBxT)
        ratio = f"{(noise / signal) ** 2:.1f}" if signal else "-"
        yield f"{name:20}{signal:11.2e}{noise:11.2e}{ratio:>18}"


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    return parser


def main(arguments: Sequence[str]) -> None:
    """Run the command; see above."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    runs: list[tuple[Run, HardAttention]] = []
    for path in given.runs:
        try:
            run = attnseq.load(path)
            model = run.model
        except RunError as error:
            parser.error(str(error))
        if not isinstance(model, HardAttention):
            parser.error(f"{path}: not a run of model=hard_attention")
        runs.append((run, model))
    print(f"{'gradient':20}{'signal':>11}{'noise':>11}{'(noise/signal)^2':>18}  run")
    for (run, model), path in zip(runs, given.runs, strict=True):
        for line in measured(run, model):
            print(f"{line}  {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
