"""Attention rollout against numbers worked out by hand.

Shapes: B batch, T positions, M heads.
"""

import torch

from attnseq.layers.rollout import rollout


def test_two_layers_by_hand() -> None:
    """First layer: heads [[1, 0], [0, 1]] and [[0, 1], [0, 1]]; second: one of [[0, 1], [1, 0]].

    Mean of the first's heads: [[.5, .5], [0, 1]]; with half of itself: [[.75, .25], [0, 1]]. The second's:
    [[.5, .5], [.5, .5]]. Their product, the second one first: [[.375, .625], [.375, .625]].
    """
    first = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]])
    second = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])
    assert rollout([first]).tolist() == [[[0.75, 0.25], [0.0, 1.0]]]
    assert rollout([first, second]).tolist() == [[[0.375, 0.625], [0.375, 0.625]]]
    assert rollout([second, first]).tolist() == [[[0.5, 0.5], [0.5, 0.5]]]


def test_shares_sum_to_1_and_nothing_comes_from_padding() -> None:
    numbers = torch.Generator().manual_seed(0)
    scores_BxMxTxT = torch.randn(3, 2, 4, 4, generator=numbers, dtype=torch.float64)
    scores_BxMxTxT[..., 3] = -torch.inf  # of three positions and one that is padding
    shares_BxTxT = rollout([torch.softmax(scores_BxMxTxT * factor, dim=-1) for factor in (1, 3, 2)])
    torch.testing.assert_close(shares_BxTxT.sum(dim=-1), torch.ones(3, 4, dtype=torch.float64))
    assert not shares_BxTxT[:, :3, 3].any()
