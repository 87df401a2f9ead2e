"""analysis.json, beside result.json: what an analysis of a finished run has found. No PyTorch.

It is valid for the result that it was made of, by that file's digest: a run that is trained again is analysed again.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attnseq.core.files import write_atomically

FILE = "analysis.json"
VERSION = 2


def digest(result: bytes) -> str:
    """Return the digest of what result.json holds."""
    return hashlib.sha256(result).hexdigest()


def read_analysis(folder: Path, result: bytes | None = None) -> dict[str, Any]:
    """Read a run's analysis; {} where there is none that is whole, of this version, and of the run's result.

    Args:
        folder: of the run.
        result: what its result.json holds; None: it is read.
    """
    try:
        content = json.loads((folder / FILE).read_bytes())
        made_of = digest((folder / "result.json").read_bytes() if result is None else result)
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("version") != VERSION or content.get("result") != made_of:
        return {}
    whole = all(isinstance(content.get(key), dict) for key in ("settings", "numbers", "positions", "absent"))
    return content if whole else {}


def write_analysis(folder: Path, content: Mapping[str, Any], result: bytes) -> None:
    """Write a run's analysis.

    Args:
        folder: of the run.
        content: settings, numbers, positions, absent.
        result: what its result.json holds.

    Raises:
        OSError: as `write_atomically`.
    """
    whole = {"version": VERSION, "result": digest(result), **content}
    write_atomically(folder / FILE, (json.dumps(whole, indent=1, allow_nan=False) + "\n").encode())
