"""A base run: it is read once, refused where it does not fit, and part of what a run and a program are."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from base_folders import write_base

import attnseq
from attnseq.commandline.command_line import check_command_line
from attnseq.core.keys import ConfigError
from attnseq.report import history
from attnseq.runs import build
from attnseq.runs.base_run import base_digest, base_model, check_base, read_base
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.naming import result_config
from attnseq.runs.run import run
from attnseq.sweep.grouping import program_of
from attnseq.training.checkpoint import load_checkpoint
from attnseq.training.stopping import Interrupted

Compose = Callable[..., RunConfig]

ADVERSARIAL = ("trainer.objective=adversarial", "trainer.divergence_weight=0.01")


def against(base: Path, tiny: Compose, *overrides: str) -> RunConfig:
    """The config of a tiny run that is held against a base."""
    return tiny(*ADVERSARIAL, f"trainer.base_run={base}", *overrides)


@pytest.fixture
def base(tiny: Compose, tmp_path: Path) -> Path:
    return write_base(tmp_path / "base", tiny())


def test_the_model_is_that_of_the_folder_and_a_copy(base: Path, tiny: Compose) -> None:
    config = against(base, tiny)
    checkpoint = load_checkpoint(base / "checkpoint.pt")
    one, other = base_model(config), base_model(config)
    assert checkpoint is not None
    assert one is not None
    assert one is not other
    flat = torch.cat([parameter.flatten() for parameter in one.parameters()])
    assert torch.equal(flat, checkpoint.state["parameters"])
    assert not any(parameter.requires_grad for parameter in one.parameters())
    assert base_model(tiny()) is None
    assert base_digest(tiny()) == ""


def test_it_is_read_again_only_where_its_files_have_changed(base: Path, tiny: Compose) -> None:
    first = read_base(str(base))
    assert read_base(str(base)) is first
    write_base(base, tiny("seed=5"))
    assert read_base(str(base)).digest != first.digest


def test_another_base_is_another_run_and_another_program_and_a_copy_is_none(base: Path, tiny: Compose) -> None:
    copy = Path(shutil.copytree(base, base.with_name("copy")))
    other = write_base(base.with_name("other"), tiny("seed=5"))
    configs = [against(each, tiny) for each in (base, copy, other)]
    for text in (program_of, result_config, lambda config: build.build_program(config).digest):
        one, same, different = map(text, configs)
        assert one == same != different
    trainer = json.loads(result_config(configs[0]))["trainer"]
    assert trainer["base_fingerprint"] == base_digest(configs[0])
    assert "base_run" not in trainer
    assert "base_fingerprint" not in json.loads(result_config(tiny()))["trainer"]


def test_runs_of_one_base_with_any_lambda_share_a_program(base: Path, tiny: Compose) -> None:
    one, other = (against(base, tiny, f"trainer.divergence_weight={weight}") for weight in (0.0, 0.5))
    assert program_of(one) == program_of(other)
    assert build.build_program(one).digest == build.build_program(other).digest
    population = build.build_population([one, other], torch.device("cpu"))
    assert population.settings.divergence_weight.tolist() == [0.0, 0.5]
    assert population.recipe.base is not None


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("dataset.train_size=400",), r"is of dataset\.train_size=500, here 400; a run and its base have one task"),
        (("dataset=find_max",), r"is of dataset=tutorial, here find_max; "),
        (("model=lstm_attention",), r"is of model=mlp_attention, here lstm_attention; "),
        (("model.hidden_size=3",), r"is of model\.hidden_size=10, here 3; "),
    ],
)
def test_a_base_of_another_task_or_model_is_refused(
    overrides: tuple[str, ...], line: str, base: Path, tiny: Compose
) -> None:
    check_base(against(base, tiny, "model.init=keras", "seed=3", "trainer.learning_rate=0.1"))
    with pytest.raises(ConfigError, match=rf"^trainer\.base_run={base}: {line}"):
        check_base(against(base, tiny, *overrides))


def test_a_folder_without_a_finished_run_is_refused(base: Path, tiny: Compose, tmp_path: Path) -> None:
    (base / "checkpoint.pt").write_bytes(b"no zip")
    with pytest.raises(ConfigError, match=r"^trainer\.base_run=.*checkpoint\.pt: damaged or not a checkpoint"):
        read_base(str(base))
    write_base(base, tiny())
    result = json.loads((base / "result.json").read_text())
    (base / "result.json").write_text(json.dumps(result | {"status": "diverged"}))
    with pytest.raises(ConfigError, match=r"^trainer\.base_run=.*: a run that is diverged; name the folder of a fin"):
        read_base(str(base))
    (base / "result.json").unlink()
    with pytest.raises(ConfigError, match=r"^trainer\.base_run=.*: a run that is unfinished; name "):
        read_base(str(base))
    for path, words in ((tmp_path, "no run; name "), (tmp_path / "nowhere", "no such folder; name ")):
        with pytest.raises(ConfigError, match=rf"^trainer\.base_run={path}: {words}"):
            read_base(str(path))


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (("trainer.objective=adversarial",), "trainer.base_run=: trainer.objective=adversarial needs a finished run"),
        (("trainer.base_run=x",), "trainer.base_run=x: goes with trainer.objective=adversarial, not auto"),
        (
            ("trainer.divergence_weight=0.1", "trainer.objective=mse"),
            "trainer.divergence_weight=0.1: goes with trainer.objective=adversarial, not mse",
        ),
        (
            ("trainer.objective=adversarial", "trainer.base_run=x", "model=mlp_plain"),
            "trainer.objective=adversarial: model=mlp_attention has no attention here",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_refused(overrides: tuple[str, ...], line: str, tiny: Compose) -> None:
    with pytest.raises(ConfigError) as refused:
        tiny(*overrides)
    assert str(refused.value).startswith(line)


def test_the_command_refuses_it_in_one_line_before_it_makes_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        check_command_line([*ADVERSARIAL, "trainer.base_run=gone"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "trainer.base_run=gone: no such folder; name that of a finished run\n"
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("no_pictures")
def test_a_run_says_how_far_it_is_from_its_base_and_is_read_without_it(
    base: Path, tiny: Compose, tmp_path: Path
) -> None:
    result = run(Job(against(base, tiny, "seed=2"), tmp_path / "run"))
    assert result["base/answer_change"] == pytest.approx(1000 * result["loss/test"], rel=1e-6)  # the answer's scale
    assert 0 < result["base/divergence"] < 0.7
    last = history.read(tmp_path / "run" / "history.csv")[-1]
    assert last["base/answer_change"] > 0
    assert last["base/divergence"] > 0
    assert "loss/test" not in result["trivial"]  # it has no base to be held against
    shutil.rmtree(base)
    assert attnseq.load(tmp_path / "run").predict([[1] * 10]) is not None
    config = against(base, tiny)
    assert build.attends(config)
    assert build.build_recipe(config, trains=False).base is None
    with pytest.raises(ConfigError, match=r"^trainer\.base_run=.*no such folder"):
        build.build_recipe(config)


@pytest.mark.usefixtures("no_pictures")
def test_an_interrupted_run_goes_on_with_the_same_bits(
    base: Path,
    tiny: Compose,
    tmp_path: Path,
    stop_at: Callable[[int, signal.Signals], None],
    same_run: Callable[[Path, Path], None],
) -> None:
    config = against(base, tiny, "trainer.batch_size=4")
    run(Job(config, tmp_path / "whole"))
    stop_at(64, signal.SIGTERM)
    with pytest.raises(Interrupted):
        run(Job(config, tmp_path / "parted"))
    run(Job(config, tmp_path / "parted"))
    same_run(tmp_path / "whole", tmp_path / "parted")
