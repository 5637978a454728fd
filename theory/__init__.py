"""What is claimed: theorems with executable hypotheses, predictions, checks and verdicts.

The public functions are loaded when first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.applicability import ConditionsResult, conditions
    from theory.facts import FactsResult, recall_facts
    from theory.predicting import PredictionResult, predict
    from theory.registry import VerifyResult, registered, verify

__all__ = [
    "ConditionsResult",
    "FactsResult",
    "PredictionResult",
    "VerifyResult",
    "conditions",
    "predict",
    "recall_facts",
    "registered",
    "verify",
]

_HOME = {
    "ConditionsResult": "applicability",
    "conditions": "applicability",
    "FactsResult": "facts",
    "recall_facts": "facts",
    "PredictionResult": "predicting",
    "predict": "predicting",
    "VerifyResult": "registry",
    "registered": "registry",
    "verify": "registry",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
