"""What the tests of compiled libraries share."""

from pathlib import Path

import pytest
from tiny_library import compile_tiny


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of `tiny_library`."""
    return compile_tiny(tmp_path_factory.mktemp("library"))
