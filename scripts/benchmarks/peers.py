"""`benchmark.py peers`: attnseq beside what people would pick instead, and the limit of its matrix products.

    scripts/setup.sh --extra peers                                    # once: .venv-peers, with JAX, Keras, TensorFlow
    .venv/bin/python scripts/benchmark.py peers                       # the article's two models: a quarter of an hour
    .venv/bin/python scripts/benchmark.py peers --model mlp_attention --rounds 1

Batch 32, float32, Adam, the article's models: one of each, 32 MLPs, 8 LSTMs. Every contestant runs in a process of its
own, in turn for `--rounds` rounds:

- attnseq: config, data and population as `python -m attnseq.train` makes them, trained by the package's `Trainer`; and
  uncompiled, as it is without a C++ compiler.
- PyTorch: `nn.Linear` and `nn.LSTM`, a loop over shuffled batches; with one thread and with two. It has the logistic
  function for the LSTM's hard sigmoid.
- Keras 3: `fit`, on TensorFlow and on JAX. JAX: `lax.scan` over an epoch, for a population under `vmap`.
- the products alone: a step's matrix products and nothing else, on as many cores as the population would have.

us/sample: of a sample and replica, the median over whole epochs, shuffling included, of all rounds; the first of each
process is left out. first step: seconds from the start of the process until the first steps are done (attnseq reports
after 64, Keras after two; of JAX: until the epoch is compiled); cold is round 1, with empty caches, warm the median of
the others. peak MiB: resident memory of the process. loss: of the last epoch, to see that all learn the same.

A peer that is not installed has a row that says so. Nothing is written outside a temporary folder but `--json`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import FIGURES, HEADS, TORCH, Entry, attnseq, compete, notes, pytorch
from benchmarks.contestants.job import LSTM, MLP, Job
from benchmarks.output import Row, machine, positive, table, write_json
from benchmarks.process import scratch_folder

POPULATION = {MLP: 32, LSTM: 8}
SAMPLES = {MLP: 96_000, LSTM: 19_200}
ON_JAX, ON_KERAS_JAX, ON_TENSORFLOW = ("jax", "optax"), ("keras", "jax"), ("keras", "tensorflow-cpu")


def entries(model: str, replicas: int, samples: int, epochs: int) -> list[Entry]:
    """List the entries for so many replicas of a model, attnseq first, the products alone last."""
    job = Job("jax_scan", {}, ON_JAX, model, replicas, samples, epochs)
    ours = [attnseq(model, replicas, samples, epochs, *overrides) for overrides in ((), ("trainer.compile=false",))]
    limit = Entry("products alone", Job("products", {}, TORCH, model, replicas, samples, epochs))
    if replicas > 1:
        return [*ours, Entry("JAX scan and vmap", job), limit]
    keras = [
        Entry(f"Keras on {name}", Job("keras_fit", {"backend": backend}, needs, model, 1, samples, epochs))
        for name, backend, needs in (("TensorFlow", "tensorflow", ON_TENSORFLOW), ("JAX", "jax", ON_KERAS_JAX))
    ]
    loops = [pytorch(threads, model, samples, epochs) for threads in (1, 2)]
    return [*ours, *loops, *keras, Entry("JAX scan", job), limit]


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Say how many times as fast attnseq, the first row, is as each other, and its share of the limit, the last row."""
    ours, *others, limit = rows
    timed = [row for row in others if row["us"] is not None]
    times = ", ".join(f"{row['us'] / ours['us']:.2f} {row['contestant']}" for row in timed)
    return [
        f"{ours['model']}: attnseq's speed, in times that of others: {times}",
        f"{ours['model']}: its matrix products alone take {limit['us'] / ours['us']:.0%} of attnseq's time",
    ]


def peers(given: argparse.Namespace) -> None:
    """Run the subcommand `peers`."""
    head, rows, said = machine(), [], []
    with scratch_folder() as scratch:
        for model in given.model:
            for replicas in (1, POPULATION[model]):
                field = entries(model, replicas, given.samples or SAMPLES[model], given.epochs)
                group = compete(field, given.rounds, scratch)
                rows += group
                said += verdicts(group)
    print(f"{head}, batch 32", table(HEADS, FIGURES, rows), *notes(rows), *said, sep="\n")
    write_json(given.json, head, rows, verdicts=said)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=peers)
    command.add_argument("--model", nargs="+", choices=list(SAMPLES), default=list(SAMPLES), help="default: both")
    command.add_argument("--samples", type=batches, metavar="N", help="an epoch; default: 96000 (MLP), 19200 (LSTM)")
    command.add_argument("--epochs", type=positive, default=3, metavar="N", help="that are timed; default: 3")
    command.add_argument("--rounds", type=positive, default=3, metavar="N", help="default: 3")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")


def batches(text: str) -> int:
    """Parse a number of samples: whole batches of 32."""
    number = positive(text)
    if number % 32:
        raise argparse.ArgumentTypeError(f"{text}: must be a multiple of 32")
    return number
