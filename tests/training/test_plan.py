"""A run's plan: read as it was written, and not taken from a file that holds none."""

import json
from pathlib import Path

import pytest

from attnseq.training.execution import COMPILED, Execution
from attnseq.training.plan import Plan, load_plan, population_name, save_plan

PLAN = Plan(Execution(COMPILED, "it is in the cache", 2), population_name([Path("a"), Path("b")]), runs=2, row=1)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert load_plan(tmp_path / "plan.json") is None
    save_plan(tmp_path / "plan.json", PLAN)
    assert load_plan(tmp_path / "plan.json") == PLAN


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"execution": {"way": "magic"}, "population": "", "runs": 1}']
)
def test_what_is_no_plan_is_planned_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    assert load_plan(tmp_path / "plan.json") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("population", []),
        ("row", "a"),
        ("row", 2),
        ("row", -1),
        ("runs", 0),
        ("runs", True),
        ("execution", {"way": []}),
    ],
)
def test_what_is_half_a_plan_is_none(tmp_path: Path, key: str, value: object) -> None:
    save_plan(tmp_path / "plan.json", PLAN)
    content = json.loads((tmp_path / "plan.json").read_text()) | {key: value}
    (tmp_path / "plan.json").write_text(json.dumps(content))
    assert load_plan(tmp_path / "plan.json") is None


@pytest.mark.parametrize("execution", [Execution("by magic"), *(Execution(COMPILED, "", n) for n in (0, -1, 3, 10**9))])
def test_another_way_or_other_shards_are_no_plan(tmp_path: Path, execution: Execution) -> None:
    save_plan(tmp_path / "plan.json", Plan(execution, "", 2, 0))
    assert load_plan(tmp_path / "plan.json") is None


def test_a_population_is_named_by_its_folders_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a, b = Path("a"), Path("b")
    names = {population_name(folders) for folders in ([a], [b], [a, b], [b, a])}
    assert len(names) == 4
    assert population_name([tmp_path / "a", b]) == population_name([a, b])
