"""What the article prints is read off a run; the published runs themselves are in test_published_run.py."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnseq.article import published, reproduction
from attnseq.article.reproduction import train_published
from attnseq.runs.config import RunConfig


def test_a_tiny_run_is_read_off(folder: Path, tiny: Callable[..., RunConfig]) -> None:
    root = folder / "reproduce"
    first = train_published(tiny(), root)
    assert len(first.loss_E) == 2
    np.testing.assert_allclose(first.first_targets_M, published.FIRST_TARGETS_M, atol=1e-7)
    assert first.mean_attention_T.sum() == pytest.approx(1, abs=1e-6)
    assert first.first_predictions_M.shape == (10,)
    assert ((first.first_predictions_M > 0) & (first.first_predictions_M < 1)).all()
    again = train_published(tiny(), root)
    np.testing.assert_array_equal(again.first_predictions_M, first.first_predictions_M)
    assert again.loss_E == first.loss_E
    checkpoint = next(root.rglob("checkpoint.pt"))
    checkpoint.unlink()
    with pytest.raises(FileNotFoundError, match=r"overwrite=true"):
        train_published(tiny(), root)
    assert not checkpoint.exists()


@pytest.mark.parametrize(("missing", "compiled"), [("", "true"), ("no C++ compiler is here", "false")])
def test_whether_it_is_compiled_hangs_on_the_compiler_alone(
    missing: str, compiled: str, compose: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduction, "missing_compiler", lambda _: missing)
    auto = compose("device=cpu", "trainer.compile=auto")
    assert reproduction.decided(auto).trainer.compile == compiled
    assert auto.trainer.compile == "auto"
    for setting in ("true", "false"):
        assert reproduction.decided(compose("device=cpu", f"trainer.compile={setting}")).trainer.compile == setting
