"""The claims' picture: dots are the runs' own figures; what is missing stays empty."""

import numpy as np
import pytest
from evidence_of import GOOD_T, evidence, run

from attnseq.article.claims_figure import claims_figure
from attnseq.article.evidence import Evidence, Seen


def test_dots_are_the_figures_of_the_seeds() -> None:
    exact = {length: [Seen({"exact/test": share})] for length, share in ((5, 1.0), (20, 0.4))}
    moved = Seen(run(2e-6).result, {}, {"leave_one_out": [1.0] * 10, "expected_change": [2.0] * 10})
    found = evidence(
        mlp=[run(1e-3, GOOD_T), run(2e-3, GOOD_T)],
        lstm_time=[moved],
        reverse_none_5=exact[5],
        reverse_none_20=exact[20],
    )
    losses, weights, moves, lengths = claims_figure(found, is_quick=False).axes
    assert list(losses.lines[0].get_xdata()) == [2e-6]
    assert list(losses.lines[2].get_xdata()) == [1e-3, 2e-3]
    assert losses.lines[3].get_xdata()[0] == pytest.approx(np.sqrt(2) * 1e-3)
    assert list(weights.lines[0].get_ydata()) == GOOD_T
    assert list(moves.lines[0].get_ydata()) == [1.0] * 10
    assert list(lengths.lines[0].get_ydata()) == [100.0, 40.0]


def test_without_runs_the_panels_are_empty_and_a_quick_version_says_so() -> None:
    figure = claims_figure(Evidence({}), is_quick=True)
    assert not any(axes.lines for axes in figure.axes)
    assert "quick" in figure.get_suptitle()
