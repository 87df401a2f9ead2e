"""The typed schema of a whole run, registered with Hydra. YAML files in `conf/` hold the values.

The schema of a dataset or model stands in its own file, or in one beside it that needs no PyTorch: `--help` does not
load it.
"""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore

from attnseq.contracts.spec import Spec, described
from attnseq.core.keys import MISSING, ConfigError, check_choice, check_values, key
from attnseq.core.registry import Registry
from attnseq.datasets.config import DATASETS, DatasetConfig
from attnseq.metrics import METRICS
from attnseq.models.config import MODELS, ModelConfig
from attnseq.objectives import OBJECTIVES
from attnseq.runs.model import build_model, check_truth

FOLDER_NAME = "a folder name of 1 to 100 characters, without / \\ :, and no ~ first"


@dataclass
class TrainerConfig:
    """How a model is trained."""

    name: str = MISSING
    epochs: int = key("passes over the training samples", low=1, high=1_000_000)
    batch_size: int = key("samples a step", low=1, high=1_000_000)
    learning_rate: float = key("of Adam", low=0, open_low=True)
    beta1: float = key("decay rate of the first moment", low=0, high=0.999999)
    beta2: float = key("decay rate of the second moment", low=0, high=0.999999)
    epsilon: float = key("of Adam, beside the root of the second moment", low=0, open_low=True)
    clip_norm: float = key(
        "largest Euclidean norm of a step's gradient, which is scaled down to it", low=0, note="0: any"
    )
    weight_noise: float = key(
        "standard deviation of normal noise on the parameters where a step's loss and gradient are taken",
        low=0,
        note="fresh each step, from the run's seed",
    )
    adam: str = key(
        "where epsilon stands",
        choices={"keras": 'beside the uncorrected moment, "epsilon hat"', "torch": "beside the corrected one"},
    )
    objective: str = key(
        "what is minimised; auto: what is usual for the target", choices=lambda: ["auto", *OBJECTIVES.names()]
    )
    base_run: str = key(
        "folder of the finished run that objective=adversarial is held against: another run of this task and model"
    )
    divergence_weight: float = key(
        "lambda of objective=adversarial: what a nat of divergence from the base run's attention is worth, in units of"
        " the loss",
        low=0,
        note="0: nothing",
    )
    order: str = key(
        "of the samples in an epoch: random (a permutation from the run's seed), tutorial (the notebook's own shuffles,"
        " replayed) or auto (tutorial with dataset=tutorial where the notebook has the model, else random)"
    )
    compile: str = key(
        "whether to compile the step",
        choices={"auto": "when the run is long enough to pay for it and a compiler is there", "true": "", "false": ""},
    )
    checkpoint_minutes: float = key(
        "minutes between checkpoints within an epoch",
        low=0,
        open_low=True,
        note="one is written after every epoch anyway",
    )

    def __post_init__(self) -> None:
        self.compile = self.compile.lower()  # YAML's true and false arrive as Python writes them
        check_values(self, "trainer.")


@dataclass
class RunConfig:
    """A whole run."""

    name: str = key(f"folder of related runs below outputs/, unless given the dataset's name: {FOLDER_NAME}")
    seed: int = key("of weights, batch order and noise", low=0, high=2**32 - 1)
    device: str = key("where to compute: auto (CUDA if there is one), cpu, cuda, cuda:N")
    overwrite: bool = key("true trains a finished run anew, false shows its result")
    metrics: list[str] = key(
        "how predictions are measured besides the loss, such as [mae,r2]; unless given, what is usual for the target"
    )
    plugins: list[str] = key(
        "modules that bring choices of their own, such as [my_package.attention]; read from the command line, or from"
        " the experiment's file"
    )
    dataset: DatasetConfig = MISSING
    model: ModelConfig = MISSING
    trainer: TrainerConfig = MISSING

    def __post_init__(self) -> None:
        check_values(self, "")
        odd = self.name in ("", ".", "..") or any(character in self.name for character in "/\\:")
        if odd or len(self.name) > 100 or self.name.startswith("~"):
            raise ConfigError(f"name={self.name}: must be {FOLDER_NAME}")
        self._check_together()

    def _check_together(self) -> None:
        """Check groups together: what one allows depends on the choice of another."""
        from attnseq.runs.choices import check_choices

        check_choices(self)
        spec = self.dataset.task.spec
        if not self.model.takes(spec):
            others = ", ".join(name for name in MODELS.names() if MODELS[name].takes(spec))
            raise ConfigError(
                f"model={self.model.name}: does not take dataset={self.dataset.name}, whose inputs are"
                f" {described(spec.inputs)} and whose target is {described(spec.target)}; these do: {others}"
            )
        check_truth(self.model, self.dataset.task, self.dataset.name)
        self._check_lengths(spec)
        self._check_base()
        named: list[tuple[str, Registry[Any], str]] = []
        named += [("trainer.objective", OBJECTIVES, self.trainer.objective)] * (self.trainer.objective != "auto")
        named += [("metrics", METRICS, name) for name in self.metrics]
        if len(set(self.metrics)) < len(self.metrics):
            raise ConfigError(f"metrics={','.join(self.metrics)}: names one twice")
        for where, registry, name in named:
            check_choice(where, name, registry.names())
            if not isinstance(spec.target, registry[name].targets):
                fitting = [other for other in registry.names() if isinstance(spec.target, registry[other].targets)]
                reason = f"not of {described(spec.target)}, which dataset={self.dataset.name} has as its target"
                raise ConfigError(f"{where}={name}: {reason}; must be one of {', '.join(fitting)}")

    def _check_lengths(self, spec: Spec) -> None:
        """Check that the model takes the lengths of all test samples."""
        longest, padded = spec.inputs.length, spec.inputs.padded
        asked: list[int] = getattr(self.dataset, "test_lengths", [])
        others = [length for length in asked if length > longest or (length < longest and not padded)]
        if others and not build_model(self.model, self.dataset.task).any_length:
            raise ConfigError(
                f"dataset.test_lengths={others[0]}: model={self.model.name} gives no answers to sequences"
                f" {'longer' if padded else 'of other lengths'} than dataset.length={longest}"
            )

    def _check_base(self) -> None:
        """Check that a base run is named where one is needed, and only there; whether it is there is no matter here."""
        trainer, needing = self.trainer, [name for name in OBJECTIVES.names() if OBJECTIVES[name].needs_base]
        if trainer.objective not in needing:
            for name, value in (("base_run", trainer.base_run), ("divergence_weight", trainer.divergence_weight)):
                if value:
                    goes = f"goes with trainer.objective={' or '.join(needing)}, not {trainer.objective}"
                    raise ConfigError(f"trainer.{name}={value}: {goes}")
            return
        if not trainer.base_run:
            raise ConfigError(f"trainer.base_run=: trainer.objective={trainer.objective} needs a finished run's folder")
        if not build_model(self.model, self.dataset.task).attends:
            lacks = f"model={self.model.name} has no attention here that could be another one"
            raise ConfigError(f"trainer.objective={trainer.objective}: {lacks}")


def register() -> None:
    """Register the schemas with Hydra, under `schema/`, so that they are not offered as choices of a group."""
    store = ConfigStore.instance()
    store.store(group="schema", name="run", node=RunConfig)
    store.store(group="schema", name="trainer", node=TrainerConfig)
    groups: tuple[tuple[str, Registry], ...] = (("dataset", DATASETS), ("model", MODELS))
    for group, registry in groups:
        for name in registry.names():
            store.store(group=f"schema/{group}", name=name, node=registry[name])
