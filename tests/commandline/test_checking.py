"""A composed config, checked: names of choices, files that would not be read."""

import shutil
from pathlib import Path

import pytest
from own_configs import write_files, write_own_configs

from attnseq.commandline.checking import check_own_files, checked
from attnseq.commandline.composition import compose_config
from attnseq.core.keys import ConfigError
from attnseq.runs.config_files import config_directory


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("trainer/fast.yaml", "attnseq"),
        ("experiment/tutorial_mlp.yaml", "attnseq"),
        ("config.yaml", "attnseq"),
        ("hydra/job_logging/default.yaml", "Hydra"),
    ],
)
def test_a_file_of_a_shipped_name_is_refused(name: str, owner: str, tmp_path: Path) -> None:
    """Hydra would take the shipped one without a word, whichever way it is told of the folder."""
    own = write_files(tmp_path / "own", {name: "epochs: 3\n"})
    line = f"{own / name}: would not be read, as {owner} has a {name} of its own; rename it"
    for config in (compose_config([], own), compose_config([f"hydra.searchpath=[file://{own}]"])):
        with pytest.raises(ConfigError) as error:
            check_own_files(config)
        assert str(error.value) == line


def test_a_copy_of_what_ships_is_as_good(tmp_path: Path) -> None:
    copy = shutil.copytree(config_directory(), tmp_path / "copy")
    check_own_files(compose_config(["trainer=fast"], copy))
    check_own_files(compose_config([], config_directory()))


@pytest.mark.parametrize(
    ("override", "name"),
    [
        ("trainer=quick", "fast"),
        ("trainer=quicker", "fast"),
        ("trainer=named", "named"),
        ("trainer=deep/preset", "tutorial"),
    ],
)
def test_a_preset_needs_no_name(override: str, name: str, tmp_path: Path) -> None:
    own = write_own_configs(tmp_path)
    assert checked(compose_config([override], own)).trainer.name == name
    with pytest.raises(ConfigError, match=f"^trainer.name=other: must be {name}, the name of "):
        checked(compose_config([override, "trainer.name=other"], own))


def test_a_name_that_is_another_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^trainer.name=fast: must be copied, the name of its file$"):
        checked(compose_config(["trainer=copied"], write_own_configs(tmp_path)))
