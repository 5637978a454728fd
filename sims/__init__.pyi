from .engine.criterion import Criterion
from .gradient_flow.reduced import FlowResult, flow
from .gradient_flow.symmetric import symmetric_flow
from .memories.capacity import CapacityResult, capacity
from .memories.comparison import ComparisonResult, compare
from .memories.recall import RecallResult, measure
from .memories.width import WidthResult, smallest_width
from .sweeps.tasks import SweepResult, Task, grid, sweep

__all__ = [
    "CapacityResult",
    "ComparisonResult",
    "Criterion",
    "FlowResult",
    "RecallResult",
    "SweepResult",
    "Task",
    "WidthResult",
    "capacity",
    "compare",
    "flow",
    "grid",
    "measure",
    "smallest_width",
    "sweep",
    "symmetric_flow",
]
