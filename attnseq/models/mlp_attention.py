"""The article's multilayer perceptron, its input weighted by softmax attention, or plain.

Shapes: B batch, T positions, H hidden units, O outputs.
"""

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.attention import softmax, weighed
from attnseq.layers.controls import CONTROLS, Control
from attnseq.layers.encoding import outputs, prediction, scaled
from attnseq.layers.weights import dense_parameters

ATTENTIONS = ("time", *CONTROLS, "none")


class MLPAttention(Model):
    """Dense(T) with softmax over positions, times the scaled input, Dense(H) sigmoid, Dense(O).

    Args:
        spec: of the task; tokens, or real numbers with one feature.
        hidden_size: H; the article has H = T = 10.
        attention: "time" (a weight a position), one of `CONTROLS`, or "none" (the plain input, the baseline).

    Raises:
        ValueError: an unknown `attention`.
    """

    def __init__(self, spec: Spec, hidden_size: int, attention: str = "time"):
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(f"model.attention={attention}: must be one of {', '.join(ATTENTIONS)}")
        self.spec = spec
        positions = spec.inputs.length
        self.attention: nn.Linear | Control | None = None
        if attention != "none":
            self.attention = nn.Linear(positions, positions) if attention == "time" else Control(attention, positions)
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
        attention: dict[str, Attention] = {}
        if self.attention is not None:
            attention["input"] = its = weighed(batch, self._attend(self.attention, inputs_BxT, batch))
            inputs_BxT = inputs_BxT * its.weights
        hidden_BxH = torch.sigmoid(self.hidden(inputs_BxT))
        return Output(prediction(self.output(hidden_BxH), self.spec.target), attention)

    def _attend(self, layer: nn.Linear | Control, inputs_BxT: Tensor, batch: Batch) -> Attention:
        if isinstance(layer, Control):
            return layer(batch, inputs_BxT.dtype, self.truth)
        return Attention(softmax(layer(inputs_BxT), batch.present()), "BT")

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters: dict[str, Tensor] = {}
        if isinstance(self.attention, Control):
            parameters |= self.attention.initial("attention")
        elif self.attention is not None:
            parameters |= dense_parameters("attention", self.attention, init)
        for name, layer in {"hidden": self.hidden, "output": self.output}.items():
            parameters |= dense_parameters(name, layer, init)
        return parameters
