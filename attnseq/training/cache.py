"""Where compiled programs and learnt rates are kept: beside TorchInductor's own cache."""

import getpass
import os
import re
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return the cache's folder, which may not exist yet."""
    return Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR") or _default()).absolute() / "attnseq"


def _default() -> Path:
    """Return the same default as `torch._inductor`, whose import takes as long as PyTorch's own."""
    try:
        user = getpass.getuser()
    except (KeyError, ImportError, OSError):
        user = f"uid_{os.getuid()}" if hasattr(os, "getuid") else "unknown_user"
    plain = re.sub(r'[\\/:*?"<>|]', "_", user)
    return Path(tempfile.gettempdir()) / f"torchinductor_{plain}"
