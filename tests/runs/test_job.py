"""A job: its name, where it stands, and the .hydra/ that it writes."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from omegaconf import OmegaConf

from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.training.checkpoint import Checkpoint

Tiny = Callable[..., RunConfig]


def test_its_name_tells_it_from_others(tiny: Tiny, tmp_path: Path) -> None:
    job = Job(tiny("seed=3", "model=lstm_attention", "model.attention=element"), tmp_path)
    assert job.name == f"{job.variant} seed=3"
    assert job.variant.startswith("lstm_attention,attention=element,")


def test_where_it_stands(tiny: Tiny, tmp_path: Path) -> None:
    job = Job(tiny(), tmp_path)
    assert job.position == (0, 0)
    job.resumed = Checkpoint(job.folder.config, 3, 128, {}, 1.0, 0.0)
    assert job.position == (3, 128)


def test_its_folder_is_emptied_once(tiny: Tiny, tmp_path: Path, finished: Path) -> None:
    """So that a second attempt at the same job keeps what the first one did."""
    path = shutil.copytree(finished, tmp_path / "run")
    result = Job(tiny(), path).take_up()
    assert result is not None
    job = Job(tiny("overwrite=true"), path)
    assert (job.take_up(), job.position) == (None, (0, 0))
    assert not job.folder.result_path.exists()
    job.folder.write_result(result)
    taken = replace(job).take_up()
    assert taken is not None
    assert taken["loss/test"] == result["loss/test"]


def test_it_makes_nothing_until_it_is_asked(tiny: Tiny, tmp_path: Path) -> None:
    Job(tiny(), tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_its_config_is_written_as_hydra_does(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny("seed=3", "trainer.learning_rate=1e-3")
    hydra = OmegaConf.create({"hydra": {"overrides": {"task": ["seed=3"]}, "job": {"num": 2}}})
    Job(config, tmp_path, hydra).write_config()
    read = {path.name: OmegaConf.load(path) for path in (tmp_path / ".hydra").iterdir()}
    assert read.keys() == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert read["config.yaml"] == asdict(config)
    assert read["hydra.yaml"] == hydra
    assert read["overrides.yaml"] == ["seed=3"]


def test_without_hydra_only_the_config_is_written(tiny: Tiny, tmp_path: Path) -> None:
    Job(tiny(), tmp_path).write_config()
    assert [path.name for path in (tmp_path / ".hydra").iterdir()] == ["config.yaml"]
