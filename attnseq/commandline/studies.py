"""Studies of Optuna's that go on where they were interrupted, towards their total."""

from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict, read_write


class Studies(Callback):
    """Makes the same command the same study: its sampler gets the run's seed, unless it has one of its own.

    So a study that was interrupted proposes the same trials again. Those that are finished are not trained anew, but
    told to the sampler, and the others are trained, up to the study's total.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Change the sweeper's keys before it is made."""
        sampler = config.hydra.sweeper.get("sampler")
        if sampler is not None and "optuna" in str(sampler.get("_target_")) and sampler.get("seed", 0) is None:
            with read_write(config.hydra), open_dict(config.hydra):
                sampler.seed = config.seed
