"""The notebook's stream: published targets and op seeds, and replays that do not depend on the order of calls."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tiny_configs import tiny_config

from attnseq.article.tutorial import MLP_EPOCHS, TutorialStream
from attnseq.contracts.task import Task
from attnseq.core.keys import ConfigError
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.operands import Operands

# `first_targets` of tutorial/figures.json, printed in tutorial/tutorial.txt
FIRST_TARGETS = [0.483, 0.587, 0.035, 0.009, 0.471, 0.312, 0.319, 0.652, 0.166, 0.746]


def taken(orders: Iterator[npt.NDArray[np.int32]], epochs: int) -> list[npt.NDArray[np.int32]]:
    """The first orders, each kept apart from the next."""
    return [order_N.copy() for order_N in islice(orders, epochs)]


def tutorial(train_size: int, validation_size: int, test_size: int) -> Task:
    sizes = {"train_size": train_size, "validation_size": validation_size, "test_size": test_size}
    return tiny_config("tutorial", **{f"dataset.{key}": size for key, size in sizes.items()}).dataset.build()


@pytest.fixture(scope="module")
def published() -> TutorialStream:
    return TutorialStream()


def test_first_ten_targets_are_the_published_ones() -> None:
    task = tutorial(10, 5, 6)
    assert isinstance(task, AbsDifference)
    assert task.operands == Operands()
    splits = task.splits()
    assert [split.size for split in splits] == [10, 5, 6]
    assert splits.train.targets.tolist() == FIRST_TARGETS


def test_op_seeds_are_the_published_ones(published: TutorialStream) -> None:
    # tutorial/RECIPE.md; the LSTM's come after the ten shuffles of the 300,000
    assert published.mlp_op_seeds == (1313943, 8315069, 7087336)
    draws = published.lstm_draws()
    assert (draws.attention_op_seed, draws.input_op_seed, draws.output_op_seed) == (2006956, 7073026, 7944341)
    assert draws.recurrent_normal_HxG.shape == (64, 256)


def test_the_whole_training_set_starts_with_the_rows_of_a_small_one(published: TutorialStream) -> None:
    assert published.digits_NxT.shape == (300_000, 10)
    assert published.digits_NxT.dtype == np.uint8
    np.testing.assert_array_equal(TutorialStream(samples=100).digits_NxT, published.digits_NxT[:100])


@pytest.mark.parametrize(("hidden_size", "attention"), [(64, True), (8, True), (3, False)])
def test_replay_equals_the_notebooks_own_calls(hidden_size: int, attention: bool) -> None:
    # the notebook's calls, in its order, on a stream of ours that is asked backwards
    samples, epochs = 5_000, 3  # more samples than are drawn at once
    notebook = np.random.RandomState(1337)
    mlp_op_seeds = tuple(notebook.randint(int(10e6)) for _ in range(3))
    rows_NxT = np.stack([notebook.randint(0, 10, (10)) for _ in range(samples)])
    index_N = np.arange(samples)
    mlp_orders = []
    for _ in range(MLP_EPOCHS):
        notebook.shuffle(index_N)
        mlp_orders.append(index_N.copy())
    attention_op_seed = notebook.randint(int(10e6)) if attention else None
    input_op_seed = notebook.randint(int(10e6))
    normal_HxG = notebook.normal(0.0, 1.0, (hidden_size, 4 * hidden_size))
    output_op_seed = notebook.randint(int(10e6))
    index_N = np.arange(samples)
    lstm_orders = []
    for _ in range(epochs):
        notebook.shuffle(index_N)
        lstm_orders.append(index_N.copy())

    stream = TutorialStream(samples=samples)
    for _ in range(2):
        np.testing.assert_array_equal(taken(stream.lstm_orders(hidden_size, attention), epochs), lstm_orders)
        draws = stream.lstm_draws(hidden_size, attention)
        assert (draws.attention_op_seed, draws.input_op_seed) == (attention_op_seed, input_op_seed)
        assert draws.output_op_seed == output_op_seed
        np.testing.assert_array_equal(draws.recurrent_normal_HxG, normal_HxG)
        np.testing.assert_array_equal(taken(stream.mlp_orders(), MLP_EPOCHS), mlp_orders)
    np.testing.assert_array_equal(stream.digits_NxT, rows_NxT)
    assert stream.mlp_op_seeds == mlp_op_seeds


def test_orders_interleave_and_cannot_be_written_to() -> None:
    stream = TutorialStream(samples=20)
    first, second = stream.mlp_orders(), stream.mlp_orders()
    for _ in range(MLP_EPOCHS + 2):
        one_N, other_N = next(first), next(second)
        np.testing.assert_array_equal(one_N, other_N)
        assert sorted(one_N.tolist()) == list(range(20))
        with pytest.raises(ValueError, match="read-only"):
            one_N[:] = 0


def test_held_out_sizes_move_nothing() -> None:
    small, large = tutorial(10, 5, 5).splits(), tutorial(20, 50, 500).splits()
    for few, many in zip(small, large, strict=True):
        assert torch.equal(few.inputs, many.inputs[: few.size])
    assert not torch.equal(large.validation.inputs, large.test.inputs[:50])


@pytest.mark.parametrize(("key", "value"), [("train_size", 0), ("seed", -1), ("seed", 2**32)])
def test_bad_values_are_refused_in_one_line_that_names_the_key(key: str, value: int) -> None:
    with pytest.raises(ConfigError, match=rf"^dataset\.{key}=[^\n]+$"):
        tiny_config("tutorial", **{f"dataset.{key}": value})
    arguments = {"samples" if key == "train_size" else key: value}
    with pytest.raises(ValueError, match=rf"^dataset\.{key} [^\n]+$"):
        TutorialStream(**arguments)
