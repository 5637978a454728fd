"""What is claimed: theorems with executable hypotheses, predictions, checks and verdicts.

The public functions are loaded when first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.applicability import ConditionsResult, conditions
    from theory.asking import Answer, ask
    from theory.bounding import BoundResult, bound
    from theory.facts import FactsResult, recall_facts
    from theory.known_facts import KnownFactsResult
    from theory.model_files import StoredModel, load_model, save_model
    from theory.predicting import PredictionResult, predict
    from theory.publishing import AppendixResult, appendix
    from theory.registry import VerifyResult, registered, verify
    from theory.sweep_status import StatusResult, status
    from theory.trajectories import TrajectoryResult, trajectory
    from theory.transformer_facts import know_facts

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

_HOME = {
    "AppendixResult": "publishing",
    "appendix": "publishing",
    "StatusResult": "sweep_status",
    "status": "sweep_status",
    "Answer": "asking",
    "ask": "asking",
    "BoundResult": "bounding",
    "bound": "bounding",
    "ConditionsResult": "applicability",
    "conditions": "applicability",
    "FactsResult": "facts",
    "recall_facts": "facts",
    "KnownFactsResult": "known_facts",
    "know_facts": "transformer_facts",
    "StoredModel": "model_files",
    "load_model": "model_files",
    "save_model": "model_files",
    "PredictionResult": "predicting",
    "predict": "predicting",
    "TrajectoryResult": "trajectories",
    "trajectory": "trajectories",
    "VerifyResult": "registry",
    "registered": "registry",
    "verify": "registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
