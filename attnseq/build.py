"""From a checked config to what is trained: dataset, model, fresh weights, batch order.

Shapes: N parameters.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from attnseq.config import (
    AbsDifferenceConfig,
    ConfigError,
    DatasetConfig,
    LSTMAttentionConfig,
    ModelConfig,
    RunConfig,
    TrainerConfig,
)
from attnseq.datasets.abs_difference import abs_difference
from attnseq.datasets.dataset import Dataset
from attnseq.datasets.task import AbsDifference
from attnseq.datasets.tutorial import TutorialStream, tutorial
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention
from attnseq.models.weights import Initializer, KerasInitializer, TutorialInitializer
from attnseq.randomness import generator
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


def build_dataset(config: DatasetConfig) -> Dataset:
    """The dataset, on the CPU.

    Raises:
        ConfigError: the task has too few operand pairs for the chosen split.
    """
    sizes = (config.train_size, config.validation_size, config.test_size)
    try:
        if isinstance(config, AbsDifferenceConfig):
            return abs_difference(config.task, *sizes, config.split, config.seed)
        return tutorial(*sizes, config.seed)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def build_model(config: ModelConfig, task: AbsDifference) -> nn.Module:
    """The model for sequences of `task`, its parameters not yet initialised."""
    if isinstance(config, LSTMAttentionConfig):
        return LSTMAttention(
            task.length, task.base, config.hidden_size, config.attention, config.recurrent_activation
        )
    return MLPAttention(task.length, task.base, config.hidden_size)


def build_weights(model: nn.Module, config: RunConfig) -> dict[str, Tensor]:
    """Fresh parameters by name: a function of the seed, and for `init=tutorial` of the number of samples, too."""
    init: Initializer = KerasInitializer(generator(config.seed, "weights"))
    if config.model.init == "tutorial":
        init = _tutorial_initializer(config)
    weights: dict[str, Tensor] = model.initial_parameters(init)  # type: ignore[operator]
    return weights


def build_order(config: RunConfig) -> Order:
    """The order of the training samples in every epoch."""
    if config.trainer.order == "random":
        return random_order(config.seed, config.dataset.train_size)
    stream = _stream(config)
    if isinstance(config.model, LSTMAttentionConfig):
        size, attention = config.model.hidden_size, config.model.attention != "none"
        return ReplayedOrder(lambda: stream.lstm_orders(size, attention))
    return ReplayedOrder(stream.mlp_orders)


def build_schedule(config: TrainerConfig) -> Schedule:
    """How long and how the trainer trains."""
    return Schedule(config.epochs, config.batch_size, config.adam, config.compile, config.checkpoint_minutes)


def _stream(config: RunConfig) -> TutorialStream:
    return tutorial_stream(config.seed, config.dataset.train_size, config.dataset.task.length)


def _tutorial_initializer(config: RunConfig) -> TutorialInitializer:
    stream = _stream(config)
    if not isinstance(config.model, LSTMAttentionConfig):
        return TutorialInitializer(iter(stream.mlp_op_seeds))
    draws = stream.lstm_draws(config.model.hidden_size, config.model.attention != "none")
    seeds = (draws.attention_op_seed, draws.input_op_seed, draws.output_op_seed)
    return TutorialInitializer(iter([seed for seed in seeds if seed is not None]), draws.recurrent_normal_HxG)
