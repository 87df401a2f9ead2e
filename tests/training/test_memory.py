"""Freed memory is kept: no page faults in a loop that frees and asks again; without glibc nothing happens.

While collection is paused nothing is collected, and afterwards all is as before; nor at the end, where so asked.
"""

import ctypes
import gc
import platform
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from attnseq.training import memory
from attnseq.training.memory import collection_paused, keep_freed_memory

LIBRARY, VERSION = platform.libc_ver()
# before 2.35 blocks of more than 32 MiB were never kept, and whether smaller ones are depends on what lies behind them
KEEPS_ALL = LIBRARY == "glibc" and tuple(int(part) for part in VERSION.split(".")[:2]) >= (2, 35)

# without huge pages, of which a system may give one, and so one fault, for 512 others: 41 is PR_SET_THP_DISABLE
FAULTS = """
import ctypes, resource, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)
from attnseq.training.memory import keep_freed_memory
kept = keep_freed_memory() if sys.argv[1] == "keep" else None
assert "torch" not in sys.modules
import torch
def step():
    torch.ones(12 << 20)  # 48 MiB, which glibc by itself never keeps
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(kept, (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 20)
"""


@pytest.mark.skipif(not KEEPS_ALL, reason="a setting of newer versions of glibc")
def test_big_tensors_come_from_memory_that_is_there() -> None:
    def faults_a_step(argument: str) -> tuple[str, int]:
        command = [sys.executable, "-c", FAULTS, argument]
        kept, faults = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return kept, int(faults)

    kept, few = faults_a_step("keep")
    assert kept == "True"
    _, many = faults_a_step("leave")
    assert many > 10_000  # each of the 12,288 pages, every time
    assert few < many / 2  # none but where a small block has come to lie in the way


class Library:
    """A C library whose mallopt refuses a block size of more than 32 MiB, as glibc's once did."""

    gnu_get_libc_version = None

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def mallopt(self, option: int, value: int) -> int:
        self.calls.append((option, value))
        return int(option != memory.M_MMAP_THRESHOLD or value <= 32 << 20)


def test_an_older_version_gets_as_much_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    assert keep_freed_memory()
    assert library.calls == [(-3, 1 << 30), (-3, 32 << 20), (-1, 1 << 30)]


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_nothing_happens_where_no_library_is_found(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def missing(name: Any) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not keep_freed_memory()


def test_nothing_happens_with_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()


@pytest.fixture(params=[True, False], ids=["on", "off"])
def was_on(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether cycles were looked for when the test began."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_a_paused_collection_goes_on_as_before_whatever_happened(was_on: bool) -> None:
    with collection_paused():
        assert not gc.isenabled()
    assert gc.isenabled() is was_on
    with pytest.raises(RuntimeError, match="inside"), collection_paused():
        raise RuntimeError("inside")
    assert gc.isenabled() is was_on


CYCLE = """
import sys
from attnseq.training.memory import end_without_collection
class Cycle:
    def __init__(self): self.itself = self
    def __del__(self): print("collected", flush=True)
kept = Cycle()
if sys.argv[1] == "without":
    end_without_collection()
print("end", flush=True)
"""


def test_a_process_ends_without_looking_for_cycles() -> None:
    def says(argument: str) -> list[str]:
        command = [sys.executable, "-c", CYCLE, argument]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert says("with") == ["end", "collected"]
    assert says("without") == ["end"]
