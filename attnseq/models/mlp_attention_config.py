"""The keys of `model=mlp_attention`; PyTorch, and the model itself, are loaded once values are checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from omegaconf import MISSING

from attnseq.article.tutorial import TutorialStream
from attnseq.core.keys import ModelConfig, check_choice, check_range
from attnseq.datasets.task import AbsDifference
from attnseq.layers.weights import TutorialInitializer

if TYPE_CHECKING:
    from attnseq.models.mlp_attention import MLPAttention


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

    def build(self, task: AbsDifference) -> "MLPAttention":
        from attnseq.models.mlp_attention import MLPAttention

        return MLPAttention(task.length, task.base, self.hidden_size, self.attention)

    def tutorial_initializer(self, stream: TutorialStream) -> TutorialInitializer:
        # without attention the other layers keep their kernels
        return TutorialInitializer(stream.mlp_op_seeds if self.attention == "time" else stream.mlp_op_seeds[1:])

    def tutorial_orders(self, stream: TutorialStream) -> Iterator[npt.NDArray[np.int32]]:
        return stream.mlp_orders()
