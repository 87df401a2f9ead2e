"""Kinds of task, with samples of each and models for them, for tests of what all of them have in common.

Shapes: B batch, T positions, K answer positions.
"""

from itertools import product

import torch
from tiny_configs import tiny_model
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.examples import token_type
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Target, Tokens
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer

BATCH, POSITIONS = 6, 5
LENGTHS_B = torch.tensor([5, 1, 3, 2, 5, 4], dtype=torch.int32)

TARGETS: dict[str, Target] = {
    "number": Scalar(100, "mm", whole=True),
    "class": Classes(("a", "b", "c")),
    "answer": Tokens(POSITIONS, 4),
}
INPUTS = {
    "tokens": Tokens(POSITIONS, 7),
    "padded tokens": Tokens(POSITIONS, 7, padded=True),
    "reals": Reals(POSITIONS, 2),
    "padded reals": Reals(POSITIONS, 2, padded=True),
    "padded series": Reals(POSITIONS, padded=True),
}
SPECS = {f"{one} to {other}": Spec(INPUTS[one], TARGETS[other]) for one, other in product(INPUTS, TARGETS)}
ENDED = "padded tokens to an answer with an end"
SPECS[ENDED] = Spec(INPUTS["padded tokens"], Tokens(POSITIONS, 4, padded=True, end=True))


def batch_of(spec: Spec, seed: int = 1) -> Batch:
    """Samples, the padded positions of which are filled, too."""
    numbers, kind = torch.Generator().manual_seed(seed), spec.inputs
    if isinstance(kind, Reals):
        inputs = torch.randn(BATCH, kind.length, kind.features, generator=numbers)
    else:
        inputs = torch.randint(0, kind.vocabulary, (BATCH, kind.length), generator=numbers).to(token_type(kind))
    return Batch(inputs, targets_of(spec.target), LENGTHS_B if kind.padded else None)


def targets_of(target: Target) -> Tensor:
    """Numbers as a task's splits have them; answers whose lengths differ."""
    numbers = torch.Generator().manual_seed(2)
    if isinstance(target, Scalar):
        return torch.rand(BATCH, generator=numbers, dtype=torch.float64)
    if isinstance(target, Classes):
        return torch.randint(0, target.number, (BATCH,), generator=numbers, dtype=torch.int32)
    targets_BxK = torch.randint(0, target.vocabulary, (BATCH, target.length), generator=numbers, dtype=torch.int32)
    return targets_BxK.masked_fill(torch.arange(target.length) >= LENGTHS_B[:, None], NO_TOKEN)


def answers(target: Target) -> int:
    """K, 1 unless the target is a sequence."""
    return target.length if isinstance(target, Tokens) else 1


def model_of(choice: str, spec: Spec) -> Model:
    """In float64, with weights larger than fresh ones, so that attention is far from uniform, and biases of all sizes.

    Args:
        choice: of `model=`.
        spec: that it takes.
    """
    model = tiny_model(choice).build(spec)
    model.load_state_dict(model.initial_parameters(KerasInitializer(generator(0, "weights"))))
    numbers = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2).add_(0.5 * torch.randn(parameter.shape, generator=numbers))
    return model.double()
