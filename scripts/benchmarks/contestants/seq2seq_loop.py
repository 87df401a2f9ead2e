"""PyTorch's encoder-decoder as people write it: `nn.LSTM`, a Python loop over `nn.LSTMCell`, Luong's general attention.

Both directions of the encoder have half of the units, the right token before is read at each step together with the
last attentional state, Adam is fused, and nothing is summed up or reported.

Shapes: N samples, B batch, T positions, K answer positions, D vocabulary, H hidden units.
"""

import torch
from torch import Tensor, nn

from benchmarks.contestants.job import UNITS, Clock, Job

EMBEDDING = 16


class PlainSeq2Seq(nn.Module):
    """The model of `model=seq2seq`, as shipped.

    Args:
        vocabulary: D of the inputs; answers have an end symbol, too.
    """

    def __init__(self, vocabulary: int):
        super().__init__()
        self.source = nn.Embedding(vocabulary, EMBEDDING)
        self.target = nn.Embedding(vocabulary + 2, EMBEDDING)  # and the end and the start symbol
        self.encoder = nn.LSTM(EMBEDDING, UNITS // 2, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTMCell(EMBEDDING + UNITS, UNITS)
        self.score = nn.Linear(UNITS, UNITS, bias=False)
        self.combine = nn.Linear(2 * UNITS, UNITS, bias=False)
        self.output = nn.Linear(UNITS, vocabulary + 1)

    def forward(self, inputs_BxT: Tensor, lengths_B: Tensor, before_BxK: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.source(inputs_BxT), lengths_B, batch_first=True, enforce_sorted=False
        )
        states, (hidden, cell) = self.encoder(packed)
        states_BxTxH, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=inputs_BxT.shape[1])
        state = tuple(torch.cat(value.unbind(0), dim=-1) for value in (hidden, cell))
        padding_BxT = torch.arange(inputs_BxT.shape[1]) >= lengths_B.unsqueeze(-1)
        keys_BxTxH, fed_BxH, outputs = self.score(states_BxTxH), torch.zeros_like(state[0]), []
        for token_BxE in self.target(before_BxK).unbind(1):
            state = self.decoder(torch.cat((token_BxE, fed_BxH), dim=-1), state)
            scores_BxT = (keys_BxTxH @ state[0].unsqueeze(-1)).squeeze(-1).masked_fill(padding_BxT, -torch.inf)
            context_BxH = (scores_BxT.softmax(dim=-1).unsqueeze(1) @ states_BxTxH).squeeze(1)
            fed_BxH = torch.tanh(self.combine(torch.cat((context_BxH, state[0]), dim=-1)))
            outputs.append(fed_BxH)
        return self.output(torch.stack(outputs, dim=1))


def draw(samples: int, length: int, vocabulary: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw inputs_NxT, lengths_N and answers_NxK of `dataset=reverse`: -1 behind the end symbol."""
    numbers = torch.Generator().manual_seed(0)
    lengths_N = torch.randint(1, length + 1, (samples,), generator=numbers)
    inputs_NxT = torch.randint(0, vocabulary, (samples, length), generator=numbers)
    from_end_NxK = lengths_N.unsqueeze(-1) - 1 - torch.arange(length + 1)
    answers_NxK = inputs_NxT.gather(1, from_end_NxK.clamp(0, length - 1))
    answers_NxK = answers_NxK.masked_fill(from_end_NxK == -1, vocabulary).masked_fill(from_end_NxK < -1, -1)
    return inputs_NxT, lengths_N, answers_NxK


def train(job: Job, clock: Clock, threads: int, length: int, vocabulary: int) -> None:
    """Train one model.

    Args:
        job: what to train.
        clock: is told of steps and epochs.
        threads: of PyTorch.
        length: T.
        vocabulary: D.
    """
    torch.set_num_threads(threads)
    inputs_NxT, lengths_N, answers_NxK = draw(job.samples, length, vocabulary)
    start_Nx1 = torch.full_like(answers_NxK[:, :1], vocabulary + 1)
    before_NxK = torch.cat((start_Nx1, answers_NxK[:, :-1].clamp(min=0)), dim=1)
    model = PlainSeq2Seq(vocabulary)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss_function = nn.CrossEntropyLoss(ignore_index=-1)
    while True:
        total = 0.0
        for batch_B in torch.randperm(job.samples).split(job.batch_size):
            optimizer.zero_grad()
            logits_BxKxD = model(inputs_NxT[batch_B], lengths_N[batch_B], before_NxK[batch_B])
            loss = loss_function(logits_BxKxD.flatten(0, 1), answers_NxK[batch_B].flatten())
            loss.backward()
            optimizer.step()
            total += float(loss) * len(batch_B)
            clock.stepped()
        clock.epoch_ended()
        clock.check(total / job.samples)
