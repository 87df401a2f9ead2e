import numpy as np
import pytest

from attnseq.report.records import HISTORY_COLUMNS, history_columns, relevance_share


def test_columns_of_the_positions_stand_before_the_seconds() -> None:
    columns = history_columns(2)
    assert columns == (*HISTORY_COLUMNS[:-1], "attention/position_0", "attention/position_1", "seconds")
    assert columns[:2] == ("epoch", "loss/train")


def test_relevance_becomes_shares_of_one() -> None:
    share_T = relevance_share([0, 100, 10, 1, 0, 100, 10, 1, 0, 0], 10)
    assert share_T.sum() == pytest.approx(1.0)
    assert share_T[1] == share_T[5] == pytest.approx(100 / 222)


def test_relevance_of_nothing_stays_zero() -> None:
    np.testing.assert_array_equal(relevance_share([0, 0], 2), [0, 0])


def test_relevance_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 positions"):
        relevance_share([1, 2], 3)
