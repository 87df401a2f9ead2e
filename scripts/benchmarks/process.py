"""Running commands in processes of their own, with caches that start empty; and neighbours that keep a core busy."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

SPIN = "import os, sys\nprint('spinning', flush=True)\nwhile os.getppid() == int(sys.argv[1]): pass"
GRACE = 60.0  # seconds that a process has to end once it is asked to


class Failed(SystemExit):
    """A command of the benchmark ended with a failure."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for everything that a benchmark writes, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="attnseq_benchmark_", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def environment(caches: Path) -> dict[str, str]:
    """Copy this process's environment, with this checkout's packages first, and all caches below `caches`.

    The compiler keeps its programs there, and its precompiled headers, which go into the folder for temporary files.
    """
    caches.mkdir(parents=True, exist_ok=True)
    names = ("TORCHINDUCTOR_CACHE_DIR", "MPLCONFIGDIR", "TMPDIR", "XDG_CACHE_HOME", "KERAS_HOME")
    paths = [str(ROOT), str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | dict.fromkeys(names, str(caches)) | {"PYTHONPATH": os.pathsep.join(paths)}


class Command:
    """A running Python command in a new folder below `scratch`, with its caches in `scratch / cache`.

    Args:
        arguments: of Python.
        scratch: folder of the benchmark.
        cache: name of the caches there; commands with the same name share what they compile.
        python: the interpreter.
    """

    def __init__(self, arguments: Sequence[str], scratch: Path, cache: str, python: str = sys.executable):
        self.name = " ".join(arguments)
        self.folder = Path(tempfile.mkdtemp(dir=scratch))
        self._output, self._errors = (self.folder.with_suffix(end) for end in (".stdout", ".stderr"))
        self._started = time.perf_counter()
        with self._output.open("w") as output, self._errors.open("w") as errors:  # since nobody empties pipes
            self._process = subprocess.Popen(
                [python, *arguments], cwd=self.folder, env=environment(scratch / cache), stdout=output, stderr=errors
            )

    def wait(self, limit: float | None = None) -> tuple[str, float] | None:
        """Wait for the command's output and seconds; stop it after `limit` seconds, and return None.

        Raises:
            Failed: its exit status is not 0.
        """
        try:
            status = self._process.wait(limit)
            seconds = time.perf_counter() - self._started
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.stop()
        if status:
            raise Failed(f"{self.name}: exit status {status}\n{self._errors.read_text()}")
        return self._output.read_text(), seconds

    def stop(self) -> None:
        """Stop the command if it is still running."""
        stop(self._process)


def call(arguments: Sequence[str], scratch: Path, cache: str, python: str = sys.executable) -> tuple[str, float]:
    """Run a Python command, see `Command`; return its output and its seconds."""
    ended = Command(arguments, scratch, cache, python).wait()
    assert ended is not None  # there is no limit
    return ended


def stop(process: subprocess.Popen) -> None:
    """Stop a process: ask it first, then kill it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def spinning(processes: int = 1) -> Iterator[Sequence[subprocess.Popen]]:
    """Start so many other processes that keep a core busy each, wherever the system puts them; stop them at the end."""
    command = [sys.executable, "-c", SPIN, str(os.getpid())]  # they end with this process, however it ends
    spinners: list[subprocess.Popen] = []
    try:
        for _ in range(processes):
            spinners.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            assert spinners[-1].stdout is not None
            spinners[-1].stdout.readline()
        yield spinners
    finally:
        for spinner in spinners:
            stop(spinner)


def say(text: str) -> None:
    """Print to stderr what is measured now."""
    print(text, file=sys.stderr, flush=True)
