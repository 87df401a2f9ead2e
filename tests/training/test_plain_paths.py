"""Paths with spaces and quotes: the compiler's command line holds others that lead to the same folders."""

import os
import shlex
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch._inductor.cpp_builder import CppBuilder, CppTorchDeviceOptions
from torch._inductor.runtime.cache_dir_utils import cache_dir
from torch.utils import cpp_extension

from attnseq.training import plain_paths
from attnseq.training.compiling import missing_compiler, options_for
from attnseq.training.library import compile_library, library_path, load_library
from attnseq.training.plain_paths import is_plain, not_plain, plain
from attnseq.training.program import trace

CPU = torch.device("cpu")
AWKWARD = ["a space", "don't", 'a "quote', "back\\slash", "new\nline", "two  spaces at the end "]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there the command line has quotes around paths")


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a plain path, whatever those of the tests are; links are made in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        monkeypatch.setattr(plain_paths, "PLACES", (path,))
        yield Path(path)


@pytest.mark.parametrize("name", ["plain", "ü漢", "$HOME", "a=b,c", "#1", "(x)&;*"])
def test_a_plain_path_stays(name: str, tmp_path: Path) -> None:
    assert plain(str(tmp_path / name)) == str(tmp_path / name)


@pytest.mark.parametrize("name", AWKWARD)
def test_another_path_leads_to_the_same_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    assert plain(str(folder)) == str(folder)  # it is not there
    folder.mkdir()
    (folder / "file").touch()
    other = plain(str(folder))
    assert is_plain(other)
    assert (Path(other) / "file").exists()
    assert plain(str(folder)) == other  # by which the cache knows the same program again


def test_a_folder_of_links_that_others_can_write_to_is_not_used(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a space").mkdir()
    monkeypatch.setattr(plain_paths, "PLACES", (str(tmp_path / "a space"), str(place)))
    links = place / f"attnseq-links-{os.getuid()}"
    links.mkdir()
    links.chmod(0o777)
    path = str(tmp_path / "a space")
    assert plain(path) == path
    links.chmod(0o700)
    assert Path(plain(path)).parent == links


@pytest.fixture
def awkward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Folders for temporary files, the cache and PyTorch's own, with names that no command line stands."""
    paths = [str(tmp_path / name) for name in ("it's temporary", 'a "cache', "my torch")]
    Path(paths[0]).mkdir()
    Path(paths[2]).symlink_to(Path(torch.__file__).parent)
    monkeypatch.setattr(tempfile, "tempdir", paths[0])
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", paths[1])
    monkeypatch.setattr(torch, "__file__", f"{paths[2]}/__init__.py")
    monkeypatch.setattr(cpp_extension, "_TORCH_PATH", paths[2])
    monkeypatch.setattr(cpp_extension, "TORCH_LIB_PATH", f"{paths[2]}/lib")
    return paths


def test_the_command_line_holds_together(awkward: list[str]) -> None:
    with plain_paths.plain_paths():
        assert not_plain() == []
        folders = (cache_dir(), tempfile.gettempdir())
        for folder, theirs in zip(folders, (awkward[1], awkward[0]), strict=True):
            assert Path(folder).samefile(theirs)
            builder = CppBuilder("it", f"{folder}/it.cpp", CppTorchDeviceOptions(device_type="cpu"), folder)
            words = shlex.split(builder.get_command_line())
            assert f"{folder}/it.cpp" in words
            assert builder.get_target_file_path() in words
            searched = [Path(word[2:]) for word in words if word[:2] in ("-L", "-I")]
            assert any((path / "libtorch_cpu.so").exists() for path in searched)
            assert any((path / "torch" / "csrc").exists() for path in searched)
            assert not [word for word in words if word.startswith(tuple(awkward))]
    assert (tempfile.tempdir, os.environ["TORCHINDUCTOR_CACHE_DIR"]) == (awkward[0], awkward[1])


def test_what_cannot_be_helped_is_named(awkward: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_paths, "PLACES", ())
    with plain_paths.plain_paths():
        assert set(not_plain()) >= set(awkward)


def test_a_cache_that_cannot_be_made_is_named(
    tmp_path: Path, read_only: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    read_only(tmp_path)
    with pytest.raises(OSError, match="Read-only") as error, plain_paths.plain_paths():
        pytest.fail("entered")
    assert error.value.filename == str(tmp_path / "cache")


@pytest.mark.skipif(bool(missing_compiler(CPU)), reason=missing_compiler(CPU) or "nothing is missing")
def test_a_program_is_compiled(awkward: list[str]) -> None:
    options = options_for(CPU) | {"aot_inductor.precompile_headers": False}
    values, lasting = torch.arange(100.0).view(2, 50), torch.zeros(50)

    def program(sum_: torch.Tensor, value: torch.Tensor) -> tuple[()]:
        sum_.add_(torch.sin(value))
        return ()

    with plain_paths.plain_paths():
        example = [lasting, values[0]]
        path = library_path("sum of sines", example, options)
        compile_library(path, lambda: trace(program, example), example, options)
        load_library(path).run([lasting], [values])
    torch.testing.assert_close(lasting, torch.sin(values).sum(0))
    assert list(Path(awkward[1]).rglob("*.so"))
