"""Every YAML file composes and trains, says what each key means, and has the keys of its schema."""

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
import torch
import yaml
from base_folders import write_base
from omegaconf import DictConfig, OmegaConf
from tiny_configs import TABLE, pairs

from attnseq.commandline.checking import checked
from attnseq.contracts.spec import Reals, Scalar, Spec, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.core.keys import ConfigError, Key, comment
from attnseq.datasets.config import DATASETS, DrawnDatasetConfig
from attnseq.layers import attention, lstm
from attnseq.layers.controls import CONTROLS
from attnseq.models import mlp_attention
from attnseq.models.config import MODELS
from attnseq.models.lstm_attention_config import LSTMAttentionConfig
from attnseq.models.mlp_attention_config import MLPAttentionConfig
from attnseq.runs.build import build_data, build_population
from attnseq.runs.choices import chosen_init, chosen_order
from attnseq.runs.config import RunConfig, TrainerConfig
from attnseq.runs.config_files import config_directory, name_of_choice
from attnseq.training import optimizer
from attnseq.training.execution import Execution
from attnseq.training.pace import BLOCK
from attnseq.training.replicas import Population
from attnseq.training.stopping import StopSignals
from attnseq.training.trainer import Schedule, Trainer

CONF = config_directory()
CHOICES = sorted(path.relative_to(CONF).with_suffix("").as_posix() for path in CONF.glob("*/*.yaml"))
FILES = sorted(CONF.rglob("*.yaml"))
SIZES = ("dataset.train_size=48", "dataset.validation_size=16", "dataset.test_size=16")
OF_TABLE = [f"dataset.{key}={value}" for key, value in TABLE.items()]
OF_FILES = ("dataset=table", "experiment=sunspots", "experiment=italy_power_demand", "experiment=japanese_vowels")
"""Choices whose samples are read from a file: as many as it has, the last two from the package aeon."""


class Steps:
    """An observer that notes how many steps were taken."""

    taken = 0
    loss: Sequence[float] = ()

    def program(self, execution: Execution) -> None: ...

    def start(self) -> None: ...

    def progress(self, steps: int, loss_P: Sequence[float]) -> None:
        self.taken, self.loss = steps, loss_P

    def epoch(self, epoch: int, population: Population, loss_P: Sequence[float]) -> None: ...

    def checkpoint(self, population: Population) -> None: ...


REFUSED = [pair for pair in product(DATASETS.names(), MODELS.names()) if pair not in pairs()]

TOGETHER = [
    *((f"dataset={dataset}", f"model={model}") for dataset, model in pairs()),
    *((choice.replace("/", "="), *(("dataset=reverse",) * (choice == "model/seq2seq"))) for choice in CHOICES),
]
"""Every dataset with every model that takes it, and every file with the default run, or a task that it takes."""


def keys_of(path: Path) -> set[str]:
    """The keys that a YAML file sets itself, groups and Hydra's own left out."""
    return set(yaml.safe_load(path.read_text())) - {"defaults", "hydra", "dataset", "model", "trainer"}


def test_all_groups_are_found() -> None:
    assert {choice.split("/")[0] for choice in CHOICES} >= {"dataset", "model", "trainer", "experiment"}


