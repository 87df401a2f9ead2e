"""`benchmark.py check`: every ratio of docs/performance.md beside its goal; exit status 1 unless all are accepted.

    scripts/setup.sh --extra peers                      # once
    .venv/bin/python scripts/benchmark.py check         # half an hour on two fast cores

A ratio is `reached`; `bounded`, where it is not but is as good as the bound that docs/performance.md accepts, with its
reason; `missed`; or `not measured`, where a peer is not installed. All but the goals in seconds are ratios taken here.
Those in seconds were set for a machine on which PyTorch's MLP takes 7.9 us a sample: where it takes longer, they are
stretched by as much, and a line says so.

What is run, and about how many seconds it takes on that machine:

    peers       MLP, LSTM, 32 MLPs, 8 LSTMs; no Keras; 3 rounds of 2 epochs of 96,000 and 19,200        400
    busy        the same, 2 rounds; two commands of 4 MLPs and of 4 LSTMs                               240
    sweep       32 MLPs of 2 epochs of 300,000, 8 LSTMs, fused and basic, caches empty, one round       210
    article     32 MLPs of 10 epochs, a second time, with the program in the cache                       50
    start       first step of a newcomer, three times with empty caches; --help; status                  90
    many        1,024 MLPs of 4 epochs of 20,000; memory of 32 and 128 MLPs                              80
    grid        14 of its 18 cells: none of 32 LSTMs, nor 8 of 20,000 steps                             550

Nothing is written outside a temporary folder but `--json`.
"""

import argparse
import sys
from pathlib import Path

from benchmarks import figures, goals
from benchmarks.output import machine, table, write_json
from benchmarks.process import scratch_folder

PYTORCH_US = 7.9  # of PyTorch's MLP on the machine for which the goals in seconds were set


def check(given: argparse.Namespace) -> None:
    """Run the subcommand `check`."""
    head = machine()
    measured: dict[str, float | None] = {}
    with scratch_folder() as scratch:
        pytorch_us = figures.peers(measured, scratch)
        for measure in (figures.busy, figures.start, figures.many, figures.grids):
            measure(measured, scratch)
        figures.sweeps(measured, pytorch_us, scratch)
    slower = max(1.0, pytorch_us / PYTORCH_US)
    rows = goals.judge_all(goals.stretch(goals.read_goals(), slower), measured)
    print(head, table(goals.HEADS, goals.FIGURES, rows), sep="\n")
    if slower > 1:
        print(f"goals in seconds are {slower:.1f} times those of docs/performance.md, as PyTorch's MLP is slower here")
    write_json(given.json, head, rows)
    sys.exit(0 if goals.all_accepted(rows) else 1)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=check)
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
