"""Hypotheses of intervals and searches, as far as they can be checked on sizes."""

import numpy as np

from sims.engine.randomness import INPUTS, OUTPUTS
from sims.memories.settings import RandomVectors, source_of
from theory.claims import Condition, Hypothesis, Problem

__all__ = ["BOUNDED", "INDEPENDENT_TRIALS", "MONOTONE"]

ENTRIES = 4096
"""Entries of the vectors of two trials that are compared, at most."""

DEVIATIONS = 5.0
"""Standard deviations of a correlation from which two trials are not independent."""


def _independent_trials(problem: Problem) -> tuple[Condition, ...]:
    """Check that two trials of these sizes draw vectors that are not correlated."""
    if problem.d is None or problem.N is None or problem.vectors is not None:
        return ()
    rows = max(1, min(problem.N, ENTRIES // problem.d))
    source = source_of(RandomVectors(problem.d), 0, "independent")
    first, second = (
        source.spheres(rows, problem.d, trials=(0, 1), stream=stream)
        for stream in (INPUTS, OUTPUTS)
    )
    pairs = ((first[0], first[1]), (second[0], second[1]), (first[0], second[0]))
    scale = np.sqrt(problem.d / rows)
    largest = max(abs(float(np.vdot(a, b))) * scale for a, b in pairs)
    fit = largest <= DEVIATIONS
    return (
        Condition(
            "independent trials", fit, f"correlation of {largest:.3g} standard deviations",
            f"<= {DEVIATIONS:g}", "" if fit else "streams of their own for every trial",
        ),
    )  # fmt: skip


def _bounded(problem: Problem) -> tuple[Condition, ...]:
    """Check that there is a share of facts to average."""
    if problem.N is None:
        return ()
    fit = problem.N >= 1
    return (Condition("values in [0, 1]", fit, f"a share of N = {problem.N} facts", "N >= 1"),)


def _monotone(problem: Problem) -> tuple[Condition, ...]:
    """Check that sizes are small enough for a search to be about one threshold."""
    if problem.N is None or problem.outputs is None:
        return ()
    fit = problem.outputs > 1
    return (
        Condition(
            "an outcome that changes once", fit, f"M = {problem.outputs}", "M >= 2",
            "" if fit else "with one answer every size is recalled",
        ),
    )  # fmt: skip


INDEPENDENT_TRIALS = Hypothesis("Trials are independent and follow one law.", _independent_trials)
"""Checked on the vectors that two trials draw."""

BOUNDED = Hypothesis("What is averaged lies between 0 and 1.", _bounded)
"""Of intervals by betting and by binomial bounds; a share of facts does."""

MONOTONE = Hypothesis("What a search asks changes once as the size grows.", _monotone)
"""Taken for granted near a threshold; what does not change at all is seen from the sizes."""