@pytest.mark.parametrize("choices", TOGETHER, ids=" ".join)
def test_it_composes_and_takes_steps(
    choices: tuple[str, ...], compose: Callable[..., RunConfig], tmp_path: Path
) -> None:
    if choices[0] in OF_FILES[2:] and find_spec("aeon") is None:
        pytest.skip("aeon is not installed: pip install --no-deps aeon")
    sized = () if choices[0] in OF_FILES else SIZES
    config = compose(*choices, "device=cpu", *(OF_TABLE if choices[0] == "dataset=table" else sized))
    if config.trainer.base_run:
        base = compose("experiment=adversarial_base", "device=cpu", "seed=5", *sized)  # with other weights
        config.trainer.base_run = str(write_base(tmp_path / "base", base))
    steps = -(-config.dataset.sizes.train // 32)
    data = build_data([config], torch.device("cpu"))
    population, observer = build_population([config], torch.device("cpu")), Steps()
    before_PxW = population.state.parameters.clone()
    Trainer(data, Schedule(1, 32, "false", 1.0), observer).fit(population, StopSignals())
    assert observer.taken == steps
    target = config.dataset.task.spec.target
    alike = math.log(target.vocabulary) if isinstance(target, Tokens) else 2.3  # of equally likely tokens, in nats
    assert 0 < observer.loss[0] < alike + 0.7
    assert population.state.updates.tolist() == [steps]
    moved = (population.state.parameters != before_PxW).float().mean()
    # what feeds on tokens that never occur, or a softmax' common shift, may stand still
    assert moved > (0.5 if getattr(config.dataset, "vocabulary", 0) > 100 else 0.8)
    assert torch.isfinite(population.state.parameters).all()


@pytest.mark.parametrize(("dataset", "model"), REFUSED)
def test_what_does_not_go_together_is_refused(dataset: str, model: str, compose: Callable[..., RunConfig]) -> None:
    table = OF_TABLE if dataset == "table" else []
    line = f"^model={model}: does not take dataset={dataset}, whose inputs are .* and whose target is .*; these do: "
    with pytest.raises(ConfigError, match=line):
        compose(f"dataset={dataset}", f"model={model}", *table)


def comments_of(path: Path) -> dict[str, str]:
    """What stands directly above each key of a YAML file, by its dotted name."""
    found, above, group = {}, "", ""
    for line in path.read_text().splitlines():
        text = line.strip()
        if text.startswith("# "):
            above += text.removeprefix("#")
            continue
        if match := re.match(r"( *)(\w+):(?: +\S|$)", line):
            group = group if match[1] else f"{match[2]}."
            found[f"{group}{match[2]}" if match[1] else match[2]] = above.strip()
        above = ""
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONF).as_posix())
def test_a_comment_is_what_the_key_says(path: Path, composed: Callable[..., DictConfig]) -> None:
    """Or it names the file whose comment holds; either may end with what holds for this value alone."""
    choice = path.relative_to(CONF).with_suffix("").as_posix()
    group = choice.partition("/")[0] if choice in CHOICES else ""
    config = composed(f"{group}={choice.removeprefix(f'{group}/')}") if group else composed()
    schemas = {f"{key}.": OmegaConf.get_type(config, key) for key in ("dataset", "model", "trainer")} | {"": RunConfig}
    own = f"{group}." if f"{group}." in schemas else ""
    said = {f"{prefix}{field.name}": comment(field) for prefix, kind in schemas.items() for field in fields(kind)}
    for key, above in comments_of(path).items():
        if not said.get(f"{own}{key}"):
            continue
        expected, other = said[f"{own}{key}"], re.match(r"see (\S+\.yaml)", above)
        if other:
            assert key.rpartition(".")[2] in comments_of(path.parent / other[1])
        assert f"{above}; ".startswith(f"{other[0] if other else expected}; "), key


LEARNT = [name for name, layer in attention.LAYERS.items() if layer is not None]


@pytest.mark.parametrize(
    ("schema", "name", "known"),
    [
        (TrainerConfig, "adam", optimizer.FORMS),
        (MLPAttentionConfig, "attention", mlp_attention.ATTENTIONS),
        (LSTMAttentionConfig, "attention", [*LEARNT, *CONTROLS, "none"]),
        (LSTMAttentionConfig, "recurrent_activation", lstm.RECURRENT_ACTIVATIONS),
    ],
)
def test_a_key_allows_what_there_is(schema: type, name: str, known: Collection[str]) -> None:
    """Keys are read without PyTorch, and so are the names that what they choose from goes by."""
    (choices,) = (field.metadata[Key].choices for field in fields(schema) if field.name == name)
    assert tuple(choices) == tuple(known)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONF).as_posix())
def test_a_file_begins_with_what_it_is(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("# @package")]
    assert re.match(r"# .{20,}", lines[0])


@pytest.mark.parametrize("choice", [choice for choice in CHOICES if not choice.startswith("experiment/")])
def test_keys_are_those_of_the_schema(choice: str, composed: Callable[..., DictConfig]) -> None:
    group = choice.split("/")[0]
    kind = OmegaConf.get_type(composed(f"{choice.replace('/', '=')}"), group)
    known = {field.name for field in fields(kind)}
    keys = keys_of(CONF / f"{choice}.yaml")
    assert keys == known if "name" in keys else keys < known  # a preset builds on another choice


def test_keys_of_the_run_are_those_of_its_schema(composed: Callable[..., DictConfig]) -> None:
    groups = {"dataset", "model", "trainer"}
    assert keys_of(CONF / "config.yaml") | groups == {field.name for field in fields(RunConfig)}
    assert OmegaConf.get_type(composed(), "trainer") is TrainerConfig


