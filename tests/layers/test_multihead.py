"""Attention with several heads against torch.nn.MultiheadAttention, and under `torch.vmap`.

Shapes: P replicas, B batch, T positions, Q queries, H hidden units, M heads.
"""

import pytest
import torch
from plain_seq2seq import fill
from plain_transformer import attend, weighted_sum
from torch import Tensor

from attnseq.core.randomness import generator
from attnseq.layers.multihead import MultiHeadAttention
from attnseq.layers.weights import KerasInitializer

BATCH, POSITIONS, QUERIES, UNITS, HEADS = 4, 5, 3, 6, 2
PRESENT_BxT = torch.arange(POSITIONS) < torch.tensor([3, 1, 5, 4]).unsqueeze(-1)

masks = pytest.mark.parametrize("present_BxT", [None, PRESENT_BxT], ids=["whole", "padded"])


def random_attention(seed: int = 0) -> MultiHeadAttention:
    attention = MultiHeadAttention(UNITS, HEADS)
    fill(attention, seed)
    return attention


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@masks
def test_values_weights_and_gradients_equal_pytorchs(present_BxT: Tensor | None) -> None:
    attention = random_attention()
    queries, memory = normal(BATCH, QUERIES, UNITS).requires_grad_(), normal(BATCH, POSITIONS, UNITS, seed=2)
    memory.requires_grad_()
    seen = []
    for found in (
        attention(queries, memory, present_BxT),
        attend(attention, queries, memory, present_BxT),
    ):
        seen.append([*found, *torch.autograd.grad(weighted_sum(*found), [queries, memory, *attention.parameters()])])
    assert seen[0][1].shape == (BATCH, HEADS, QUERIES, POSITIONS)
    for mine, theirs in zip(*seen, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)


def test_padding_has_weight_0_in_every_head_and_changes_no_bit() -> None:
    attention, queries = random_attention(), normal(BATCH, QUERIES, UNITS)
    memory = normal(BATCH, POSITIONS, UNITS, seed=2)
    other = torch.where(PRESENT_BxT.unsqueeze(-1), memory, normal(BATCH, POSITIONS, UNITS, seed=3))
    contexts, weights = attention(queries, memory, PRESENT_BxT)
    its_contexts, its_weights = attention(queries, other, PRESENT_BxT)
    absent = (~PRESENT_BxT)[:, None, None].expand_as(weights)
    assert not weights[absent].any()
    assert weights[~absent].all()
    assert torch.equal(contexts, its_contexts)
    assert torch.equal(weights, its_weights)


@masks
def test_queries_that_all_samples_share_need_no_axis_of_samples(present_BxT: Tensor | None) -> None:
    attention, queries, memory = random_attention(), normal(QUERIES, UNITS), normal(BATCH, POSITIONS, UNITS, seed=2)
    shared = attention(queries, memory, present_BxT)
    for mine, its in zip(shared, attention(queries.expand(BATCH, -1, -1), memory, present_BxT), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-12, atol=1e-12)


def test_a_population_equals_its_members() -> None:
    members = [random_attention(seed) for seed in (0, 1)]
    parameters, _ = torch.func.stack_module_state(members)  # type: ignore[arg-type]
    queries, memory = normal(QUERIES, UNITS), normal(BATCH, POSITIONS, UNITS, seed=2)

    def one(parameters: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        contexts, weights = torch.func.functional_call(members[0], parameters, (queries, memory, PRESENT_BxT))
        return contexts, weights

    together = torch.vmap(one)(parameters)
    for replica, member in enumerate(members):
        for mine, its in zip(together, member(queries, memory, PRESENT_BxT), strict=True):
            torch.testing.assert_close(mine[replica], its, rtol=1e-12, atol=1e-12)


def test_fresh_parameters_fit() -> None:
    attention = MultiHeadAttention(UNITS, HEADS)
    fresh = dict(attention.initial("attention", KerasInitializer(generator(0, "weights"))))
    assert {name: value.shape for name, value in fresh.items()} == {
        f"attention.{name}": value.shape for name, value in attention.named_parameters()
    }
    assert not torch.equal(fresh["attention.query.weight"], fresh["attention.key.weight"])
