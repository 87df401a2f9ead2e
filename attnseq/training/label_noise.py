"""Noise on the training targets.

Shapes: N samples.
"""

import numpy as np
import torch

from attnseq.contracts.task import Splits
from attnseq.core.randomness import generator


def with_label_noise(splits: Splits, deviation: float, seed: int) -> Splits:
    """Add noise to the training targets; the held-out targets stay exact.

    Args:
        splits: samples whose targets are numbers.
        deviation: standard deviation of the normal noise, in units of the target; 0 changes nothing.
        seed: of the noise, which is drawn once: a sample has the same target in every epoch. Another deviation scales
            the same noise.

    Returns:
        Splits that share all other tensors with `splits`; targets may leave [0, 1].
    """
    targets_N = splits.train.targets
    if not deviation or targets_N is None:
        return splits
    noise_N = torch.from_numpy(generator(seed, "label_noise").standard_normal(len(targets_N), dtype=np.float32))
    noisy_N = targets_N.float() + deviation * noise_N.to(targets_N.device)
    return splits._replace(train=splits.train._replace(targets=noisy_N))
