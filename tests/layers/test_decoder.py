"""The decoder against a plain loop in float64, one sample at a time, and what must hold of its attention.

Shapes: B batch, T positions of the source, K answer positions, D vocabulary, E features, H hidden units.
"""

from collections.abc import Sequence

import pytest
import torch
from plain_seq2seq import decode, fill
from torch import Tensor

from attnseq.core.randomness import generator
from attnseq.layers.alignment import SCORES
from attnseq.layers.cells import CELLS
from attnseq.layers.decoder import Decoder, Given, Source
from attnseq.layers.weights import KerasInitializer

BATCH, POSITIONS, ANSWERS, WORDS, FEATURES, UNITS = 3, 4, 5, 6, 2, 3
LENGTHS_B = torch.tensor([4, 1, 3])
PRESENT_BxT = torch.arange(POSITIONS) < LENGTHS_B.unsqueeze(-1)
KINDS = ["none", *SCORES]


def random_decoder(cell: str = "lstm", score: str = "additive", feeding: bool = True) -> Decoder:
    decoder = Decoder(FEATURES, UNITS, WORDS, cell, score, feeding)
    fill(decoder)
    return decoder


def random(*sizes: int, seed: int) -> Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(sizes, generator=numbers, dtype=torch.float64).requires_grad_()


def source(cell: str = "lstm", padded: bool = True, seed: int = 1) -> Source:
    states_BxTxH = random(BATCH, POSITIONS, UNITS, seed=seed)
    if padded:
        states_BxTxH = (states_BxTxH.detach() * PRESENT_BxT.unsqueeze(-1)).requires_grad_()
    last = tuple(random(BATCH, UNITS, seed=seed + 1 + n) for n in range(CELLS[cell].states))  # type: ignore[attr-defined]
    return Source(states_BxTxH, last, PRESENT_BxT if padded else None)


TOKENS_KxBxE, EMBEDDING_DxE = random(ANSWERS, BATCH, FEATURES, seed=8), random(WORDS, FEATURES, seed=9)
FORCED_KxBx1 = torch.tensor([[1, 1, 1], [0, 1, 0], [0, 0, 1], [0, 1, 1], [0, 0, 0]]).bool().unsqueeze(-1)
"""Of the first sample the first token alone is given, of the others some later ones, too."""


def plain(decoder: Decoder, its: Source, given: Given) -> tuple[Tensor, Tensor | None]:
    """The same, sample by sample; weights are 0 at positions that a sample does not have."""
    logits_BxKxD, weights_BxKxT = [], []
    for row in range(BATCH):
        length = POSITIONS if its.present_BxT is None else int(LENGTHS_B[row])
        forced_K = [True] * ANSWERS if given.forced_KxBx1 is None else given.forced_KxBx1[:, row, 0].tolist()
        read = [given.tokens_KxBxE[k, row] if forced else None for k, forced in enumerate(forced_K)]
        states_TxH, last = its.states_BxTxH[row, :length], [value[row] for value in its.last]
        kept = [value[:, row].double() / 0.75 for value in given.dropout]
        logits_KxD, weights_KxT = decode(decoder, states_TxH, last, read, EMBEDDING_DxE, kept)
        logits_BxKxD.append(logits_KxD)
        if weights_KxT is not None:
            weights_BxKxT.append(torch.nn.functional.pad(weights_KxT, (0, POSITIONS - length)))
    return torch.stack(logits_BxKxD), torch.stack(weights_BxKxT) if weights_BxKxT else None


def gradients(values: Sequence[Tensor | None], decoder: Decoder, its: Source) -> dict[str, Tensor]:
    """Of a sum in which every number has a weight of its own; 0 where there is no path."""
    total = sum(
        (value * torch.linspace(-1, 2, value.numel()).view_as(value)).sum() for value in values if value is not None
    )
    named = dict(decoder.named_parameters()) | {f"last {n}": value for n, value in enumerate(its.last)}
    named |= {"states": its.states_BxTxH, "tokens": TOKENS_KxBxE, "embedding": EMBEDDING_DxE}
    found = torch.autograd.grad(total, list(named.values()), allow_unused=True)  # type: ignore[arg-type]
    return {
        name: torch.zeros_like(value) if gradient is None else gradient
        for (name, value), gradient in zip(named.items(), found, strict=True)
    }


@pytest.mark.parametrize("feeding", [False, True], ids=["no feeding", "feeding"])
@pytest.mark.parametrize("score", KINDS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("forced", [None, FORCED_KxBx1], ids=["given tokens", "tokens of its own"])
def test_values_and_gradients_equal_a_plain_loop(cell: str, score: str, feeding: bool, forced: Tensor | None) -> None:
    decoder, its, given = random_decoder(cell, score, feeding), source(cell), Given(TOKENS_KxBxE, forced)
    mine, theirs = decoder(its, given, EMBEDDING_DxE), plain(decoder, its, given)
    assert (mine[1] is None) == (score == "none")
    for one, other in zip(mine, theirs, strict=True):
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)
    expected = gradients(theirs, decoder, its)
    for name, gradient in gradients(mine, decoder, its).items():
        torch.testing.assert_close(
            gradient, expected[name], rtol=1e-8, atol=1e-10, msg=lambda text, name=name: f"{name}: {text}"
        )
    unused = {"states"} if score == "none" else set()
    unused |= {"embedding"} if forced is None else set()
    assert {name for name, value in expected.items() if not value.any()} == unused


