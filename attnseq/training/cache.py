"""Where compiled programs, and what was learnt of compiling, are kept: beside TorchInductor's own cache."""

import getpass
import os
import re
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """The folder, which need not be there."""
    return Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR") or _default()).absolute() / "attnseq"


def _default() -> Path:
    """As `torch._inductor` has it, which takes as long to import as PyTorch itself."""
    try:
        user = getpass.getuser()
    except (KeyError, ImportError, OSError):
        user = f"uid_{os.getuid()}" if hasattr(os, "getuid") else "unknown_user"
    plain = re.sub(r'[\\/:*?"<>|]', "_", user)
    return Path(tempfile.gettempdir()) / f"torchinductor_{plain}"
