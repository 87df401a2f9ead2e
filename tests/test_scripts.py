"""The shell scripts' set-up and its error messages, without network, and what is declared to be installed."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from processes import LIMIT, wait_until

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci" / "run"]
TOOLS = [
    *("awk", "bash", "cat", "cksum", "cp", "df", "dirname", "echo", "env", "flock"),
    *("mkdir", "rm", "sh", "sleep", "sort", "touch", "tr", "xargs"),
]

# Stands for Python where set-up runs: makes an environment with itself as the interpreter, and notes what pip is given.
STUB_PYTHON = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip "*) echo "$*" >>pip_calls; {pip} ;;
esac
"""

bash = shutil.which("bash")
needs_bash = pytest.mark.skipif(bash is None or os.name == "nt", reason="the scripts need bash and a POSIX system")


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


class Checkout:
    """A copy of what set-up reads, with a PATH on which there is no Python."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "check out"
        self.tools = folder / "tools"
        self.tools.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.tools / tool).symlink_to(found)
        self.root.mkdir()
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        for name in ("setup.cfg", "pyproject.toml", "constraints.txt", "constraints-peers.txt"):
            shutil.copy(ROOT / name, self.root)

    def python(self, pip: str = "exit 0") -> None:
        """Puts a python3 on PATH whose pip does what the shell command `pip` says."""
        executable(self.tools / "python3", STUB_PYTHON.format(pip=pip))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [str(bash), str(self.root / "scripts" / "setup.sh"), *arguments]
        environment = {"PATH": str(self.tools)}
        return subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.tools
        )

    def succeed(self, *arguments: str) -> str:
        """Runs set-up, which must succeed silently on stderr; returns its stdout."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, err) == (0, "")
        return out

    def fail(self, *arguments: str, status: int = 1) -> str:
        """Runs set-up, which must fail with one line on stderr; returns it."""
        process = self.start(*arguments)
        err = process.communicate(timeout=LIMIT)[1]
        assert process.returncode == status
        assert err.count("\n") == 1, err
        return err

    def pip_calls(self) -> list[str]:
        calls = self.root / "pip_calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@needs_bash
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_parses_and_is_executable(script: Path) -> None:
    subprocess.run([str(bash), "-n", script], check=True)
    assert os.access(script, os.X_OK)


def test_hooks_are_what_the_suite_checks_first() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    script = (ROOT / "scripts" / "test.sh").read_text().splitlines()
    checks = [line.strip() for line in script if line.startswith("  .venv/")]
    assert [hook["entry"] for hook in local["hooks"]] == checks
    assert {hook["language"] for hook in local["hooks"]} == {"system"}  # nothing is fetched


