"""What the code uses of Hydra that Hydra does not promise: each as it is relied on, and nothing else.

Where one of these fails, another version of Hydra has changed it; the comment beside its use says what it is for. That
`copy.deepcopy` heeds the store of schemas is tested with `one_store`, and that a job of a sweep is what Hydra composes
with `JobComposer`.
"""

import ast
import inspect
from pathlib import Path

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

ROOT = Path(__file__).resolve().parents[2]

PRIVATE = {("attnseq/commandline/command_line.py", "hydra._internal.utils.get_args_parser")}


def imports(file: Path) -> set[str]:
    """Full names of what a module imports."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return names | {f"{node.module}.{alias.name}" for node in froms for alias in node.names}


def test_nothing_else_private_is_imported() -> None:
    files = [file for folder in ("attnseq", "hydra_plugins") for file in (ROOT / folder).rglob("*.py")]
    found = {(file.relative_to(ROOT).as_posix(), name) for file in files for name in imports(file)}
    of_hydra = {(file, name) for file, name in found if name.startswith(("hydra.", "omegaconf."))}
    assert {(file, name) for file, name in of_hydra if "._" in name} == PRIVATE


def test_hydras_parser_knows_what_is_asked_of_it() -> None:
    assert not inspect.signature(get_args_parser).parameters
    given = vars(get_args_parser().parse_args(["-m", "seed=1"]))
    asked = {"help", "hydra_help", "info", "shell_completion", "run", "multirun", "cfg", "resolve"}
    asked |= {"config_name", "config_path", "config_dir", "experimental_rerun"}
    assert asked < given.keys()
    assert (given["multirun"], given["overrides"]) == (True, ["seed=1"])


def test_the_sweeper_writes_multirun_yaml_by_omegaconf() -> None:
    """`multirun_yaml_where_possible` puts another function in its place."""
    saves = [line.strip() for line in inspect.getsource(BasicSweeper).splitlines() if "OmegaConf.save" in line]
    assert saves == ['OmegaConf.save(self.config, sweep_dir / "multirun.yaml")']


@pytest.mark.usefixtures("hydra_restore_singletons")
def test_hydras_config_is_what_its_singleton_holds() -> None:
    """The fused launcher sets it without the copy that `set_config` makes."""
    config = OmegaConf.create({"hydra": {"job": {"num": 3}}})
    HydraConfig.instance().cfg = config  # type: ignore[assignment]
    assert HydraConfig.get() is config.hydra
