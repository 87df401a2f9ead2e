"""README, CONTRIBUTING and docs/: links and pictures are there, command lines are accepted, code is run as written."""

import configparser
import importlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NoReturn

import pytest
from own_configs import write_files
from processes import LIMIT
from run_folders import run_config, write_run
from test_house import ROOMS

import attnseq
from attnseq import board, compare, export, plot, reproduce, status
from attnseq.analysis.settings import read_settings
from attnseq.api import plotting
from attnseq.commandline import command_line
from attnseq.commandline.arguments import one_folder, parse_run
from attnseq.commandline.claim_options import claim_options
from attnseq.commandline.command_line import check_command_line
from attnseq.comparison.run_links import RunLinks
from attnseq.report import server
from attnseq.scores import SCORES
from hydra_plugins.attnseq_launchers.ray_fused import RayFusedLauncherConfig

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
EXTENDING = ROOT / "docs" / "extending"
MOST_LINES = 160
TINY = [f"dataset.{part}_size=64" for part in ("train", "validation", "test")] + ["trainer.epochs=1"]

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:-m attnseq\.|scripts/\w+\.(?:py|sh)|attnseq-)\w*")
OPTUNA = pytest.mark.skipif(
    importlib.util.find_spec("hydra_plugins.hydra_optuna_sweeper") is None,
    reason="Optuna's sweeper is not installed (extra optuna)",
)


def named(pages: Sequence[Path]) -> list[object]:
    return [pytest.param(page, id=page.stem) for page in pages]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [text for _, of, text in FENCED.findall(page.read_text(encoding="utf-8")) if of == language]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return INDENTED.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """What a link may name after a #, by its headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines(page: Path) -> Iterator[list[str]]:
    """Every command of attnseq's that a page shows, as words: the command as `train` or `setup.sh`, its arguments."""
    text = page.read_text(encoding="utf-8")
    code = [*blocks(page, "bash"), *INDENTED.findall(FENCED.sub("", text))]
    lines = [line for block in code for line in block.replace("\\\n", " ").splitlines()]
    spans = [" ".join(span.split()) for span in INLINE.findall(prose(page))]
    for line in filter(COMMAND.search, lines + spans):
        words = shlex.split(line, comments=True)
        for at, word in enumerate(words):
            if word == "-m" and words[at + 1].startswith("attnseq."):
                yield [words[at + 1].removeprefix("attnseq."), *words[at + 2 :]]
                break
            if at + 1 == len(words) or not word.startswith("-"):
                name = re.fullmatch(r"(?:\S*/)?attnseq-(\w+)|scripts/(\w+\.(?:sh|py))", word)
                if name:
                    yield [next(filter(None, name.groups())), *words[at + 1 :]]
                    break


def short(arguments: Sequence[str]) -> list[str]:
    """Two values stand for a long range, that of an experiment among them."""
    shown = [re.sub(r"range\(\d+\)", "range(2)", argument) for argument in arguments]
    of_experiment = any(argument.startswith("experiment=") for argument in shown)
    has_seeds = any(argument.startswith("seed=") for argument in shown)
    return [*shown, "seed=range(2)"] if of_experiment and not has_seeds else shown


def table(header: str, row: str) -> str:
    """A file with a header and 30 rows, in which {n} stands for the number of the row."""
    return "\n".join([header, *(row.replace("{n}", str(n)).replace("{c}", "ab"[n % 2]) for n in range(30))]) + "\n"


OWN_FILES = {
    "days.csv": table("day,0h,6h,12h,18h,season", "{n},1,{n},2,3,{c}"),
    "patients.csv": table("patient,hour,pulse,oxygen,ward,outcome", "p{n},0,{n},9,w{n},{c}"),
    "sales.csv": table("month,sold,price", "{n},{n},5"),
    "known.csv": table("day,0h,6h,12h,18h", "{n},0,1,0,0"),
}
"""Files of a user's own, which pages speak of."""


def names_plugins(words: Sequence[str]) -> bool:
    return any(word.startswith("plugins=") for word in words)


