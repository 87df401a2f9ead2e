"""The keys of `model=mlp_attention`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Reals, Spec
from attnseq.core.keys import key
from attnseq.models.config import MODELS, ModelConfig
from attnseq.models.control_kinds import BY_TRUTH, CONTROLS, WORDS

if TYPE_CHECKING:
    from attnseq.models.mlp_attention import MLPAttention


@MODELS.register("mlp_attention")
@dataclass
class MLPAttentionConfig(ModelConfig):
    """`conf/model/mlp_attention.yaml`."""

    hidden_size: int = key("H, units of the hidden layer", low=1, high=65_536)
    attention: str = key(
        "what the input is weighted by",
        choices={"time": "a weight a position", **CONTROLS, "none": "nothing: the baseline"},
    )

    @classmethod
    def takes(cls, spec: Spec) -> bool:
        """Tell whether a position is one number: the model multiplies it by a weight a position."""
        return not (isinstance(spec.inputs, Reals) and spec.inputs.features > 1)

    @property
    def words(self) -> str:
        if self.attention == "none":
            return "MLP without attention"
        return f"MLP with {f'{WORDS[self.attention]} ' if self.attention in WORDS else ''}attention to its input"

    @property
    def needs_truth(self) -> str:
        return "attention" if self.attention in BY_TRUTH else ""

    def build(self, spec: Spec) -> MLPAttention:
        from attnseq.models.mlp_attention import MLPAttention

        return MLPAttention(spec, self.hidden_size, self.attention)
