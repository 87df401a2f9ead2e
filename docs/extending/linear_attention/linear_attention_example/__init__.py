"""Attention-weighted inputs, added up: the smallest model with attention.

Shapes: B batch, T positions.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.attention import softmax
from attnseq.layers.encoding import outputs, prediction, scaled
from attnseq.layers.weights import dense_parameters
from attnseq.models.config import MODELS, ModelConfig


class LinearAttention(Model):
    """Softmax over a Dense(T) of the scaled input, times the input, Dense."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.spec = spec
        self.attention = nn.Linear(spec.inputs.length, spec.inputs.length)
        self.output = nn.Linear(spec.inputs.length, outputs(spec.target))

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxT = scaled(batch, self.spec.inputs, self.output.weight.dtype)
        weights_BxT = softmax(self.attention(inputs_BxT), batch.present())
        answer = prediction(self.output(inputs_BxT * weights_BxT), self.spec.target)
        return Output(answer, {"input": Attention(weights_BxT, "BT")})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        layers = {"attention": self.attention, "output": self.output}
        return {key: value for name, layer in layers.items() for key, value in dense_parameters(name, layer, init)}


@MODELS.register("linear_attention")
@dataclass
class LinearAttentionConfig(ModelConfig):
    """`conf/model/linear_attention.yaml`."""

    def build(self, spec: Spec) -> LinearAttention:
        return LinearAttention(spec)
