"""`benchmark.py memory`: peak memory of a fused sweep of 1, 32 and 256 runs, and what one more run takes.

    python scripts/benchmark.py memory                                # the MLP, 300,000 samples, one epoch: minutes
    python scripts/benchmark.py memory --model lstm_attention --runs 1 8 32 --samples 32000

peak MiB: resident memory of the whole process, `python -m attnseq.train -m seed=range(P)`, at its highest. KiB a run:
what it grew by since the row before, divided by the runs that were added. The order of an epoch takes 4 bytes a sample
of each run, its replay (`trainer.order=tutorial`) 4 more; parameters, gradient and Adam's moments 16 bytes a number.

Nothing is written outside a temporary folder.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contestants.job import peak_mib
from benchmarks.output import Row, machine, positive, table
from benchmarks.process import call, say, scratch_folder

HEADS = ("model", "runs", "peak MiB", "KiB a run")
FIGURES = {"peak": 0, "kib": 0}


def work(overrides: Sequence[str]) -> Row:
    """Run a sweep in this process; return its peak memory."""
    from attnseq.train import main

    sys.argv = ["attnseq.train", "-m", *overrides]
    main()
    return {"peak": peak_mib()}


def measure(model: str, runs: int, samples: int, scratch: Path) -> float:
    """Measure the peak memory of a sweep in a process of its own, in MiB."""
    say(f"{model}: {runs} runs")
    overrides = ["device=cpu", f"model={model}", f"seed=range({runs})", "trainer.epochs=1", "trainer.compile=true"]
    overrides += [f"dataset.train_size={samples}", f"hydra.launcher.max_population={runs}"]
    output, _ = call(["-m", "benchmarks.memory", json.dumps(overrides)], scratch, f"cache_{model}")
    peak = json.loads(output.splitlines()[-1])["peak"]
    if peak is None:
        raise SystemExit("this system does not tell a process's peak memory")
    return float(peak)


def memory(given: argparse.Namespace) -> None:
    """Run the subcommand `memory`."""
    rows: list[Row] = []
    head = f"{machine()}, {given.samples:,} samples"
    with scratch_folder() as scratch:
        for runs in sorted(set(given.runs)):
            peak = measure(given.model, runs, given.samples, scratch)
            grown = 1024 * (peak - rows[-1]["peak"]) / (runs - int(rows[-1]["contestant"])) if rows else None
            rows.append({"model": given.model, "contestant": str(runs), "peak": peak, "kib": grown})
    print(head, table(HEADS, FIGURES, rows), sep="\n")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=memory)
    command.add_argument("--model", default="mlp_attention", help="default: mlp_attention")
    runs = [1, 32, 256]
    command.add_argument("--runs", type=positive, nargs="+", default=runs, metavar="P", help="default: 1 32 256")
    command.add_argument("--samples", type=positive, default=300_000, metavar="N", help="default: 300000")


if __name__ == "__main__":  # `measure` starts this module, since each sweep needs a process of its own
    print(json.dumps(work(json.loads(sys.argv[1]))))
