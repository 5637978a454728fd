r"""Fine-tuning to first order: a prediction of what is answered, without fitted parameters.

Fine-tuning changes weights little. To first order in the change the logits are

.. math:: F(\theta) \approx F(\theta_0) + F'(\theta_0)\,(\theta - \theta_0),

at the weights :math:`\theta_0` after pre-training. The neural tangent kernel
:math:`F'(\theta_0) F'(\theta_0)^\top` between contexts (A. Jacot, F. Gabriel and C. Hongler 2018)
turns the errors of the fine-tuned questions, which depend on the logits through the softmax, into
changes of all logits. A question is a new token, whose column of W the decay of pre-training takes
to nearly 0 (without decay it stays at random numbers). Where it is 0, every gate of the network, 1
where W x > 0, is that of the subject and fillers, and the question acts through it. The computation
uses the column as it is.

It contains what the mean of templates (:func:`sims.knowledge.model.superposed`) leaves out: values
that were just seen become likelier for every question, which is what answers from memory are, and a
question moves by no more than its loss asks for. It leaves out that a question changes which
neurons answer, that attention is not linear in its scores, and products of changes. Which of these
matters differs between points (docs/knowledge.md, L.5): gates may be taken from other weights, as
those of superposed templates, to see.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.facts.knowledge import Contexts
from sims.knowledge.model import MODELS, Weights, attention
from sims.knowledge.training import Descent, rates

__all__ = ["Linearised", "check_predictable", "linearised_logits"]

Doubles = NDArray[np.float64]

Change = dict[str, Doubles]
"""Matrices of a model, or changes or slopes of them, by their names."""


def check_predictable(model: str, rule: Descent, parts: object = None, rank: object = None) -> None:
    """Refuse a fine-tuning that is not predicted to first order.

    Parameters
    ----------
    model : one of :data:`sims.knowledge.model.MODELS`.
    rule : of the fine-tuning.
    parts, rank : of the fine-tuning; None means everything, in full.

    Raises
    ------
    InputError
        If the model has no network, the rule draws contexts or has a decay, or the fine-tuning is
        not of everything in full.
    """
    if "W" not in MODELS.get(model, ()):
        raise InputError("only of a model with a network fine-tuning is predicted to first order")
    if rule.batch is not None or rule.decay:
        raise InputError("predicted is descent on all contexts in each step, without decay")
    if not (parts is None and rank is None):
        raise InputError("the prediction to first order is of fine-tuning everything in full")


def linearised_logits(
    before: Weights,
    shown: Contexts,
    asked: Contexts,
    rule: Descent,
    *,
    gated: Weights | None = None,
) -> Floats:
    """Logits (C, n) in the contexts that are asked, after fine-tuning to first order.

    Parameters
    ----------
    before : weights after pre-training, of a model with a network.
    shown : contexts of the fine-tuning.
    asked : C contexts of questions.
    rule : of the fine-tuning: all contexts in each step, no decay.
    gated : weights that say through which neurons changes of W and Q act; None means ``before``.

    Raises
    ------
    InputError
        If the model has no network, or the rule draws contexts or has a decay.
    """
    check_predictable("attention" if "W" not in before else "mlp", rule)
    # Only rows of Q of tokens from which these contexts attend can change.
    rows = np.unique(np.concatenate([shown.last, asked.last]))
    here = Linearised.at(before, shown, gated=gated, rows=rows)
    moved: Change = {name: np.zeros(part.shape) for name, part in before.items()}
    if "Q" in moved:
        moved["Q"] = moved["Q"][rows]
    speed = {name: np.zeros_like(part) for name, part in moved.items()}
    for size in rates(rule):
        for name, slope in here.slopes(here.logits(moved), shown).items():
            speed[name] = rule.momentum * speed[name] - size * slope
            moved[name] += speed[name]
    return Linearised.at(before, asked, gated=gated, rows=rows).logits(moved)


@dataclass(frozen=True, eq=False)
class Linearised:
    """A model in C contexts, to first order in changes of its weights.

    Parameters
    ----------
    W, V : (m, n) its matrices.
    last : (C,) which row of a change of Q the last token attends by; None if attention is uniform.
    mass : (C, n) attention.
    gates : (C, m) where a neuron passes changes of its input on.
    hidden : (C, m) what it gives before any change.
    rows : number of rows of a change of Q.
    """

    W: Doubles
    V: Doubles
    last: NDArray[np.intp] | None
    mass: Doubles
    gates: NDArray[np.bool_]
    hidden: Doubles
    rows: int

    @classmethod
    def at(
        cls,
        weights: Weights,
        contexts: Contexts,
        *,
        gated: Weights | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> Self:
        """Return the model at given weights.

        Parameters
        ----------
        weights : Q (n, n) if attention is trained, W and V.
        contexts : C of them.
        gated : weights that say which neurons pass changes on; None means the given ones.
        rows : tokens, in order, whose rows of Q may change; None means all.
        """
        W, V = (weights[name].astype(np.float64) for name in ("W", "V"))
        every = np.arange(W.shape[1]) if rows is None else rows
        last = np.searchsorted(every, contexts.last) if "Q" in weights else None
        mass, inward = _inward(weights, contexts)
        opened = inward if gated is None else _inward(gated, contexts)[1]
        return cls(W, V, last, mass, opened > 0, np.maximum(inward, 0), len(every))

    def logits(self, change: Change) -> Doubles:
        """Logits (C, n) after a change of the weights, to first order.

        Parameters
        ----------
        change : of every matrix.
        """
        inward = self.mass @ change["W"].T
        if self.last is not None:
            inward += self._spread(change["Q"][self.last]) @ self.W.T
        now = self.hidden @ (self.V + change["V"])
        return np.asarray(now + (self.gates * inward) @ self.V)

    def slopes(self, logits: Doubles, contexts: Contexts) -> Change:
        """Gradient of the weighted cross-entropy of some logits by the change.

        Parameters
        ----------
        logits : (C, n) of these contexts.
        contexts : their targets and weights.
        """
        chance = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        blame = contexts.weights[:, None] * (chance - contexts.targets)
        inward = self.gates * (blame @ self.V.T)
        found = {"W": inward.T @ self.mass, "V": self.hidden.T @ blame}
        if self.last is not None:
            found["Q"] = np.zeros((self.rows, self.W.shape[1]))
            np.add.at(found["Q"], self.last, self._spread(inward @ self.W))
        return found

    def _spread(self, scores: Doubles) -> Doubles:
        """Change of attention (C, n) by a change of its scores; the map is its own transpose."""
        mean = (self.mass * scores).sum(axis=1, keepdims=True)
        return np.asarray(self.mass * (scores - mean))


def _inward(weights: Weights, contexts: Contexts) -> tuple[Doubles, Doubles]:
    """Return attention (C, n), and what neurons receive (C, m)."""
    mass = attention(weights, contexts.counts.astype(np.float64), contexts.last)
    return mass, np.asarray(mass @ weights["W"].T.astype(np.float64))
