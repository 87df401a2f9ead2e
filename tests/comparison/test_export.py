"""compare.csv, compare.json and compare.md hold the same comparison, and are whole."""

import csv
import io
import json

import pytest
from run_folders import run_config, write_diverged, write_run

from attnseq.comparison.comparison import compare
from attnseq.comparison.export import as_csv, as_markdown, write_report
from attnseq.comparison.table import print_comparison
from attnseq.comparison.variants import naming_keys
from attnseq.report.terminal import terminal_console
from attnseq.runs.reading import find_runs


@pytest.fixture
def report(tmp_path):
    """The folder of a report on two variants; the LSTM is a hundred times better."""
    for seed, loss in ((1, 0.1), (2, 0.2)):
        write_run(tmp_path / "runs" / f"mlp{seed}", run_config("mlp_attention", seed), loss=loss)
        write_run(tmp_path / "runs" / f"lstm{seed}", run_config("lstm_attention", seed), loss=loss / 100)
    write_diverged(tmp_path / "runs" / "lstm3", run_config("lstm_attention", 3))
    runs = find_runs([tmp_path / "runs"])
    comparison = compare(runs, naming_keys(runs), ["loss/validation", "exact/test"], "loss/validation")
    write_report(comparison, tmp_path / "out")
    return tmp_path / "out"


def test_all_files_are_there_and_no_other(report):
    pictures = {"compare_loss.png", "compare_final.png", "compare_attention.png"}
    assert {path.name for path in report.iterdir()} == {"compare.csv", "compare.json", "compare.md"} | pictures


def test_csv(report):
    with (report / "compare.csv").open(newline="") as file:
        best, other = csv.DictReader(file)
    assert (best["variant"], best["standing"], best["finished"], best["diverged"]) == (
        "lstm_attention",
        "best",
        "2",
        "1",
    )
    assert (other["variant"], other["model.name"], other["damaged"]) == ("mlp_attention", "mlp_attention", "0")
    assert float(other["loss/validation"]) == pytest.approx(0.15)
    # two values 0.1 apart: the quantile of Student's t with one degree of freedom is 12.706
    assert float(other["loss/validation high"]) == pytest.approx(0.15 + 12.706 * 0.05, abs=1e-4)
    assert other["loss/validation seeds"] == "2"
    assert float(other["difference mean"]) == pytest.approx(0.1485)
    assert other["difference paired"] == "True"
    assert best["difference mean"] == ""


def test_what_runs_took_is_not_tested(tmp_path):
    for seed in (1, 2, 3):
        for model, seconds in (("mlp_attention", 10.0), ("lstm_attention", 12.5)):
            result = {"seconds": seconds + seed / 8}
            write_run(tmp_path / "runs" / f"{model}{seed}", run_config(model, seed), result=result)
    runs = find_runs([tmp_path / "runs"])
    comparison = compare(runs, naming_keys(runs), ["seconds"], "seconds")
    first, second = csv.DictReader(as_csv(comparison).splitlines())
    assert (first["variant"], first["standing"], second["standing"]) == ("mlp_attention", "best", "")
    assert {second[f"difference {field}"] for field in ("mean", "p", "p corrected")} == {""}
    stream = io.StringIO()
    print_comparison(comparison, terminal_console(stream))
    printed, written = stream.getvalue(), as_markdown(comparison, [])
    cells = next(line for line in written.splitlines() if "lstm" in line).strip("| ").split(" | ")
    assert cells == ["lstm_attention", "3/3", "", "+2.5", "-", "12.8"]
    assert next(line for line in printed.splitlines() if "lstm" in line).split() == [
        *("lstm_attention", "3/3", "12.8", "+2.5")
    ]
    for text in (printed, written):
        assert "noise" not in text
        assert "p =" not in text
        assert "what runs took is not tested" in text


def test_json(report):
    content = json.loads((report / "compare.json").read_text())
    assert content["interval"]["bootstrap_from_seeds"] == 30
    best, other = content["variants"]
    assert best["runs"]["diverged"][0].endswith("lstm3")
    assert other["metrics"]["loss/validation"]["seeds"] == {"1/1337": 0.1, "2/1337": 0.2}
    assert other["difference"]["p_corrected"] == other["difference"]["p"]  # of one test
    assert [note.partition(":")[0] for note in content["notes"]] == ["diverged"]


def test_markdown(report):
    text = (report / "compare.md").read_text()
    assert "| lstm_attention | 2/3 | best | - | - | 0.0015 [" in text
    other = next(line for line in text.splitlines() if line.startswith("| mlp_attention")).split(" | ")
    assert other[2] == "noise"
    assert other[3].startswith("0.1485 [")
    assert 0.05 < float(other[4]) < 1
    assert "![compare_attention](compare_attention.png)" in text
    assert "lstm3 (epoch 2, step 7)" in text


def test_a_picture_of_an_earlier_comparison_does_not_stay(report, tmp_path):
    for path in tmp_path.glob("runs/*/history.csv"):
        path.unlink()
    runs = find_runs([tmp_path / "runs"])
    written = write_report(compare(runs, ["model.name"], ["loss/test"], "loss/test"), report)
    assert not (report / "compare_loss.png").exists()
    assert all(path.exists() for path in written)
