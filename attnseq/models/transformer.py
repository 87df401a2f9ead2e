"""Self-attention: the positions attend to each other, layer by layer; then a query for each answer attends to them.

Shapes: B batch, T positions, F features, K answer positions (1 unless the target is a sequence), H hidden units,
M heads, O outputs an answer position.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec, Tokens
from attnseq.layers.encoding import features, one_hot, outputs, prediction
from attnseq.layers.positions import LearntPositions, sinusoids
from attnseq.layers.rollout import rollout
from attnseq.layers.transformer_layer import TransformerLayer, norm_parameters
from attnseq.layers.weights import dense_parameters

if TYPE_CHECKING:
    from attnseq.models.transformer_config import TransformerConfig


class Transformer(Model):
    """An encoder, and one more layer whose queries, one for each answer position, attend to what it made of the input.

    Queries are learnt, or sinusoids where positions are, so that there is one for any answer position. They read a
    number, a class and tokens in the same way, tokens all at once: no query sees what another finds. The mean over
    positions, a usual way to read a number or a class, would have no weights to look at.

    Args:
        spec: of the task.
        config: sizes and kinds.

    Source: Vaswani et al. 2017, "Attention Is All You Need" (arXiv:1706.03762); learned queries as in Lee et al. 2019,
    "Set Transformer" (arXiv:1810.00825), pooling by multihead attention.
    """

    def __init__(self, spec: Spec, config: TransformerConfig):
        super().__init__()
        self.spec, self.config = spec, config
        is_sinusoidal, units = config.positions == "sinusoidal", config.hidden_size
        self.any_length = is_sinusoidal or (config.positions == "none" and not spec.grows)
        answers = spec.answer_length(spec.inputs.length)
        self.embedding = nn.Linear(features(spec.inputs), units)
        self.positions = LearntPositions(spec.inputs.length, units) if config.positions == "learnt" else None
        self.queries = None if is_sinusoidal else LearntPositions(answers, units)
        self.layers = nn.ModuleList(self._layer() for _ in range(config.layers))
        self.norm = nn.LayerNorm(units)
        self.reading = self._layer()
        self.reading_norm = nn.LayerNorm(units)
        self.output = nn.Linear(units, outputs(spec.target) // answers)

    def _layer(self) -> TransformerLayer:
        return TransformerLayer(self.config.hidden_size, self.config.heads, self.config.feed_forward_size)

    @property
    def takes_weights(self) -> bool:
        return self.config.heads == 1 and self.config.explains == "query"  # else they are means or products of weights

    def encode(self, batch: Batch) -> Tensor:
        return one_hot(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        present_BxT, target = batch.present(), self.spec.target
        vectors_BxTxH, weights = self.read(batch)
        queries_KxH = self._vectors(self.queries, self.spec.answer_length(batch.inputs.shape[1]), vectors_BxTxH)
        given = batch.weights.unsqueeze(-3) if batch.weights is not None and self.takes_weights else None
        read_BxKxH, weights_BxMxKxT = self.reading(queries_KxH, present_BxT, vectors_BxTxH, given)
        outputs_BxKxO = self.output(self.reading_norm(read_BxKxH))
        answer = outputs_BxKxO if isinstance(target, Tokens) else prediction(outputs_BxKxO.squeeze(-2), target)
        weights_BxKxT = weights_BxMxKxT.mean(dim=-3)
        if self.config.explains == "rollout":
            weights_BxKxT = weights_BxKxT @ rollout(weights)
        layers = {f"layer{number}": Attention(each, "BMTT") for number, each in enumerate(weights, 1)}
        return Output(answer, {self.config.explains: Attention(weights_BxKxT, "BKT"), **layers})

    def read(self, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """Read the inputs: vectors_BxTxH, normalised, and weights_BxMxTxT of each layer."""
        vectors_BxTxH = self.embedding(self.encode(batch)) * math.sqrt(self.config.hidden_size)
        if self.config.positions != "none":
            vectors_BxTxH = vectors_BxTxH + self._vectors(self.positions, batch.inputs.shape[1], vectors_BxTxH)
        present_BxT, weights = batch.present(), []
        for layer in self.layers:
            vectors_BxTxH, weights_BxMxTxT = layer(vectors_BxTxH, present_BxT)
            weights.append(weights_BxMxTxT)
        return self.norm(vectors_BxTxH), weights

    @staticmethod
    def _vectors(learnt: LearntPositions | None, positions: int, like: Tensor) -> Tensor:
        """Return a vector for each of the first positions of the input, or of the answer."""
        return sinusoids(positions, like) if learnt is None else learnt(positions)

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters = dict(dense_parameters("embedding", self.embedding, init))
        for name in ("positions", "queries"):
            learnt = getattr(self, name)
            if learnt is not None:
                parameters |= learnt.initial(name, init)
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, TransformerLayer)
            parameters |= dict(layer.initial(f"layers.{number}", init))
        parameters |= dict(norm_parameters("norm", self.norm)) | dict(self.reading.initial("reading", init))
        parameters |= dict(norm_parameters("reading_norm", self.reading_norm))
        output = dict(dense_parameters("output", self.output, init))
        # what it reads is of unit variance: without this, a fresh model would be sure of random answers
        output["output.weight"] = output["output.weight"] / math.sqrt(self.config.hidden_size)
        return parameters | output
