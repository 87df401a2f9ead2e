"""The training command, held at a chosen place: there a test finds it, whether the machine is fast or slow.

    python held_command.py FOLDER step=264 [arguments]            before it tells of so many steps
    python held_command.py FOLDER write=result.json [arguments]   with the new file beside the old one, not yet renamed
    python held_command.py FOLDER ray=16 [arguments]              as step=16, in Ray's workers

It says that it is there by a file `held-PID` in FOLDER, and goes on when `go` is there, too, or a signal to stop came.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from processes import LIMIT, insist

from attnseq.runs.observer import RunObserver
from attnseq.train import main
from attnseq.training import pace
from attnseq.training.execution import Execution
from attnseq.training.replicas import Population
from attnseq.training.stopping import StopSignals
from attnseq.training.trainer import Trainer


def hold(folder: Path, stopped: Callable[[], bool] = lambda: False) -> None:
    (folder / f"held-{os.getpid()}").touch()
    end = time.monotonic() + LIMIT
    while not (stopped() or (folder / "go").exists()):
        assert time.monotonic() < end, "held, and forgotten"
        time.sleep(0.01)


@contextmanager
def held_at_step(folder: Path, at: str) -> Iterator[None]:
    fit, progress = Trainer.fit, RunObserver.progress

    def holding_fit(
        trainer: Trainer, population: Population, stop: StopSignals, began_as: Execution | None = None
    ) -> None:
        def holding_progress(observer: RunObserver, steps: int, loss_P: Sequence[float]) -> None:
            if steps == int(at):
                hold(folder, lambda: stop.received)
            progress(observer, steps, loss_P)

        with patch.object(RunObserver, "progress", holding_progress):
            fit(trainer, population, stop, began_as)

    # a look after each block of steps, on fast machines, too
    with patch.object(Trainer, "fit", holding_fit), patch.object(pace, "SECONDS", 0):
        yield


def held_in_write(folder: Path, name: str) -> AbstractContextManager[Any]:
    replace = Path.replace

    def holding_replace(path: Path, target: Path) -> Path:
        if target.name == name:
            hold(folder)
        return replace(path, target)

    return patch.object(Path, "replace", holding_replace)


@contextmanager
def held_in_ray(folder: Path, at: str) -> Iterator[None]:
    from attnseq.sweep import ray_workers, worker

    def train_population(*arguments: Any) -> Any:  # of __main__: it travels to the workers as code, not as a name
        with held_at_step(folder, at):
            return worker.train_population(*arguments)

    started = patch.object(ray_workers.ray, "init", partial(insist, ray_workers.ray.init))
    with patch.object(ray_workers, "train_population", train_population), started:
        yield


PLACES: dict[str, Callable[[Path, str], AbstractContextManager[Any]]] = {
    "step": held_at_step,
    "write": held_in_write,
    "ray": held_in_ray,
}

if __name__ == "__main__":
    _, folder, place, *arguments = sys.argv
    sys.argv[1:] = arguments
    kind, _, value = place.partition("=")
    with PLACES[kind](Path(folder), value):
        main()
