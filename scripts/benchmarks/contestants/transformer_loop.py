"""PyTorch's transformer as people write it: `nn.TransformerEncoder`, and a learnt query that reads what it makes.

Adam is fused, nothing is summed up or reported, and attention weights are not kept.

Shapes: N samples, B batch, T positions, H hidden units.
"""

import torch
from torch import Tensor, nn

from benchmarks.contestants.job import UNITS, Clock, Job

LAYERS, HEADS, FEED_FORWARD = 2, 4, 256


class PlainTransformer(nn.Module):
    """The model of `model=transformer`, as shipped, for numbers.

    Args:
        length: T.
    """

    def __init__(self, length: int):
        super().__init__()
        self.embedding = nn.Linear(1, UNITS)
        self.positions = nn.Parameter(torch.randn(length, UNITS) / UNITS**0.5)
        self.query = nn.Parameter(torch.randn(1, UNITS) / UNITS**0.5)
        layer = nn.TransformerEncoderLayer(UNITS, HEADS, FEED_FORWARD, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(UNITS), enable_nested_tensor=False)
        self.query_norm, self.reading = nn.LayerNorm(UNITS), nn.MultiheadAttention(UNITS, HEADS, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(UNITS), nn.Linear(UNITS, FEED_FORWARD), nn.GELU(), nn.Linear(FEED_FORWARD, UNITS)
        )
        self.output = nn.Sequential(nn.LayerNorm(UNITS), nn.Linear(UNITS, 1), nn.Sigmoid())

    def forward(self, inputs_BxTx1: Tensor) -> Tensor:
        vectors_BxTxH = self.encoder(UNITS**0.5 * self.embedding(inputs_BxTx1) + self.positions)
        query_Bx1xH = self.query.expand(len(inputs_BxTx1), 1, -1)
        read_Bx1xH = self.reading(self.query_norm(query_Bx1xH), vectors_BxTxH, vectors_BxTxH, need_weights=False)[0]
        answer_Bx1xH = query_Bx1xH + read_Bx1xH
        prediction: Tensor = self.output(answer_Bx1xH + self.feed_forward(answer_Bx1xH))
        return prediction.flatten()


def draw(samples: int, length: int) -> tuple[Tensor, Tensor]:
    """Draw inputs_NxTx1 and targets_N: half the sum of two marked numbers, of the first and of the second half."""
    numbers = torch.Generator().manual_seed(0)
    inputs_NxT = 1 - torch.rand(samples, length, generator=numbers)
    places_Nx2 = torch.randint(1, length // 2, (samples, 2), generator=numbers) + torch.tensor([0, length // 2])
    targets_N = inputs_NxT.gather(1, places_Nx2).sum(dim=1) / 2
    return inputs_NxT.scatter(1, places_Nx2 - 1, 0.0).unsqueeze(-1), targets_N


def train(job: Job, clock: Clock, threads: int, length: int) -> None:
    """Train one model.

    Args:
        job: what to train.
        clock: is told of steps and epochs.
        threads: of PyTorch.
        length: T.
    """
    torch.set_num_threads(threads)
    inputs_NxTx1, targets_N = draw(job.samples, length)
    model = PlainTransformer(length)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    while True:
        total = 0.0
        for batch_B in torch.randperm(job.samples).split(job.batch_size):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(inputs_NxTx1[batch_B]), targets_N[batch_B])
            loss.backward()
            optimizer.step()
            total += float(loss) * len(batch_B)
            clock.stepped()
        clock.epoch_ended()
        clock.check(total / job.samples)
