"""`benchmark.py train`: speed of attnseq beside PyTorch as people write it, in one run, on one machine.

    python scripts/benchmark.py train                                  # both models, batch 32: some minutes
    python scripts/benchmark.py train --model mlp_attention --rounds 1
    python scripts/benchmark.py train --whole --json speed.json        # the whole command, too: half an hour

Every contestant runs in a process of its own, in turn for `--rounds` rounds, so that noise hits all alike:

- attnseq: config, data and population as `python -m attnseq.train` makes them, trained by the package's `Trainer`.
- PyTorch: the same architecture of `nn.Linear` and `nn.LSTM`, `nn.MSELoss`, `torch.optim.Adam(fused=True)`, a loop
  over shuffled batches indexed from encoded tensors in memory; nothing is summed up or reported. Once with torch's own
  number of threads and once with one; the ratio is taken to the faster.

`nn.LSTM` has no hard sigmoid, the article's gate. Here both LSTMs have the logistic one; `--whole` keeps the article's.

us/sample: steady state, the median over blocks of steps of all rounds. first step: seconds from the start of the
process, imports and data included, until the first 64 steps are done (attnseq reports no sooner); cold is round 1, with
an empty compiler cache, warm the median of the others. whole: seconds of the command, twice with one cache; PyTorch's
loop takes as many steps, and evaluates and writes nothing. peak MiB: resident memory of the process.

Nothing is written outside a temporary folder but `--json`. Shapes: N samples, B batch, T positions, D digit values.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from benchmark_process import Row, call, device, machine, peak_mib, positive, table
from torch import Tensor, nn

STEPS = {"mlp_attention": 8_192, "lstm_attention": 2_048}
GOALS = {"mlp_attention": 6.0, "lstm_attention": 1.7}  # times faster than PyTorch, on the CPU at batch 32
SAMPLES, POSITIONS, BASE, UNITS = 300_000, 10, 10, 64
REPORT, WARM_UP, BLOCKS = 64, 512, 8  # steps between two looks at the clock, steps not counted, blocks of the others


class MLP(nn.Module):
    """The tutorial's MLP as people write it, from digits scaled to [0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(POSITIONS, POSITIONS)
        self.hidden = nn.Linear(POSITIONS, POSITIONS)
        self.output = nn.Linear(POSITIONS, 1)

    def forward(self, inputs_BxT: Tensor) -> Tensor:
        attention_BxT = torch.softmax(self.attention(inputs_BxT), dim=-1)
        return torch.sigmoid(self.output(torch.sigmoid(self.hidden(inputs_BxT * attention_BxT)))).squeeze(-1)


class LSTM(nn.Module):
    """The tutorial's LSTM as people write it, from one-hot digits, with attention over time steps."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(POSITIONS, POSITIONS)
        self.lstm = nn.LSTM(BASE, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, inputs_BxTxD: Tensor) -> Tensor:
        attention_BxT = torch.softmax(self.attention(inputs_BxTxD.transpose(1, 2)), dim=-1).mean(dim=1)
        _, (hidden, _) = self.lstm(inputs_BxTxD * attention_BxT.unsqueeze(-1))
        return torch.sigmoid(self.output(hidden[-1])).squeeze(-1)


def encode(model: str, digits_NxT: Tensor) -> Tensor:
    """What PyTorch's `model` takes: digits / 10, or one-hot digits; float32."""
    return digits_NxT.float() / BASE if model == "mlp_attention" else nn.functional.one_hot(digits_NxT, BASE).float()


@dataclass(frozen=True)
class Job:
    """What one process does: `steps` steps; threads: of torch in PyTorch's loop, 0 for attnseq, which chooses them."""

    contestant: str
    model: str
    batch_size: int
    device: str
    steps: int
    threads: int = 0


class Enough(Exception):
    """All steps are taken."""


