"""What is measured of a population: against a plain loop in float64, whatever the chunks, each sample predicted once.

Shapes: P replicas, W parameters of one replica, B batch, T positions, K answer positions, N samples, C classes.
"""

import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from tiny_population import BASE, NUMBER, POSITIONS, SEQUENCE, fresh, of_number, recipe, samples
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.measures import Metric, Score
from attnseq.contracts.model import Model
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Target, Tokens
from attnseq.contracts.task import Splits, Task
from attnseq.datasets.abs_difference import AbsDifference
from attnseq.datasets.operands import Operands
from attnseq.datasets.reverse import Reverse
from attnseq.metrics import METRICS
from attnseq.objectives.cross_entropy import CrossEntropy
from attnseq.objectives.mse import MeanSquaredError
from attnseq.scores import SCORES
from attnseq.training import evaluation
from attnseq.training.evaluation import Evaluation, Meter, tags
from attnseq.training.label_noise import with_label_noise
from attnseq.training.population import FlatModel, Recipe

SCALE = 1000
ANSWER = Scalar(SCALE, "units of the answer", whole=True)


class Shifted(Model):
    """Predicts the only input plus its only parameter, and attends to two things."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_B = batch.inputs[:, 0, 0] + 0 * self.shift
        attention = {name: Attention(inputs_B.unsqueeze(-1), "BT") for name in ("input", "other")}
        return Output(inputs_B + self.shift, attention, {"doubled": 2 * inputs_B})


def all_metrics(target: Target) -> dict[str, Metric]:
    """Those that make sense for a target."""
    fitting = [name for name in METRICS.names() if isinstance(target, METRICS[name].targets)]
    return {name: METRICS[name](target) for name in fitting}


def shifted(metrics: Mapping[str, Metric] | None = None, target: Scalar = ANSWER) -> Meter:
    spec = Spec(Reals(1), target)
    its = Recipe(FlatModel(Shifted()), spec, MeanSquaredError(target), "keras")
    return Meter(its, all_metrics(target) if metrics is None else metrics)


def split_of(inputs: list[float], answers: list[float], scale: int = SCALE) -> Batch:
    targets_N = torch.tensor(answers, dtype=torch.float64) / scale
    return Batch(torch.tensor(inputs, dtype=torch.float64).view(-1, 1, 1), targets_N)


def column(evaluations: list[Evaluation], name: str) -> list[float]:
    return [evaluation.row[name] for evaluation in evaluations]


# -- by hand --


def test_a_number_by_hand() -> None:
    # predictions 0.1, 0.2, 0.3, 0.4 plus a shift; answers 100, 203, 300, 399
    split = split_of([0.1, 0.2, 0.3, 0.4], [100, 203, 300, 399])
    parameters_PxW = torch.tensor([[0.0], [0.0004], [-0.0006]], dtype=torch.float64)
    measured = shifted().evaluate(parameters_PxW, split)
    # errors in units of the answer: 0, 3, 0, -1, from which 1000 x shift is taken
    sizes = [(0 + 3 + 0 + 1) / 4, (0.4 + 2.6 + 0.4 + 1.4) / 4, (0.6 + 3.6 + 0.6 + 0.4) / 4]
    assert column(measured, "mae") == pytest.approx(sizes, rel=1e-9)
    squares = [(0 + 9 + 0 + 1) / 4, (0.16 + 6.76 + 0.16 + 1.96) / 4, (0.36 + 12.96 + 0.36 + 0.16) / 4]
    assert column(measured, "loss") == pytest.approx([square / SCALE**2 for square in squares], rel=1e-9)
    assert column(measured, "mse") == column(measured, "loss")
    # 0.4 off still rounds to the answer, 0.6 off does not; 399.4 rounds to 399
    assert column(measured, "exact") == [0.5, 0.5, 0.25]
    assert all(isinstance(each, Evaluation) for each in measured)
    assert next(iter(measured[0].row)) == "loss"


def test_r2_is_of_the_whole_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 4)
    inputs, answers = [0.1, 0.5, 0.2, 0.9, 0.3], [100, 450, 300, 950, 200]
    parameters_PxW = torch.tensor([[0.0], [0.1]], dtype=torch.float64)
    measured = shifted().evaluate(parameters_PxW, split_of(inputs, answers))
    targets_N = np.array(answers) / SCALE
    for shift, mine in zip((0.0, 0.1), column(measured, "r2"), strict=True):
        errors_N = np.array(inputs) + shift - targets_N
        expected = 1 - (errors_N**2).sum() / ((targets_N - targets_N.mean()) ** 2).sum()
        assert mine == pytest.approx(expected, rel=1e-12)
    always_the_mean = split_of([0.5] * 4, [250, 750, 250, 750])
    assert column(shifted().evaluate(parameters_PxW[:1], always_the_mean), "r2") == [0]
    (measured_one,) = shifted().evaluate(parameters_PxW[:1], split_of([0.5, 0.6], [500, 500]))
    assert math.isnan(measured_one.row["r2"])  # of targets that do not vary


class Looked(Model):
    """Predicts what a table says of the sample whose number its last two digits are."""

    def __init__(self, predictions_N: Tensor):
        super().__init__()
        self.predictions_N = nn.Parameter(predictions_N)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        return Output(self.predictions_N[batch.inputs[:, -2].long() * 10 + batch.inputs[:, -1].long()])


@pytest.mark.parametrize("operand", range(1, 10))
def test_mae_and_exact_are_those_of_whole_numbers_whatever_the_targets_are_rounded_to(operand: int) -> None:
    """Against Python's own whole numbers; the last two positions, distractors, number the samples."""
    length = 2 * operand + 2
    operands = Operands(length, 10, tuple(range(operand)), tuple(range(operand, 2 * operand)))
    numbers = np.random.default_rng(operand)
    digits_NxT = numbers.integers(0, 10, (100, length), dtype=np.uint8)
    digits_NxT[:, -2:] = [divmod(sample, 10) for sample in range(100)]
    digits_NxT[:50, operand : 2 * operand] = digits_NxT[:50, :operand]  # answers of few digits ...
    digits_NxT[:50, 2 * operand - 1] = numbers.integers(0, 10, 50)  # ... which float32 holds
    rows = ["".join(map(str, row)) for row in digits_NxT.tolist()]
    answers = [abs(int(row[:operand]) - int(row[operand : 2 * operand])) for row in rows]
    predictions_N = torch.tensor([answer / 10**operand for answer in answers], dtype=torch.float64).float()
    task = AbsDifference(operands, lambda: [digits_NxT] * 3)
    splits = with_label_noise(task.splits(), 0.5, seed=0)
    target = task.spec.target
    its = Recipe(FlatModel(Looked(predictions_N)), task.spec, MeanSquaredError(target), "keras")
    (measured,) = Meter(its, all_metrics(target)).evaluate(predictions_N[None], splits.test)
    predicted = [float(prediction) * 10**operand for prediction in predictions_N.tolist()]
    assert measured.row["mae"] == pytest.approx(sum(abs(p - a) for p, a in zip(predicted, answers, strict=True)) / 100)
    assert measured.row["exact"] == sum(round(p) == a for p, a in zip(predicted, answers, strict=True)) / 100
    assert (measured.row["exact"] == 1.0) == (operand < 8)  # no float32 says more digits
    assert measured.attention == {}  # it has none


