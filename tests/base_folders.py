"""Folders of base runs that nobody trained: finished, with fresh weights."""

from pathlib import Path

import torch

from attnseq.runs.build import build_population, build_program
from attnseq.runs.config import RunConfig
from attnseq.runs.job import Job


def write_base(folder: Path, config: RunConfig) -> Path:
    """Write a run as if it had finished, over what is there.

    Args:
        folder: of the run; made.
        config: of the run; its seed decides its weights.

    Returns:
        The folder.
    """
    job = Job(config, folder)
    folder.mkdir(parents=True, exist_ok=True)
    job.write_config()
    state = build_population([config], torch.device("cpu")).state
    row = {name: value[0] for name, value in state._asdict().items()}
    job.folder.save_checkpoint(config.trainer.epochs, 0, row, 1.0, 0.0, build_program(config))
    losses = {"loss/validation": 0.1, "loss/test": 0.1}
    more = {"attention/relevance": None, "microseconds_per_sample": 1.0, "seconds": 1.0}
    job.folder.write_result({"status": "finished", "epochs": config.trainer.epochs, **losses, **more})
    return folder
