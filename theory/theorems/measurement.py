r"""What intervals, searches and verdicts promise: the instruments, held to their definitions.

Statement. An interval of level $1 - \alpha$ misses what it is of with probability at most
$\alpha$: exactly $\alpha$ for means, slopes and crossings of normal trials, at most that for
proportions (Clopper and Pearson), medians (order statistics) and bets (Waudby-Smith and Ramdas),
where the tails of both ends are $\alpha / 2$ or the next order statistic would miss too often. A
search ends with two sizes beside each other, both measured. A verdict is "holds" only where all of
an interval is allowed, and "violated" only where none of it is.

Nothing is simulated where it can be counted: binomial sums are in fractions, quantiles are checked
by the laws of Student and Gauss from mpmath, intervals by betting on all sequences of successes.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sims.engine.statistics import LEVEL
from theory.claims import Claim, Finding, Kind, Problem, Theorem
from theory.judging import judge_arms
from theory.measurement.coverage import KINDS
from theory.measurement.errors import SUBJECTS
from theory.measurement.hypotheses import BOUNDED, INDEPENDENT_TRIALS, MONOTONE
from theory.measurement.rows import ROWS
from theory.measurement.searches import CAPACITIES, SEARCHES
from theory.measurement.verdicts import RULES
from theory.outlook import Outlook
from theory.rendering.axes import MEASURED, PREDICTED, figure_of, legend_over

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

ALL = "all"
"""In place of a part's name: every part is judged by the mistake."""

# --- Checks -------------------------------------------------------------------------------------


def check_coverage(*, seed: int, wrong: str = "", claimed: float = 0.5, copies: int = 1) -> Finding:
    """Compare the chance of every kind of interval to miss with what its level claims.

    A kind that is ``wrong`` claims only a share of its misses; values may be counted in copies.
    """
    return judge_arms(
        {
            kind: judge(claimed if wrong in (kind, ALL) else 1.0, copies)
            for kind, judge in KINDS.items()
        }
    )


def check_errors(*, seed: int, wrong: str = "", spent: int = 1, root: bool = True) -> Finding:
    """Compare standard errors and other records of small samples with the plain definition.

    Of the subject that is ``wrong`` the definition has ``spent`` for 1 in n - 1, or no root.
    """
    return judge_arms(
        {
            subject: judge(
                seed=seed,
                spent=spent if wrong in (subject, ALL) else 1,
                root=root if wrong in (subject, ALL) else True,
            )
            for subject, judge in SUBJECTS.items()
        }
    )


def check_searches(
    *, seed: int, wrong: str = "", censored: bool = True, dip: bool = False
) -> Finding:
    """Compare the ends of searches, counts and orders with trying every one.

    Of the part that is ``wrong`` the plain answer is one off.
    """
    return judge_arms(
        {
            part: judge(seed=seed, off=int(wrong in (part, ALL)), censored=censored, dip=dip)
            for part, judge in SEARCHES.items()
        }
    )


def check_capacities(*, seed: int, wrong: str = "", censored: bool = True) -> Finding:
    """Compare capacities, crossings and widths with those that memories were made to have.

    Of the part that is ``wrong`` the known answer is one off.
    """
    return judge_arms(
        {
            part: judge(seed=seed, off=int(wrong in (part, ALL)), censored=censored, dip=False)
            for part, judge in CAPACITIES.items()
        }
    )


def check_verdicts(*, seed: int, wrong: str = "") -> Finding:
    """Compare what every rule says of plain cases with what the definition says.

    The rule that is ``wrong`` allows more than it is asked to, or leaves a part out.
    """
    return judge_arms({rule: judge(wrong in (rule, ALL)) for rule, judge in RULES.items()})


def check_rows(*, seed: int, wrong: str = "") -> Finding:
    """Compare the rows that claims are judged by with trials counted one by one.

    The row that is ``wrong`` is measured of a memory or a law that is off by a little.
    """
    return judge_arms(
        {row: judge(seed=seed, off=int(wrong in (row, ALL))) for row, judge in ROWS.items()}
    )


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Chance of every kind of interval to miss, over what its level claims."""
    from matplotlib.figure import Figure

    shares: dict[str, list[float]] = {}
    for row in findings["coverage"].table:
        if "ratio" in row:
            shares.setdefault(row["kind"], []).append(row["exact"] / row["bound"])
        elif row["symbol"] in KINDS:
            shares.setdefault(row["symbol"], []).append(row["measured"] / row["predicted"])
    drawn = Figure(figsize=(6, 0.9 + 0.3 * len(shares)), layout="constrained")
    ax = drawn.subplots()
    for place, values in enumerate(reversed(shares.values())):
        label = "misses, worked out" if place == 0 else None
        ax.plot(values, [place] * len(values), "o", color=MEASURED, mfc="none", label=label)
    ax.axvline(1.0, color=PREDICTED, label="misses that the level allows")
    ax.set_yticks(range(len(shares)), list(reversed(shares)))
    ax.set_xlim(left=0)
    ax.set_xlabel("chance to miss / (1 $-$ level)")
    legend_over(ax, ncols=2)
    return figure_of(ax)


# --- Claims -------------------------------------------------------------------------------------


def outlook(problem: Problem) -> Outlook | None:
    """What an interval at the usual level promises."""
    del problem
    return Outlook("an interval of a mean or a proportion covers it", guaranteed=LEVEL)


THEOREM = Theorem(
    name="measurement",
    title="What intervals, searches and verdicts promise",
    source="derived here; intervals by Clopper and Pearson (1934), order statistics, and "
    "Waudby-Smith and Ramdas (2024)",
    statement=r"""
