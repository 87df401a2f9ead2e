"""Attention over sequences: models, training and analysis, composed by Hydra and watched in TensorBoard."""

from attnseq.core.version import __version__ as __version__
