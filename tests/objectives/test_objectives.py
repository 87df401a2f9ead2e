"""What every objective says of itself; of each kind of target, one is the usual one."""

import math

import pytest

from attnseq.contracts.spec import Classes, Scalar, Tokens
from attnseq.objectives import OBJECTIVES


@pytest.mark.parametrize("kind", [Scalar, Classes, Tokens])
def test_each_kind_of_target_has_one_usual_objective(kind: type) -> None:
    usual = [name for name in OBJECTIVES.names() if kind in OBJECTIVES[name].usual_for]
    assert usual == ["mse" if kind is Scalar else "cross_entropy"]


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_what_is_usual_makes_sense_and_has_a_label(name: str) -> None:
    objective = OBJECTIVES[name]
    assert set(objective.usual_for) <= set(objective.targets)
    assert objective.label
    assert objective.limits == (0, math.inf)
