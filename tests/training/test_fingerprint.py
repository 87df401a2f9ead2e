"""The digest of a training step: the same for the same computation, another one for another.

Shapes: B batch, T positions, N parameters.
"""

from collections.abc import Callable

import pytest
import torch
from tiny_population import BASE, CPU, POSITIONS, build
from torch import Tensor, nn

from attnseq.models.model import ModelOutput
from attnseq.training.fingerprint import fingerprint


def two_layers(
    weight: Callable[[], Tensor] = lambda: torch.linspace(0, 1, POSITIONS), swapped: bool = False, factor: float = 0.5
) -> nn.Module:
    """A model in which a constant, the order of operands, and a factor can be others."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Parameter(torch.zeros(POSITIONS)), nn.Parameter(torch.zeros(POSITIONS))
            self.weight_T = weight()

        def forward(self, digits_BxT: Tensor) -> ModelOutput:
            one, other = (self.second, self.first) if swapped else (self.first, self.second)
            attention_BxT = torch.softmax(digits_BxT * self.weight_T * one, dim=-1)
            return ModelOutput((attention_BxT - other).sum(-1) * factor, attention_BxT)

    return Model()


def of(model: nn.Module, form: str = "keras") -> str:
    return fingerprint(model, POSITIONS, form)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["mlp", "lstm"])
def test_the_same_program_has_the_same_digest(name: str) -> None:
    """Whatever its weights, the number of threads, or whether its device is another one meanwhile."""
    first = of(build(name).model)
    torch.set_num_threads(2)
    model = build(name).model
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    assert of(model) == first
    assert next(model.parameters()).device == CPU
    assert len(first) == 16


def test_another_program_has_another_digest() -> None:
    digests = [
        of(two_layers()),
        of(two_layers(swapped=True)),
        of(two_layers(factor=0.25)),
        of(two_layers(lambda: torch.linspace(0, 2, POSITIONS))),
        of(two_layers(), "torch"),
        of(build("mlp").model),
        of(build("mlp", hidden_size=4).model),
        of(build("lstm").model),
    ]
    assert len(set(digests)) == len(digests)
    assert BASE != POSITIONS  # else a mixed-up axis would not be seen


def test_the_last_digits_of_a_constant_are_the_machine_s() -> None:
    assert of(two_layers(lambda: torch.linspace(0, 1, POSITIONS) * (1 + 1e-7))) == of(two_layers())
