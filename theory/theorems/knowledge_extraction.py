r"""Extracting knowledge: fine-tuned on some subjects' questions, asked about the others.

What is proved is the covering model (:mod:`theory.knowledge.covering`). What is measured is where
it holds, and what decides elsewhere: whether the templates of an attribute were tied together in
pre-training, and whether so few subjects are shown that a question can be answered from memory.
After enough subjects a question is worth the mean of the templates that it was shown with
(:func:`sims.knowledge.model.superposed`): a prediction without a fitted number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import new_axes
from sims.knowledge.training import suited
from sims.knowledge.trials import Told
from theory.claims import Claim, Finding, Kind, Theorem
from theory.judging import judge_largest, judge_predictions
from theory.knowledge.covering import covered_law, exponential_bound, published_bound, uncovered
from theory.knowledge.hypotheses import COVERED, SEVERAL, SHOWN, TIED
from theory.knowledge.runs import QUICK_TOLD, QUICK_TRAINING, extracted, spread
from theory.rendering.axes import MEASURED, PREDICTED, figure_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

QUICK = {
    "told": QUICK_TOLD, "training": QUICK_TRAINING, "width": 64, "trials": 4,
}  # fmt: skip
MIDDLE: dict[str, Any] = {
    "told": {**QUICK_TOLD, "subjects": 48}, "training": {"steps": 1200},
    "width": 96, "trials": 3, "shown": (2, 32),
}  # fmt: skip
FULL: dict[str, Any] = {"told": {}, "training": {}, "width": 128}
"""Sizes of quick regimes (MIDDLE where more subjects are needed) and of full ones; what is not
named has its default."""

# --- Checks: covering ---------------------------------------------------------------------------


def check_covering_law(
    *, seed: int, cases: Sequence[tuple[int, int, int]], replaced: bool = False, off: int = 0
) -> Finding:
    """Compare the laws of covering with all draws of n template sets, made one by one.

    ``replaced`` draws K templates with replacement in the formula, ``off`` adds to n in it.
    """
    rows = []
    for R, K, n in cases:
        sets = [frozenset(one) for one in combinations(range(R), K)]
        law, missed = [Fraction(0)] * (R + 1), Fraction(0)
        for drawn in product(sets, repeat=n):
            covered = frozenset().union(*drawn)
            law[len(covered)] += Fraction(1, len(sets) ** n)
            missed += Fraction(sum(not one & covered for one in sets), len(sets) ** (n + 1))
        predicted = (1 - K / R) ** (K * n) if replaced else uncovered(R, K, n + off)
        worst = np.abs(covered_law(R, K, n + off) - np.array(law, float)).max()
        rows.append(
            {
                "templates": R,
                "multiplicity": K,
                "fine-tuned": n,
                "uncovered": float(missed),
                "formula": predicted,
                "difference": float(max(worst, abs(float(missed) - predicted))),
            }
        )
    return judge_largest(
        "probabilities by formula and by count", rows, "difference", tolerance=1e-14,
        note="all draws, made one by one",
    )  # fmt: skip


def check_bounds(
    *, seed: int, templates: int, tuned: Sequence[int], factor: float = 1.0, undivided: bool = False
) -> Finding:
    """Hold the exact chance to be uncovered against both exponential bounds.

    ``factor`` multiplies our exponent; ``undivided`` leaves out XC's division by 2 R^2.
    """
    rows = []
    for R in range(2, templates + 1):
        for K in range(1, R + 1):
            for n in tuned:
                exact, ours = uncovered(R, K, n), exponential_bound(R, K, n) ** factor
                published = published_bound(R, K, n)
                if undivided:
                    published = published ** (2 * R * R)
                over = max(exact / ours if ours else 0.0, ours / published if published else 0.0)
                rows.append({"templates": R, "multiplicity": K, "fine-tuned": n, "over": over})
    worst = max(rows, key=lambda row: float(row["over"]))
    return judge_largest(
        "probability over its bound, and bound over XC's", [worst], "over", predicted=1.0,
        tolerance=1e-12, note=f"largest of {len(rows)} sizes",
    )  # fmt: skip


# --- Checks: what is answered -------------------------------------------------------------------


def _measured(
    K: int,
    *,
    seed: int,
    told: Mapping[str, Any],
    training: Mapping[str, Any],
    width: int,
    trials: int,
    shown: tuple[int, ...] = (2, 16),
    shared: bool = True,
    **tuning: Any,
) -> dict[int, dict[str, Any]]:
    """Return what was found at a multiplicity, by N_f."""
    sizes = Told(**{**told, "multiplicity": K, "shared": shared})
    value = extracted(
        sizes, fine_tuned=shown, width=width,
        trials=trials, seed=seed, pre_training=suited(sizes.subjects, **training), **tuning,
    )  # fmt: skip
    return {record["subjects"]: record for record in value["tuned"]}


def _held_out(
    multiplicities: Sequence[int], number: int, **sizes: Any
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield what was found at each multiplicity, and the record of a table that it begins."""
    for K in multiplicities:
        record = _measured(K, **sizes)[number]
        mean, error = spread([np.mean(right) for right in record["right"]])
        yield record, {"multiplicity": K, "fine-tuned": number, "answered": mean, "spread": error}