@pytest.mark.parametrize("choice", [choice for choice in CHOICES if not choice.startswith("experiment/")])
def test_a_choice_is_called_as_its_file(choice: str, composed: Callable[..., DictConfig]) -> None:
    group, name = choice.split("/")
    assert composed(f"{group}={name}")[group].name == name_of_choice(group, name)


def test_a_preset_is_its_base_with_other_values(composed: Callable[..., DictConfig]) -> None:
    assert composed("model=lstm_element").model == composed("model=lstm_attention", "model.attention=element").model
    assert composed("model=mlp_plain").model == composed("model=mlp_attention", "model.attention=none").model


@pytest.mark.parametrize("model", ["mlp", "lstm"])
def test_experiments_name_the_published_runs(model: str, compose: Callable[..., RunConfig]) -> None:
    config = compose(f"experiment=tutorial_{model}")
    trainer = config.trainer
    assert config.model.name == f"{model}_attention"
    assert (chosen_init(config), chosen_order(config)) == ("tutorial", "tutorial")
    assert (config.seed, config.dataset.seed, config.dataset.train_size) == (1337, 1337, 300_000)
    assert (trainer.epochs, trainer.batch_size, trainer.adam) == (10, 32, "keras")
    assert (trainer.learning_rate, trainer.beta1, trainer.beta2, trainer.epsilon) == (1e-3, 0.9, 0.999, 1e-7)


OUT_OF_RANGE = [
    ("seed=-1", "seed"),
    (f"seed={2**32}", "seed"),
    ("dataset.train_size=0", "dataset.train_size"),
    ("dataset.validation_size=-5", "dataset.validation_size"),
    ("dataset.test_size=0", "dataset.test_size"),
    ("dataset.seed=-1", "dataset.seed"),
    ("model.hidden_size=0", "model.hidden_size"),
    ("model.init=zeros", "model.init"),
    ("trainer.epochs=0", "trainer.epochs"),
    ("trainer.batch_size=0", "trainer.batch_size"),
    ("trainer.learning_rate=0", "trainer.learning_rate"),
    ("trainer.learning_rate=nan", "trainer.learning_rate"),
    ("trainer.beta1=1", "trainer.beta1"),
    ("trainer.beta2=-0.1", "trainer.beta2"),
    ("trainer.epsilon=0", "trainer.epsilon"),
    ("trainer.adam=sgd", "trainer.adam"),
    ("trainer.objective=hinge", "trainer.objective"),
    ("trainer.objective=cross_entropy", "trainer.objective"),
    ("trainer.order=sorted", "trainer.order"),
    ("trainer.compile=maybe", "trainer.compile"),
    ("trainer.checkpoint_minutes=0", "trainer.checkpoint_minutes"),
    ("trainer.clip_norm=-0.1", "trainer.clip_norm"),
    ("trainer.weight_noise=-0.1", "trainer.weight_noise"),
    ("trainer.divergence_weight=-0.1", "trainer.divergence_weight"),
    ("dataset.label_noise=-0.1", "dataset.label_noise"),
    ("name=a/b", "name"),
    ("device=tpu", "device"),
]


