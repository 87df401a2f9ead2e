"""A sweep from the checkout, from `pip install -e .` and from the wheel: each finds the launcher and the configs."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from processes import LIMIT

from attnseq.core.version import __version__

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("attnseq", "conf", "hydra_plugins", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
SWEEP = (
    *("-m", "seed=1,2", "device=cpu", "dataset.train_size=64", "dataset.validation_size=16", "dataset.test_size=16"),
    *("trainer.epochs=1", "trainer.compile=false"),
)


class Environment:
    """A virtual environment that has this one's packages, but not attnseq, where that is installed as editable."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        scripts = sysconfig.get_path("scripts", "venv", {"base": str(folder)})
        self.python = Path(scripts) / Path(sys.executable).name
        self.scripts = Path(scripts)
        packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
        theirs = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (packages / "packages_of_the_tests.pth").write_text("".join(f"{path}\n" for path in sorted(theirs)))

    def run(self, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """A command in a folder, which must succeed."""
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
        done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def install(self, sources: Path, *options: str) -> None:
        """attnseq alone, without network: it is built by the setuptools of this environment."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        self.run(sources, *pip, "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", *options)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the checkout: building leaves files in it."""
    folder = tmp_path / "check out"
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


def check_sweep(environment: Environment, folder: Path, home: Path, *command: str | Path) -> None:
    """The command trains a sweep of two runs in `folder` as one population, with the attnseq that is in `home`."""
    where = "import attnseq, hydra_plugins.attnseq_launchers as l; print(attnseq.__file__); print(l.__file__)"
    files = environment.run(folder, environment.python, "-c", where).stdout.splitlines()
    for file in files:
        assert Path(file).resolve().is_relative_to(home.resolve()), files
    done = environment.run(folder, *command, *SWEEP)
    assert done.stderr == ""
    assert "2 runs, one program" in done.stdout
    results = [json.loads(path.read_text()) for path in (folder / "outputs").rglob("result.json")]
    assert sorted(result["seed"] for result in results) == [1, 2]
    assert [result["population"] for result in results] == [2, 2]


def test_from_the_checkout(environment: Environment, sources: Path) -> None:
    check_sweep(environment, sources, sources, environment.python, "-m", "attnseq.train")


def test_from_an_editable_install(environment: Environment, sources: Path, folder: Path) -> None:
    environment.install(sources, "--editable", ".")
    check_sweep(environment, folder, sources, environment.scripts / "attnseq-train")
    # a folder of the package's name, such as a checkout, hides it from Python, though not the modules in it
    (folder / "attnseq").mkdir()
    hidden = environment.run(folder, environment.python, "-c", "import attnseq; print(attnseq.__file__)").stdout
    assert hidden == "None\n"
    environment.run(folder, environment.python, "-m", "attnseq.train", *SWEEP[2:], "hydra.run.dir=hidden")
    assert json.loads((folder / "hidden" / "result.json").read_text())["versions"]["attnseq"] == __version__


def test_from_the_wheel_in_an_empty_folder(
    environment: Environment, sources: Path, folder: Path, tmp_path: Path
) -> None:
    environment.install(sources, ".")
    shutil.rmtree(sources)
    check_sweep(environment, folder, tmp_path / "environment", environment.scripts / "attnseq-train")
