"""Speed of attnseq beside PyTorch as people write it, measured in one run on one machine.

    python scripts/benchmark.py train                                   both models, batch 32: about four minutes
    python scripts/benchmark.py train --model mlp_attention --rounds 1  a first look
    python scripts/benchmark.py train --whole --json speed.json         the whole command, too: about half an hour

Contestants, each in a process of its own, in turn for `--rounds` rounds, so that the machine's noise hits all alike:

- attnseq: composes its config and trains with the package's own `Trainer`, as `python -m attnseq.train` does.
- PyTorch: the same architecture of `nn.Linear` and `nn.LSTM`, `nn.MSELoss`, `torch.optim.Adam(fused=True)`, and a loop
  over shuffled batches indexed from encoded float tensors in memory; no loss is summed up, nothing reported. Once with
  torch's own number of threads, once with one; the faster counts.

`nn.LSTM` has no hard sigmoid, the article's gate: here both LSTMs have the logistic one, except in the whole command,
which trains the tutorial's run as it is.

Figures: us/sample, in the steady state: the median over blocks of steps and rounds. First step: seconds from the start
of the process, imports and data included, until the first 64 steps are done (attnseq reports no sooner); cold is the
first round, with an empty compiler cache, warm the median of the later ones. Whole: the command from start to exit,
twice with one cache; PyTorch's loop takes as many steps, evaluates nothing and writes nothing. Peak memory: of the
process (resident set), and with `--device cuda` what torch allocated there.

All files go to a temporary folder that is removed, except `--json`.

Shapes: N samples, B batch, T positions, D digit values.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent

STEPS = {"mlp_attention": 8_192, "lstm_attention": 2_048}
GOALS = {"mlp_attention": 6.0, "lstm_attention": 1.7}
GOAL_BATCH_SIZE = 32

SAMPLES, POSITIONS, BASE, UNITS = 300_000, 10, 10, 64
REPORT, WARM_UP, BLOCKS = 64, 512, 8  # steps between two looks at the clock, steps not counted, blocks of a round


# PyTorch as people write it


class MLP(nn.Module):
    """The tutorial's MLP, from digits scaled to [0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(POSITIONS, POSITIONS)
        self.hidden = nn.Linear(POSITIONS, POSITIONS)
        self.output = nn.Linear(POSITIONS, 1)

    def forward(self, inputs_BxT: Tensor) -> Tensor:
        attention_BxT = torch.softmax(self.attention(inputs_BxT), dim=-1)
        hidden = torch.sigmoid(self.hidden(inputs_BxT * attention_BxT))
        return torch.sigmoid(self.output(hidden)).squeeze(-1)


class LSTM(nn.Module):
    """The tutorial's LSTM with attention over time steps, from one-hot digits."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(POSITIONS, POSITIONS)
        self.lstm = nn.LSTM(BASE, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, inputs_BxTxD: Tensor) -> Tensor:
        scores_BxDxT = self.attention(inputs_BxTxD.transpose(1, 2))
        attention_BxT = torch.softmax(scores_BxDxT, dim=-1).mean(dim=1)
        _, (hidden, _) = self.lstm(inputs_BxTxD * attention_BxT.unsqueeze(-1))
        return torch.sigmoid(self.output(hidden[-1])).squeeze(-1)


PEERS: dict[str, type[nn.Module]] = {"mlp_attention": MLP, "lstm_attention": LSTM}


def encode(model: str, digits_NxT: Tensor) -> Tensor:
    """What the peer of `model` takes: digits / 10, or one-hot digits; float32."""
    if model == "mlp_attention":
        return digits_NxT.float() / BASE
    return nn.functional.one_hot(digits_NxT.long(), BASE).float()


# In the process of a contestant


@dataclass(frozen=True)
class Job:
    """What one process does: `steps` steps of a contestant; threads: of torch on the CPU, 0 for as many as it takes."""

    contestant: str
    model: str
    batch_size: int
    steps: int
    device: str
    threads: int = 0


class Enough(Exception):
    """All steps are taken."""


class Clock:
    """Looks at the time as training goes on, and is the observer that attnseq's trainer tells of its progress.

    Args:
        steps: after which training is to end.
        started: when the process did, on the system-wide `time.perf_counter`.
    """

    def __init__(self, steps: int, started: float):
        self.steps, self.started = steps, started
        self.looks: list[tuple[int, float]] = []
        self.note = ""

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


def train_pytorch(job: Job, clock: Clock) -> None:
    """The peer's whole program."""
    if job.threads:
        torch.set_num_threads(job.threads)
    device = torch.device(job.device)
    digits = np.random.default_rng(1337).integers(0, BASE, (SAMPLES, POSITIONS))
    targets = torch.tensor(abs((digits[:, 1:4] - digits[:, 5:8]) @ [100, 10, 1]) / 1000, dtype=torch.float32).to(device)
    inputs = encode(job.model, torch.from_numpy(digits)).to(device)
    model = PEERS[job.model]().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_function = nn.MSELoss()
    step = 0
    while True:
        order = torch.randperm(SAMPLES, device=device)
        for batch in order.split(job.batch_size):
            optimizer.zero_grad()
            loss = loss_function(model(inputs[batch]), targets[batch])
            loss.backward()
            optimizer.step()
            step += 1
            if step % REPORT == 0 or step == job.steps:
                clock.progress(step)


