r"""A proved bound on the loss of the gradient flow, for every time (docs/gradient-flow.md, H.4).

With y = 1 - exp(-L) the loss obeys y' <= -c y^2 (1 - y), so that it is at most the solution of that
equation,

.. math:: F(y(0)) - F(y) = c\,t, \qquad F(y) = \log\frac{y}{1 - y} - \frac1y, \qquad
    c = \frac{w_0^2\,p_{\min}^2}{\lVert M^* \rVert^2},

for any logits M* whose margins are all at least 1; with disjoint answer sets, 1 at the answers of
each subject and of each relation are such, and have squared norm N + the sum of |A_r|.
"""

import math

from assoc.gradient_flow.linear_attention import LinearAttention

__all__ = ["convergence_bound", "convergence_constant"]


def convergence_constant(model: LinearAttention, alpha: float) -> float:
    """Return c for a model that starts at V = alpha, w = alpha sqrt(A + 1).

    Parameters
    ----------
    model : facts with disjoint answer sets; what else a prompt holds does not matter.
    alpha : initial scale.

    Examples
    --------
    >>> from assoc.facts.recall_task import grid_task
    >>> round(1 / convergence_constant(LinearAttention(grid_task(16, 4, 8)), 1.0))
    11916
    """
    task = model.task
    start = alpha**2 * (task.answers + 1)
    least = float(model.probability[task.facts[:, 0], task.facts[:, 1]].min())
    squares = len(task) + sum(len(answers) for answers in task.answer_sets)
    return start * least**2 / squares


def convergence_bound(first: float, constant: float, time: float) -> float:
    """Bound the loss at a time.

    Parameters
    ----------
    first : loss at time 0, positive.
    constant : c.
    time : at least 0.

    Examples
    --------
    >>> round(convergence_bound(2.0, 1e-3, 1e6), 5)
    0.00101
    """
    from scipy.optimize import brentq

    def height(log_loss: float) -> float:
        y = -math.expm1(-math.exp(log_loss))
        return math.log(y) + math.exp(log_loss) - 1 / y

    # log(y / (1 - y)) = log y + L, where L is the loss itself.
    target = height(math.log(first)) - constant * time
    low = math.log(first)
    while height(low) > target:
        low -= 1.0
    return math.exp(float(brentq(lambda x: height(x) - target, low, math.log(first), xtol=1e-12)))
