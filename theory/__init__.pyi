from .applicability import ConditionsResult, conditions
from .bounds.bound import BoundResult, bound
from .facts.ask import Answer, ask
from .facts.known import KnownFactsResult
from .facts.memories import FactsResult, recall_facts
from .facts.model_files import StoredModel, load_model, save_model
from .facts.transformers import know_facts
from .gradient_flow.trajectory import TrajectoryResult, trajectory
from .memories.predict import PredictionResult, predict
from .publishing.appendix import AppendixResult, appendix
from .publishing.status import StatusResult, status
from .registry import VerifyResult, registered, verify

__all__ = [
    "Answer",
    "AppendixResult",
    "BoundResult",
    "ConditionsResult",
    "FactsResult",
    "KnownFactsResult",
    "PredictionResult",
    "StatusResult",
    "StoredModel",
    "TrajectoryResult",
    "VerifyResult",
    "appendix",
    "ask",
    "bound",
    "conditions",
    "know_facts",
    "load_model",
    "predict",
    "recall_facts",
    "registered",
    "save_model",
    "status",
    "trajectory",
    "verify",
]