def distinct_commands() -> list[object]:
    """Of all pages, each once; those that need what docs/extending/ has are run there, by a test of their own."""
    found = dict.fromkeys(tuple(short(words)) for page in PAGES for words in command_lines(page))
    marks = {True: [OPTUNA], False: []}
    return [
        pytest.param(words, id=" ".join(words), marks=marks["hydra/sweeper=optuna" in words])
        for words in found
        if not names_plugins(words)
    ]


def run_python(code: str, folder: Path) -> str:
    """What a program prints that is run in a folder, with this checkout's attnseq; it must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < MOST_LINES


@pytest.mark.parametrize("page", named(PAGES))
def test_no_gaps(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"@[A-Z]+@|TODO|FIXME", text)
    assert text.startswith("# ")
    assert text.endswith("\n")


@pytest.mark.parametrize("page", named(PAGES))
def test_links_and_pictures_are_there(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_cluster_page_has_a_line_for_each_key_of_its_launcher() -> None:
    keys = {field.name for field in fields(RayFusedLauncherConfig)} - {"_target_"}
    text = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == keys


def test_every_page_is_reached_from_readme() -> None:
    links = {(ROOT / link.partition("#")[0]).resolve() for link in LINK.findall(prose(ROOT / "README.md"))}
    assert [page.name for page in PAGES[1:] if page.resolve() not in links] == []


def test_rooms_are_listed_in_their_order() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"^    attnseq/(\w+)/", text, re.MULTILINE) == list(ROOMS)


class TestCommandLines:
    """Each is accepted: what it chooses exists, and its values are allowed. Nothing is trained."""

    @pytest.mark.parametrize("words", distinct_commands())
    def test_is_accepted(self, words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        name, *arguments = words
        write_files(folder, OWN_FILES)
        monkeypatch.setattr(command_line, "check_base", lambda config: None)  # nobody has trained base runs here
        checks = {
            "train": check_command_line,
            "train.sh": check_command_line,
            "linear_baseline.py": self.check_baseline,
            "reproduce": self.check_reproduce,
            "claims": self.check_claims,
            "setup.sh": self.check_setup,
            "test.sh": self.check_test,
        }
        if name == "analyse":
            read_settings(dict(argument.split("=", 1) for argument in arguments if "=" in argument))
        elif name in ("compare", "status", "board", "plot"):
            self.run_reader(name, arguments, folder, monkeypatch)
        elif name in ("explain", "predict"):
            (folder / arguments[0]).mkdir(parents=True)
            parse_run(arguments, None, "SEQUENCE", ("beam", "out"))
        elif name == "export":
            (folder / arguments[0]).mkdir(parents=True)
            _, options = one_folder(arguments, None, ("out",))
            assert Path(options.get("out", "a.pt2")).suffix.removeprefix(".") in export.SUFFIXES
        elif name in ("benchmark.py", "gradient_variance.py", "reverse_bleu.py"):
            monkeypatch.syspath_prepend(ROOT / "scripts")
            importlib.import_module(name.removesuffix(".py")).build_parser().parse_args(arguments or ["check"])
        else:
            checks[name](arguments)

    def check_reproduce(self, arguments: Sequence[str]) -> None:
        assert {argument.partition("=")[0] for argument in arguments} <= set(reproduce.ALLOWED)
        check_command_line([f"experiment={reproduce.EXPERIMENTS[0]}", *arguments])

    def check_claims(self, arguments: Sequence[str]) -> None:
        check_command_line(["experiment=claims", *claim_options(arguments).overrides])

    def check_baseline(self, arguments: Sequence[str]) -> None:
        check_command_line([argument for argument in arguments if not argument.startswith("seed=")])  # it has no seeds

    def check_setup(self, arguments: Sequence[str]) -> None:
        extras = configparser.ConfigParser()
        extras.read(ROOT / "setup.cfg")
        assert set(arguments) - {"--extra"} <= set(extras["options.extras_require"])

    def check_test(self, arguments: Sequence[str]) -> None:
        assert not arguments or (ROOT / arguments[0]).exists()

    def run_reader(self, name: str, arguments: Sequence[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Over runs that nobody trained, in the folders that the command names."""
        for path in (argument for argument in arguments if "=" not in argument):
            result = dict.fromkeys(SCORES.names(), 0.9)
            for model in ("mlp_attention", "lstm_attention"):
                write_run(folder / path / model / "seed=1", run_config(model), result=result)
        monkeypatch.setattr(sys, "argv", [f"attnseq-{name}", *arguments])
        monkeypatch.setattr(compare, "write_report", lambda *report: [])
        monkeypatch.setattr(RunLinks, "refresh", lambda links: 2)
        monkeypatch.setattr(server, "start_server", lambda *arguments: self.stop())
        monkeypatch.setattr(plotting, "plot", lambda *arguments: [])
        {"compare": compare, "status": status, "board": board, "plot": plot}[name].main()

    def stop(self) -> NoReturn:
        raise KeyboardInterrupt

    def test_each_kind_is_found(self) -> None:
        found = {words[0] for page in PAGES for words in command_lines(page)}
        scripts = {"benchmark.py", "gradient_variance.py", "linear_baseline.py", "reverse_bleu.py"}
        scripts |= {"setup.sh", "train.sh", "test.sh"}
        assert (
            found
            == {"train", "compare", "status", "analyse", "reproduce", "explain", "predict", "board", "plot", "export"}
            | {"claims"}
            | scripts
        )


