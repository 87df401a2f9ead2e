"""Attention over sequences: models, training and analysis, composed by Hydra and watched in TensorBoard."""

__version__ = "0.1.0"
