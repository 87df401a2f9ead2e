"""The claims and their verdicts as a table, as Markdown and as JSON."""

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import torch
from rich import box
from rich.table import Table
from rich.text import Text

from attnseq.article.claim_runs import ATTENTIONS, CONTROLS
from attnseq.article.claims import LOSS, MASS, Claim
from attnseq.article.evidence import Evidence
from attnseq.article.judging import HOLDS, NOT, Finding, mean, ratio, share
from attnseq.core.version import __version__

STYLES = {HOLDS: "green", NOT: "bold red"}


class Tested(NamedTuple):
    """A claim, and what the seeds show."""

    claim: Claim
    finding: Finding


class About(NamedTuple):
    """How the runs were made.

    Args:
        command: that made them.
        is_quick: whether they are smaller than those of the page that ships.
        waiting: runs that are not finished.
    """

    command: str
    is_quick: bool
    waiting: int = 0

    @property
    def lines(self) -> list[str]:
        """The command, the date and the versions; and that a quick version says little, and what is not finished."""
        made = f"{date.today()}, attnseq {__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}"
        quick = (
            "A quick version: other seeds, or runs of another size, than the claims are about. Its verdicts say little."
        )
        lacking = f"{self.waiting} runs are not finished: verdicts are of those that are."
        remarks = [*([quick] if self.is_quick else []), *([lacking] if self.waiting else [])]
        return [*remarks, f"    {self.command}", made]


def claims_table(tested: Sequence[Tested]) -> Table:
    """Make a table to print; fits 80 columns by wrapping between words."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=True)
    for name, width in (("claim", 22), ("article", 15), ("seeds show", 24), ("verdict", 9)):
        table.add_column(name, overflow="fold", max_width=width)
    for (sentence, article, _), finding in tested:
        verdict = Text(finding.verdict, style=STYLES.get(finding.verdict, "yellow"))
        table.add_row(Text(sentence), Text(article), Text(finding.shown), verdict)
    return table


def markdown(tested: Sequence[Tested], evidence: Evidence, about: About) -> str:
    """Write the page of claims."""
    lines = ["# The article's claims, tested over seeds", "", *_paragraphs(about.lines)]
    lines += _table(
        ("claim", "the article shows", "the seeds show", "seeds", "verdict"),
        [
            (each.sentence, each.article, found.shown, str(found.seeds), f"**{found.verdict}**")
            for each, found in tested
        ],
    )
    lines += ["", "![Losses, attention, what moves the answer, and long sequences, seed by seed](claims.png)"]
    lines += ["", "## Attention against its controls, at equal training", ""]
    lines += ["Loss of the test samples, mean over seeds with half of the 95 % interval:", ""]
    rows = []
    for kind in (*ATTENTIONS, *CONTROLS):
        losses = evidence.result(f"lstm {kind}", LOSS)
        if losses:
            masses = evidence.result(f"lstm {kind}", *MASS) if kind != "none" else {}  # of before, it had even weights
            rows.append((f"`{kind}`", str(len(losses)), mean(losses), share(masses)))
    lines += _table(("`model.attention`", "seeds", "loss/test", "attention on operands, %"), rows)
    lines += [
        "",
        "Its loss is so many times that of the control (geometric mean over the seeds that both have, with its",
    ]
    lines += ["95 % interval; p of Student's t on the logarithms, each for itself):", ""]
    controls = [kind for kind in CONTROLS if evidence.result(f"lstm {kind}", LOSS)]
    lines += _table(
        ("`model.attention`", *(f"against `{kind}`" for kind in controls)),
        [
            (f"`{kind}`", *(_ratio(evidence, f"lstm {kind}", f"lstm {control}") for control in controls))
            for kind in ATTENTIONS
            if evidence.result(f"lstm {kind}", LOSS)
        ],
    )
    lost = [f"{count} of `{label}`" for label, count in evidence.lost.items() if count]
    lines += ["", f"Runs that diverged and are left out: {', '.join(lost) or 'none'}.", ""]
    return "\n".join(lines)


def content(tested: Sequence[Tested], evidence: Evidence, about: About) -> str:
    """Write claims and figures as JSON."""
    rows = [{"claim": claim.sentence, "article": claim.article, **finding._asdict()} for claim, finding in tested]
    losses: Mapping[str, Any] = {label: evidence.result(label, LOSS) for label in evidence.labels}
    whole = {"about": about._asdict() | {"lines": about.lines}, "claims": rows, LOSS: losses, "diverged": evidence.lost}
    return json.dumps(whole, indent=2) + "\n"


def _ratio(evidence: Evidence, label: str, other: str) -> str:
    return ratio(evidence.result(label, LOSS), evidence.result(other, LOSS)).text


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from (line, "")


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (heading, ["---"] * len(heading), *rows):
        yield f"| {' | '.join(row)} |"
