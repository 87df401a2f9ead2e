"""The keys of `model=lstm_attention`; PyTorch, and the model itself, are loaded once values are checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from attnseq.article.tutorial import TutorialStream
from attnseq.core.keys import key
from attnseq.datasets.task import AbsDifference
from attnseq.layers.weights import TutorialInitializer
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.lstm_attention import LSTMAttention


@MODELS.register("lstm_attention")
@dataclass
class LSTMAttentionConfig(ModelConfig):
    """`conf/model/lstm_attention.yaml`."""

    hidden_size: int = key("H, units of the LSTM", low=1, high=65_536)
    attention: str = key(
        "what the input's features are weighted by",
        choices={
            "time": "a weight a time step",
            "element": "a weight for each feature of each time step",
            "feature": "a weight a feature, shared by the time steps",
            "none": "nothing: the baseline",
        },
    )
    recurrent_activation: str = key(
        "of the gates", choices={"hard_sigmoid": "of Keras 2: clip(0.2 x + 0.5, 0, 1)", "sigmoid": ""}
    )

    def build(self, task: AbsDifference) -> "LSTMAttention":
        from attnseq.models.lstm_attention import LSTMAttention

        return LSTMAttention(task.length, task.base, self.hidden_size, self.attention, self.recurrent_activation)

    def tutorial_initializer(self, stream: TutorialStream) -> TutorialInitializer:
        draws = stream.lstm_draws(self.hidden_size, self.attention != "none")
        seeds = (draws.attention_op_seed, draws.input_op_seed, draws.output_op_seed)
        return TutorialInitializer([seed for seed in seeds if seed is not None], draws.recurrent_normal_HxG)

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int32]]:
        return stream.lstm_orders(self.hidden_size, self.attention != "none")
