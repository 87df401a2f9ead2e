"""A sweep starts although its multirun.yaml cannot be written; nothing else is left out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from attnseq.commandline.multirun_yaml import multirun_yaml_where_possible


def test_only_multirun_yaml_may_be_missing(tmp_path: Path, read_only: Callable[[Path], None]) -> None:
    save = OmegaConf.save
    config = OmegaConf.create({"seed": 1})
    with multirun_yaml_where_possible():
        OmegaConf.save(config, tmp_path / "multirun.yaml")
        OmegaConf.save(config, tmp_path / "other.yaml")
    assert OmegaConf.load(tmp_path / "multirun.yaml") == config
    read_only(tmp_path)
    with multirun_yaml_where_possible():
        OmegaConf.save(OmegaConf.create(), tmp_path / "multirun.yaml")
        with pytest.raises(OSError, match="Read-only"):
            OmegaConf.save(OmegaConf.create(), tmp_path / "other.yaml")
    assert OmegaConf.save is save
    assert OmegaConf.load(tmp_path / "multirun.yaml") == config