def test_dropout_takes_features_of_what_is_read_and_units_of_what_the_last_layer_is_given() -> None:
    """Of the decoder's own tokens, too; all units are fed."""
    decoder, its = random_decoder(), source()
    kept = random(ANSWERS, BATCH, FEATURES, seed=3) > -0.3, random(ANSWERS, BATCH, UNITS, seed=4) > -0.3
    for forced in (None, FORCED_KxBx1):
        given = Given(TOKENS_KxBxE, forced, kept)
        mine, theirs = decoder(its, given, EMBEDDING_DxE, 0.25), plain(decoder, its, given)
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)
        for number in range(2):
            other = tuple(torch.ones_like(value) if number == n else value for n, value in enumerate(kept))
            assert not torch.equal(mine[0], decoder(its, given._replace(dropout=other), EMBEDDING_DxE, 0.25)[0])


@pytest.mark.parametrize("score", SCORES)
def test_weights_are_shares_of_the_source_and_a_batch_shares_nothing(score: str) -> None:
    decoder, its, given = random_decoder(score=score), source(), Given(TOKENS_KxBxE)
    logits_BxKxD, weights_BxKxT = decoder(its, given, EMBEDDING_DxE)
    sums_BxK = weights_BxKxT.sum(dim=-1)
    torch.testing.assert_close(sums_BxK, torch.ones_like(sums_BxK), rtol=1e-12, atol=1e-12)
    assert not weights_BxKxT.transpose(1, 2)[~PRESENT_BxT].any()
    moved_BxTxH = its.states_BxTxH.detach().clone()
    moved_BxTxH[0] += 1
    logits, weights = decoder(its._replace(states_BxTxH=moved_BxTxH), given, EMBEDDING_DxE)
    assert torch.equal(logits[1:], logits_BxKxD[1:])
    assert torch.equal(weights[1:], weights_BxKxT[1:])
    assert not torch.equal(logits[0], logits_BxKxD[0])


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("moved", range(POSITIONS))
def test_a_state_that_moves_moves_all_weights(score: str, moved: int) -> None:
    decoder, its, given = random_decoder(score=score, feeding=False), source(padded=False), Given(TOKENS_KxBxE)
    other_BxTxH = its.states_BxTxH.detach().clone()
    other_BxTxH[:, moved] += 0.5
    before, after = (
        decoder(its._replace(states_BxTxH=states), given, EMBEDDING_DxE)[1]
        for states in (its.states_BxTxH, other_BxTxH)
    )
    assert (before != after).all()


@pytest.mark.parametrize("score", SCORES)
def test_longer_padding_and_what_stands_in_it_change_nothing(score: str) -> None:
    decoder, its, given = random_decoder(score=score), source(), Given(TOKENS_KxBxE, FORCED_KxBx1)
    logits_BxKxD, weights_BxKxT = decoder(its, given, EMBEDDING_DxE)
    other_BxTxH = torch.where(PRESENT_BxT.unsqueeze(-1), its.states_BxTxH, random(BATCH, POSITIONS, UNITS, seed=7))
    longer = Source(
        torch.cat((other_BxTxH, random(BATCH, 2, UNITS, seed=6)), dim=1),
        its.last,
        torch.cat((PRESENT_BxT, torch.zeros(BATCH, 2, dtype=torch.bool)), dim=1),
    )
    logits, weights = decoder(longer, given, EMBEDDING_DxE)
    torch.testing.assert_close(logits, logits_BxKxD, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(weights[..., :POSITIONS], weights_BxKxT, rtol=1e-12, atol=1e-14)
    assert not weights[..., POSITIONS:].any()


def test_input_feeding_starts_at_zero() -> None:
    """Weights of what is fed do not matter at the first position, and do at all later ones."""
    decoder, its, given = random_decoder(), source(), Given(TOKENS_KxBxE)
    before_BxKxD, _ = decoder(its, given, EMBEDDING_DxE)
    with torch.no_grad():
        decoder.cell.kernel[FEATURES:] += 1
    after_BxKxD, _ = decoder(its, given, EMBEDDING_DxE)
    assert torch.equal(before_BxKxD[:, 0], after_BxKxD[:, 0])
    assert (before_BxKxD[:, 1:] != after_BxKxD[:, 1:]).all()


@pytest.mark.parametrize("score", ["none", "general"])
def test_its_steps_one_by_one_are_its_loop(score: str) -> None:
    decoder, its = random_decoder(score=score), source()
    tokens_KxB = torch.randint(0, WORDS, (ANSWERS, BATCH), generator=torch.Generator().manual_seed(3))
    logits_BxKxD, weights_BxKxT = decoder(its, Given(EMBEDDING_DxE[tokens_KxB]), EMBEDDING_DxE)
    speak, carry = decoder.speak(its, EMBEDDING_DxE), decoder.begin(its)
    for number, tokens_B in enumerate(tokens_KxB):
        carry, logits_BxD, weights_BxT = speak(carry, tokens_B)
        torch.testing.assert_close(logits_BxD, logits_BxKxD[:, number], rtol=1e-12, atol=1e-12)
        if weights_BxKxT is not None:
            torch.testing.assert_close(weights_BxT, weights_BxKxT[:, number], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("score", KINDS)
@pytest.mark.parametrize("cell", CELLS)
def test_fresh_parameters_fit(cell: str, score: str) -> None:
    decoder = Decoder(FEATURES, UNITS, WORDS, cell, score, True)
    fresh = dict(decoder.initial("decoder", KerasInitializer(generator(0, "weights"))))
    assert {name: value.shape for name, value in fresh.items()} == {
        f"decoder.{name}": value.shape for name, value in decoder.named_parameters()
    }
