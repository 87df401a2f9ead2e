"""The pictures of a run, drawn from what its folder keeps: config, result and history.

Legend: T positions.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from attnseq.contracts.task import Task
from attnseq.report.panels import Positions
from attnseq.report.pictures import Pictures
from attnseq.report.sheet import Heading
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.runs.published import published_run
from attnseq.runs.reading import attention_is_share
from attnseq.training.attention_summary import Alignment

ATTENTION, LOSS = "attention", "loss"
"""Names of the pictures' files, without their suffixes."""


def draw_run(
    config: RunConfig,
    variant: str,
    result: Mapping[str, Any],
    rows: Sequence[Mapping[str, float]],
    pictures: Pictures,
) -> dict[str, bytes]:
    """Draw a run's pictures, with published values where there are any.

    Args:
        config: of the run.
        variant: its name.
        result: what result.json holds, or is to hold; empty for a run that is not finished.
        rows: of its history; without any there is no picture of losses.
        pictures: draws them.

    Returns:
        What each file holds, by its name. There is none of the attention of a model that does not attend.
    """
    theirs, task = published_run(variant, config.seed), config.dataset.task
    heading, drawn = heading_of(config, variant), {}
    if f"{ATTENTION}/alignment" in result:
        drawn[ATTENTION] = pictures.alignment(heading, Alignment.of_plain(result[f"{ATTENTION}/alignment"]))
    elif f"{ATTENTION}/mean" in result and build.attends(config):
        mean_T = [math.nan if weight is None else weight for weight in result[f"{ATTENTION}/mean"]]  # null in JSON
        shown = mean_T, result.get(f"{ATTENTION}/relevance"), theirs.mean_attention_T, positions_of(task)
        drawn[ATTENTION] = pictures.attention(heading, *shown, attention_is_share(result))
    if rows:
        losses = None if theirs.loss_E is None else [float(loss) for loss in theirs.loss_E]
        loss_name = build.build_objective(config, task.spec.target).label
        drawn[LOSS] = pictures.loss(heading, rows, losses, loss_name)
    return {f"{name}.{pictures.form}": content for name, content in drawn.items()}


def heading_of(config: RunConfig, variant: str = "") -> Heading:
    """Say in words which model, task and seed a picture is of.

    Args:
        config: of the run.
        variant: its name, which stands below in small letters; "" for none.
    """
    words = f"{config.model.words}: {config.dataset.words}, seed {config.seed}"
    return Heading(words[0].upper() + words[1:], variant)


def positions_of(task: Task) -> Positions:
    """Name the positions of a task's inputs, and say what stands there, where that is known."""
    names = task.position_names
    roles = [label.removeprefix(f"{place} ") for place, label in enumerate(task.position_labels)]
    known = any(role not in (name, str(place)) for place, (role, name) in enumerate(zip(roles, names, strict=True)))
    return Positions(names, tuple(roles) if known else ())
