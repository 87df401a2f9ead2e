"""The keys of `model=lstm_attention`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import check_choice, key
from attnseq.models.config import MODELS, ModelConfig
from attnseq.models.control_kinds import BY_TRUTH, CONTROLS, WORDS

if TYPE_CHECKING:
    from attnseq.models.lstm_attention import LSTMAttention, LSTMStates

USUAL_SCORE = "additive"
"""Of states, where `score=auto`."""
KINDS = {
    "time": "with attention to its input",
    "element": "with element-wise attention",
    "feature": "with feature-wise attention",
    "none": "without attention",
    **{control: f"with {word} attention to its input" for control, word in WORDS.items()},
}
"""What attention there is to the input, in words."""


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
            **CONTROLS,
            "none": "nothing: the baseline",
        },
    )
    placement: str = key(
        "what is weighted",
        choices={"input": "before the LSTM", "hidden": "its states, by how they match the last one: any length"},
    )
    score: str = key(
        "what weights are made of",
        choices={
            "auto": "dense on the input, additive on states",
            "dense": "on the input: an affine layer over the time steps",
            "additive": "on states: v tanh(W q + U h), Bahdanau et al. 2015",
            "dot": "on states: q h, Luong et al. 2015",
            "general": "on states: q W h, Luong et al. 2015",
        },
    )
    recurrent_activation: str = key(
        "of the gates", choices={"hard_sigmoid": "of Keras 2: clip(0.2 x + 0.5, 0, 1)", "sigmoid": ""}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.placement == "hidden":
            check_choice("model.placement=hidden with model.attention", self.attention, ["time", *CONTROLS])
        if self.attention in CONTROLS:
            check_choice(f"model.attention={self.attention} with model.score", self.score, ["auto"])
        allowed = ["auto", "dense"] if self.placement == "input" else ["auto", "additive", "dot", "general"]
        check_choice(f"model.placement={self.placement} with model.score", self.score, allowed)

    @property
    def words(self) -> str:
        if self.placement == "hidden":
            return f"LSTM with {f'{WORDS[self.attention]} ' if self.attention in WORDS else ''}attention to its states"
        return f"LSTM {KINDS[self.attention]}"

    @property
    def needs_truth(self) -> str:
        return "attention" if self.attention in BY_TRUTH else ""

    def build(self, spec: Spec) -> LSTMAttention | LSTMStates:
        from attnseq.models.lstm_attention import LSTMAttention, LSTMStates

        if self.placement == "hidden":
            usual = self.attention if self.attention in CONTROLS else USUAL_SCORE
            score = usual if self.score == "auto" else self.score
            return LSTMStates(spec, self.hidden_size, score, self.recurrent_activation)
        return LSTMAttention(spec, self.hidden_size, self.attention, self.recurrent_activation)
