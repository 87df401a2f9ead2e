"""The article's claims: each in one sentence, what the article shows for it, and how runs are asked.

Shapes: T positions.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from attnseq.article import published
from attnseq.article.claim_runs import ATTENTIONS, LENGTHS
from attnseq.article.evidence import Evidence
from attnseq.article.judging import NO_RUNS, Finding, counted, mean, ratio, share, smaller

LOSS = "loss/test"
MASS = ("relevance/mass_accuracy", "attention/relevance_mass")
"""The share of attention on positions that count, by today's and by its former name."""

TENTH = (0.05, 0.2)
"""What "about a tenth" may be."""
AS_FAR = 0.9
"""A position that moves the answer so far, as a share of the one that moves it farthest, counts as moving it as far."""
SEEN = 0.01
"""Least mean share of the looks for a position that is looked at at all."""


class Claim(NamedTuple):
    """A claim.

    Args:
        sentence: what is claimed.
        article: what the article shows for it.
        judge: what runs show.
    """

    sentence: str
    article: str
    judge: Callable[[Evidence], Finding]


def leading_digits(evidence: Evidence) -> Finding:
    """Ask whether the MLP's two largest mean weights are those of the most relevant digits."""
    attention = evidence.attention("mlp")
    if not attention:
        return NO_RUNS
    relevance_T = evidence.relevance("mlp")
    leading = set(np.flatnonzero(relevance_T == relevance_T.max()).tolist())
    tops = {seed: frozenset(np.argsort(weights_T)[-len(leading) :].tolist()) for seed, weights_T in attention.items()}
    often = max(set(tops.values()), key=lambda top: list(tops.values()).count(top))
    times = list(tops.values()).count(often)
    shown = f"largest at {_positions(often)} most often: {times} of {len(tops)} seeds"
    return counted({seed: top == leading for seed, top in tops.items()}, shown)


def a_tenth(evidence: Evidence) -> Finding:
    """Ask whether the other operand digits get about a tenth of the weight of the leading ones."""
    attention = evidence.attention("mlp")
    if not attention:
        return NO_RUNS
    relevance_T = evidence.relevance("mlp")
    shares = {seed: _others_by_leading(weights_T, relevance_T) for seed, weights_T in attention.items()}
    low, high = TENTH
    quarter, median, three_quarters = np.quantile(list(shares.values()), (0.25, 0.5, 0.75))
    shown = f"median {median:.2g} of it, quartiles {quarter:.2g} and {three_quarters:.2g}; {low:g} to {high:g} counts"
    return counted({seed: low <= share <= high for seed, share in shares.items()}, shown)


def _others_by_leading(weights_T: np.ndarray, relevance_T: np.ndarray) -> float:
    is_leading_T = relevance_T == relevance_T.max()
    return float(weights_T[(relevance_T > 0) & ~is_leading_T].mean() / weights_T[is_leading_T].mean())


def distractors_least(evidence: Evidence) -> Finding:
    """Ask whether each distractor gets less weight than any operand digit."""
    attention = evidence.attention("mlp")
    if not attention:
        return NO_RUNS
    counts_T = evidence.relevance("mlp") > 0
    shares = {seed: float(weights_T[~counts_T].sum() / weights_T.sum()) for seed, weights_T in attention.items()}
    holds = {
        seed: bool(weights_T[~counts_T].max() < weights_T[counts_T].min()) for seed, weights_T in attention.items()
    }
    return counted(holds, f"distractors have {share(shares)} % of the weight together")


def far_better(evidence: Evidence) -> Finding:
    """Ask whether the LSTM with attention has a tenth of the loss of the MLP with attention, or less."""
    lstm, mlp = evidence.result("lstm time", LOSS), evidence.result("mlp", LOSS)
    words = f"test loss {mean(lstm)} against {mean(mlp)}"
    return smaller(lstm, mlp, words, bound=0.1)


def attention_makes_it(attention: str) -> Callable[[Evidence], Finding]:
    """Return the judge of: an LSTM with this attention is better than one without."""

    def judge(evidence: Evidence) -> Finding:
        mine, without = evidence.result(f"lstm {attention}", LOSS), evidence.result("lstm none", LOSS)
        return smaller(mine, without, f"test loss {mean(mine)} against {mean(without)}")

    return judge


def ignores_distractors(evidence: Evidence) -> Finding:
    """Ask whether a distractor that is drawn anew moves the answer less with attention than without."""
    name = "leave_one_out/irrelevant"
    mine, without = evidence.analysed("lstm time", name), evidence.analysed("lstm none", name)
    words = f"a distractor moves the answer by {mean(mine)} units of 999, without attention by {mean(without)}"
    return smaller(mine, without, words)


def long_is_hard(evidence: Evidence) -> Finding:
    """Ask whether an encoder-decoder without attention gets fewer long sequences right than short ones."""
    short, long = (evidence.result(f"reverse none {length}", "exact/test") for length in (LENGTHS[0], LENGTHS[-1]))
    shown = f"exact answers without attention: {share(short)} % of {LENGTHS[0]} symbols"
    seeds = short.keys() & long.keys()
    shown += f", {share(long)} % of {LENGTHS[-1]}"
    return counted({seed: long[seed] < short[seed] for seed in seeds}, shown)


