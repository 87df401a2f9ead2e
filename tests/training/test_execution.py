"""What is compiled, traced or left as it is written is what takes least time; the reason says so in seconds."""

import json
from pathlib import Path

import pytest

from attnseq.training.execution import (
    COMPILED,
    EVERY_PROGRAM,
    TRACED,
    WRITTEN,
    Execution,
    Learnt,
    Measured,
    again,
    choose,
    rates,
    shards_for,
)

# compiling 20 s, tracing 1 s, a step 10 ms as written, 5 traced, 1 compiled
LEARNT = {
    "tracing": 0.01,
    "compiling": 20 / (EVERY_PROGRAM + 100),
    "traced/100": 0.5,
    "compiled/100": 1e-9,
    "traced/99": 7.0,  # of another model
}


def measured(steps: int) -> Measured:
    return Measured(steps, 0.01, operations=100, work=1e6, operation_seconds=1e-4)


@pytest.mark.parametrize(
    ("steps", "way"),
    # 1 + 0.005 n < 0.01 n from 201 steps on; 21 + 0.001 n < 1 + 0.005 n from 5,001 on
    [(1, WRITTEN), (199, WRITTEN), (201, TRACED), (4_999, TRACED), (5_001, COMPILED), (10**6, COMPILED)],
)
def test_the_cheapest_way_is_taken(steps: int, way: str) -> None:
    assert choose("auto", measured(steps), LEARNT, shards=1).way == way


def test_shards_make_compiling_pay_earlier_and_are_kept() -> None:
    # 21 + 0.00025 n < 1 + 0.005 n from 4,211 steps on
    assert choose("auto", measured(4_500), LEARNT, shards=1).way == TRACED
    chosen = choose("auto", measured(4_500), LEARNT, shards=4)
    assert (chosen.way, chosen.shards) == (COMPILED, 4)
    assert choose("auto", measured(1), LEARNT, shards=4).shards == 1


def test_large_products_are_compiled_though_their_work_is_guessed_to_take_longer() -> None:
    # a traced step takes 1 s; compiled, by its work, 2.5 s, but no more than 0.7 of the traced one
    large = Measured(1_000, 2.0, operations=100, work=1e9, operation_seconds=1e-4)
    learnt = {name: value for name, value in LEARNT.items() if name != "compiled/100"}
    assert choose("auto", large, learnt, shards=1).way == COMPILED
    assert choose("auto", large._replace(steps=30), learnt, shards=1).way == TRACED  # 20 + 0.7 x 31 > 31
    assert choose("auto", large, learnt | {"compiled/100": 2.5e-9}, shards=1).way == TRACED  # it is known


def test_the_reason_is_in_seconds() -> None:
    assert (
        choose("auto", measured(6_000), LEARNT, 1).reason == "that takes about 21 s, the training without it about 31 s"
    )
    assert choose("auto", measured(2_000), LEARNT, 1).reason == (
        "the training takes about 11 s, compiling alone about 21 s (trainer.compile=true compiles all the same)"
    )


def test_false_never_compiles_and_still_traces_where_that_pays() -> None:
    for steps, way in ((199, WRITTEN), (10**6, TRACED)):
        assert choose("false", measured(steps), LEARNT, 1) == Execution(way, "trainer.compile=false")


def test_before_anything_is_learnt_rates_are_in_proportion_to_the_machine() -> None:
    slow, fast = rates(5e-4, 100, {}), rates(1e-4, 100, {})
    assert slow.compiling == pytest.approx(5 * fast.compiling)
    assert slow.tracing == pytest.approx(5 * fast.tracing)
    assert slow.compiled == pytest.approx(5 * fast.compiled)
    assert slow.traced == fast.traced
    learnt = {"compiling": 7.0, "traced/100": 0.3, "compiled/101": 9.0}
    assert rates(1e-4, 100, learnt) == fast._replace(compiling=7.0, traced=0.3)


@pytest.mark.parametrize(
    ("replicas", "cores", "shards"),
    [(1, 64, 1), (2, 2, 2), (3, 2, 2), (8, 2, 2), (8, 1, 1), (5, 4, 3), (9, 8, 5), (64, 64, 64), (1_024, 6, 6)],
)
def test_shards_fill_the_cores_with_as_few_idle_replicas_as_can_be(replicas: int, cores: int, shards: int) -> None:
    assert shards_for(replicas, cores) == shards
    size = -(-replicas // shards)
    assert shards * size - replicas < size  # no shard is idle as a whole


def test_what_was_learnt_is_read_again_and_new_things_are_taken_in_by_half(tmp_path: Path) -> None:
    learnt = Learnt(tmp_path / "rates.json")
    assert learnt.read() == {}
    learnt.add({"compiling": 2.0, "traced/7": 0.5})
    assert learnt.read() == {"compiling": 2.0, "traced/7": 0.5}
    learnt.add({"compiling": 1.0, "tracing": 4.0})
    assert Learnt(tmp_path / "rates.json").read() == {"compiling": 1.5, "tracing": 4.0, "traced/7": 0.5}


@pytest.mark.parametrize(
    "content", ["", "[]", "3", "null", '{"compiling": "fast"}', "{", '{"compiling": Infinity}', '{"compiling": NaN}']
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rates.json"
    path.write_text(content)
    assert Learnt(path).read() == {}
    Learnt(path).add({"compiling": 2.0})
    assert json.loads(path.read_text()) == {"compiling": 2.0}


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    Learnt(tmp_path / "none" / "rates.json").add({"compiling": 2.0})


def test_a_run_goes_on_as_it_began_unless_the_setting_says_otherwise() -> None:
    compiled, traced = Execution(COMPILED, "a", 4), Execution(TRACED, "b")
    for setting in ("auto", "true"):
        assert again(compiled, setting) is compiled
    for setting in ("auto", "false"):
        assert again(traced, setting) is traced
    assert again(compiled, "false") == Execution(TRACED, "trainer.compile=false", None)
    assert again(traced, "true") == Execution(COMPILED, "trainer.compile=true", None)
