"""Variant names: the same config has the same name, another config another, and what decides nothing is left out."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf
from own_configs import write_own_configs

from attnseq.commandline.checking import checked
from attnseq.commandline.command_line import register
from attnseq.commandline.composition import compose_config, compose_sweep
from attnseq.runs.config_files import own_folders
from attnseq.runs.job import Job
from attnseq.runs.naming import LONGEST, result_config, variant_name
from attnseq.training.checkpoint import Checkpoint, save_checkpoint

NAMES = [
    ((), "mlp_attention"),
    (("model=lstm_attention",), "lstm_attention"),
    (("model=lstm_attention", "model.attention=element"), "lstm_attention,attention=element"),
    (("trainer=fast", "trainer.learning_rate=1e-3"), "mlp_attention,fast,learning_rate=0.001"),
    (("trainer.learning_rate=1e-3",), "mlp_attention"),
    (("dataset=abs_difference", "dataset.left=[1,2]", "dataset.right=[5,6]"),
     "mlp_attention,abs_difference,left=1.2,right=5.6"),
    (("dataset.seed=7", "seed=8"), "mlp_attention,dataset_seed=7"),
    (("seed=3", "device=cpu", "overwrite=true", "name=other"), "mlp_attention"),
    (("trainer.compile=false", "trainer.checkpoint_minutes=1"), "mlp_attention"),
    (("experiment=tutorial_lstm",), "lstm_attention"),
    (("model=mlp_plain", "trainer=fast"), "mlp_attention,fast,attention=none"),
    (("model=query_attention", "dataset=reverse", "trainer=fast"), "query_attention,reverse,fast"),
    (("trainer.objective=mse", "metrics=[r2]"), "mlp_attention,objective=mse,metrics=r2"),
    (("trainer.objective=adversarial", 'trainer.base_run="some/run/seed=0/"', "trainer.divergence_weight=0.1"),
     "mlp_attention,objective=adversarial,base_run=seed=0,divergence_weight=0.1"),
    (("dataset=table", "dataset.path=my/data/a.csv", "dataset.target=km/h", "trainer=fast"),
     "mlp_attention,table,fast,path=a.csv,target=km_h"),
    (("experiment=sunspots",),
     "mlp_attention,table,fast,path=sunspots,target=SUNACTIVITY,window=22,form=8577,epochs=50,batch_size=32"),
    (("experiment=sequence_length",), "lstm_attention,abs_difference,fast,init=keras"),
    (("experiment=attention_variants", "model=lstm_plain"), "lstm_attention,init=keras,attention=none,order=random"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "name"), NAMES, ids=[" ".join(overrides) or "default" for overrides, _ in NAMES])
def test_name(overrides: tuple[str, ...], name: str, composed: Callable[..., DictConfig]) -> None:
    config = composed(*overrides)
    assert variant_name(config) == name
    assert config.hydra.run.dir == f"outputs/{config.name}/{name}/seed={config.seed}"
    assert config.hydra.sweep.subdir == f"{name}/seed={config.seed}"


def test_how_a_file_is_read_is_a_digest_in_the_name(composed: Callable[..., DictConfig]) -> None:
    file = ("dataset=table", "dataset.path=a.csv", "dataset.target=y")
    names = [
        variant_name(composed(*file, *more)) for more in ((), ("dataset.id=a",), ("dataset.id=b",), ("dataset.id=a",))
    ]
    assert names[0] == "mlp_attention,table,path=a.csv,target=y"
    assert all(re.fullmatch(re.escape(names[0]) + r",form=[0-9a-f]{4}", name) for name in names[1:])
    assert names[1] == names[3] != names[2]


OWN = [
    (("trainer=quick",), "mlp_attention,fast,epochs=3"),
    (("trainer=quick", "trainer.epochs=10"), "mlp_attention,fast"),
    (("trainer=quicker",), "mlp_attention,fast,epochs=3,beta1=0.5"),
    (("trainer=named",), "mlp_attention,named,epochs=3"),
    (("trainer=deep/preset",), "mlp_attention,epochs=3"),
    (("model=small",), "lstm_attention,hidden_size=4,attention=none"),
    (("model=named", "trainer=named"), "named,named,hidden_size=4,epochs=3"),
    (("dataset=longer", "model.init=keras", "trainer=fast"), "mlp_attention,longer,fast,init=keras,length=12"),
]


@pytest.mark.parametrize(("overrides", "name"), OWN, ids=[" ".join(overrides) for overrides, _ in OWN])
def test_a_file_of_the_users_shows_what_differs_from_the_one_that_it_builds_on(
    overrides: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    """In the folder's name, and for whoever has the checked config alone, such as a worker on another machine."""
    config = compose_config(overrides, write_own_configs(tmp_path / "own"))
    assert config.hydra.run.dir == f"outputs/{config.dataset.name}/{name}/seed=1337"
    job = Job(checked(config), tmp_path / "run", OmegaConf.masked_copy(config, "hydra"))
    assert job.variant == name
    shutil.rmtree(tmp_path / "own")
    assert replace(job).variant == name


