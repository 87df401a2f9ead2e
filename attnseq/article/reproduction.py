"""Training a published run, and measuring what the article prints of it.

Shapes: E epochs, T positions, M first samples, W parameters.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib.backends.backend_agg  # noqa: F401  # here, to fail before training
import numpy as np
import numpy.typing as npt
import torch
from omegaconf import OmegaConf

from attnseq.article import published
from attnseq.article.figure import ReproducedRun, reproduction_figure
from attnseq.article.verdicts import Verdict
from attnseq.core.files import write_atomically
from attnseq.report import history
from attnseq.report.axes import save
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.folder import RunFolder, RunFolderError
from attnseq.runs.job import Job
from attnseq.runs.naming import result_config, variant_name
from attnseq.runs.results import position_relevance
from attnseq.runs.run import run
from attnseq.training.compiling import missing_compiler
from attnseq.training.evaluation import Meter
from attnseq.training.pool import Data

FIRST = 10


@dataclass(frozen=True, eq=False)
class Reproduced:
    """What the article prints of a run.

    Args:
        loss_E: training loss of every epoch.
        mean_attention_T: over all training samples.
        first_targets_M: of the first ten training samples.
        first_predictions_M: of the same samples.
        relevance_T: exact relevance of the task.
    """

    loss_E: Sequence[float]
    mean_attention_T: npt.NDArray[np.float64]
    first_targets_M: npt.NDArray[np.float32]
    first_predictions_M: npt.NDArray[np.float32]
    relevance_T: npt.NDArray[np.float64]


def decided(config: RunConfig) -> RunConfig:
    """Decide `trainer.compile` by whether there is a compiler, so that the figures do not depend on measured times."""
    if config.trainer.compile != "auto":
        return config
    compiled = "false" if missing_compiler(build.build_device(config.device)) else "true"
    return replace(config, trainer=replace(config.trainer, compile=compiled))


@torch.no_grad()
def train_published(config: RunConfig, root: Path) -> Reproduced:
    """Train a run, or take a finished one, and evaluate it on its training samples as the notebook does.

    Args:
        config: of a published run.
        root: folder of both runs.

    Raises:
        As `run`.
    """
    config = decided(config)
    path = root / variant_name(OmegaConf.structured(config)) / f"seed={config.seed}"
    if run(Job(config, path))["status"] != "finished":
        raise RunFolderError(f"{path}: the published run diverged; overwrite=true trains it anew")
    folder = RunFolder(path, result_config(config))
    checkpoint = folder.load_checkpoint()
    if checkpoint is None:
        raise FileNotFoundError(2, "missing; overwrite=true trains the run anew", str(folder.checkpoint_path))
    device = build.build_device(config.device)
    task = config.dataset.task
    data = Data(task, task.splits().to(device))
    recipe = build.build_recipe(config)
    recipe.flat.model.to(device)
    parameters_PxW = checkpoint.state["parameters"].unsqueeze(0).to(device)
    first = data.splits.train.first(FIRST)
    attention = Meter(recipe, {}).evaluate(parameters_PxW, data.splits.train)[0].attention["attention"]
    return Reproduced(
        loss_E=[row["loss/train"] for row in history.read(folder.history_path)],
        mean_attention_T=attention.mean_T,
        first_targets_M=first.answers.float().cpu().numpy(),
        first_predictions_M=recipe.flat.predict(parameters_PxW, first).prediction[0].cpu().numpy(),
        relevance_T=np.asarray(position_relevance(data.task, data.splits.test)),
    )


def write_report(root: Path, rows: Sequence[Verdict], mlp: Reproduced, lstm: Reproduced) -> None:
    """Write reproduction.json and reproduction.png into `root`."""
    content = json.dumps([row._asdict() for row in rows], indent=2)
    write_atomically(root / "reproduction.json", (content + "\n").encode())
    mlp_loss_E = [float(loss) for loss in published.MLP_LOSS_E]
    lstm_loss_E = [float(loss) for loss in published.LSTM_LOSS_E]
    runs = [
        ReproducedRun(
            "MLP", mlp.loss_E, mlp_loss_E, mlp.mean_attention_T, mlp.relevance_T, published.MLP_MEAN_ATTENTION_T
        ),
        ReproducedRun("LSTM", lstm.loss_E, lstm_loss_E, lstm.mean_attention_T, lstm.relevance_T),
    ]
    save(reproduction_figure(runs), root / "reproduction.png")
