"""Analysing runs, one population after the other; what is finished is read, not made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from attnseq.analysis.population import Found, analyse
from attnseq.analysis.settings import Settings
from attnseq.analysis.subjects import Subject, SubjectError, populations
from attnseq.comparison.variants import fold, naming_keys, without_copies
from attnseq.runs.build import build_meter, build_recipe


@dataclass
class Analysed:
    """A run, and what its analysis.json holds."""

    subject: Subject
    content: dict[str, Any]


def unfinished(subjects: Sequence[Subject], settings: Settings, overwrite: bool) -> list[list[Subject]]:
    """List the populations that are to be analysed; runs that were analysed with these settings are none of them."""
    return populations(subject for subject in subjects if overwrite or not _is_done(subject, settings))


def analyse_population(population: Sequence[Subject], settings: Settings) -> list[SubjectError]:
    """Analyse runs that are asked together, and write what is found of each.

    Returns:
        An error for each run whose checkpoint cannot be used; the others are analysed without it.

    Raises:
        ConfigError: the task's samples cannot be made.
        OSError: a file cannot be written.
    """
    config = population[0].config
    task, recipe = config.dataset.task, build_recipe(config, trains=False)
    asked: dict[Subject, Tensor] = {}
    failed = []
    for subject in population:
        try:
            asked[subject] = subject.parameters(recipe.flat)
        except SubjectError as error:
            failed.append(error)
    if asked:
        test = task.splits().test
        fresh_PxW = torch.stack([subject.fresh(recipe.flat) for subject in asked])
        meter, parameters_PxW = build_meter(config, recipe), torch.stack(list(asked.values()))
        found = analyse(recipe, meter, parameters_PxW, fresh_PxW, test, task, settings)
        for subject, its in zip(asked, found, strict=True):
            subject.write(_content(its, settings.plain(task.spec.target)))
    return failed


def analysed_variants(subjects: Sequence[Subject]) -> dict[str, list[Analysed]]:
    """Fold runs into variants by name.

    Args:
        subjects: that were analysed; others are left out, and copies of one run but the first.
    """
    by_path = {subject.path: subject for subject in subjects}
    records, _ = without_copies(subject.record for subject in subjects)
    variants: dict[str, list[Analysed]] = {}
    for variant in fold(records, naming_keys(records)):
        its = [by_path[record.path] for record in variant.runs]
        runs = [Analysed(subject, content) for subject in its if (content := subject.read())]
        if runs:
            variants[variant.name] = runs
    return variants


def _content(found: Found, settings: dict[str, Any]) -> dict[str, Any]:
    """Make what analysis.json holds; of positions without values it says so."""
    names = ("attention", "relevance", "expected_change", "gradient_x_input", "integrated_gradients", "leave_one_out")
    positions = {name: found.positions.get(name) for name in names}
    return {
        "settings": settings,
        "numbers": found.numbers,
        "positions": positions,
        "absent": found.absent,
    }


def _is_done(subject: Subject, settings: Settings) -> bool:
    return bool((content := subject.read()) and settings.are(content["settings"]))
