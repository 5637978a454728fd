"""The derivative of the flow's velocity, which implicit solvers ask for."""

import numpy as np

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.integration import IMPLICIT

__all__ = ["LARGEST_STATE", "check_dense", "jacobian"]

LARGEST_STATE = 2000
"""Largest state whose Jacobian, a dense matrix, is made."""


def check_dense(solver: str, size: int) -> None:
    """Refuse an implicit solver where the Jacobian would be too large.

    Parameters
    ----------
    solver : a name of :data:`sims.gradient_flow.integration.SOLVERS`.
    size : numbers of a state.

    Raises
    ------
    InputError
        If the solver needs a Jacobian of more than :data:`LARGEST_STATE` rows.
    """
    if solver in IMPLICIT and size > LARGEST_STATE:
        raise InputError(
            f"solver {solver} needs the Jacobian, {size} x {size} here; above {LARGEST_STATE} "
            "use DOP853"
        )


def jacobian(model: LinearAttention, state: Floats) -> Floats:
    r"""Derivative (n, n) of the velocity in the state.

    With M = w V, H = dG/dM is minus the covariance of the softmax, averaged over facts, and

    .. math:: dG = H\,(V\,dw + w\,dV), \quad d(w G) = G\,dw + w\,dG, \quad
        d\langle V, G\rangle = \langle dV, G\rangle + \langle V, dG\rangle.

    Parameters
    ----------
    model : the facts and what prompts hold.
    state : V and w.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> model = LinearAttention(grid_task(4, 2, 2))
    >>> J = jacobian(model, model.initial(0.1))
    >>> J.shape, bool(np.allclose(J, J.T))
    ((30, 30), True)
    """
    V, w = model.unpack(state)
    n, A = model.tokens, model.task.answers
    G, phat = model.gradient(state), model.probabilities(state)
    p = model.probability[model.task.facts[:, 0], model.task.facts[:, 1]]
    covariance = -phat[:, :, None] * phat[:, None, :]
    covariance[:, np.arange(A), np.arange(A)] += phat
    covariance *= p[:, None, None]
    S, R = model.task.subjects, model.task.relations
    H = np.zeros((n, n, A, A))
    # Row: how often the token itself is in the prompt; column: with how many of its kind.
    held = [(model.task.facts[:, 0], 1.0, 1.0), (S + model.task.facts[:, 1], 1.0, 1.0)]
    held += [
        (np.full(len(p), S + R + k), model.rates[k], model.counts[k]) for k in range(model.contexts)
    ]
    for rows, rate, _ in held:
        for columns, _, count in held:
            np.add.at(H, (rows, columns), -rate * count * covariance)
    through = np.einsum("xyab,yb->xay", H, V)
    J = np.empty((n * (A + 1), n * (A + 1)))
    of_V, of_w = slice(0, n * A), slice(n * A, None)
    J[of_V, of_V] = np.einsum("x,xyab,y->xayb", w, H, w).reshape(n * A, n * A)
    to_w = w[:, None, None] * through
    to_w[np.arange(n), :, np.arange(n)] += G
    J[of_V, of_w] = to_w.reshape(n * A, n)
    from_V = np.einsum("xa,xyab,y->xyb", V, H, w)
    from_V[np.arange(n), np.arange(n)] += G
    J[of_w, of_V] = from_V.reshape(n, n * A)
    J[of_w, of_w] = np.einsum("xa,xay->xy", V, through)
    return J
