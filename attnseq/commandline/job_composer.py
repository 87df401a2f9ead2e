"""Composing the jobs of a sweep: those that differ only in plain values, such as seeds, from one composition."""

import pickle
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException


class JobComposer:
    """A config loader whose `load_sweep_config` returns what Hydra's own does, in a twentieth of the time.

    Hydra needs 0.05 to 0.2 s a job, and its sweeper composes every job before the launcher does so again. Here Hydra
    composes the first job of a shape (same choices of groups, same keys). For other jobs of this shape its config is
    copied, and their values are filled in. Overrides that are not plain values, and errors, are left to Hydra.

    Args:
        loader: Hydra's own.
    """

    def __init__(self, loader: ConfigLoader):
        self._loader = loader
        self._templates: dict[tuple[str, ...], bytes] = {}  # pickled, which takes a fifth of the time of deepcopy
        self._is_group = lru_cache(maxsize=None)(lambda key: bool(loader.get_group_options(key)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: Sequence[str]) -> DictConfig:
        """Compose the config of a job.

        Args:
            master_config: of the sweep; the same at every call.
            sweep_overrides: of the job.

        Raises:
            HydraException, OmegaConfBaseException: as Hydra's own loader does.
        """
        overrides = [_parse(text) for text in sweep_overrides]
        later = [overrides[n + 1 :] for n in range(len(overrides))]
        plain = [each for n, each in enumerate(overrides) if self._is_plain(each) and not _is_set(each, later[n])]
        shape = tuple(str(each.key_or_group if each in plain else each.input_line) for each in overrides)
        if shape not in self._templates:
            first = self._loader.load_sweep_config(master_config, list(sweep_overrides))
            self._templates[shape] = pickle.dumps(first)
        config: DictConfig = pickle.loads(self._templates[shape])
        try:
            for override in plain:
                OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
        except OmegaConfBaseException:
            return self._loader.load_sweep_config(master_config, list(sweep_overrides))  # so that Hydra words the error
        task = [override for override in overrides if not override.is_hydra_override()]
        config.hydra.overrides.task = [override.input_line for override in task]
        names = config.hydra.job.config.override_dirname
        named = sorted(str(override.input_line) for override in task if override.key_or_group not in names.exclude_keys)
        config.hydra.job.override_dirname = names.item_sep.join(named).replace("=", names.kv_sep)
        return config

    def _is_plain(self, override: Override) -> bool:
        """Tell whether an override sets an existing key to a number, a word without interpolation, or nothing."""
        value = override.value()
        word = isinstance(value, str) and "$" not in value
        return (
            not (override.is_add() or override.is_force_add() or override.is_delete() or override.is_hydra_override())
            and override.package is None
            and not override.is_sweep_override()
            and (word or value is None or isinstance(value, bool | int | float))
            and not self._is_group(override.key_or_group)
        )


def _is_set(override: Override, later: Sequence[Override]) -> bool:
    """Tell whether later overrides set the same key, or one above or below it, so that their order matters."""
    key = f"{override.key_or_group}."
    return any(key.startswith(f"{each.key_or_group}.") or each.key_or_group.startswith(key) for each in later)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Override:
    return OverridesParser.create().parse_overrides([text])[0]
