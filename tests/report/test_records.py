from collections.abc import Callable

import numpy as np
import pytest

from attnseq.report.records import EpochRecord, history_row, relevance_share

MakeRecord = Callable[..., EpochRecord]


def test_a_row_has_whatever_was_measured_then_the_main_attention_then_the_seconds(make_record: MakeRecord) -> None:
    record = make_record(2, positions=2, tags=("attention", "attention/other"))
    row = history_row(record)
    assert list(row) == ["epoch", *record.row, "attention/position_0", "attention/position_1", "seconds"]
    assert row["attention/position_1"] == record.attention["attention"].mean_T[1]
    assert isinstance(row["epoch"], int)


def test_a_model_without_attention_has_no_positions(make_record: MakeRecord) -> None:
    record = make_record(1, tags=())
    assert record.main_attention is None
    assert list(history_row(record)) == ["epoch", *record.row, "seconds"]


def test_relevance_becomes_shares_of_one() -> None:
    share_T = relevance_share([0, 100, 10, 1, 0, 100, 10, 1, 0, 0], 10)
    assert share_T.sum() == pytest.approx(1.0)
    assert share_T[1] == share_T[5] == pytest.approx(100 / 222)


def test_relevance_of_nothing_stays_zero() -> None:
    np.testing.assert_array_equal(relevance_share([0, 0], 2), [0, 0])


def test_relevance_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 positions"):
        relevance_share([1, 2], 3)
