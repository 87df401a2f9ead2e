"""Train one run or a sweep: `python -m attnseq.train [overrides]`."""

import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from attnseq.commandline import check_command_line, checked, errors_in_one_line, fail, register
from attnseq.naming import config_directory
from attnseq.run import Result, run


def train(config: DictConfig) -> Result:
    """One job as Hydra started it."""
    hydra_config = HydraConfig.get()
    folder = Path(hydra_config.runtime.output_dir)
    with errors_in_one_line(str(folder)):
        return run(checked(config), folder, OmegaConf.create({"hydra": hydra_config}))
    raise AssertionError("unreachable: errors end the program")


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
