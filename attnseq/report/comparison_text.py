"""The lines around a comparison's table: what was compared, how to read it, which runs are not in it and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from attnseq.analysis.comparison import Comparison
from attnseq.analysis.intervals import BOOTSTRAP_FROM
from attnseq.analysis.metrics import higher_is_better
from attnseq.runs import DAMAGED, DIVERGED, FINISHED, UNFINISHED, RunRecord

ABSENT = (UNFINISHED, DIVERGED, DAMAGED)
"""The states of runs that no mean counts."""


def headline(comparison: Comparison) -> str:
    """What was compared, in one line that counts all runs."""
    states = Counter(run.state for run in comparison.runs)
    finished = f"{states[FINISHED]} of {len(comparison.runs)} runs finished"
    others = ", ".join(f"{states[state]} {state}" for state in ABSENT if states[state])
    order = "largest" if higher_is_better(comparison.sort) else "smallest"
    variants = f"{len(comparison.rows)} variant{'s' * (len(comparison.rows) != 1)}"
    return f"{variants}, {finished}{f' ({others})' if others else ''}; best first: {order} {comparison.sort}"


def legend(comparison: Comparison) -> list[str]:
    """How to read intervals and standings."""
    paired = [row.difference.paired for row in comparison.rows if row.difference is not None]
    lines = [
        f"±: half of the 95 % interval of the mean over seeds, by Student's t below {BOOTSTRAP_FROM} seeds, by the"
        f" bootstrap from {BOOTSTRAP_FROM} on; ±?: one seed, no interval",
    ]
    if len(comparison.rows) > 1:
        tests = (
            "paired by seed" if all(paired) else "Welch's" if not any(paired) else "paired by shared seeds or Welch's"
        )
        lines.append(
            f"vs best, in {comparison.sort}: noise: the difference may be chance; worse: it is not;"
            " n=1: one seed cannot tell"
            + (f" (t test at 5 %, {tests}; each for itself: compare.csv has Holm's correction)" if paired else "")
        )
    return lines


def notes(comparison: Comparison, limit: int | None = None) -> list[str]:
    """What the table does not show: a line for each run that is not in it, and for what makes runs hard to compare.

    Args:
        comparison: of runs of every state.
        limit: of the lines of one kind; None for all.
    """
    copies = [f"{run.path}: same config and seed as another run, counted once" for run in comparison.copies]
    lines = absent(comparison.runs, limit) + _limited("copy", copies, limit)
    return lines + list(_versions(comparison.runs)) + list(_missing(comparison))


def absent(runs: Sequence[RunRecord], limit: int | None = None) -> list[str]:
    """A line for each run that is unfinished, diverged or damaged, and why.

    Args:
        runs: of every state.
        limit: of the lines of one state; None for all.
    """
    return [line for state in ABSENT for line in _limited(state, [_why(r) for r in runs if r.state == state], limit)]


def _why(run: RunRecord) -> str:
    if run.state == DAMAGED:
        return run.problem
    if run.state == DIVERGED:
        where = run.result.get("diverged")
        at = f"epoch {where.get('epoch')}, step {where.get('step')}" if isinstance(where, dict) else "epoch unknown"
        return f"{run.path} ({at})"
    return f"{run.path} ({run.epochs} of {run.total_epochs or '?'} epochs)"


def _limited(kind: str, found: Sequence[str], limit: int | None) -> list[str]:
    shown = found if limit is None or len(found) <= limit else found[:limit]
    more = [f"{kind}: and {len(found) - len(shown)} more, named in compare.md"] if len(shown) < len(found) else []
    return [f"{kind}: {line}" for line in shown] + more


def _versions(runs: Sequence[RunRecord]) -> Iterator[str]:
    found = [run.result.get("versions") for run in runs if run.state == FINISHED]
    versions = [version if isinstance(version, dict) else {} for version in found]
    for name in ("attnseq", "torch", "python"):
        counts = Counter(str(version.get(name, "unknown")) for version in versions)
        if len(counts) > 1:
            parts = ", ".join(f"{version} ({count} runs)" for version, count in sorted(counts.items()))
            yield f"mixed versions: {name} {parts}"


def _missing(comparison: Comparison) -> Iterator[str]:
    for metric in comparison.metrics:
        lacking = [
            row.variant.name
            for row in comparison.rows
            if len(row.values.get(metric, ())) < max(map(len, row.values.values()), default=0)
        ]
        if lacking:
            yield f"{metric}: some or all seeds lack it in {'; '.join(lacking)}"
