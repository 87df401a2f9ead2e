"""YAML that is written entry by entry is what OmegaConf writes of the whole."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from attnseq.commandline.composition import compose_config
from attnseq.runs.config_text import to_yaml

LONG = "word " * 60


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"a": {}, "b": [], "c": {"d": {}}},
        {"a": None, "b": True, "c": 1, "d": 1.0, "e": "1", "f": "true", "g": "1e-3", "h": "", "i": "???"},
        {"a": -0.0, "b": 0.0, "c": False, "d": 0, "e": float("inf"), "f": float("nan"), "g": 1e-07},
        {"a": {"b": {"c": [1, {"d": [2, "x: y"]}], "e": "# no comment"}, 3: "three", "true": "a truth", True: 1}},
        {"a": {"a": 1, "b": {"a": 2}}, "b": {"a": {"a": 1}}},
        {"a": LONG, "b": {"c": {"d": LONG}}, "e": "line\nline", "f": "ünï", "k" * 140: {"l" * 140: 1, LONG: LONG}},
        {"a": "${b}", "b": {"c": "${a}/${d:}", "e": "@%`'\""}},
        {"a\nb": {"c": {"d": 1}}, "e": {"f\ng": {"h": [1]}, "i" * 126: {"j": 2}}},
    ],
)
def test_it_is_what_omegaconf_writes(content: Any) -> None:
    whole = OmegaConf.to_yaml(OmegaConf.create(content))
    assert to_yaml(content) == whole
    assert to_yaml(content) == whole  # as it is remembered


def test_hydras_part_is_what_omegaconf_writes() -> None:
    config: Any = OmegaConf.masked_copy(compose_config(["seed=3", "name=a b"]), "hydra")
    assert to_yaml(OmegaConf.to_container(config, enum_to_str=True)) == OmegaConf.to_yaml(config)
