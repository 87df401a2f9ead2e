"""The cores that may be used: no more than PyTorch, the affinity or a container's quota allow."""

import os
from pathlib import Path

import pytest
import torch

from attnseq.training import cores
from attnseq.training.cores import control_groups, usable_cores


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of control groups, in which this process is in `box/job`; 8 threads, and an affinity for 8."""
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    own = tmp_path / "own"
    own.write_text("0::/box/job\n")
    monkeypatch.setattr(cores, "OWN_GROUP", own)
    (tmp_path / "box" / "job").mkdir(parents=True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    return tmp_path


def test_without_limits_as_many_as_pytorch_takes(groups: Path) -> None:
    assert usable_cores() == 8


def test_the_affinity_is_a_limit(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7}, raising=False)
    assert usable_cores() == 3


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("200000 100000", 2), ("250000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("nonsense", 8), ("", 8)],
)
@pytest.mark.parametrize("group", ["", "box", "box/job"])
def test_a_quota_is_a_limit_of_all_groups_within(groups: Path, group: str, quota: str, expected: int) -> None:
    (groups / group / "cpu.max").write_text(f"{quota}\n")
    assert usable_cores() == expected


def test_no_groups_are_no_limit(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "OWN_GROUP", groups / "not there")
    assert usable_cores() == 8


@pytest.mark.parametrize(
    ("own", "groups"),
    [
        ("0::/job_7/step_0\n", ["job_7/step_0", "job_7", "."]),
        ("9:name=systemd:/a\n0::/\n", ["."]),  # a container's own root
        ("4:memory:/a\n", ["."]),  # cgroup 1
        (None, ["."]),
    ],
)
def test_the_groups_around_the_process(
    own: str | None, groups: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    monkeypatch.setattr(cores, "OWN_GROUP", tmp_path / "cgroup")
    if own is not None:
        (tmp_path / "cgroup").write_text(own)
    assert [str(group.relative_to(tmp_path)) for group in control_groups()] == groups
