"""What is kept of attention is read without PyTorch; how it is made is in test_attention_summary.py."""

import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from processes import LIMIT

from attnseq.training.attention_summary import AttentionSummary


def test_it_is_loaded_without_pytorch() -> None:
    program = "import sys, attnseq.training.attention_summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=LIMIT, check=False).returncode == 0


def test_a_summary_is_not_changed_and_not_compared_array_by_array() -> None:
    values_T, samples_T = np.full(2, 0.5), np.ones(2, dtype=np.int64)
    edges_N1 = np.array([0.0, 1.0])
    columns = (values_T, 0.7, samples_T[:, None], edges_N1, values_T, values_T, values_T, values_T, samples_T)
    one, other = AttentionSummary(*columns), AttentionSummary(*columns)
    assert one == one
    assert one != other  # by identity: `==` of arrays would raise
    with pytest.raises(FrozenInstanceError):
        one.entropy = 0.0  # type: ignore[misc]