def check_extraction(
    *, seed: int, multiplicities: Sequence[int], number: int, tolerance: float, **sizes: Any
) -> Finding:
    """Hold what is answered about held-out subjects against all of it."""
    rows = [
        {**row, "learnt": float(np.mean(record["learnt"])), "measured": row["answered"],
         "error": 0.0, "predicted": 1.0}
        for record, row in _held_out(multiplicities, number, seed=seed, **sizes)
    ]  # fmt: skip
    return judge_predictions("held-out facts answered", rows, tolerance=tolerance)


def check_hallucination(
    *,
    seed: int,
    multiplicities: Sequence[int],
    number: int,
    most: float,
    kind: str,
    share: float,
    **sizes: Any,
) -> Finding:
    """Ask for few held-out answers, for all fine-tuned ones, and for one kind of wrong answer.

    What is judged is the largest of three shortfalls: answered above ``most``, fine-tuned facts
    that are missing, and the kind's share below ``share``.
    """
    rows = []
    for record, row in _held_out(multiplicities, number, seed=seed, **sizes):
        missing = 1 - float(np.mean(record["learnt"]))
        wrong = sum(sum(of.values()) for of in record["wrong"])
        found = sum(of[kind] for of in record["wrong"]) / max(1, wrong)
        shortfall = max(row["answered"] - most, missing, share - found)
        rows.append({**row, "missing": missing, f"of the wrong: {kind}": found,
                     "shortfall": shortfall})  # fmt: skip
    return judge_largest(
        "largest shortfall", rows, "shortfall", tolerance=0.0,
        note=f"answers limited to {most:.0%}",
    )  # fmt: skip


def check_attention(
    *, seed: int, multiplicities: Sequence[int], number: int, most: float, **sizes: Any
) -> Finding:
    """Hold what is answered without a network against a limit."""
    rows = [
        {**row, "over": row["answered"] - most}
        for _, row in _held_out(multiplicities, number, seed=seed, **sizes)
    ]
    return judge_largest(
        "held-out facts answered above the limit", rows, "over", tolerance=0.0,
        note=f"answers limited to {most:.0%}",
    )  # fmt: skip


def check_superposition(
    *,
    seed: int,
    multiplicities: Sequence[int],
    number: int,
    tolerance: float,
    covering: bool = False,
    **sizes: Any,
) -> Finding:
    """Compare what is answered with what superposed templates answer, nothing trained or fitted.

    ``covering`` predicts by covering instead, uncovered facts guessed among a subject's values.
    """
    told, rows = Told(**sizes["told"]), []
    for record, row in _held_out(multiplicities, number, seed=seed, **sizes):
        predicted = float(np.mean([np.mean(trial) for trial in record["superposed"]]))
        if covering:
            missed = uncovered(told.templates, row["multiplicity"], number)
            predicted = 1 - missed * (1 - 1 / told.attributes)
        rows.append({**row, "measured": row["answered"], "error": 0.0, "predicted": predicted})
    return judge_predictions("held-out facts answered", rows, tolerance=tolerance)


def check_covering(
    *,
    seed: int,
    multiplicity: int,
    numbers: tuple[int, ...],
    least: float,
    most: float,
    **sizes: Any,
) -> Finding:
    """Ask for answers to ``least`` of the covered facts and to ``most`` of the uncovered ones.

    What is judged is the larger of what is missing of the one and what is too much of the other,
    over all facts of all trials.
    """
    found = _measured(multiplicity, seed=seed, shown=numbers, parts=("W",), **sizes)
    rows = []
    for n in numbers:
        right = np.concatenate(found[n]["right"]).astype(float)
        covered = np.concatenate(found[n]["covered"]) > 0
        known, lost = (float(right[part].mean()) if part.any() else None
                       for part in (covered, ~covered))  # fmt: skip
        rows.append(
            {
                "fine-tuned": n,
                "covered": float(covered.mean()),
                "by law": 1 - uncovered(Told(**sizes["told"]).templates, multiplicity, n),
                "answered": float(right.mean()),
                "of covered": known,
                "of uncovered": lost,
                "shortfall": max(least - (1.0 if known is None else known),
                                 (0.0 if lost is None else lost) - most),
            }
        )  # fmt: skip
    return judge_largest(
        "largest shortfall", rows, "shortfall", tolerance=0.0,
        note=f"at least {least:.0%} of covered facts, at most {most:.0%} of uncovered ones",
    )  # fmt: skip


