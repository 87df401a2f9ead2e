"""What is minimised, a file each."""

from attnseq.contracts.measures import Objective
from attnseq.core.registry import Registry

OBJECTIVES: Registry[type[Objective]] = Registry("objective", __name__)
"""Objectives by name. The default for a target is the one that has its kind in `usual_for`."""
