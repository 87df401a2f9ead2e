"""The keys of `model=hard_attention`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import ConfigError, check_choice, key
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.hard_attention import HardAttention


@MODELS.register("hard_attention")
@dataclass
class HardAttentionConfig(ModelConfig):
    """`conf/model/hard_attention.yaml`."""

    glimpses: int = key("G, looks at the sequence, each at one position", low=1, high=64)
    hidden_size: int = key("H, units of the recurrent network, and features of what a look sees", low=1, high=65_536)
    policy_size: int = key(
        "hidden units of the policy, which says where to look", low=0, high=65_536, note="0: it is one affine layer"
    )
    estimator: str = key(
        "of the gradient by where the model looks",
        choices={
            "reinforce": "looks are drawn, and the likelier the smaller the loss, Williams 1992",
            "gumbel": "looks are drawn, and their gradient is that of a softmax, Jang et al. 2017",
        },
    )
    temperature: float = key(
        "of the softmax that looks are drawn from (reinforce), or whose gradient they get (gumbel)",
        low=0,
        open_low=True,
    )
    baseline: str = key(
        "what reinforce compares a sample's reward with",
        choices={"learnt": "what a layer makes of the state before a look, Mnih et al. 2014", "none": ""},
    )
    entropy_bonus: float = key("of reinforce: reward for each nat of the policy's entropy, in units of the loss", low=0)
    policy_trains: str = key(
        "what the gradient of reinforce changes",
        choices={
            "all": "the recurrent network, too: no bias",
            "policy": "the policy alone, as public implementations of Mnih et al. do",
        },
    )

    @property
    def words(self) -> str:
        looks = "one glimpse" if self.glimpses == 1 else f"{self.glimpses} glimpses"
        return f"hard attention of {looks} ({'REINFORCE' if self.estimator == 'reinforce' else 'Gumbel'})"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.estimator == "gumbel":  # the keys of reinforce would change nothing
            check_choice("model.estimator=gumbel with model.baseline", self.baseline, ["learnt"])
            check_choice("model.estimator=gumbel with model.policy_trains", self.policy_trains, ["all"])
            if self.entropy_bonus:
                raise ConfigError(f"model.estimator=gumbel with model.entropy_bonus={self.entropy_bonus}: must be 0")

    def build(self, spec: Spec) -> HardAttention:
        from attnseq.models.hard_attention import HardAttention

        return HardAttention(spec, self)
