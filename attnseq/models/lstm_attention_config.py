"""The keys of `model=lstm_attention`; PyTorch, and the model itself, are loaded once values are checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from omegaconf import MISSING

from attnseq.article.tutorial import TutorialStream
from attnseq.core.keys import ModelConfig, check_choice, check_range
from attnseq.datasets.task import AbsDifference
from attnseq.layers.weights import TutorialInitializer

if TYPE_CHECKING:
    from attnseq.models.lstm_attention import LSTMAttention


@dataclass
class LSTMAttentionConfig(ModelConfig):
    """`conf/model/lstm_attention.yaml`."""

    hidden_size: int = MISSING
    attention: str = MISSING
    recurrent_activation: str = MISSING

    def __post_init__(self) -> None:
        from attnseq.layers.attention import ATTENTIONS
        from attnseq.layers.lstm import RECURRENT_ACTIVATIONS

        super().__post_init__()
        check_range("model.hidden_size", self.hidden_size, 1, 65_536)
        check_choice("model.attention", self.attention, ATTENTIONS)
        check_choice("model.recurrent_activation", self.recurrent_activation, RECURRENT_ACTIVATIONS)

    def build(self, task: AbsDifference) -> "LSTMAttention":
        from attnseq.models.lstm_attention import LSTMAttention

        return LSTMAttention(task.length, task.base, self.hidden_size, self.attention, self.recurrent_activation)

    def tutorial_initializer(self, stream: TutorialStream) -> TutorialInitializer:
        draws = stream.lstm_draws(self.hidden_size, self.attention != "none")
        seeds = (draws.attention_op_seed, draws.input_op_seed, draws.output_op_seed)
        return TutorialInitializer([seed for seed in seeds if seed is not None], draws.recurrent_normal_HxG)

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int32]]:
        return stream.lstm_orders(self.hidden_size, self.attention != "none")
