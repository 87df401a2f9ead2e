"""`benchmark.py train`: a training step beside PyTorch as people write it, on any device and with any batch.

    python scripts/benchmark.py train                                  # both models, batch 32: some minutes
    python scripts/benchmark.py train --device cuda --batch-size 512
    python scripts/benchmark.py train --whole --json speed.json        # the whole command, too: half an hour

Every contestant runs in a process of its own, in turn, see `benchmark.py peers`, which has more of them, and says what
the columns are. PyTorch runs once with torch's own number of threads and once with one; the ratio is taken to the
faster. `nn.LSTM` has no hard sigmoid, the article's gate: here both LSTMs have the logistic one; `--whole` keeps the
article's. whole: seconds of the command, twice with one cache; PyTorch's loop takes as many steps, and evaluates and
writes nothing.

Nothing is written outside a temporary folder but `--json`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import FIGURES, HEADS, attnseq, compete, compete_once, notes, pytorch
from benchmarks.contestants.job import LSTM, MLP
from benchmarks.output import Row, device, machine, positive, table, write_json
from benchmarks.process import call, scratch_folder

STEPS = {MLP: 4_096, LSTM: 1_024}  # an epoch
SAMPLES = 300_000  # of the article
GOALS = {MLP: 6.0, LSTM: 1.7}  # times faster than PyTorch, on the CPU at batch 32


def measure(model: str, given: argparse.Namespace, scratch: Path) -> list[Row]:
    """Measure the figures of every contestant, attnseq first."""
    import torch  # here, since only its number of threads is needed

    size = given.batch_size
    samples = size * (given.steps or STEPS[model])
    gate = ["model.recurrent_activation=sigmoid"] * (model == LSTM)
    where = {"batch_size": size, "device": given.device}
    threads = sorted({1, torch.get_num_threads()})
    ours = attnseq(model, 1, samples, 2, *gate, **where)
    rows = compete([ours, *(pytorch(n, model, samples, 2, **where) for n in threads)], given.rounds, scratch)
    if given.whole:
        overrides = [f"model={model}", f"device={given.device}", f"trainer.batch_size={size}"]
        command = ["-m", "attnseq.train", f"trainer.epochs={given.epochs}", *overrides]
        for key in ("whole_cold", "whole_warm"):
            rows[0][key] = call(command, scratch, f"{model}_whole")[1]
        best = min(range(len(threads)), key=lambda index: rows[1 + index]["us"])
        rows[1 + best]["whole_cold"] = whole_loop(model, threads[best], given.epochs, scratch, **where)
    return rows


def whole_loop(model: str, threads: int, epochs: int, scratch: Path, **where: object) -> float:
    """Measure the seconds of a script that trains so many of the article's epochs with PyTorch."""
    done = compete_once(pytorch(threads, model, SAMPLES, epochs - 1, **where), scratch)
    return float(done["seconds"])


def verdict(rows: Sequence[Row], goal: float | None) -> str:
    """Say how many times faster attnseq, the first row, is than the fastest other, and whether a goal is missed."""
    ours, peer = rows[0], min(rows[1:], key=lambda row: row["us"])
    rounds = [b / a for a, b in zip(ours["us_rounds"], peer["us_rounds"], strict=True)]
    ratio, extra = peer["us"] / ours["us"], f"{peer['contestant']}; rounds {min(rounds):.1f} to {max(rounds):.1f}"
    words = "times faster than" if ratio >= 1 else "times as fast as"
    text = f"{ours['model']}: {ratio:.1f} {words} PyTorch as people write it ({extra})"
    return text if goal is None or ratio >= goal else f"{text}\n{ours['model']}: the goal of {goal:g} is not met"


def train(given: argparse.Namespace) -> None:
    """Run the subcommand `train`."""
    goals = GOALS if given.batch_size == 32 and given.device == "cpu" else {}
    head, rows, verdicts = f"{machine(given.device)}, batch {given.batch_size}", [], []
    with scratch_folder() as scratch:
        for model in given.model:
            measured = measure(model, given, scratch)
            rows += measured
            verdicts.append(verdict(measured, goals.get(model)))
    whole = {"whole_cold": 1, "whole_warm": 1} if given.whole else {}
    heads = (*HEADS, *("whole: cold", "warm")[: len(whole)])
    print(head, table(heads, FIGURES | whole, rows), *notes(rows), *verdicts, sep="\n")
    write_json(given.json, head, rows, verdicts=verdicts)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments."""
    command.set_defaults(run=train)
    command.add_argument("--model", nargs="+", choices=list(STEPS), default=list(STEPS), help="default: both")
    command.add_argument("--batch-size", type=positive, default=32, metavar="N", help="default: 32")
    command.add_argument("--steps", type=positive, metavar="N", help="an epoch; default: by model")
    command.add_argument("--rounds", type=positive, default=3, metavar="N", help="default: 3")
    command.add_argument("--device", type=device, default="cpu", help="cpu (default), cuda or cuda:N")
    command.add_argument("--whole", action="store_true", help="the whole command, too")
    command.add_argument("--epochs", type=positive, default=10, metavar="N", help="of --whole; default: 10")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
