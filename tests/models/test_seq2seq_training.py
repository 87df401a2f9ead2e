"""What the encoder-decoder draws in training, and that it learns what attention is for.

Shapes: P replicas, W parameters of one replica, B batch, T positions, K answer positions.
"""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from plain_seq2seq import decode, encode
from tiny_seq2seq import ANSWERS, BATCH, SPEC, SYMBOLS, config, plain, random_batch, random_model
from torch import Tensor

from attnseq.contracts.batch import Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.core.randomness import generator
from attnseq.layers.weights import KerasInitializer
from attnseq.models.seq2seq import Seq2Seq
from attnseq.objectives.cross_entropy import CrossEntropy
from attnseq.training.eager import for_eager
from attnseq.training.population import FlatModel, Recipe, build_steps, initial_state, take_step
from attnseq.training.program import as_steps, trace_steps
from attnseq.training.replicas import stack_settings

CPU = torch.device("cpu")


def drawn(model: Seq2Seq, seed: int = 0) -> Mapping[str, Tensor]:
    numbers = torch.Generator().manual_seed(seed)
    shapes = model.draws(random_batch())
    return {name: torch.rand(tuple(shape), generator=numbers, dtype=torch.float64) for name, shape in shapes.items()}


def test_nothing_is_drawn_for_what_is_certain() -> None:
    assert not any(random_model(teacher_forcing=share).draws(random_batch()) for share in (0.0, 1.0))
    assert random_model(teacher_forcing=0.5).draws(random_batch()) == {"forced": (ANSWERS, BATCH, 1)}
    assert set(random_model(dropout=0.5).draws(random_batch())) == {"source", "target", "last"}


@pytest.mark.parametrize("attention", ["none", "general"])
def test_the_right_token_is_read_where_the_draw_is_below_the_share(attention: str) -> None:
    model = random_model(attention=attention, teacher_forcing=0.3)
    batch = random_batch()._replace(draws=drawn(model))
    assert batch.draws is not None
    forced_KxB = batch.draws["forced"].squeeze(-1) < 0.3
    assert 0.1 < float(forced_KxB.double().mean()) < 0.6
    logits_BxKxD, weights_BxKxT = plain(model, batch, forced_KxB.T.tolist())
    output = model(batch, training=True)
    torch.testing.assert_close(output.prediction, logits_BxKxD, rtol=1e-9, atol=1e-11)
    if weights_BxKxT is not None:
        torch.testing.assert_close(output.attention["alignment"].weights, weights_BxKxT, rtol=1e-9, atol=1e-12)
    assert not torch.equal(output.prediction, model(batch).prediction)


def test_dropout_takes_features_of_both_embeddings_and_of_the_last_layer() -> None:
    """Against the plain computation; what is kept is scaled up. Outside training nothing is dropped."""
    model = random_model(dropout=0.4)
    batch = random_batch()._replace(draws=drawn(model))
    assert batch.draws is not None
    kept = {name: (value >= 0.4).double() / 0.6 for name, value in batch.draws.items()}
    assert batch.lengths is not None
    output = model(batch, training=True)
    for row, length in enumerate(batch.lengths.tolist()):
        one_hot_TxD = torch.nn.functional.one_hot(batch.inputs[row, :length].long(), SYMBOLS).double()
        states_TxH, last = encode(model.encoder, one_hot_TxD @ model.source_embedding * kept["source"][row, :length])
        before = [-1, *batch.answers[row, :-1].clamp(min=0).tolist()]  # the start symbol's row is the last
        read = [model.embedding[token] for token in before]
        dropout = kept["target"][:, row], kept["last"][:, row]
        logits_KxD, _ = decode(model.decoder, states_TxH, last, read, model.embedding[:-1], dropout)
        torch.testing.assert_close(output.prediction[row], logits_KxD, rtol=1e-9, atol=1e-11)
    assert torch.equal(model(batch).prediction, model(batch._replace(draws=None)).prediction)


