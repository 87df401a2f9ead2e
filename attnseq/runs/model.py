"""A run's model, built for its task: whoever trains or loads one builds it here. PyTorch is loaded when it is."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from attnseq.core.keys import ConfigError, Key

if TYPE_CHECKING:
    from torch import Tensor

    from attnseq.contracts.model import Model
    from attnseq.contracts.task import Task
    from attnseq.models.config import ModelConfig


def build_model(config: ModelConfig, task: Task) -> Model:
    """Build a model for a task, and give it the task's relevance if it asks for it; parameters are not initialised.

    Args:
        config: of the model, checked together with the task, see `check_truth`.
        task: that it takes.
    """
    model = config.build(task.spec)
    if config.needs_truth:
        model.truth = task.relevance
        model.any_length = model.any_length and task.any_length
    return model


def check_truth(config: ModelConfig, task: Task, dataset: str) -> None:
    """Raise ConfigError where a model asks for a relevance that the task does not know, or not of inputs alone.

    Args:
        config: of the model.
        task: that it takes.
        dataset: its name.
    """
    key = config.needs_truth
    if key and (lack := _lack(task)):
        names = [name for name in _choices(config, key) if _does_without(config, key, name)]
        does = f"dataset={dataset} {lack}; allowed are {', '.join(names)}"
        raise ConfigError(f"model.{key}={getattr(config, key)}: {does}")


def _lack(task: Task) -> str:
    """Say what a task does not know of the relevance of samples without targets; "": it knows all."""
    import torch

    from attnseq.contracts.batch import Batch
    from attnseq.contracts.examples import example

    blank = example(task.spec, 2)._replace(targets=None)

    def relevance(*tensors: Tensor) -> Tensor | None:
        return task.relevance(Batch(tensors[0], lengths=tensors[1] if len(tensors) > 1 else None))

    try:
        found = relevance(*blank.tensors)
        if found is not None and found.dim() == 3:
            return "knows how much each position counts for each token of the answer, not for the whole"
        if found is not None:
            torch.vmap(relevance)(*(torch.stack((values, values)) for values in blank.tensors))
            return ""
    except Exception:  # a task that looks at targets, or computes by NumPy, may raise anything
        pass
    return "does not know how much each position counts from the inputs alone"


def _choices(config: ModelConfig, key: str) -> list[str]:
    (choices,) = (field.metadata[Key].choices for field in fields(config) if field.name == key)
    return list(choices or ())


def _does_without(config: ModelConfig, key: str, name: str) -> bool:
    """Tell whether a choice can stand in place of the one that asks for the truth."""
    try:
        return not replace(config, **{key: name}).needs_truth
    except ConfigError:  # it does not go with the model's other keys
        return False
