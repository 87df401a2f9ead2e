"""The numbers of an analysis: what each says, which is better, and its limits. `compare` reads them without PyTorch."""

from __future__ import annotations

import math
from typing import NamedTuple

from attnseq.scores import SCORES

LN2 = math.log(2)

POSITIVE, SHARE, ORDER, DIVERGENCE = (0.0, math.inf), (0.0, 1.0), (-1.0, 1.0), (0.0, LN2)

SANITY = "sanity/"
"""Before the name of a number that was measured of the same model with fresh random weights."""

RANDOM = f"{SANITY}attention"
"""How much the attention of the trained model is that of random weights."""


class Number(NamedTuple):
    """What is known of a number.

    Args:
        meaning: in few words.
        direction: "higher" or "lower" where that is better of attention as an explanation; "" where it is neither.
        limits: the smallest and the largest value.
    """

    meaning: str
    direction: str
    limits: tuple[float, float]


NUMBERS = {
    "agreement/gradient_x_input": Number("tau of attention and gradient x input", "higher", ORDER),
    "agreement/integrated_gradients": Number("tau of attention and integrated gradients", "higher", ORDER),
    "agreement/leave_one_out": Number("tau of attention and leave-one-out", "higher", ORDER),
    "agreement/integrated_gradients_leave_one_out": Number("tau of these two with each other", "higher", ORDER),
    "integrated_gradients/gap": Number("what they lack of adding up to the answer", "lower", POSITIVE),
    "permutation/median_change": Number("change of the answer, weights permuted", "higher", POSITIVE),
    "permutation/largest_weight": Number("largest weight of a sample", "", SHARE),
    "adversary/divergence": Number("of other weights, same answer", "lower", DIVERGENCE),
    "adversary/bound": Number("the most that it can be", "", DIVERGENCE),
    "adversary/change": Number("change of the answer under these", "", POSITIVE),
    "perturbation/comprehensiveness": Number("lost without the most attended", "higher", (-math.inf, math.inf)),
    "perturbation/sufficiency": Number("lost with these alone", "lower", (-math.inf, math.inf)),
    "leave_one_out/relevant": Number("change, a relevant position away", "higher", POSITIVE),
    "leave_one_out/irrelevant": Number("change, an irrelevant one away", "lower", POSITIVE),
    "leave_one_out/expected_change": Number("Somers' D of leave-one-out, by the exact change", "higher", ORDER),
    "leave_one_out/most_attended": Number("the most attended position moves it most", "higher", SHARE),
}
"""By name, in the order in which a table shows them."""


def known(name: str) -> Number | None:
    """Return what is known of a number; None of one that no analysis has.

    Args:
        name: such as "agreement/leave_one_out", or "sanity/leave_one_out" for the same of random weights.
    """
    if name in NUMBERS:
        return NUMBERS[name]
    if not name.startswith(SANITY):
        return None
    if name == RANDOM:
        return Number("tau of attention, trained and of random weights", "lower", ORDER)
    short = name.removeprefix(SANITY)
    if f"agreement/{short}" in NUMBERS:
        limits = NUMBERS[f"agreement/{short}"].limits
    else:
        limits = SCORES[f"relevance/{short}"].limits if f"relevance/{short}" in SCORES else (-math.inf, math.inf)
    return Number("the same of random weights", "", limits)
