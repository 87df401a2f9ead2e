"""An LSTM whose last state attends to all of its states: `model=lstm_attention model.placement=hidden`.

Shapes: B batch, T time steps, F features, H hidden units, O outputs.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnseq.contracts.batch import Attention, Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.alignment import SCORES, score_parameters
from attnseq.layers.attention import softmax
from attnseq.layers.encoding import features, one_hot, outputs, prediction
from attnseq.layers.lstm import LSTM
from attnseq.layers.weights import dense_parameters, lstm_parameters


class LSTMStates(Model):
    """LSTM(H), the context c of all states by the last state h, tanh(W [c; h]), Dense(O).

    It takes sequences of any length.

    Args:
        spec: of the task.
        hidden_size: H.
        score: "additive" (Bahdanau et al. 2015), "dot" or "general" (Luong et al. 2015).
        recurrent_activation: "hard_sigmoid" (Keras 2) or "sigmoid".

    Source: Luong et al. 2015 (arXiv:1508.04025), equation 5, with one query: many to one.
    """

    any_length: ClassVar[bool] = True

    def __init__(self, spec: Spec, hidden_size: int, score: str, recurrent_activation: str):
        super().__init__()
        self.spec = spec
        self.lstm = LSTM(features(spec.inputs), hidden_size, recurrent_activation)
        self.score = SCORES[score](hidden_size)
        self.combine = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))
        self.output = nn.Linear(hidden_size, outputs(spec.target))

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxTxF = one_hot(batch, self.spec.inputs, self.output.weight.dtype)
        states_BxTxH, last_BxH = self.lstm.states(inputs_BxTxF, batch.lengths)
        scores_BxT = self.score(last_BxH.unsqueeze(-2), states_BxTxH).squeeze(-2)
        weights_BxT = softmax(scores_BxT, batch.present())
        context_BxH = (weights_BxT.unsqueeze(-2) @ states_BxTxH).squeeze(-2)
        combined_BxH = torch.tanh(torch.cat((context_BxH, last_BxH), dim=-1) @ self.combine)
        answer = prediction(self.output(combined_BxH), self.spec.target)
        return Output(answer, {"states": Attention(weights_BxT, "BT")})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        parameters = dict(lstm_parameters("lstm", self.lstm, init)) | dict(score_parameters("score", self.score, init))
        width, units = self.combine.shape
        parameters["combine"] = torch.from_numpy(init.glorot_uniform((width, units)))
        return parameters | dict(dense_parameters("output", self.output, init))
