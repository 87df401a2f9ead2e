"""What the benchmarks share: processes of their own, peak memory, tables, arguments."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

try:
    import resource
except ImportError:  # Windows does not tell a process's peak memory
    resource = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parent.parent

Row = dict[str, Any]


def call(arguments: Sequence[str], scratch: Path, cache: str) -> tuple[str, float]:
    """Run Python in a new folder below `scratch`: its output, its seconds.

    `cache` is the compiler's there, for precompiled headers, too, which lie in the folder for temporary files.
    """
    (scratch / cache).mkdir(exist_ok=True)
    folders = {"TORCHINDUCTOR_CACHE_DIR": cache, "MPLCONFIGDIR": f"{cache}/matplotlib", "TMPDIR": cache}
    environment = os.environ | {key: str(scratch / folder) for key, folder in folders.items()}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    folder, started = tempfile.mkdtemp(dir=scratch), time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout, time.perf_counter() - started


def peak_mib() -> float | None:
    """Most resident memory that this process had so far, in MiB; None where the system does not tell."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, KiB on Linux
    return peak / 2 ** (20 if sys.platform == "darwin" else 10)


def machine(device: str) -> str:
    """Where and when a benchmark ran, in a line."""
    where = torch.cuda.get_device_name(device) if device != "cpu" else "CPU"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {where}, torch {torch.__version__}"
    return f"{system}, {date.today()}"


def table(heads: Sequence[str], figures: Mapping[str, int], rows: Sequence[Row]) -> str:
    """Figures as aligned text; "-" where there is none.

    Args:
        heads: of all columns.
        figures: keys of the rows and their decimals, after the columns `model` and `contestant`.
        rows: a line each.
    """
    lines = [list(heads)]
    for row in rows:
        shown = ["-" if row[key] is None else f"{row[key]:.{decimals}f}" for key, decimals in figures.items()]
        lines.append([row["model"], row["contestant"], *shown])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    align = "<<" + ">" * len(figures)
    return "\n".join("  ".join(f"{c:{a}{w}}" for c, a, w in zip(line, align, widths, strict=True)) for line in lines)


def positive(text: str) -> int:
    """A whole number of 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return number


def device(text: str) -> str:
    """A device that is here."""
    if text != "cpu" and not torch.cuda.is_available():
        raise argparse.ArgumentTypeError(f"{text}: must be cpu; there is no CUDA device here")
    return text
