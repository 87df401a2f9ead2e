"""The keys of `model=mlp_attention`; PyTorch, and the model itself, are loaded once values are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omegaconf import MISSING

from attnseq.contracts.spec import Reals, Spec
from attnseq.core.keys import check_choice, check_range
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.mlp_attention import MLPAttention


@MODELS.register("mlp_attention")
@dataclass
class MLPAttentionConfig(ModelConfig):
    """`conf/model/mlp_attention.yaml`."""

    hidden_size: int = MISSING
    attention: str = MISSING

    def __post_init__(self) -> None:
        from attnseq.models.mlp_attention import ATTENTIONS

        super().__post_init__()
        check_range("model.hidden_size", self.hidden_size, 1, 65_536)
        check_choice("model.attention", self.attention, ATTENTIONS)

    @classmethod
    def takes(cls, spec: Spec) -> bool:
        """It has a weight a position, and multiplies one number by it."""
        return not (isinstance(spec.inputs, Reals) and spec.inputs.features > 1)

    def build(self, spec: Spec) -> MLPAttention:
        from attnseq.models.mlp_attention import MLPAttention

        return MLPAttention(spec, self.hidden_size, self.attention)
