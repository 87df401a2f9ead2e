"""Tiny populations of every kind, and batches for them.

Shapes: P replicas, W parameters of one replica, S steps a call, B batch, T positions, K answer positions.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from attnseq.contracts.batch import NO_TOKEN, Attention, Batch, Output
from attnseq.contracts.examples import token_type
from attnseq.contracts.model import Initializer, Model
from attnseq.contracts.spec import Scalar, Spec, Tokens
from attnseq.core.randomness import generator
from attnseq.layers.encoding import scaled
from attnseq.layers.weights import KerasInitializer
from attnseq.models.hard_attention_config import HardAttentionConfig
from attnseq.models.lstm_attention import LSTMAttention
from attnseq.models.mlp_attention import MLPAttention
from attnseq.models.query_attention import QueryAttention
from attnseq.models.seq2seq_config import Seq2SeqConfig
from attnseq.models.transformer_config import TransformerConfig
from attnseq.objectives.cross_entropy import CrossEntropy
from attnseq.objectives.mse import MeanSquaredError
from attnseq.training.population import FlatModel, PopulationState, Recipe, Settings
from attnseq.training.replicas import stack_settings

POSITIONS, BASE, BATCH = 4, 5, 6
CPU = torch.device("cpu")
NUMBER = Spec(Tokens(POSITIONS, BASE), Scalar())
SEQUENCE = Spec(
    Tokens(POSITIONS, BASE, padded=True), Tokens(POSITIONS + 1, BASE + 1, padded=True, end=True), grows=True
)

MODELS = ["mlp", "lstm", "query", "transformer", "seq2seq"]
"""Of a number, twice, and of a sequence from sequences of lengths that differ, three times."""

DRAWING = ["noisy", "drawn", "noisy drawn", "seq2seq drawn", "reinforce", "gumbel"]
"""What draws random numbers in a step: an MLP with noise on its weights, a model with draws of its own, and both; an
encoder-decoder that draws what it reads, and drops some of it; and models that draw where they look."""


class Drawn(Model):
    """The sum of the weighted inputs, each of which a draw scales.

    Args:
        name: of the draw.
    """

    def __init__(self, name: str = "scale"):
        super().__init__()
        self.weight_T, self.draw = torch.nn.Parameter(torch.empty(POSITIONS)), name

    def forward(self, batch: Batch, training: bool = False) -> Output:
        inputs_BxT = scaled(batch, NUMBER.inputs, self.weight_T.dtype)
        if batch.draws is not None:
            inputs_BxT = inputs_BxT * batch.draws[self.draw]
        shares_BxT = torch.softmax(inputs_BxT, dim=-1)
        return Output((inputs_BxT * self.weight_T).sum(dim=-1), {"input": Attention(shares_BxT, "BT")})

    def initial_parameters(self, init: Initializer) -> dict[str, Tensor]:
        return {"weight_T": torch.from_numpy(init.glorot_uniform((1, POSITIONS))[0])}

    def draws(self, batch: Batch) -> Mapping[str, Sequence[int]]:
        return {self.draw: (batch.size, POSITIONS)}


def recipe(name: str, adam: str = "keras", hidden_size: int = 3) -> Recipe:
    """Of one of `MODELS` or `DRAWING`."""
    if "seq2seq" in name:
        flat = FlatModel(seq2seq(2 * hidden_size, "drawn" in name).build(SEQUENCE))
        return Recipe(flat, SEQUENCE, CrossEntropy(SEQUENCE.target), adam)
    if name == "transformer":
        flat = FlatModel(transformer(2 * hidden_size).build(SEQUENCE))
        return Recipe(flat, SEQUENCE, CrossEntropy(SEQUENCE.target), adam)
    if name == "query":
        return Recipe(FlatModel(QueryAttention(SEQUENCE, hidden_size)), SEQUENCE, CrossEntropy(SEQUENCE.target), adam)
    if name in ("reinforce", "gumbel"):
        return of_number(hard_attention(hidden_size, name).build(NUMBER), adam)
    if name == "lstm":
        return of_number(LSTMAttention(NUMBER, hidden_size, "time", "hard_sigmoid"), adam)
    model = Drawn() if "drawn" in name else MLPAttention(NUMBER, hidden_size)
    return of_number(model, adam, weight_noise="noisy" in name)


def seq2seq(hidden_size: int, drawn: bool) -> Seq2SeqConfig:
    """Between the two, each kind of what an encoder-decoder can be."""
    if drawn:
        kind = {"cell": "gru", "directions": "one", "attention": "dot", "input_feeding": False, "teacher_forcing": 0.5}
    else:
        kind = {"cell": "lstm", "directions": "both", "attention": "additive", "input_feeding": True}
    usual = {"embedding_size": 2, "hidden_size": hidden_size, "teacher_forcing": 1.0, "dropout": 0.25 * drawn}
    return Seq2SeqConfig(name="seq2seq", init="auto", **usual | kind)  # type: ignore[arg-type]


def hard_attention(hidden_size: int, estimator: str) -> HardAttentionConfig:
    """Of three looks, with all that its loss can have."""
    kind = {"temperature": 0.7, "baseline": "learnt", "policy_trains": "all"}
    kind["entropy_bonus"] = 0.01 if estimator == "reinforce" else 0.0
    sizes = {"glimpses": 3, "hidden_size": hidden_size, "policy_size": 2, "estimator": estimator}
    return HardAttentionConfig(name="hard_attention", init="auto", **sizes | kind)  # type: ignore[arg-type]


def transformer(hidden_size: int) -> TransformerConfig:
    """Of one layer, which counts in sinusoids, and whose attention is followed back to the input."""
    kind = {"layers": 1, "heads": 2, "feed_forward_size": 3, "positions": "sinusoidal", "explains": "rollout"}
    return TransformerConfig(name="transformer", init="auto", hidden_size=hidden_size, **kind)  # type: ignore[arg-type]


def of_number(model: Model, adam: str = "keras", weight_noise: bool = False) -> Recipe:
    """Of a model that predicts a number."""
    return Recipe(FlatModel(model), NUMBER, MeanSquaredError(NUMBER.target), adam, weight_noise)


def fresh(recipe: Recipe, replicas: int) -> Tensor:
    """parameters_PxW, of each replica from a seed of its own."""
    inits = [KerasInitializer(generator(seed, "weights")) for seed in range(replicas)]
    return torch.stack([recipe.flat.flatten(recipe.flat.model.initial_parameters(init)) for init in inits])


def settings(replicas: int) -> Settings:
    """Of which no two replicas have the same; the first one has no noise."""
    rows = [
        (1e-3 * 3 ** (k % 3), 0.9 - 0.1 * k, 0.999 - 0.009 * k, 1e-7, 0.0, 0.02 * k, (5 * k - 1) % 2**32)
        for k in range(replicas)
    ]
    return stack_settings(rows, CPU)


def samples(recipe: Recipe, shape: Sequence[int], seed: int = 0) -> list[Tensor]:
    """Random samples of a task: inputs, targets, and lengths where they differ, of `shape` each."""
    numbers = torch.Generator().manual_seed(seed)
    kind = recipe.spec.inputs
    assert isinstance(kind, Tokens)
    inputs = torch.randint(0, BASE, (*shape, POSITIONS), generator=numbers, dtype=token_type(kind))
    if not kind.padded:
        return [inputs, torch.rand(*shape, generator=numbers)]
    lengths = torch.randint(1, POSITIONS + 1, shape, generator=numbers, dtype=torch.int32)
    present = torch.arange(POSITIONS) < lengths.unsqueeze(-1)
    targets = torch.randint(0, BASE, (*shape, POSITIONS), generator=numbers, dtype=torch.int32)
    answers = torch.nn.functional.pad(targets.masked_fill(~present, NO_TOKEN), (0, 1), value=NO_TOKEN)
    return [inputs * present, answers.scatter(-1, lengths.long().unsqueeze(-1), BASE), lengths]


def call_of(recipe: Recipe, replicas: int, steps: int, seed: int = 0) -> list[Tensor]:
    """What `Steps` take of one call: samples_PxSxB..., valid_SxB[, place_Sx2]; the steps follow each other."""
    valid_SxB = torch.ones(steps, BATCH)
    place_Sx2 = torch.stack((torch.full((steps,), seed), torch.arange(steps)), dim=-1)
    return [*samples(recipe, (replicas, steps, BATCH), seed), valid_SxB, *([place_Sx2] if recipe.is_drawn else [])]


def of_replicas(recipe: Recipe, call: Sequence[Tensor], rows: slice) -> list[Tensor]:
    """A call of some of its replicas."""
    count = recipe.sample_tensors
    return [*(values[rows].contiguous() for values in call[:count]), *call[count:]]


def of_steps(recipe: Recipe, call: Sequence[Tensor], steps: slice | list[int]) -> list[Tensor]:
    """A call of some of its steps."""
    count = recipe.sample_tensors
    return [*(values[:, steps] for values in call[:count]), *(values[steps] for values in call[count:])]


def batch_of(recipe: Recipe, call: Sequence[Tensor], step: int = 0) -> Batch:
    """The batch of one step, an axis P before those of its tensors, `valid` excepted."""
    count = recipe.sample_tensors
    return Batch(*(values[:, step] for values in call[:count]))._replace(valid=call[count][step])


def rows(values: tuple[Tensor, ...], index: int) -> list[Tensor]:
    return [value[index : index + 1] for value in values]


def copy(state: PopulationState) -> PopulationState:
    return PopulationState(*(value.clone() for value in state))


def same_bits(mine: PopulationState, theirs: PopulationState) -> bool:
    """Equal, a NaN equal to a NaN."""
    return all(torch.allclose(a, b, rtol=0, atol=0, equal_nan=True) for a, b in zip(mine, theirs, strict=True))
