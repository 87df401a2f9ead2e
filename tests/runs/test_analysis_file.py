"""analysis.json: it holds for the result that it was made of, and for no other."""

import json
from pathlib import Path

import pytest
from run_folders import write_run

from attnseq.comparison.measures import higher_is_better, is_share, limits, metrics
from attnseq.runs.analysis_file import FILE, read_analysis, write_analysis
from attnseq.runs.reading import read_run

CONTENT = {
    "settings": {"samples": 10},
    "numbers": {"agreement/leave_one_out": 0.5, "leave_one_out/most_attended": 0.75},
    "positions": {},
    "absent": {},
}


@pytest.fixture
def analysed(tmp_path: Path) -> Path:
    path = write_run(tmp_path / "run")
    write_analysis(path, CONTENT, (path / "result.json").read_bytes())
    return path


def test_what_was_written_is_read(analysed: Path) -> None:
    found = read_analysis(analysed)
    assert {key: found[key] for key in CONTENT} == CONTENT


def test_another_result_has_none(analysed: Path) -> None:
    result = json.loads((analysed / "result.json").read_text())
    (analysed / "result.json").write_text(json.dumps(result | {"seconds": 11.0}))
    assert read_analysis(analysed) == {}
    assert read_run(analysed).analysis == {}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": 99}', '{"version": 2, "numbers": 3}'])
def test_what_is_damaged_is_as_good_as_none(analysed: Path, content: str) -> None:
    (analysed / FILE).write_text(content)
    assert read_analysis(analysed) == {}
    assert read_run(analysed).state == "finished"


def test_compare_has_its_numbers_with_direction_and_limits(analysed: Path) -> None:
    record = read_run(analysed)
    numbers = metrics(record.result, record.analysis)
    assert numbers["agreement/leave_one_out"] == 0.5
    assert "loss/test" in numbers
    assert higher_is_better("agreement/leave_one_out")
    assert not higher_is_better("adversary/divergence")
    assert limits("sanity/leave_one_out") == (-1.0, 1.0)
    assert is_share("leave_one_out/most_attended")
