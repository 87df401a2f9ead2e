"""The rows below a comparison's variants: what predicting without a look at the input scores. They are not ranked.

Of test samples of further lengths (exact/test@20) nothing is measured, and the table has "-". Results of before have no
figures, or those of "uniform classes", which are a row of their own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isclose
from statistics import fmean
from typing import NamedTuple

from attnseq.comparison.variants import call, short_keys
from attnseq.runs.reading import FINISHED, RunRecord, Value, is_number

MOST = 3
"""Rows that the table shows; data of a sweep may differ in very many ways."""

CLOSE = 0.05
"""Losses that differ by no more than this share of them are one row: other samples of the same kind differ by 2 %."""

OBJECTIVE = "trainer.objective"

Group = tuple[str, tuple[Value, ...]]
"""What is predicted, and the values of the keys that tell data apart."""


class Trivial(NamedTuple):
    """What a trivial predictor scores on some data.

    Args:
        name: such as "trivial: mean of the targets" or "trivial: frequencies of classes", with the keys that tell data
            apart where there are several.
        figures: by metric; there is no seed, and so no interval.
    """

    name: str
    figures: Mapping[str, float]


def trivial_rows(runs: Sequence[RunRecord], keys: Sequence[str]) -> list[Trivial]:
    """Collect the trivial figures of finished runs: a row for all data on which the losses are about the same.

    Args:
        runs: of every state.
        keys: dotted keys that name variants. Runs that differ in none of the dataset's or in the objective are taken
            together, as in the table. The figures of a row are averaged.
    """
    parts = [key for key in keys if key.startswith("dataset.") or key == OBJECTIVE]
    found: dict[Group, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        its = run.result.get("trivial")
        if run.state != FINISHED or not isinstance(its, Mapping):
            continue
        group = str(its.get("predicts", "")), tuple(run.config.get(key) for key in parts)
        for name, value in its.items():
            if is_number(value):
                found[group][name].append(float(value))
    rows: list[tuple[Group, list[dict[str, float]]]] = []
    for group, values in found.items():
        figures = {name: fmean(each) for name, each in values.items()}
        same = next((row for (predicts, _), row in rows if predicts == group[0] and _alike(figures, row[0])), None)
        if same is None:
            rows.append((group, [figures]))
        else:
            same.append(figures)
    names = _names([group for group, _ in rows], parts)
    means = [{name: fmean(figures[name] for figures in row) for name in row[0]} for _, row in rows]
    return list(map(Trivial, names, means))


def _names(groups: Sequence[Group], parts: Sequence[str]) -> list[str]:
    """Name rows by what is predicted and, where that is not enough, by the values of these keys."""
    predicted = [f"trivial: {predicts}" for predicts, _ in groups]
    if len(set(predicted)) == len(predicted):
        return predicted
    short = short_keys(parts)
    values = [dict(zip(parts, values, strict=True)) for _, values in groups]
    known = [call({key: value for key, value in each.items() if value is not None}, short) for each in values]
    return [f"{name} {its}".rstrip() for name, its in zip(predicted, known, strict=True)]


def _alike(figures: Mapping[str, float], others: Mapping[str, float]) -> bool:
    return figures.keys() == others.keys() and all(
        isclose(value, others[name], rel_tol=CLOSE) for name, value in figures.items() if name.startswith("loss/")
    )
