"""Printing of benchmarks: the machine, tables; and the types of their arguments."""

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT

Row = dict[str, Any]

IDLE = 0.3  # load average over a minute up to which a machine is called idle


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(device: str = "cpu") -> str:
    """Say where, when and with which versions a benchmark runs, in two lines."""
    system = f"{platform.system()} {platform.machine()}, {_processor()}, {cores()} cores{_load()}"
    if device != "cpu":
        import torch  # here, since it takes seconds

        system += f", {torch.cuda.get_device_name(device)}"
    versions = f"attnseq {_commit()}, torch {version('torch')}, Python {platform.python_version()}"
    return f"{system}\n{versions}, {date.today()}"


def _processor() -> str:
    """Read the processor's name, where the system tells it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "CPU"


def _load() -> str:
    """Say how busy the machine was in the last minute."""
    if not hasattr(os, "getloadavg"):
        return ""
    load = os.getloadavg()[0]
    return f", {'idle' if load <= IDLE else 'busy'} before (load {load:.1f})"


def _commit() -> str:
    """Find the commit of this checkout, and whether it was changed; "unknown" outside git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def table(heads: Sequence[str], figures: Mapping[str, int], rows: Sequence[Row]) -> str:
    """Align figures as text; "-" where there is none.

    Args:
        heads: of all columns.
        figures: keys of the rows after `model` and `contestant`, with their decimals; a text stays as it is.
        rows: a line each.
    """
    lines = [list(heads)]
    for row in rows:
        shown = [_shown(row.get(key), decimals) for key, decimals in figures.items()]
        lines.append([row["model"], row["contestant"], *shown])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    align = "<<" + ">" * len(figures)
    return "\n".join("  ".join(f"{c:{a}{w}}" for c, a, w in zip(line, align, widths, strict=True)) for line in lines)


def _shown(value: float | str | None, decimals: int) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None else f"{value:.{decimals}f}"


def write_json(file: Path | None, head: str, rows: Sequence[Row], **more: Any) -> None:
    """Write all figures into a file, where one was asked for."""
    if file:
        file.write_text(json.dumps({"machine": head, "rows": rows, **more}, indent=2) + "\n")


def positive(text: str) -> int:
    """Parse a whole number of 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return number


def device(text: str) -> str:
    """Parse a device that this machine has."""
    if text != "cpu":
        import torch  # here, since it takes seconds

        if not torch.cuda.is_available():
            raise argparse.ArgumentTypeError(f"{text}: must be cpu; there is no CUDA device here")
    return text
