"""The article's LSTM. Attention over time steps, elements or features weights its one-hot input.

Shapes: B batch, T time steps, F features (the token values of a one-hot input), H hidden units, O outputs.
"""

from torch import Tensor, nn

from attnseq.contracts.batch import Batch, Output
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Spec
from attnseq.layers.attention import sequence_attention, uniform
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

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxTxF = one_hot(batch, self.spec.inputs, self.output.weight.dtype)
        if self.attention is None:
            attention = uniform(inputs_BxTxF, batch.present())
            weighted_BxTxF = inputs_BxTxF
        else:
            attention = self.attention(inputs_BxTxF, batch.present())
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
