"""Answers by programs are those of the model as it is written; what does not pay or fit is answered as written."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from tiny_specs import SPECS, batch_of, model_of
from torch import Tensor
from torch.fx import GraphModule

from attnseq.analysis import programs
from attnseq.analysis.programs import Programs, written
from attnseq.training.population import FlatModel

SPEC = "padded tokens to class"


@pytest.fixture
def flat() -> FlatModel:
    return FlatModel(model_of("lstm_hidden", SPECS[SPEC]))


@pytest.fixture
def parameters_PxW(flat: FlatModel) -> Tensor:
    one_W = flat.flatten(dict(flat.model.named_parameters())).detach()
    return torch.stack((one_W, 0.5 * one_W, -one_W))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[GraphModule]:
    """The programs that are built, which stay as they are traced: compiling takes long, and is PyTorch's affair."""
    found: list[GraphModule] = []

    def keep(traced: GraphModule, example: Sequence[Tensor]) -> Callable[..., Any]:
        found.append(traced)
        return traced

    monkeypatch.setattr(programs, "compiled", keep)
    monkeypatch.setattr(programs, "missing_compiler", lambda device: "")
    return found


@torch.no_grad()
def test_programs_answer_as_the_model_does(flat: FlatModel, parameters_PxW: Tensor, built: list[GraphModule]) -> None:
    batch = batch_of(SPECS[SPEC])._replace(targets=None)
    answer = Programs(flat, batch.inputs.shape, 10**9)
    weights_PxBxT = torch.rand(3, *batch.inputs.shape, dtype=torch.float64)
    inputs_PxBxT = batch.inputs.flip(0).expand(3, *batch.inputs.shape)
    for given in ({"weights": weights_PxBxT}, {"inputs": inputs_PxBxT}, {"weights": 1 - weights_PxBxT}):
        expected = written(flat)(parameters_PxW, batch, given)
        torch.testing.assert_close(answer(parameters_PxW, batch, given), expected)
    assert len(built) == 2


@torch.no_grad()
def test_what_does_not_pay_or_fit_is_answered_as_written(
    flat: FlatModel, parameters_PxW: Tensor, built: list[GraphModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batch_of(SPECS[SPEC])._replace(targets=None)
    given = {"weights": torch.rand(3, *batch.inputs.shape, dtype=torch.float64)}
    expected = written(flat)(parameters_PxW, batch, given)
    rarely, others = Programs(flat, batch.inputs.shape, 1), Programs(flat, (99, 5), 10**9)
    monkeypatch.setattr(programs, "FASTER", 1e-9)
    for answer in (rarely, others):
        assert torch.equal(answer(parameters_PxW, batch, given), expected)
    assert not built


@torch.no_grad()
def test_a_compiler_that_fails_is_no_reason_to_fail(
    flat: FlatModel, parameters_PxW: Tensor, built: list[GraphModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr(programs, "compiled", fail)
    batch = batch_of(SPECS[SPEC])._replace(targets=None)
    given = {"weights": torch.rand(3, *batch.inputs.shape, dtype=torch.float64)}
    expected = written(flat)(parameters_PxW, batch, given)
    assert torch.equal(Programs(flat, batch.inputs.shape, 10**9)(parameters_PxW, batch, given), expected)
