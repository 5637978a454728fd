"""Hypotheses of the theorem on knowledge in a GPT-2, and what is known of it at given sizes.

All thresholds are of runs with 64 subjects, three attributes of the same sixteen values and eight
templates, told to one model (docs/knowledge.md, L.10), and were chosen after these runs. Of four
and sixteen templates there are numbers as well.
"""

from dataclasses import replace

from sims.knowledge.trials import Told
from theory.claims import Hypothesis, Problem
from theory.knowledge.hypotheses import shown, tied
from theory.outlook import Outlook

__all__ = ["MANY", "TIED", "outlook"]

FEWEST = 32
"""Fine-tuned subjects from which questions are answered: measured, for three attributes and
sixteen values."""

TIES = 64.0
"""Facts that two templates of an attribute have in common, the least of those measured that lead
to 95% answered: 13.7 led to 92% in one draw. It is no sufficient number: with four templates 64
led to 92% in two draws, with sixteen to 98% (docs/knowledge.md, L.10)."""

MEASURED = {
    4: ((1, 2, 4), (8, 32)), 8: ((1, 2, 4, 8), (2, 8, 32)), 16: ((1, 2, 4, 8, 16), (8, 32)),
}  # fmt: skip
"""Multiplicities and fine-tuned subjects of which there are numbers, by templates; the
other sizes are those of ``Told()``."""


def outlook(problem: Problem) -> Outlook | None:
    """Nothing is proved of a GPT-2, and nothing is known away from sizes that were measured."""
    told, n = problem.told, problem.fine_tuned
    if told is None or n is None:
        return None
    usual = Told()
    alike = replace(told, templates=usual.templates, multiplicity=usual.multiplicity) == usual
    multiplicities, tuned = MEASURED.get(told.templates, ((), ()))
    measured = alike and told.multiplicity in multiplicities and n in tuned
    return Outlook(
        "held-out questions are answered",
        note="nothing is proved; measured for two layers and d = 128: docs/knowledge.md, L.10"
        if measured
        else "nothing is proved of a GPT-2, or measured at these sizes",
    )


TIED = Hypothesis(
    "Where attributes share values, templates of one attribute are tied by as many facts in common "
    "as a GPT-2 needs.", tied(TIES, "a larger multiplicity"),
)  # fmt: skip
"""Measured, not derived, and of shared values only."""


MANY = Hypothesis(
    "As many subjects are fine-tuned as a GPT-2 needs to read what is asked.", shown(FEWEST)
)
"""Measured, not derived."""
