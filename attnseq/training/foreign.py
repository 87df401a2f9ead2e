"""How a run's files, written earlier, differ from those that would be written now, in words.

A config is text, as `naming.result_config` makes it. A file's versions are those of the programs that wrote it, None
where it names none.
"""

import json
import platform
from collections.abc import Collection, Mapping
from typing import Any

import torch

from attnseq.core.version import __version__

NAMED = 3
"""At most so many keys are named; the rest are counted."""


def versions() -> dict[str, str]:
    """Return the versions that run now."""
    return {"python": platform.python_version(), "torch": str(torch.__version__), "attnseq": __version__}


def flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Make one dictionary with dotted keys of nested ones."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def another_config(theirs: str, ours: str, versions: Mapping[str, str] | None) -> str:
    """Say that a file is of a run with another config, and which keys differ.

    Args:
        theirs: the config in the file.
        ours: the config of the run that is started now; it differs from `theirs`.
        versions: of the file; named where its config has other keys.
    """
    their, our = _flat(theirs), _flat(ours)
    differing = [f"{key}={their[key]}, now {our[key]}" for key in our if key in their and their[key] != our[key]]
    found = differing[:NAMED] + [f"{len(differing) - NAMED} more"] * (len(differing) > NAMED)
    if their.keys() != our.keys():
        found.append(other_keys(our.keys() - their.keys(), their.keys() - our.keys(), versions))
    return f"of a run with another config ({'; '.join(found)})"


def other_keys(missing: Collection[str], unknown: Collection[str], versions: Mapping[str, str] | None) -> str:
    """Say that a file or its config has other keys than expected, and which version wrote it."""
    parts = [f"without {_listed(missing)}"] * bool(missing) + [f"with an unknown {_listed(unknown)}"] * bool(unknown)
    return f"{' and '.join(parts)}, {written_by(versions)}"


def written_by(versions: Mapping[str, str] | None) -> str:
    """Say which version wrote a file, such as "written by attnseq 0.1.0"."""
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