def attention_mends(evidence: Evidence) -> Finding:
    """Ask whether it gets more of the longest sequences right with attention than without."""
    mine, without = (evidence.result(f"reverse {kind} {LENGTHS[-1]}", "exact/test") for kind in ("additive", "none"))
    shown = f"exact answers of {LENGTHS[-1]} symbols: {share(mine)} %, without {share(without)} %"
    return counted({seed: mine[seed] > without[seed] for seed in mine.keys() & without.keys()}, shown)


def alignment_is_true(evidence: Evidence) -> Finding:
    """Ask whether most of the decoder's attention lies on the symbol that it has to write."""
    masses = evidence.result(f"reverse additive {LENGTHS[-1]}", *MASS)
    shown = f"{share(masses)} % of its attention is on the true symbol, of {LENGTHS[-1]}"
    return counted({seed: mass > 0.5 for seed, mass in masses.items()}, shown)


def looks_at_operands(evidence: Evidence) -> Finding:
    """Ask whether hard attention looks at operands alone."""
    masses = evidence.result("hard_attention", *MASS)
    return counted({seed: mass > 0.99 for seed, mass in masses.items()}, f"{share(masses)} % of its looks")


def looks_at_all_operands(evidence: Evidence) -> Finding:
    """Ask whether hard attention looks at every operand digit."""
    attention = evidence.attention("hard_attention")
    if not attention:
        return NO_RUNS
    counts_T = evidence.relevance("hard_attention") > 0
    found = {seed: float((looks_T[counts_T] > SEEN).sum()) for seed, looks_T in attention.items()}
    loss = ratio(evidence.result("hard_attention", LOSS), evidence.result("lstm_attention", LOSS))
    shown = f"{mean(found)} of {counts_T.sum()} digits are looked at; its loss is that of soft attention {loss.text}"
    return counted({seed: number == counts_T.sum() for seed, number in found.items()}, shown)


def most_attended_matters_most(label: str) -> Callable[[Evidence], Finding]:
    """Return the judge of: the most attended position is one of the most relevant, and moves the answer the most."""

    def judge(evidence: Evidence) -> Finding:
        attention, moved = evidence.attention(label), evidence.by_position(label, "leave_one_out")
        seeds = sorted(attention.keys() & moved.keys())
        if not seeds:
            return NO_RUNS
        relevance_T = evidence.relevance(label)
        tops = {seed: int(attention[seed].argmax()) for seed in seeds}
        relevant = {seed: relevance_T[top] == relevance_T.max() for seed, top in tops.items()}
        moves = {seed: moved[seed][top] >= AS_FAR * moved[seed].max() for seed, top in tops.items()}
        shown = f"one of the most relevant in {sum(relevant.values())} of {len(seeds)} seeds"
        shown += f", moves the answer as far as any in {sum(moves.values())}"
        return counted({seed: bool(relevant[seed] and moves[seed]) for seed in seeds}, shown)

    return judge


def _positions(positions: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(positions)))


_PRINTED_T = np.array(published.MLP_MEAN_ATTENTION_T)
_RELEVANCE_T = np.array([0, 100, 10, 1, 0, 100, 10, 1, 0, 0])

CLAIMS = (
    Claim(
        "The MLP's two largest mean weights are those of the two hundreds digits, positions 1 and 5.",
        f"its text says so; the vector that it prints is largest at {_positions(np.argsort(_PRINTED_T)[-2:])}",
        leading_digits,
    ),
    Claim(
        "The other operand digits get about a tenth of the leading ones' weight.",
        f"one run: {_others_by_leading(_PRINTED_T, _RELEVANCE_T):.2g} of it",
        a_tenth,
    ),
    Claim(
        "Distractors get less weight than any operand digit.",
        f"one run: they have {100 * _PRINTED_T[_RELEVANCE_T == 0].sum():.0f} % of the weight",
        distractors_least,
    ),
    Claim(
        "The LSTM with attention is far better than the MLP with attention: a tenth of its loss or less.",
        f"one run: {published.LSTM_LOSS_E[-1]} against {published.MLP_LOSS_E[-1]} in training",
        far_better,
    ),
    *(
        Claim(
            f"Attention makes the LSTM good: with attention={kind} it is better than without.",
            "one run with attention=time, none without",
            attention_makes_it(kind),
        )
        for kind in ATTENTIONS
    ),
    Claim(
        "Attention ignores the random digits: drawn anew, they move the answer less than without attention.",
        "the small weights of one MLP",
        ignores_distractors,
    ),
    *(
        Claim(
            f"The position that the {model} attends to most is the most important one.",
            "read off the mean weights of one run",
            most_attended_matters_most(label),
        )
        for model, label in (("MLP", "mlp"), ("LSTM", "lstm time"))
    ),
    Claim("A state of fixed size makes long sequences hard.", "an argument", long_is_hard),
    Claim("Attention mends it.", "an argument", attention_mends),
    Claim("The decoder's alignment follows the true one.", "a picture of others", alignment_is_true),
    Claim("Hard attention looks at operand digits alone.", "an argument", looks_at_operands),
    Claim("Hard attention finds all operand digits.", "an argument", looks_at_all_operands),
)
"""In the article's order; the last five are of its theory half."""
