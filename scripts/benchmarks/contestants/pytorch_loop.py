"""PyTorch as people write it: `nn.Linear` and `nn.LSTM`, `nn.MSELoss`, a loop over shuffled batches in memory.

Adam is fused, and nothing is summed up or reported. `nn.LSTM` has no hard sigmoid, the article's gate, so it has the
logistic function here.

Shapes: N samples, B batch, T positions, D digit values.
"""

import torch
from torch import Tensor, nn

from benchmarks.contestants.job import BASE, MLP, POSITIONS, UNITS, Clock, Job, draw_samples, encode


class PlainMLP(nn.Module):
    """The article's MLP, from digits scaled to [0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(POSITIONS, POSITIONS)
        self.hidden = nn.Linear(POSITIONS, POSITIONS)
        self.output = nn.Linear(POSITIONS, 1)

    def forward(self, inputs_BxT: Tensor) -> Tensor:
        attention_BxT = torch.softmax(self.attention(inputs_BxT), dim=-1)
        return torch.sigmoid(self.output(torch.sigmoid(self.hidden(inputs_BxT * attention_BxT)))).squeeze(-1)


class PlainLSTM(nn.Module):
    """The article's LSTM, from one-hot digits, with attention over time steps."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(POSITIONS, POSITIONS)
        self.lstm = nn.LSTM(BASE, UNITS, batch_first=True)
        self.output = nn.Linear(UNITS, 1)

    def forward(self, inputs_BxTxD: Tensor) -> Tensor:
        attention_BxT = torch.softmax(self.attention(inputs_BxTxD.transpose(1, 2)), dim=-1).mean(dim=1)
        _, (hidden, _) = self.lstm(inputs_BxTxD * attention_BxT.unsqueeze(-1))
        return torch.sigmoid(self.output(hidden[-1])).squeeze(-1)


def train(job: Job, clock: Clock, threads: int) -> None:
    """Train one model.

    Args:
        job: what to train.
        clock: is told of steps and epochs.
        threads: of PyTorch.
    """
    torch.set_num_threads(threads)
    device = torch.device(job.device)
    digits_NxT, targets = draw_samples(job.samples)
    inputs = torch.from_numpy(encode(job.model, digits_NxT)).to(device)
    targets_N = torch.from_numpy(targets).to(device)
    model = (PlainMLP() if job.model == MLP else PlainLSTM()).to(device)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss_function = nn.MSELoss()
    while True:
        for batch_B in torch.randperm(job.samples, device=device).split(job.batch_size):
            optimizer.zero_grad()
            loss = loss_function(model(inputs[batch_B]), targets_N[batch_B])
            loss.backward()
            optimizer.step()
            if clock.first is None:
                loss.item()  # waits for a GPU
                clock.stepped()
        loss.item()
        clock.epoch_ended()
        with torch.no_grad():
            clock.check(float(loss_function(model(inputs), targets_N)))
