r"""Acquiring knowledge: next-token prediction comes to the entropy floor of what is told.

The floor is known exactly, position by position. A model that is at the floor knows every fact in
the sentences in which it was told, and nothing is said about questions
(:mod:`theory.theorems.knowledge_extraction`). Where attributes share values no sum of what subject
and attribute say answers everything. With fillers that is all that attention alone has; without,
its last token is the template itself, and it may look at each subject in another way.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.facts.knowledge import Knowledge
from assoc.facts.telling import draw_knowledge, tell_facts
from sims.engine.randomness import Source
from sims.engine.results import new_axes
from sims.knowledge.training import suited
from sims.knowledge.trials import Told
from theory.claims import Claim, Finding, Kind, Problem, Theorem
from theory.judging import judge_arms, judge_largest, judge_predictions, judge_symbols
from theory.knowledge.hypotheses import SEVERAL, WIDE
from theory.knowledge.plain.draws import step_rows
from theory.knowledge.plain.model import model_symbols
from theory.knowledge.plain.sentences import floor_symbols
from theory.knowledge.plain.training import rate_symbols, step_symbols
from theory.knowledge.runs import QUICK_TOLD, QUICK_TRAINING, extracted, spread
from theory.outlook import Outlook
from theory.rendering.axes import MEASURED, PREDICTED, figure_of, legend_over, level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

# --- Checks -------------------------------------------------------------------------------------


def check_entropy(*, seed: int, cases: int, even: bool = False, twice: bool = False) -> Finding:
    """Compare the floor with the conditional entropy of all sentences, counted one by one.

    ``even`` takes all subjects to have equally many sentences, ``twice`` counts a sentence twice.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for case in range(cases):
        given = _ragged(rng) if case % 2 else _regular(rng)
        predicted = float(given.floor.sum())
        if even:
            each = given.told.sum() / len(np.unique(given.facts[:, 0]))
            predicted = float(np.log(each) + 2 * np.log(max(1, given.fillers)))
        sentences = given.sentences
        if twice:
            sentences = np.concatenate([sentences, sentences[:1]])
        counted = _counted(sentences)
        rows.append(
            {
                "facts": len(given.facts),
                "fillers": given.fillers,
                "sentences": len(sentences),
                "counted": counted,
                "formula": predicted,
                "difference": abs(counted - predicted),
            }
        )
    return judge_largest(
        "difference of formula and count (nats)", rows, "difference", tolerance=1e-12,
        note=f"{cases} sets of sentences, every one written out",
    )  # fmt: skip


def _regular(rng: np.random.Generator) -> Knowledge:
    S, A, R = (int(n) for n in rng.integers(2, 7, 3))
    K, Z = int(rng.integers(1, R + 1)), int(rng.integers(0, 4))
    return draw_knowledge(S, A, R, K, A + 3, shared=bool(rng.integers(2)), fillers=Z, rng=rng)


