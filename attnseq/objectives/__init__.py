"""What is minimised, a file each."""

from attnseq.contracts.measures import Objective
from attnseq.core.registry import Registry

OBJECTIVES: Registry[type[Objective]] = Registry("objective", __name__)
"""By name. The usual one of a target is that whose `usual_for` has its kind."""
