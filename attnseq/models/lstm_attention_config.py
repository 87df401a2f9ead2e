"""The keys of `model=lstm_attention`; PyTorch, and the model itself, are loaded once values are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import MISSING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import check_choice, check_range
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.lstm_attention import LSTMAttention


@MODELS.register("lstm_attention")
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

    def build(self, spec: Spec) -> LSTMAttention:
        from attnseq.models.lstm_attention import LSTMAttention

        return LSTMAttention(spec, self.hidden_size, self.attention, self.recurrent_activation)
