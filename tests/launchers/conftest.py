"""Hydra's own suites begin as Hydra does, whatever ran in the process before them."""

import pytest
from hydra.version import VersionBase, __compat_version__


@pytest.fixture(autouse=True)
def _compatible_hydra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Composing with `version_base` sets it for the process, and decides whether a job changes its folder."""
    monkeypatch.setattr(VersionBase.instance(), "version_base", __compat_version__)
