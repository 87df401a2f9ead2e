"""The article's multilayer perceptron, its input weighted by softmax attention.

Shapes: B batch, T positions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from omegaconf import MISSING
from torch import Tensor, nn

from attnseq.datasets.task import AbsDifference
from attnseq.datasets.tutorial import TutorialStream
from attnseq.models.model import Model, ModelOutput, dense_parameters
from attnseq.models.weights import Initializer, TutorialInitializer
from attnseq.schema import ModelConfig, check_range


class MLPAttention(Model):
    """Dense(T) with softmax over positions, times the scaled input, Dense(H) sigmoid, Dense(1) sigmoid.

    Args:
        positions: T.
        base: of the digits; they are scaled to digit / base, as the notebook's X / 10.
        hidden_size: H; the article has H = T = 10.
    """

    def __init__(self, positions: int, base: int, hidden_size: int):
        super().__init__()
        self.base = base
        self.attention = nn.Linear(positions, positions)
        self.hidden = nn.Linear(positions, hidden_size)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, digits_BxT: Tensor) -> ModelOutput:
        inputs_BxT = digits_BxT.to(self.output.weight.dtype) / self.base
        attention_BxT = torch.softmax(self.attention(inputs_BxT), dim=-1)
        hidden_BxH = torch.sigmoid(self.hidden(inputs_BxT * attention_BxT))
        return ModelOutput(torch.sigmoid(self.output(hidden_BxH)).squeeze(-1), attention_BxT)

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        layers = {"attention": self.attention, "hidden": self.hidden, "output": self.output}
        return {key: value for name, layer in layers.items() for key, value in dense_parameters(name, layer, init)}


@dataclass
class MLPAttentionConfig(ModelConfig):
    """`conf/model/mlp_attention.yaml`."""

    hidden_size: int = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("model.hidden_size", self.hidden_size, 1, 65_536)

    def build(self, task: AbsDifference) -> MLPAttention:
        return MLPAttention(task.length, task.base, self.hidden_size)

    def tutorial_initializer(self, stream: TutorialStream) -> TutorialInitializer:
        return TutorialInitializer(stream.mlp_op_seeds)

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int64]]:
        return stream.mlp_orders()