@needs_bash
class TestSetup:
    def test_no_python(self, checkout: Checkout) -> None:
        assert "Python 3.11 or newer is needed, found none" in checkout.fail()
        assert not (checkout.root / ".venv").exists()

    def test_old_python(self, checkout: Checkout) -> None:
        executable(checkout.tools / "python3", '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.18\n')
        assert "found Python 3.9.18 (python3)" in checkout.fail()

    def test_no_venv_module(self, checkout: Checkout) -> None:
        executable(checkout.tools / "python3", '#!/bin/sh\ncase "$*" in *venv*) echo no >&2; exit 1;; esac\n')
        assert "apt install python3-venv" in checkout.fail()

    def test_no_disk(self, checkout: Checkout) -> None:
        checkout.python()
        (checkout.tools / "df").unlink()
        executable(checkout.tools / "df", "#!/bin/sh\necho header\necho /dev/sda1 9999999 9000000 512000 95% /\n")
        assert "500 MiB of disk are free" in checkout.fail()
        assert not (checkout.root / ".venv").exists()

    def test_unknown_extra(self, checkout: Checkout) -> None:
        assert "unknown argument: --extra gpu" in checkout.fail("--extra", "gpu", status=2)

    @pytest.mark.parametrize(
        ("message", "cause"),
        [
            ("NewConnectionError: Temporary failure in name resolution", "no network"),
            ("ERROR: [Errno 28] No space left on device", "the disk is full"),
            ("ERROR: No matching distribution found for torch==2.13.0", "a pinned package is not to be had"),
            ("ERROR: something else", "see its last lines"),
        ],
    )
    def test_pip_fails(self, checkout: Checkout, message: str, cause: str) -> None:
        checkout.python(pip=f"echo '{message}'; echo Traceback >&2; exit 1")
        line = checkout.fail()
        assert f"pip failed: {cause}" in line
        log = Path(line.rpartition("messages: ")[2].rstrip(")\n"))
        assert message in log.read_text()

    def test_succeeds_after_pip_failed(self, checkout: Checkout) -> None:
        checkout.python(pip='[ -e "online" ]')
        checkout.fail()
        (checkout.root / "online").touch()
        checkout.succeed()
        assert checkout.succeed() == ""

    def test_second_start_is_silent_and_starts_no_more_than_it_must(self, checkout: Checkout) -> None:
        checkout.python()
        assert checkout.succeed().count("\n") == 1
        for tool in checkout.tools.iterdir():
            if tool.name not in ("cat", "cksum", "dirname", "tr"):
                tool.unlink()
        executable(checkout.root / ".venv" / "bin" / "python", "#!/bin/sh\n: >started\n")
        assert checkout.succeed() == ""
        assert not (checkout.root / "started").exists()
        assert checkout.pip_calls() == ["-m pip install -e . -c constraints.txt"]

    def test_extras_accumulate(self, checkout: Checkout) -> None:
        checkout.python()
        for arguments in (("--extra", "dev"), (), ("--extra", "bench"), ("--extra", "dev", "--extra", "bench")):
            checkout.succeed(*arguments)
        assert [call.split()[4] for call in checkout.pip_calls()] == [".[dev]", ".[bench,dev]"]

    def test_peers_have_an_environment_of_their_own(self, checkout: Checkout) -> None:
        checkout.python()
        checkout.succeed("--extra", "dev")
        assert ".venv-peers" in checkout.succeed("--extra", "peers")
        assert checkout.succeed("--extra", "peers") == checkout.succeed("--extra", "dev") == ""
        assert (checkout.root / ".venv-peers" / "bin" / "python").exists()
        assert checkout.pip_calls() == [
            "-m pip install -e .[dev] -c constraints.txt",
            "-m pip install -e .[peers] -c constraints-peers.txt",
        ]

    def test_peers_come_with_no_other_extra(self, checkout: Checkout) -> None:
        for arguments in (("--extra", "dev", "--extra", "peers"), ("--extra", "peers", "--extra", "dev")):
            assert "ask for it alone" in checkout.fail(*arguments, status=2)

    @pytest.mark.parametrize("name", ["setup.cfg", "pyproject.toml", "constraints.txt"])
    def test_changed_requirements_are_installed(self, checkout: Checkout, name: str) -> None:
        checkout.python()
        checkout.succeed("--extra", "dev")
        with (checkout.root / name).open("a") as file:
            file.write("# changed\n")
        checkout.succeed()
        assert [call.split()[4] for call in checkout.pip_calls()] == [".[dev]", ".[dev]"]

    def test_interrupted_start_is_made_anew(self, checkout: Checkout) -> None:
        checkout.python(pip="touch .venv/half; kill -9 $PPID")
        assert checkout.start("--extra", "dev").wait(timeout=LIMIT) == -9
        checkout.python()
        checkout.succeed()
        assert not (checkout.root / ".venv" / "half").exists()
        assert checkout.pip_calls()[-1].split()[4] == ".[dev]"

    def test_own_environment_is_kept(self, checkout: Checkout) -> None:
        checkout.python()
        (checkout.root / ".venv" / "bin").mkdir(parents=True)
        shutil.copy(checkout.tools / "python3", checkout.root / ".venv" / "bin" / "python")
        (checkout.root / ".venv" / "mine").touch()
        checkout.succeed()
        assert (checkout.root / ".venv" / "mine").exists()

    @pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
    def test_concurrent_starts_install_once(self, checkout: Checkout) -> None:
        """Two wait for the lock while the third one's pip is at work."""
        (checkout.tools / "flock").unlink()
        executable(checkout.tools / "flock", f'#!/bin/sh\n: >"came $$"; exec "{shutil.which("flock")}" "$@"\n')
        checkout.python(pip="while [ ! -e go ]; do sleep 0.02; done")
        processes = [checkout.start() for _ in range(3)]
        wait_until(lambda: len(list(checkout.root.glob("came *"))) == 3, processes[0])
        (checkout.root / "go").touch()
        assert [process.wait(timeout=LIMIT) for process in processes] == [0, 0, 0]
        assert len(checkout.pip_calls()) == 1


