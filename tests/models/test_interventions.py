"""A model whose encoded inputs or weights are given computes the rest as always: what attribution builds on."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from tiny_configs import choices, tiny_model
from tiny_specs import SPECS, batch_of, model_of

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.model import Model

PAIRS = [(choice, name) for choice, name in product(choices("model"), SPECS) if tiny_model(choice).takes(SPECS[name])]


def asked(choice: str, name: str) -> tuple[Model, Batch]:
    """A model and samples whose targets it is not shown."""
    return model_of(choice, SPECS[name]), batch_of(SPECS[name])._replace(targets=None)


def same(mine: Output, theirs: Output) -> None:
    torch.testing.assert_close(mine.prediction, theirs.prediction)
    assert mine.attention.keys() == theirs.attention.keys()
    for name, attention in mine.attention.items():
        torch.testing.assert_close(attention.weights, theirs.attention[name].weights)


@pytest.mark.parametrize(("choice", "name"), PAIRS)
@torch.no_grad()
def test_what_it_encodes_itself_changes_nothing(choice: str, name: str) -> None:
    model, batch = asked(choice, name)
    encoded = model.encode(batch)
    assert encoded.shape[:2] == batch.inputs.shape[:2]
    same(model(batch._replace(encoded=encoded, inputs=torch.zeros_like(batch.inputs))), model(batch))


@pytest.mark.parametrize(("choice", "name"), PAIRS)
@torch.no_grad()
def test_another_encoded_input_changes_the_answer(choice: str, name: str) -> None:
    model, batch = asked(choice, name)
    other = model(batch._replace(encoded=model.encode(batch) + 1))
    assert not torch.allclose(other.prediction, model(batch).prediction)


@pytest.mark.parametrize(("choice", "name"), PAIRS)
@torch.no_grad()
def test_given_weights_are_used_in_place_of_its_own(choice: str, name: str) -> None:
    model, batch = asked(choice, name)
    usual = model(batch)
    if not model.takes_weights:
        assert choice in ("hard_attention", "hard_gumbel", "transformer") or choice.endswith("plain")
        return
    (attention, *_) = usual.attention.values()
    same(model(batch._replace(weights=attention.weights)), usual)
    present_BxT, shape = batch.present(), {"BT": (-1, 5), "BTD": (-1, 5, 1), "BKT": (-1, 1, 5)}[attention.axes]
    alike = torch.full_like(attention.weights, 2.0) * (1.0 if present_BxT is None else present_BxT.view(shape))
    given = model(batch._replace(weights=alike))
    (seen, *_) = given.attention.values()
    assert torch.equal(seen.weights, alike)
    assert not torch.allclose(given.prediction, usual.prediction)


def test_a_transformer_of_one_head_takes_weights() -> None:
    spec = SPECS["padded tokens to number"]
    config = replace(tiny_model("transformer"), heads=1)
    model = config.build(spec)
    assert model.takes_weights
    assert not replace(config, explains="rollout").build(spec).takes_weights
