"""A study's sampler gets the run's seed, unless it has one; other sweepers are left alone."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from attnseq.commandline.studies import Studies

OPTUNA = "optuna.samplers.TPESampler"


@pytest.mark.parametrize(
    ("sweeper", "seed"),
    [
        ({"sampler": {"_target_": OPTUNA, "seed": None}}, 7),
        ({"sampler": {"_target_": OPTUNA, "seed": 3}}, 3),
        ({"sampler": {"_target_": OPTUNA}}, "none"),  # such as the grid's, which draws nothing
        ({"sampler": {"_target_": "another.Sampler", "seed": None}}, None),
        ({"max_batch_size": None}, "none"),
    ],
)
def test_the_seed_of_a_sampler(sweeper: dict[str, Any], seed: Any) -> None:
    config = OmegaConf.create({"seed": 7, "hydra": {"sweeper": sweeper}})
    OmegaConf.set_struct(config, True)
    OmegaConf.set_readonly(config.hydra, True)
    Studies().on_multirun_start(config)
    assert config.hydra.sweeper.get("sampler", {}).get("seed", "none") == seed
