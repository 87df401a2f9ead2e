"""The checksum of event files is RFC 3720's, and TensorBoard's own of every length around a block's."""

import numpy as np
import pytest
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

from attnseq.report.crc32c import BLOCK, crc32c, masked_crc32c


@pytest.mark.parametrize(
    ("data", "published"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_checksums(data: bytes, published: int) -> None:
    assert crc32c(data) == published


@pytest.mark.parametrize("length", [*range(10), BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 4, 3 * BLOCK + 2])
def test_it_is_tensorboards(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert masked_crc32c(data) == pywrap_tensorflow.masked_crc32c(data)
