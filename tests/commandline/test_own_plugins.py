"""Plugins are found on the command line and in the experiments that it chooses, before anything is composed."""

from pathlib import Path

import pytest
from own_configs import write_files

from attnseq.commandline.own_plugins import named_plugins
from attnseq.core.keys import ConfigError

FILES = {
    "experiment/one.yaml": "# @package _global_\nplugins: [a.b]\nname: ${seed}\n",
    "experiment/two.yaml": "# @package _global_\nplugins: [c]\n",
    "experiment/built.yaml": "# @package _global_\ndefaults: [one, override /model: mlp_plain]\n",
    "experiment/replaced.yaml": "# @package _global_\ndefaults:\n  - one\nplugins: [d]\n",
    "experiment/both.yaml": "# @package _global_\ndefaults: [one, two]\n",
    "experiment/around.yaml": "# @package _global_\ndefaults: [around]\n",
    "experiment/none.yaml": "# @package _global_\nseed: 3\n",
    "experiment/no_list.yaml": "# @package _global_\nplugins: a.b\n",
    "experiment/damaged.yaml": "a: [b\n",
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return write_files(tmp_path, FILES)


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        (["seed=1"], []),
        (["plugins=[a,b.c]"], ["a", "b.c"]),
        (["+plugins=[a]"], ["a"]),
        (["plugins=[a]", "plugins=[b]"], ["b"]),
        (["plugins=[]"], []),
        (["~plugins"], []),
        (["plugins=[a", "seed="], []),
        (["experiment=one"], ["a.b"]),
        (["+experiment=one"], ["a.b"]),
        (["experiment=one,two"], ["a.b", "c"]),
        (["experiment=[one,two]"], ["a.b", "c"]),
        (["experiment=built"], ["a.b"]),
        (["experiment=replaced"], ["d"]),
        (["experiment=both"], ["c"]),
        (["experiment=around"], []),
        (["experiment=none"], []),
        (["experiment=no_list"], []),
        (["experiment=not_there"], []),
        (["experiment=one", "plugins=[b]"], ["b"]),
    ],
)
def test_names_are_found(own: Path, overrides: list[str], names: list[str]) -> None:
    assert named_plugins(overrides, own) == names


def test_own_folders_may_be_on_hydras_search_path(own: Path) -> None:
    for folder in (f"file://{own}", str(own)):
        assert named_plugins([f"hydra.searchpath=['{folder}']", "experiment=two"]) == ["c"]


@pytest.mark.parametrize("override", ["plugins=a", "+plugins=a", "plugins=null", "plugins=[a],[b]", "plugins=a,b"])
def test_what_is_not_a_list_is_refused_before_a_choice_is_said_to_be_unknown(override: str) -> None:
    with pytest.raises(ConfigError) as error:
        named_plugins([override, "model=of_the_plugin"])
    assert str(error.value) == f"{override}: takes a list in brackets, such as plugins=[a,b], and no sweep"


def test_a_damaged_file_is_one_line(own: Path) -> None:
    with pytest.raises(ConfigError, match=r"^experiment=damaged: cannot be read \([^\n]+\)$"):
        named_plugins(["experiment=damaged"], own)
