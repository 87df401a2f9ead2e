"""Train one run or a sweep: `python -m attnseq.train [overrides]`."""

import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from attnseq.commandline import check_command_line, checked, fail, register
from attnseq.config import ConfigError
from attnseq.naming import config_directory
from attnseq.run import Result, run
from attnseq.run_folder import RunFolderError
from attnseq.training.checkpoint import CheckpointError
from attnseq.training.stopping import Interrupted


def train(config: DictConfig) -> Result:
    """One job as Hydra started it."""
    hydra_config = HydraConfig.get()
    folder = Path(hydra_config.runtime.output_dir)
    try:
        return run(checked(config), folder, OmegaConf.create({"hydra": hydra_config}))
    except ConfigError as error:
        fail(str(error))
    except (RunFolderError, CheckpointError) as error:
        fail(str(error), 1)
    except OSError as error:
        fail(f"{folder}: {error.strerror or error}; what was written before is kept", 1)
    except Interrupted as interrupted:
        fail(f"stopped by {interrupted}; the same command goes on from the checkpoint", interrupted.status)


def main() -> None:
    """Entry point; exit status 0, 1 (diverged, folder in use, disk full), 2 (bad input), 128 + signal (stopped)."""
    register()
    check_command_line(sys.argv[1:])
    diverged: list[str] = []

    @hydra.main(config_path=str(config_directory()), config_name="config", version_base="1.3")
    def job(config: DictConfig) -> float:
        result = train(config)
        if result["status"] == "diverged":
            diverged.append(f"{result['variant']} seed={result['seed']}")
            return float("inf")
        return float(result["loss/validation"])

    job()
    if diverged:
        fail(f"diverged: {'; '.join(diverged)}", 1)


if __name__ == "__main__":
    main()
