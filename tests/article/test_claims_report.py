"""The claims' table at 80 columns, their page, and their JSON."""

import io
import json

import pytest
from evidence_of import GOOD_T, evidence, run
from rich.console import Console

from attnseq.article.claim_training import judged
from attnseq.article.claims import CLAIMS
from attnseq.article.claims_report import About, claims_table, content, markdown
from attnseq.article.evidence import Evidence

FOUND = evidence(
    mlp=[run(1e-3, GOOD_T), run(2e-3, GOOD_T)],
    lstm_time=[run(1e-6), run(2e-6)],
    lstm_none=[run(2e-6), run(1e-6)],
    lstm_oracle=[run(5e-6), run(4e-6)],
)


def test_the_table_fits_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(claims_table(judged(FOUND)))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert sum("not" in line for line in lines) > 3


def test_the_page_has_every_claim_and_what_the_controls_show() -> None:
    page = markdown(judged(FOUND), FOUND, About("python -m attnseq.claims", is_quick=False))
    for claim in CLAIMS:
        assert f"| {claim.sentence} |" in page
    assert "\n    python -m attnseq.claims\n" in page
    assert "quick" not in page
    assert "| `oracle` | 2 | 4.5 ± 6.4 e-6 | - |" in page
    (head,) = (line for line in page.splitlines() if "against" in line and "`model.attention`" in line)
    assert head == "| `model.attention` | against `none` | against `oracle` |"
    assert "Runs that diverged and are left out: none." in page


def test_a_quick_version_says_so() -> None:
    assert "quick version" in markdown(judged(FOUND), FOUND, About("x", is_quick=True))


def test_lost_runs_are_named() -> None:
    lost = Evidence({"mlp": {0: run()}}, {"mlp": 3, "lstm time": 0})
    assert "left out: 3 of `mlp`." in markdown(judged(lost), lost, About("x", is_quick=False))


def test_json_has_verdicts_and_losses_by_seed() -> None:
    read = json.loads(content(judged(FOUND), FOUND, About("command", is_quick=True)))
    assert [row["claim"] for row in read["claims"]] == [claim.sentence for claim in CLAIMS]
    assert read["claims"][3]["verdict"] == "holds"  # a thousandth in both seeds
    assert read["claims"][3]["p"] == pytest.approx(0.0, abs=1e-9)
    assert read["loss/test"]["lstm time"] == {"0": 1e-6, "1": 2e-6}
    assert read["about"]["is_quick"]
