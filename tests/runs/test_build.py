"""What a config is made into: device, weights and batch order are functions of the config, and of nothing else."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest
import torch

from attnseq.article.initial_weights import tensorflow_glorot_uniform
from attnseq.article.tutorial import TutorialStream
from attnseq.contracts.task import Splits
from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.layers.initializers import orthogonal_from_normal
from attnseq.objectives import OBJECTIVES
from attnseq.runs import build
from attnseq.runs.config import RunConfig
from attnseq.training.order import ReplayedOrder

Compose = Callable[..., RunConfig]


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`cuda(n)`: PyTorch says that there are n CUDA devices."""

    def pretend(devices: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: devices > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: devices)

    return pretend


@pytest.mark.parametrize(
    ("devices", "name", "expected"),
    [
        (0, "auto", "cpu"),
        (0, "cpu", "cpu"),
        (2, "auto", "cuda"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_device(devices: int, name: str, expected: str, cuda: Callable[[int], None]) -> None:
    cuda(devices)
    assert build.build_device(name) == torch.device(expected)


@pytest.mark.parametrize(
    ("devices", "name", "allowed"),
    [
        (0, "cuda", "allowed are auto and cpu"),
        (0, "cuda:0", "allowed are auto and cpu"),
        (2, "cuda:2", "cuda:0 to cuda:1"),
        (2, "cuda:x", "auto, cpu, cuda or cuda:N"),
        (2, "cuda:-1", "auto, cpu, cuda or cuda:N"),
        (2, "cpu:0", "auto, cpu, cuda or cuda:N"),
        (0, "mps", "auto, cpu, cuda or cuda:N"),
        (0, "", "auto, cpu, cuda or cuda:N"),
    ],
)
def test_no_such_device(devices: int, name: str, allowed: str, cuda: Callable[[int], None]) -> None:
    cuda(devices)
    with pytest.raises(ConfigError, match=f"^device={name}: .*{allowed}"):
        build.build_device(name)


def weights_of(config: RunConfig) -> dict[str, torch.Tensor]:
    return build.build_weights(config.model.build(config.dataset.build().spec), config)


@pytest.mark.parametrize("model", ["mlp_attention", "lstm_attention"])
@pytest.mark.parametrize("init", ["keras", "tutorial"])
def test_weights_depend_on_the_seed_alone(model: str, init: str, tiny: Compose) -> None:
    choice = (f"model={model}", f"model.init={init}", "model.hidden_size=5")
    first, again, other = (weights_of(tiny(*choice, f"seed={seed}")) for seed in (1, 1, 2))
    assert first.keys() == again.keys() == other.keys()
    for name, value in first.items():
        assert torch.equal(value, again[name]), name
    kernels = [name for name in first if "bias" not in name]
    assert kernels
    assert not any(torch.equal(first[name], other[name]) for name in kernels)


def test_weights_cover_the_model(tiny: Compose) -> None:
    config = tiny("model=lstm_attention", "model.attention=element")
    model = config.model.build(config.dataset.build().spec)
    shapes = {name: value.shape for name, value in model.named_parameters()}
    assert {name: value.shape for name, value in build.build_weights(model, config).items()} == shapes


def test_tutorial_weights_of_the_mlp_are_the_stream_s(tiny: Compose) -> None:
    weights = weights_of(tiny("seed=3"))
    seeds = TutorialStream(3, 500, 10).mlp_op_seeds
    for name, shape, seed in zip(("attention", "hidden", "output"), ((10, 10), (10, 10), (10, 1)), seeds, strict=True):
        np.testing.assert_array_equal(weights[f"{name}.weight"].numpy().T, tensorflow_glorot_uniform(shape, seed))
        assert not weights[f"{name}.bias"].any()


@pytest.mark.parametrize("attention", ["time", "none"])
def test_tutorial_weights_of_the_lstm_are_the_stream_s(attention: str, tiny: Compose) -> None:
    weights = weights_of(tiny("model=lstm_attention", "model.hidden_size=4", f"model.attention={attention}"))
    draws = TutorialStream(1337, 500, 10).lstm_draws(4, attention != "none")
    recurrent = orthogonal_from_normal(draws.recurrent_normal_HxG)
    np.testing.assert_array_equal(weights["lstm.recurrent_kernel"].numpy(), recurrent)
    kernel = tensorflow_glorot_uniform((10, 16), draws.input_op_seed)
    np.testing.assert_array_equal(weights["lstm.kernel"].numpy(), kernel)
    output = tensorflow_glorot_uniform((4, 1), draws.output_op_seed)
    np.testing.assert_array_equal(weights["output.weight"].numpy().T, output)
    assert any(name.startswith("attention") for name in weights) == (attention == "time")


def test_tutorial_order_of_the_mlp_is_the_stream_s(tiny: Compose) -> None:
    order = build.build_order(tiny("seed=3"))
    orders = TutorialStream(3, 500, 10).mlp_orders()
    for epoch in range(12):
        np.testing.assert_array_equal(order(epoch), next(orders))


@pytest.mark.parametrize("attention", ["time", "none"])
def test_tutorial_order_of_the_lstm_is_the_stream_s(attention: str, tiny: Compose) -> None:
    choice = ("model=lstm_attention", "model.hidden_size=4", f"model.attention={attention}")
    order = build.build_order(tiny(*choice))
    orders = TutorialStream(1337, 500, 10).lstm_orders(4, attention != "none")
    for epoch in range(3):
        np.testing.assert_array_equal(order(epoch), next(orders))


def test_random_order_is_a_permutation_from_seed_and_epoch(tiny: Compose) -> None:
    order, again, other = (build.build_order(tiny("trainer.order=random", f"seed={seed}")) for seed in (1, 1, 2))
    again(0)
    for epoch in (4, 0, 1):
        np.testing.assert_array_equal(np.sort(order(epoch)), np.arange(500))
        np.testing.assert_array_equal(order(epoch), again(epoch))
        assert (order(epoch) != other(epoch)).mean() > 0.9
    assert (order(0) != order(1)).mean() > 0.9


def test_replayed_order_asked_out_of_order() -> None:
    starts: list[int] = []

    def start() -> Iterator[npt.NDArray[np.int32]]:
        starts.append(len(starts))
        for epoch in range(100):
            yield np.array([epoch], dtype=np.int32)

    order = ReplayedOrder(start)
    assert [int(order(epoch)[0]) for epoch in (3, 1, 2, 2, 0, 7, 8)] == [3, 1, 2, 2, 0, 7, 8]
    # 1, the second 2 and 0 lie behind; 3, 2, 7 and 8 are reached without a new start
    assert len(starts) == 4


@pytest.mark.parametrize("model", ["mlp_attention", "lstm_attention"])
def test_an_order_resumed_in_the_middle_is_the_same(model: str, tiny: Compose) -> None:
    config = tiny(f"model={model}", "model.hidden_size=4")
    whole, resumed = build.build_order(config), build.build_order(config)
    expected = [whole(epoch).copy() for epoch in range(4)]
    np.testing.assert_array_equal(resumed(3), expected[3])
    np.testing.assert_array_equal(resumed(1), expected[1])


def test_schedule(tiny: Compose) -> None:
    schedule = build.build_schedule(
        tiny("trainer.checkpoint_minutes=0.5", "trainer.batch_size=7", "trainer=fast").trainer
    )
    assert (schedule.epochs, schedule.batch_size) == (2, 7)
    assert (schedule.compile, schedule.checkpoint_minutes) == ("false", 0.5)


def test_settings_are_each_run_s_own(tiny: Compose) -> None:
    overrides = ("trainer.learning_rate=0.5", "trainer.beta1=0.1", "trainer.beta2=0.2", "trainer.epsilon=0.3")
    others = ("dataset.seed=5", "trainer.clip_norm=7", "trainer.weight_noise=0.5")
    configs = [tiny("seed=3"), tiny("seed=4", *others, *overrides)]
    settings = build.build_population(configs, torch.device("cpu")).settings
    assert [value[1].item() for value in settings] == [0.5, 0.1, 0.2, 0.3, 7, 0.5, 4, 0.0]
    assert [value[0].item() for value in settings] == [1e-3, 0.9, 0.999, 1e-7, 0.0, 0.0, 3, 0.0]


def test_weight_noise_is_drawn_only_where_a_run_asks_for_it(tiny: Compose) -> None:
    quiet, noisy = tiny(), tiny("trainer.weight_noise=0.5")
    drawn = [build.build_population(configs, torch.device("cpu")).recipe for configs in ([quiet] * 2, [quiet, noisy])]
    assert [recipe.weight_noise for recipe in drawn] == [False, True]


def test_a_gradient_s_norm_is_taken_only_where_a_run_asks_for_it(tiny: Compose) -> None:
    any_norm, short = tiny(), tiny("trainer.clip_norm=0.5")
    built = [build.build_population(each, torch.device("cpu")).recipe for each in ([any_norm] * 2, [any_norm, short])]
    assert [recipe.clips for recipe in built] == [False, True]


def test_label_noise_is_of_the_dataset_s_seed_and_in_the_training_targets_alone(tiny: Compose) -> None:
    overrides = (("seed=1",), ("seed=1", "dataset.label_noise=0.1"), ("seed=2", "dataset.label_noise=0.1"))
    pool = build.build_data([tiny(*each) for each in overrides], torch.device("cpu"))
    assert pool.first_P == [0, 500, 500]
    noise_N = pool.train.targets[500:] - pool.train.targets[:500]  # type: ignore[index]
    expected_N = 0.1 * generator(1337, "label_noise").standard_normal(500, dtype=np.float32)
    np.testing.assert_allclose(noise_N.numpy(), expected_N, atol=1e-6)
    assert torch.equal(pool.train.inputs[500:], pool.train.inputs[:500])
    exact, noisy = pool.each
    assert noisy.splits[1:] == exact.splits[1:]  # the very same tensors


def test_a_task_is_made_once_however_many_runs_learn_it(tiny: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    splits = AbsDifference.splits

    def counted(self: AbsDifference) -> Splits:
        made.append(1)
        return splits(self)

    monkeypatch.setattr(AbsDifference, "splits", counted)
    other = ("dataset.seed=2", "dataset.label_noise=0.1")
    configs = [tiny(*each) for each in (("seed=1",), ("seed=2",), (*other, "seed=1"), other[:1])]
    assert build.build_data(configs, torch.device("cpu")).first_P == [0, 0, 500, 1000]
    assert len(made) == 2


@pytest.mark.parametrize(
    ("dataset", "objective", "metrics"),
    [
        ("tutorial", "mse", ["mae", "exact"]),
        ("find_max", "mse", ["mae", "r2"]),
        ("answer_digits", "cross_entropy", ["exact", "token_accuracy"]),
        ("reverse", "cross_entropy", ["exact", "token_accuracy"]),
    ],
)
def test_objective_and_metrics_follow_from_the_target(
    dataset: str, objective: str, metrics: list[str], tiny: Compose
) -> None:
    config = tiny(f"dataset={dataset}")
    target = config.dataset.build().spec.target
    assert isinstance(build.build_objective(config, target), OBJECTIVES[objective])
    assert list(build.build_metrics(config, target)) == metrics


def test_what_the_config_names_is_minimised_and_measured(tiny: Compose) -> None:
    config = tiny("trainer.objective=mse", "metrics=[r2,mse,mae]")
    target = config.dataset.build().spec.target
    metrics = build.build_metrics(config, target)
    assert list(metrics) == ["r2", "mse", "mae"]
    assert all(metric.target == target for metric in metrics.values())
    assert isinstance(build.build_objective(config, target), OBJECTIVES["mse"])


def test_a_program_is_the_same_whatever_may_differ_within_a_population(tiny: Compose) -> None:
    program = build.build_program(tiny())
    within = (
        "seed=5",
        "trainer.learning_rate=0.1",
        "trainer.clip_norm=0.1",
        "trainer.weight_noise=0.1",
        "dataset.seed=3",
        "trainer.order=random",
    )
    for other in within:
        assert build.build_program(tiny(other)) == program
    for other in (("model.attention=none",), ("trainer.adam=torch",), ("dataset=answer_digits",)):
        assert build.build_program(tiny(*other)).digest != program.digest
