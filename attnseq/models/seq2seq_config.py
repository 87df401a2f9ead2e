"""The keys of `model=seq2seq`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec, Tokens
from attnseq.core.keys import ConfigError, key
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.seq2seq import Seq2Seq


@MODELS.register("seq2seq")
@dataclass
class Seq2SeqConfig(ModelConfig):
    """`conf/model/seq2seq.yaml`."""

    hidden_size: int = key("H, units of the decoder, and of the encoder's directions together", low=1, high=65_536)
    embedding_size: int = key("E, features of an embedded token; 0: one-hot", low=0, high=65_536)
    cell: str = key("of encoder and decoder", choices={"lstm": "", "gru": ""})
    directions: str = key(
        "in which the encoder reads", choices={"one": "forwards", "both": "half of the units forwards, half backwards"}
    )
    attention: str = key(
        "how well the decoder's state q and the encoder's state h match",
        choices={
            "none": "no attention: the decoder sees the encoder's last state alone",
            "additive": "v tanh(W q + U h), Bahdanau et al. 2015",
            "dot": "q h, Luong et al. 2015",
            "general": "q W h, Luong et al. 2015",
        },
    )
    input_feeding: bool = key("whether the decoder reads its last attentional state with the next token")
    teacher_forcing: float = key(
        "share of training steps at which the decoder reads the right token before, drawn for each step of each sample;"
        " else it reads its own",
        low=0,
        high=1,
    )
    dropout: float = key(
        "share of the embedded tokens' features, and of the units before the last layer, dropped in training",
        low=0,
        high=0.99,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.directions == "both" and self.hidden_size % 2:
            raise ConfigError(f"model.hidden_size={self.hidden_size}: must be even with model.directions=both")

    @classmethod
    def takes(cls, spec: Spec) -> bool:
        """Tell whether answers are tokens."""
        return isinstance(spec.target, Tokens)

    @property
    def words(self) -> str:
        attention = "without attention" if self.attention == "none" else f"with {self.attention} attention"
        return f"{self.cell.upper()} encoder-decoder {attention}"

    def build(self, spec: Spec) -> Seq2Seq:
        from attnseq.models.seq2seq import Seq2Seq

        return Seq2Seq(spec, self)
