"""Configs as YAML, letter for letter as OmegaConf writes them; entries that were written before are remembered.

The configs of a sweep's runs differ in a few of three hundred entries, each of which takes PyYAML a twentieth of a
millisecond and more.
"""

import pickle
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from omegaconf import OmegaConf

LONG_KEY = 100
"""Characters, below YAML's own limit of 128."""


def to_yaml(content: Mapping[Any, Any]) -> str:
    """The YAML of a config.

    Args:
        content: plain, as `OmegaConf.to_container` returns it with `enum_to_str`.
    """
    return "".join(_entries((), content)) if content else OmegaConf.to_yaml(OmegaConf.create({}))


def _entries(above: tuple[Any, ...], content: Mapping[Any, Any]) -> list[str]:
    """The text of each entry of a mapping that lies below the keys `above`."""
    texts = []
    for key, value in content.items():
        path = (*above, key)
        # YAML gives a key that is long, or has more than one line, lines of its own: what lies below is written whole
        if isinstance(value, dict) and value and len(str(key)) < LONG_KEY and str(key).isprintable():
            texts += [_entry(path, pickle.dumps([0])).partition("\n")[0] + "\n", *_entries(path, value)]
        else:
            texts.append(_entry(path, pickle.dumps(value)))
    return texts


@lru_cache(8192)
def _entry(path: tuple[Any, ...], pickled: bytes) -> str:
    """The lines of an entry without those of the keys above it; its value is pickled, as not all can be hashed."""
    content = pickle.loads(pickled)
    for key in reversed(path):
        content = {key: content}
    lines = OmegaConf.to_yaml(OmegaConf.create(content)).splitlines(keepends=True)
    return "".join(lines[len(path) - 1 :])
