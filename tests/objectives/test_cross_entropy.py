"""Cross-entropy of each sample, against PyTorch's; tokens where an answer has ended count nothing.

Shapes: B batch, K answer positions, C classes, D vocabulary.
"""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from attnseq.contracts.batch import NO_TOKEN, Batch, Output
from attnseq.contracts.spec import Classes, Tokens
from attnseq.objectives.cross_entropy import CrossEntropy

BATCH, ANSWERS, VOCABULARY = 5, 4, 6
LENGTHS_B = torch.tensor([4, 1, 3, 2, 4])
FLOATS = [torch.float32, torch.float64]


def logits(*shape: int, dtype: torch.dtype) -> Tensor:
    numbers = torch.Generator().manual_seed(0)
    return (5 * torch.randn(shape, dtype=dtype, generator=numbers)).requires_grad_()


def tokens() -> Tensor:
    targets_BxK = torch.randint(0, VOCABULARY, (BATCH, ANSWERS), generator=torch.Generator().manual_seed(1))
    return targets_BxK.masked_fill(torch.arange(ANSWERS) >= LENGTHS_B[:, None], NO_TOKEN).int()


def losses(target: Classes | Tokens, prediction: Tensor, targets: Tensor) -> Tensor:
    return CrossEntropy(target)(Output(prediction), Batch(torch.zeros(len(targets), 1), targets))


def assert_same(mine_B: Tensor, theirs_B: Tensor, prediction: Tensor) -> None:
    """In values, and in gradients of a sum in which every sample has a weight of its own."""
    torch.testing.assert_close(mine_B, theirs_B)
    weights_B = torch.arange(1.0, len(mine_B) + 1, dtype=mine_B.dtype)
    mine, theirs = (torch.autograd.grad((weights_B * each).sum(), prediction)[0] for each in (mine_B, theirs_B))
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("dtype", FLOATS)
def test_of_classes_it_is_pytorchs(dtype: torch.dtype) -> None:
    logits_BxC, targets_B = logits(BATCH, 3, dtype=dtype), torch.tensor([0, 2, 1, 1, 0], dtype=torch.int32)
    expected_B = functional.cross_entropy(logits_BxC, targets_B.long(), reduction="none")
    assert_same(losses(Classes(("a", "b", "c")), logits_BxC, targets_B), expected_B, logits_BxC)


@pytest.mark.parametrize("dtype", FLOATS)
def test_of_a_sequence_it_is_the_mean_over_its_tokens(dtype: torch.dtype) -> None:
    logits_BxKxD, targets_BxK = logits(BATCH, ANSWERS, VOCABULARY, dtype=dtype), tokens()
    expected_B = torch.stack(
        [
            functional.cross_entropy(logits_KxD, targets_K.long(), ignore_index=NO_TOKEN)
            for logits_KxD, targets_K in zip(logits_BxKxD, targets_BxK, strict=True)
        ]
    )
    assert_same(losses(Tokens(ANSWERS, VOCABULARY), logits_BxKxD, targets_BxK), expected_B, logits_BxKxD)


def test_what_is_predicted_behind_an_answer_s_end_does_not_matter() -> None:
    target, targets_BxK = Tokens(ANSWERS, VOCABULARY), tokens()
    logits_BxKxD = logits(BATCH, ANSWERS, VOCABULARY, dtype=torch.float32)
    changed_BxKxD = torch.where((targets_BxK == NO_TOKEN).unsqueeze(-1), 1e3, logits_BxKxD)
    assert torch.equal(losses(target, logits_BxKxD, targets_BxK), losses(target, changed_BxKxD, targets_BxK))
    (gradient_BxKxD,) = torch.autograd.grad(losses(target, logits_BxKxD, targets_BxK).sum(), logits_BxKxD)
    assert torch.equal(gradient_BxKxD.abs().sum(dim=-1) == 0, targets_BxK == NO_TOKEN)


def test_a_sample_without_a_token_has_loss_0() -> None:
    targets_1xK = torch.full((1, ANSWERS), NO_TOKEN, dtype=torch.int32)
    logits_1xKxD = logits(1, ANSWERS, VOCABULARY, dtype=torch.float32)
    assert losses(Tokens(ANSWERS, VOCABULARY), logits_1xKxD, targets_1xK).tolist() == [0]


def test_under_vmap_equals_one_by_one() -> None:
    logits_PxBxKxD = logits(3, BATCH, ANSWERS, VOCABULARY, dtype=torch.float64).detach()
    target, targets_BxK = Tokens(ANSWERS, VOCABULARY), tokens()
    together_PxB = torch.vmap(lambda prediction: losses(target, prediction, targets_BxK))(logits_PxBxKxD)
    for replica, losses_B in enumerate(together_PxB):
        torch.testing.assert_close(losses_B, losses(target, logits_PxBxKxD[replica], targets_BxK))
