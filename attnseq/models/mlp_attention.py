"""The article's multilayer perceptron, its input weighted by softmax attention, or plain.

Shapes: B batch, T positions, H hidden units, O outputs.
"""

from itertools import chain

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.attention import softmax, uniform, weighed
from attnseq.layers.encoding import outputs, prediction, scaled
from attnseq.layers.weights import dense_parameters

ATTENTIONS = ("time", "none")


class MLPAttention(Model):
    """Dense(T) with softmax over positions, times the scaled input, Dense(H) sigmoid, Dense(O).

    Args:
        spec: of the task; tokens, or real numbers with one feature.
        hidden_size: H; the article has H = T = 10.
        attention: "time", a weight a position, or "none" (the same on the plain input, the baseline).

    Raises:
        ValueError: an unknown `attention`.
    """

    def __init__(self, spec: Spec, hidden_size: int, attention: str = "time"):
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(f"model.attention={attention}: must be one of {', '.join(ATTENTIONS)}")
        self.spec = spec
        positions = spec.inputs.length
        self.attention = nn.Linear(positions, positions) if attention == "time" else None
        self.hidden = nn.Linear(positions, hidden_size)
        self.output = nn.Linear(hidden_size, outputs(spec.target))

    @property
    def attends(self) -> bool:
        return self.attention is not None

    @property
    def takes_weights(self) -> bool:
        return self.attends

    def encode(self, batch: Batch) -> Tensor:
        return scaled(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxT = self.encode(batch)
        if self.attention is None:
            attention = uniform(inputs_BxT.unsqueeze(-1), batch.present())
            weighted_BxT = inputs_BxT
        else:
            attention = weighed(batch, Attention(softmax(self.attention(inputs_BxT), batch.present()), "BT"))
            weighted_BxT = inputs_BxT * attention.weights
        hidden_BxH = torch.sigmoid(self.hidden(weighted_BxT))
        return Output(prediction(self.output(hidden_BxH), self.spec.target), {"input": attention})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        layers = {"attention": self.attention, "hidden": self.hidden, "output": self.output}
        parameters = [dense_parameters(name, layer, init) for name, layer in layers.items() if layer is not None]
        return dict(chain.from_iterable(parameters))
