"""The cache's folder is beside TorchInductor's own."""

from pathlib import Path

import pytest
from torch._inductor.runtime.cache_dir_utils import default_cache_dir

from attnseq.training.cache import cache_folder


def test_it_is_where_inductor_keeps_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache" / "attnseq"
    assert not cache_folder().exists()


def test_without_a_word_from_the_user_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder() == Path(default_cache_dir()) / "attnseq"
    assert cache_folder().is_relative_to(tmp_path)
