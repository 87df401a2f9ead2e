"""Train one run or a sweep: `python -m attnseq.train [overrides]`."""

import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from attnseq import naming
from attnseq.commandline import check_command_line, checked, errors_in_one_line, fail, register
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
    failed: list[str] = []

    @hydra.main(config_path=str(naming.config_directory()), config_name="config", version_base="1.3")
    def job(config: DictConfig) -> float:
        try:
            result = train(config)
        except SystemExit as stopped:
            if stopped.code != 1 or HydraConfig.get().mode != RunMode.MULTIRUN:
                raise
            failed.append(f"{naming.variant_name(config)} seed={config.seed}")
            return float("inf")  # one folder that is in use or damaged does not end a sweep
        if result["status"] == "diverged":
            failed.append(f"{result['variant']} seed={result['seed']} (diverged)")
            return float("inf")
        return float(result["loss/validation"])

    job()
    if failed:
        fail(f"not finished: {'; '.join(failed)}", 1)


if __name__ == "__main__":
    main()
