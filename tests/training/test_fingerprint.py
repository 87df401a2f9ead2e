"""The digest of a training step: the same for the same computation, another one for another.

Shapes: B batch, T positions, W parameters.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from tiny_population import BASE, CPU, DRAWING, MODELS, NUMBER, POSITIONS, SEQUENCE, Drawn, of_number, recipe
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Reals, Scalar, Spec, Tokens
from attnseq.models.query_attention import QueryAttention
from attnseq.objectives.mse import MeanSquaredError
from attnseq.training.fingerprint import MULTIPLICATIONS, _Writer, fingerprint
from attnseq.training.population import FlatModel


def two_layers(
    weight: Callable[[], Tensor] = lambda: torch.linspace(0, 1, POSITIONS),
    swapped: bool = False,
    factor: float = 0.5,
    names: tuple[str, str] = ("first", "second"),
    attention: str = "input",
) -> Model:
    """A model in which a constant, the order of operands, a factor, and names can be others."""

    class TwoLayers(Model):
        def __init__(self) -> None:
            super().__init__()
            for name in names:
                self.register_parameter(name, nn.Parameter(torch.zeros(POSITIONS)))
            self.weight_T = weight()

        def forward(self, batch: Batch, training: bool = False) -> Output:
            one, other = (getattr(self, name) for name in (names[::-1] if swapped else names))
            weights_BxT = torch.softmax(batch.inputs * self.weight_T * one, dim=-1)
            prediction_B = (weights_BxT - other).sum(-1) * factor
            return Output(prediction_B, {attention: Attention(weights_BxT, "BT")})

    return TwoLayers()


def of(model: Model, adam: str = "keras", weight_noise: bool = False) -> str:
    return fingerprint(of_number(model, adam, weight_noise))


@pytest.mark.parametrize("name", [*MODELS, *DRAWING])
def test_the_same_program_has_the_same_digest(name: str) -> None:
    """Whatever its weights, the number of threads, or whether its device is another one meanwhile."""
    first = fingerprint(recipe(name))
    torch.set_num_threads(2)
    again = recipe(name)
    for parameter in again.flat.model.parameters():
        nn.init.normal_(parameter)
    before = [parameter.clone() for parameter in again.flat.model.parameters()]
    assert fingerprint(again) == first
    assert next(again.flat.model.parameters()).device == CPU
    assert all(map(torch.equal, again.flat.model.parameters(), before))
    assert len(first) == 16


def test_a_name_changes_nothing() -> None:
    renamed = two_layers(names=("score", "output"), attention="temporal")
    assert of(renamed) == of(two_layers())


def test_another_program_has_another_digest() -> None:
    digests = [
        of(two_layers()),
        of(two_layers(swapped=True)),
        of(two_layers(factor=0.25)),
        of(two_layers(lambda: torch.linspace(0, 2, POSITIONS))),
        of(two_layers(), "torch"),
        of(two_layers(), weight_noise=True),
        fingerprint(recipe("mlp")),
        fingerprint(recipe("mlp", hidden_size=4)),
        fingerprint(recipe("lstm")),
        fingerprint(recipe("query")),
        fingerprint(recipe("drawn")),
        of(Drawn("another draw")),  # of which the numbers are others
    ]
    assert len(set(digests)) == len(digests)
    assert BASE != POSITIONS  # else a mixed-up axis would not be seen


class TwiceTheError(MeanSquaredError):
    """Another objective."""

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        return 2 * super().__call__(output, batch)


def test_another_task_or_objective_is_another_program() -> None:
    its = recipe("query")
    no_padding = Spec(Tokens(POSITIONS, BASE), SEQUENCE.target)
    number = Spec(SEQUENCE.inputs, Scalar())
    reals = Spec(Reals(POSITIONS, BASE), SEQUENCE.target)
    many = Spec(Tokens(POSITIONS, 300, padded=True), SEQUENCE.target)
    digests = [fingerprint(its)]
    for spec in (no_padding, reals, many):
        digests.append(fingerprint(replace(its, flat=FlatModel(QueryAttention(spec, 3)), spec=spec)))
    flat = FlatModel(QueryAttention(number, 3))
    digests.append(fingerprint(replace(its, flat=flat, spec=number, objective=MeanSquaredError(number.target))))
    digests.append(fingerprint(replace(its, flat=flat, spec=number, objective=TwiceTheError(number.target))))
    assert len(set(digests)) == len(digests)


def test_what_a_target_is_called_changes_nothing() -> None:
    its, spec = recipe("mlp"), Spec(NUMBER.inputs, Scalar(1000, "units of the answer", whole=True))
    assert fingerprint(replace(its, spec=spec, objective=MeanSquaredError(spec.target))) == fingerprint(its)


def test_the_last_digits_of_a_constant_are_the_machine_s() -> None:
    assert of(two_layers(lambda: torch.linspace(0, 1, POSITIONS) * (1 + 1e-7))) == of(two_layers())


def test_the_work_of_a_call_is_what_its_operations_compute() -> None:
    # 2 x 3 by 3 x 4: 8 numbers of 3 products each, and 8 sums; views are operations that compute nothing
    a_2x3, b_3x4 = torch.ones(2, 3), torch.ones(3, 4)
    with _Writer([a_2x3, b_3x4], 17) as writer:
        _ = torch.mm(a_2x3, b_3x4).view(4, 2).t() + 1
    assert writer.work == 8 * (1 + 3 / MULTIPLICATIONS) + 8
    assert writer.written == 4
