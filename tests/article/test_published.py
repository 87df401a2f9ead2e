"""The article's figures: printed as Keras prints them, and found for exactly the runs that it has."""

import pytest

from attnseq.article import published
from attnseq.article.published import as_printed
from attnseq.runs.published import PublishedRun, published_run


@pytest.mark.parametrize(
    ("loss", "printed"),
    [(0.02686, "0.0269"), (0.0010004, "0.0010"), (0.001, "1.0000e-03"), (1.33614e-4, "1.3361e-04")],
)
def test_losses_are_printed_as_keras_prints_them(loss: float, printed: str) -> None:
    assert as_printed(loss) == printed


@pytest.mark.parametrize("loss", [*published.MLP_LOSS_E, *published.LSTM_LOSS_E])
def test_what_is_printed_is_printed_again(loss: str) -> None:
    assert as_printed(float(loss)) == loss


def test_mean_attention_is_a_mean_of_shares() -> None:
    assert sum(published.MLP_MEAN_ATTENTION_T) == pytest.approx(1, abs=1e-4)  # as many digits as it prints


def test_only_the_articles_own_runs_have_figures() -> None:
    mlp, lstm = published_run("mlp_attention", 1337), published_run("lstm_attention", 1337)
    assert (mlp.loss_E, mlp.mean_attention_T) == (published.MLP_LOSS_E, published.MLP_MEAN_ATTENTION_T)
    assert (lstm.loss_E, lstm.mean_attention_T) == (published.LSTM_LOSS_E, None)
    assert mlp.as_printed is lstm.as_printed is as_printed
    for variant, seed in (("mlp_attention", 1338), ("mlp_attention,epochs=2", 1337)):
        assert published_run(variant, seed) == PublishedRun(None, None)
