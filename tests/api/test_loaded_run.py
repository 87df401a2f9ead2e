"""A run in Python's hands has what was trained, bit for bit, wherever its folder lies; or it says why not."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from processes import LIMIT
from tiny_configs import choices, tiny_config

import attnseq
from attnseq.contracts.answers import without_end
from attnseq.contracts.batch import NO_TOKEN
from attnseq.contracts.spec import Classes, Scalar
from attnseq.core import plugins
from attnseq.runs.build import build_recipe
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job
from attnseq.runs.run import run


@pytest.fixture
def moved(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished run."""
    shutil.copytree(finished, tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def test_the_model_is_what_was_trained_bit_for_bit(moved: Path) -> None:
    loaded = attnseq.load(moved)
    trained = torch.load(moved / "checkpoint.pt", weights_only=True)["state"]["parameters"]
    assert torch.equal(torch.cat([value.reshape(-1) for value in loaded.model.state_dict().values()]), trained)
    assert list(loaded.model.state_dict()) == [
        *("attention.weight", "attention.bias", "hidden.weight", "hidden.bias", "output.weight", "output.bias"),
    ]
    assert not loaded.model.training
    again = attnseq.load(moved).predict("2841907365")
    assert np.array_equal(again.prediction, loaded.predict("2841907365").prediction)


def test_a_fresh_process_reads_the_same(moved: Path) -> None:
    program = "import attnseq, sys; print(attnseq.load(sys.argv[1]).predict('2841907365').prediction[0].hex())"
    command = [sys.executable, "-c", program, str(moved)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert float.fromhex(done.stdout) == attnseq.load(moved).predict("2841907365").prediction[0]


def test_a_run_has_its_config_history_and_result(moved: Path, tiny: Callable[..., RunConfig]) -> None:
    loaded = attnseq.load(str(moved))
    assert loaded.config == tiny()
    assert [row["epoch"] for row in loaded.history] == [1, 2]
    assert loaded.state == "finished"
    assert loaded.result is not None
    assert loaded.result["loss/validation"] == loaded.history[-1]["loss/validation"]
    assert repr(loaded) == f"Run({str(moved)!r}, finished)"


def test_predictions_are_those_that_the_test_loss_was_measured_by(moved: Path) -> None:
    loaded = attnseq.load(moved)
    test = loaded.task.splits().test
    assert test.targets is not None
    seen = loaded.predict(test.inputs)
    error_B = seen.prediction / 1000 - test.targets.numpy()
    assert loaded.result is not None
    assert np.mean(error_B**2) == pytest.approx(loaded.result["loss/test"], rel=1e-6)
    assert seen.truth is not None
    assert np.abs(seen.truth - 1000 * test.targets.numpy()).max() < 1e-9
    assert seen.attention is not None
    assert seen.attention.mean(axis=0) == pytest.approx(loaded.result["attention/mean"], abs=1e-6)
    assert seen.relevance is not None
    assert seen.relevance[0].tolist() == [0, 100, 10, 1, 0, 100, 10, 1, 0, 0]


@pytest.mark.parametrize("dataset", [name for name in choices("dataset") if name != "table"])  # it scales its inputs
def test_every_task_predicts_in_its_own_units(dataset: str, tmp_path: Path, no_pictures: None) -> None:
    config = tiny_config(dataset, "query_attention")
    run(Job(config, tmp_path / "run"))
    loaded = attnseq.load(tmp_path / "run")
    test = loaded.task.splits().test
    lengths = None if test.lengths is None else test.lengths.numpy()
    seen = loaded.predict(test.inputs, lengths)
    target = loaded.task.spec.target
    assert test.targets is not None
    if isinstance(target, Scalar):
        expected = test.targets.double().numpy() * target.scale
        assert seen.prediction.dtype == np.float64
    else:
        assert not isinstance(target, Classes)
        expected = without_end(test.targets, target).numpy()
        if target.in_characters:
            expected = np.array([target.text(tokens) for tokens in expected.tolist()])
            assert seen.prediction.dtype == expected.dtype
        else:
            assert seen.prediction.min() >= (NO_TOKEN if target.end else 0)
            assert seen.prediction.max() < target.vocabulary - target.end
    assert seen.prediction.shape == expected.shape
    assert np.array_equal(np.asarray(seen.truth), expected)  # and so the task answers any inputs as its samples are
    assert seen.attention is not None
    positions = seen.attention.shape[-1]
    if lengths is not None:
        absent_BxT = np.arange(positions) >= lengths[:, None]
        assert (np.moveaxis(seen.attention, -1, 1)[absent_BxT] == 0).all()
        if getattr(target, "padded", False):
            assert ((expected != NO_TOKEN).sum(axis=1) == lengths).all()


def test_written_dates_are_predicted_as_they_are_written(tmp_path: Path, no_pictures: None) -> None:
    run(Job(tiny_config("dates", "query_attention"), tmp_path / "run"))
    seen = attnseq.load(tmp_path / "run").predict(["3 May 1998", "Sunday, 12.4.2009", "no date"])
    assert [len(answer) for answer in seen.prediction] == [10, 10, 10]
    assert np.asarray(seen.truth).tolist() == ["1998-05-03", "2009-04-12", ""]
    assert seen.relevance is not None
    assert seen.relevance[:, 0].argmax(axis=-1).tolist() == [6, 13, 0]
    assert not seen.relevance[2].any()


def test_a_model_without_attention_has_none(tmp_path: Path, no_pictures: None) -> None:
    run(Job(tiny_config(model="lstm_plain"), tmp_path / "run"))
    loaded = attnseq.load(tmp_path / "run")
    seen = loaded.predict("2841907365")
    assert (seen.attentions, seen.attention, seen.position_attention, seen.axes) == ({}, None, None, "")
    assert seen.relevance is not None
    assert [name for name in loaded.result or () if name.startswith("attention")] == ["attention/attends"]


@pytest.mark.parametrize(
    ("dataset", "model", "sequence", "weights"),
    [
        ("abs_difference", "mlp_attention", "2841907365", [0, *np.divide([100, 10, 1, 0, 100, 10, 1], 222), 0, 0]),
        ("add_two_numbers", "lstm_hidden", [0.5, 0, 0.25, 0.5, 0.125, 0.5, 0, 0.75], [0, 0, 0.5, 0, 0, 0, 0, 0.5]),
    ],
)
def test_an_oracle_is_given_the_truth_again_when_it_is_loaded(
    tmp_path: Path, no_pictures: None, dataset: str, model: str, sequence: Any, weights: list[float]
) -> None:
    config = tiny_config(dataset, model, **{"model.attention": "oracle"})
    run(Job(config, tmp_path / "run"))
    seen = attnseq.load(tmp_path / "run").predict(sequence)
    assert seen.attention == pytest.approx(np.array([weights]))


def test_an_oracle_takes_no_other_lengths_than_its_task_knows_the_truth_of(tmp_path: Path, no_pictures: None) -> None:
    run(Job(tiny_config(model="lstm_hidden", **{"model.attention": "oracle"}), tmp_path / "run"))
    with pytest.raises(ValueError, match=r"^sequence 0: has 12 positions; the model takes 10$"):
        attnseq.load(tmp_path / "run").predict("284190736512")


def test_a_run_that_has_not_begun_has_no_model_yet(tmp_path: Path) -> None:
    job = Job(tiny_config(), tmp_path / "run")
    job.path.mkdir()
    job.write_config()
    loaded = attnseq.load(job.path)
    assert (loaded.state, loaded.history, loaded.result) == ("unfinished", [], None)
    with pytest.raises(attnseq.RunError, match=r"checkpoint\.pt: missing; a run has it from its first epoch on$"):
        _ = loaded.model


def damage(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def replaced(name: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return edit


CONFIG = ".hydra/config.yaml"


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda folder: shutil.rmtree(folder), "{0}: no such folder"),
        (lambda folder: (folder / CONFIG).unlink(), "{0}: no run's folder: it has no .hydra/config.yaml"),
        (damage("result.json", "{"), "{0}/result.json: damaged (JSONDecodeError)"),
        (damage("checkpoint.pt", "x"), "{0}/checkpoint.pt: damaged or not a checkpoint (BadZipFile)"),
        (damage("history.csv", "epoch,loss/train\nx,1\n"), "{0}/history.csv: damaged ("),
        (damage("history.csv", "epoch,loss/train\n1\n"), "{0}/history.csv: damaged (a row has other columns"),
        (damage("history.csv", "x\n"), "{0}/history.csv: damaged (its first column is not epoch)"),
        (damage(CONFIG, "a: [b"), "{0}: damaged, or written by another version of attnseq ("),
        (damage(CONFIG, "name: tutorial\n"), "{0}: damaged, or written by another version of attnseq ("),
        (
            replaced(CONFIG, "  batch_size:", "  batch_sizes:"),
            "{0}: damaged, or written by another version of attnseq (",
        ),
        (replaced(CONFIG, "epochs: 2", "epochs: 0"), "{0}: trainer.epochs=0: must be >= 1 and <= 1000000"),
        (replaced(CONFIG, "hidden_size: 10", "hidden_size: 11"), "{0}/checkpoint.pt: of another model ("),
        (
            lambda folder: (
                replaced(CONFIG, "name: mlp_attention", "name: linear")(folder),
                replaced(CONFIG, "plugins: []", "plugins: [no_such_package]")(folder),
            ),
            "{0}: model=linear: must be one of hard_attention, lstm_attention, mlp_attention, query_attention,"
            " seq2seq, transformer;"
            " it was trained with plugins: attnseq.load(folder, plugins=['no_such_package'])",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_says_why_in_one_line(
    moved: Path, edit: Callable[[Path], object], line: str
) -> None:
    edit(moved)
    with pytest.raises(attnseq.RunError) as error:
        attnseq.load(moved)
    assert str(error.value).startswith(line.format(moved))
    assert "\n" not in str(error.value)
    assert "overwrite" not in str(error.value)  # nothing is trained here


def test_nothing_is_imported_that_the_caller_did_not_name(moved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (moved / "brought_along.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(moved)
    replaced(CONFIG, "plugins: []", "plugins: [brought_along]")(moved)
    loaded = attnseq.load(moved)
    assert loaded.config.plugins == ["brought_along"]
    assert "brought_along" not in sys.modules
    monkeypatch.setattr(plugins, "MODULES", list(plugins.MODULES))
    with pytest.raises(attnseq.ConfigError, match=r"^plugins=brought_along: cannot be imported \(AssertionError"):
        attnseq.load(moved, plugins=["brought_along"])


def test_a_device_that_is_not_here_is_refused(moved: Path) -> None:
    with pytest.raises(attnseq.ConfigError, match=r"^device=tpu: must be auto, cpu, cuda or cuda:N$"):
        attnseq.load(moved, device="tpu")


def test_every_choice_of_a_model_is_loaded_as_it_was_trained(tmp_path: Path, no_pictures: None) -> None:
    for choice in choices("model"):
        config = tiny_config("reverse", choice) if choice == "seq2seq" else tiny_config(model=choice)
        run(Job(config, tmp_path / choice))
        loaded = attnseq.load(tmp_path / choice)
        shapes = build_recipe(config).flat.shapes
        assert {name: value.shape for name, value in loaded.model.named_parameters()} == shapes
        state = torch.load(tmp_path / choice / "checkpoint.pt", weights_only=True)["state"]["parameters"]
        assert torch.equal(torch.cat([value.reshape(-1) for value in loaded.model.parameters()]).detach(), state)


def test_a_model_of_any_length_takes_other_sequences_than_the_task_has(tmp_path: Path, no_pictures: None) -> None:
    for choice in ("lstm_hidden", "lstm_attention"):
        run(Job(tiny_config(model=choice), tmp_path / choice))
    seen = attnseq.load(tmp_path / "lstm_hidden").predict("284190736512")
    assert seen.attention is not None
    assert seen.attention.shape == (1, 12)
    assert seen.truth is None
    assert seen.relevance is None
    with pytest.raises(ValueError, match=r"^sequence 0: has 12 positions; the model takes 10$"):
        attnseq.load(tmp_path / "lstm_attention").predict("284190736512")


def test_of_sequences_of_other_lengths_a_task_may_know_the_truth_all_the_same(
    tmp_path: Path, no_pictures: None
) -> None:
    run(Job(tiny_config("add_two_numbers", "lstm_hidden", **{"dataset.length": 6}), tmp_path / "run"))
    seen = attnseq.load(tmp_path / "run").predict([0.5, 0, 0.25, 0.5, 0.125, 0.5, 0, 0.75])
    assert np.asarray(seen.truth).tolist() == [0.5]
    assert np.asarray(seen.relevance).tolist() == [[0, 0, 0.5, 0, 0, 0, 0, 0.5]]


def test_an_error_of_a_users_model_is_not_taken_for_a_damaged_file(
    moved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: object) -> object:
        raise ValueError("hidden_size must be even")

    monkeypatch.setattr("attnseq.models.mlp_attention_config.MLPAttentionConfig.build", build)
    with pytest.raises(ValueError, match=r"^hidden_size must be even$"):
        attnseq.load(moved)


def test_beam_search_of_a_loaded_run(tmp_path: Path) -> None:
    """It finds answers that are as probable as the greedy ones, or more; other models, and other beams, are refused."""
    changes = {"dataset.length": 4, "dataset.vocabulary": 5, "trainer.epochs": 3}
    run(Job(tiny_config("reverse", "seq2seq", **changes), tmp_path / "seq2seq"))
    loaded = attnseq.load(tmp_path / "seq2seq")
    two, many = (loaded.predict(["0123", "42"], beam=beam).log_probability for beam in (2, 16))
    assert two is not None
    assert many is not None
    assert (many >= two - 1e-6).all()
    assert (many < 0).all()
    assert loaded.predict("0123").log_probability is None
    for beam in (0, 17, 1.5, "4"):
        with pytest.raises(ValueError, match=rf"^beam={beam}: must be a whole number, 1 to 16$"):
            loaded.predict("0123", beam=beam)  # type: ignore[arg-type]
    run(Job(tiny_config("reverse", "query_attention", **changes), tmp_path / "query"))
    with pytest.raises(ValueError, match=r"^beam: this model does not write its answers token after token"):
        attnseq.load(tmp_path / "query").predict("0123", beam=2)
