"""What is measured: recall and capacity of constructions, by Monte Carlo. Knows no theorem."""

from sims.capacity import CapacityResult, Criterion, capacity
from sims.recall import RecallResult, measure

__all__ = ["CapacityResult", "Criterion", "RecallResult", "capacity", "measure"]
