"""What tells a run's files, written earlier, from those that would be written now, in words.

A config is text, as `naming.result_config` makes it. Versions are those of who wrote the file, None where it has none.
"""

import json
import platform
from collections.abc import Collection, Mapping
from typing import Any

import torch

from attnseq.core.version import __version__

NAMED = 3
"""Keys that are named; of more, the number is given."""


def versions() -> dict[str, str]:
    """Those of what runs now."""
    return {"python": platform.python_version(), "torch": str(torch.__version__), "attnseq": __version__}


def flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def another_config(theirs: str, ours: str, versions: Mapping[str, str] | None) -> str:
    """That a file is of a run with another config, and which keys differ.

    Args:
        theirs: the config in the file.
        ours: of the run that is started now; another text.
        versions: see above; named where the keys themselves are others.
    """
    their, our = _flat(theirs), _flat(ours)
    differing = [f"{key}={their[key]}, now {our[key]}" for key in our if key in their and their[key] != our[key]]
    found = differing[:NAMED] + [f"{len(differing) - NAMED} more"] * (len(differing) > NAMED)
    if their.keys() != our.keys():
        found.append(other_keys(our.keys() - their.keys(), their.keys() - our.keys(), versions))
    return f"of a run with another config ({'; '.join(found)})"


def other_keys(missing: Collection[str], unknown: Collection[str], versions: Mapping[str, str] | None) -> str:
    """That a file, or the config in it, has other keys than it should, and who wrote it."""
    parts = [f"without {_listed(missing)}"] * bool(missing) + [f"with an unknown {_listed(unknown)}"] * bool(unknown)
    return f"{' and '.join(parts)}, {written_by(versions)}"


def written_by(versions: Mapping[str, str] | None) -> str:
    """Such as "written by attnseq 0.1.0"."""
    number = versions.get("attnseq") if isinstance(versions, Mapping) else None
    return f"written by attnseq {number}" if number else "written by a version of attnseq that it does not name"


def _flat(config: str) -> dict[str, Any]:
    try:
        content = json.loads(config)
    except ValueError:
        return {}
    return flatten(content) if isinstance(content, dict) else {}


def _listed(keys: Collection[str]) -> str:
    return ", ".join([*sorted(keys)[:NAMED], *[f"{len(keys) - NAMED} more"] * (len(keys) > NAMED)])
