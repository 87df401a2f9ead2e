"""Where fresh weights and batch orders come from. Plugins may add choices, as the article does.

A choice is made for a run's whole config. "auto" is the dataset's own choice where that knows the model, and else the
default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from attnseq.core.keys import ConfigError, check_choice
from attnseq.core.randomness import generator
from attnseq.core.registry import Registry
from attnseq.training.order import Order, random_order

if TYPE_CHECKING:
    from attnseq.contracts.model import Initializer
    from attnseq.models.config import ModelConfig
    from attnseq.runs.config import RunConfig

T = TypeVar("T")

AUTO = "auto"


class Choice(Generic[T]):
    """A way to make something for a run.

    Args:
        make: makes it.
        knows: whether it can be made for a model, by the model's config.
    """

    def __init__(self, make: Callable[[RunConfig], T], knows: Callable[[ModelConfig], bool] = lambda model: True):
        self.make, self.knows = make, knows


INITS: Registry[Choice[Initializer]] = Registry("model.init", __name__)
"""What draws fresh weights."""

ORDERS: Registry[Choice[Order]] = Registry("trainer.order", __name__)
"""The order of the training samples in every epoch."""


def _keras(config: RunConfig) -> Initializer:
    from attnseq.layers.weights import KerasInitializer  # PyTorch, which --help does without

    return KerasInitializer(generator(config.seed, "weights"))


INITS.register("keras")(Choice(_keras))
ORDERS.register("random")(Choice(lambda config: random_order(config.seed, config.dataset.sizes.train)))


def chosen_init(config: RunConfig) -> str:
    """Resolve the name of a run's choice of `INITS`."""
    return _resolved(INITS, config.model.init, config.dataset.init, "keras", config.model)


def chosen_order(config: RunConfig) -> str:
    """Resolve the name of a run's choice of `ORDERS`."""
    return _resolved(ORDERS, config.trainer.order, config.dataset.order, "random", config.model)


def check_choices(config: RunConfig) -> None:
    """Raise ConfigError where a choice does not exist, or does not know the model."""
    for key, registry, name in (
        ("model.init", INITS, config.model.init),
        ("trainer.order", ORDERS, config.trainer.order),
    ):
        if name == AUTO:
            continue
        check_choice(key, name, [AUTO, *registry.names()])
        if not registry[name].knows(config.model):
            others = [AUTO, *(other for other in registry.names() if registry[other].knows(config.model))]
            raise ConfigError(f"{key}={name}: knows no {config.model.name}; must be one of {', '.join(others)}")


def _resolved(registry: Registry[Choice[T]], name: str, of_dataset: str, usual: str, model: ModelConfig) -> str:
    if name != AUTO:
        return name
    return of_dataset if registry[of_dataset].knows(model) else usual
