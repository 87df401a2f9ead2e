"""The article's LSTM, whose one-hot input is weighted by attention; and an LSTM that attends to its own states.

Shapes: B batch, T time steps, F features (the token values of a one-hot input), H hidden units, O outputs.
"""

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.alignment import SCORES, score_parameters
from attnseq.layers.attention import sequence_attention, softmax, uniform, weighed
from attnseq.layers.encoding import features, one_hot, outputs, prediction
from attnseq.layers.lstm import LSTM
from attnseq.layers.weights import dense_parameters, lstm_parameters


class LSTMAttention(Model):
    """Input times attention, LSTM(H), Dense(O).

    Args:
        spec: of the task.
        hidden_size: H; 64 in the article.
        attention: "time", "element", "feature" or "none" (the same recurrent part on the plain input, the baseline).
        recurrent_activation: "hard_sigmoid" (Keras 2, the article) or "sigmoid".

    Raises:
        ValueError: an unknown `attention` or `recurrent_activation`.
    """

    def __init__(self, spec: Spec, hidden_size: int, attention: str, recurrent_activation: str):
        super().__init__()
        self.spec = spec
        self.attention = sequence_attention(attention, spec.inputs.length)
        self.lstm = LSTM(features(spec.inputs), hidden_size, recurrent_activation)
        self.output = nn.Linear(hidden_size, outputs(spec.target))

    @property
    def attends(self) -> bool:
        return self.attention is not None

    @property
    def takes_weights(self) -> bool:
        return self.attends

    def encode(self, batch: Batch) -> Tensor:
        return one_hot(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxTxF = self.encode(batch)
        if self.attention is None:
            attention = uniform(inputs_BxTxF, batch.present())
            weighted_BxTxF = inputs_BxTxF
        else:
            attention = weighed(batch, self.attention(inputs_BxTxF, batch.present()))
            weights = attention.weights
            weighted_BxTxF = inputs_BxTxF * (weights.unsqueeze(-1) if attention.axes == "BT" else weights)
        hidden_BxH = self.lstm(weighted_BxTxF, batch.lengths)
        return Output(prediction(self.output(hidden_BxH), self.spec.target), {"input": attention})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters: dict[str, Tensor] = {}
        if self.attention is not None:
            parameters |= dense_parameters("attention.score", self.attention.score, init)
        parameters |= lstm_parameters("lstm", self.lstm, init)
        return parameters | dict(dense_parameters("output", self.output, init))


class LSTMStates(Model):
    """LSTM(H), the context c of all states by the last state h, tanh(W [c; h]), Dense(O).

    It takes sequences of any length, but gives no more answers to longer ones.

    Args:
        spec: of the task.
        hidden_size: H.
        score: "additive" (Bahdanau et al. 2015), "dot" or "general" (Luong et al. 2015).
        recurrent_activation: "hard_sigmoid" (Keras 2) or "sigmoid".

    Source: Luong et al. 2015 (arXiv:1508.04025), equation 5, with one query: many to one.
    """

    def __init__(self, spec: Spec, hidden_size: int, score: str, recurrent_activation: str):
        super().__init__()
        self.spec = spec
        self.any_length = not spec.grows
        self.lstm = LSTM(features(spec.inputs), hidden_size, recurrent_activation)
        self.score = SCORES[score](hidden_size)
        self.combine = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))
        self.output = nn.Linear(hidden_size, outputs(spec.target))

    @property
    def takes_weights(self) -> bool:
        return True

    def encode(self, batch: Batch) -> Tensor:
        return one_hot(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxTxF = self.encode(batch)
        states_BxTxH, last_BxH = self.lstm.states(inputs_BxTxF, batch.lengths)
        scores_BxT = self.score(last_BxH.unsqueeze(-2), states_BxTxH).squeeze(-2)
        attention = weighed(batch, Attention(softmax(scores_BxT, batch.present()), "BT"))
        context_BxH = (attention.weights.unsqueeze(-2) @ states_BxTxH).squeeze(-2)
        combined_BxH = torch.tanh(torch.cat((context_BxH, last_BxH), dim=-1) @ self.combine)
        answer = prediction(self.output(combined_BxH), self.spec.target)
        return Output(answer, {"states": attention})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters = dict(lstm_parameters("lstm", self.lstm, init)) | dict(score_parameters("score", self.score, init))
        width, units = self.combine.shape
        parameters["combine"] = torch.from_numpy(init.glorot_uniform((width, units)))
        return parameters | dict(dense_parameters("output", self.output, init))
