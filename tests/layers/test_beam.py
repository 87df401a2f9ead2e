"""Beam search finds what it should: greedy answers with one beam, the best of all with enough of them.

Shapes: B batch, K answer positions, D vocabulary, T positions, R rows.
"""

from itertools import product

import pytest
import torch
from torch import Tensor

from attnseq.layers.beam import beam_search

B, D, START = 4, 3, 3
END = 2


def language(seed: int) -> Tensor:
    """logits_BxSxD of the next token, by sample and by the state, a number that the tokens before decide."""
    return 2 * torch.randn(B, 50, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def next_state(state_R: Tensor, token_R: Tensor) -> Tensor:
    return (5 * state_R + token_R + 1) % 50


def speaker(logits_BxSxD: Tensor):  # type: ignore[no-untyped-def]
    """Speaks a language whose carry is sample and state; its weights tell which state it was in."""

    def speak(carry: tuple[Tensor, ...], token_R: Tensor) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
        sample_R, state_R = carry
        state_R = next_state(state_R, token_R)
        return (sample_R, state_R), logits_BxSxD[sample_R.long(), state_R.long()], state_R.unsqueeze(-1)

    return speak


def carry() -> tuple[Tensor, Tensor]:
    return torch.arange(B, dtype=torch.float64), torch.zeros(B, dtype=torch.float64)


def probability(logits_SxD: Tensor, tokens: tuple[int, ...]) -> tuple[float, list[int]]:
    """The log-probability of an answer up to its end symbol, and the states on the way."""
    state, total, states = torch.zeros(()), 0.0, []
    for before, token in zip((START, *tokens), tokens, strict=False):
        state = next_state(state, torch.tensor(before))
        states.append(int(state))
        total += float(logits_SxD[int(state)].log_softmax(-1)[token])
        if token == END:
            break
    return total, states


@pytest.mark.parametrize("seed", range(3))
def test_with_as_many_beams_as_there_are_beginnings_the_best_answer_is_found(seed: int) -> None:
    logits, length = language(seed), 4
    found = beam_search(speaker(logits), carry(), START, D ** (length - 1), length, END)
    for sample in range(B):
        answers = product(range(D), repeat=length)
        best = max(answers, key=lambda tokens: probability(logits[sample], tokens)[0])
        expected, states = probability(logits[sample], best)
        assert found.log_probability[sample].item() == pytest.approx(expected, abs=1e-12)
        assert found.tokens[sample].tolist()[: len(states)] == list(best)[: len(states)]
        assert set(found.tokens[sample].tolist()[len(states) :]) <= {END}
        assert found.weights is not None
        assert found.weights[sample, : len(states), 0].tolist() == states  # of the answer's own way


@pytest.mark.parametrize("end", [END, None])
def test_one_beam_takes_the_most_probable_token_each_time(end: int | None) -> None:
    logits = language(7)
    found = beam_search(speaker(logits), carry(), START, 1, 6, end)
    for sample in range(B):
        state, token, tokens = torch.zeros(()), START, []
        for _ in range(6):
            state = next_state(state, torch.tensor(token))
            token = int(logits[sample, int(state)].argmax()) if token != end else END
            tokens.append(token)
        assert found.tokens[sample].tolist() == tokens


def test_more_beams_find_an_answer_that_is_as_probable_or_more() -> None:
    """Here, where two of four samples gain."""
    logits = language(10)
    found = [beam_search(speaker(logits), carry(), START, beams, 5, None).log_probability for beams in (1, D**4)]
    assert (found[1] >= found[0]).all()
    assert (found[1] > found[0] + 1e-9).sum() == 2
