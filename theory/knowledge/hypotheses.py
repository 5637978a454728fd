"""Hypotheses of the two theorems on knowledge, as executable checks on sizes."""

import math
from collections.abc import Callable

from sims.knowledge.trials import Told
from theory.claims import Condition, Hypothesis, Problem
from theory.knowledge.covering import uncovered

__all__ = ["COVERED", "SEVERAL", "SHOWN", "TIED", "WIDE", "shown", "tied", "ties"]

Check = Callable[[Problem], tuple[Condition, ...]]

UNCOVERED = 0.01
"""Chance of a held-out fact to be uncovered that counts as none."""

TIES = 3.0
"""Facts that two templates of an attribute have in common, from which they are as one: measured
(docs/knowledge.md), not derived."""

FEWEST = 8
"""Fine-tuned subjects from which a question is not taken for one of their answers: measured, for
three attributes and sixteen values."""


def ties(told: Told) -> float:
    """Expected number of facts that are told in both of two templates of an attribute.

    Parameters
    ----------
    told : sizes of what is told.

    Examples
    --------
    >>> ties(Told(subjects=64, templates=8, multiplicity=4))
    13.7...
    """
    R, K = told.templates, told.multiplicity
    return told.subjects * K * (K - 1) / (R * (R - 1)) if R > 1 else float("inf")


def _several(problem: Problem) -> tuple[Condition, ...]:
    """Whether there is more than one attribute."""
    if problem.told is None:
        return ()
    A = problem.told.attributes
    return (
        Condition(
            "several attributes", A > 1, f"A = {A}", "A >= 2",
            "" if A > 1 else "with one attribute the subject alone decides the answer",
        ),
    )  # fmt: skip


def _wide(problem: Problem) -> tuple[Condition, ...]:
    """The number of neurons against that of subjects."""
    if problem.told is None or problem.width is None:
        return ()
    m, S = problem.width, problem.told.subjects
    return (
        Condition(
            "a network as wide as there are subjects", m >= S, f"m = {m}", f"m >= S = {S}",
            "" if m >= S else "more neurons",
        ),
    )  # fmt: skip


def _covered(problem: Problem) -> tuple[Condition, ...]:
    """The chance that a held-out fact is uncovered against one in a hundred."""
    if problem.told is None or problem.fine_tuned is None:
        return ()
    R, K, n = problem.told.templates, problem.told.multiplicity, problem.fine_tuned
    chance = uncovered(R, K, n)
    once = uncovered(R, K, 1)
    needed = max(n, math.ceil(math.log(UNCOVERED) / math.log(once)) if once else 1)
    return (
        Condition(
            "held-out facts are covered", chance <= UNCOVERED, f"uncovered: {chance:.3g}",
            f"<= {UNCOVERED:g}", "" if needed == n else f"{needed} fine-tuned subjects, or more K",
        ),
    )  # fmt: skip


def tied(least: float, advice: str) -> Check:
    """Return the check that two templates of an attribute have so many facts in common."""

    def check(problem: Problem) -> tuple[Condition, ...]:
        """The expected number of facts that two templates share against what was enough."""
        if problem.told is None or not problem.told.shared:
            return ()
        shared = ties(problem.told)
        return (
            Condition(
                "templates of an attribute have facts in common", shared >= least,
                f"S K (K - 1) / (R (R - 1)) = {shared:.3g}", f">= {least:g}",
                "" if shared >= least else advice,
            ),
        )  # fmt: skip

    return check


def shown(fewest: int) -> Check:
    """Return the check that so many subjects are fine-tuned."""

    def check(problem: Problem) -> tuple[Condition, ...]:
        """The number of fine-tuned subjects against what was enough in runs."""
        if problem.fine_tuned is None:
            return ()
        n = problem.fine_tuned
        return (
            Condition(
                "enough subjects are shown", n >= fewest, f"N_f = {n}", f"N_f >= {fewest}",
                "" if n >= fewest else "more fine-tuned subjects",
            ),
        )  # fmt: skip

    return check


SEVERAL = Hypothesis("There are several attributes.", _several)
"""Else the template is not needed."""

WIDE = Hypothesis("The network has at least one neuron per subject.", _wide)
"""Enough for the settings measured; not sharp."""

COVERED = Hypothesis("Fine-tuned facts cover the templates of held-out ones.", _covered)
"""By the exact law of :mod:`theory.knowledge.covering`."""

TIED = Hypothesis(
    "Where attributes share values, templates of one attribute are tied by facts in common.",
    tied(TIES, "a larger multiplicity, or values of its own per attribute"),
)
"""Measured, not derived."""

SHOWN = Hypothesis("More subjects are fine-tuned than can be answered from memory.", shown(FEWEST))
"""Measured, not derived."""