An interval of level $1 - \alpha$ misses what it is of with probability at most $\alpha$, and not
much less often. A search ends with two neighbouring sizes, both measured. A verdict is "holds" only
where all of an interval is allowed, and "violated" only where none of it is.
""",
    constants="none",
    deviations="Student's and the normal intervals are exact for normal trials only; "
    "docs/limits.md says which claims rest on them",
    outlook=outlook,
    hypotheses=(INDEPENDENT_TRIALS, BOUNDED, MONOTONE),
    claims=(
        Claim(
            name="coverage",
            kind=Kind.EXACT,
            source="derived here",
            statement="Every kind of interval misses as often as its level allows, to 1e-8 where "
            "the law is known, and otherwise never more often.",
            check=check_coverage,
            quick={},
            must_fail={"copies": 2},
            why_fail="values that are counted twice are not independent",
            fault={"wrong": ALL},
            fault_text="intervals of two-sided quantiles are claimed to miss on one side only",
            near_misses={
                **{f"{kind}: half of the misses claimed": {"wrong": kind} for kind in KINDS},
                "means that miss less often than claimed": {"wrong": "mean", "claimed": 1.1},
                "a gambler who need win a tenth": {"wrong": "betting", "claimed": 0.1},
                "proportions that miss more often by a tenth": {
                    "wrong": "proportion",
                    "claimed": 0.9,
                },
            },
        ),
        Claim(
            name="errors",
            kind=Kind.EXACT,
            source="derived here",
            statement="Standard errors, costs, loads and counts of small samples are those of the "
            "plain definition, to 1e-6.",
            check=check_errors,
            quick={},
            must_fail={"wrong": ALL, "spent": 0},
            why_fail="the spread of a whole population stands for that of a sample of it",
            fault={"wrong": ALL, "root": False},
            fault_text="standard errors are not divided by the root of the number of trials",
            near_misses={
                f"{subject}: by a wrong definition": {"wrong": subject, "root": False}
                for subject in SUBJECTS
            },
        ),
        Claim(
            name="searches",
            kind=Kind.EXACT,
            source="derived here",
            statement="Searches of known thresholds end at them, with both ends measured and no "
            "size asked for twice; rates ask for whole inputs; results keep their order.",
            check=check_searches,
            quick={},
            must_fail={"dip": True},
            why_fail="a smaller size is enough as well: the outcome is not monotone",
            fault={"censored": False},
            fault_text="what is not enough at the limit counts as enough there",
            near_misses={f"{part}: one off": {"wrong": part} for part in SEARCHES},
        ),
        Claim(
            name="capacities",
            kind=Kind.EXACT,
            source="derived here",
            statement="Of memories that recall a known number of facts the capacity is that "
            "number; it is proved only where the very next size is refuted.",
            check=check_capacities,
            quick={},
            must_fail={"wrong": ALL},
            why_fail="the memories recall one fact fewer than is said of them",
            fault={"censored": False},
            fault_text="searches that end at the limit are not counted as censored",
            near_misses={f"{part}: one off": {"wrong": part} for part in CAPACITIES},
        ),
        Claim(
            name="verdicts",
            kind=Kind.EXACT,
            source="derived here",
            statement="Every rule of judgement says of plain cases what the definition says, at, "
            "before and beyond each edge.",
            check=check_verdicts,
            quick={},
            must_fail={"wrong": ALL},
            why_fail="rules that allow half as much again are not the rules that are meant",
            fault={"wrong": "several comparisons"},
            fault_text="only the first of several comparisons counts",
            near_misses={
                f"{rule}: a wrong rule": {"wrong": rule}
                for rule in RULES
                if rule != "several comparisons"
            },
        ),
        Claim(
            name="rows",
            kind=Kind.EXACT,
            source="derived here",
            statement="Rows of memories with a known law have its trials, means, intervals and "
            "thresholds, and are judged as the law says.",
            check=check_rows,
            quick={},
            must_fail={"wrong": ALL},
            why_fail="the memories are off by a little from those that the rows are said to be of",
            fault={"wrong": "threshold"},
            fault_text="shares of failures are those of larger sizes",
            near_misses={
                f"{row}: measured a little beside": {"wrong": row}
                for row in ROWS
                if row != "threshold"
            },
        ),
    ),
    figure=figure,
    caption="Chance that an interval misses the true value, over the chance that its level "
    "allows; each row is a kind of interval, each circle a level and a number of trials. "
    "Nothing is drawn: the chances are worked out from the laws. At 1 an interval misses "
    "as often as it may, further left it is wider than it need be; none may be right of "
    "1.",
)
"""The theorem, as the registry finds it."""