def _ragged(rng: np.random.Generator) -> Knowledge:
    """Draw facts of a table with gaps."""
    S, A, R = (int(n) for n in rng.integers(3, 7, 3))
    pairs = np.array([(s, b) for s in range(S) for b in range(A)])
    kept = pairs[rng.permutation(len(pairs))[: max(3, len(pairs) // 2)]]
    facts = np.column_stack([kept, rng.integers(0, 5, len(kept))])
    K, Z = int(rng.integers(1, R + 1)), int(rng.integers(0, 3))
    return tell_facts(facts, templates=R, multiplicity=K, fillers=Z, rng=rng)


def _counted(sentences: np.ndarray[Any, Any]) -> float:
    """Sum over positions of the entropy of the next token given all tokens before it."""
    total = 0.0
    for length in range(1, sentences.shape[1]):
        contexts: dict[tuple[int, ...], dict[int, int]] = {}
        for sentence in sentences.tolist():
            following = contexts.setdefault(tuple(sentence[:length]), {})
            following[sentence[length]] = following.get(sentence[length], 0) + 1
        for following in contexts.values():
            times = np.array(list(following.values()))
            total -= float((times * np.log(times / times.sum())).sum()) / len(sentences)
    return total


def check_floor(
    *,
    seed: int,
    multiplicities: Sequence[int],
    told: Mapping[str, Any],
    training: Mapping[str, Any],
    width: int,
    trials: int,
    tolerance: float,
    shown: tuple[int, ...] = (2, 16),
    shared: bool = True,
    model: str = "attention-mlp",
    brief: int | None = None,
) -> Finding:
    """Hold the loss after pre-training against the floor, as a share of it.

    Of the trials the worst is judged. ``brief`` trains the first of them in so many steps.
    """
    rows = []
    for K in multiplicities:
        sizes = Told(**told, multiplicity=K, shared=shared)
        value = extracted(
            sizes, fine_tuned=shown, width=width, trials=trials, seed=seed, model=model,
            pre_training=suited(sizes.subjects, **training),
        )  # fmt: skip
        floor = sum(value["floor"])
        excess = np.sum(value["excess"], axis=1) / floor
        if brief is not None:
            excess[0] = _brief_excess(sizes, {**training, "steps": brief}, width, seed, model)
        mean, error = spread(excess)
        worst = float(excess[np.argmax(np.abs(excess))])
        rows.append(
            {
                "multiplicity": K,
                "floor": floor,
                "measured": worst,
                "error": 0.0,
                "predicted": 0.0,
                "mean": mean,
                "spread": error,
                "told facts right": float(np.mean(value["told"])),
            }
        )
    return judge_predictions(
        "loss above the entropy floor, relative to it", rows, tolerance=tolerance
    )


def _brief_excess(
    sizes: Told, training: Mapping[str, Any], width: int, seed: int, model: str
) -> float:
    """Excess of the first trial after another training, as a share of its floor."""
    value = extracted(
        sizes, fine_tuned=(2,), width=width, trials=1, seed=seed, model=model,
        pre_training=suited(sizes.subjects, **training),
    )  # fmt: skip
    return float(np.sum(value["excess"]) / sum(value["floor"]))


def check_addition(
    *, seed: int, told: Mapping[str, Any], trials: int, shared: bool = True, paired: bool = False
) -> Finding:
    """Prove for each draw that no sum of a subject's and an attribute's logits answers all facts.

    The proof is four facts whose inequalities add up to 0 > 0, in integers. ``paired`` gives every
    pair of subject and attribute a feature of its own, as a network can.
    """
    rows = []
    for trial in range(trials):
        given = Told(**told, multiplicity=1, shared=shared).draw(
            Source(seed, "addition", ()), trial
        )
        crossed = _crossed(given)
        proved = [_contradictory(given, four, paired=paired) for four in crossed]
        rows.append(
            {
                "facts": len(given.facts),
                "crossed quadruples": len(crossed),
                "measured": float(any(proved)),
                "error": 0.0,
                "predicted": 1.0,
            }
        )
    return judge_predictions(
        "share of draws for which addition is proved to fail", rows, tolerance=1e-9
    )


def _crossed(given: Knowledge) -> list[tuple[int, int, int, int]]:
    """Find rows of facts (s, b, v), (s', b, v'), (s, b', v'), (s', b', v), with v and v' apart."""
    rows = {(s, b): row for row, (s, b, _) in enumerate(given.facts.tolist())}
    value = given.facts[:, 2]
    found = []
    for s, t in combinations(range(given.subjects), 2):
        for b, c in combinations(range(given.attributes), 2):
            four = [rows.get(pair) for pair in ((s, b), (t, b), (s, c), (t, c))]
            i, j, k, m = (-1 if row is None else row for row in four)
            if min(i, j, k, m) >= 0 and value[i] == value[m] != value[j] == value[k]:
                found.append((i, j, k, m))
    return found


def _contradictory(given: Knowledge, four: tuple[int, int, int, int], *, paired: bool) -> bool:
    """Whether the inequalities "right above crossed" of four facts have the sum 0."""
    total = np.zeros((len(given.facts) if paired else given.subjects + given.attributes,
                      given.values), np.intp)  # fmt: skip
    i, j, _, _ = four
    v, w = given.facts[[i, j], 2]
    for row in four:
        s, b, right = given.facts[row]
        for feature in [row] if paired else [s, given.subjects + b]:
            total[feature, right] += 1
            total[feature, v + w - right] -= 1
    return not total.any()


def check_schedules(
    *,
    seed: int,
    told: Mapping[str, Any],
    training: Mapping[str, Any],
    width: int,
    trials: int,
    batch: int | None,
    ratio: float,
    schedule: str = "warm-up",
) -> Finding:
    """Compare the excess of stochastic descent at a constant rate with that of a schedule."""
    sizes, excess = Told(**told), {}
    for name in ("constant", schedule):
        value = extracted(
            sizes, fine_tuned=(2,), width=width, trials=trials, seed=seed,
            pre_training=suited(sizes.subjects, **training, schedule=name, batch=batch),
        )  # fmt: skip
        excess[name] = np.sum(value["excess"], axis=1)
    rows = [
        {"trial": t, "constant": float(fixed), schedule: float(scheduled),
         # A training that diverged is no evidence for either.
         "ratio": float(scheduled / fixed) if np.isfinite(fixed + scheduled) else float("inf")}
        for t, (fixed, scheduled) in enumerate(zip(excess["constant"], excess[schedule],
                                                   strict=True))
    ]  # fmt: skip
    return judge_largest(
        "excess loss relative to a constant rate", rows, "ratio", predicted=ratio,
        tolerance=0.0, note=f"largest of {trials} trials",
    )  # fmt: skip


def check_symbols(
    *,
    seed: int,
    tolerance: float,
    even: bool = False,
    unseen: bool = False,
    once: bool = False,
    fixed: bool = False,
) -> Finding:
    """Compare floors, contexts, losses and slopes with sentences that are written out one by one.

    Parameters
    ----------
    seed : draws facts, weights and directions.
    tolerance : relative; training computes in single precision.
    even, unseen : as for :func:`theory.knowledge.plain.sentences.floor_symbols`.
    once, fixed : as for :func:`theory.knowledge.plain.model.model_symbols`.
    """
    rows = floor_symbols(seed=seed, even=even, unseen=unseen)
    rows += model_symbols(seed=seed, once=once, fixed=fixed)
    return judge_symbols(
        rows, tolerance=tolerance, note="sentence by sentence, slopes by central differences"
    )


def check_descent(
    *,
    seed: int,
    exactly: float,
    tolerance: float,
    rate: str = "",
    mistake: str = "",
    decays: float = 1.0,
    spread: float = 0.3,
) -> Finding:
    """Compare learning rates, and what some steps come to, with their definitions step by step.

    Parameters
    ----------
    seed : draws facts, weights, factors and directions.
    exactly, tolerance : relative, of rates and of what single precision comes to.
    rate, mistake : of :func:`theory.knowledge.plain.training.rate_symbols`, and of
        :func:`theory.knowledge.plain.training.step_symbols`.
    decays, spread : as for :func:`theory.knowledge.plain.training.step_symbols`.
    """
    steps = step_symbols(seed=seed, decays=decays, mistake=mistake, spread=spread)
    return judge_arms(
        {
            "rates": judge_symbols(
                rate_symbols(mistake=rate), tolerance=exactly, note="step by step"
            ),
            "steps": judge_symbols(
                steps, tolerance=tolerance, note="in double precision, from the definition"
            ),
        }
    )


def check_batches(
    *, seed: int, trials: int, batch: int, tolerance: float, even: bool = False, once: bool = False
) -> Finding:
    """Compare the mean of a step on drawn contexts with the gradient of all sentences.

    Parameters
    ----------
    seed, trials, batch, even, once : as for :func:`theory.knowledge.plain.draws.step_rows`.
    tolerance : of the logarithm.
    """
    rows = step_rows(seed=seed, trials=trials, batch=batch, even=even, once=once)
    return judge_predictions(
        "mean step along the gradient", rows, tolerance=tolerance, relative=True
    )


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Excess over the floor against multiplicity."""
    ax = new_axes(None)
    rows = findings["floor"].table
    x = [row["multiplicity"] for row in rows]
    ax.plot(x, [row["mean"] for row in rows], "o-", color=MEASURED, label="mean of the trials")
    ax.plot(x, [row["measured"] for row in rows], "^:", color=MEASURED, label="worst trial")
    level(ax, 0.01, "1%, claimed", below=True, color=PREDICTED, ls="--")
    ax.set_xticks(x)
    ax.set_xlabel("multiplicity $K$")
    ax.set_ylabel("(loss $-$ floor) / floor")
    ax.set_ylim(bottom=0)
    legend_over(ax, ncols=2)
    return figure_of(ax)


# --- Claims -------------------------------------------------------------------------------------


def outlook(problem: Problem) -> Outlook | None:
    """The floor of the loss is exact; that training comes near it is measured."""
    if problem.told is None:
        return None
    floor = math.log(problem.told.attributes * problem.told.multiplicity)
    return Outlook(
        "training comes within 1% of the least loss",
        note=f"that is {floor:.4g} nats a sentence, before the template; measured, not proved",
    )


THEOREM = Theorem(
    name="knowledge-acquisition",
    title="Acquiring knowledge",
    source="XC, first theorem (restated); floor and addition derived here (docs/knowledge.md)",
    statement=r"""
Facts (subject, attribute, value), each told in $K$ of the $|R|$ templates of its attribute, are
learnt by next-token prediction with a one-layer transformer: the loss comes to its least value,
the entropy of the next token given what precedes it, $\log(AK)$ nats before the template and 0
before the value. Where attributes share values, softmax attention alone, with weights that do not
depend on subject and template together, cannot.
""",
    constants="The floor is exact. 1% above it is what is asked for, not a constant of theory.",
    deviations="XC's conditions on sizes, rates and times are not used; sizes are those of the "
    "regimes. Queries and keys are one matrix, embeddings orthonormal, no skip connection.",
    outlook=outlook,
    hypotheses=(SEVERAL, WIDE),
    claims=(
        Claim(
            name="entropy",
            kind=Kind.EXACT,
            source="docs/knowledge.md",
            proof="docs/knowledge.md, L.1",
            statement="The floor is the conditional entropy of all sentences, counted one by one, "
            "to 1e-12 nats: for regular facts and for tables with gaps, with and without fillers.",
            check=check_entropy,
            quick={"cases": 40},
            full={"cases": 400},
            must_fail={"even": True},
            why_fail="subjects of a table with gaps have different numbers of sentences",
            fault={"twice": True},
            fault_text="one sentence is told twice",
        ),
        Claim(
            name="floor",
            kind=Kind.CONSTANT,
            source="XC (restated)",
            statement="After pre-training the loss is within 1% of the floor in every trial.",
            check=check_floor,
            quick={
                "multiplicities": (1, 4), "told": QUICK_TOLD, "training": QUICK_TRAINING,
                "width": 64, "trials": 4, "tolerance": 0.01,
            },
            full={"multiplicities": (1, 2, 4, 8), "told": {}, "training": {}, "width": 128},
            must_fail={"training": {**QUICK_TRAINING, "steps": 40}, "multiplicities": (4,)},
            why_fail="the training is too short",
            fault={"width": 4, "multiplicities": (4,)},
            fault_text="the network has four neurons",
            near_misses={
                "one trial of four is trained in 400 steps": {
                    "multiplicities": (4,), "brief": 400,
                },
            },
        ),
        Claim(
            name="addition",
            kind=Kind.NECESSARY,
            source="derived here (docs/knowledge.md)",
            proof="docs/knowledge.md, L.3",
            statement="Where attributes share values, no sum of what subject and attribute say "
            "answers every fact: proved in integers for every draw.",
            check=check_addition,
            quick={"told": {"subjects": 16, "attributes": 3, "templates": 1, "values": 5},
                   "trials": 8},
            full={"trials": 40},
            must_fail={"shared": False},
            why_fail="with values of its own for each attribute addition is enough",
            fault={"paired": True},
            fault_text="each pair of subject and attribute has a feature of its own",
        ),
        Claim(
            name="schedules",
            kind=Kind.CONSTANT,
            source="XC (that schedules matter, restated); where, measured here",
            statement="With 64 contexts of each position drawn for every step, warm-up and cosine "
            "end at less than half of the excess of a constant rate, in every trial.",
            check=check_schedules,
            quick={
                "told": {**QUICK_TOLD, "multiplicity": 2},
                "training": {"steps": 800, "learning_rate": 2.0},
                "width": 64, "trials": 2, "batch": 64, "ratio": 0.5,
            },
            full={"training": {"steps": 3200, "learning_rate": 2.0}, "trials": 8},
            must_fail={"batch": None},
            why_fail="without noise a constant rate goes on falling where the cosine stops",
            fault={"schedule": "constant"},
            fault_text="the schedule is a constant rate too",
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="derived here (docs/knowledge.md)",
            statement="Floors, contexts with their weights, losses and slopes of all models are "
            "those of all sentences, written out one by one, to 1e-5: with subjects that have one "
            "to three facts, values that are shared, and fillers that may occur twice.",
            check=check_symbols,
            quick={"tolerance": 1e-5},
            must_fail={"even": True},
            why_fail="subjects with more sentences weigh more in the floor",
            fault={"fixed": True},
            fault_text="slopes of the attention leave out that a larger mass takes from the others",
            near_misses={
                "a filler that is seen twice counts once": {"once": True},
                "a question weighs as much as a sentence": {"unseen": True},
            },
        ),
        Claim(
            name="descent",
            kind=Kind.EXACT,
            source="derived here (docs/knowledge.md)",
            statement="Learning rates are those of their definitions to 1e-12, and what descent "
            "with momentum, decay and settling comes to, in full and in low rank, is that of "
            "single steps in double precision to 1e-5; first factors have standard deviation 0.3.",
            check=check_descent,
            quick={"exactly": 1e-12, "tolerance": 1e-5},
            must_fail={"mistake": "slow"},
            why_fail="momentum is a larger rate only where steps are small",
            fault={"decays": 1.02},
            fault_text="the decay is larger by 2%",
            near_misses={
                "a whole period of the cosine": {"rate": "whole period"},
                "decay to the end": {"mistake": "decay to the end"},
                "factors with a standard deviation of 0.31": {"spread": 0.31},
            },
        ),
        Claim(
            name="batches",
            kind=Kind.CONSTANT,
            source="derived here",
            statement="A step on contexts that are drawn is on average that of all sentences, "
            "within 5%.",
            check=check_batches,
            quick={"trials": 300, "batch": 64, "tolerance": 0.05},
            must_fail={"even": True},
            why_fail="subjects with more sentences are drawn more often",
            fault={"once": True},
            fault_text="each subject is told in one sentence",
        ),
    ),
    figure=figure,
    caption="Excess of the loss after pre-training over its entropy floor, as a share of the "
    "floor, against the number $K$ of templates in which each fact is told: mean and "
    "worst of the trials. The claim `floor` allows the dashed 1% in every trial.",
)  # fmt: skip
"""What pre-training comes to."""
