"""The table of an analysis: at 80 columns, directions, what is missing and why."""

import io
from typing import Any, cast

import pytest
from rich.console import Console

from attnseq.analysis.analysing import Analysed
from attnseq.analysis.stability import NO_ATTENTION, ONE_SEED, STABILITY, mean_divergence
from attnseq.analysis.subjects import Subject
from attnseq.analysis.table import interval, markdown, reasons, shown_names, tables
from attnseq.scores.analysed import NUMBERS, RANDOM, known


def run(numbers: dict[str, float], absent: dict[str, str] | None = None) -> Analysed:
    positions = {"attention": [0.2, 0.8] if "permutation/largest_weight" in numbers else None}
    content: dict[str, Any] = {"numbers": numbers, "absent": absent or {}, "positions": positions, "settings": {}}
    return Analysed(cast("Subject", None), content)


EVERY = dict.fromkeys(NUMBERS, 0.25) | {"sanity/leave_one_out": 0.5}
NONE = {"permutation": "the model has no attention", "adversary": "the model has no attention"}
PLAIN = {name: 1.5 for name in EVERY if name.partition("/")[0] not in NONE}
VARIANTS = {
    "lstm_attention attention=time": [run(EVERY), run(EVERY)],
    "mlp_plain learning_rate=0.001": [run(PLAIN, NONE)],
    "third": [run(EVERY)],
}


def text(width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    for table in tables(VARIANTS, console.width):
        console.print(table)
    return cast("io.StringIO", console.file).getvalue()


def test_it_fits_80_columns_in_parts() -> None:
    lines = text(80).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("mean over seeds") for line in lines) == 2
    assert len(text(140).splitlines()) < len(lines)


def test_directions_and_what_is_missing() -> None:
    lines = text(200).splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line.startswith("  ")}
    assert rows["bound"] == ["bound", "0.2500±0.0000", "-", "0.2500±?"]
    assert rows["sufficiency"][1] == "lower"
    assert rows["comprehensiveness"][1] == "higher"
    assert rows["median_change"][3] == "-"
    assert rows["divergence"] == ["divergence", "lower", "0", "-", "-"]  # of the last kind, stability
    assert list(reasons(VARIANTS)) == [
        f"no permutation, adversary, stability of mlp_plain learning_rate=0.001: {NO_ATTENTION}",
        f"no stability of third: {ONE_SEED}",
    ]


def test_markdown_has_the_same() -> None:
    lines = markdown(VARIANTS).splitlines()
    assert lines[0].count("|") == 7
    assert sum(line.startswith("| agreement/") for line in lines) == 4
    assert lines[-2:] == [f"- {line}" for line in reasons(VARIANTS)]


def test_numbers_are_in_their_order_with_sanity_last() -> None:
    assert shown_names(VARIANTS) == [*NUMBERS, STABILITY, "sanity/leave_one_out"]
    assert interval(VARIANTS["mlp_plain learning_rate=0.001"], "adversary/bound") is None


def test_random_weights_have_the_limits_of_what_they_repeat() -> None:
    sane, unknown = known("sanity/leave_one_out"), known("sanity/relevance_mass")
    assert sane is not None
    assert sane.limits == (-1.0, 1.0)
    assert unknown is not None
    assert known("loss/test") is None


def test_mean_divergence_by_hand() -> None:
    assert mean_divergence([[1.0, 0.0], [0.0, 2.0], None]) == pytest.approx(0.6931472)
    assert mean_divergence([[0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]) == pytest.approx(0.0, abs=1e-12)
    assert mean_divergence([[0.2, 0.8], None]) is None


def test_what_several_runs_have_together_is_no_number_of_a_run() -> None:
    assert known(STABILITY) is None  # so that `compare` does not take it for a value of each seed
    apart = [run(EVERY), run(EVERY)]
    apart[1].content["positions"]["attention"] = [0.8, 0.2]
    found = interval(apart, STABILITY)
    assert found is not None
    assert found.mean == pytest.approx(mean_divergence([[0.2, 0.8], [0.8, 0.2]]))
    assert found.mean > 0.1


def test_random_weights_have_no_better_direction_but_to_be_another_attention() -> None:
    assert [getattr(known(name), "direction", None) for name in ("sanity/mass_accuracy", RANDOM)] == ["", "lower"]
