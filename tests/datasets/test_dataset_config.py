"""What every choice of `dataset=` refuses in one line."""

import pytest
from tiny_configs import tiny_config

from attnseq.core.keys import ConfigError
from attnseq.datasets.config import DATASETS


@pytest.mark.parametrize("dataset", [name for name in DATASETS.names() if hasattr(DATASETS[name], "train_size")])
@pytest.mark.parametrize(
    ("key", "value"), [("train_size", 0), ("validation_size", 0), ("test_size", -1), ("seed", -1), ("seed", 2**32)]
)
def test_bad_values_are_refused_in_one_line_that_names_the_key(dataset: str, key: str, value: int) -> None:
    with pytest.raises(ConfigError, match=rf"^dataset\.{key}={value}: must be [^\n]+$"):
        tiny_config(dataset, **{f"dataset.{key}": value})


@pytest.mark.parametrize("dataset", [name for name in DATASETS.names() if hasattr(DATASETS[name], "label_noise")])
def test_label_noise_is_not_negative(dataset: str) -> None:
    with pytest.raises(ConfigError, match=r"^dataset\.label_noise=-0\.1: must be >= 0$"):
        tiny_config(dataset, **{"dataset.label_noise": -0.1})


@pytest.mark.parametrize(("dataset", "key"), [("find_max", "length"), ("reverse", "length"), ("reverse", "vocabulary")])
def test_shapes_have_bounds(dataset: str, key: str) -> None:
    for value in (0, 1_000_000):
        with pytest.raises(ConfigError, match=rf"^dataset\.{key}={value}: must be >= "):
            tiny_config(dataset, **{f"dataset.{key}": value})
