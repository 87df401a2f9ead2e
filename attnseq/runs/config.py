"""The typed schema of a whole run, made known to Hydra. YAML files in `conf/` hold the values.

A dataset's or model's own schema stands in its own file, or beside it in one that needs no PyTorch. What says which
values are allowed may need it, and is asked when values are checked, so that `--help` does without.
"""

from dataclasses import dataclass, field

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from attnseq.contracts.spec import described
from attnseq.core.keys import ConfigError, check_choice, check_range
from attnseq.core.registry import Registry
from attnseq.datasets.config import DATASETS, DatasetConfig
from attnseq.models.config import MODELS, ModelConfig

COMPILE = ("auto", "true", "false")


@dataclass
class TrainerConfig:
    """How a model is trained."""

    name: str = MISSING
    epochs: int = MISSING
    batch_size: int = MISSING
    learning_rate: float = MISSING
    beta1: float = MISSING
    beta2: float = MISSING
    epsilon: float = MISSING
    weight_noise: float = MISSING
    adam: str = MISSING
    objective: str = MISSING
    order: str = MISSING
    compile: str = MISSING
    checkpoint_minutes: float = MISSING

    def __post_init__(self) -> None:
        from attnseq.objectives import OBJECTIVES
        from attnseq.training.optimizer import FORMS

        check_range("trainer.epochs", self.epochs, 1, 1_000_000)
        check_range("trainer.batch_size", self.batch_size, 1, 1_000_000)
        check_range("trainer.learning_rate", self.learning_rate, 0, open_low=True)
        check_range("trainer.beta1", self.beta1, 0, 0.999999)
        check_range("trainer.beta2", self.beta2, 0, 0.999999)
        check_range("trainer.epsilon", self.epsilon, 0, open_low=True)
        check_range("trainer.weight_noise", self.weight_noise, 0)
        check_choice("trainer.adam", self.adam, FORMS)
        check_choice("trainer.objective", self.objective, ["auto", *OBJECTIVES.names()])
        self.compile = self.compile.lower()  # YAML's true and false arrive as Python writes them
        check_choice("trainer.compile", self.compile, COMPILE)
        check_range("trainer.checkpoint_minutes", self.checkpoint_minutes, 0, open_low=True)


@dataclass
class RunConfig:
    """A whole run."""

    name: str = MISSING
    seed: int = MISSING
    device: str = MISSING
    overwrite: bool = MISSING
    metrics: list[str] = field(default_factory=list)
    dataset: DatasetConfig = MISSING
    model: ModelConfig = MISSING
    trainer: TrainerConfig = MISSING

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0, 2**32 - 1)
        odd = self.name in ("", ".", "..") or any(character in self.name for character in "/\\:")
        if odd or len(self.name) > 100 or self.name.startswith("~"):
            allowed = "a folder name of 1 to 100 characters, without / \\ :, and no ~ first"
            raise ConfigError(f"name={self.name}: must be {allowed}")
        self._check_together()

    def _check_together(self) -> None:
        """What one group allows hangs on the choice of another."""
        from attnseq.metrics import METRICS
        from attnseq.objectives import OBJECTIVES
        from attnseq.runs.choices import check_choices

        check_choices(self)
        spec = self.dataset.build().spec
        if not self.model.takes(spec):
            others = ", ".join(name for name in MODELS.names() if MODELS[name].takes(spec))
            raise ConfigError(
                f"model={self.model.name}: takes no {described(spec.inputs)}, as dataset={self.dataset.name} has;"
                f" these do: {others}"
            )
        named = [("trainer.objective", OBJECTIVES, self.trainer.objective)] * (self.trainer.objective != "auto")
        named += [("metrics", METRICS, name) for name in self.metrics]
        for key, registry, name in named:
            check_choice(key, name, registry.names())
            if not isinstance(spec.target, registry[name].targets):
                fitting = [other for other in registry.names() if isinstance(spec.target, registry[other].targets)]
                reason = f"not of {described(spec.target)}, which dataset={self.dataset.name} has as its target"
                raise ConfigError(f"{key}={name}: {reason}; must be one of {', '.join(fitting)}")


def register() -> None:
    """Make the schemas known to Hydra, under `schema/` so that they are not offered as choices of a group."""
    store = ConfigStore.instance()
    store.store(group="schema", name="run", node=RunConfig)
    store.store(group="schema", name="trainer", node=TrainerConfig)
    groups: tuple[tuple[str, Registry], ...] = (("dataset", DATASETS), ("model", MODELS))
    for group, registry in groups:
        for name in registry.names():
            store.store(group=f"schema/{group}", name=name, node=registry[name])
