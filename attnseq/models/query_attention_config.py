"""The keys of `model=query_attention`; values are checked before PyTorch and the model itself are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnseq.contracts.spec import Spec
from attnseq.core.keys import key
from attnseq.models.config import MODELS, ModelConfig

if TYPE_CHECKING:
    from attnseq.models.query_attention import QueryAttention


@MODELS.register("query_attention")
@dataclass
class QueryAttentionConfig(ModelConfig):
    """`conf/model/query_attention.yaml`."""

    hidden_size: int = key("H, of queries, keys and values", low=1, high=65_536)

    @property
    def words(self) -> str:
        return "query attention"

    def build(self, spec: Spec) -> QueryAttention:
        from attnseq.models.query_attention import QueryAttention

        return QueryAttention(spec, self.hidden_size)
