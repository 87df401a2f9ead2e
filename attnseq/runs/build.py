"""From checked configs to what trains: device, data, fresh weights, batch orders, schedule.

Shapes: P replicas, N parameters of one replica.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from attnseq.article.tutorial import TutorialStream
from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.datasets.dataset import Dataset
from attnseq.datasets.pool import DataPool
from attnseq.layers.weights import Initializer, KerasInitializer
from attnseq.models.model import Model
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.training.checkpoint import Program
from attnseq.training.fingerprint import fingerprint
from attnseq.training.noise import WeightNoise
from attnseq.training.order import Order, ReplayedOrder, random_order
from attnseq.training.population import FlatModel, PopulationState, initial_state
from attnseq.training.replicas import Population, stack_settings
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


def build_data(configs: Sequence[RunConfig], device: torch.device) -> DataPool:
    """The data of a population, each dataset built once.

    Args:
        configs: one a replica, of one program.
        device: where the data go.

    Raises:
        ConfigError: a dataset cannot be made.
    """
    exact: dict[str, Dataset] = {}
    noisy: dict[str, Dataset] = {}
    for config in (config.dataset for config in configs):
        if repr(config) not in noisy:
            key = repr(replace(config, label_noise=0.0))
            exact[key] = exact.get(key) or config.build().to(device)
            noisy[repr(config)] = exact[key].with_label_noise(config.label_noise, config.seed)
    return DataPool([noisy[repr(config.dataset)] for config in configs])


def build_population(configs: Sequence[RunConfig], device: torch.device) -> Population:
    """The population of a program's runs, at its start.

    Args:
        configs: one a replica.
        device: where it trains.
    """
    model = configs[0].model.build(configs[0].dataset.task)
    flat = FlatModel(model)
    weights_PxN, orders = [], []
    for config in configs:  # weights and order replay the same stream, of which only the last are kept
        weights_PxN.append(flat.flatten(build_weights(model, config)))
        orders.append(build_order(config))
    trainers = [config.trainer for config in configs]
    settings = [(trainer.learning_rate, trainer.beta1, trainer.beta2, trainer.epsilon) for trainer in trainers]
    model.to(device)
    state = initial_state(torch.stack(weights_PxN).to(device))
    return Population(flat, state, stack_settings(settings, device), orders, build_noise(configs, state))


def build_shapes(config: RunConfig) -> dict[str, list[int]]:
    """Names and shapes of a run's parameters, see `checkpoint.Program`."""
    model = config.model.build(config.dataset.task)
    return {name: list(shape) for name, shape in FlatModel(model).shapes.items()}


def build_program(config: RunConfig) -> Program:
    """What trains a run, as its checkpoints name it: whichever runs it trains with, and wherever."""
    task = config.dataset.task
    digest = fingerprint(config.model.build(task), task.length, config.trainer.adam)
    return Program(build_shapes(config), digest, str(torch.__version__))


def build_noise(configs: Sequence[RunConfig], state: PopulationState) -> WeightNoise | None:
    """The weight noise of a population; None where no run has any, so that the program does without."""
    deviation_P = [config.trainer.weight_noise for config in configs]
    if not any(deviation_P):
        return None
    seed_P = [config.seed for config in configs]
    return WeightNoise(deviation_P, seed_P, state.parameters.shape[1], state.parameters.device)


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
