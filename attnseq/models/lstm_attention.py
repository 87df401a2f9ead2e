"""The article's LSTM, its one-hot input weighted by attention over time steps, elements or features.

Shapes: B batch, T time steps, D digit values (features), H hidden units.
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
from attnseq.models.attention import ATTENTIONS, sequence_attention
from attnseq.models.initializers import lstm_bias
from attnseq.models.lstm import LSTM, RECURRENT_ACTIVATIONS
from attnseq.models.model import Model, ModelOutput, dense_parameters
from attnseq.models.weights import Initializer, TutorialInitializer
from attnseq.schema import ModelConfig, check_choice, check_range


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


@dataclass
class LSTMAttentionConfig(ModelConfig):
    """`conf/model/lstm_attention.yaml`."""

    hidden_size: int = MISSING
    attention: str = MISSING
    recurrent_activation: str = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("model.hidden_size", self.hidden_size, 1, 65_536)
        check_choice("model.attention", self.attention, ATTENTIONS)
        check_choice("model.recurrent_activation", self.recurrent_activation, RECURRENT_ACTIVATIONS)

    def build(self, task: AbsDifference) -> LSTMAttention:
        return LSTMAttention(task.length, task.base, self.hidden_size, self.attention, self.recurrent_activation)

    def tutorial_initializer(self, stream: TutorialStream) -> TutorialInitializer:
        draws = stream.lstm_draws(self.hidden_size, self.attention != "none")
        seeds = (draws.attention_op_seed, draws.input_op_seed, draws.output_op_seed)
        return TutorialInitializer([seed for seed in seeds if seed is not None], draws.recurrent_normal_HxG)

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int32]]:
        return stream.lstm_orders(self.hidden_size, self.attention != "none")
