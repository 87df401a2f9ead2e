"""One training run from its config to its result: build, fit, report. A finished run is not trained again.

Shapes: P replicas (here one), N parameters, T positions.
"""

import math
import platform
import shlex
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

import attnseq
from attnseq import build, published
from attnseq.analysis.attention import summarise_attention
from attnseq.config import RunConfig
from attnseq.datasets.dataset import Dataset
from attnseq.datasets.tutorial import TUTORIAL_SEED
from attnseq.naming import result_config, variant_name
from attnseq.observer import Run, RunObserver
from attnseq.report import figures, history
from attnseq.report.tables import attention_bars, results_table, summary_line
from attnseq.report.terminal import Progress, terminal_console
from attnseq.run_folder import RunFolder
from attnseq.training.evaluation import evaluate
from attnseq.training.population import FlatModel, PopulationState, initial_state
from attnseq.training.stopping import StopSignals
from attnseq.training.trainer import Population, Trainer, stack_settings

Result = dict[str, Any]


def run(config: RunConfig, path: Path, hydra: DictConfig | None = None) -> Result:
    """Train one run, or go on with it, or show its result where it is finished.

    Args:
        config: checked.
        path: the run's folder.
        hydra: Hydra's own config, which goes into the folder, too.

    Returns:
        What result.json holds.

    Raises:
        ConfigError: the config asks for what is not here (a device, operand pairs).
        RunFolderError, CheckpointError: the folder is in use, damaged, or of another config.
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint.
        OSError: the folder cannot be written.
    """
    device = build.build_device(config.device)
    folder = RunFolder(path, result_config(config))
    console = terminal_console()
    with folder.lock(), StopSignals() as stop:
        if config.overwrite:
            folder.clear()
        result = folder.result()
        if result is not None:
            console.print(f"already {result['status']}; overwrite=true trains it anew")
        else:
            result = _train(config, folder, hydra, device, stop)
    _show(config, path, result)
    return result