class Clock:
    """Looks at the time, in seconds since `started`, as training goes on; an observer of attnseq's trainer."""

    def __init__(self, steps: int, started: float):
        self.steps, self.started, self.note = steps, started, ""
        self.looks: list[tuple[int, float]] = []

    def progress(self, steps: int, loss_P: Sequence[float] = ()) -> None:
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        self.looks.append((steps, time.perf_counter() - self.started))
        if steps >= self.steps:
            raise Enough

    def program(self, plan: Any) -> None:
        self.note = "" if plan.compile else f"not compiled: {plan.reason}"

    def start(self) -> None: ...

    def epoch(self, epoch: int, population: Any, loss_P: Sequence[float]) -> None: ...

    def checkpoint(self, population: Any) -> None: ...


def train_attnseq(job: Job, clock: Clock) -> None:
    """The package's own program, without the files that a run writes."""
    from attnseq import build  # the clock is running: the command imports all this, and the peer does not
    from attnseq.checking import checked
    from attnseq.commandline import register
    from attnseq.composition import compose_config
    from attnseq.training.stopping import StopSignals
    from attnseq.training.trainer import Trainer

    overrides = [f"model={job.model}", f"device={job.device}", f"trainer.batch_size={job.batch_size}"]
    overrides.append(f"trainer.epochs={max(10, 1 + -(-job.steps * job.batch_size // SAMPLES))}")
    overrides += ["model.recurrent_activation=sigmoid"] * (job.model == "lstm_attention")
    register()
    config = checked(compose_config(overrides))
    device = build.build_device(config.device)
    data = build.build_data([config], device)
    with StopSignals() as stop:
        population = build.build_population([config], device)
        Trainer(data, build.build_schedule(config.trainer), clock).fit(population, stop)


def train_pytorch(job: Job, clock: Clock) -> None:
    """What people write."""
    torch.set_num_threads(job.threads)
    device = torch.device(job.device)
    digits_NxT = torch.randint(0, BASE, (SAMPLES, POSITIONS))
    difference_NxK = (digits_NxT[:, 1:4] - digits_NxT[:, 5:8]).float()
    targets = (difference_NxK @ torch.tensor([0.1, 0.01, 0.001])).abs().to(device)
    inputs = encode(job.model, digits_NxT).to(device)
    model = (MLP() if job.model == "mlp_attention" else LSTM()).to(device)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss_function = nn.MSELoss()
    step = 0
    while True:
        for batch in torch.randperm(SAMPLES, device=device).split(job.batch_size):
            optimizer.zero_grad()
            loss_function(model(inputs[batch]), targets[batch]).backward()
            optimizer.step()
            step += 1
            if step % REPORT == 0 or step == job.steps:
                clock.progress(step)


def work(job: Job, started: float) -> Row:
    """Do a job in this process, begun at `started` on the system-wide `time.perf_counter`."""
    clock = Clock(job.steps, started)
    with suppress(Enough):
        (train_pytorch if job.threads else train_attnseq)(job, clock)
    return {"looks": clock.looks, "note": clock.note, "peak": peak_mib()}


def do(job: Job, scratch: Path, cache: str) -> Row:
    """Do a job in a process of its own: what `work` returns, and `seconds` of the process."""
    print(f"{job.model}: {job.contestant}, {job.steps} steps", file=sys.stderr, flush=True)
    spec = json.dumps([asdict(job), time.perf_counter()])
    output, seconds = call([str(Path(__file__).resolve()), spec], scratch, cache)
    return json.loads(output.splitlines()[-1]) | {"seconds": seconds}


def summarise(job: Job, rounds: Sequence[Row]) -> Row:
    """A contestant's figures, from what `work` returned in each round."""
    ends = np.linspace(WARM_UP, job.steps, BLOCKS + 1)
    blocks = [np.diff(np.interp(ends, *zip(*done["looks"], strict=True))) / np.diff(ends) for done in rounds]
    us = [[float(1e6 * seconds / job.batch_size) for seconds in block] for block in blocks]
    first, peaks = [done["looks"][0][1] for done in rounds], [done["peak"] for done in rounds]
    return {
        "model": job.model,
        "contestant": job.contestant,
        "us": median(chain(*us)),
        "us_rounds": [median(block) for block in us],
        "first_cold": first[0],
        "first_warm": median(first[1:]) if first[1:] else None,
        "whole_cold": None,
        "whole_warm": None,
        "peak": None if None in peaks else max(peaks),
        "note": rounds[-1]["note"],
    }


