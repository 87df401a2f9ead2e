"""Paths that TorchInductor can put on a compiler's command line, in place of those that it cannot.

It writes the command as one line, and takes it apart again by the rules of a shell, with no quotes around most paths:
one with a space, a quote or a backslash in it falls apart into files that are not there.
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
    """Within it, TorchInductor meets plain paths, as far as they can be had: of temporary files, its cache, PyTorch.

    Raises:
        OSError: the cache's folder, which the user chose, cannot be made: PyTorch does not even trace without it.
    """
    folder, cache = tempfile.tempdir, os.environ.get(CACHE)
    if cache is not None:
        Path(cache).mkdir(parents=True, exist_ok=True)
        os.environ[CACHE] = plain(cache)
    with suppress(OSError):  # the compiler will say
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
    """Within it, PyTorch's and Python's libraries and headers have plain paths for Inductor."""
    if all(map(is_plain, _installed())):
        yield
        return
    from torch._inductor.cpp_builder import BuildOptionsBase  # not public: there is no option for these folders

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
    """Folders of libraries and headers that a program needs."""
    of_python = sysconfig.get_config_var("LIBDIR"), sysconfig.get_path("include")
    return [str(Path(torch.__file__).parent), *filter(None, of_python)]


def not_plain() -> list[str]:
    """The paths that a command line holds and does not stand; within `plain_paths` those that could not be helped."""
    if os.name == "nt":  # where paths have quotes
        return []
    paths = [*written_to(), os.environ.get("CXX", ""), *map(plain, _installed())]
    return [path for path in paths if path and not is_plain(path)]


def written_to() -> list[str]:
    """The folders that TorchInductor and the compiler write to: its cache, and temporary files."""
    folders = [os.environ[CACHE]] if CACHE in os.environ else []  # Inductor sets it when it begins
    with suppress(OSError):
        folders.append(tempfile.gettempdir())
    return folders


def is_plain(path: str) -> bool:
    """Whether a path stands for itself on a command line without quotes."""
    try:
        return shlex.split(path) == [path]
    except ValueError:  # a quote without its other half
        return False


def plain(path: str) -> str:
    """A path that leads to the same folder and can stand on a command line; the path itself where there is none.

    It is a symbolic link, and always the same one, since the compiler's cache tells programs apart by their commands,
    too. Nobody else can write to the folder that it lies in.
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
