"""The encoder-decoder against a plain computation in float64, and mistakes that others have made.

Shapes: B batch, T positions, K answer positions, D vocabulary.
"""

from itertools import product
from typing import Any

import pytest
import torch
from tiny_seq2seq import (
    ANSWERS,
    BATCH,
    END,
    LENGTHS_B,
    POSITIONS,
    SPEC,
    SYMBOLS,
    WORDS,
    config,
    plain,
    random_batch,
    random_model,
)
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.spec import Classes, Reals, Scalar, Spec, Tokens
from attnseq.core.keys import ConfigError
from attnseq.core.randomness import generator
from attnseq.layers.decoder import Given
from attnseq.layers.weights import KerasInitializer
from attnseq.metrics.exact import Exact
from attnseq.metrics.token_accuracy import TokenAccuracy
from attnseq.objectives.cross_entropy import CrossEntropy

KINDS: list[dict[str, Any]] = [
    {},
    {"cell": "gru", "directions": "one", "attention": "general"},
    {"cell": "gru", "attention": "dot", "embedding_size": 0, "input_feeding": False},
    {"attention": "none", "embedding_size": 0},
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=["additive", "general", "dot", "none"])
ABSENT_BxT = torch.arange(POSITIONS) >= LENGTHS_B.unsqueeze(-1)
ANSWERED_BxK = torch.arange(ANSWERS) <= LENGTHS_B.unsqueeze(-1)
"""Positions of the answer, its end among them."""


def alignment(output: Output) -> Tensor | None:
    return output.attention["alignment"].weights if output.attention else None


def assert_equals(output: Output, expected: tuple[Tensor, Tensor | None]) -> None:
    torch.testing.assert_close(output.prediction, expected[0], rtol=1e-9, atol=1e-11)
    if expected[1] is None:
        assert not output.attention
    else:
        torch.testing.assert_close(alignment(output), expected[1], rtol=1e-9, atol=1e-12)
        assert output.attention["alignment"].axes == "BKT"


@kinds
def test_in_training_it_reads_the_right_token_before(kind: dict[str, Any]) -> None:
    """Values and gradients, the latter of the answers alone."""
    model, batch = random_model(**kind), random_batch()
    output, expected = model(batch, training=True), plain(model, batch, [[True] * ANSWERS] * BATCH)
    assert_equals(output, expected)
    parameters = list(model.parameters())
    gradients = [
        torch.autograd.grad(CrossEntropy(SPEC.target)(Output(logits), batch).sum(), parameters)
        for logits in (output.prediction, expected[0])
    ]
    for mine, theirs in zip(*gradients, strict=True):
        assert theirs.any()
        torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-10)


@kinds
def test_else_it_reads_its_own_tokens_step_by_step(kind: dict[str, Any]) -> None:
    model, batch = random_model(**kind), random_batch()
    output = model(batch)
    assert_equals(output, plain(model, batch))
    assert not torch.equal(output.prediction, model(batch, training=True).prediction)


@kinds
def test_without_teacher_forcing_it_reads_its_own_tokens_in_training_too(kind: dict[str, Any]) -> None:
    model, batch = random_model(**kind, teacher_forcing=0.0), random_batch()
    assert torch.equal(model(batch, training=True).prediction, model(batch).prediction)


@kinds
def test_a_second_decoding_equals_the_first_and_targets_are_not_looked_at(kind: dict[str, Any]) -> None:
    model, batch = random_model(**kind), random_batch()
    first = model(batch)
    model(random_batch(seed=5), training=True)
    for targets in (batch.targets, random_batch(seed=3).targets, None):
        again = model(batch._replace(targets=targets))
        assert torch.equal(again.prediction, first.prediction)
        assert first.attention.keys() == again.attention.keys()
        assert all(torch.equal(mine.weights, first.attention[key].weights) for key, mine in again.attention.items())


@kinds
@pytest.mark.parametrize("changed", range(ANSWERS))
def test_a_target_changes_later_logits_alone(kind: dict[str, Any], changed: int) -> None:
    model, batch = random_model(**kind), random_batch(lengths_B=torch.full((BATCH,), POSITIONS, dtype=torch.int32))
    targets_BxK = batch.answers.clone()
    targets_BxK[:, changed] = (targets_BxK[:, changed] + 1) % WORDS
    before, after = (model(each, training=True) for each in (batch, batch._replace(targets=targets_BxK)))
    moved_BxK = (before.prediction != after.prediction).all(dim=-1)
    assert moved_BxK.tolist() == [[number > changed for number in range(ANSWERS)]] * BATCH
    assert torch.equal(before.prediction[:, : changed + 1], after.prediction[:, : changed + 1])