class TestPython:
    """Blocks of Python are run as they stand, those of a page in one namespace, in an empty folder."""

    @pytest.mark.parametrize("page", named([ROOT / "README.md", ROOT / "docs" / "python.md"]))
    def test_runs(self, page: Path, folder: Path) -> None:
        code = blocks(page, "python")
        assert code
        run_python("\n".join(code), folder)

    def test_the_exported_program_is_used_as_shown(self, finished: Path, folder: Path) -> None:
        attnseq.load(finished).export(folder / "model.pt2")
        (code,) = blocks(ROOT / "docs" / "using.md", "python")
        printed = run_python(f"import sys; sys.modules['attnseq'] = None\n{code}", folder)
        assert printed.startswith("tensor([")
        assert "'in units of the answer'" in printed

    def test_the_metric_that_extending_adds_is_measured(self, folder: Path) -> None:
        code = [block for block in blocks(ROOT / "docs" / "extending.md", "python") if not block.startswith("# ")]
        arguments = [
            "attnseq-train",
            "dataset=abs_difference",
            "metrics=[mae,within_ten]",
            "trainer.compile=false",
            *TINY,
        ]
        start = f"import sys; sys.argv = {arguments!r}\nfrom attnseq.train import main\nmain()"
        run_python("\n".join([*code, start]), folder)
        (result,) = (folder / "outputs").rglob("result.json")
        assert 0 <= json.loads(result.read_text())["within_ten/test"] <= 1


class TestExtending:
    """The package that docs/extending.md shows lies in docs/extending/, and trains."""

    def test_blocks_are_files(self) -> None:
        page = ROOT / "docs" / "extending.md"
        shown = [text for language in ("python", "yaml") for text in blocks(page, language) if text.startswith("# ")]
        assert len(shown) == 2
        for text in shown:
            path, _, content = text.removeprefix("# ").partition("\n")
            assert (EXTENDING / path).read_text(encoding="utf-8") == content, path

    def test_commands_run_as_written(self, tmp_path: Path) -> None:
        package = tmp_path / "linear_attention"
        shutil.copytree(
            EXTENDING / "linear_attention", package, ignore=shutil.ignore_patterns("__pycache__", "outputs")
        )
        commands = dict.fromkeys(
            tuple(words) for page in PAGES for words in command_lines(page) if names_plugins(words)
        )
        assert {name for name, *_ in commands} == {"train", "compare"}
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", str(ROOT)])}
        for name, *arguments in sorted(commands, reverse=True):  # trained before it is compared
            words = [*arguments, *TINY, "trainer.compile=false"] if name == "train" else arguments
            command = [sys.executable, "-m", f"attnseq.{name}", *words]
            done = subprocess.run(
                command, cwd=package, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
            )
            assert done.returncode == 0, done.stderr
        (result,) = (package / "outputs").rglob("result.json")
        assert json.loads(result.read_text())["parameters"] == 10 * 10 + 10 + 10 + 1
