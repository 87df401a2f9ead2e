"""The lines around a comparison's table: what was compared, how to read it, and which runs are missing and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from attnseq.comparison.averages import Incomplete
from attnseq.comparison.comparison import BETTER, LOSSES, UNKNOWN, Comparison, Row
from attnseq.comparison.intervals import BOOTSTRAP_FROM
from attnseq.comparison.measures import RANK_AGREEMENT, higher_is_better, is_cost
from attnseq.comparison.numbers import apart, ranges
from attnseq.comparison.trivial import MOST
from attnseq.comparison.variants import Replica
from attnseq.runs.reading import DAMAGED, DIVERGED, FINISHED, UNFINISHED, RunRecord

ABSENT = (UNFINISHED, DIVERGED, DAMAGED)
"""States of runs that no mean includes."""

NAMED = 3
"""At most so many points of a grid are named in a line; the rest are counted."""


def headline(comparison: Comparison) -> str:
    """Say what was compared, in one line that counts all runs."""
    states = Counter(run.state for run in comparison.runs)
    finished = f"{states[FINISHED]} of {len(comparison.runs)} runs finished"
    others = ", ".join(f"{states[state]} {state}" for state in ABSENT if states[state])
    order, _ = _order(comparison.sort)
    variants = f"{len(comparison.rows)} variant{'s' * (len(comparison.rows) != 1)}"
    return f"{variants}, {finished}{f' ({others})' if others else ''}; best first: {order} {comparison.sort}"


def legend(comparison: Comparison) -> list[str]:
    """Explain how to read intervals and standings."""
    paired = [row.difference.paired for row in comparison.rows if row.difference is not None]
    shared = "paired by seed" + (", on the seeds that both have" if any(row.seeds for row in comparison.rows) else "")
    lines = [
        f"±: half of the 95 % interval of the mean over seeds, by Student's t below {BOOTSTRAP_FROM} seeds, by the"
        f" bootstrap from {BOOTSTRAP_FROM} on; ±?: one seed, no interval",
    ]
    if len(comparison.rows) > 1 and is_cost(comparison.sort):
        lines.append(f"minus best: the difference to the best in {comparison.sort}; what runs took is not tested")
    elif len(comparison.rows) > 1:
        tests = shared if all(paired) else "Welch's" if not any(paired) else f"{shared}, or Welch's"
        better = any(row.standing == BETTER for row in comparison.rows)
        lines.append(
            f"minus best, p: the difference to the best in {comparison.sort}; from p = 0.05 on it may be chance"
            + ("; below, a better one is so on the seeds that both have" if better else "")
            + (f" (t test, {tests}; each for itself: compare.csv has Holm's correction)" if paired else "")
            + ("; n=1: one seed cannot tell" if any(row.standing == UNKNOWN for row in comparison.rows) else "")
        )
    if RANK_AGREEMENT in comparison.metrics:
        lines.append(f"{RANK_AGREEMENT}: with the exact relevance of each position")
    if comparison.trivial:
        lines.append("trivial: what a predictor scores that does not look at the input; it is not ranked")
    return lines


def notes(comparison: Comparison, limit: int | None = None) -> list[str]:
    """Write what the table does not show: a line for each missing run, and lines on what makes runs hard to compare.

    Args:
        comparison: of runs of every state.
        limit: most lines of one kind; None for all.
    """
    lines = absent(comparison.runs, limit)
    lines += _limited("copy", [_copy(*pair) for pair in comparison.copies], limit)
    lines += _limited("incomplete average", list(map(_incomplete, comparison.incomplete)), limit)
    lines += [*_versions(comparison.runs), *_missing(comparison), *_beaten(comparison)]
    if more := len(comparison.trivial[MOST:]):
        lines.append(f"trivial: and {more} more, of other data, in compare.csv")
    return lines + _limited("minus best", list(_shared(comparison.rows)), limit)


def absent(runs: Sequence[RunRecord], limit: int | None = None) -> list[str]:
    """Write a line for each run that is unfinished, diverged or damaged, and why.

    Args:
        runs: of every state.
        limit: most lines of one state; None for all.
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
            f"{row.variant.name} ({'all seeds' if metric not in row.values else _seeds(row.lacking[metric])})"
            for row in comparison.rows
            if metric in row.lacking
        ]
        if lacking:
            yield f"{metric}: no number from {'; '.join(lacking)}"


def _copy(run: RunRecord, counted: RunRecord) -> str:
    """Name a run of the same config and seed as another, and the losses in which they differ."""
    unlike = [loss for loss in LOSSES if run.result[loss] != counted.result[loss]]
    line = f"{run.path}: same config and seed as {counted.path}, which alone counts"
    if not unlike:
        return line
    losses = (" and ".join(apart(result[loss] for result in (run.result, counted.result))) for loss in unlike)
    return f"{line}, but not the same losses: {', '.join(map(' '.join, zip(unlike, losses, strict=True)))}"


def _incomplete(average: Incomplete) -> str:
    shown, more = average.lacking[:NAMED], len(average.lacking) - NAMED
    named = "; ".join(shown) + (f"; and {more} more" if more > 0 else "")
    return f"{average.variant} ({_seeds(average.seeds)}): no finished run of {named}"


def _beaten(comparison: Comparison) -> Iterator[str]:
    """Explain why the best variant does not have the best mean, where that is so."""
    if not comparison.rows or comparison.sort not in comparison.rows[0].figures:
        return
    sign = -1 if higher_is_better(comparison.sort) else 1
    means = [sign * row.figures[comparison.sort].mean for row in comparison.rows if comparison.sort in row.figures]
    ahead = [row.variant.name for row, mean in zip(comparison.rows, means, strict=False) if mean < means[0]]
    if ahead:
        _, better = _order(comparison.sort)
        yield (
            f"best: {comparison.rows[0].variant.name}, though a {better} mean over its own seeds has"
            f" {'; '.join(ahead)}: on the seeds that both have, another variant beats it"
        )


def _shared(rows: Sequence[Row]) -> Iterator[str]:
    """Name the seeds on which variants were compared with the best, where these are not all seeds of both."""
    names: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.seeds:
            names[_seeds(row.seeds)].append(row.variant.name)
    for seeds, variants in names.items():
        yield f"on {seeds} alone, those that both have: {'; '.join(variants)}"


def _order(metric: str) -> tuple[str, str]:
    return ("largest", "larger") if higher_is_better(metric) else ("smallest", "smaller")


def _seeds(seeds: Sequence[Replica]) -> str:
    """Write seeds: "seeds 0 to 3, 7"; with the dataset's seed after a slash where runs of one seed differ in it."""
    numbers = {seed[0] for seed in seeds if isinstance(seed[0], int)}
    one_each = len(numbers) == len(seeds)
    text = ranges(sorted(numbers)) if one_each else ", ".join("/".join(map(str, seed)) for seed in seeds)
    return f"seed{'s' * (len(seeds) != 1)} {text}"