def check_error_bound(
    *, seed: int, multiplicities: Sequence[int], number: int, **sizes: Any
) -> Finding:
    """Hold the share of wrong answers against XC's bound as restated, with constant 1."""
    told, rows = Told(**sizes["told"]), []
    for _, row in _held_out(multiplicities, number, seed=seed, **sizes):
        bound = published_bound(told.templates, row["multiplicity"], number)
        wrong = 1 - row["answered"]
        rows.append({**row, "wrong": wrong, "bound": bound, "over": wrong - bound})
    return judge_largest(
        "share of wrong answers above the bound", rows, "over", tolerance=0.0,
        note=f"{len(rows)} sizes",
    )  # fmt: skip


# --- Checks: how fine-tuning changes the weights ------------------------------------------------


def along_question(n: int) -> float:
    """Cosine sqrt(n / (n + 1)) of the first gradient with the question, of n subjects."""
    return float(np.sqrt(n / (n + 1)))


def check_gradient(
    *,
    seed: int,
    multiplicity: int,
    numbers: tuple[int, ...],
    tolerance: float,
    of: str,
    law: Callable[[int], float],
    asked: int | None = 1,
    look: int = 0,
    **sizes: Any,
) -> Finding:
    """Look at a gradient of W: its largest singular value, or where the vector points.

    ``of`` is ``share``, of the norm, or ``aligned``, the length along the questions; ``law`` gives
    the value that is expected for N_f. ``look`` says when, 0 for the first gradient.
    """
    found = _measured(multiplicity, seed=seed, shown=numbers, asked=asked, spectra=True, **sizes)
    rows = []
    for n in numbers:
        mean, error = spread([looks[look]["W"][of] for looks in found[n]["spectra"]])
        rows.append({"fine-tuned": n, "measured": mean, "spread": error, "error": 0.0,
                     "predicted": law(n)})  # fmt: skip
    return judge_predictions(f"first gradient of W: {of}", rows, tolerance=tolerance)


def check_rank(
    *,
    seed: int,
    multiplicities: Sequence[int],
    number: int,
    tolerance: float,
    rank: int = 1,
    asked: int | None = 1,
    parts: tuple[str, ...] | None = None,
    **sizes: Any,
) -> Finding:
    """Hold what is answered after full changes, and after those of low rank, against all of it."""
    rows = []
    for how in ({"rank": rank, "parts": parts}, {}):
        for _, row in _held_out(
            multiplicities, number, seed=seed, shown=(number,), asked=asked, **how, **sizes
        ):
            rows.append({"change": "low rank" if how else "full", **row,
                         "measured": row["answered"], "error": 0.0, "predicted": 1.0})  # fmt: skip
    return judge_predictions("held-out facts answered", rows, tolerance=tolerance)


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Answers measured against those of superposed templates, and against what is covered."""
    ax = new_axes(None)
    for name, x, y, marker in (
        ("superposition", "predicted", "measured", "o"),
        ("covering", "covered", "answered", "s"),
    ):
        rows = findings[name].table
        ax.plot(
            [row[x] for row in rows], [row[y] for row in rows], marker, color=MEASURED, mfc="none",
            label=f"by {name}",
        )  # fmt: skip
    ax.plot([0, 1], [0, 1], color=PREDICTED, label="equal")
    ax.set_xlabel("held-out facts answered, predicted")
    ax.set_ylabel("held-out facts answered, measured")
    ax.legend(frameon=False)
    return figure_of(ax)


# --- Claims -------------------------------------------------------------------------------------

THEOREM = Theorem(
    name="knowledge-extraction",
    title="Extracting knowledge",
    source="XC, second and third theorems (restated); the exact law of covering, the prediction by "
    "superposition and the regimes are ours (docs/knowledge.md)",
    statement=r"""
