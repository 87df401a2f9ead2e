"""`benchmark.py seq2seq`: the encoder-decoder beside `nn.LSTM` and a decoder written as a Python loop.

    python scripts/benchmark.py seq2seq                  # a quarter of an hour
    python scripts/benchmark.py seq2seq --length 100 --replicas 1

`dataset=reverse` with 20 tokens, `model=seq2seq` as shipped, batch 32; every contestant in a process of its own, in
turn, see `benchmark.py peers`, which says what the columns are. PyTorch runs once with one thread and once with all of
its own; ratios are taken to the faster one.

Nothing is written outside a temporary folder but `--json`.
"""

import argparse

from benchmarks import loops
from benchmarks.contest import TORCH, Entry, attnseq
from benchmarks.contestants.job import Job

MODEL, VOCABULARY = "seq2seq", 20


def ours(replicas: int, given: argparse.Namespace) -> Entry:
    """Make attnseq's entry."""
    task = ["dataset=reverse", f"dataset.length={given.length}", f"dataset.vocabulary={VOCABULARY}"]
    return attnseq(MODEL, replicas, given.samples, given.epochs, *task)


def loop(threads: int, given: argparse.Namespace) -> Entry:
    """Make PyTorch's entry with so many threads."""
    settings = {"threads": threads, "length": given.length, "vocabulary": VOCABULARY}
    job = Job("seq2seq_loop", settings, TORCH, MODEL, 1, given.samples, given.epochs)
    return Entry(f"PyTorch loop, threads={threads}", job)


def seq2seq(given: argparse.Namespace) -> None:
    """Run the subcommand `seq2seq`."""
    loops.race(given, ours, loop)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    loops.add_arguments(command, seq2seq)
