"""The keys of `model=mlp_attention`; PyTorch, and the model itself, are loaded once values are checked."""

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
    from attnseq.models.mlp_attention import MLPAttention


@MODELS.register("mlp_attention")
@dataclass
class MLPAttentionConfig(ModelConfig):
    """`conf/model/mlp_attention.yaml`."""

    hidden_size: int = key("H, units of the hidden layer", low=1, high=65_536)
    attention: str = key(
        "what the input is weighted by", choices={"time": "a weight a position", "none": "nothing: the baseline"}
    )

    def build(self, task: AbsDifference) -> "MLPAttention":
        from attnseq.models.mlp_attention import MLPAttention

        return MLPAttention(task.length, task.base, self.hidden_size, self.attention)

    def tutorial_initializer(self, stream: TutorialStream) -> TutorialInitializer:
        # without attention the other layers keep their kernels
        return TutorialInitializer(stream.mlp_op_seeds if self.attention == "time" else stream.mlp_op_seeds[1:])

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int32]]:
        return stream.mlp_orders()
