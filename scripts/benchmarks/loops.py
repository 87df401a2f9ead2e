"""A model, alone and as a population, beside one that PyTorch trains in a Python loop over its batches."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.contest import FIGURES, HEADS, Entry, compete, notes
from benchmarks.output import Row, machine, positive, table, write_json
from benchmarks.peers import batches
from benchmarks.process import scratch_folder

MakeEntry = Callable[[int, argparse.Namespace], Entry]
"""Makes an entry, given the replicas or the threads, and the subcommand's arguments."""


def race(given: argparse.Namespace, ours: MakeEntry, loop: MakeEntry) -> None:
    """Run all contestants, and print their table and ratios.

    Args:
        given: the arguments of `add_arguments`.
        ours: makes attnseq's entry of so many replicas.
        loop: makes PyTorch's entry with so many threads.
    """
    import torch  # here, since only its number of threads is needed

    head, threads = machine(), sorted({1, torch.get_num_threads()})
    entries = [*(ours(replicas, given) for replicas in given.replicas), *(loop(n, given) for n in threads)]
    with scratch_folder() as scratch:
        rows = compete(entries, given.rounds, scratch)
    mine, loops = rows[: len(given.replicas)], rows[len(given.replicas) :]
    said = [verdict(row, loops) for row in mine]
    print(f"{head}, batch 32, length {given.length}", table(HEADS, FIGURES, rows), *notes(rows), *said, sep="\n")
    write_json(given.json, head, rows, verdicts=said)


def verdict(row: Row, loops: Sequence[Row]) -> str:
    """Say how many times as fast attnseq is as the faster of PyTorch's loops."""
    peer = min(loops, key=lambda each: each["us"])
    return f"{row['model']}: {peer['us'] / row['us']:.2f} times as fast as {peer['contestant']}"


def add_arguments(command: argparse.ArgumentParser, run: Callable[[argparse.Namespace], None]) -> None:
    """Add a subcommand's arguments, and what it runs."""
    command.set_defaults(run=run)
    command.add_argument("--length", type=positive, default=20, metavar="T", help="of the longest; default: 20")
    command.add_argument("--replicas", type=positive, nargs="+", default=[1, 8], metavar="P", help="default: 1 8")
    command.add_argument("--samples", type=batches, default=6_400, metavar="N", help="an epoch; default: 6400")
    command.add_argument("--epochs", type=positive, default=2, metavar="N", help="that are timed; default: 2")
    command.add_argument("--rounds", type=positive, default=2, metavar="N", help="default: 2")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
