"""The trivial predictor's row: below all variants, not ranked, one for all data that are the same."""

import csv
import io
import json

import pytest
from rich.console import Console
from run_folders import run_config, write_run

from attnseq.comparison.comparison import compare, known_metrics
from attnseq.comparison.export import as_csv, as_json, as_markdown
from attnseq.comparison.measures import usual
from attnseq.comparison.table import print_comparison
from attnseq.comparison.trivial import trivial_rows
from attnseq.comparison.variants import naming_keys
from attnseq.runs.reading import find_runs

MEAN = {"predicts": "mean of the targets", "loss/validation": 0.001, "loss/test": 0.0625, "mae/test": 221.5}
"""Better than every run in the loss by which they are sorted."""


def written(folder, *trivial, key="dataset__train_size"):
    """Runs of two models a set of data, each with these trivial figures; the data differ in a key."""
    for number, figures in enumerate(trivial):
        for model in ("mlp_attention", "lstm_attention"):
            for seed in (1, 2):
                config = run_config(model, seed, **{key: 100 * (1 + number)})
                write_run(folder / f"{model}{number}{seed}", config, result={"trivial": figures})
    return find_runs([folder])


def compared(runs):
    return compare(runs, naming_keys(runs), usual(known_metrics(runs)), "loss/validation")


def printed(comparison, width=200):
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=width, highlight=False, markup=False))
    return stream.getvalue()


def test_it_stands_below_all_variants_and_is_not_ranked(tmp_path):
    comparison = compared(written(tmp_path, MEAN))
    assert [row.variant.name for row in comparison.rows if "trivial" in row.variant.name] == []
    assert comparison.rows[0].standing == "best"
    lines = printed(comparison).splitlines()
    (place,) = (place for place, line in enumerate(lines) if line.startswith("trivial: mean of the targets"))
    assert all("_attention" in line for line in lines[place - 2 : place])
    assert lines[place].removeprefix("trivial: mean of the targets").split()[:4] == ["0.001", "0.0625", "-", "222"]
    assert any(line.startswith("trivial: what a predictor scores") for line in lines)
    assert "2 variants" in lines[0]


@pytest.mark.parametrize("width", [50, 80])
def test_on_narrow_consoles_it_goes_by_a_letter(tmp_path, width):
    lines = printed(compared(written(tmp_path, MEAN)), width).splitlines()
    table = lines[1 : next(place for place, line in enumerate(lines) if line.startswith("±"))]
    assert max(map(len, table)) <= width
    parts = sum(line.startswith("──") for line in table)
    assert parts > 1
    assert [line[0] for line in table if line[:2] in ("1 ", "2 ", "a ")] == ["1", "2", "a"] * parts


def test_files_have_it(tmp_path):
    comparison = compared(written(tmp_path, MEAN))
    *_, row = csv.DictReader(as_csv(comparison).splitlines())
    assert (row["variant"], row["standing"], row["mae/test"]) == ("trivial: mean of the targets", "trivial", "221.5")
    assert {row[key] for key in ("finished", "loss/test low", "loss/test seeds", "difference mean")} == {""}
    content = json.loads(json.dumps(as_json(comparison)))
    figures = {name: value for name, value in MEAN.items() if name != "predicts"}
    assert content["trivial"] == [{"predicts": "trivial: mean of the targets", "metrics": figures}]
    assert len(content["variants"]) == 2
    line = next(line for line in as_markdown(comparison, []).splitlines() if line.startswith("| trivial"))
    assert line.split(" | ")[5:9] == ["0.001", "0.0625", "-", "222"]


def test_results_of_before_have_none(tmp_path):
    write_run(tmp_path / "run")
    comparison = compared(find_runs([tmp_path]))
    assert comparison.trivial == []
    assert "trivial" not in printed(comparison) + as_csv(comparison) + as_markdown(comparison, [])


def test_results_of_before_keep_their_words(tmp_path):
    before = {"predicts": "uniform classes", "loss/validation": 0.69, "loss/test": 0.69, "accuracy/test": 0.5}
    now = before | {"predicts": "frequencies of classes", "accuracy/test": 0.95}
    runs = written(tmp_path, before, now)
    rows = trivial_rows(runs, ["model.name"])
    assert {row.name: row.figures["accuracy/test"] for row in rows} == {
        "trivial: uniform classes": 0.5,
        "trivial: frequencies of classes": 0.95,
    }


def test_of_further_lengths_it_has_no_figure(tmp_path):
    for seed in (1, 2):
        write_run(tmp_path / str(seed), run_config(seed=seed), result={"trivial": MEAN, "mae/test@20": 30.5})
    runs = find_runs([tmp_path])
    comparison = compare(runs, naming_keys(runs), ["mae/test", "mae/test@20"], "loss/validation")
    (line,) = (line for line in printed(comparison).splitlines() if line.startswith("trivial: mean of the targets"))
    assert line.removeprefix("trivial: mean of the targets").split() == ["0.001", "222", "-"]


def test_data_whose_figures_are_nearly_the_same_share_a_row(tmp_path):
    runs = written(tmp_path, MEAN, MEAN | {"loss/test": 0.0626, "r2/test": -1e-5}, MEAN | {"loss/test": 0.07})
    without_r2 = [MEAN, MEAN | {"loss/test": 0.0626}, MEAN | {"loss/test": 0.07}]
    assert len(trivial_rows(runs, naming_keys(runs))) == 3  # one of them has another metric
    again = written(tmp_path / "again", *without_r2)
    rows = trivial_rows(again, naming_keys(again))
    assert [row.figures["loss/test"] for row in rows] == pytest.approx([0.06255, 0.07])
    names = [row.name for row in rows]
    assert names == [f"trivial: mean of the targets train_size={size}" for size in (100, 300)]


def test_of_many_data_the_table_shows_a_few_and_says_so(tmp_path):
    comparison = compared(written(tmp_path, *(MEAN | {"loss/test": 0.1 * number} for number in range(1, 6))))
    text = printed(comparison)
    assert sum(line.startswith("trivial: mean") for line in text.splitlines()) == 3
    assert "trivial: and 2 more, of other data, in compare.csv" in text
    assert as_csv(comparison).count("trivial: mean") == 5


def test_runs_that_the_table_takes_together_are_averaged(tmp_path):
    runs = written(tmp_path, MEAN, MEAN | {"loss/test": 0.1875})
    (row,) = trivial_rows(runs, ["model.name"])
    assert row.name == "trivial: mean of the targets"
    assert row.figures["loss/test"] == pytest.approx(0.125)