@pytest.mark.parametrize("kind", KINDS[:3], ids=["additive", "general", "dot"])
@pytest.mark.parametrize("training", [False, True])
def test_padding_has_weight_0_and_more_of_it_changes_nothing(kind: dict[str, Any], training: bool) -> None:
    model, batch = random_model(**kind), random_batch()
    output = model(batch, training=training)
    weights_BxKxT = output.attention["alignment"].weights
    assert not weights_BxKxT.transpose(1, 2)[ABSENT_BxT].any()
    sums_BxK = weights_BxKxT.sum(dim=-1)  # over the source, not the batch
    torch.testing.assert_close(sums_BxK, torch.ones_like(sums_BxK), rtol=1e-12, atol=1e-12)
    inputs = torch.where(ABSENT_BxT, SYMBOLS - 1 - batch.inputs, batch.inputs)
    inputs = torch.cat((inputs, torch.full((BATCH, 2), 1, dtype=torch.uint8)), dim=1)
    targets = torch.nn.functional.pad(batch.answers, (0, 2), value=NO_TOKEN)
    longer = model(Batch(inputs, targets, LENGTHS_B), training=training)
    assert longer.prediction.shape == (BATCH, ANSWERS + 2, WORDS)
    torch.testing.assert_close(longer.prediction[:, :ANSWERS], output.prediction, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(
        longer.attention["alignment"].weights[:, :ANSWERS, :POSITIONS], weights_BxKxT, rtol=1e-10, atol=1e-12
    )
    assert not longer.attention["alignment"].weights[:, :, POSITIONS:].any()


def test_real_numbers_in_padding_may_be_anything() -> None:
    spec = Spec(Reals(POSITIONS, padded=True), SPEC.target)
    model, numbers = random_model(spec), torch.randn(BATCH, POSITIONS, 1, generator=torch.Generator().manual_seed(0))
    results = []
    for filling in (0.0, torch.nan, torch.inf):
        inputs = numbers.masked_fill(ABSENT_BxT.unsqueeze(-1), filling)
        output = model(Batch(inputs, random_batch().targets, LENGTHS_B), training=True)
        gradients = torch.autograd.grad(output.prediction.square().sum(), list(model.parameters()), allow_unused=True)
        results.append([output.prediction, *(each for each in gradients if each is not None)])
    for other in results[1:]:
        assert all(torch.equal(mine, its) for mine, its in zip(results[0], other, strict=True))


@kinds
def test_it_takes_other_lengths(kind: dict[str, Any]) -> None:
    model, longer = random_model(**kind), random_batch(9, lengths_B=torch.tensor([9, 2, 7, 1], dtype=torch.int32))
    assert model.any_length
    assert_equals(model(longer), plain(model, longer))
    whole = Batch(longer.inputs)
    assert_equals(model(whole), plain(model, whole))


@pytest.mark.parametrize("attention", ["none", "additive", "dot", "general"])
def test_only_with_attention_is_there_a_path_from_each_state(attention: str) -> None:
    model = random_model(attention=attention)
    source, embedding_DxE = model.read(random_batch()), model.embedding
    tokens_KxB = torch.randint(0, WORDS, (ANSWERS, BATCH), generator=torch.Generator().manual_seed(0))
    logits_BxKxD, _ = model.decoder(source, Given(embedding_DxE[tokens_KxB]), embedding_DxE[:-1])
    states, *last = torch.autograd.grad(
        logits_BxKxD.square().sum(), [source.states_BxTxH, *source.last], allow_unused=True, materialize_grads=True
    )
    reached_BxT = (states != 0).all(dim=-1)
    assert torch.equal(reached_BxT, ~ABSENT_BxT if attention != "none" else torch.zeros_like(ABSENT_BxT))
    assert all(value.all() for value in last)


def test_an_early_end_does_not_shorten_the_loss() -> None:
    """It counts each position up to and including the end of the right answer, whatever the model says."""
    model, batch = random_model(teacher_forcing=0.0), random_batch()
    with torch.no_grad():
        model.decoder.output.bias[END] += 100.0
    logits_BxKxD = model(batch, training=True).prediction.requires_grad_()
    assert (logits_BxKxD.argmax(dim=-1) == END).all()
    loss_B = CrossEntropy(SPEC.target)(Output(logits_BxKxD), batch)
    for row, length in enumerate(LENGTHS_B.tolist()):
        answer, logits = batch.answers[row].tolist(), logits_BxKxD[row]
        assert answer[length] == END
        losses = [(torch.logsumexp(logits[k], dim=0) - logits[k, answer[k]]).item() for k in range(length + 1)]
        assert min(losses[:length]) > 50
        assert loss_B[row].item() == pytest.approx(sum(losses) / (length + 1), rel=1e-12)
    (gradient_BxKxD,) = torch.autograd.grad(loss_B.sum(), logits_BxKxD)
    assert torch.equal((gradient_BxKxD != 0).any(dim=-1), ANSWERED_BxK)


@pytest.mark.parametrize("metric", [TokenAccuracy, Exact])
def test_accuracy_ignores_what_is_said_behind_the_end(metric: Any) -> None:
    model, batch = random_model(), random_batch()
    prediction_BxK = model(batch).prediction.argmax(dim=-1)
    targets = torch.where(ANSWERED_BxK, prediction_BxK, NO_TOKEN).int()
    right = batch._replace(targets=targets)
    assert metric(SPEC.target)(model(right), right).tolist() == [1.0] * BATCH
    targets[:, 0] = (targets[:, 0] + 1) % WORDS  # one token wrong, of those there are
    wrong_B = metric(SPEC.target)(model(right), right)
    shares_B = LENGTHS_B / (LENGTHS_B + 1) if metric is TokenAccuracy else torch.zeros(BATCH)
    torch.testing.assert_close(wrong_B, shares_B.double(), rtol=1e-6, atol=0)


def test_search_finds_the_most_probable_answer_and_one_beam_the_greedy_one() -> None:
    spec = Spec(Tokens(POSITIONS, SYMBOLS, padded=True), Tokens(3, 3, padded=True, end=True))
    model, batch = random_model(spec, seed=2), random_batch()
    one, all_beams = model.search(batch, 1), model.search(batch, 16)
    greedy_BxK = model(batch).prediction.argmax(dim=-1)
    for row in range(BATCH):
        mine = one.prediction[row].argmax(dim=-1).tolist()
        ended = mine.index(2) + 1 if 2 in mine else 3
        assert mine[:ended] == greedy_BxK[row, :ended].tolist()
        assert set(mine[ended:]) <= {2}
        answers = [[*answer, 2] for n in range(3) for answer in product((0, 1), repeat=n)]
        answers += [list(answer) for answer in product((0, 1), repeat=3)]
        best = max(probability(model, batch, row, answer) for answer in answers)
        assert all_beams.extra["log_probability"][row].item() == pytest.approx(best, rel=1e-9)
        found = all_beams.prediction[row].argmax(dim=-1).tolist()
        found = found[: found.index(2) + 1] if 2 in found else found
        assert probability(model, batch, row, found) == pytest.approx(best, rel=1e-9)


def probability(model: Any, batch: Batch, row: int, answer: list[int]) -> float:
    """Of an answer of a sample up to its end, in nats, by the teacher-forced model."""
    targets = torch.tensor([[*answer, 0, 0, 0][:3]], dtype=torch.int32)
    its = Batch(batch.inputs[row : row + 1], targets, LENGTHS_B[row : row + 1])
    logs_KxD = model(its, training=True).prediction[0].log_softmax(dim=-1)
    return sum(logs_KxD[k, token].item() for k, token in enumerate(answer))


@kinds
def test_fresh_parameters_fit_and_depend_on_the_seed_only(kind: dict[str, Any]) -> None:
    model = config(**kind).build(SPEC)
    first, again, other = (model.initial_parameters(KerasInitializer(generator(seed, "weights"))) for seed in (0, 0, 1))
    assert {name: value.shape for name, value in first.items()} == {
        name: value.shape for name, value in model.named_parameters()
    }
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["decoder.combine"], other["decoder.combine"])


def test_keys_that_do_not_fit_together_or_the_task_are_refused() -> None:
    assert config(hidden_size=3, directions="one").hidden_size == 3
    with pytest.raises(ConfigError) as error:
        config(hidden_size=3)
    assert str(error.value).endswith("model.hidden_size=3: must be even with model.directions=both")
    targets = (SPEC.target, Scalar(), Classes(("a", "b")))
    assert [config().takes(Spec(SPEC.inputs, target)) for target in targets] == [True, False, False]
