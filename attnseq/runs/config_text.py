"""Configs as YAML, letter for letter as OmegaConf writes them, but faster: the text of each entry is remembered.

The configs of a sweep's runs differ in a few of three hundred entries. PyYAML takes a twentieth of a millisecond and
more for each entry.
"""

import pickle
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from omegaconf import OmegaConf

LONG_KEY = 100
"""Characters of a key that counts as long, below YAML's own limit of 128."""


def to_yaml(content: Mapping[Any, Any]) -> str:
    """Write a config as YAML.

    Args:
        content: plain, as `OmegaConf.to_container` returns it with `enum_to_str`.
    """
    return "".join(_entries((), content)) if content else OmegaConf.to_yaml(OmegaConf.create({}))


def _entries(above: tuple[Any, ...], content: Mapping[Any, Any]) -> list[str]:
    """Write the text of each entry of a mapping that lies below the keys `above`."""
    texts = []
    for key, value in content.items():
        path = (*above, key)
        # YAML gives a long key, or one with line breaks, lines of its own: write such a key together with its value
        if isinstance(value, dict) and value and len(str(key)) < LONG_KEY and str(key).isprintable():
            texts += [_entry(path, pickle.dumps([0])).partition("\n")[0] + "\n", *_entries(path, value)]
        else:
            texts.append(_entry(path, pickle.dumps(value)))
    return texts


@lru_cache(8192)
def _entry(path: tuple[Any, ...], pickled: bytes) -> str:
    """Write an entry without the lines of the keys above it; its value is pickled, since some cannot be hashed."""
    content = pickle.loads(pickled)
    for key in reversed(path):
        content = {key: content}
    lines = OmegaConf.to_yaml(OmegaConf.create(content)).splitlines(keepends=True)
    return "".join(lines[len(path) - 1 :])
