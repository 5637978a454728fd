from .applicability import ConditionsResult, conditions
from .bounds.bound import BoundResult, bound
from .facts.ask import Answer, ask
from .facts.memories import facts_in_memory
from .facts.model_files import StoredModel, load_model, save_model
from .facts.results import MemoryFactsResult, TransformerFactsResult
from .facts.transformers import facts_in_transformers
from .gradient_flow.trajectory import TrajectoryResult, trajectory
from .memories.predict import PredictionResult, predict
from .publishing.appendix import AppendixResult, appendix
from .publishing.status import StatusResult, status
from .registry import registered
from .running import verify
from .scaffolding import new_construction, new_theorem
from .verdicts import VerifyResult

__all__ = [
    "Answer",
    "AppendixResult",
    "BoundResult",
    "ConditionsResult",
    "MemoryFactsResult",
    "PredictionResult",
    "StatusResult",
    "StoredModel",
    "TrajectoryResult",
    "TransformerFactsResult",
    "VerifyResult",
    "appendix",
    "ask",
    "bound",
    "conditions",
    "facts_in_memory",
    "facts_in_transformers",
    "load_model",
    "new_construction",
    "new_theorem",
    "predict",
    "registered",
    "save_model",
    "status",
    "trajectory",
    "verify",
]
