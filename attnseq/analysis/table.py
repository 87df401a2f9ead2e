"""The table of an analysis: a row a number, a column a variant, in as many parts as the width requires."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from attnseq.analysis.analysing import Analysed
from attnseq.analysis.stability import ITS, STABILITY, mean_divergence, why_unknown
from attnseq.comparison.intervals import Interval, mean_intervals
from attnseq.comparison.numbers import compact
from attnseq.scores.analysed import NUMBERS, SANITY, Number, known

Variants = Mapping[str, Sequence[Analysed]]

ROWS = {**NUMBERS, STABILITY: ITS}
"""What is known of the numbers that a table shows, in its order; those of random weights come behind."""

COLUMN, GAP = 15, 2
"""Characters of a variant's column, and between two."""


def shown_names(variants: Variants) -> list[str]:
    """List the numbers of any run, and those of which a run says why it has none, in the order of a table."""
    found = {name for runs in variants.values() for run in runs for name in run.content["numbers"]}
    found.add(STABILITY)
    missing = {name for runs in variants.values() for run in runs for name in NUMBERS if _reason(run, name)}
    sane = sorted(name for name in found if name.startswith(SANITY))
    return [*(name for name in ROWS if name in found | missing), *sane]


def interval(runs: Sequence[Analysed], name: str) -> Interval | None:
    """Compute a number's mean over a variant's runs, with its 95 % interval; None where no run has it."""
    if name == STABILITY:
        together = mean_divergence(_attention(runs))
        values = [] if together is None else [together]
    else:
        values = [run.content["numbers"][name] for run in runs if name in run.content["numbers"]]
    found = _known(name)
    if not values or found is None:
        return None
    return mean_intervals([values])[0].within(*found.limits)


def tables(variants: Variants, width: int, plus_minus: str = "±") -> Iterator[Table]:
    """Make the tables, each of as many variants as fit.

    Args:
        variants: at least one.
        width: characters of a line.
        plus_minus: what stands between a mean and its interval.
    """
    names = shown_names(variants)
    first = max(len(_row(name)) for name in names) + GAP + len("better")
    at_once = max(1, (width - first) // (COLUMN + GAP))
    columns = list(variants)
    for start in range(0, len(columns), at_once):
        part = columns[start : start + at_once]
        table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
        table.add_column("mean over seeds", no_wrap=True)
        table.add_column("better", no_wrap=True)
        for variant in part:
            table.add_column(
                Text(f"{variant} ({_seeds(len(variants[variant]))})"), width=COLUMN, justify="right", overflow="fold"
            )
        kind = ""
        for name in names:
            if kind != name.partition("/")[0]:
                kind = name.partition("/")[0]
                table.add_row(Text(kind, style="bold"))
            its = _known(name)
            cells = [_cell(variants[variant], name, plus_minus) for variant in part]
            table.add_row(Text(_row(name)), Text(its.direction if its else ""), *map(Text, cells))
        yield table


def reasons(variants: Variants) -> Iterator[str]:
    """Say why numbers are not there, a line a reason."""
    why: dict[tuple[str, str], list[str]] = defaultdict(list)
    names = shown_names(variants)
    for variant, runs in variants.items():
        for name in names:
            if name == STABILITY:
                if interval(runs, name) is None:
                    why[variant, why_unknown(_attention(runs))].append(name)
                continue
            lacking = {_reason(run, name) for run in runs if name not in run.content["numbers"]} - {""}
            for reason in sorted(lacking):
                why[variant, reason].append(name)
    by_line: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (variant, reason), its in why.items():
        by_line[", ".join(_grouped(its)), reason].append(variant)
    for (what, reason), its_variants in by_line.items():
        whose = "" if len(its_variants) == len(variants) else f" of {'; '.join(its_variants)}"
        yield f"no {what}{whose}: {reason}"


def markdown(variants: Variants) -> str:
    """Write the table, one of all variants, and its reasons as Markdown."""
    lines = [
        "| mean over seeds | what it is | better |"
        + "".join(f" {name} ({_seeds(len(runs))}) |" for name, runs in variants.items())
    ]
    lines.append("|---|---|---|" + "---:|" * len(variants))
    for name in shown_names(variants):
        its = _known(name)
        cells = "".join(f" {_cell(runs, name)} |" for runs in variants.values())
        meaning, direction = (its.meaning, its.direction) if its else ("", "")
        lines.append(f"| {name} | {meaning} | {direction} |{cells}")
    return "\n".join([*lines, "", *(f"- {line}" for line in reasons(variants)), ""])


def _known(name: str) -> Number | None:
    return ROWS.get(name) or known(name)


def _attention(runs: Sequence[Analysed]) -> list[list[float] | None]:
    """Return the mean attention of each run, T; None of one without attention."""
    return [run.content["positions"].get("attention") for run in runs]


def _row(name: str) -> str:
    """Write a number's name below that of its kind."""
    return f"  {name.partition('/')[2]}"


def _cell(runs: Sequence[Analysed], name: str, plus_minus: str = "±") -> str:
    """Write a number; what all seeds have together has no interval."""
    return compact(interval(runs, name), plus_minus, mean_alone=name == STABILITY)


def _reason(run: Analysed, name: str) -> str:
    """Say why a run has no such number: by its name, or by the kind that it is of."""
    absent = run.content["absent"]
    return str(absent.get(name) or absent.get(name.partition("/")[0]) or "")


def _grouped(names: Sequence[str]) -> list[str]:
    """Name numbers by their kind where all of it is missing: "permutation"."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in names:
        kinds[name.partition("/")[0]].append(name)
    whole = {kind: sum(name.partition("/")[0] == kind for name in ROWS) for kind in kinds}
    return [each for kind, its in kinds.items() for each in ([kind] if len(its) == whole[kind] else its)]


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"
