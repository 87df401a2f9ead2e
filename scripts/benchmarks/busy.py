"""`benchmark.py busy`: what a busy neighbour costs, and a second command at the same time.

    python scripts/benchmark.py busy                                   # ten minutes
    python scripts/benchmark.py busy --model mlp_attention --rounds 1

A neighbour is a process that spins, wherever the system puts it. Each case of `benchmark.py peers` that is attnseq's is
measured alone and beside one, in turn. Then the whole command `python -m attnseq.train -m 'seed=range(4)'
trainer.compile=true` is run, its program in the cache: alone, and twice at once, of which the slower one counts.

us/sample and seconds are medians over rounds, and so is "times": how many times the idle figure.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.contest import attnseq, compete_once, title
from benchmarks.contestants.job import LSTM, MLP
from benchmarks.output import Row, machine, positive, table, write_json
from benchmarks.peers import POPULATION, SAMPLES, batches
from benchmarks.process import Command, call, scratch_folder, spinning

PAIR = {MLP: (4, 600_000), LSTM: (4, 64_000)}  # replicas of each command, samples of each
HEADS = ("model", "what", "idle", "busy", "times")
FIGURES = {"idle": 3, "busy": 3, "times": 2}


def in_turn(idle: Callable[[], float], busy: Callable[[], float], rounds: int) -> Row:
    """Measure both figures in turn; return their medians over rounds, and that of their ratio."""
    pairs = [(idle(), busy()) for _ in range(rounds)]
    times = median(slow / fast for fast, slow in pairs)
    idles, busies = zip(*pairs, strict=True)
    return {"idle": median(idles), "busy": median(busies), "times": times}


def beside_a_neighbour(model: str, replicas: int, samples: int, epochs: int, rounds: int, scratch: Path) -> Row:
    """Measure us a sample and replica, alone and beside a process that spins."""
    entry = attnseq(model, replicas, samples, epochs)

    def idle() -> float:
        return float(median(compete_once(entry, scratch)["us"]))

    def busy() -> float:
        with spinning():
            return idle()

    return {"model": title(entry.job), "contestant": "spinning neighbour, us"} | in_turn(idle, busy, rounds)


def two_at_once(model: str, replicas: int, samples: int, rounds: int, scratch: Path) -> Row:
    """Measure the seconds of a whole sweep with a warm cache, alone and beside another one."""
    overrides = ["device=cpu", f"model={model}", f"seed=range({replicas})", "trainer.epochs=2", "trainer.compile=true"]
    command = ["-m", "attnseq.train", "-m", *overrides, f"dataset.train_size={samples // 2}"]
    cache = f"{model}_pair"
    call(command, scratch, cache)

    def alone() -> float:
        return call(command, scratch, cache)[1]

    def together() -> float:
        commands = [Command(command, scratch, cache) for _ in range(2)]
        try:
            return max(ended[1] for one in commands if (ended := one.wait()))
        finally:
            for one in commands:
                one.stop()

    return {"model": f"{model} x {replicas}", "contestant": "two commands, s"} | in_turn(alone, together, rounds)


def measure(model: str, samples: int, pair: int, epochs: int, rounds: int, scratch: Path) -> list[Row]:
    """Measure a row each for one model, a population, and two commands."""
    rows = [
        beside_a_neighbour(model, replicas, samples, epochs, rounds, scratch) for replicas in (1, POPULATION[model])
    ]
    return [*rows, two_at_once(model, PAIR[model][0], pair, rounds, scratch)]


def busy(given: argparse.Namespace) -> None:
    """Run the subcommand `busy`."""
    head, rows = machine(), []
    with scratch_folder() as scratch:
        for model in given.model:
            samples = given.samples or SAMPLES[model]
            rows += measure(model, samples, given.samples or PAIR[model][1], given.epochs, given.rounds, scratch)
    print(head, table(HEADS, FIGURES, rows), sep="\n")
    write_json(given.json, head, rows)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=busy)
    command.add_argument("--model", nargs="+", choices=list(SAMPLES), default=list(SAMPLES), help="default: both")
    command.add_argument("--samples", type=batches, metavar="N", help="an epoch, and a command; default: by model")
    command.add_argument("--epochs", type=positive, default=3, metavar="N", help="that are timed; default: 3")
    command.add_argument("--rounds", type=positive, default=3, metavar="N", help="default: 3")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
