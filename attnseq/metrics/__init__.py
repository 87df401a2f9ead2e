"""How good predictions are, a file each."""

from attnseq.contracts.measures import Metric
from attnseq.core.registry import Registry

METRICS: Registry[type[Metric]] = Registry("metric", __name__)
"""Metrics by name."""
