"""Jobs that are composed from one composition are what Hydra composes, to the last flag, and so are its errors."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.base import Container

from attnseq.commandline.job_composer import JobComposer
from attnseq.runs.config_files import config_directory

ABS, LSTM = "dataset=abs_difference", "model=lstm_attention"

# jobs that follow one another: where the second has the shape of the first, Hydra is asked for the first alone
JOBS: dict[str, list[list[str]]] = {
    "nothing": [[], []],
    "seeds": [["seed=1"], ["seed=2"], ["seed=4294967295"], ["seed=???"], ["seed=int(1.0)"]],
    "numbers": [[f"trainer.learning_rate={value}"] for value in ("1e-3", "0.5", "2", "inf", "nan")],
    "truth": [["overwrite=true"], ["overwrite=false"], ["overwrite=1"]],
    "words": [["name=one"], ["name=3"], ["name=true"], ["name="], ["name=a b"], [r"name=a\,b"], [r"name=\${seed}"]],
    "quotes": [[f"name={text}"] for text in ("'one, two'", '"a b"', "'1'", "'null'", "'[1,2]'", r"'it\'s'", "''")],
    "a truth value for text": [["trainer.compile=auto"], ["trainer.compile=false"]],
    "lists": [[ABS, "dataset.left=[1,2]"], [ABS, "dataset.left=[3,4]"]],
    "several keys": [["seed=1", "trainer.epochs=2"], ["seed=2", "trainer.epochs=3"], ["trainer.epochs=3", "seed=2"]],
    "a key twice": [["seed=1", "seed=2"], ["seed=2", "seed=1"]],
    "a key twice, first an interpolation": [["seed=${dataset.seed}", "seed=2"], ["seed=${dataset.seed}", "seed=3"]],
    "a key twice, last an interpolation": [["seed=2", "seed=${dataset.seed}"], ["seed=3", "seed=${dataset.seed}"]],
    "interpolations": [["seed=${trainer.epochs}"], ["seed=${dataset.seed}"], ["seed=4"]],
    "groups": [[LSTM, "seed=1"], [LSTM, "seed=2"], ["model=mlp_attention", "seed=2"]],
    "a key of a choice": [[LSTM, "model.attention=time"], [LSTM, "model.attention=none"]],
    "a key before its choice": [["model.attention=time", LSTM], ["model.attention=none", LSTM]],
    "experiments": [["experiment=tutorial_lstm", "seed=3"], ["experiment=tutorial_lstm", "seed=4"]],
    "added": [["+more=1", "seed=1"], ["+more=1", "seed=2"], ["+more=2", "seed=2"], ["++seed=7"]],
    "deleted": [["~trainer", "seed=2"], ["~trainer", "seed=3"], ["~seed"]],
    "Hydra's own": [["hydra.job.name=x", "seed=1"], ["hydra.job.name=x", "seed=2"], ["hydra.job.name=y", "seed=2"]],
}

# a job that composes, and one that does not; the first leaves what the second could use
ERRORS: dict[str, tuple[list[str], list[str]]] = {
    "a word for an integer": (["seed=1"], ["seed=one"]),
    "null": (["seed=1"], ["seed=null"]),
    "a misspelt key": (["seed=1"], ["sed=1"]),
    "a misspelt key of a group": (["seed=1"], ["trainer.epoch=1"]),
    "a key below a number": (["seed=1"], ["seed.more=1"]),
    "a misspelt choice": ([LSTM], ["model=nope"]),
    "a number for a group": (["seed=1"], ["trainer=3"]),
    "a number for a list": ([ABS], [ABS, "dataset.left=3"]),
    "no override": (["seed=1"], ["seed"]),
    "no experiment": (["seed=1"], ["experiment=null"]),
    "deleted twice": (["seed=1"], ["~seed", "~seed"]),
    "added where it is": (["seed=1"], ["+seed=2"]),
    "a package": (["seed=1"], ["seed@trainer=1"]),
}


class Remembering:
    """Hydra's loader, asked once for each job: it takes a fifth of a second."""

    def __init__(self, loader: ConfigLoader) -> None:
        self.loader = loader
        self.asked: list[list[str]] = []
        self._configs: dict[tuple[str, ...], DictConfig] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def load_sweep_config(self, master: DictConfig, overrides: list[str]) -> DictConfig:
        self.asked.append(overrides)
        job = tuple(overrides)
        if job not in self._configs:
            self._configs[job] = self.loader.load_sweep_config(master, list(overrides))
        return copy.deepcopy(self._configs[job])


