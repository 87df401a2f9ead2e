"""Substitutes for paths that TorchInductor cannot put on a compiler's command line.

It writes the command as one line, and splits it again by the rules of a shell, but does not quote most paths: a path
with a space, a quote or a backslash becomes names of files that do not exist.
"""

import os
import shlex
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import torch

CACHE = "TORCHINDUCTOR_CACHE_DIR"
PLACES = ("/tmp", "/var/tmp", os.path.expanduser("~/.cache"))  # noqa: PTH111  # Path.home() fails where there is none


@contextmanager
def plain_paths() -> Iterator[None]:
    """Give TorchInductor plain paths inside the block, where possible: of temporary files, its cache, and PyTorch.

    Raises:
        OSError: the cache's folder that the user chose cannot be made; without it, PyTorch does not even trace.
    """
    folder, cache = tempfile.tempdir, os.environ.get(CACHE)
    if cache is not None:
        Path(cache).mkdir(parents=True, exist_ok=True)
        os.environ[CACHE] = plain(cache)
    with suppress(OSError):  # the compiler will say what is wrong
        tempfile.tempdir = plain(tempfile.gettempdir())
    try:
        with _plain_installation():
            yield
    finally:
        tempfile.tempdir = folder
        if cache is not None:
            os.environ[CACHE] = cache


@contextmanager
def _plain_installation() -> Iterator[None]:
    """Give Inductor plain paths of PyTorch's and Python's libraries and headers inside the block."""
    if all(map(is_plain, _installed())):
        yield
        return
    from torch._inductor.cpp_builder import BuildOptionsBase  # not public, but there is no option for these folders

    def plainly(method: Callable[[BuildOptionsBase], list[str]]) -> Callable[[BuildOptionsBase], list[str]]:
        return lambda options: [plain(path) for path in method(options)]

    before = {name: getattr(BuildOptionsBase, name) for name in ("get_include_dirs", "get_libraries_dirs")}
    try:
        for name, method in before.items():
            setattr(BuildOptionsBase, name, plainly(method))
        yield
    finally:
        for name, method in before.items():
            setattr(BuildOptionsBase, name, method)


def _installed() -> list[str]:
    """List the folders of libraries and headers that a program needs."""
    of_python = sysconfig.get_config_var("LIBDIR"), sysconfig.get_path("include")
    return [str(Path(torch.__file__).parent), *filter(None, of_python)]


def not_plain() -> list[str]:
    """List the paths that break the command line; within `plain_paths` those without a substitute."""
    if os.name == "nt":  # there paths are quoted
        return []
    paths = [*written_to(), os.environ.get("CXX", ""), *map(plain, _installed())]
    return [path for path in paths if path and not is_plain(path)]


def written_to() -> list[str]:
    """List the folders that TorchInductor and the compiler write to: the cache, and temporary files."""
    folders = [os.environ[CACHE]] if CACHE in os.environ else []  # Inductor sets it when it starts
    with suppress(OSError):
        folders.append(tempfile.gettempdir())
    return folders


def is_plain(path: str) -> bool:
    """Tell whether a path means itself on a command line without quotes."""
    try:
        return shlex.split(path) == [path]
    except ValueError:  # a quote without its other half
        return False


def plain(path: str) -> str:
    """Find a plain path that leads to the same folder; return the path itself where there is none.

    It is a symbolic link, and always the same one: the compiler's cache tells programs apart by their commands, too.
    Nobody else can write to the folder that it lies in.
    """
    if is_plain(path) or os.name == "nt":
        return path
    target = Path(path).absolute()
    for place in PLACES:
        folder = Path(place, f"attnseq-links-{os.getuid()}")
        link = folder / sha256(os.fsencode(target)).hexdigest()[:16]
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()
            private = status.st_uid == os.getuid() and not status.st_mode & 0o077
            if private and is_plain(place):
                with suppress(FileExistsError):
                    link.symlink_to(target, target_is_directory=True)
                if link.samefile(target):
                    return str(link)
    return path
