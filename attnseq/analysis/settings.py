"""What an analysis is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from attnseq.contracts.spec import Scalar, Target
from attnseq.core.keys import ConfigError, check_choice
from attnseq.scores.leave_one_out import REMOVALS

MOST_SAMPLES = 1_000_000

DEVIATIONS, PROBABILITY = "deviations of the targets", "probability"
"""What changes are measured in: of a number the standard deviation of the targets; of probabilities, their total
variation distance."""

USUAL = {DEVIATIONS: 0.01, PROBABILITY: 0.05}
"""Changes that an adversary may make unless another one is asked for."""


@dataclass(frozen=True)
class Settings:
    """What an analysis is asked for.

    Args:
        samples: test samples, from the first on.
        removal: how a position is taken away, one of `REMOVALS`.
        epsilon: the largest change that an adversary may make, see `USUAL`; None: the usual one.
    """

    samples: int = 1_000
    removal: str = "resampled"
    epsilon: float | None = None

    def plain(self, target: Target) -> dict[str, Any]:
        """Return them as JSON has them, with the epsilon that is usual for a target where none is asked for."""
        unit = DEVIATIONS if isinstance(target, Scalar) else PROBABILITY
        return asdict(self) | {"epsilon": self._epsilon(unit), "epsilon_in": unit}

    def are(self, stored: Mapping[str, Any]) -> bool:
        """Tell whether an analysis was made with these settings: one that asks for what is usual has it.

        Args:
            stored: what `plain` returned for it.
        """
        unit = stored.get("epsilon_in")
        return unit in USUAL and stored == asdict(self) | {"epsilon": self._epsilon(unit), "epsilon_in": unit}

    def allowed_change(self, target: Target, deviation: float) -> float:
        """Return the largest change of an adversary in the unit of changes.

        Args:
            target: of the task.
            deviation: of the samples' targets, in the answer's unit, where they are numbers.
        """
        if isinstance(target, Scalar):
            return deviation * self._epsilon(DEVIATIONS)
        return self._epsilon(PROBABILITY)

    def _epsilon(self, unit: str) -> float:
        return USUAL[unit] if self.epsilon is None else self.epsilon


def read_settings(options: Mapping[str, str]) -> Settings:
    """Read settings from options of a command line.

    Raises:
        ConfigError: a value is not allowed; the message is one line that names the key.
    """
    samples, removal = options.get("samples", "1000"), options.get("removal", "resampled")
    if not (samples.isascii() and samples.isdigit() and 1 <= int(samples) <= MOST_SAMPLES):
        raise ConfigError(f"samples={samples}: must be a whole number, 1 to {MOST_SAMPLES}")
    check_choice("removal", removal, REMOVALS)
    return Settings(int(samples), removal, _epsilon(options["epsilon"]) if "epsilon" in options else None)


def _epsilon(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise ConfigError(f"epsilon={text}: must be > 0 and <= 1")
    return value
