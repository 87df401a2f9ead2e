"""What draws fresh weights, and what orders the samples: choices that anyone may add to, and what "auto" is of them."""

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import pytest
from tiny_configs import tiny_config

from attnseq.core.keys import ConfigError
from attnseq.datasets.abs_difference import AbsDifferenceConfig
from attnseq.layers.weights import KerasInitializer
from attnseq.runs import build
from attnseq.runs.choices import INITS, ORDERS, Choice, chosen_init, chosen_order
from attnseq.runs.config import RunConfig
from attnseq.training.order import Order


class BackwardsConfig(AbsDifferenceConfig):
    """A dataset that brings an order of its own."""

    order = "backwards"


def backwards(config: RunConfig) -> Order:
    return lambda epoch: np.arange(config.dataset.train_size, dtype=np.int32)[::-1]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunConfig]:
    """A run on a dataset that brings an order, which knows the MLP alone, with `trainer.order=auto`."""
    names = ORDERS.names()
    with monkeypatch.context() as patch:
        patch.setattr(ORDERS, "_found", {name: ORDERS[name] for name in names})
        ORDERS.register("backwards")(Choice(backwards, lambda model: model.name == "mlp_attention"))
        shipped = tiny_config(**{"trainer.order": "auto"})
        yield replace(shipped, dataset=BackwardsConfig(**asdict(shipped.dataset)))
    assert ORDERS.names() == names


def test_auto_is_what_the_dataset_brings_where_that_knows_the_model(own: RunConfig) -> None:
    assert chosen_order(own) == "backwards"
    assert build.build_order(own)(0)[0] == 99
    for model in ("lstm_attention", "query_attention"):
        assert chosen_order(replace(own, model=tiny_config(model=model).model)) == "random"


def test_what_is_named_is_taken_whatever_the_dataset_brings(own: RunConfig) -> None:
    assert chosen_order(replace(own, trainer=replace(own.trainer, order="random"))) == "random"
    shipped = tiny_config(**{"trainer.order": "backwards"})
    assert chosen_order(shipped) == "backwards"
    line = "^trainer.order=backwards: knows no lstm_attention; must be one of auto, random, tutorial$"
    with pytest.raises(ConfigError, match=line):
        replace(shipped, model=tiny_config(model="lstm_attention").model)


@pytest.mark.parametrize("key", ["model.init", "trainer.order"])
def test_what_is_not_there_is_refused(key: str) -> None:
    usual = {"model.init": "keras", "trainer.order": "random"}[key]
    with pytest.raises(ConfigError, match=f"^{key}=best: must be one of auto, {usual}, tutorial$"):
        tiny_config(**{key: "best"})


def test_usually_weights_are_keras_and_the_order_is_random() -> None:
    config = tiny_config(**{"model.init": "auto", "trainer.order": "auto"})
    assert (chosen_init(config), chosen_order(config)) == ("keras", "random")
    assert isinstance(INITS[chosen_init(config)].make(config), KerasInitializer)
    order = build.build_order(config)
    assert sorted(order(0)) == list(range(100))
    assert list(order(0)) != list(order(1))
