"""What is kept of one sample's attention, as JSON and back."""

import json

import numpy as np
import pytest

from attnseq.training.attention_summary import Alignment


@pytest.mark.parametrize("answers", [0, 2])
@pytest.mark.parametrize("known", [False, True])
def test_an_alignment_is_the_same_after_json(answers: int, known: bool) -> None:
    weights_KxT = np.array([[0.12344, 0.5, np.nan], [1 / 3, 0, 1]])[:answers]
    relevance_KxT = np.array([[1.0, 0, 0], [0, 0.5, 0.5]])[:answers] if known else None
    alignment = Alignment("a b: cd", ("a", " ", "b"), ("c", "d")[:answers], weights_KxT, relevance_KxT)
    text = json.dumps(alignment.plain()).replace("NaN", "null")
    again = Alignment.of_plain(json.loads(text))
    assert (again.line, again.inputs, again.answers) == (alignment.line, alignment.inputs, alignment.answers)
    np.testing.assert_allclose(again.weights_KxT, weights_KxT, atol=5e-5)
    assert again.weights_KxT.shape == (answers, 3)
    if relevance_KxT is None:
        assert again.relevance_KxT is None
    else:
        np.testing.assert_array_equal(again.relevance_KxT, relevance_KxT)
