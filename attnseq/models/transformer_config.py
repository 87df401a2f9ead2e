"""The keys of `model=transformer`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import ConfigError, key
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.transformer import Transformer


@MODELS.register("transformer")
@dataclass
class TransformerConfig(ModelConfig):
    """`conf/model/transformer.yaml`."""

    layers: int = key("of the encoder", low=1, high=64)
    heads: int = key("M, of each layer, and of the queries of answers; divides hidden_size", low=1, high=65_536)
    hidden_size: int = key("H, width of the vectors that stand for positions", low=1, high=65_536)
    feed_forward_size: int = key("hidden units of the feed-forward part of each layer", low=1, high=262_144)
    positions: str = key(
        "what tells positions apart",
        choices={
            "learnt": "a vector a position",
            "sinusoidal": "sines and cosines, Vaswani et al. 2017: any length",
            "none": "nothing: the order of the input does not matter",
        },
    )
    explains: str = key(
        "what counts as attention over the input",
        choices={
            "query": "what the queries of answers attend to, behind the last layer",
            "rollout": "that, followed through all layers back to the input, Abnar & Zuidema 2020",
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden_size % self.heads:
            raise ConfigError(f"model.heads={self.heads}: must divide model.hidden_size={self.hidden_size}")

    @property
    def words(self) -> str:
        layers = "one layer" if self.layers == 1 else f"{self.layers} layers"
        return f"transformer of {layers}" + (", attention followed to its input" if self.explains == "rollout" else "")

    def build(self, spec: Spec) -> Transformer:
        from attnseq.models.transformer import Transformer

        return Transformer(spec, self)
