"""From a checked config to what trains: device, fresh weights, batch order, schedule.

Shapes: N parameters.
"""

from functools import lru_cache

import torch
from torch import Tensor

from attnseq.config import RunConfig, TrainerConfig
from attnseq.datasets.tutorial import TutorialStream
from attnseq.models.model import Model
from attnseq.models.weights import Initializer, KerasInitializer
from attnseq.randomness import generator
from attnseq.schema import ConfigError
from attnseq.training.order import Order, ReplayedOrder, random_order
from attnseq.training.trainer import Schedule

tutorial_stream = lru_cache(maxsize=2)(TutorialStream)
"""The notebook's stream of (seed, samples, length), kept because weights and batch order both replay it."""


def build_device(name: str) -> torch.device:
    """The device called auto (CUDA if there is one), cpu, cuda or cuda:N.

    Raises:
        ConfigError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not (kind == "cuda" and index.isdigit())):
        raise ConfigError(f"device={name}: must be auto, cpu, cuda or cuda:N")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device={name}: no CUDA device here; allowed are auto and cpu")
    if index and int(index) >= torch.cuda.device_count():
        raise ConfigError(f"device={name}: must be cuda:0 to cuda:{torch.cuda.device_count() - 1}")
    return torch.device(name)


def build_weights(model: Model, config: RunConfig) -> dict[str, Tensor]:
    """Fresh parameters by name: a function of the seed, and for `init=tutorial` of the number of samples, too."""
    init: Initializer = KerasInitializer(generator(config.seed, "weights"))
    if config.model.init == "tutorial":
        init = config.model.tutorial_initializer(_stream(config))
    return model.initial_parameters(init)


def build_order(config: RunConfig) -> Order:
    """The order of the training samples in every epoch."""
    if config.trainer.order == "random":
        return random_order(config.seed, config.dataset.train_size)
    return ReplayedOrder(lambda: config.model.tutorial_orders(_stream(config)))


def build_schedule(config: TrainerConfig) -> Schedule:
    """How long and how the trainer trains."""
    return Schedule(config.epochs, config.batch_size, config.adam, config.compile, config.checkpoint_minutes)


def _stream(config: RunConfig) -> TutorialStream:
    return tutorial_stream(config.seed, config.dataset.train_size, config.dataset.task.length)
