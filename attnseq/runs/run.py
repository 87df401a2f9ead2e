"""One run on its own: lock its folder, train it or go on with it, show its result."""

import shlex
from contextlib import suppress

import torch
from rich.console import Console

from attnseq.report import history
from attnseq.report.grid import alignment_grid, grid_legend
from attnseq.report.pictures import Pictures
from attnseq.report.tables import attention_bars, results_table, summary_line
from attnseq.report.terminal import put, terminal_console
from attnseq.runs import build
from attnseq.runs.job import Job
from attnseq.runs.model import build_model
from attnseq.runs.picturing import ATTENTION, LOSS
from attnseq.runs.population_run import draw, train_jobs
from attnseq.runs.published import published_run
from attnseq.runs.results import Result
from attnseq.runs.seen import as_seen
from attnseq.training.attention_summary import Alignment
from attnseq.training.out_of_memory import memory_errors
from attnseq.training.population import FlatModel
from attnseq.training.stopping import StopSignals

PICTURES = (f"{ATTENTION}.png", f"{LOSS}.png")


def run(job: Job) -> Result:
    """Train one run, or go on with it, or show the result of a finished run.

    Args:
        job: the run.

    Returns:
        What result.json holds.

    Raises:
        ConfigError: the config asks for something that is not here (a device, operand pairs).
        RunFolderError, CheckpointError: the folder is in use, damaged, or of another config.
        Interrupted: a signal came; a checkpoint is written.
        MemoryError, torch.OutOfMemoryError: there is not enough.
        OSError: the folder cannot be written.
    """
    device = build.build_device(job.config.device)
    with StopSignals() as stop, job.hold() as result, memory_errors():
        stop.check()  # what a shorter run left may have been copied, which takes a while
        if result is None:
            announce(job, device)
            (result,) = train_jobs([job], device, stop)
        else:
            terminal_console().print(f"already {result['status']}; overwrite=true trains it anew")
            redraw(job, result)
    show(job, result)
    return result


def announce(job: Job, device: torch.device) -> None:
    """Print what is about to be trained."""
    dataset = job.config.dataset
    parameters = FlatModel(build_model(job.config.model, dataset.task)).width
    console = terminal_console()
    line = summary_line(job.variant, parameters, dataset.name, dataset.sizes.train, str(device))
    put(console, line)
    if job.shorter is not None:
        put(console, f"begins from {as_seen(job.shorter)}: the same run after {job.position[0]} epochs")
    elif job.resumed is not None:
        console.print(f"going on from its checkpoint: epoch {job.resumed.epoch}, step {job.resumed.step}")


def redraw(job: Job, result: Result) -> None:
    """Draw a finished run's pictures again if one is missing and the folder can be written."""
    drawn = PICTURES if "attention/mean" in result and build.attends(job.config) else PICTURES[1:]
    if result["status"] == "finished" and not all((job.path / name).exists() for name in drawn):
        with suppress(OSError):
            draw(job, result, Pictures())


def show(job: Job, result: Result) -> None:
    """Print a run's result, with published figures beside it where there are any."""
    console = terminal_console()
    if result["status"] == "diverged":
        where = result["diverged"]
        console.print(f"diverged: a loss was not finite from epoch {where['epoch']}, step {where['step']} on")
        return
    theirs, task = published_run(job.variant, job.config.seed), job.config.dataset.task
    if "attention/alignment" in result:
        show_alignment(console, Alignment.of_plain(result["attention/alignment"]))
    elif "attention/mean" in result and build.attends(job.config):
        mean_T, relevance_T = result["attention/mean"], result.get("attention/relevance")
        console.print(attention_bars(mean_T, relevance_T, theirs.mean_attention_T, task.position_names))
        if relevance_T is not None:
            console.print("relevance: exact, of each position as a share of all")
    if theirs.mean_attention_T:
        console.print("attention: mean over the test samples; published: over the training samples")
    if theirs.loss_E and not job.folder.history_path.exists():
        console.print(f"no {job.folder.history_path.name}: the losses of its epochs are not known any more")
    elif theirs.loss_E:
        losses = [theirs.as_printed(row["loss/train"]) for row in history.read(job.folder.history_path)]
        put(console, f"{'loss/train':<16} {' '.join(losses)}")
        put(console, f"{'published':<16} {' '.join(theirs.loss_E)}")
    metrics = build.build_metrics(job.config, task.spec.target)
    units = {name: metric.unit for name, metric in metrics.items()}
    console.print(results_table(result, units, [name for name, metric in metrics.items() if metric.is_share]))
    shown = as_seen(job.path)
    for name in PICTURES:
        if (job.path / name).exists():
            put(console, str(shown / name))
    runs = shown.parent.parent if shown.parent.parent.name == job.config.name else shown
    console.print(f"python -m attnseq.board {shlex.quote(str(runs))}", soft_wrap=True)  # whole, to be copied


def show_alignment(console: Console, alignment: Alignment) -> None:
    """Print what a model makes of one test sample, and where each token of its answer looks."""
    put(console, f"a test sample: {alignment.line}")
    if not alignment.answers:
        return
    weights_KxT, relevance_KxT = alignment.weights_KxT, alignment.relevance_KxT
    console.print(alignment_grid(weights_KxT, alignment.inputs, alignment.answers, relevance_KxT), soft_wrap=True)
    console.print(grid_legend(relevance_KxT is not None))
