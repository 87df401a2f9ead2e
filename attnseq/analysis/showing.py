"""What `attnseq.analyse` does: finds runs, analyses those that are not yet, shows all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from attnseq.analysis.analysing import Analysed, analyse_population, analysed_variants, unfinished
from attnseq.analysis.picture import file_name, variant_picture
from attnseq.analysis.settings import Settings
from attnseq.analysis.subjects import Subject, SubjectError
from attnseq.analysis.table import markdown, reasons, tables
from attnseq.core.files import write_atomically
from attnseq.core.keys import ConfigError
from attnseq.report.tables import can_show
from attnseq.report.terminal import put, terminal_console
from attnseq.runs.reading import find_runs
from attnseq.runs.seen import as_seen

TABLE = "analysis.md"


def analyse_and_show(folders: Sequence[Path], settings: Settings, out: Path, overwrite: bool) -> bool:
    """Analyse the runs in or below folders; print a table, and write it and a picture of each variant.

    Args:
        folders: to search.
        settings: what is asked for.
        out: folder for the table and the pictures.
        overwrite: whether to analyse again what was analysed with the same settings.

    Returns:
        Whether every run that was found could be analysed.

    Raises:
        OSError: a file cannot be read or written.
    """
    console, failed, subjects = terminal_console(), False, []
    for record in find_runs(folders):
        try:
            subjects.append(Subject(record))
        except SubjectError as error:
            failed = _tell(error)
    waiting = unfinished(subjects, settings, overwrite)
    done = 0
    for population in waiting:
        put(console, _beginning(population, settings, done, sum(map(len, waiting))))
        try:
            problems = analyse_population(population, settings)
        except ConfigError as error:  # such as a file of samples that is gone
            problems = [SubjectError(f"{population[0].path}: {error}")]
        for problem in problems:
            failed = _tell(problem)
        done += len(population)
    shown = [subject for subject in subjects if (its := subject.read()) and settings.are(its["settings"])]
    if not shown:
        _tell(SubjectError(f"{', '.join(map(str, folders))}: no finished run that could be analysed"))
        return False
    variants = analysed_variants(shown)
    written = write(variants, out)
    show(variants, console)
    for path in written:
        console.print(str(as_seen(path.absolute())), soft_wrap=True)
    return not failed


def write(variants: dict[str, list[Analysed]], out: Path) -> list[Path]:
    """Write the table and a picture of each variant, and return the files."""
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / TABLE, markdown(variants).encode(), durable=False)
    written = [out / TABLE]
    for name, runs in variants.items():
        path = out / f"{file_name(name)}.png"
        write_atomically(path, variant_picture(name, runs), durable=False)
        written.append(path)
    return written


def show(variants: dict[str, list[Analysed]], console: Console) -> None:
    """Print the table, and why numbers are missing."""
    for table in tables(variants, console.width, "±" if can_show("±", console.encoding) else "+-"):
        console.print(table)
    for line in reasons(variants):
        put(console, line)


def _tell(error: SubjectError) -> bool:
    print(error, file=sys.stderr)
    return True


def _beginning(population: Sequence[Subject], settings: Settings, done: int, total: int) -> str:
    runs = "one run" if len(population) == 1 else f"{len(population)} runs"
    model = population[0].config.model.name
    return f"{runs} of {model}, {settings.samples:,} test samples at most ({done} of {total} analysed)"
