"""A library's calls do what the program does, by any number of threads; it is made once, whole, and by one process.

Shapes: C calls.
"""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
import torch
from processes import LIMIT
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from attnseq.training import library
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.library import Library, compile_library, library_path, load_library

CPU = torch.device("cpu")
LENGTH = 40

pytestmark = pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")


def program(state: Tensor, factor: Tensor, values: Tensor, counts: Tensor) -> tuple[()]:
    """The order of calls counts, and all types and shapes that training needs come along."""
    state.copy_(factor * torch.sin(state) + values + counts.sum())
    return ()


EXAMPLE = [
    torch.zeros(LENGTH),
    torch.zeros((), dtype=torch.float64),
    torch.zeros(LENGTH),
    torch.zeros(2, 3, dtype=torch.uint8),
]


def trace() -> GraphModule:
    return make_fx(program)(*EXAMPLE)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "program.so"
    assert compile_library(path, trace, EXAMPLE, options_for(CPU)) > 0
    return path


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
    while not state.any():
        assert thread.is_alive()
    made.halt()
    assert ended.wait(LIMIT)


def test_what_a_program_cannot_take_is_refused(compiled: Path) -> None:
    values, counts = calls(3)
    with pytest.raises(ValueError, match="contiguous tensors on the CPU"):
        load_library(compiled).run([torch.zeros(LENGTH, 2)[:, 0], torch.zeros(())], [values, counts])


def test_a_call_that_fails_is_an_error(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = load_library(compiled)
    argument = Library._argument

    def of_no_size(self: Library, values: Tensor, stride: int) -> library._Argument:
        faulty = argument(self, values, stride)
        faulty.sizes = (ctypes.c_int64 * max(1, values.dim()))(*[-1] * values.dim())
        return faulty

    monkeypatch.setattr(Library, "_argument", of_no_size)
    with pytest.raises(RuntimeError, match="a compiled program failed"):
        run(made, 0.5, *calls(3))


def test_a_library_is_made_once_and_nothing_is_left_beside_it(compiled: Path, tmp_path: Path) -> None:
    def twice() -> GraphModule:
        raise AssertionError("traced again")

    assert compile_library(compiled, twice, EXAMPLE, options_for(CPU)) == 0
    load_library(compiled)
    names = {path.suffix for path in compiled.parent.iterdir()}
    assert names == {".so", ".lock"}
    assert len(list(compiled.parent.glob("*.so"))) == 2  # the program, and the loop that calls it


def test_what_fails_leaves_no_library(tmp_path: Path) -> None:
    def fail() -> GraphModule:
        raise RuntimeError("no registers left")

    path = tmp_path / "program.so"
    with pytest.raises(RuntimeError, match="no registers left"):
        compile_library(path, fail, EXAMPLE, {"aot_inductor.precompile_headers": False})
    assert not path.exists()


def test_a_place_is_of_operations_shapes_types_options_and_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    value = torch.zeros(4)
    places = {
        library_path("a", [value], {}),
        library_path("b", [value], {}),
        library_path("a", [value[:3]], {}),
        library_path("a", [value.double()], {}),
        library_path("a", [value], {"cpp.threads": 1}),
    }
    monkeypatch.setattr(library, "_compiler_version", lambda: "another")
    places.add(library_path("a", [value], {}))
    assert len(places) == 6
    assert {place.parent for place in places} == {tmp_path / "attnseq"}
