"""The pictures of a run: which there are, what their headings say, and which positions they mark."""

from pathlib import Path
from typing import Any

import pytest
from tiny_configs import choices, tiny_config, tiny_dataset, tiny_model

from attnseq.models.control_kinds import CONTROLS
from attnseq.report import history
from attnseq.report.pictures import Pictures
from attnseq.runs.job import Job
from attnseq.runs.picturing import draw_run, heading_of, positions_of
from attnseq.runs.reading import attention_is_share, read_run
from attnseq.runs.run import run

ALIGNED = {"line": "1: 1", "inputs": ["1"], "answers": ["1"], "weights": [[1.0]], "relevance": None}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What pictures are asked for: (name, arguments)."""
    calls: list[tuple[Any, ...]] = []
    for name in ("attention", "alignment", "loss"):

        def drawn(self: Pictures, *arguments: Any, name: str = name) -> bytes:
            calls.append((name, *arguments))
            return name.encode()

        monkeypatch.setattr(Pictures, name, drawn)
    return calls


def test_a_heading_says_model_task_and_seed_in_words() -> None:
    heading = heading_of(tiny_config("tutorial", "lstm_element", seed=7), "lstm_attention,attention=element")
    assert heading.words == "LSTM with element-wise attention: the article's task, seed 7"
    assert heading.name == "lstm_attention,attention=element"


@pytest.mark.parametrize(("group", "make"), [("model", tiny_model), ("dataset", tiny_dataset)])
def test_every_choice_has_words_of_its_own(group: str, make: Any) -> None:
    if group == "dataset":
        words = {name: tiny_dataset(name).words for name in choices(group) if name != "table"}
        table = tiny_config("table").dataset.words
        words["table"] = table
        assert table == "SUNACTIVITY of sunspots"
    else:
        words = {name: make(name).words for name in choices(group)}
    assert len(set(words.values())) == len(words)
    assert not any("_" in each for each in words.values())


def test_every_control_has_words_of_its_own() -> None:
    kinds = ["time", *CONTROLS]
    for model in ("mlp_attention", "lstm_attention", "lstm_hidden"):
        words = {tiny_model(model, attention=kind).words for kind in kinds}
        assert len(words) == len(kinds)
    assert tiny_model("lstm_hidden", attention="oracle").words == "LSTM with oracle attention to its states"


def test_what_stands_at_positions_is_known_of_operands_and_not_of_others() -> None:
    assert positions_of(tiny_dataset("tutorial").task).roles[:2] == ("distractor", "a hundreds")
    assert positions_of(tiny_dataset("find_max").task).roles == ()
    positions = positions_of(tiny_config("table").dataset.task)
    assert (positions.names[0], positions.roles) == ("-10", ())


@pytest.mark.parametrize(
    ("model", "result", "rows", "names"),
    [
        ("mlp_attention", {"attention/mean": [0.1] * 10, "attention/relevance": None}, True, ["attention", "loss"]),
        ("mlp_plain", {"attention/mean": [0.1] * 10, "attention/relevance": None}, True, ["loss"]),
        ("query_attention", {"attention/alignment": ALIGNED}, True, ["attention", "loss"]),
        ("mlp_attention", {"attention/mean": [None] * 10, "attention/relevance": None}, False, ["attention"]),
        ("mlp_attention", {}, True, ["loss"]),
    ],
)
def test_there_are_pictures_of_what_a_run_keeps(
    asked: list[Any], model: str, result: dict[str, Any], rows: bool, names: list[str]
) -> None:
    history_rows = [{"epoch": 1.0, "loss/train": 0.1, "loss/validation": 0.1}] if rows else []
    config = tiny_config("tutorial", model)
    assert list(draw_run(config, "a", result, history_rows, Pictures("svg"))) == [f"{name}.svg" for name in names]


def test_training_writes_what_is_drawn_again_from_its_folder(tmp_path: Path) -> None:
    job = Job(tiny_config("abs_difference", "lstm_element"), tmp_path / "run")
    run(job)
    record = read_run(job.path)
    assert record.result["attention/is_share"] is False
    assert record.result["attention/attends"] is True
    drawn = draw_run(job.config, job.variant, record.result, history.read(job.folder.history_path), Pictures())
    assert sorted(drawn) == ["attention.png", "loss.png"]
    assert all((job.path / name).read_bytes() == content for name, content in drawn.items())


def test_of_results_of_before_the_sum_says_whether_weights_are_shares() -> None:
    assert attention_is_share({"attention/mean": [0.5, 0.3, 0.2]})
    assert not attention_is_share({"attention/mean": [0.5, 0.6, 0.4]})
    assert not attention_is_share({"attention/mean": [0.5, 0.3, 0.2], "attention/is_share": False})
