"""What is measured: recall and capacity of constructions, by Monte Carlo. Knows no theorem."""

from sims.capacity import CapacityResult, Criterion, capacity
from sims.recall import RecallResult, measure
from sims.width import WidthResult, smallest_width

__all__ = [
    "CapacityResult",
    "Criterion",
    "RecallResult",
    "WidthResult",
    "capacity",
    "measure",
    "smallest_width",
]
