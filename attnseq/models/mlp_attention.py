"""The article's multilayer perceptron, its input weighted by softmax attention, or plain.

Shapes: B batch, T positions.
"""

from itertools import chain

import torch
from torch import Tensor, nn

from attnseq.layers.attention import softmax
from attnseq.layers.weights import Initializer
from attnseq.models.model import Model, ModelOutput, dense_parameters

ATTENTIONS = ("time", "none")


class MLPAttention(Model):
    """Dense(T) with softmax over positions, times the scaled input, Dense(H) sigmoid, Dense(1) sigmoid.

    Args:
        positions: T.
        base: of the digits; they are scaled to digit / base, as the notebook's X / 10.
        hidden_size: H; the article has H = T = 10.
        attention: "time", a weight a position, or "none" (the same on the plain input, the baseline).

    Raises:
        ValueError: an unknown `attention`.
    """

    def __init__(self, positions: int, base: int, hidden_size: int, attention: str = "time"):
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(f"model.attention={attention}: must be one of {', '.join(ATTENTIONS)}")
        self.base = base
        self.attention = nn.Linear(positions, positions) if attention == "time" else None
        self.hidden = nn.Linear(positions, hidden_size)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        inputs_BxT = digits_BxT.to(self.output.weight.dtype) / self.base
        if self.attention is None:  # every position alike
            attention_BxT = torch.full_like(inputs_BxT, 1.0 / inputs_BxT.shape[-1])
            weighted_BxT = inputs_BxT
        else:
            attention_BxT = softmax(self.attention(inputs_BxT))
            weighted_BxT = inputs_BxT * attention_BxT
        hidden_BxH = torch.sigmoid(self.hidden(weighted_BxT))
        return ModelOutput(torch.sigmoid(self.output(hidden_BxH)).squeeze(-1), attention_BxT)

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        layers = {"attention": self.attention, "hidden": self.hidden, "output": self.output}
        parameters = [dense_parameters(name, layer, init) for name, layer in layers.items() if layer is not None]
        return dict(chain.from_iterable(parameters))
