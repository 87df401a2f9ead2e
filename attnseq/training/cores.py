"""How many of the machine's cores this process may use."""

import math
import os
from pathlib import Path

import torch

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux shows the limits of containers, services and batch jobs (cgroup 2), with a folder for each group."""

OWN_GROUP = Path("/proc/self/cgroup")
"""Where Linux says which of these groups this process is in."""


def usable_cores() -> int:
    """Count the cores that this process may use: PyTorch's number of threads, or fewer where a quota says so."""
    quotas = [quota for quota in map(_quota, control_groups()) if quota is not None]
    return max(1, math.floor(min([torch.get_num_threads(), *_affinity(), *quotas])))


def control_groups() -> list[Path]:
    """List the group of this process and the groups around it, whose limits hold for it, too."""
    try:
        lines = OWN_GROUP.read_text().splitlines()
    except OSError:
        lines = []
    own = CGROUPS / next((line[len("0::/") :] for line in lines if line.startswith("0::/")), "")
    return [group for group in (own, *own.parents) if group.is_relative_to(CGROUPS)]


def _affinity() -> list[int]:
    return [len(os.sched_getaffinity(0))] if hasattr(os, "sched_getaffinity") else []


def _quota(group: Path) -> float | None:
    """Read how many cores' worth of time a group may take; None where it has no limit."""
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # "max", which is no limit, is not a number
        return None