@pytest.fixture(scope="module")
def loader(_registered: None) -> Any:
    """Hydra's own."""
    with initialize_config_dir(str(config_directory()), version_base="1.3"):
        return Remembering(GlobalHydra.instance().config_loader())


@pytest.fixture(scope="module")
def master(loader: ConfigLoader) -> DictConfig:
    """The config of a sweep."""
    fixed = ["hydra.job.config.override_dirname.exclude_keys=[seed]", "hydra.job.config.override_dirname.kv_sep=_"]
    return loader.load_configuration("config", fixed, run_mode=RunMode.MULTIRUN)


def nodes(config: Container, prefix: str = "") -> Iterator[tuple[Any, ...]]:
    """Every node: where it is, its class, the type it was declared with, whether it may be None, and its flags."""
    keys = range(len(config)) if isinstance(config, ListConfig) else list(config)
    for key in keys:
        node = config._get_node(key)
        flags = [node._get_node_flag(flag) for flag in ("struct", "readonly", "allow_objects", "no_deepcopy_set_nodes")]
        metadata = node._metadata
        yield prefix, key, type(node), metadata.ref_type, metadata.object_type, metadata.optional, metadata.key, flags
        if not node._is_none() and not node._is_interpolation() and isinstance(node, Container):
            assert node._get_parent() is config
            yield from nodes(node, f"{prefix}{key}.")


@pytest.mark.parametrize("case", JOBS)
def test_it_composes_what_hydra_does(case: str, loader: ConfigLoader, master: DictConfig) -> None:
    jobs = JOBS[case]
    before = OmegaConf.to_yaml(master)
    composer = JobComposer(loader)
    composed = [composer.load_sweep_config(master, overrides) for overrides in jobs]
    for overrides, ours in zip(jobs, composed, strict=True):
        theirs = loader.load_sweep_config(master, overrides)
        assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs)
        assert list(nodes(ours)) == list(nodes(theirs))
        for flag in ("struct", "readonly"):
            assert ours._get_node_flag(flag) == theirs._get_node_flag(flag)
    assert OmegaConf.to_yaml(master) == before


@pytest.mark.parametrize("case", ERRORS)
def test_it_refuses_what_hydra_does(case: str, loader: ConfigLoader, master: DictConfig) -> None:
    good, bad = ERRORS[case]
    composer, errors = JobComposer(loader), []
    composer.load_sweep_config(master, good)
    for each in (loader, composer):
        try:
            errors.append(each.load_sweep_config(master, bad))
        except Exception as error:
            errors.append(error)
    theirs, ours = errors
    assert isinstance(theirs, Exception)
    assert (type(ours), str(ours)) == (type(theirs), str(theirs))


def test_a_config_is_the_callers_own(loader: ConfigLoader, master: DictConfig) -> None:
    composer = JobComposer(loader)
    first = composer.load_sweep_config(master, ["seed=1"])
    first.seed, first.trainer.epochs = 9, 77
    second = composer.load_sweep_config(master, ["seed=2"])
    assert (second.seed, second.trainer.epochs) == (2, 10)


def test_hydra_composes_once_for_jobs_that_differ_in_plain_values(loader: Remembering, master: DictConfig) -> None:
    composer, before = JobComposer(loader), len(loader.asked)  # type: ignore[arg-type]
    for seed in range(5):
        composer.load_sweep_config(master, [LSTM, f"seed={seed}", "trainer.epochs=3"])
    assert loader.asked[before:] == [[LSTM, "seed=0", "trainer.epochs=3"]]


def test_what_else_is_asked_of_it_is_asked_of_hydras_own(loader: ConfigLoader) -> None:
    assert JobComposer(loader).get_group_options("model") == loader.get_group_options("model")
