"""An encoder-decoder: a recurrent network reads the input, another one writes the answer and looks back.

Shapes: B batch, T positions, K answer positions, D vocabulary of the answer, E features of an embedded token, H hidden
units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec, Tokens
from attnseq.layers.beam import beam_search
from attnseq.layers.decoder import Decoder, Given, Source
from attnseq.layers.encoder import Encoder
from attnseq.layers.encoding import features, one_hot
from attnseq.layers.recurrence import Tensors

if TYPE_CHECKING:
    from attnseq.models.seq2seq_config import Seq2SeqConfig


class Seq2Seq(Model):
    """Encoder, decoder and attention; answers are decoded greedily, token after token, outside training.

    Args:
        spec: of the task; its target are tokens.
        config: sizes and kinds.

    Source: Sutskever et al. 2014 (arXiv:1409.3215); attention as in `layers.decoder`; teacher forcing drawn for each
    step as in Bengio et al. 2015, "Scheduled Sampling" (arXiv:1506.03099), at a constant rate.
    """

    any_length = True

    def __init__(self, spec: Spec, config: Seq2SeqConfig):
        super().__init__()
        assert isinstance(spec.target, Tokens)
        self.spec, self.config = spec, config
        self.vocabulary = spec.target.vocabulary
        size, units = config.embedding_size, config.hidden_size
        embeds = isinstance(spec.inputs, Tokens) and size > 0
        width = features(spec.inputs)
        self.source_embedding = nn.Parameter(torch.empty(width, size)) if embeds else None
        # the last row is that of the start symbol, which comes before the first token
        self.target_embedding = nn.Parameter(torch.empty(self.vocabulary + 1, size)) if size else None
        directions = 2 if config.directions == "both" else 1
        self.encoder = Encoder(size if embeds else width, units, config.cell, directions)
        read = size or self.vocabulary + 1
        self.decoder = Decoder(read, units, self.vocabulary, config.cell, config.attention, config.input_feeding)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        source = self.read(batch, training)
        answers = self.spec.answer_length(batch.inputs.shape[1])
        given = self._taught(batch) if training else self._own(batch.inputs.shape[0], answers)
        if batch.weights is not None and self.takes_weights:
            given = given._replace(weights_KxBxT=batch.weights.transpose(0, 1))
        dropout = self.config.dropout if training else 0.0
        logits_BxKxD, weights_BxKxT = self.decoder(source, given, self.embedding[:-1], dropout)
        attention = {} if weights_BxKxT is None else {"alignment": Attention(weights_BxKxT, "BKT")}
        return Output(logits_BxKxD, attention)

    def search(self, batch: Batch, beams: int) -> Output:
        source, target = self.read(batch), self.spec.target
        assert isinstance(target, Tokens)
        answers, end = self.spec.answer_length(batch.inputs.shape[1]), self.vocabulary - 1 if target.end else None
        speak = self.decoder.speak(source.repeated(beams), self.embedding)
        found = beam_search(speak, self.decoder.begin(source), self.vocabulary, beams, answers, end)
        said_BxKxD = torch.nn.functional.one_hot(found.tokens, self.vocabulary)
        attention = {} if found.weights is None else {"alignment": Attention(found.weights, "BKT")}
        return Output(said_BxKxD.log(), attention, {"log_probability": found.log_probability})

    @property
    def attends(self) -> bool:
        return self.decoder.score is not None

    @property
    def embedding(self) -> Tensor:
        """The rows that stand for the answer's tokens and the start symbol, (D + 1)xE."""
        if self.target_embedding is not None:
            return self.target_embedding
        weight = self.decoder.output.weight
        return torch.eye(self.vocabulary + 1, dtype=weight.dtype, device=weight.device)

    @property
    def takes_weights(self) -> bool:
        return self.attends

    def encode(self, batch: Batch) -> Tensor:
        inputs_BxTxF = one_hot(batch, self.spec.inputs, self.decoder.output.weight.dtype)
        if self.source_embedding is None or batch.encoded is not None:
            return inputs_BxTxF
        return inputs_BxTxF @ self.source_embedding

    def read(self, batch: Batch, training: bool = False) -> Source:
        """Read the inputs."""
        inputs_BxTxF = self.encode(batch)
        if training:
            inputs_BxTxF = self._dropped(batch, "source", inputs_BxTxF)
        present_BxT = batch.present()
        states_BxTxH, last = self.encoder(inputs_BxTxF, present_BxT)
        return Source(states_BxTxH, last, present_BxT)

    def draws(self, batch: Batch) -> Mapping[str, Sequence[int]]:
        samples, positions = batch.inputs.shape[:2]
        answers = self.spec.answer_length(positions)
        shapes: dict[str, Sequence[int]] = {}
        if 0 < self.config.teacher_forcing < 1:
            shapes["forced"] = (answers, samples, 1)
        if self.config.dropout:
            shapes["source"] = (samples, positions, len(self.encoder.forwards.kernel))
            shapes["target"] = (answers, samples, self.embedding.shape[-1])
            shapes["last"] = (answers, samples, self.config.hidden_size)
        return shapes

    def _dropped(self, batch: Batch, name: str, values: Tensor) -> Tensor:
        """Drop some of the values, and scale the others up (Srivastava et al. 2014)."""
        if not self.config.dropout:
            return values
        assert batch.draws is not None
        return values * (batch.draws[name] >= self.config.dropout) / (1.0 - self.config.dropout)

    def _taught(self, batch: Batch) -> Given:
        """Give the right tokens, each a step later, and say at which steps they are read."""
        right_BxK = batch.answers.long().clamp(min=0)
        start_Bx1 = torch.full_like(right_BxK[:, :1], self.vocabulary)
        before_KxB = torch.cat((start_Bx1, right_BxK[:, :-1]), dim=1).transpose(0, 1)
        kept: Tensors = ()
        if self.config.dropout:
            assert batch.draws is not None
            kept = tuple(batch.draws[name] >= self.config.dropout for name in ("target", "last"))
        return Given(self._embedded(before_KxB), self._forced(batch, before_KxB), kept)

    def _forced(self, batch: Batch, before_KxB: Tensor) -> Tensor | None:
        if self.config.teacher_forcing == 1:
            return None
        first_KxBx1 = (before_KxB == self.vocabulary).unsqueeze(-1)
        if self.config.teacher_forcing == 0:
            return first_KxBx1
        assert batch.draws is not None
        return first_KxBx1 | (batch.draws["forced"] < self.config.teacher_forcing)

    def _own(self, samples: int, answers: int) -> Given:
        """Give the start symbol, then nothing: the decoder reads its own tokens."""
        start_KxBxE = self.embedding[-1].expand(answers, samples, -1)
        first_K = torch.arange(answers, device=start_KxBxE.device) == 0
        return Given(start_KxBxE, first_K.view(-1, 1, 1).expand(answers, samples, 1))

    def _embedded(self, tokens: Tensor) -> Tensor:
        """Embed the answer's tokens, by a product: its gradient is one, too, and adds up in the same order anywhere."""
        embedding_DxE = self.embedding
        values_D = torch.arange(len(embedding_DxE), device=tokens.device)
        hot = (tokens.unsqueeze(-1) == values_D).to(embedding_DxE.dtype)
        return hot if self.target_embedding is None else hot @ embedding_DxE

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters: dict[str, Tensor] = {}
        for name in ("source_embedding", "target_embedding"):
            value = getattr(self, name)
            if value is not None:
                parameters[name] = torch.from_numpy(init.glorot_uniform(tuple(value.shape)))
        return parameters | dict(self.encoder.initial("encoder", init)) | dict(self.decoder.initial("decoder", init))
