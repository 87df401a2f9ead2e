"""`benchmark.py transformer`: the transformer beside `nn.TransformerEncoder`.

    python scripts/benchmark.py transformer              # some minutes

`dataset=add_two_numbers` with 20 numbers, `model=transformer` as shipped (2 layers of width 64, 4 heads, and the layer
that reads), batch 32, compiled; every contestant in a process of its own, in turn, see `benchmark.py peers`, which says
what the columns are. PyTorch runs once with one thread and once with all of its own; ratios are to the faster one.

Nothing is written outside a temporary folder but `--json`.
"""

import argparse

from benchmarks import loops
from benchmarks.contest import TORCH, Entry, attnseq
from benchmarks.contestants.job import Job

MODEL = "transformer"


def ours(replicas: int, given: argparse.Namespace) -> Entry:
    """Make attnseq's entry."""
    task = ["dataset=add_two_numbers", f"dataset.length={given.length}", "trainer.compile=true"]
    return attnseq(MODEL, replicas, given.samples, given.epochs, *task)


def loop(threads: int, given: argparse.Namespace) -> Entry:
    """Make PyTorch's entry with so many threads."""
    settings = {"threads": threads, "length": given.length}
    job = Job("transformer_loop", settings, TORCH, MODEL, 1, given.samples, given.epochs)
    return Entry(f"PyTorch, threads={threads}", job)


def transformer(given: argparse.Namespace) -> None:
    """Run the subcommand `transformer`."""
    loops.race(given, ours, loop)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    loops.add_arguments(command, transformer)