@pytest.mark.parametrize(("override", "key"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused_by_name(override: str, key: str, composed: Callable[..., DictConfig]) -> None:
    config = default_config(composed).copy()
    OmegaConf.update(config, *override.split("="))
    with pytest.raises(ConfigError, match=rf"^{re.escape(key)}=.*must be "):
        checked(config)


@pytest.mark.parametrize("override", ["length=0", "base=1", "base=11", "split=stratified"])
def test_so_is_a_value_of_a_dataset_of_its_own(override: str, composed: Callable[..., DictConfig]) -> None:
    config = composed("dataset=abs_difference").dataset
    OmegaConf.update(config, *override.split("="))
    with pytest.raises(ConfigError, match=rf"^dataset\.{override}: must be "):
        OmegaConf.to_object(config)


def test_the_default_config_is_allowed(composed: Callable[..., DictConfig]) -> None:
    assert checked(default_config(composed).copy()).seed == 1337


@lru_cache
def default_config(composed: Callable[..., DictConfig]) -> DictConfig:
    return composed()


@pytest.mark.parametrize("setting", ["auto", "true", "false"])
def test_compile_takes_what_yaml_takes_for_a_truth_value(setting: str, compose: Callable[..., RunConfig]) -> None:
    assert compose(f"trainer.compile={setting}").trainer.compile == setting


@pytest.mark.parametrize(
    ("dataset", "override", "reason", "allowed"),
    [
        ("tutorial", "metrics=accuracy", "not of a number, which", "exact, mae, mse, r2"),
        ("reverse", "metrics=mae", "not of tokens of lengths that differ, which", "exact, token_accuracy"),
        ("answer_digits", "trainer.objective=mse", "not of tokens, which", "adversarial, cross_entropy"),
        ("tutorial", "metrics=hits", "", "accuracy, exact, mae, mse, r2, token_accuracy"),
    ],
)
def test_what_is_minimised_and_measured_fits_the_target(
    dataset: str, override: str, reason: str, allowed: str, composed: Callable[..., DictConfig]
) -> None:
    config = composed(f"dataset={dataset}", re.sub("(metrics)=(.*)", r"\1=[\2]", override))
    reason = reason and f"{reason} dataset={dataset} has as its target; "
    with pytest.raises(ConfigError, match=f"^{override}: {reason}must be one of {allowed}$"):
        checked(config)


@pytest.mark.parametrize(
    ("dataset", "lengths", "line"),
    [
        ("reverse", "0", "dataset.test_lengths=0: must be >= 1 and <= 10000"),
        ("add_two_numbers", "20,3", "dataset.test_lengths=3: must be >= 4 and <= 4000"),
        ("copy", "5,3,5", "dataset.test_lengths=5,3,5: names one twice"),
    ],
)
def test_lengths_of_test_samples_are_some_that_the_task_can_have(
    dataset: str, lengths: str, line: str, composed: Callable[..., DictConfig]
) -> None:
    config = composed(f"dataset={dataset}", f"dataset.test_lengths=[{lengths}]").dataset
    with pytest.raises(ConfigError) as error:
        OmegaConf.to_object(config)
    assert str(error.value) == line


@pytest.mark.parametrize(
    ("model", "dataset", "lengths", "refused"),
    [
        ("query_attention", "reverse", "3,10", ""),
        ("query_attention", "reverse", "3,11", "11: {} longer than dataset.length=10"),
        ("lstm_hidden", "reverse", "11", "11: {} longer than dataset.length=10"),  # answers would have to grow
        ("lstm_hidden", "add_two_numbers", "4,40", ""),
        ("lstm_plain", "add_two_numbers", "20", ""),
        ("lstm_plain", "add_two_numbers", "20,40", "40: {} of other lengths than dataset.length=20"),
        ("mlp_attention", "add_two_numbers", "4", "4: {} of other lengths than dataset.length=20"),
    ],
)
def test_test_samples_of_other_lengths_need_a_model_that_takes_them(
    model: str, dataset: str, lengths: str, refused: str, composed: Callable[..., DictConfig]
) -> None:
    config = composed(f"model={model}", f"dataset={dataset}", f"dataset.test_lengths=[{lengths}]")
    if not refused:
        assert checked(config).dataset.test_lengths == [int(length) for length in lengths.split(",")]  # type: ignore[attr-defined]
        return
    with pytest.raises(ConfigError) as error:
        checked(config)
    reason = refused.format(f"model={config.model.name} gives no answers to sequences")
    assert str(error.value) == f"dataset.test_lengths={reason}"


class Pairs(Task):
    """Two real numbers a position."""

    @property
    def spec(self) -> Spec:
        return Spec(Reals(5, features=2), Scalar())

    def splits(self) -> Splits:
        raise NotImplementedError


class PairsConfig(DrawnDatasetConfig):
    def build(self) -> Pairs:
        return Pairs()


def test_a_model_that_cannot_take_a_task_says_which_can(compose: Callable[..., RunConfig]) -> None:
    pairs = PairsConfig("pairs", 8, 4, 4, 0)
    line = (
        "model=mlp_attention: does not take dataset=pairs, whose inputs are real numbers (2 a position) and whose"
        " target is a number; these do: hard_attention, lstm_attention, query_attention,"
        " transformer"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(line)}$"):
        replace(compose(), dataset=pairs)
    assert replace(compose("model=lstm_attention"), dataset=pairs).dataset is pairs


def test_a_model_that_takes_the_inputs_but_not_the_target_says_both(compose: Callable[..., RunConfig]) -> None:
    line = (
        "model=seq2seq: does not take dataset=tutorial, whose inputs are tokens and whose target is a number;"
        " these do: hard_attention, lstm_attention, mlp_attention, query_attention, transformer"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(line)}$"):
        compose("model=seq2seq")


def test_blocks_are_whole_calls() -> None:
    assert BLOCK % 4 == 0