def train_attnseq(job: Job, clock: Clock) -> None:
    """The package's own program, without the files that a run writes."""
    sys.path.insert(0, str(ROOT))
    # after the clock started, since the command imports them, too; not at the top, since the peer does not need them
    from attnseq import build, commandline
    from attnseq.run import build_population
    from attnseq.training.stopping import StopSignals
    from attnseq.training.trainer import Trainer

    epochs = max(10, -(-job.steps // (SAMPLES // job.batch_size + 1)) + 1)
    overrides = [f"model={job.model}", f"device={job.device}", f"dataset.train_size={SAMPLES}"]
    overrides += [f"trainer.batch_size={job.batch_size}", f"trainer.epochs={epochs}"]
    if job.model == "lstm_attention":
        overrides += ["model.recurrent_activation=sigmoid", f"model.hidden_size={UNITS}"]
    commandline.register()
    config = commandline.checked(commandline.compose_config(overrides))
    device = build.build_device(config.device)
    dataset = build.build_dataset(config.dataset).to(device)
    population = build_population(config, dataset, device)
    with StopSignals() as stop:
        Trainer(dataset, build.build_schedule(config.trainer), clock).fit(population, stop)


def work(job: Job, started: float) -> dict[str, Any]:
    """Do a job in this process."""
    clock = Clock(job.steps, started)
    with contextlib.suppress(Enough):
        (train_attnseq if job.contestant == "attnseq" else train_pytorch)(job, clock)
    figures = {
        "first_seconds": clock.looks[0][1],
        "block_us": block_us(clock.looks, job),
        "peak_mib": peak_mib(),
        "note": clock.note,
    }
    if torch.cuda.is_initialized():
        figures["device_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return figures


def block_us(looks: Sequence[tuple[int, float]], job: Job) -> list[float]:
    """us a sample in each of `BLOCKS` equal blocks of the steps after the first `WARM_UP`; looks: (steps, seconds)."""
    ends = np.linspace(WARM_UP, job.steps, BLOCKS + 1)
    at = [next(look for look in looks if look[0] >= end) for end in ends] if job.steps > WARM_UP else []
    pairs = [pair for pair in zip(at, at[1:], strict=False) if pair[1][0] > pair[0][0]]
    return [1e6 * (b[1] - a[1]) / (b[0] - a[0]) / job.batch_size for a, b in pairs]


def peak_mib() -> float | None:
    """Peak resident memory of this process in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


# In the process that compares them


def call(command: Sequence[str], scratch: Path, cache: str) -> tuple[str, float]:
    """Run a command in a fresh folder below `scratch`; its standard output and its seconds.

    Args:
        command: of this interpreter.
        scratch: temporary folder.
        cache: name of the compiler cache within it; a new name is an empty cache.
    """
    environment = os.environ | {
        "TORCHINDUCTOR_CACHE_DIR": str(scratch / cache),
        "CUDA_CACHE_PATH": str(scratch / cache / "cuda"),
        "MPLCONFIGDIR": str(scratch / cache / "matplotlib"),
        "TMPDIR": str(scratch),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    environment.pop("TRITON_CACHE_DIR", None)  # by default within Inductor's
    folder = tempfile.mkdtemp(dir=scratch)
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout, seconds


def do(job: Job, scratch: Path, cache: str) -> dict[str, Any]:
    """Do a job in a process of its own."""
    spec = json.dumps([asdict(job), time.perf_counter()])
    output, seconds = call([str(Path(__file__).resolve()), "--worker", spec], scratch, cache)
    return {**json.loads(output.splitlines()[-1]), "whole_seconds": seconds}


def measure(model: str, arguments: argparse.Namespace, scratch: Path) -> list[dict[str, Any]]:
    """One row of figures a contestant, attnseq first."""
    steps = arguments.steps or STEPS[model]
    shared = (model, arguments.batch_size, WARM_UP + max(1, round(steps / BLOCKS / REPORT)) * BLOCKS * REPORT)
    jobs = [Job("attnseq", *shared, arguments.device)]
    jobs += [Job("PyTorch", *shared, arguments.device, n) for n in sorted({torch.get_num_threads(), 1}, reverse=True)]
    rounds: list[list[dict[str, Any]]] = [[] for _ in jobs]
    for number in range(arguments.rounds):
        for job, done in zip(jobs, rounds, strict=True):
            say(f"{model}, round {number + 1} of {arguments.rounds}: {name(job)}")
            done.append(do(job, scratch, f"cache_{model}"))
    rows = [summarise(job, done) for job, done in zip(jobs, rounds, strict=True)]
    if arguments.whole:
        measure_whole(jobs, rows, arguments.epochs, scratch)
    return rows


def measure_whole(jobs: Sequence[Job], rows: Sequence[dict[str, Any]], epochs: int, scratch: Path) -> None:
    """Adds the whole command's seconds to the row of attnseq and to that of the faster peer."""
    job, cache = jobs[0], f"cache_whole_{jobs[0].model}"
    overrides = [f"model={job.model}", f"device={job.device}"]
    overrides += [f"trainer.batch_size={job.batch_size}", f"trainer.epochs={epochs}"]
    for column in ("whole_cold", "whole_warm"):
        say(f"{job.model}, {column.replace('_', ' ')}: attnseq")
        rows[0][column] = call(["-m", "attnseq.train", *overrides], scratch, cache)[1]
    best = min(range(1, len(rows)), key=lambda index: rows[index]["us"])
    steps = epochs * -(-SAMPLES // job.batch_size)
    say(f"{job.model}, whole: {name(jobs[best])}")
    rows[best]["whole_cold"] = do(Job(**{**asdict(jobs[best]), "steps": steps}), scratch, cache)["whole_seconds"]


def summarise(job: Job, rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A contestant's row, from its rounds."""
    later = [figures["first_seconds"] for figures in rounds[1:]]
    peaks = {key: [figures.get(key) for figures in rounds] for key in ("peak_mib", "device_mib")}
    return {
        "model": job.model,
        "contestant": name(job),
        "us": statistics.median(us for figures in rounds for us in figures["block_us"]),
        "us_rounds": [statistics.median(figures["block_us"]) for figures in rounds],
        "first_cold": rounds[0]["first_seconds"],
        "first_warm": statistics.median(later) if later else None,
        "whole_cold": None,
        "whole_warm": None,
        **{key: None if None in values else max(values) for key, values in peaks.items()},
        "note": rounds[-1]["note"],
    }


def name(job: Job) -> str:
    """The contestant as the table shows it."""
    return job.contestant + (f", {job.threads} thread{'s' if job.threads > 1 else ''}" if job.threads else "")


# What is printed


COLUMNS = (
    ("us/sample", "us", "{:.2f}"),
    ("first cold", "first_cold", "{:.1f} s"),
    ("warm", "first_warm", "{:.1f} s"),
    ("whole cold", "whole_cold", "{:.1f} s"),
    ("warm", "whole_warm", "{:.1f} s"),
    ("peak MiB", "peak_mib", "{:.0f}"),
    ("GPU MiB", "device_mib", "{:.0f}"),
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as aligned text, at most 100 columns; a column without any figure is left out, a missing one is "-"."""
    shown = [column for column in COLUMNS if any(row[column[1]] is not None for row in rows)]
    cells = [["model", "contestant", *(title for title, _, _ in shown)]]
    for row in rows:
        figures = ["-" if row[key] is None else form.format(row[key]) for _, key, form in shown]
        cells.append([row["model"], row["contestant"], *figures])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for line in cells:
        padded = [f"{cell:<{w}}" if i < 2 else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(line, widths, strict=True))]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def ratio(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many times faster than the faster peer attnseq is; rows: of one model, attnseq first."""
    ours, peer = rows[0], min(rows[1:], key=lambda row: row["us"])
    rounds = [b / a for a, b in zip(ours["us_rounds"], peer["us_rounds"], strict=True)]
    return {"model": ours["model"], "peer": peer["contestant"], "ratio": peer["us"] / ours["us"], "rounds": rounds}


def ratio_line(found: dict[str, Any], batch_size: int, device: str) -> str:
    """The comparison in words, and the goal where there is one (on the CPU at batch 32) that is not met."""
    low, high = min(found["rounds"]), max(found["rounds"])
    text = f"{found['model']}: {found['ratio']:.1f} times faster than PyTorch as people write it"
    text += f" ({found['peer'].removeprefix('PyTorch, ')}; rounds {low:.1f} to {high:.1f})"
    goal = GOALS[found["model"]]
    if batch_size == GOAL_BATCH_SIZE and device == "cpu" and found["ratio"] < goal:
        text += f"\n{found['model']}: the goal of {goal:g} is not met"
    return text


def machine(device: str) -> str:
    """The machine in one line: platform, cores, torch, date."""
    where = torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{system}, {os.cpu_count()} cores, {where}, torch {torch.__version__}, {datetime.date.today()}"


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


def train(arguments: argparse.Namespace) -> None:
    """Subcommand: training, ours beside PyTorch's."""
    rows: list[dict[str, Any]] = []
    ratios: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="attnseq_benchmark_", ignore_cleanup_errors=True) as scratch:
        for model in arguments.model:
            measured = measure(model, arguments, Path(scratch))
            rows += measured
            ratios.append(ratio(measured))
    head = f"{machine(arguments.device)}, batch {arguments.batch_size}"
    print(head, table(rows), sep="\n")
    for row in rows:
        if row["note"]:
            print(f"{row['model']}, {row['contestant']}: {row['note']}")
    for found in ratios:
        print(ratio_line(found, arguments.batch_size, arguments.device))
    if arguments.json:
        content = {"machine": head, "arguments": vars(arguments) | {"function": "train"}, "rows": rows, "ratios": ratios}
        arguments.json.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


def positive(text: str) -> int:
    """A whole number, 1 or more, of the command line."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parser() -> argparse.ArgumentParser:
    """The command line; a new kind of comparison is a new subcommand."""
    top = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Figures are explained at the top of this file."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("train", help="training at one batch size")
    command.add_argument("--model", nargs="+", choices=list(PEERS), default=list(PEERS), help="default: both")
    command.add_argument("--batch-size", type=positive, default=GOAL_BATCH_SIZE, help="default: 32")
    command.add_argument("--steps", type=positive, help="measured a round, rounded to 512s; default: by model")
    command.add_argument("--rounds", type=positive, default=3, help="default: 3")
    command.add_argument("--device", default="cpu", help="cpu (default), cuda or cuda:N")
    command.add_argument("--whole", action="store_true", help="the whole command, too, which takes minutes")
    command.add_argument("--epochs", type=positive, default=10, help="of --whole; default: the tutorial's 10")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    command.set_defaults(function=train)
    return top


def main(arguments: Sequence[str]) -> None:
    """Entry point; `--worker JOB`, which no help shows, is how this program calls itself."""
    if arguments[:1] == ["--worker"]:
        job, started = json.loads(arguments[1])
        print(json.dumps(work(Job(**job), started)))
        return
    given = parser().parse_args(arguments)
    given.function(given)


if __name__ == "__main__":
    main(sys.argv[1:])
