"""`benchmark.py sweep`: a sweep with the fused launcher beside the same with Hydra's basic launcher.

    python scripts/benchmark.py sweep                              # 32 seeds of the MLP, 8 of the LSTM: half an hour
    python scripts/benchmark.py sweep --model mlp_attention --warm

Each is the whole command, `python -m attnseq.train -m model=... seed=range(P) hydra/launcher=...`, in a process of its
own with a compiler cache that is empty at first; start-up, compilation, evaluation and all files are counted. The basic
launcher runs the jobs one after the other in one process, so that from its second job on it finds the compiled program
in the cache, too. With --rounds both run several times in turn, and all figures are medians.

whole: seconds of the command; us/sample: whole, divided by samples x epochs x runs. steady: median over runs and epochs
of training time alone, per sample and run. With --warm each command runs a second time with the cache of the first.

Nothing is written outside a temporary folder but `--json`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmark_process import Row, call, machine, positive, table

RUNS = {"mlp_attention": 32, "lstm_attention": 8}
GOALS = {"mlp_attention": 10.0, "lstm_attention": 2.0}  # times faster than the basic launcher, on the CPU
LAUNCHERS = ("fused", "basic")
HEADS = ("model", "launcher, runs", "us/sample", "steady", "whole: cold", "warm")
FIGURES = {"us": 2, "steady": 2, "whole_cold": 1, "whole_warm": 1}


def sweep_once(model: str, launcher: str, given: argparse.Namespace, scratch: Path, name: str) -> tuple[Path, float]:
    """Run a sweep with the compiler cache of its launcher: its folder, its seconds."""
    print(f"{model}: {launcher} launcher, {name}", file=sys.stderr, flush=True)
    folder = scratch / f"{model}_{launcher}_{name}"
    overrides = ["device=cpu", f"model={model}", f"seed=range({given.runs or RUNS[model]})"]
    overrides += [f"hydra/launcher={launcher}", f"hydra.sweep.dir={folder}"]
    overrides += [f"trainer.epochs={given.epochs}", f"dataset.train_size={given.samples}"]
    _, seconds = call(["-m", "attnseq.train", "-m", *overrides], scratch, f"cache_{model}_{launcher}")
    return folder, seconds


def measure(model: str, launcher: str, given: argparse.Namespace, scratch: Path) -> Row:
    """The figures of a launcher in one round, whose folder is `scratch`."""
    folder, cold = sweep_once(model, launcher, given, scratch, "cold")
    warm = sweep_once(model, launcher, given, scratch, "warm")[1] if given.warm else None
    results = [json.loads(path.read_text()) for path in folder.rglob("result.json")]
    runs = given.runs or RUNS[model]
    if len(results) != runs or any(result["status"] != "finished" for result in results):
        raise SystemExit(f"{model}, {launcher}: {len(results)} of {runs} runs have a result")
    return {
        "us": 1e6 * cold / (runs * given.epochs * given.samples),
        "steady": median(result["microseconds_per_sample"] for result in results),
        "whole_cold": cold,
        "whole_warm": warm,
    }


def summarise(model: str, contestant: str, rounds: Sequence[Row]) -> Row:
    """The figures of a launcher: medians over its rounds."""
    figures = {key: median(done[key] for done in rounds) if rounds[0][key] is not None else None for key in FIGURES}
    return {"model": model, "contestant": contestant, **figures, "cold_rounds": [done["whole_cold"] for done in rounds]}


def verdict(fused: Row, basic: Row, goal: float | None) -> str:
    """How many times faster the fused launcher is; and that a goal is not met."""
    ratio = basic["whole_cold"] / fused["whole_cold"]
    text = f"{fused['model']}: fused is {ratio:.1f} times as fast as basic"
    rounds = [slow / fast for fast, slow in zip(fused["cold_rounds"], basic["cold_rounds"], strict=True)]
    if len(rounds) > 1:
        text += f"; rounds {min(rounds):.1f} to {max(rounds):.1f}"
    if fused["whole_warm"] is not None:
        text += f"; {basic['whole_warm'] / fused['whole_warm']:.1f} with a warm cache"
    return text if goal is None or ratio >= goal else f"{text}\n{fused['model']}: the goal of {goal:g} is not met"


def compare(model: str, given: argparse.Namespace) -> tuple[Row, Row]:
    """Both launchers' figures, fused and basic."""
    rounds: dict[str, list[Row]] = {launcher: [] for launcher in LAUNCHERS}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="attnseq_benchmark_", ignore_cleanup_errors=True) as scratch:
            for launcher in LAUNCHERS:
                rounds[launcher].append(measure(model, launcher, given, Path(scratch)))
    runs = given.runs or RUNS[model]
    fused, basic = (summarise(model, f"{launcher}, {runs}", rounds[launcher]) for launcher in LAUNCHERS)
    return fused, basic


def sweep(given: argparse.Namespace) -> None:
    """The subcommand `sweep`."""
    goals = {} if given.runs or (given.epochs, given.samples) != (2, 300_000) else GOALS
    head = f"{machine('cpu')}, {given.epochs} epochs of {given.samples:,} samples"
    pairs = [compare(model, given) for model in given.model]
    rows = [row for pair in pairs for row in pair]
    verdicts = [verdict(*pair, goals.get(model)) for model, pair in zip(given.model, pairs, strict=True)]
    print(head, table(HEADS, FIGURES, rows), *verdicts, sep="\n")
    if given.json:
        given.json.write_text(json.dumps({"machine": head, "rows": rows, "verdicts": verdicts}, indent=2) + "\n")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the subcommand takes."""
    command.set_defaults(run=sweep)
    command.add_argument("--model", nargs="+", choices=list(RUNS), default=list(RUNS), help="default: both")
    command.add_argument("--runs", type=positive, metavar="P", help="default: 32 of the MLP, 8 of the LSTM")
    command.add_argument("--epochs", type=positive, default=2, metavar="N", help="default: 2")
    command.add_argument("--samples", type=positive, default=300_000, metavar="N", help="default: 300000")
    command.add_argument("--rounds", type=positive, default=1, metavar="N", help="default: 1")
    command.add_argument("--warm", action="store_true", help="each command a second time, its program in the cache")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
