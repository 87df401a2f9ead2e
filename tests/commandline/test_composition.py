"""What Hydra composes: a user's own files are obeyed, and of a sweep each value is composed once."""

from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig
from own_configs import write_own_configs

from attnseq.commandline.composition import compose_config, compose_sweep, one_store
from attnseq.core.keys import ConfigError
from attnseq.models.config import MODELS
from attnseq.runs.config_files import config_directory


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user's own configs."""
    return write_own_configs(tmp_path_factory.mktemp("own"))


@pytest.mark.parametrize(
    ("overrides", "launcher", "logging"),
    [
        ([], "fused", "none"),
        (["experiment=one_by_one"], "basic", "default"),
        (["experiment=cluster"], "ray_fused", "none"),
        (["experiment=both"], "fused", "default"),
        (["experiment=one_by_one", "hydra/launcher=fused"], "fused", "default"),
        (["experiment=tutorial_lstm"], "fused", "none"),
    ],
    ids=" ".join,
)
def test_an_experiment_chooses_hydras_own_parts(overrides: list[str], launcher: str, logging: str, own: Path) -> None:
    for config in (compose_config(overrides, own), *compose_sweep([*overrides, "seed=3"], own)):
        choices = config.hydra.runtime.choices
        chosen = [choices[f"hydra/{group}"] for group in ("launcher", "job_logging", "hydra_logging")]
        assert chosen == [launcher, logging, "none"]


def test_a_sweep_of_experiments_has_one_launcher(own: Path) -> None:
    with pytest.raises(ConfigError, match=r"^experiment=cluster: sets hydra\.launcher, of which a sweep has one"):
        list(compose_sweep(["experiment=cluster,one_by_one"], own))


def test_each_value_of_a_sweep_is_composed_once() -> None:
    jobs = compose_sweep(["seed=range(3)", "trainer.epochs=2", "trainer.beta1=0.5,0.6"])
    assert [(job.seed, job.trainer.beta1) for job in jobs] == [(0, 0.5), (1, 0.5), (2, 0.5), (0, 0.6)]


def test_of_a_plain_value_given_twice_the_last_wins() -> None:
    assert [job.seed for job in compose_sweep(["seed=3", "seed=4"])] == [4]
    assert [job.seed for job in compose_sweep(["seed=3", "seed=4,5"])] == [4, 5]
    of_experiment = ["experiment=learning_rate", "trainer.learning_rate=1", "seed=4,5"]
    assert [job.seed for job in compose_sweep(of_experiment)] == [4, 5]


@pytest.mark.parametrize(
    "overrides",
    [["seed=1,2", "seed=3,4"], ["seed=1,2", "seed=3"], ["seed=1,2", "++seed=3,4"], ["model=lstm_plain,mlp_plain"] * 2],
    ids=" ".join,
)
def test_a_sweep_that_would_be_dropped_is_refused(overrides: list[str]) -> None:
    with pytest.raises(ConfigError, match="is swept once"):
        list(compose_sweep(overrides))


def test_a_file_that_builds_on_itself_is_one_line(own: Path) -> None:
    with pytest.raises(ConfigError, match=r"^trainer=around: a file builds on itself"):
        compose_config(["trainer=around"], own)
    with pytest.raises(ConfigError, match=r"^trainer=around seed=1: a file builds on itself"):
        list(compose_sweep(["trainer=quick,around", "seed=1,2"], own))


def test_hydra_looks_at_a_group_without_copying_all_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes --help a matter of a second, which no test should time."""
    copied, copy = [], DictConfig.__deepcopy__

    def noted(config: DictConfig, memo: dict[int, object]) -> DictConfig:
        copied.append(config)
        return copy(config, memo)

    monkeypatch.setattr(DictConfig, "__deepcopy__", noted)
    with initialize_config_dir(str(config_directory()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        seen = loader.get_group_options("schema/model")
        assert copied  # else Hydra has learnt to do without, and `one_store` can go
        copied.clear()
        with one_store():
            assert loader.get_group_options("schema/model") == seen == MODELS.names()
        assert not copied
        loader.get_group_options("schema/model")
        assert copied  # the store is as it was
