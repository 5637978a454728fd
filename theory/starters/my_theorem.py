r"""One line: what the theorem says (paper, number).

Statement (restated). Every hypothesis, the conclusion, and what the paper leaves open.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assoc.memories.linear import hebbian
from assoc.memories.memory import Build
from sims.memories.construction import Construction
from theory.claims import Claim, Finding, Kind, Theorem
from theory.equivalence import Equivalence
from theory.memories.checks import failure_row
from theory.memories.faults import forgetful
from theory.memories.hypotheses import INDEPENDENT, INJECTIVE, UNIFORM
from theory.memories.recall import expected_failure
from theory.rendering.axes import comparison_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]


def check_recall(
    *, seed: int, d: Sequence[int], budget: int, tolerance: float, memory: str | Build = "linear"
) -> Finding:
    """Measure until it is decided, compare, judge; sizes and the construction are arguments."""
    rule, law = Equivalence(tolerance, len(d)), Construction("linear")
    rows = (
        failure_row(
            memory,
            expected_failure(law, d=k, N=4 * k),
            rule=rule,
            d=k,
            N=4 * k,
            budget=budget,
            seed=seed,
            experiment="mine",
        )
        for k in d
    )
    return rule.judge("share of facts not recalled", rows)


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Draw from the findings' tables; no number that is not in a table."""
    rows = findings["recall"].table
    labels = [f"d={row['d']} N={row['N']}" for row in rows]
    return comparison_figure(rows, labels, "share of facts not recalled")


THEOREM = Theorem(
    name="my-theorem",
    title="Recall of 4 d facts is predicted without a fitted parameter",
    source="derived in docs/derivations.md, part C",
    statement=r"The matrix $W = \sum_x u_{f(x)} e_x^\top$ recalls $N = 4 d$ facts as predicted.",
    constants="None is left open.",
    deviations="None.",
    hypotheses=(UNIFORM, INDEPENDENT, INJECTIVE),
    claims=(
        Claim(
            name="recall",
            kind=Kind.CONSTANT,
            source="derived here",
            statement="The share of facts that W fails to recall is the predicted one, to 10%.",
            check=check_recall,
            quick={"d": (64, 96), "budget": 4000, "tolerance": 0.1},
            full={"d": (64, 96, 128), "budget": 40000, "tolerance": 0.05},
            must_fail={"memory": "sign"},
            why_fail="one-bit weights recall less",
            fault={"memory": forgetful(hebbian, fraction=0.2)},
            fault_text="every fifth fact is left out of W",
        ),
    ),
    figure=figure,
)
"""The theorem, as the registry finds it."""
