"""Work that is shared within a block."""

from attnseq.core.once import once, shared_work

calls: list[object] = []


@once
def noted(value: object, other: object = None) -> list[object]:
    calls.append(value)
    return [value, other]


def test_within_a_block_it_is_done_once_for_the_same_objects() -> None:
    calls.clear()
    first, equal = [1], [1]
    with shared_work():
        assert noted(first) is noted(first)
        assert noted(equal) is not noted(first)
        assert noted(first, equal) is not noted(first)
    assert calls == [first, equal, first]


def test_outside_nothing_is_remembered() -> None:
    calls.clear()
    value = [1]
    assert noted(value) is not noted(value)
    with shared_work():
        inside = noted(value)
    with shared_work():
        assert noted(value) is not inside
    assert len(calls) == 4


def test_an_object_that_nobody_else_keeps_is_not_taken_for_the_next_one() -> None:
    with shared_work():
        assert [noted(object())[0] is noted(object())[0] for _ in range(20)] == [False] * 20
