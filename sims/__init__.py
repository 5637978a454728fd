"""What is measured: recall and capacity by Monte Carlo, gradient flow by integration.

Knows no theorem.
"""

from sims.capacity import CapacityResult, capacity
from sims.criterion import Criterion
from sims.flow import FlowResult, flow
from sims.recall import RecallResult, measure
from sims.sweeps import SweepResult, Task, grid, sweep
from sims.symmetric import symmetric_flow
from sims.width import WidthResult, smallest_width

__all__ = [
    "CapacityResult",
    "Criterion",
    "FlowResult",
    "RecallResult",
    "SweepResult",
    "Task",
    "WidthResult",
    "capacity",
    "flow",
    "grid",
    "measure",
    "smallest_width",
    "sweep",
    "symmetric_flow",
]
