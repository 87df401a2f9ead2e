"""Samples that are looked at in part, moved and cut, and what padding leaves of them."""

import pytest
import torch

from attnseq.contracts.batch import Attention, Batch, Output

LENGTHS_B = torch.tensor([1, 3, 2, 3, 1], dtype=torch.int32)
DRAWS = {"noise": torch.ones(4)}


def samples() -> Batch:
    inputs_BxT = torch.arange(15, dtype=torch.uint8).view(5, 3)
    return Batch(inputs_BxT, torch.arange(5.0), LENGTHS_B, torch.ones(5), DRAWS, inputs_BxT.double())


def test_what_a_sample_has() -> None:
    assert torch.equal(samples().answers, torch.arange(5.0))
    assert [values.dtype for values in samples().tensors] == [torch.uint8, torch.float32, torch.int32]
    unseen = Batch(torch.zeros(2, 3))
    assert len(unseen.tensors) == 1
    with pytest.raises(ValueError, match="not shown the targets"):
        _ = unseen.answers


def test_map_is_of_every_tensor_of_a_sample_and_of_no_draw() -> None:
    mapped = samples().map(lambda values: values + 1)
    assert mapped.inputs.tolist() == (samples().inputs + 1).tolist()
    assert mapped.targets.tolist() == [1, 2, 3, 4, 5]
    assert mapped.lengths.tolist() == [2, 4, 3, 4, 2]
    assert mapped.valid.tolist() == [2] * 5
    assert mapped.draws is DRAWS
    assert torch.equal(mapped.relevance, samples().relevance + 1)
    assert set(Batch(torch.zeros(2, 3)).map(lambda values: values + 1)[1:]) == {None}


def test_map_is_of_the_base_s_output_too() -> None:
    base = Output(torch.zeros(2), {"input": Attention(torch.zeros(2, 3), "BT")}, {"state": torch.zeros(2, 4)})
    first = samples()._replace(base=base).map(lambda values: values[:1] + 1).base
    assert first is not None
    assert (first.prediction.tolist(), first.attention["input"].axes, first.policy) == ([1], "BT", None)
    assert first.attention["input"].weights.tolist() == [[1, 1, 1]]
    assert first.extra["state"].tolist() == [[1, 1, 1, 1]]


@pytest.mark.parametrize(("number", "size"), [(0, 0), (2, 2), (5, 5), (9, 5)])
def test_first(number: int, size: int) -> None:
    first = samples().first(number)
    assert first.size == size
    assert first.inputs.tolist() == samples().inputs[:size].tolist()
    assert first.lengths.tolist() == LENGTHS_B[:size].tolist()


@pytest.mark.parametrize(("size", "sizes"), [(2, [2, 2, 1]), (5, [5]), (9, [5]), (1, [1] * 5), (0, [1] * 5)])
def test_pieces_are_all_samples_in_order(size: int, sizes: list[int]) -> None:
    pieces = list(samples().pieces(size))
    assert [piece.size for piece in pieces] == sizes
    for name in ("inputs", "targets", "lengths", "valid", "relevance"):
        assert torch.equal(torch.cat([getattr(piece, name) for piece in pieces]), getattr(samples(), name))


def test_to_moves_every_tensor_of_a_sample() -> None:
    moved = samples().to("meta")
    assert {values.device.type for values in moved.map(lambda values: values)[:4]} == {"meta"}


def test_present_positions_are_the_first_ones() -> None:
    present_BxT = samples().present()
    assert present_BxT.tolist() == [
        [True, False, False], [True, True, True], [True, True, False], [True, True, True], [True, False, False],
    ]  # fmt: skip
    assert samples()._replace(lengths=None).present() is None


def test_present_positions_of_a_population_s_replicas() -> None:
    lengths_PxB = torch.stack([LENGTHS_B, LENGTHS_B.flip(0)])
    inputs_PxBxT = samples().inputs.expand(2, -1, -1)
    together = torch.vmap(lambda inputs, lengths: Batch(inputs, lengths=lengths).present())(inputs_PxBxT, lengths_PxB)
    for replica in range(2):
        assert torch.equal(together[replica], Batch(inputs_PxBxT[replica], lengths=lengths_PxB[replica]).present())
