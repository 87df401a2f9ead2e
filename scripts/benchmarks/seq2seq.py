"""`benchmark.py seq2seq`: the encoder-decoder beside `nn.LSTM` and a decoder written as a Python loop.

    python scripts/benchmark.py seq2seq                  # a quarter of an hour
    python scripts/benchmark.py seq2seq --length 100 --replicas 1

`dataset=reverse` with 20 tokens, `model=seq2seq` as shipped, batch 32; every contestant in a process of its own, in
turn, see `benchmark.py peers`, which says what the columns are. PyTorch runs once with one thread and once with all of
its own; ratios are taken to the faster one.

Nothing is written outside a temporary folder but `--json`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import FIGURES, HEADS, TORCH, Entry, attnseq, compete, notes
from benchmarks.contestants.job import Job
from benchmarks.output import Row, machine, positive, table, write_json
from benchmarks.peers import batches
from benchmarks.process import scratch_folder

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


def verdict(row: Row, loops: Sequence[Row]) -> str:
    """Say how many times as fast attnseq is as the faster of PyTorch's loops."""
    peer = min(loops, key=lambda each: each["us"])
    return f"{row['model']}: {peer['us'] / row['us']:.2f} times as fast as {peer['contestant']}"


def seq2seq(given: argparse.Namespace) -> None:
    """Run the subcommand `seq2seq`."""
    import torch  # here, since only its number of threads is needed

    head, threads = machine(), sorted({1, torch.get_num_threads()})
    entries = [*(ours(replicas, given) for replicas in given.replicas), *(loop(n, given) for n in threads)]
    with scratch_folder() as scratch:
        rows = compete(entries, given.rounds, scratch)
    mine, loops = rows[: len(given.replicas)], rows[len(given.replicas) :]
    said = [verdict(row, loops) for row in mine]
    print(f"{head}, batch 32, length {given.length}", table(HEADS, FIGURES, rows), *notes(rows), *said, sep="\n")
    write_json(given.json, head, rows, verdicts=said)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=seq2seq)
    command.add_argument("--length", type=positive, default=20, metavar="T", help="of the longest; default: 20")
    command.add_argument("--replicas", type=positive, nargs="+", default=[1, 8], metavar="P", help="default: 1 8")
    command.add_argument("--samples", type=batches, default=6_400, metavar="N", help="an epoch; default: 6400")
    command.add_argument("--epochs", type=positive, default=2, metavar="N", help="that are timed; default: 2")
    command.add_argument("--rounds", type=positive, default=2, metavar="N", help="default: 2")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
