"""A run that was asked for: its config, its folder, and how far an earlier attempt got."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from attnseq.runs.config import RunConfig
from attnseq.runs.config_files import own_folders
from attnseq.runs.config_text import to_yaml
from attnseq.runs.folder import RunFolder
from attnseq.runs.longer import begin_from, shorter_run
from attnseq.runs.naming import result_config, variant_name
from attnseq.training.checkpoint import Checkpoint
from attnseq.training.foreign import flatten
from attnseq.training.plan import Plan, load_plan


@dataclass
class Job:
    """One run.

    Args:
        config: checked.
        path: the run's folder.
        hydra: a config with Hydra's own part (key `hydra`), which goes into the folder, too; None where Hydra did not
            start the run.
        resumed: the checkpoint from which it goes on; None for a start from the beginning.
        plan: how and with whom an earlier attempt trained it; None where there was none.
        cleared: whether the folder has been emptied because of `overwrite`, so that it is not emptied again.
        shorter: the folder of the same run with fewer epochs, from whose end this run begins; None where there is none.
        variant: its name; "" for what `variant_name` says. A worker is told it, since it may lack the user's files.
    """

    config: RunConfig
    path: Path
    hydra: DictConfig | None = None
    resumed: Checkpoint | None = None
    plan: Plan | None = None
    cleared: bool = False
    shorter: Path | None = None
    variant: str = ""
    folder: RunFolder = field(init=False)

    def __post_init__(self) -> None:
        self.folder = RunFolder(self.path, result_config(self.config))
        own = own_folders(self.hydra) if self.hydra is not None else ()
        self.variant = self.variant or variant_name(asdict(self.config), own)

    @property
    def name(self) -> str:
        """Such as "lstm_attention,attention=element seed=3"."""
        return f"{self.variant} seed={self.config.seed}"

    @property
    def position(self) -> tuple[int, int]:
        """Epochs finished, and steps taken in the one under way."""
        return (self.resumed.epoch, self.resumed.step) if self.resumed else (0, 0)

    @contextmanager
    def hold(self) -> Iterator[dict[str, Any] | None]:
        """Lock the run's folder for the block, if there is something to do for the run.

        The folder of a finished run is not touched, not even locked: its result can be shown where writing is not
        possible.

        Yields:
            What `take_up` returns.

        Raises:
            RunFolderError, CheckpointError, OSError: as `take_up` and `RunFolder.lock`.
        """
        result = None if self.config.overwrite and not self.cleared else self.folder.result()
        if result is not None:
            yield result
            return
        with self.folder.lock():
            yield self.take_up()

    def take_up(self) -> dict[str, Any] | None:
        """Find out what there is to do, once the folder is locked; with `overwrite`, empty the folder first.

        Where the same run with fewer epochs is finished, this run begins from a copy of what it left.

        Returns:
            The result of a finished run, else None; then `resumed` says where to go on.

        Raises:
            RunFolderError, CheckpointError: what an earlier attempt left is damaged, or of another config.
            OSError: the folder cannot be emptied.
        """
        if self.config.overwrite and not self.cleared:
            self.folder.clear()
            self.cleared = True
        result = self.folder.result()
        if result is None:
            self.resumed = self.folder.load_checkpoint()
            self.plan = load_plan(self.folder.plan_path)
            if self.resumed is None and not self.cleared and (shorter := shorter_run(self.folder)):
                self.resumed = begin_from(shorter, self.folder, self.yaml, self.hparams)
                self.shorter = shorter if self.resumed else None
        return result

    @cached_property
    def yaml(self) -> str:
        """The config as YAML."""
        return to_yaml(asdict(self.config))

    @property
    def hparams(self) -> dict[str, Any]:
        """What decides the run's result, by dotted key."""
        return flatten(json.loads(self.folder.config))

    def write_config(self) -> None:
        """Write `.hydra/` as Hydra does: config.yaml, and also hydra.yaml and overrides.yaml if Hydra started the run.

        Beside it goes what the run keeps of the files that its samples are read from.

        Raises:
            OSError: the folder cannot be written.
        """
        files = {"config.yaml": self.yaml}
        if self.hydra is not None:
            hydra: Any = OmegaConf.to_container(self.hydra.hydra, enum_to_str=True)
            files["hydra.yaml"] = to_yaml({"hydra": hydra})
            files["overrides.yaml"] = OmegaConf.to_yaml(self.hydra.hydra.overrides.task)
        self.folder.write_config(files)
        self.folder.write_facts(self.config.dataset.task.facts())


def is_whole(jobs: Sequence[Job]) -> bool:
    """Tell whether runs were trained as one population before, all of it is there, and all are equally far."""
    places = {(job.plan.population, job.plan.runs, job.position) if job.plan else None for job in jobs}
    return None not in places and [place[1] for place in places if place] == [len(jobs)]
