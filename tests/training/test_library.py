"""A library is made once, whole, and by one process."""

from pathlib import Path

import pytest
import torch
from tiny_library import CPU, EXAMPLE
from torch.fx import GraphModule

import attnseq
from attnseq.layers import traced_scan
from attnseq.training import library
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.library import compile_library, library_path, load_library

pytestmark = pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")


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


def test_a_place_is_of_each_file_that_makes_something_else_where_it_is_traced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The digest is of operations as they are written: a library made by an older loop must not be taken."""
    files = [file for file in Path(attnseq.__file__).parent.rglob("*.py") if "is_traced()" in file.read_text()]
    assert {*map(str, files), traced_scan.__file__} <= set(library.OURS)
    ours, places, changed = library.OURS, {library_path("a", [], {})}, tmp_path / "changed.py"
    changed.write_text("# another version\n")
    for file in ours:
        monkeypatch.setattr(library, "OURS", [str(changed) if each == file else each for each in ours])
        places.add(library_path("a", [], {}))
    assert len(places) == 1 + len(ours)
