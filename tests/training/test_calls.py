"""A library's calls do what the program does, by any number of threads.

Shapes: C calls.
"""

import ctypes
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
import torch
from processes import LIMIT
from tiny_library import CPU, LENGTH, program
from torch import Tensor

from attnseq.training import calls as calls_module
from attnseq.training.calls import Library
from attnseq.training.compiling import missing_compiler
from attnseq.training.library import load_library

pytestmark = pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")


def calls(number: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    numbers = torch.Generator().manual_seed(seed)
    values_CxL = torch.rand(number, LENGTH, generator=numbers)
    return values_CxL, torch.randint(0, 5, (number, 2, 3), generator=numbers, dtype=torch.uint8)


def expected(factor: float, values_CxL: Tensor, counts_C: Tensor) -> Tensor:
    state = torch.zeros(LENGTH)
    for values, counts in zip(values_CxL, counts_C, strict=True):
        program(state, torch.tensor(factor, dtype=torch.float64), values, counts)
    return state


def run(made: Library, factor: float, values_CxL: Tensor, counts_C: Tensor) -> Tensor:
    state = torch.zeros(LENGTH)
    made.run([state, torch.tensor(factor, dtype=torch.float64)], [values_CxL, counts_C])
    return state


def test_calls_are_made_in_order_with_the_values_of_each(compiled: Path) -> None:
    made = load_library(compiled)
    for number in (1, 2, 7):
        torch.testing.assert_close(run(made, 0.5, *calls(number)), expected(0.5, *calls(number)), rtol=1e-6, atol=1e-6)
    values, counts = calls(1)
    repeated = values.expand(4, LENGTH), counts.expand(4, 2, 3)
    torch.testing.assert_close(run(made, 0.5, *repeated), expected(0.5, *repeated), rtol=1e-6, atol=1e-6)


def test_threads_call_it_at_the_same_time_with_the_same_bits(compiled: Path) -> None:
    made, threads = load_library(compiled), 4
    alone = [run(made, 0.1 * number, *calls(3_000, number)) for number in range(threads)]
    meeting = Barrier(threads)

    def work(number: int) -> Tensor:
        meeting.wait(LIMIT)
        return run(made, 0.1 * number, *calls(3_000, number))

    with ThreadPoolExecutor(threads) as pool:
        assert all(
            torch.equal(mine, theirs) for mine, theirs in zip(pool.map(work, range(threads)), alone, strict=True)
        )


def test_python_runs_while_calls_are_made_and_can_halt_them(compiled: Path) -> None:
    made = load_library(compiled)
    state, factor = torch.zeros(LENGTH), torch.tensor(1.0, dtype=torch.float64)
    endless = [torch.ones(1, LENGTH).expand(2**40, LENGTH), torch.zeros(1, 2, 3, dtype=torch.uint8).expand(2**40, 2, 3)]
    ended = Event()

    def work() -> None:
        made.run([state, factor], endless)
        ended.set()

    thread = Thread(target=work, daemon=True)
    thread.start()
    end = time.monotonic() + LIMIT
    while not state.any():
        assert thread.is_alive()
        assert time.monotonic() < end, "no call was made"
    made.halt()
    assert ended.wait(LIMIT)


def test_what_a_program_cannot_take_is_refused(compiled: Path) -> None:
    values, counts = calls(3)
    with pytest.raises(ValueError, match="contiguous tensors on the CPU"):
        load_library(compiled).run([torch.zeros(LENGTH, 2)[:, 0], torch.zeros(())], [values, counts])


def test_a_call_that_fails_is_an_error(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = load_library(compiled)
    argument = Library._argument

    def of_no_size(self: Library, values: Tensor, stride: int) -> calls_module._Argument:
        faulty = argument(self, values, stride)
        faulty.sizes = (ctypes.c_int64 * max(1, values.dim()))(*[-1] * values.dim())
        return faulty

    monkeypatch.setattr(Library, "_argument", of_no_size)
    with pytest.raises(RuntimeError, match="a compiled program failed"):
        run(made, 0.5, *calls(3))
