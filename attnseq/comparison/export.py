"""A comparison as files: compare.csv and compare.json for programs, compare.md for readers, and pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attnseq.comparison.comparison import UNTESTED, Comparison, Row
from attnseq.comparison.intervals import BOOTSTRAP_FROM, LEVEL, RESAMPLES, Interval
from attnseq.comparison.measures import is_cost
from attnseq.comparison.numbers import bounds, plain, probability, shown_as, signed
from attnseq.comparison.plots import attention_figure, curves_figure, losses_figure
from attnseq.comparison.text import headline, legend, notes
from attnseq.comparison.trends import trend_figure
from attnseq.comparison.trivial import MOST
from attnseq.comparison.variants import Replica
from attnseq.core.files import write_atomically
from attnseq.report.axes import save
from attnseq.report.style import drawing
from attnseq.runs.reading import STATES

PICTURES = {
    "compare_loss.png": curves_figure,
    "compare_final.png": losses_figure,
    "compare_attention.png": attention_figure,
    "compare_trend.png": trend_figure,
}


TESTED = ("mean", "low", "high", "p", "paired", "count")
"""Fields of a difference that compare.csv has."""


def write_report(comparison: Comparison, folder: Path) -> list[Path]:
    """Write all files of a comparison, each whole or not at all.

    Args:
        comparison: with at least one finished run.
        folder: made where it does not exist.

    Returns:
        The files written.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in PICTURES.items():
        with drawing():
            figure = draw(comparison)
        if figure is None:
            (folder / name).unlink(missing_ok=True)  # it is of an earlier comparison
        else:
            save(figure, folder / name)
            written.append(folder / name)
    pictures = [path.name for path in written]
    texts = {
        "compare.csv": as_csv(comparison),
        "compare.json": json.dumps(as_json(comparison), indent=2, allow_nan=False) + "\n",
        "compare.md": as_markdown(comparison, pictures),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    return [*(folder / name for name in texts), *written]


def as_csv(comparison: Comparison) -> str:
    """Write a comparison as CSV: a row for each variant, an empty cell where there is no value.

    Columns: name, values of the keys, runs by state, each metric's mean, bounds and number of seeds, how the variant
    compares with the best one, and the difference to it. Trivial predictors come last, without runs and seeds.
    """
    rows = []
    for row in comparison.rows:
        cells: dict[str, Any] = {"variant": row.variant.name}
        cells |= {key: _plain(row.variant.values.get(key, "")) for key in comparison.keys}
        cells |= {state: len(row.variant.of_state(state)) for state in STATES}
        for metric in comparison.metrics:
            interval = row.figures.get(metric)
            figures = (interval.mean, interval.low, interval.high, interval.count) if interval else (None,) * 3 + (0,)
            cells |= dict(zip((metric, f"{metric} low", f"{metric} high", f"{metric} seeds"), figures, strict=True))
        difference = asdict(row.difference) if row.difference else {}
        cells["standing"] = row.standing
        cells |= {f"difference {name}": difference.get(name) for name in TESTED}
        rows.append(cells | {"difference p corrected": row.p_corrected})
    for each in comparison.trivial:
        figures_of = {name: each.figures[name] for name in comparison.metrics if name in each.figures}
        rows.append({"variant": each.name, **figures_of, "standing": "trivial"})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return all that is known of a comparison: the CSV's figures, every run by its folder, and each seed's values.

    A seed's key is the run's seed, with the dataset's seed after a slash where that names no variant. A difference has
    the seeds on which it was taken, or null for all seeds of both variants.
    """
    return {
        "sort": comparison.sort,
        "group": list(comparison.keys),
        "interval": {
            "level": LEVEL,
            "method": "Student's t, or percentiles of the bootstrapped mean; ends where the metric does",
            "bootstrap_from_seeds": BOOTSTRAP_FROM,
            "resamples": RESAMPLES,
        },
        "variants": [_variant_json(row) for row in comparison.rows],
        "trivial": [{"predicts": each.name, "metrics": dict(each.figures)} for each in comparison.trivial],
        "damaged": [{"path": str(run.path), "problem": run.problem} for run in comparison.runs if run.problem],
        "copies": [str(run.path) for run, _ in comparison.copies],
        "notes": notes(comparison),
    }


def as_markdown(comparison: Comparison, pictures: Sequence[str]) -> str:
    """Write one table with full bounds, the legend, the pictures, and every run that the table does not show."""
    heads = ["variant", "runs", "vs best", "minus best", "p", *(shown_as(metric)[0] for metric in comparison.metrics)]
    lines = [
        headline(comparison),
        "",
        _line(heads),
        _line(["---", "---:", "---", "---:", "---:", *("---:" for _ in comparison.metrics)]),
    ]
    for row in comparison.rows:
        finished = f"{len(row.variant.of_state('finished'))}/{len(row.variant.runs)}"
        figures = [bounds(row.figures.get(name), shown_as(name)[1], is_cost(name)) for name in comparison.metrics]
        lines.append(_line([row.variant.name, finished, row.standing, *_difference(row, comparison), *figures]))
    for each in comparison.trivial[:MOST]:
        values = [each.figures.get(name) for name in comparison.metrics]
        figures = [
            "-" if value is None else plain(value * shown_as(name)[1])
            for name, value in zip(comparison.metrics, values, strict=True)
        ]
        lines.append(_line([each.name, "", "", "", "", *figures]))
    lines += ["", *(f"- {line}" for line in legend(comparison)), ""]
    lines += [f"![{Path(name).stem}]({name})" for name in pictures]
    remarks = notes(comparison)
    return "\n".join(lines + (["", *(f"- {line}" for line in remarks)] if remarks else [])) + "\n"


def _difference(row: Row, comparison: Comparison) -> tuple[str, str]:
    """Write the difference to the best with its bounds, and its p value; of costs the difference alone."""
    sort = comparison.sort
    if row.standing == UNTESTED and sort in row.figures:
        return signed(row.figures[sort].mean - comparison.rows[0].figures[sort].mean), "-"
    if row.difference is None:
        return "-", "-"
    test = row.difference
    return bounds(Interval(test.mean, test.low, test.high, test.count), shown_as(sort)[1]), probability(test.p)


def _variant_json(row: Row) -> dict[str, Any]:
    return {
        "variant": row.variant.name,
        "values": {key: _plain(value) for key, value in row.variant.values.items()},
        "runs": {state: [str(run.path) for run in row.variant.of_state(state)] for state in STATES},
        "metrics": {
            name: asdict(interval) | {"seeds": {_seed(seed): value for seed, value in row.values[name].items()}}
            for name, interval in row.figures.items()
        },
        "standing": row.standing,
        "difference": asdict(row.difference)
        | {"p_corrected": row.p_corrected, "seeds": list(map(_seed, row.seeds)) or None}
        if row.difference
        else None,
    }


def _seed(seed: Replica) -> str:
    return "/".join(map(str, seed))


def _plain(value: Any) -> Any:
    return ".".join(map(str, value)) if isinstance(value, tuple) else value


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
