"""Registers the article's choices: `dataset=tutorial`, `model.init=tutorial`, `trainer.order=tutorial`, figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from attnseq.article import published, tutorial
from attnseq.article.initial_weights import TutorialInitializer
from attnseq.article.tutorial import TUTORIAL_SEED, TutorialStream
from attnseq.runs.choices import INITS, ORDERS, Choice
from attnseq.runs.published import PublishedRun, register
from attnseq.training.order import ReplayedOrder

if TYPE_CHECKING:
    from attnseq.models.config import ModelConfig
    from attnseq.runs.config import RunConfig

Orders = Iterator[npt.NDArray[np.int32]]

stream = lru_cache(maxsize=2)(TutorialStream)
"""The notebook's stream for (seed, samples, length), kept since weights and batch order both replay it."""

__all__ = ["tutorial"]  # importing it registers its dataset


def _mlp_weights(model: Any, stream: TutorialStream) -> TutorialInitializer:
    # without attention, leave its seed out, so that the other layers keep their kernels
    return TutorialInitializer(stream.mlp_op_seeds if model.attention == "time" else stream.mlp_op_seeds[1:])


def _lstm_weights(model: Any, stream: TutorialStream) -> TutorialInitializer:
    draws = stream.lstm_draws(model.hidden_size, model.attention != "none")
    seeds = (draws.attention_op_seed, draws.input_op_seed, draws.output_op_seed)
    return TutorialInitializer([seed for seed in seeds if seed is not None], draws.recurrent_normal_HxG)


def _mlp_orders(model: Any, stream: TutorialStream) -> Orders:
    return stream.mlp_orders()


def _lstm_orders(model: Any, stream: TutorialStream) -> Orders:
    return stream.lstm_orders(model.hidden_size, model.attention != "none")


WEIGHTS: dict[str, Callable[[Any, TutorialStream], TutorialInitializer]] = {
    "mlp_attention": _mlp_weights,
    "lstm_attention": _lstm_weights,
}
BATCHES: dict[str, Callable[[Any, TutorialStream], Orders]] = {
    "mlp_attention": _mlp_orders,
    "lstm_attention": _lstm_orders,
}
"""Batch orders by the models that the notebook has."""


KINDS = ("time", "element", "feature", "none")
"""Kinds of attention that the notebook has, or has the code of; it has no controls."""


def _in_notebook(model: ModelConfig) -> bool:
    """Tell whether the notebook has a model: it attends to the input, and never to hidden states."""
    attends_as_there = getattr(model, "placement", "input") == "input" and getattr(model, "attention", "") in KINDS
    return model.name in WEIGHTS and attends_as_there


def _stream(config: RunConfig) -> TutorialStream:
    return stream(config.seed, config.dataset.sizes.train, config.dataset.task.spec.inputs.length)


def _weights(config: RunConfig) -> TutorialInitializer:
    """Replay the notebook's initial weights."""
    return WEIGHTS[config.model.name](config.model, _stream(config))


def _order(config: RunConfig) -> ReplayedOrder:
    """Replay the notebook's order of the samples, epoch by epoch."""
    return ReplayedOrder(lambda: BATCHES[config.model.name](config.model, _stream(config)))


INITS.register("tutorial")(Choice(_weights, _in_notebook))
ORDERS.register("tutorial")(Choice(_order, _in_notebook))

MLP = PublishedRun(published.MLP_LOSS_E, published.MLP_MEAN_ATTENTION_T, published.as_printed)
LSTM = PublishedRun(published.LSTM_LOSS_E, None, published.as_printed)
register("mlp_attention", TUTORIAL_SEED, MLP)
register("lstm_attention", TUTORIAL_SEED, LSTM)