After pre-training, fine-tuning on the questions of $N_f$ subjects lets the model answer those of
the others if it covers the templates in which their facts were told; the error is at most about
$\exp(-N_f K^2 \log |R| / (2 |R|^2))$. Otherwise it hallucinates. Changes of low rank do as well as
full ones, because the gradient is nearly of rank one along the question.
""",
    constants="A held-out fact is uncovered with probability q^N_f exactly, "
    "q = C(R-K, K) / C(R, K) <= exp(-K^2 / R). The paper's exponent is smaller by the factor "
    "2 R / log R.",
    deviations="Covering alone does not decide. Two more things do: whether the templates of an "
    "attribute are tied (K >= 2 and facts in common, or values of its own), and whether enough "
    "subjects are shown. The bound as restated, with constant 1, is violated where few are.",
    hypotheses=(SEVERAL, COVERED, TIED, SHOWN),
    claims=(
        Claim(
            name="covering-law",
            kind=Kind.EXACT,
            source="derived here (docs/knowledge.md)",
            statement="The chance of a held-out fact to be uncovered, and the law of the number of "
            "covered templates, are those of all draws, made one by one.",
            check=check_covering_law,
            quick={"cases": ((3, 1, 3), (4, 2, 2), (4, 3, 2), (5, 2, 3), (5, 5, 1), (4, 2, 0))},
            must_fail={"replaced": True},
            why_fail="the K templates of a fact are different ones",
            fault={"off": 1},
            fault_text="one subject more is counted than is fine-tuned",
        ),
        Claim(
            name="bounds",
            kind=Kind.NECESSARY,
            source="derived here; XC (restated)",
            statement="The exact chance is at most exp(-n K^2 / R), which is at most "
            "exp(-n K^2 log R / (2 R^2)), for all R up to 64 and K, at n = 1, 4 and 32.",
            check=check_bounds,
            quick={"templates": 64, "tuned": (1, 4, 32)},
            must_fail={"factor": 2.0},
            why_fail="for K = 1 the exponent n K^2 / R is sharp",
            fault={"undivided": True},
            fault_text="XC's exponent lacks its division by 2 R^2",
        ),
        Claim(
            name="extraction",
            kind=Kind.SUFFICIENT,
            source="XC (restated)",
            statement="With K = R/2 and 32 subjects fine-tuned, 99 % of the held-out facts are "
            "answered.",
            check=check_extraction,
            quick={
                **MIDDLE, "multiplicities": (4,), "number": 32, "tolerance": 0.01,
            },
            full={**FULL, "multiplicities": (8,)},
            must_fail={"multiplicities": (1,)},
            why_fail="templates that no fact ties are strangers to one another",
            fault={"training": {**MIDDLE["training"], "decay": 0.0}},
            fault_text="pre-training without weight decay: the floor is reached, but templates are "
            "less alike",
        ),
        Claim(
            name="untied",
            kind=Kind.CONSTANT,
            source="measured here",
            statement="With K = 1 and shared values, fine-tuned questions are all right, at most "
            "60 % of the held-out ones, and of the wrong answers at least half are the subject's "
            "value of another attribute, although most facts are covered.",
            check=check_hallucination,
            quick={
                **QUICK, "multiplicities": (1,), "number": 16, "most": 0.6, "kind": "own",
                "share": 0.5,
            },
            full={**FULL, "shown": (2, 32), "number": 32},
            must_fail={"multiplicities": (4,)},
            why_fail="templates are tied",
            fault={"shared": False},
            fault_text="each attribute has values of its own",
        ),
        Claim(
            name="from-memory",
            kind=Kind.CONSTANT,
            source="measured here",
            statement="With two subjects fine-tuned, these are answered, at most 60 % of the "
            "others, and of the wrong answers at least half are values just seen, although "
            "K = R: every fact is covered and templates are tied.",
            check=check_hallucination,
            quick={
                **QUICK, "multiplicities": (8,), "number": 2, "most": 0.6, "kind": "tuned",
                "share": 0.5,
            },
            full={**FULL, "multiplicities": (16,), "shown": (2, 32)},
            must_fail={"number": 16},
            why_fail="sixteen subjects are not answered from memory",
            fault={"parts": ("V",)},
            fault_text="only the last layer is fine-tuned",
        ),
        Claim(
            name="superposition",
            kind=Kind.CONSTANT,
            source="a heuristic of ours (docs/knowledge.md)",
            statement="With 32 subjects fine-tuned, the share of held-out facts answered is "
            "within 15 % of what a question made of the mean of its covered "
            "templates answers, nothing trained and nothing fitted.",
            check=check_superposition,
            quick={
                **MIDDLE, "multiplicities": (1, 2), "number": 32, "tolerance": 0.15,
            },
            full={**FULL, "multiplicities": (1, 2, 4, 8), "trials": 8},
            must_fail={"number": 2, "multiplicities": (2,)},
            why_fail="two subjects are answered from memory",
            fault={"covering": True, "multiplicities": (1,)},
            fault_text="the prediction is that of covering",
        ),
        Claim(
            name="covering",
            kind=Kind.CONSTANT,
            source="XC's mechanism, where it holds; measured here",
            statement="With K = 1, so many values that facts hardly share any, and only the first "
            "layer fine-tuned, at least half of the covered facts are answered and at most 20 % of "
            "the uncovered ones.",
            check=check_covering,
            quick={
                **QUICK, "told": {**QUICK_TOLD, "values": 128}, "multiplicity": 1,
                "numbers": (1, 2, 4), "least": 0.5, "most": 0.2,
            },
            full={**FULL, "told": {"templates": 8, "values": 256}, "trials": 8},
            must_fail={"multiplicity": 3, "numbers": (1,)},
            why_fail="tied templates answer for each other without being covered",
            fault={"told": {**QUICK_TOLD, "values": 6}},
            fault_text="there are six values, which the facts share",
        ),
        Claim(
            name="error-bound",
            kind=Kind.NECESSARY,
            source="XC (restated, constant 1)",
            statement="With 32 subjects fine-tuned the share of wrong answers is at most "
            "exp(-N_f K^2 log R / (2 R^2)).",
            check=check_error_bound,
            quick={**MIDDLE, "multiplicities": (1, 4), "number": 32},
            full={**FULL, "multiplicities": (1, 2, 4, 8)},
            must_fail={"multiplicities": (4,), "number": 2},
            why_fail="two subjects are answered from memory",
            fault={"training": {**MIDDLE["training"], "decay": 0.0}, "multiplicities": (4,)},
            fault_text="pre-training without weight decay: templates are less alike",
        ),
        Claim(
            name="alignment",
            kind=Kind.CONSTANT,
            source="derived here (docs/knowledge.md)",
            statement="Where one attribute is asked for, the first gradient of W points along the "
            "question with cosine sqrt(N_f / (N_f + 1)), within 0.01.",
            check=check_gradient,
            quick={
                **QUICK, "multiplicity": 8, "numbers": (8, 16), "of": "aligned",
                "law": along_question, "tolerance": 0.01,
            },
            full={**FULL, "multiplicity": 8, "numbers": (8, 32)},
            must_fail={"asked": None},
            why_fail="the leading vector leaves the subjects where several questions pull",
            fault={"law": lambda n: along_question(n) ** 2},
            fault_text="the cosine is squared",
        ),
        Claim(
            name="gradient",
            kind=Kind.CONSTANT,
            source="XC (nearly rank one, restated)",
            statement="Where one attribute is asked for, the largest singular value of the first "
            "gradient of W is at least 90 % of its norm.",
            check=check_gradient,
            quick={
                **QUICK, "multiplicity": 8, "numbers": (8, 16), "of": "share",
                "law": lambda n: 1.0, "tolerance": 0.1,
            },
            full={**FULL, "multiplicity": 8, "numbers": (8, 32)},
            must_fail={"asked": None},
            why_fail="three questions have three directions",
            fault={"look": -1},
            fault_text="the gradient is not the first one, but that after fine-tuning",
        ),
        Claim(
            name="rank-one",
            kind=Kind.CONSTANT,
            source="XC (restated)",
            statement="Where one attribute is asked for, half of the subjects are fine-tuned and "
            "full changes answer everything (K = R), those of rank one do too, within 2 %.",
            check=check_rank,
            quick={**QUICK, "multiplicities": (8,), "number": 16, "tolerance": 0.02},
            full={**FULL, "multiplicities": (8, 16), "number": 32},
            must_fail={"asked": None},
            why_fail="three questions need three directions",
            fault={"parts": ("V",)},
            fault_text="the change of rank one is of the last layer alone",
        ),
        Claim(
            name="attention-alone",
            kind=Kind.CONSTANT,
            source="XC (restated); why, docs/knowledge.md",
            statement="Without a network and with shared values at most half of the held-out facts "
            "are answered.",
            check=check_attention,
            quick={
                **QUICK, "multiplicities": (4,), "number": 16, "most": 0.5, "model": "attention",
            },
            full={**FULL, "shown": (2, 32), "number": 32},
            must_fail={"shared": False},
            why_fail="with values of its own for each attribute addition is enough",
            fault={"model": "attention-mlp"},
            fault_text="the network is there",
        ),
    ),
    figure=figure,
)  # fmt: skip
"""What fine-tuning makes of what was told."""
