"""Building what trains from checked configs: device, data, fresh weights, batch orders, schedule, measures.

Shapes: P replicas, W parameters of one replica.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attnseq.contracts.measures import Metric, Objective
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Target
from attnseq.core.keys import ConfigError
from attnseq.datasets.config import NoisyDatasetConfig
from attnseq.metrics import METRICS
from attnseq.objectives import OBJECTIVES
from attnseq.runs.base_run import base_model
from attnseq.runs.choices import AUTO, INITS, ORDERS, chosen_init, chosen_order
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.runs.model import build_model
from attnseq.scores import SCORES
from attnseq.training.checkpoint import Program
from attnseq.training.evaluation import Meter
from attnseq.training.fingerprint import fingerprint
from attnseq.training.label_noise import with_label_noise
from attnseq.training.order import Order
from attnseq.training.pool import Data, DataPool
from attnseq.training.population import FlatModel, Recipe, Settings, initial_state
from attnseq.training.replicas import Population, stack_settings
from attnseq.training.trainer import Schedule


def build_device(name: str) -> torch.device:
    """Return the device that is called auto (CUDA if there is one), cpu, cuda or cuda:N.

    Raises:
        ConfigError: there is no such device here.
    """
    if name == AUTO:
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
    """Build the data of a population, each dataset once.

    Args:
        configs: one a replica, all of one program.
        device: where the data go.

    Raises:
        ConfigError: a dataset cannot be made.
    """
    exact: dict[str, Data] = {}
    noisy: dict[str, Data] = {}
    for config in (config.dataset for config in configs):
        if repr(config) in noisy:
            continue
        without = replace(config, label_noise=0.0) if isinstance(config, NoisyDatasetConfig) else config
        if repr(without) not in exact:
            task = config.task
            exact[repr(without)] = Data(task, task.splits().to(device))
        noisy[repr(config)] = data = exact[repr(without)]
        if isinstance(config, NoisyDatasetConfig) and config.label_noise:
            splits = with_label_noise(data.splits, config.label_noise, config.seed)
            noisy[repr(config)] = Data(data.task, splits)
    return DataPool([noisy[repr(config.dataset)] for config in configs])


def build_recipe(config: RunConfig, trains: bool = True) -> Recipe:
    """Build what a step of a run's program computes; the model's parameters are not initialised.

    Weight noise and the largest norm of a gradient are settings of replicas: the population's recipe has them.

    Args:
        config: of the run.
        trains: whether steps are taken. Else the base run is not needed, which may be gone since: an objective that
            needs it gives way to the usual one.

    Raises:
        ConfigError: the base run cannot be read.
    """
    task = config.dataset.task
    objective = build_objective(config, task.spec.target)
    if objective.needs_base and not trains:
        objective = usual_objective(task.spec.target)
    base = base_model(config) if trains else None
    return Recipe(FlatModel(build_model(config.model, task)), task.spec, objective, config.trainer.adam, base=base)


def attends(config: RunConfig) -> bool:
    """Tell whether a run's model attends, see `Model.attends`; results of before have even weights if it does not."""
    return build_model(config.model, config.dataset.task).attends


def build_population(configs: Sequence[RunConfig], device: torch.device) -> Population:
    """Build the population of a program's runs, at its start.

    Args:
        configs: one a replica.
        device: where it trains.
    """
    trainers = [config.trainer for config in configs]
    recipe = replace(
        build_recipe(configs[0]),
        weight_noise=any(trainer.weight_noise for trainer in trainers),
        clips=any(trainer.clip_norm for trainer in trainers),
    )
    model = recipe.flat.model
    weights_PxW, orders = [], []
    for config in configs:  # a run's weights and order together: both may replay a stream that is kept for a while
        weights_PxW.append(recipe.flat.flatten(build_weights(model, config)))
        orders.append(build_order(config))
    # all that `Settings` has is a key of the trainer, but for the seed
    settings = [
        [getattr(config if name == "seed" else config.trainer, name) for name in Settings._fields] for config in configs
    ]
    model.to(device)
    if recipe.base is not None:
        recipe.base.to(device)
    return Population(
        recipe, initial_state(torch.stack(weights_PxW).to(device)), stack_settings(settings, device), orders
    )


def build_program(config: RunConfig) -> Program:
    """Describe what trains a run, for its checkpoints; other runs of its population and the device do not matter."""
    recipe = build_recipe(config)
    shapes = {name: list(shape) for name, shape in recipe.flat.shapes.items()}
    return Program(shapes, fingerprint(recipe), str(torch.__version__))


def build_meter(config: RunConfig, recipe: Recipe) -> Meter:
    """Build what measures a run's predictions, and its attention by all scores that the task has the truth for.

    Those that are usually shown come first.
    """
    names = sorted(SCORES.names(), key=lambda name: not SCORES[name].is_usual)
    scores = {name: SCORES[name](recipe.spec) for name in names}
    return Meter(recipe, build_metrics(config, recipe.spec.target), scores)


def build_metrics(config: RunConfig, target: Target) -> Mapping[str, Metric]:
    """Build metrics by name, in the order in which they are shown: those that the config names, or the defaults.

    Of the defaults, those where less is better come first, as with the loss.
    """
    usual = [name for name in METRICS.names() if METRICS[name].is_usual(target)]
    names = list(config.metrics) or sorted(usual, key=lambda name: METRICS[name].direction != "lower")
    return {name: METRICS[name](target) for name in names}


def build_objective(config: RunConfig, target: Target) -> Objective:
    """Build what is minimised: the objective that the config names, or the default for a target."""
    name = config.trainer.objective
    return usual_objective(target) if name == AUTO else OBJECTIVES[name](target)


def usual_objective(target: Target) -> Objective:
    """Build the default objective for a target."""
    usual = [name for name in OBJECTIVES.names() if isinstance(target, OBJECTIVES[name].usual_for)]
    return OBJECTIVES[usual[0]](target)


def build_weights(model: Model, config: RunConfig) -> dict[str, Tensor]:
    """Draw fresh parameters by name: a function of the seed, and with `init=tutorial` of the number of samples, too."""
    return model.initial_parameters(INITS[chosen_init(config)].make(config))


def build_order(config: RunConfig) -> Order:
    """Build the order of the training samples in every epoch."""
    return ORDERS[chosen_order(config)].make(config)


def build_schedule(config: TrainerConfig) -> Schedule:
    """Build the trainer's schedule."""
    return Schedule(config.epochs, config.batch_size, config.compile, config.checkpoint_minutes)
