"""The article's LSTM, whose one-hot input is weighted by attention; and an LSTM that attends to its own states.

Shapes: B batch, T time steps, F features (the token values of a one-hot input), H hidden units, O outputs.
"""

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.alignment import SCORES, score_parameters
from attnseq.layers.attention import FeatureAttention, SequenceAttention, sequence_attention, softmax, weighed
from attnseq.layers.controls import CONTROLS, Control
from attnseq.layers.encoding import features, one_hot, outputs, prediction
from attnseq.layers.lstm import LSTM
from attnseq.layers.weights import dense_parameters, lstm_parameters


class LSTMAttention(Model):
    """Input times attention, LSTM(H), Dense(O).

    Args:
        spec: of the task.
        hidden_size: H; 64 in the article.
        attention: "time", "element", "feature", one of `CONTROLS`, or "none" (the same recurrent part on the plain
            input, the baseline).
        recurrent_activation: "hard_sigmoid" (Keras 2, the article) or "sigmoid".

    Raises:
        ValueError: an unknown `attention` or `recurrent_activation`.
    """

    def __init__(self, spec: Spec, hidden_size: int, attention: str, recurrent_activation: str):
        super().__init__()
        self.spec = spec
        positions = spec.inputs.length
        self.attention: SequenceAttention | Control | None = (
            Control(attention, positions) if attention in CONTROLS else sequence_attention(attention, positions)
        )
        self.lstm = LSTM(features(spec.inputs), hidden_size, recurrent_activation)
        self.output = nn.Linear(hidden_size, outputs(spec.target))

    @property
    def attends(self) -> bool:
        return self.attention is not None

    @property
    def takes_weights(self) -> bool:
        return self.attends

    @property
    def weighs_positions(self) -> bool:
        return not isinstance(self.attention, FeatureAttention)

    def encode(self, batch: Batch) -> Tensor:
        return one_hot(batch, self.spec.inputs, self.output.weight.dtype)

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxTxF = self.encode(batch)
        attention: dict[str, Attention] = {}
        if self.attention is not None:
            attention["input"] = its = weighed(batch, self._attend(self.attention, inputs_BxTxF, batch))
            inputs_BxTxF = inputs_BxTxF * (its.weights.unsqueeze(-1) if its.axes == "BT" else its.weights)
        hidden_BxH = self.lstm(inputs_BxTxF, batch.lengths)
        return Output(prediction(self.output(hidden_BxH), self.spec.target), attention)

    def _attend(self, layer: SequenceAttention | Control, inputs_BxTxF: Tensor, batch: Batch) -> Attention:
        if isinstance(layer, Control):
            return layer(batch, inputs_BxTxF.dtype, self.truth)
        return layer(inputs_BxTxF, batch.present())

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters: dict[str, Tensor] = {}
        if isinstance(self.attention, Control):
            parameters |= self.attention.initial("attention")
        elif self.attention is not None:
            parameters |= dense_parameters("attention.score", self.attention.score, init)
        parameters |= lstm_parameters("lstm", self.lstm, init)
        return parameters | dict(dense_parameters("output", self.output, init))


class LSTMStates(Model):
    """LSTM(H), the context c of all states by the last state h, tanh(W [c; h]), Dense(O).

    It takes sequences of any length, unless weights are learnt by position, but gives no more answers to longer ones.

    Args:
        spec: of the task.
        hidden_size: H.
        score: "additive" (Bahdanau et al. 2015), "dot" or "general" (Luong et al. 2015); or one of `CONTROLS`, in place
            of weights by how states match.
        recurrent_activation: "hard_sigmoid" (Keras 2) or "sigmoid".

    Source: Luong et al. 2015 (arXiv:1508.04025), equation 5, with one query: many to one.
    """

    def __init__(self, spec: Spec, hidden_size: int, score: str, recurrent_activation: str):
        super().__init__()
        self.spec = spec
        self.any_length = not spec.grows and score != "position"
        self.lstm = LSTM(features(spec.inputs), hidden_size, recurrent_activation)
        self.attention = Control(score, spec.inputs.length) if score in CONTROLS else None
        self.score = SCORES[score](hidden_size) if self.attention is None else None
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
        if self.score is not None:
            scores_BxT = self.score(last_BxH.unsqueeze(-2), states_BxTxH).squeeze(-2)
            attention = Attention(softmax(scores_BxT, batch.present()), "BT")
        else:
            assert self.attention is not None
            attention = self.attention(batch, states_BxTxH.dtype, self.truth)
        attention = weighed(batch, attention)
        context_BxH = (attention.weights.unsqueeze(-2) @ states_BxTxH).squeeze(-2)
        combined_BxH = torch.tanh(torch.cat((context_BxH, last_BxH), dim=-1) @ self.combine)
        answer = prediction(self.output(combined_BxH), self.spec.target)
        return Output(answer, {"states": attention})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters = dict(lstm_parameters("lstm", self.lstm, init))
        if self.score is not None:
            parameters |= score_parameters("score", self.score, init)
        if self.attention is not None:
            parameters |= self.attention.initial("attention")
        width, units = self.combine.shape
        parameters["combine"] = torch.from_numpy(init.glorot_uniform((width, units)))
        return parameters | dict(dense_parameters("output", self.output, init))
