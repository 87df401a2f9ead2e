"""Learned queries, one for each answer position, attend to the sequence; answers do not wait for each other.

Shapes: B batch, T positions, F features, K answer positions (1 unless the target is a sequence), H hidden units, O
outputs an answer position, S positions and, where answers have an end symbol, one key more.
"""

import math

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec, Tokens
from attnseq.layers.attention import softmax
from attnseq.layers.encoding import features, one_hot, outputs, prediction
from attnseq.layers.weights import dense_parameters


class QueryAttention(Model):
    """Scaled dot-product attention of K learned queries to the sequence, then the same Dense(O) for each of them.

    A key depends on the input and on its position, counted from the start and from the end; a value on the input
    alone. The model is non-autoregressive: no answer position sees another. Where answers have an end symbol, there is
    one more key and value, of no position: a query that finds no token of its own has nothing else to look at. What it
    gets is missing in the weights, which then sum to less than 1.

    Args:
        spec: of the task.
        hidden_size: H.

    Source: the scores of Vaswani et al. 2017 (arXiv:1706.03762); learned queries as in Lee et al. 2019, "Set
    Transformer" (arXiv:1810.00825), pooling by multihead attention, with one head; the key and value of no position as
    `add_bias_kv` of `torch.nn.MultiheadAttention`.
    """

    def __init__(self, spec: Spec, hidden_size: int):
        super().__init__()
        self.spec = spec
        positions, width = spec.inputs.length, features(spec.inputs)
        answers = spec.target.length if isinstance(spec.target, Tokens) else 1
        self.queries = nn.Parameter(torch.empty(answers, hidden_size))
        self.from_start = nn.Parameter(torch.empty(positions, hidden_size))
        self.from_end = nn.Parameter(torch.empty(positions, hidden_size))
        ends = isinstance(spec.target, Tokens) and spec.target.end
        self.no_key = nn.Parameter(torch.empty(1, hidden_size)) if ends else None
        self.no_value = nn.Parameter(torch.empty(1, hidden_size)) if ends else None
        self.key = nn.Parameter(torch.empty(width, hidden_size))  # a bias would move all scores of a query alike
        self.value = nn.Linear(width, hidden_size)
        self.output = nn.Linear(hidden_size, outputs(spec.target) // answers)

    @property
    def takes_weights(self) -> bool:
        return True

    def encode(self, batch: Batch) -> Tensor:
        return one_hot(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxTxF = self.encode(batch)
        present_BxS = batch.present()
        keys_BxSxH = inputs_BxTxF @ self.key + self.from_start + self._from_end(batch)
        values_BxSxH = self.value(inputs_BxTxF)
        if self.no_key is not None and self.no_value is not None:
            keys_BxSxH = _with_one_more(keys_BxSxH, self.no_key)
            values_BxSxH = _with_one_more(values_BxSxH, self.no_value)
            present_BxS = None if present_BxS is None else nn.functional.pad(present_BxS, (0, 1), value=True)
        scores_BxKxS = self.queries @ keys_BxSxH.transpose(-1, -2) / math.sqrt(self.queries.shape[-1])
        weights_BxKxS = softmax(scores_BxKxS, None if present_BxS is None else present_BxS.unsqueeze(-2))
        positions = inputs_BxTxF.shape[-2]
        if batch.weights is not None:
            weights_BxKxS = torch.cat((batch.weights, weights_BxKxS[..., positions:]), dim=-1)
        contexts_BxKxH = torch.tanh(weights_BxKxS @ values_BxSxH)
        outputs_BxO = self.output(contexts_BxKxH).flatten(-2)
        weights_BxKxT = weights_BxKxS[..., :positions]
        return Output(prediction(outputs_BxO, self.spec.target), {"alignment": Attention(weights_BxKxT, "BKT")})

    def _from_end(self, batch: Batch) -> Tensor:
        """Look up the vectors of distances from a sequence's last position: TxH, or BxTxH where lengths differ."""
        positions = self.from_end.shape[0]
        if batch.lengths is None:
            return self.from_end.flip(0)
        distances_BxT = batch.lengths.unsqueeze(-1) - 1 - torch.arange(positions, device=batch.inputs.device)
        return self.from_end[distances_BxT.clamp(min=0).long()]

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters = {
            name: torch.from_numpy(init.glorot_uniform((value.shape[0], value.shape[1])))
            for name, value in self.named_parameters(recurse=False)
        }
        for name, layer in (("value", self.value), ("output", self.output)):
            parameters |= dense_parameters(name, layer, init)
        return parameters


def _with_one_more(vectors_BxTxH: Tensor, vector_1xH: Tensor) -> Tensor:
    """Append the same vector to those of each sample: BxSxH."""
    return torch.cat((vectors_BxTxH, vector_1xH.expand(*vectors_BxTxH.shape[:-2], 1, -1)), dim=-2)