# -- against a plain loop --


class Sorted(Model):
    """Logits of classes, a weight a position for each."""

    def __init__(self) -> None:
        super().__init__()
        self.weight_TxC = nn.Parameter(torch.zeros(POSITIONS, 3))

    def forward(self, batch: Batch, training: bool = False) -> Output:
        return Output(batch.inputs.to(self.weight_TxC.dtype) @ self.weight_TxC)


def case(kind: str) -> tuple[Recipe, Tensor, Batch]:
    """What is measured, parameters_PxW, and samples; all in float64."""
    if kind == "classes":
        spec = Spec(Tokens(POSITIONS, BASE), Classes(("a", "b", "c")))
        its = Recipe(FlatModel(Sorted()), spec, CrossEntropy(spec.target), "keras")
        parameters_PxW = torch.randn(3, 3 * POSITIONS, generator=torch.Generator().manual_seed(0))
        inputs_NxT = samples(its, (23,))[0]
        return its, parameters_PxW.double(), Batch(inputs_NxT, inputs_NxT[:, 0].int() % 3)
    its = recipe(kind)
    batch = Batch(*samples(its, (23,)))
    if kind != "query":
        batch = batch._replace(targets=batch.targets.double())  # type: ignore[union-attr]
    return its, 5 * fresh(its, 3).double(), batch