def moments(seeds: list[int], recipe: Recipe, place: tuple[int, int] = (1, 2)) -> Tensor:
    """gradient_PxW of replicas that differ in their seed alone."""
    settings = stack_settings([(1e-3, 0.0, 0.9, 1e-7, 0.0, 0.0, seed) for seed in seeds], CPU)
    begin_W = recipe.flat.flatten(recipe.flat.model.initial_parameters(KerasInitializer(generator(0, "weights"))))
    batch = random_batch().map(lambda values: values.expand(len(seeds), *values.shape))
    batch = batch._replace(valid=torch.ones(BATCH))
    state = initial_state(begin_W.expand(len(seeds), -1))
    with torch.no_grad():
        return take_step(recipe, state, settings, batch, torch.tensor(place)).first_moment


@pytest.mark.parametrize("kind", [{"teacher_forcing": 0.5}, {"dropout": 0.3}], ids=["teacher forcing", "dropout"])
def test_draws_differ_between_replicas_and_steps_and_equal_the_lone_run_s(kind: dict[str, Any]) -> None:
    recipe = Recipe(FlatModel(config(**kind).build(SPEC)), SPEC, CrossEntropy(SPEC.target), "torch")
    together_PxW = moments([3, 7, 3], recipe)
    assert (together_PxW[0] - together_PxW[1]).abs().max() > 1e-3
    torch.testing.assert_close(together_PxW[0], together_PxW[2], rtol=1e-5, atol=1e-8)
    for row, seed in enumerate((3, 7)):
        torch.testing.assert_close(moments([seed], recipe)[0], together_PxW[row], rtol=1e-5, atol=1e-7)
    for place in ((1, 3), (2, 2)):
        assert (moments([3], recipe, place)[0] - together_PxW[0]).abs().max() > 1e-3


LENGTH, DIGITS, STEPS, SEEDS, SIZE = 4, 5, 300, (0, 1, 2), 32


def reversals(seed: int, *shape: int) -> list[Tensor]:
    """Random sequences, and the same read backwards."""
    numbers = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, DIGITS, (*shape, LENGTH), generator=numbers, dtype=torch.uint8)
    return [inputs, inputs.flip(-1).int()]


def test_it_learns_to_reverse_and_looks_where_the_answer_stands() -> None:
    """Three seeds at once. At first the loss is log 5 = 1.6, and a quarter of the weight is on the right position."""
    spec = Spec(Tokens(LENGTH, DIGITS), Tokens(LENGTH, DIGITS))
    model = config(hidden_size=16, embedding_size=8, cell="gru", attention="general").build(spec)
    recipe = Recipe(FlatModel(model), spec, CrossEntropy(spec.target), "torch")
    inits = [KerasInitializer(generator(seed, "weights")) for seed in SEEDS]
    state = initial_state(torch.stack([recipe.flat.flatten(model.initial_parameters(init)) for init in inits]))
    settings = stack_settings([(1e-2, 0.9, 0.999, 1e-7, 0.0, 0.0, seed) for seed in SEEDS], CPU)
    example = (state, settings, *reversals(0, len(SEEDS), 1, SIZE), torch.ones(1, SIZE))
    take = as_steps(for_eager(trace_steps(build_steps(recipe), example)))
    for number in range(STEPS):
        take(state, settings, *reversals(number, len(SEEDS), 1, SIZE), torch.ones(1, SIZE))
        if number < STEPS - 20:
            state.loss_sum.zero_()
    assert state.updates.tolist() == [STEPS] * len(SEEDS)
    assert (state.loss_sum / (20 * SIZE)).max() < 0.2  # of the last 20 steps; of eight seeds the worst had 0.06
    inputs, targets = reversals(STEPS, 200)
    output = recipe.flat.predict(state.parameters, Batch(inputs))
    exact_P = (output.prediction.argmax(dim=-1) == targets).all(dim=-1).double().mean(dim=-1)
    mass_P = output.attention["alignment"].weights.flip(-1).diagonal(dim1=-2, dim2=-1).mean(dim=(1, 2))
    assert exact_P.min() > 0.8  # the worst of the eight had 0.93
    assert mass_P.min() > 0.5  # the worst had 0.57, the others 0.73 to 0.82
