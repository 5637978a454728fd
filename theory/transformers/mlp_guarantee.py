r"""The explicit guarantee of attention with a network of gates, for given embeddings and facts.

Heads with separated keys copy, so that the network sees the sum phi_s + phi_r of subject and
relation. A sign-gated memory of these sums (:mod:`assoc.memories.sign_gates`), with all n tokens as
outputs, tells the answer; on the sums a true two-layer network equals it. Nothing is random but
its outputs v_i: with the sums as inputs and the answers as the map,
:func:`theory.memories.drawn_gates.failure_bounds` holds as it stands, also though inputs share
tokens, have norms that differ, and many facts have the same answer.

Two sums that share a token have a cosine of about 1/2, and each has S + R - 2 such neighbours. Of
square waves with the frequency omega the kernel there is about (8/pi^2) exp(-omega^2/2): 3e-4 at
omega = 4 and 0.01 at 3, where 2 S/D neighbours with one answer do not matter, and 0.11 at 2.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.errors import InputError
from assoc.facts.recall_task import RecallTask
from assoc.memories.sign_gates import OMEGA, drawn_gates
from assoc.transformers.attention_mlp import copied_sums
from theory.memories.drawn_gates import failure_bounds, guaranteed_width

__all__ = ["mlp_bounds", "mlp_width"]


def mlp_bounds(
    task: RecallTask,
    embeddings: Floats,
    widths: Sequence[int],
    *,
    omega: float = OMEGA,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Bound the expected number of pairs of a fact and a token that reaches its answer.

    Parameters
    ----------
    task : the facts.
    embeddings : (n, d) of all tokens.
    widths : numbers of gates; a two-layer network has twice as many neurons.
    omega : frequency of the square waves, positive.
    rng : gates are drawn from it; a narrower network has the first ones of a wider.

    Returns
    -------
    (k,) bounds over the draw of outputs, given the gates. Below 1 they bound the probability that
    some fact is not answered by heads that look where they should.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import even_task
    >>> rng = np.random.default_rng(0)
    >>> task = even_task(8, 4, 2, noise=4, rng=rng)
    >>> bounds = mlp_bounds(task, sphere(task.vocabulary, 32, rng=rng), (100, 400), rng=rng)
    >>> bool(bounds[1] < 0.5 < bounds[0])
    True
    """
    if not widths:
        raise InputError("no widths are given")
    X = copied_sums(task, embeddings)
    d = X.shape[1]
    network = drawn_gates(max(widths), "square", omega, d, d, np.dtype(np.float64), rng=rng)
    return failure_bounds(network, X, embeddings, task.labels, widths=widths)


def mlp_width(
    task: RecallTask,
    embeddings: Floats,
    *,
    delta: float = 0.5,
    omega: float = OMEGA,
    rng: np.random.Generator,
) -> int:
    """Fewest gates, within 4%, with which all facts are proved answered but for a chance delta.

    Parameters
    ----------
    task, embeddings, omega, rng : as for :func:`mlp_bounds`.
    delta : allowed failure probability, in (0, 1).

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> from assoc.embeddings import sphere
    >>> from assoc.facts.recall_task import even_task
    >>> rng = np.random.default_rng(0)
    >>> task = even_task(8, 4, 2, noise=4, rng=rng)
    >>> 100 < mlp_width(task, sphere(task.vocabulary, 32, rng=rng), rng=rng) < 400
    True
    """
    X = copied_sums(task, embeddings)
    return guaranteed_width(
        X, embeddings, task.labels, delta=delta, gates="square", omega=omega, rng=rng
    )