def _train(
    config: RunConfig, folder: RunFolder, hydra: DictConfig | None, device: torch.device, stop: StopSignals
) -> Result:
    resumed = folder.load_checkpoint()
    dataset = config.dataset.build().to(device)
    population = build_population(config, dataset, device)
    if resumed is not None:
        restore(population, resumed.state)
        population.epoch, population.step = resumed.epoch, resumed.step
    variant = variant_name(OmegaConf.structured(config))
    console = terminal_console()
    parameters = population.state.parameters.shape[1]
    line = summary_line(variant, parameters, config.dataset.name, len(dataset.train), str(device))
    console.print(line, soft_wrap=True)
    if resumed is not None:
        console.print(f"going on from its checkpoint: epoch {resumed.epoch}, step {resumed.step}")
    folder.write_config(OmegaConf.structured(config), hydra)
    steps_an_epoch = -(-len(dataset.train) // config.trainer.batch_size)
    done = population.epoch * steps_an_epoch + population.step
    this = Run(config, folder, resumed)
    with (
        Progress(config.trainer.epochs * steps_an_epoch, done, console) as progress,
        RunObserver([this], dataset, progress) as observer,
    ):
        Trainer(dataset, build.build_schedule(config.trainer), observer).fit(population, stop)
        rows = history.read(folder.history_path) if folder.history_path.exists() else []
        result = measure(config, variant, dataset, population, rows)
        if result["status"] == "finished":
            hparams = flatten(OmegaConf.to_container(OmegaConf.structured(config)))
            observer.logs[0].hyperparameters(hparams, {k: result[k] for k in ("loss/test", "mae/test", "exact/test")})
        draw(folder, result, rows, published_figures(config))
        result["seconds"] = observer.seconds(this)
        folder.write_result(result)
    stop.check()
    return result


def build_population(config: RunConfig, dataset: Dataset, device: torch.device) -> Population:
    """The population of one for `config`, at its start."""
    model = config.model.build(dataset.task).to(device)
    flat = FlatModel(model)
    parameters_PxN = flat.flatten(build.build_weights(model, config)).unsqueeze(0).to(device)
    trainer = config.trainer
    settings = stack_settings([(trainer.learning_rate, trainer.beta1, trainer.beta2, trainer.epsilon)], device)
    return Population(flat, initial_state(parameters_PxN), settings, [build.build_order(config)])


def restore(population: Population, state: dict[str, Tensor]) -> None:
    """Put a checkpoint's row into a population of one."""
    for name, value in PopulationState(**state)._asdict().items():
        getattr(population.state, name)[0] = value


def measure(
    config: RunConfig, variant: str, dataset: Dataset, population: Population, rows: list[dict[str, float]]
) -> Result:
    """The result of a population of one, the held-out test samples looked at for the first and only time.

    Args:
        config: of the run.
        variant: its name.
        dataset: on the population's device.
        population: at its end.
        rows: of history.csv.
    """
    parameters_PxN = population.state.parameters
    scale = dataset.task.scale
    steps = -(-len(dataset.train) // config.trainer.batch_size)
    validation = evaluate(population.flat, parameters_PxN, dataset.validation, scale)[0]
    test = evaluate(population.flat, parameters_PxN, dataset.test, scale)[0]
    attention = summarise_attention(population.flat, parameters_PxN, dataset.test)[0]
    diverged = population.diverged()[0]
    if not (diverged or math.isfinite(validation.loss + test.loss)):  # the last updates, which no step looked at
        diverged = population.epoch * steps
    return {
        "status": "diverged" if diverged else "finished",
        "variant": variant,
        "seed": config.seed,
        "epochs": (diverged - 1) // steps if diverged else population.epoch,
        "diverged": {"epoch": (diverged - 1) // steps + 1, "step": (diverged - 1) % steps + 1} if diverged else None,
        "loss/train": rows[-1]["loss/train"] if rows else None,
        "loss/validation": validation.loss,
        "loss/test": test.loss,
        "mae/test": test.mae,
        "exact/test": test.exact,
        "attention/mean": attention.mean_T.tolist(),
        "attention/entropy": attention.entropy,
        "attention/relevance": dataset.task.relevance.tolist(),
        "parameters": parameters_PxN.shape[1],
        "device": str(parameters_PxN.device),
        "microseconds_per_sample": 1e6 * median(row["seconds"] for row in rows) / len(dataset.train) if rows else None,
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "attnseq": attnseq.__version__,
        },
    }


def draw(folder: RunFolder, result: Result, rows: list[dict[str, float]], article: "Published | None") -> None:
    """Write the run's pictures, the article's own values drawn in where the run is the article's."""
    theirs = article or Published(None, None)
    attention = figures.attention_figure(
        result["attention/mean"], result["attention/relevance"], theirs.mean_attention_T, result["variant"]
    )
    figures.save(attention, folder.path / "attention.png")
    if rows:
        losses = None if theirs.loss_E is None else [float(loss) for loss in theirs.loss_E]
        figures.save(figures.loss_figure(rows, losses, result["variant"]), folder.path / "loss.png")


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


class Published(NamedTuple):
    """What the article prints of a run: training losses, and the mean attention over the training samples."""

    loss_E: tuple[str, ...] | None
    mean_attention_T: tuple[float, ...] | None


def published_figures(config: RunConfig) -> Published | None:
    """The article's figures for exactly this run; None for every run that it does not have."""
    if config.seed != TUTORIAL_SEED:
        return None
    runs = {
        "mlp_attention": Published(published.MLP_LOSS_E, published.MLP_MEAN_ATTENTION_T),
        "lstm_attention": Published(published.LSTM_LOSS_E, None),
    }
    return runs.get(variant_name(OmegaConf.structured(config)))


def _show(config: RunConfig, path: Path, result: Result) -> None:
    console = terminal_console()
    if result["status"] == "diverged":
        where = result["diverged"]
        console.print(f"diverged: a loss was not finite from epoch {where['epoch']}, step {where['step']} on")
        return
    theirs = published_figures(config)
    mean_T = theirs.mean_attention_T if theirs else None
    console.print(attention_bars(result["attention/mean"], result["attention/relevance"], mean_T))
    if mean_T:
        console.print("attention: mean over the test samples; published: over the training samples")
    if theirs and theirs.loss_E:
        losses = [published.as_printed(row["loss/train"]) for row in history.read(path / "history.csv")]
        console.print(f"{'loss/train':<16} {' '.join(losses)}", soft_wrap=True)
        console.print(f"{'published':<16} {' '.join(theirs.loss_E)}", soft_wrap=True)
    console.print(results_table(result))
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    for name in ("attention.png", "loss.png"):
        console.print(str(shown / name), soft_wrap=True)
    runs = shown.parent.parent if shown.parent.parent.name == config.name else shown
    console.print(f"tensorboard --logdir {shlex.quote(str(runs))}", soft_wrap=True)
