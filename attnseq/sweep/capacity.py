"""How many runs fit into one population.

Shapes: B batch.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import torch

from attnseq.runs.build import build_recipe
from attnseq.runs.config import RunConfig
from attnseq.training.cores import control_groups
from attnseq.training.pace import BLOCK

LARGEST = 1_024
"""Most runs of a population: beyond some hundred, a run's share of a step gets no cheaper."""

SHARE = 0.5
"""Share of the free memory that a population may take; the rest is for data, the compiler, and others."""

HOST_BYTES = 2_000_000
"""Memory of a run's files and Python objects, a generous estimate."""


def bytes_per_replica(config: RunConfig) -> int:
    """Estimate the memory that one more replica takes, from above.

    It counts parameters with gradient, moments, noise and temporaries (twelve copies), what the backward pass keeps of
    a batch (three copies: values, gradients, temporaries), gathered batches, the order of an epoch, and the data, as if
    no other replica shared them.

    Args:
        config: of a run.
    """
    dataset, batch = config.dataset, config.trainer.batch_size
    recipe = build_recipe(config, trains=False)
    samples = recipe.example(1)
    of_sample = sum(values.numel() * values.element_size() for values in samples.tensors)
    activations = 3 * recipe.bytes_per_sample * batch
    gathered = 2 * BLOCK * batch * (of_sample + 4)
    return 48 * recipe.flat.width + activations + gathered + dataset.sizes.train * (2 * of_sample + 8) + HOST_BYTES


def free_bytes(device: torch.device) -> int | None:
    """Find the free memory of a device, in bytes; None where the system does not tell."""
    if device.type == "cuda":
        # count what PyTorch keeps for its next tensors as free
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    free = [value for value in (_available(), *map(_left_in, control_groups())) if value is not None]
    return min(free, default=None)


def largest_population(configs: Sequence[RunConfig], device: torch.device) -> int:
    """Compute how many runs fit into one population: 1 to `LARGEST`.

    Args:
        configs: of runs of one program.
        device: where they train.
    """
    free = free_bytes(device)
    if free is None:
        return LARGEST
    return max(1, min(LARGEST, int(SHARE * free) // bytes_per_replica(configs[0])))


def _available() -> int | None:
    """Read how much memory Linux could give without swapping, or take half of all where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return None


def _left_in(group: Path) -> int | None:
    """Read what a group's limit leaves; cached files do not count as used, since they are given up when needed."""
    try:
        limit = (group / "memory.max").read_text().strip()
        if limit == "max":
            return None
        cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())["inactive_file"]
        return int(limit) - int((group / "memory.current").read_text()) + int(cached)
    except (OSError, ValueError, KeyError):
        return None