@pytest.mark.parametrize("mark", ["result.json", "checkpoint.pt"])
def test_runs_lie_in_a_folder_of_the_datasets_name_unless_they_were_begun_where_all_were_once(
    mark: str, folder: Path
) -> None:
    def composed(*overrides: str) -> DictConfig:
        return compose_config(["dataset=reverse", "model=query_attention", *overrides])

    def place(*overrides: str) -> str:
        return str(composed(*overrides).hydra.run.dir)

    def write(config: dict[str, Any]) -> None:
        text = json.dumps(config, sort_keys=True)
        if mark == "checkpoint.pt":
            save_checkpoint(earlier / mark, Checkpoint(text, 1, 0, {}, 1.0, 0.0))
        else:
            (earlier / mark).write_text(json.dumps({"status": "diverged", "diverged": None, "config": config}))

    assert place() == "outputs/reverse/query_attention,reverse/seed=1337"
    assert place("name=mine") == "outputs/mine/query_attention,reverse/seed=1337"
    earlier = folder / "outputs/tutorial/query_attention,reverse/seed=1337"
    earlier.mkdir(parents=True)
    assert place() == "outputs/reverse/query_attention,reverse/seed=1337"  # nothing is in it
    (earlier / mark).touch()
    assert place() == "outputs/reverse/query_attention,reverse/seed=1337"  # it is damaged
    config = json.loads(result_config(checked(composed())))
    write(config | {"trainer": {key: value for key, value in config["trainer"].items() if key != "clip_norm"}})
    assert place() == "outputs/reverse/query_attention,reverse/seed=1337"  # it would be refused
    write(config)
    assert place() == "outputs/tutorial/query_attention,reverse/seed=1337"
    assert place("seed=1") == "outputs/reverse/query_attention,reverse/seed=1"
    (folder / "outputs/reverse/query_attention,reverse/seed=1337").mkdir(parents=True)
    assert place() == "outputs/reverse/query_attention,reverse/seed=1337"


def test_a_sweep_of_datasets_has_a_folder_for_each(folder: Path) -> None:
    folders = [config.hydra.sweep.dir for config in compose_sweep(["dataset=tutorial,abs_difference", "seed=1,2"])]
    assert folders == ["outputs/tutorial", "outputs/abs_difference", "outputs/tutorial"]


def test_a_file_of_the_users_that_builds_on_none_shows_what_is_not_usual(tmp_path: Path) -> None:
    config = compose_config(["trainer=alone"], write_own_configs(tmp_path))
    changed = "epochs=1,batch_size=512,learning_rate=0.005,epsilon=1e-08,adam=torch,order=random"
    assert variant_name(config, own_folders(config)) == f"mlp_attention,alone,{changed}"


def test_the_checked_config_has_the_same_name(composed: Callable[..., DictConfig]) -> None:
    config = composed("model=lstm_attention", "dataset=abs_difference", "dataset.base=7", "trainer.beta1=0.5")
    assert variant_name(OmegaConf.structured(checked(config))) == variant_name(config)


