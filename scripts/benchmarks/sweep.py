"""`benchmark.py sweep`: a sweep's whole command, fused, with Hydra's basic launcher, and as a loop of plain scripts.

    python scripts/benchmark.py sweep                                  # 32 seeds of the MLP, 8 of the LSTM: an hour
    python scripts/benchmark.py sweep --model mlp_attention --no-warm
    python scripts/benchmark.py sweep --grid                           # does fused with compile=auto choose well?

Each is the whole command, `python -m attnseq.train -m model=... seed=range(P) hydra/launcher=...`, in a process of its
own with a compiler cache that is empty at first; start-up, compilation, evaluation and all files are counted. The basic
launcher runs the jobs one after the other in one process, so that from its second job on it finds the compiled program
in the cache, too. A plain script is the PyTorch loop of `benchmark.py peers` with one thread: one is measured, and
taken P times; it evaluates and writes nothing. With --rounds all run several times in turn, and figures are medians.

whole: seconds of the command, cold and a second time with its cache; us/sample: whole, divided by samples x epochs x
runs. steady: median over runs and epochs of training time alone, per sample and run.

Nothing is written outside a temporary folder but `--json`.
"""

import argparse
import json
from pathlib import Path
from statistics import median

from benchmarks import grid
from benchmarks.contest import compete_once, pytorch
from benchmarks.contestants.job import LSTM, MLP
from benchmarks.output import Row, machine, positive, table, write_json
from benchmarks.process import call, say, scratch_folder

RUNS = {MLP: 32, LSTM: 8}
HEADS = ("model", "contestant, runs", "us/sample", "steady", "whole: cold", "warm")
FIGURES = {"us": 2, "steady": 2, "whole_cold": 1, "whole_warm": 1}


def command_of(model: str, launcher: str, runs: int, epochs: int, samples: int, *more: str) -> list[str]:
    """Write the arguments of Python for a sweep over seeds."""
    overrides = ["device=cpu", f"model={model}", f"seed=range({runs})", f"hydra/launcher={launcher}", *more]
    return ["-m", "attnseq.train", "-m", *overrides, f"trainer.epochs={epochs}", f"dataset.train_size={samples}"]


def launch(model: str, launcher: str, runs: int, given: argparse.Namespace, scratch: Path) -> Row:
    """Measure a launcher's figures in one round, whose folder is `scratch`."""
    say(f"{model}: {launcher} launcher, {runs} runs")
    folder, cache = scratch / f"sweep_{model}_{launcher}", f"cache_{model}_{launcher}"
    command = command_of(model, launcher, runs, given.epochs, given.samples)
    _, cold = call([*command, f"hydra.sweep.dir={folder}"], scratch, cache)
    results = [json.loads(path.read_text()) for path in folder.rglob("result.json")]
    if len(results) != runs or any(result["status"] != "finished" for result in results):
        raise SystemExit(f"{model}, {launcher}: {len(results)} of {runs} runs have a result")
    warm = call(command, scratch, cache)[1] if given.warm else None
    return {
        "steady": median(result["microseconds_per_sample"] for result in results),
        "whole_cold": cold,
        "whole_warm": warm,
    }


def loop(model: str, runs: int, given: argparse.Namespace, scratch: Path) -> Row:
    """Measure the figures of a loop of plain PyTorch scripts, by running one of them."""
    done = compete_once(pytorch(1, model, given.samples, given.epochs - 1), scratch)
    steady = median(done["us"]) if done["us"] else None
    return {"steady": steady, "whole_cold": runs * done["seconds"], "whole_warm": None}


def measure(model: str, given: argparse.Namespace) -> list[Row]:
    """Measure all contestants' figures, medians over rounds: fused, basic, plain scripts."""
    runs = given.runs or RUNS[model]
    rounds: list[list[Row]] = []
    for _ in range(given.rounds):
        with scratch_folder() as scratch:
            launched = [launch(model, launcher, runs, given, scratch) for launcher in ("fused", "basic")]
            rounds.append([*launched, loop(model, runs, given, scratch)])
    names = ("fused", "basic", "plain scripts")
    samples = runs * given.epochs * given.samples
    return [summarise(model, f"{name}, {runs}", done, samples) for name, *done in zip(names, *rounds, strict=True)]


def summarise(model: str, contestant: str, rounds: list[Row], samples: int) -> Row:
    """Make a contestant's row: medians over its rounds, for so many samples of all runs together."""
    keys = ("steady", "whole_cold", "whole_warm")
    figures = {key: median(done[key] for done in rounds) if rounds[0][key] is not None else None for key in keys}
    us = 1e6 * figures["whole_cold"] / samples
    rows = {"model": model, "contestant": contestant, "us": us, **figures}
    return rows | {"cold_rounds": [done["whole_cold"] for done in rounds]}


def verdict(fused: Row, other: Row) -> str:
    """Say how many times as fast the fused launcher is."""
    ratio = other["whole_cold"] / fused["whole_cold"]
    text = f"{fused['model']}: {fused['contestant']} is {ratio:.1f} times as fast as {other['contestant']}"
    rounds = [slow / fast for fast, slow in zip(fused["cold_rounds"], other["cold_rounds"], strict=True)]
    if len(rounds) > 1:
        text += f"; rounds {min(rounds):.1f} to {max(rounds):.1f}"
    if fused["whole_warm"] is not None:  # plain scripts have no cache, so they take as long again
        text += f"; {(other['whole_warm'] or other['whole_cold']) / fused['whole_warm']:.1f} with a warm cache"
    return text


def sweep(given: argparse.Namespace) -> None:
    """Run the subcommand `sweep`."""
    if given.grid:
        return grid.run(given)
    head = f"{machine()}, {given.epochs} epochs of {given.samples:,} samples"
    measured = [measure(model, given) for model in given.model]
    rows = [row for group in measured for row in group]
    verdicts = [verdict(fused, other) for fused, *others in measured for other in others]
    print(head, table(HEADS, FIGURES, rows), *verdicts, sep="\n")
    return write_json(given.json, head, rows, verdicts=verdicts)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=sweep)
    command.add_argument("--model", nargs="+", choices=list(RUNS), default=list(RUNS), help="default: both")
    command.add_argument("--grid", action="store_true", help=grid.HELP)
    command.add_argument("--runs", type=positive, metavar="P", help="default: 32 of the MLP, 8 of the LSTM")
    command.add_argument("--epochs", type=positive, default=2, metavar="N", help="default: 2")
    command.add_argument("--samples", type=positive, default=300_000, metavar="N", help="default: 300000")
    command.add_argument("--rounds", type=positive, default=1, metavar="N", help="default: 1")
    warm = "each command a second time, its program in the cache"
    command.add_argument("--warm", action=argparse.BooleanOptionalAction, default=True, help=warm)
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
