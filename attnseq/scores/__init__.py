"""Attention scored against the truth, and against the model's own behaviour, a file a family."""

from attnseq.contracts.measures import Score
from attnseq.core.registry import Registry

SCORES: Registry[type[Score]] = Registry("score", __name__, form="group/name")
"""Scores by name."""
