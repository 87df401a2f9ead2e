"""Tiny encoder-decoders with weights of all sizes, samples for them, and the same model written plainly.

Shapes: B batch, T positions, K answer positions, D vocabulary.
"""

from collections.abc import Sequence
from typing import Any

import torch
from plain_seq2seq import decode, encode, fill
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Batch
from attnseq.contracts.spec import Spec, Tokens
from attnseq.models.seq2seq import Seq2Seq
from attnseq.models.seq2seq_config import Seq2SeqConfig

BATCH, POSITIONS, SYMBOLS, WORDS = 4, 5, 3, 4
ANSWERS, END = POSITIONS + 1, WORDS - 1
SPEC = Spec(Tokens(POSITIONS, SYMBOLS, padded=True), Tokens(ANSWERS, WORDS, padded=True, end=True), grows=True)
LENGTHS_B = torch.tensor([5, 1, 3, 4], dtype=torch.int32)


def config(**changes: Any) -> Seq2SeqConfig:
    """Of an LSTM of 4 units that reads in both directions, with additive attention and input feeding."""
    usual = {"hidden_size": 4, "embedding_size": 3, "cell": "lstm", "directions": "both", "attention": "additive"}
    usual |= {"input_feeding": True, "teacher_forcing": 1.0, "dropout": 0.0}
    return Seq2SeqConfig(name="seq2seq", init="auto", **usual | changes)


def random_model(spec: Spec = SPEC, seed: int = 0, **changes: Any) -> Seq2Seq:
    model = config(**changes).build(spec)
    fill(model, seed)
    return model


def random_batch(positions: int = POSITIONS, seed: int = 1, lengths_B: Tensor = LENGTHS_B) -> Batch:
    """Answers as long as the inputs, and an end symbol behind each."""
    numbers = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, SYMBOLS, (BATCH, positions), generator=numbers, dtype=torch.uint8)
    targets = torch.randint(0, END, (BATCH, positions + 1), generator=numbers, dtype=torch.int32)
    place_K = torch.arange(positions + 1)
    targets = targets.masked_fill(place_K == lengths_B.unsqueeze(-1), END)
    return Batch(inputs, targets.masked_fill(place_K > lengths_B.unsqueeze(-1), NO_TOKEN), lengths_B)


def plain(
    model: Seq2Seq, batch: Batch, forced_BxK: Sequence[Sequence[bool]] | None = None
) -> tuple[Tensor, Tensor | None]:
    """Logits_BxKxD, and weights_BxKxT where it attends, sample by sample.

    Args:
        model: without dropout.
        batch: with targets where they are read.
        forced_BxK: where the right token before is read; None: nowhere. The start symbol is always read first.
    """
    answers = model.spec.answer_length(batch.inputs.shape[1])
    lengths = [batch.inputs.shape[1]] * len(batch.inputs) if batch.lengths is None else batch.lengths.tolist()
    logits_BxKxD, weights_BxKxT = [], []
    for row, length in enumerate(lengths):
        one_hot_TxD = torch.nn.functional.one_hot(batch.inputs[row, :length].long(), SYMBOLS).double()
        embedded = one_hot_TxD if model.source_embedding is None else one_hot_TxD @ model.source_embedding
        states_TxH, last = encode(model.encoder, embedded)
        read: list[Tensor | None] = [model.embedding[-1]]
        for k in range(1, answers):
            forced = forced_BxK is not None and forced_BxK[row][k]
            read.append(model.embedding[max(0, int(batch.answers[row, k - 1]))] if forced else None)
        logits_KxD, weights_KxT = decode(model.decoder, states_TxH, last, read, model.embedding[:-1])
        logits_BxKxD.append(logits_KxD)
        if weights_KxT is not None:
            weights_BxKxT.append(torch.nn.functional.pad(weights_KxT, (0, batch.inputs.shape[1] - length)))
    return torch.stack(logits_BxKxD), torch.stack(weights_BxKxT) if weights_BxKxT else None