def measure(model: str, given: argparse.Namespace, scratch: Path) -> list[Row]:
    """The figures of every contestant, attnseq first."""
    steps = WARM_UP + (given.steps or STEPS[model])
    ours = Job("attnseq", model, given.batch_size, given.device, steps)
    peers = [replace(ours, contestant=f"PyTorch, threads={n}", threads=n) for n in {1, torch.get_num_threads()}]
    rounds = [[do(job, scratch, model) for job in (ours, *peers)] for _ in range(given.rounds)]
    rows = [summarise(job, done) for job, done in zip((ours, *peers), zip(*rounds, strict=True), strict=True)]
    if given.whole:
        overrides = [f"model={model}", f"device={given.device}", f"trainer.batch_size={given.batch_size}"]
        command = ["-m", "attnseq.train", f"trainer.epochs={given.epochs}", *overrides]
        rows[0]["whole_cold"] = call(command, scratch, f"{model}_whole")[1]
        rows[0]["whole_warm"] = call(command, scratch, f"{model}_whole")[1]
        best = min(range(len(peers)), key=lambda index: rows[1 + index]["us"])
        whole = replace(peers[best], steps=given.epochs * -(-SAMPLES // given.batch_size))
        rows[1 + best]["whole_cold"] = do(whole, scratch, model)["seconds"]
    return rows


HEADS = ("model", "contestant", "us/sample", "first step: cold", "warm", "whole: cold", "warm", "peak MiB")
FIGURES = {"us": 2, "first_cold": 1, "first_warm": 1, "whole_cold": 1, "whole_warm": 1, "peak": 0}  # and their decimals


def verdict(rows: Sequence[Row], goal: float | None) -> str:
    """How many times faster attnseq, the first row, is than the fastest other; and that a goal is not met."""
    ours, peer = rows[0], min(rows[1:], key=lambda row: row["us"])
    rounds = [b / a for a, b in zip(ours["us_rounds"], peer["us_rounds"], strict=True)]
    ratio, extra = peer["us"] / ours["us"], f"{peer['contestant']}; rounds {min(rounds):.1f} to {max(rounds):.1f}"
    words = "times faster than" if ratio >= 1 else "times as fast as"
    text = f"{ours['model']}: {ratio:.1f} {words} PyTorch as people write it ({extra})"
    return text if goal is None or ratio >= goal else f"{text}\n{ours['model']}: the goal of {goal:g} is not met"


def train(given: argparse.Namespace) -> None:
    """The subcommand `train`."""
    goals = GOALS if given.batch_size == 32 and given.device == "cpu" else {}
    head = f"{machine(given.device)}, batch {given.batch_size}"
    with tempfile.TemporaryDirectory(prefix="attnseq_benchmark_", ignore_cleanup_errors=True) as scratch:
        measured = {model: measure(model, given, Path(scratch)) for model in given.model}
    rows = list(chain.from_iterable(measured.values()))
    verdicts = [verdict(rows, goals.get(model)) for model, rows in measured.items()]
    notes = [f"{row['model']}, {row['contestant']}: {row['note']}" for row in rows if row["note"]]
    print(head, table(HEADS, FIGURES, rows), *notes, *verdicts, sep="\n")
    if given.json:
        given.json.write_text(json.dumps({"machine": head, "rows": rows, "verdicts": verdicts}, indent=2) + "\n")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What the subcommand takes."""
    command.set_defaults(run=train)
    command.add_argument("--model", nargs="+", choices=list(STEPS), default=list(STEPS), help="default: both")
    command.add_argument("--batch-size", type=positive, default=32, metavar="N", help="default: 32")
    command.add_argument("--steps", type=positive, metavar="N", help=f"a round, after {WARM_UP}; default: by model")
    command.add_argument("--rounds", type=positive, default=3, metavar="N", help="default: 3")
    command.add_argument("--device", type=device, default="cpu", help="cpu (default), cuda or cuda:N")
    command.add_argument("--whole", action="store_true", help="the whole command, too")
    command.add_argument("--epochs", type=positive, default=10, metavar="N", help="of --whole; default: 10")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")


if __name__ == "__main__":  # this program calls itself: one job a process
    job, started = json.loads(sys.argv[1])
    print(json.dumps(work(Job(**job), started)))
