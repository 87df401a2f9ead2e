"""A package of a user's own, outside the checkout, brings its choices: named, in an experiment's file, or installed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from own_configs import write_files
from processes import LIMIT

import attnseq
from attnseq.core import plugins
from attnseq.core.registry import Registry
from attnseq.models.config import MODELS

try:
    import ray
except ImportError:
    ray = None

ROOT = Path(__file__).resolve().parents[1]
NAME = "linear_attention_example"
TINY = (
    *("device=cpu", "model=linear_attention", "trainer=fast", "trainer.epochs=1", "trainer.compile=false"),
    *(f"dataset.{part}_size=64" for part in ("train", "validation", "test")),
)


@pytest.fixture
def package(folder: Path) -> Path:
    """The worked example of docs/extending.md, copied into an empty folder, in which the test runs."""
    shutil.copytree(ROOT / "docs" / "extending" / "linear_attention", folder, dirs_exist_ok=True)
    shutil.rmtree(folder / "outputs", ignore_errors=True)
    return folder


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a test that imports the package in this process nothing of it is left."""
    monkeypatch.setattr(plugins, "MODULES", list(plugins.MODULES))
    monkeypatch.setattr(MODELS, "_found", dict(MODELS._found))
    monkeypatch.delitem(sys.modules, NAME, raising=False)


def train(*arguments: str, status: int = 0) -> str:
    """The command, as the package's user gives it; what it prints, on standard error where it fails."""
    command = [sys.executable, "-m", "attnseq.train", "--config-dir", "conf", *arguments, *TINY]
    environment = {**os.environ, "PYTHONPATH": f".{os.pathsep}{ROOT}"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


def results() -> list[Path]:
    return sorted(Path("outputs").rglob("result.json"))


LAUNCHERS = [
    "fused",
    pytest.param("ray_fused", marks=pytest.mark.skipif(ray is None, reason="Ray is not installed (extra ray)")),
]


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_of_its_model_is_one_program(package: Path, launcher: str) -> None:
    printed = train("-m", f"plugins=[{NAME}]", "seed=1,2", f"hydra/launcher={launcher}")
    assert re.search(r"^linear_attention,fast,[a-z0-9_=,]+, 2 runs, one program", printed, re.MULTILINE)
    assert "auto" not in printed
    assert len(results()) == 2


def test_a_run_of_it_is_loaded_where_the_caller_names_it(package: Path, forgotten: None) -> None:
    write_files(package / "conf", {"experiment/mine.yaml": f"# @package _global_\nplugins: [{NAME}]\n"})
    train("experiment=mine")
    (result,) = results()
    with pytest.raises(attnseq.RunError) as error:
        attnseq.load(result.parent)
    assert str(error.value).endswith(f"; it was trained with plugins: attnseq.load(folder, plugins=['{NAME}'])")
    assert NAME not in sys.modules
    sys.path.insert(0, str(package))
    try:
        run = attnseq.load(result.parent, plugins=[NAME])
    finally:
        sys.path.remove(str(package))
    assert type(run.model).__name__ == "LinearAttention"
    assert run.predict("2841907365").attention is not None


def test_an_installed_package_need_not_be_named(package: Path) -> None:
    metadata = "Metadata-Version: 2.1\nName: linear-attention-example\nVersion: 1.0\n"
    points = f"[attnseq.plugins]\nlinear = {NAME}\n"
    write_files(package / "linear_attention_example-1.0.dist-info", {"METADATA": metadata, "entry_points.txt": points})
    train()
    assert len(results()) == 1


def test_what_names_it_too_late_says_where_to_name_it(package: Path) -> None:
    write_files(package / "conf", {"trainer/late.yaml": f"# @package _global_\nplugins: [{NAME}]\n"})
    line = f"plugins={NAME}: read too late; name it on the command line, or in the experiment's own file\n"
    (package / "conf" / "model" / "linear_attention.yaml").write_text("defaults: [mlp_attention]\n")
    assert train("+trainer@_global_=late", status=2) == line
    assert not Path("outputs").exists()


def test_where_it_is_not_named_the_line_says_how(package: Path) -> None:
    line = "model=linear_attention: nothing of this name is registered; name the module that registers it: plugins="
    assert train(status=2) == f"{line}[my_package.module]\n"


def test_an_unknown_package_is_one_line(package: Path) -> None:
    printed = train("plugins=[linear_atention_example]", status=2)
    assert printed.startswith("plugins=linear_atention_example: cannot be imported (ModuleNotFoundError: ")
    assert printed.count("\n") == 1


def test_a_module_that_is_imported_again_replaces_what_it_brought() -> None:
    registry: Registry[type] = Registry("thing", "attnseq.api")

    def module() -> type:
        class Thing:
            pass

        return registry.register("thing")(Thing)

    first, second = module(), module()
    assert first is not second
    assert registry["thing"] is second