@needs_bash
def test_train_runs_in_the_callers_folder(checkout: Checkout) -> None:
    checkout.python()
    checkout.succeed()
    executable(checkout.root / ".venv" / "bin" / "python", '#!/bin/sh\npwd\nprintf "%s\\n" "$@"\nexit 7\n')
    train = subprocess.run(
        [str(bash), checkout.root / "scripts" / "train.sh", "model.hidden_size=3", "note=two words"],
        env={"PATH": str(checkout.tools)}, cwd=checkout.tools, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert train.returncode == 7
    assert train.stdout.splitlines() == [
        str(checkout.tools),
        *("-m", "attnseq.train", "model.hidden_size=3", "note=two words"),
    ]


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


@pytest.mark.parametrize(
    ("name", "extras"),
    [("constraints.txt", {"dev", "bench", "ray", "optuna", "onnx", "browser"}), ("constraints-peers.txt", {"peers"})],
)
def test_constraints_pin_every_requirement(setup_cfg: configparser.ConfigParser, name: str, extras: set[str]) -> None:
    pins = {}
    for pin in map(Requirement, lines((ROOT / name).read_text())):
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        pins[canonicalize_name(pin.name)] = specifier.version
    groups = [setup_cfg["options"]["install_requires"]]
    groups += [setup_cfg["options.extras_require"][extra] for extra in extras]
    for requirement in (Requirement(line) for group in groups for line in lines(group)):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_every_extra_has_its_constraints(setup_cfg: configparser.ConfigParser) -> None:
    extras = {"dev", "bench", "ray", "optuna", "onnx", "pandas", "parquet", "browser", "peers"}
    assert set(setup_cfg["options.extras_require"]) == extras


def test_setup_takes_every_extra_that_there_is_and_that_ci_asks_for(setup_cfg: configparser.ConfigParser) -> None:
    """That it names them is not enough: it must not call them unknown."""
    script, ci = ((ROOT / name).read_text(encoding="utf-8") for name in ("scripts/setup.sh", ".ci/run"))
    taken = set(re.findall(r'"--extra (\w+)"', script)) | {"peers"}
    assert taken == set(setup_cfg["options.extras_require"])
    assert set(re.findall(r"--extra (\w+)", ci)) <= taken
    (known,) = re.findall(r'^known="(.*)"$', script, re.MULTILINE)
    assert set(known.split("|")) | {"peers"} == taken


def test_every_package_is_installed(setup_cfg: configparser.ConfigParser) -> None:
    folders = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "attnseq").rglob("__init__.py")}
    plugins = {"hydra_plugins", "hydra_plugins.attnseq_launchers"}
    assert not (ROOT / "hydra_plugins" / "__init__.py").exists()  # other plugins of Hydra share the namespace
    assert set(lines(setup_cfg["options"]["packages"])) == folders | plugins | {"attnseq.conf"}
