"""The article's LSTM, its one-hot input weighted by attention over time steps, elements or features.

Shapes: B batch, T time steps, D digit values (features), H hidden units.
"""

import torch
from torch import Tensor, nn

from attnseq.layers.attention import sequence_attention
from attnseq.layers.initializers import lstm_bias
from attnseq.layers.lstm import LSTM
from attnseq.layers.weights import Initializer
from attnseq.models.model import Model, ModelOutput, dense_parameters


class LSTMAttention(Model):
    """One-hot input times attention, LSTM(H), Dense(1) sigmoid.

    Args:
        positions: T.
        base: D, number of digit values.
        hidden_size: H; 64 in the article.
        attention: "time", "element", "feature" or "none" (the same recurrent part on the plain input, the baseline).
        recurrent_activation: "hard_sigmoid" (Keras 2, the article) or "sigmoid".

    Raises:
        ValueError: an unknown `attention` or `recurrent_activation`.
    """

    def __init__(self, positions: int, base: int, hidden_size: int, attention: str, recurrent_activation: str):
        super().__init__()
        self.base = base
        self.attention = sequence_attention(attention, positions)
        self.lstm = LSTM(base, hidden_size, recurrent_activation)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        values_D = torch.arange(self.base, device=digits_BxT.device)
        inputs_BxTxD = (digits_BxT.unsqueeze(-1) == values_D).to(self.output.weight.dtype)
        if self.attention is None:  # every position alike
            attention = torch.full_like(inputs_BxTxD[..., 0], 1.0 / digits_BxT.shape[-1])
            weighted_BxTxD = inputs_BxTxD
        else:
            attention = self.attention(inputs_BxTxD)
            weights = attention.unsqueeze(-1) if attention.dim() < inputs_BxTxD.dim() else attention
            weighted_BxTxD = inputs_BxTxD * weights
        hidden_BxH = self.lstm(weighted_BxTxD)
        return ModelOutput(torch.sigmoid(self.output(hidden_BxH)).squeeze(-1), attention)

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters: dict[str, Tensor] = {}
        if self.attention is not None:
            parameters |= dense_parameters("attention.score", self.attention.score, init)
        units = self.output.in_features
        parameters["lstm.kernel"] = torch.from_numpy(init.glorot_uniform((self.base, 4 * units)))
        parameters["lstm.recurrent_kernel"] = torch.from_numpy(init.orthogonal((units, 4 * units)))
        parameters["lstm.bias"] = torch.from_numpy(lstm_bias(units))
        return parameters | dict(dense_parameters("output", self.output, init))