@lru_cache
def base(model: str, dataset: str, trainer: str) -> DictConfig:
    register()
    config = compose_config([f"model={model}", f"dataset={dataset}", f"trainer={trainer}"])
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def build(choices: tuple[str, str, str], values: dict[str, Any]) -> DictConfig:
    """A config of these choices, and of those values whose key it has."""
    config = base(*choices).copy()
    for key, value in values.items():
        if OmegaConf.select(config, key) is not None:
            OmegaConf.update(config, key, value)
    return config


choices = st.tuples(
    st.sampled_from(["mlp_attention", "lstm_attention"]),
    st.sampled_from(["tutorial", "abs_difference"]),
    st.sampled_from(["tutorial", "fast"]),
)
# few values of each key, so that two configs are often the same
values = st.fixed_dictionaries(
    {},
    optional={
        "model.hidden_size": st.sampled_from([10, 64, 1]),
        "model.attention": st.sampled_from(["time", "none"]),
        "model.init": st.sampled_from(["keras", "tutorial"]),
        "dataset.seed": st.sampled_from([0, 1, 1337]),
        "dataset.base": st.sampled_from([10, 9]),
        "dataset.train_size": st.sampled_from([300_000, 30]),
        "trainer.learning_rate": st.sampled_from([0.001, 0.005, 5e-10]),
        "trainer.batch_size": st.sampled_from([32, 512]),
        "trainer.order": st.sampled_from(["random", "tutorial"]),
        "trainer.adam": st.sampled_from(["keras", "torch"]),
    },
)
operands = st.sampled_from([([1, 2, 3], [5, 6, 7]), ([1, 2], [3, 5]), ([1], [2]), ([1, 2], [5, 3])])
undecided = st.fixed_dictionaries(
    {},
    optional={
        "trainer.compile": st.sampled_from(["true", "auto"]),
        "trainer.checkpoint_minutes": st.sampled_from([1.0, 5.0]),
        "device": st.sampled_from(["cpu", "auto"]),
        "overwrite": st.booleans(),
        "name": st.sampled_from(["a", "b"]),
    },
)
configs = st.builds(
    lambda choices, values, pair, rest: build(
        choices, {**values, "dataset.left": pair[0], "dataset.right": pair[1], **rest}
    ),
    choices,
    values,
    operands,
    undecided,
)


@settings(max_examples=40)
@given(configs, configs)
def test_names_are_the_same_where_results_are(one: DictConfig, other: DictConfig) -> None:
    same_result = result_config(checked(one)) == result_config(checked(other))
    assert (variant_name(one) == variant_name(other)) == same_result


@settings(max_examples=15)
@given(configs, undecided)
def test_what_decides_nothing_changes_no_name(config: DictConfig, rest: dict[str, Any]) -> None:
    changed = config.copy()
    for key, value in rest.items():
        OmegaConf.update(changed, key, value)
    assert variant_name(changed) == variant_name(config)
    assert result_config(checked(changed)) == result_config(checked(config))


def test_the_seed_decides_the_result_but_is_not_in_the_name(composed: Callable[..., DictConfig]) -> None:
    one, other = composed("seed=1"), composed("seed=2")
    assert variant_name(one) == variant_name(other)
    assert result_config(checked(one)) != result_config(checked(other))


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    positions = list(range(60))
    many = {"dataset.length": 120, "dataset.left": positions[:9], "trainer.epsilon": 1.2345678901234567e-7}
    many |= {"trainer.beta1": 0.1234567890123456, "trainer.beta2": 0.6543210987654321, "model.hidden_size": 12345}
    kind = ("lstm_attention", "abs_difference", "fast")
    first = variant_name(build(kind, {**many, "trainer.epochs": 11}))
    second = variant_name(build(kind, {**many, "trainer.epochs": 12}))
    last = variant_name(build(kind, {**many, "trainer.epochs": 11, "dataset.left": positions[9:18]}))
    assert len({first, second, last}) == 3
    assert max(map(len, (first, second, last))) <= LONGEST
    assert first.startswith("lstm_attention,abs_difference,fast,")
    assert first == variant_name(build(kind, {**many, "trainer.epochs": 11}))
    for name in (first, second, last):
        assert not set(name) & set('/\\:*?"<>| ')