def plain(kind: str, prediction: list, target: list) -> dict[str, float]:  # type: ignore[type-arg]
    """Of one sample, by Python alone."""
    if kind in ("mlp", "lstm"):
        error = prediction - target
        return {"loss": error**2, "mae": abs(error), "exact": float(round(prediction) == round(target))}  # type: ignore[call-overload]
    logits, tokens = (prediction, target) if kind == "query" else ([prediction], [target])
    pairs = [(row, token) for row, token in zip(logits, tokens, strict=True) if token >= 0]
    losses = [math.log(sum(map(math.exp, row))) - row[token] for row, token in pairs]
    right = [row[token] == max(row) for row, token in pairs]
    shares = {"exact": float(all(right)), "token_accuracy": sum(right) / len(right)}
    return {"loss": sum(losses) / len(losses)} | (shares if kind == "query" else {"accuracy": float(right[0])})


@pytest.mark.parametrize("chunk", [1, 3, 30, 1000])
@pytest.mark.parametrize("kind", ["mlp", "lstm", "query", "classes"])
def test_it_is_the_mean_over_samples_predicted_one_by_one(
    kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    its, parameters_PxW, split = case(kind)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    measured = Meter(its, all_metrics(its.spec.target)).evaluate(parameters_PxW, split)
    assert len(measured) == 3
    for parameters_W, mine in zip(parameters_PxW, measured, strict=True):
        each = []
        for number in range(split.size):
            one = split.map(lambda values, number=number: values[number : number + 1])  # type: ignore[misc]
            prediction = its.flat(parameters_W, one._replace(targets=None)).prediction[0]
            each.append(plain(kind, prediction.tolist(), split.targets[number].tolist()))  # type: ignore[index]
        for name in each[0]:
            assert mine.row[name] == pytest.approx(sum(row[name] for row in each) / split.size, rel=1e-12), name
    assert len({mine.row["loss"] for mine in measured}) == 3


@pytest.mark.parametrize("chunk", [1, 3, 6, 1000])
def test_chunks_do_not_matter_to_attention(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    its, parameters_PxW, split = case("query")
    meter = Meter(its, {})
    whole = meter.evaluate(parameters_PxW, split)
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    for mine, theirs in zip(meter.evaluate(parameters_PxW, split), whole, strict=True):
        for tag, attention in mine.attention.items():
            np.testing.assert_allclose(attention.mean_T, theirs.attention[tag].mean_T, rtol=1e-12)
            np.testing.assert_allclose(attention.heatmap_TxR, theirs.attention[tag].heatmap_TxR, rtol=1e-12)
            np.testing.assert_array_equal(attention.histogram_TxN, theirs.attention[tag].histogram_TxN)


class AnyLength(Model):
    """The mean of a sequence of numbers, scaled; it counts how many samples it sees at once."""

    any_length = True

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.sizes: list[int] = []

    def forward(self, batch: Batch, training: bool = False) -> Output:
        self.sizes.append(batch.size)
        return Output((batch.inputs.squeeze(-1) * self.scale).mean(dim=-1))


@pytest.mark.parametrize(("positions", "at_once"), [(2, 32), (4, 32), (8, 8), (16, 2)])
def test_of_longer_samples_fewer_are_predicted_together(
    positions: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, spec = AnyLength(), Spec(Reals(4), Scalar())
    its = Recipe(FlatModel(model), spec, MeanSquaredError(spec.target), "keras")
    monkeypatch.setattr(evaluation, "BYTES", 64 * its.bytes_per_sample)  # of two replicas
    numbers = torch.Generator().manual_seed(0)
    split = Batch(torch.rand(40, positions, 1, generator=numbers), torch.rand(40, generator=numbers).double())
    model.sizes.clear()
    parameters_PxW = torch.tensor([[1.0], [2.0]])
    measured = Meter(its, {}).evaluate(parameters_PxW, split, probe=0)
    assert max(model.sizes) == at_once
    assert sum(model.sizes) == 40
    means_N = split.inputs.double().mean(dim=(1, 2))
    for scale, mine in zip((1, 2), measured, strict=True):
        assert mine.row["loss"] == pytest.approx(float((scale * means_N - split.answers).square().mean()), rel=1e-5)


# -- the probe --


@pytest.mark.parametrize("probe", [1, 6, 8, 23, 100, None])
def test_each_sample_is_predicted_once_and_attention_is_of_the_first_ones(
    probe: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    its, parameters_PxW, split = case("query")
    meter = Meter(its, all_metrics(its.spec.target))
    probed = split if probe is None else split.first(probe)
    (expected, *_), rows = meter.evaluate(parameters_PxW, probed), meter.evaluate(parameters_PxW, split)
    predicted, predict = [], its.flat.predict

    def count(some_PxW: Tensor, batch: Batch) -> Output:
        predicted.append(batch.inputs)
        return predict(some_PxW, batch)

    monkeypatch.setattr(evaluation, "CHUNK", 12)  # 4 samples of three replicas
    monkeypatch.setattr(its.flat, "predict", count)
    measured = meter.evaluate(parameters_PxW, split, probe)
    assert torch.equal(torch.cat(predicted), split.inputs)
    for mine, theirs in zip(measured, rows, strict=True):
        assert mine.row == pytest.approx(theirs.row, rel=1e-12)
    attention = measured[0].attention["attention"]
    assert attention.samples_T[0] == probed.size
    np.testing.assert_allclose(attention.mean_T, expected.attention["attention"].mean_T, rtol=1e-12)


def test_without_a_probe_there_is_no_attention() -> None:
    its, parameters_PxW, split = case("mlp")
    (*_, mine) = Meter(its, {}).evaluate(parameters_PxW, split, probe=0)
    assert mine.attention == {}
    assert list(mine.row) == ["loss"]


def test_the_first_attention_is_that_which_explains_the_prediction() -> None:
    (measured,) = shifted().evaluate(torch.zeros(1, 1).double(), split_of([0.5], [500]))
    assert list(measured.attention) == ["attention", "attention/other"]
    assert tags({"alignment": 1, "self": 2, "cross": 3}) == ["attention", "attention/self", "attention/cross"]


# -- replicas --


def test_a_replica_has_its_own_measures() -> None:
    split = split_of([0.1, 0.5, 0.7], [200, 500, 900])
    parameters_PxW = torch.tensor([[0.0], [torch.nan], [0.25]], dtype=torch.float64)
    together = shifted().evaluate(parameters_PxW, split)
    for index in (0, 2):
        (alone,) = shifted().evaluate(parameters_PxW[index : index + 1], split)
        assert alone.row == together[index].row
    assert together[1].row["exact"] == 0
    assert math.isnan(together[1].row["loss"])


def test_no_gradients_are_kept() -> None:
    parameters_PxW = torch.zeros(1, 1, requires_grad=True)
    shifted().evaluate(parameters_PxW, split_of([1], [500]))
    assert parameters_PxW.grad is None


class Own(Metric):
    """Reads all that a model says."""

    targets = (Scalar,)

    def __call__(self, output: Output, batch: Batch) -> Tensor:
        attention = output.attention["other"]
        assert attention.axes == "BT"
        assert output.prediction.dtype == batch.targets.dtype == torch.float64  # type: ignore[union-attr]
        return output.extra["doubled"] + attention.weights[:, 0]


def test_a_metric_sees_all_that_the_model_says() -> None:
    meter = shifted({"own": Own(ANSWER)})
    measured = meter.evaluate(torch.tensor([[0.0], [9.0]]), split_of([0.1, 0.3], [0, 0]).map(Tensor.double))
    assert column(measured, "own") == pytest.approx([0.6, 0.6], rel=1e-6)


# -- scores --


class Again(Score):
    """What the model predicts for the same inputs turned round; None of a task that knows no relevance."""

    def __call__(self, predict, batch: Batch, output: Output, task: Task) -> Tensor | None:  # type: ignore[no-untyped-def]
        if task.relevance(batch) is None:
            return None
        return predict(batch._replace(inputs=1 - batch.inputs)).prediction


class Known(Task):
    """A task whose relevance is known, or not."""

    def __init__(self, is_known: bool) -> None:
        self.is_known = is_known

    @property
    def spec(self) -> Spec:
        return Spec(Reals(1), ANSWER)

    def splits(self) -> Splits:
        raise AssertionError("samples are given")

    def relevance(self, batch: Batch) -> Tensor | None:
        return torch.ones(batch.size, 1) if self.is_known else None


def test_a_score_may_ask_the_model_again_and_say_that_it_does_not_know() -> None:
    spec = Known(True).spec
    its = Recipe(FlatModel(Shifted()), spec, MeanSquaredError(ANSWER), "keras")
    meter = Meter(its, {}, {"own/again": Again(spec)})
    parameters_PxW, split = torch.tensor([[0.0], [0.25]]).double(), split_of([0.25, 0.5], [0, 0])
    measured = meter.evaluate(parameters_PxW, split, task=Known(True))
    assert column(measured, "own/again") == pytest.approx([0.625, 0.875], rel=1e-12)
    for task in (Known(False), None):
        assert [list(each.row) for each in meter.evaluate(parameters_PxW, split, task=task)] == [["loss"]] * 2


@pytest.mark.parametrize("chunk", [1, 10, 1000])
def test_scores_of_padded_tokens_count_what_a_sample_has(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a loop over samples and their answer positions: the weight that lies where the token is copied from."""
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    task = Reverse(POSITIONS, BASE, (1, 1, 23), seed=3)
    assert task.spec == SEQUENCE
    its, split = recipe("query"), task.splits().test
    parameters_PxW = 5 * fresh(its, 2).double()
    meter = Meter(its, {}, {"relevance/mass_accuracy": SCORES["relevance/mass_accuracy"](SEQUENCE)})
    measured = meter.evaluate(parameters_PxW, split, task=task)
    assert split.lengths is not None
    assert set(split.lengths.tolist()) == {1, 2, 3, 4}
    for parameters_W, mine in zip(parameters_PxW, measured, strict=True):
        weights_NxKxT = its.flat(parameters_W, split).attention["alignment"].weights
        each = [
            sum(float(weights[row, length - 1 - row] / weights[row].sum()) for row in range(length)) / length
            for weights, length in zip(weights_NxKxT, split.lengths.tolist(), strict=True)
        ]
        assert mine.row["relevance/mass_accuracy"] == pytest.approx(sum(each) / split.size, rel=1e-9)


def test_a_number_s_relevance_is_met_by_a_weight_a_position() -> None:
    operands = Operands(POSITIONS, BASE, (0,), (2,))
    digits_NxT = np.random.default_rng(0).integers(0, BASE, (23, POSITIONS), dtype=np.uint8)
    task = AbsDifference(operands, lambda: [digits_NxT] * 3)
    assert task.spec.inputs == NUMBER.inputs
    its, split = of_number(recipe("mlp").flat.model), task.splits().test  # type: ignore[arg-type]
    parameters_PxW = 5 * fresh(its, 2).double()
    meter = Meter(its, {}, {"relevance/mass_accuracy": SCORES["relevance/mass_accuracy"](task.spec)})
    for index, mine in enumerate(meter.evaluate(parameters_PxW, split, task=task)):
        weights_NxT = its.flat(parameters_PxW[index], split).attention["input"].weights
        expected = float(weights_NxT[:, [0, 2]].sum(dim=-1).mean())
        assert mine.row["relevance/mass_accuracy"] == pytest.approx(expected, rel=1e-9)


def test_scores_are_of_the_probed_samples_alone() -> None:
    spec = Known(True).spec
    its = Recipe(FlatModel(Shifted()), spec, MeanSquaredError(ANSWER), "keras")
    meter, parameters_PxW = Meter(its, {}, {"own/again": Again(spec)}), torch.tensor([[0.0]]).double()
    split = split_of([0.25, 0.5, 0.125], [0, 0, 0])
    (measured,) = meter.evaluate(parameters_PxW, split, 2, Known(True))
    assert measured.row["own/again"] == pytest.approx(0.625, rel=1e-12)
    assert measured.row["loss"] == pytest.approx((0.25**2 + 0.5**2 + 0.125**2) / 3, rel=1e-12)
    (measured,) = meter.evaluate(parameters_PxW, split, 0, Known(True))
    assert list(measured.row) == ["loss"]


class Half(Score):
    """What the model predicts, of inputs above a half alone."""

    def __call__(self, predict, batch: Batch, output: Output, task: Task) -> Tensor:  # type: ignore[no-untyped-def]
        return output.prediction.where(batch.inputs[:, 0, 0] > 0.5, torch.nan)


@pytest.mark.parametrize("chunk", [1, 10])
def test_a_score_is_the_mean_over_the_samples_that_it_is_defined_for(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", chunk)
    spec = Known(True).spec
    its = Recipe(FlatModel(Shifted()), spec, MeanSquaredError(ANSWER), "keras")
    meter, parameters_PxW = Meter(its, {}, {"own/half": Half(spec)}), torch.tensor([[0.0], [0.25]]).double()
    measured = meter.evaluate(parameters_PxW, split_of([0.75, 0.25, 1.0], [0, 0, 0]), task=Known(True))
    assert column(measured, "own/half") == pytest.approx([0.875, 1.125], rel=1e-12)
    measured = meter.evaluate(parameters_PxW, split_of([0.25, 0.5], [0, 0]), task=Known(True))
    assert [list(each.row) for each in measured] == [["loss"]] * 2  # undefined for all


def test_a_score_of_a_model_that_failed_is_not_a_number_and_stays() -> None:
    """Columns of the history are the same in every epoch, the one in which a run diverges among them."""
    spec = Known(True).spec
    its = Recipe(FlatModel(Shifted()), spec, MeanSquaredError(ANSWER), "keras")
    meter, parameters_PxW = Meter(its, {}, {"own/half": Half(spec)}), torch.tensor([[torch.nan], [0.25]]).double()
    failed, well = meter.evaluate(parameters_PxW, split_of([0.75, 1.0], [0, 0]), task=Known(True))
    assert list(failed.row) == list(well.row) == ["loss", "own/half"]
    assert math.isnan(failed.row["own/half"])
    assert well.row["own/half"] == pytest.approx(1.125, rel=1e-12)
