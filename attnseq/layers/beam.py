"""Beam search: the answer that a decoder finds most probable, looked for among the best beginnings.

Shapes: B batch, W beams, K answer positions, D vocabulary, T positions of the source; R = B W rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from attnseq.layers.recurrence import Tensors

Speak = Callable[[Tensors, Tensor], tuple[Tensors, Tensor, Tensor | None]]
"""A step of the decoder: (carry, the last tokens R) -> (carry, logits RxD, weights RxT where it attends)."""


class Found(NamedTuple):
    """The best answers.

    Args:
        tokens: BxK; after an end symbol there are only end symbols.
        log_probability: B, of the answer up to its end symbol, in nats.
        weights: BxKxT, where the decoder attends.
    """

    tokens: Tensor
    log_probability: Tensor
    weights: Tensor | None


def beam_search(speak: Speak, carry: Tensors, start: int, beams: int, length: int, end: int | None) -> Found:
    """Look for the most probable answers; their probability is not divided by their length.

    Args:
        speak: a step of the decoder.
        carry: before the first step, a row a sample.
        start: the token before the first one.
        beams: W, beginnings kept at each step; 1 is greedy decoding.
        length: K.
        end: the token after which an answer has ended; None: each has K tokens.

    Source: Graves 2012 (arXiv:1211.3711), Sutskever et al. 2014 (arXiv:1409.3215).
    """
    samples, device = len(carry[0]), carry[0].device
    carry = tuple(value.repeat_interleave(beams, dim=0) for value in carry)
    score_BxW = torch.full((samples, beams), -torch.inf, dtype=carry[0].dtype, device=device)
    score_BxW[:, 0] = 0.0  # at first all beams are the same
    token_R = torch.full((samples * beams,), start, device=device)
    ended_BxW = torch.zeros(samples, beams, dtype=torch.bool, device=device)
    first_Bx1 = beams * torch.arange(samples, device=device).unsqueeze(-1)
    tokens_RxK, weights_RxKxT = token_R.new_empty(samples * beams, 0), None
    for _ in range(length):
        carry, logits_RxD, weights_RxT = speak(carry, token_R)
        gain_BxWxD = logits_RxD.log_softmax(dim=-1).unflatten(0, (samples, beams))
        if end is not None:  # an answer that has ended goes on with end symbols, at no cost
            other_D = torch.arange(gain_BxWxD.shape[-1], device=device) != end
            gain_BxWxD = gain_BxWxD.masked_fill(ended_BxW.unsqueeze(-1), 0.0)
            gain_BxWxD = gain_BxWxD.masked_fill(ended_BxW.unsqueeze(-1) & other_D, -torch.inf)
        total_BxV = (score_BxW.unsqueeze(-1) + gain_BxWxD).flatten(1)
        score_BxW, place_BxW = total_BxV.topk(beams, dim=-1)
        parent_R = (place_BxW // gain_BxWxD.shape[-1] + first_Bx1).flatten()
        token_R = (place_BxW % gain_BxWxD.shape[-1]).flatten()
        carry = tuple(value[parent_R] for value in carry)
        tokens_RxK = torch.cat((tokens_RxK[parent_R], token_R.unsqueeze(-1)), dim=-1)
        if weights_RxT is not None:
            new = weights_RxT[parent_R].unsqueeze(-2)
            weights_RxKxT = new if weights_RxKxT is None else torch.cat((weights_RxKxT[parent_R], new), dim=-2)
        ended_BxW = ended_BxW.flatten()[parent_R].view(samples, beams) | (token_R.view(samples, beams) == end)
    best_B = first_Bx1.squeeze(-1) + score_BxW.argmax(dim=-1)
    weights_BxKxT = None if weights_RxKxT is None else weights_RxKxT[best_B]
    return Found(tokens_RxK[best_B], score_BxW.amax(dim=-1), weights_BxKxT)
