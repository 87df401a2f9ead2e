"""The keys of `model=lstm_attention`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import key
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

    def build(self, spec: Spec) -> LSTMAttention:
        from attnseq.models.lstm_attention import LSTMAttention

        return LSTMAttention(spec, self.hidden_size, self.attention, self.recurrent_activation)
