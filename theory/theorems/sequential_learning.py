r"""Relations are learnt before subjects: first an answer from the relation alone (NLB, Theorem 6).

Statement (restated). Orthonormal embeddings, disjoint answer sets, uniform p with answers spread
evenly, start at V = alpha, w = alpha sqrt(A + 1). If S >= 8 R sqrt(2 D) and alpha is small, there
is a time at which the prediction is within eps of p(a | r) while the subjects' weights are still
negligible: the model answers from the relation alone.

Judged are that statement at its own hypothesis, and what is sharp: the growth rates g_R and g_S,
the two stage times to all digits, the boundary g_R = g_S between relation first and subject first,
the plateau's height and length; then how much of it survives softmax attention on random embeddings
(NLB Figure 5, right) and finite steps. Derivations: docs/gradient-flow.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.embeddings import sphere
from assoc.gradient_flow.embedded_attention import EmbeddedAttention
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.engine.randomness import INPUTS, PROMPTS, Source
from sims.gradient_flow.descent import descend
from sims.gradient_flow.embedded import embedded_flow
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import FlowResult, flow
from theory.claims import Claim, Finding, Kind, Problem, Side, Theorem, Verdict
from theory.gradient_flow.figures import order_axes, trajectory_axes
from theory.gradient_flow.hypotheses import EVEN, INITIAL, MANY_SUBJECTS, ORTHONORMAL
from theory.gradient_flow.plain.attention import attention_symbols
from theory.gradient_flow.plain.flow import descent_symbols, run_symbols
from theory.gradient_flow.plain.stages import condition_symbols, stage_symbols
from theory.gradient_flow.proofs import stage_proof_steps
from theory.gradient_flow.stages import order_ratio, stages, which_first
from theory.judging import (
    judge_arms,
    judge_largest,
    judge_predictions,
    judge_slope,
    judge_steps,
    judge_symbols,
)
from theory.outlook import Outlook
from theory.rendering.axes import MEASURED, PREDICTED, legend_over
from theory.transformers.hypotheses import DISJOINT, TOTAL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

# --- Checks -------------------------------------------------------------------------------------


def check_proof(*, seed: int, centred: bool = True, disjoint: bool = True) -> Finding:
    """Check the gradient, what is conserved, the rates and the reduction by sympy."""
    del seed
    return judge_steps(stage_proof_steps(centred=centred, disjoint=disjoint))


def check_slopes(
    *, seed: int, case: FlowFacts, alphas: Sequence[float], tolerance: float, lifted: str = ""
) -> Finding:
    """Fit the slopes of the stage times in log(1/alpha), and compare them with 1/g.

    Parameters
    ----------
    seed : draws the facts.
    case : facts.
    alphas : initial scales.
    tolerance : relative.
    lifted : the stage time that is predicted as if a softmax only lifted up.
    """
    model = case.model(seed)
    predicted = [stages(case.subjects, case.relations, case.answers, alpha=a) for a in alphas]
    runs = [
        flow(model, t_max=3 * max(p.t_relation, p.t_subject), alpha=alpha, samples=2)
        for alpha, p in zip(alphas, predicted, strict=True)
    ]
    x = np.log(1 / np.array(alphas))
    rows: list[dict[str, Any]] = []
    for name, slope in (
        ("t_relation", predicted[0].slope_relation),
        ("t_subject", predicted[0].slope_subject),
    ):
        times = [_time(run, name) for run in runs]
        fitted = math.inf not in times
        rows.append(
            {
                **case.labels(),
                "time": name,
                "measured": float(np.polyfit(x, times, 1)[0]) if fitted else math.inf,
                "error": 0.0,
                "predicted": slope * (_uncentred(case, name) if name == lifted else 1.0),
                "alphas": list(alphas),
                "times": times,
                "predicted times": [getattr(p, name) for p in predicted],
            }
        )
    return _by("time", "slope of a stage time in log(1/alpha)", rows, tolerance)


def _uncentred(case: FlowFacts, name: str) -> float:
    """Factor of a stage time whose rate has R for R - 1, or D for D - 1."""
    n = case.relations if name == "t_relation" else case.answers
    return math.sqrt((n - 1) / n)


def _by(column: str, quantity: str, rows: Sequence[Mapping[str, Any]], tolerance: float) -> Finding:
    """Judge relative predictions, those with each value of a column as a part of their own."""
    parts = dict.fromkeys(row[column] for row in rows)
    return judge_arms(
        {
            part: judge_predictions(
                f"{quantity}: {part}",
                [row for row in rows if row[column] == part],
                tolerance=tolerance,
                relative=True,
            )
            for part in parts
        }
    )


def check_times(
    *,
    seed: int,
    cases: Sequence[FlowFacts],
    alphas: Sequence[float],
    tolerance: float,
    lifted: str = "",
) -> Finding:
    """Compare both stage times with the integral that gives them.

    Parameters
    ----------
    seed : draws the facts.
    cases, alphas : facts and initial scales, all combinations.
    tolerance : relative.
    lifted : the stage time that is predicted as if a softmax only lifted up.
    """
    rows: list[dict[str, Any]] = []
    for case in cases:
        for alpha in alphas:
            found = stages(case.subjects, case.relations, case.answers, alpha=alpha)
            longest = 3 * max(found.t_relation, found.t_subject)
            run = flow(case.model(seed), t_max=longest, alpha=alpha, samples=2)
            for name in ("t_relation", "t_subject"):
                rows.append(
                    {
                        **case.labels(),
                        "alpha": alpha,
                        "time": name,
                        "measured": _time(run, name),
                        "error": 0.0,
                        "predicted": getattr(found, name)
                        * (_uncentred(case, name) if name == lifted else 1.0),
                    }
                )
    return _by("time", "stage time", rows, tolerance)


def _time(run: FlowResult, name: str) -> float:
    """A stage time, infinite where it was not reached."""
    time: float | None = getattr(run, name)
    return math.inf if time is None else time


def early_subjects(model: LinearAttention, alpha: float, head_start: float) -> np.ndarray:
    """Initial state with the subjects' V and w larger by a factor."""
    start = model.initial(alpha)
    V, w = model.unpack(start)
    V[: model.task.subjects] *= head_start
    w[: model.task.subjects] *= head_start
    return np.asarray(start)


def check_hallucination(
    *,
    seed: int,
    cases: Sequence[FlowFacts],
    alpha: float,
    eps: float,
    head_start: float = 1.0,
) -> Finding:
    """Look for a time at which the prediction is p(a | r) up to eps and subjects are negligible.

    Parameters
    ----------
    seed : draws the facts.
    cases : facts.
    alpha : initial scale.
    eps : largest difference of a probability, and largest logit from a subject.
    head_start : factor on the subjects' initial scale.
    """
    rows: list[dict[str, Any]] = []
    for case in cases:
        model = case.model(seed)
        task = model.task
        last = stages(case.subjects, case.relations, case.answers, alpha=alpha).t_subject
        start = early_subjects(model, alpha, head_start)
        times = np.linspace(0, 1.2 * last, 61).tolist()
        run = flow(model, t_max=times[-1], start=start, at=times, keep_states=True)
        assert run.states is not None
        given = np.zeros((task.relations, task.answers))
        np.add.at(given, (task.facts[:, 1], task.facts[:, 2]), 1.0)
        given /= given.sum(axis=1, keepdims=True)
        tried = []
        for k, state in enumerate(run.states):
            V, w = model.unpack(state)
            off = np.abs(model.probabilities(state) - given[task.facts[:, 1]]).max()
            subject = np.abs(w[: task.subjects, None] * V[: task.subjects]).max()
            tried.append((max(float(off), float(subject)), float(off), float(subject), k))
        _, off, subject, k = min(tried)
        rows.append(
            {
                **case.labels(),
                "S / (8 R sqrt(2 D))": case.subjects
                / (8 * case.relations * math.sqrt(2 * case.answers)),
                "time": times[k],
                "off p(a|r)": off,
                "subjects' logits": subject,
                "loss": float(run.loss[k]),
                "log D": math.log(case.answers),
                "relation-only loss": float(run.relation_loss[k]),
            }
        )
    note = f"largest of {len(rows)} tables, each at its best time"
    return judge_arms(
        {
            "probabilities": judge_largest(
                "distance from p(a|r)", rows, "off p(a|r)", tolerance=eps, note=note
            ),
            "subjects' logits": judge_largest(
                "logits of subjects", rows, "subjects' logits", tolerance=eps, note=note
            ),
        }
    )


def check_order(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int]],
    alpha: float,
    boundary: str = "sharp",
    head_start: float = 1.0,
) -> Finding:
    """See which is learnt first, on both sides of the boundary.

    Parameters
    ----------
    seed : draws the facts.
    sizes : S, R, D.
    alpha : initial scale.
    boundary : ``sharp``, g_R = g_S, or ``paper``, S = 8 R sqrt(2 D) taken for one.
    head_start : factor on the subjects' initial scale.
    """
    rows: list[dict[str, Any]] = []
    for S, R, D in sizes:
        model = FlowFacts(S, R, D).model(seed)
        found = stages(S, R, D, alpha=alpha)
        longest = 3 * max(found.t_relation, found.t_subject)
        start = early_subjects(model, alpha, head_start)
        run = flow(model, t_max=longest, start=start, samples=2)
        ratio = order_ratio(S, R, D)
        above = ratio > 1 if boundary == "sharp" else 8 * R * math.sqrt(2 * D) <= S
        relation, subject = _time(run, "t_relation"), _time(run, "t_subject")
        reached = math.inf not in (relation, subject)
        rows.append(
            {
                "S": S,
                "R": R,
                "D": D,
                "g_R / g_S": ratio,
                "t_relation": run.t_relation,
                "t_subject": run.t_subject,
                "first": which_first(relation, subject) if reached else "not both reached",
                "predicted": "relation" if above else "subject",
            }
        )
    right = sum(row["first"] == row["predicted"] for row in rows)
    return Finding(
        Verdict.HOLDS if right == len(rows) else Verdict.VIOLATED,
        "share of sizes in which the predicted one is first",
        measured=right / len(rows),
        predicted=1.0,
        tolerance=0.0,
        side=Side.LEAST,
        note=f"{right} of {len(rows)} sizes",
        table=tuple(rows),
    )


def check_plateau(
    *,
    seed: int,
    sizes: Sequence[tuple[int, int, int]],
    alpha: float,
    tolerance: float,
    kind: str = "balanced",
    leading: bool = False,
) -> Finding:
    """Compare the loss in the middle of the plateau with log D or log R, and its length.

    Parameters
    ----------
    seed : draws the facts.
    sizes : S, R, D.
    alpha : initial scale.
    tolerance : relative.
    kind : of the facts.
    leading : the length is predicted by the slopes alone.
    """
    rows: list[dict[str, Any]] = []
    for S, R, D in sizes:
        found = stages(S, R, D, alpha=alpha)
        slopes = abs(found.slope_relation - found.slope_subject)
        middle = (found.t_relation + found.t_subject) / 2
        longest = 3 * max(found.t_relation, found.t_subject)
        model = FlowFacts(S, R, D, kind).model(seed)
        run = flow(model, t_max=longest, alpha=alpha, at=[middle])
        relation, subject = _time(run, "t_relation"), _time(run, "t_subject")
        reached = math.inf not in (relation, subject)
        labels = {"S": S, "R": R, "D": D, "first": found.first}
        rows += [
            {
                **labels,
                "what": "height",
                "measured": float(run.loss[0]),
                "error": 0.0,
                "predicted": found.plateau,
            },
            {
                **labels,
                "what": "length",
                "measured": abs(relation - subject) if reached else math.inf,
                "error": 0.0,
                "predicted": slopes * math.log(1 / alpha) if leading else found.length,
            },
        ]
    return _by("what", "plateau of the loss", rows, tolerance)


def check_softmax(
    *,
    seed: int,
    case: FlowFacts,
    d: int,
    draws: int,
    alpha: float,
    t_max: float,
    relation: float,
    subject: float,
    blind: bool = False,
) -> Finding:
    """Look for the hallucination stage of softmax attention on random embeddings.

    Parameters
    ----------
    seed : draws facts, embeddings and prompts.
    case : facts and length of the prompts.
    d : dimension of the embeddings.
    draws : prompts of each fact, over which the expectation over noise is taken: a sample.
    alpha, t_max : initial scale, and how long to look.
    relation, subject : there is to be a time at which the relation-only loss is at most this share
        of its initial value, the subject-only loss at least that share of log D.
    blind : all relations have one embedding, a fault.
    """
    assert case.length is not None
    source = Source(seed, "softmax flow", (case.subjects, case.relations, case.answers, d))
    task = case.task(seed)
    embeddings = source.vectors(
        sphere, task.vocabulary, d, trial=0, stream=INPUTS, dtype=np.float64
    )
    if blind:
        S, R = task.subjects, task.relations
        embeddings[S : S + R] = embeddings[S]
    rng = source.generator(0, PROMPTS)
    prompts = np.concatenate([task.prompts(case.length, rng=rng) for _ in range(draws)])
    model = EmbeddedAttention(task, embeddings, prompts, "softmax")
    run = embedded_flow(model, t_max=t_max, alpha=alpha, rtol=1e-5, samples=80)
    first = float(run.relation_loss[0])
    shares = run.relation_loss / first
    heights = run.subject_loss / math.log(case.answers)
    ready = shares <= relation
    height = float(heights[ready].max()) if ready.any() else 0.0
    rows = [
        {"time": t, "loss": a, "relation-only loss": b, "subject-only loss": c}
        for t, a, b, c in zip(
            run.time.tolist(), run.loss.tolist(), run.relation_loss.tolist(),
            run.subject_loss.tolist(), strict=True,
        )
    ]  # fmt: skip
    reached = f"t = {run.time[ready][0]:.4g}" if ready.any() else f"never by t = {t_max:g}"
    return Finding(
        Verdict.HOLDS if height >= subject else Verdict.VIOLATED,
        "subject-only loss over log D when relations are known",
        measured=height,
        predicted=1.0,
        tolerance=1 - subject,
        side=Side.LEAST,
        note=f"relation-only loss at {relation:.0%} of its start: {reached}",
        table=tuple(rows),
    )


def check_descent(
    *,
    seed: int,
    case: FlowFacts,
    alpha: float,
    lrs: Sequence[float],
    t_max: float,
    tolerance: float,
    without: int = 0,
) -> Finding:
    """Fit the order in the step size at which gradient descent tends to the flow.

    Parameters
    ----------
    seed : draws the facts.
    case : facts.
    alpha : initial scale.
    lrs : step sizes, of which t_max is a multiple.
    t_max : time at which the losses are compared.
    tolerance : of the exponent, 1.
    without : facts that descent lacks.
    """
    exact = flow(case.model(seed), t_max=t_max, alpha=alpha, rtol=1e-11, at=[t_max])
    model = replace(case, without=without).model(seed)
    rows: list[dict[str, Any]] = []
    for lr in lrs:
        run = descend(model, lr=lr, steps=round(t_max / lr), alpha=alpha, samples=2)
        rows.append(
            {
                **case.labels(),
                "lr": lr,
                "loss": float(run.loss[-1]),
                "loss of the flow": float(exact.loss[-1]),
                "difference": abs(float(run.loss[-1] - exact.loss[-1])),
                "t_relation": run.t_relation,
                "t_relation of the flow": exact.t_relation,
            }
        )
    x = [math.log(row["lr"]) for row in rows]
    y = [[math.log(row["difference"])] * 2 for row in rows]
    quantity = "order of the error in the step size"
    return judge_slope(quantity, x, y, 1.0, tolerance=tolerance, rows=rows)


def check_symbols(
    *,
    seed: int,
    alpha: float,
    tolerance: float,
    centred: bool = True,
    share: float = 0.5,
    free: bool = False,
    factor: int = 128,
) -> Finding:
    """Compare rates, times, plateaus and hypotheses with counts over facts and integrals anew.

    Parameters
    ----------
    seed : not used: nothing is drawn.
    alpha : initial scale.
    tolerance : relative.
    centred, share, free, factor : as for :func:`theory.gradient_flow.plain.stages.stage_symbols`
        and :func:`theory.gradient_flow.plain.stages.condition_symbols`.
    """
    del seed
    rows = stage_symbols(alpha=alpha, centred=centred, share=share, free=free)
    rows += condition_symbols(factor=factor)
    return judge_symbols(rows, tolerance=tolerance, note="from counts and by small panels")


def check_attention(*, seed: int, tolerance: float, attention: str | None = None) -> Finding:
    """Compare attention on given embeddings with loops over prompts, tokens and answers.

    Parameters
    ----------
    seed : draws embeddings, prompts and states.
    tolerance : relative.
    attention : as for :func:`theory.gradient_flow.plain.attention.attention_symbols`.
    """
    rows = attention_symbols(seed=seed, attention=attention)
    return judge_symbols(rows, tolerance=tolerance, note="by loops and complex steps")


def check_runs(
    *, seed: int, alpha: float, tolerance: float, share: float = 0.5, mistake: str = "",
    early: int = 0,
) -> Finding:  # fmt: skip
    """Compare runs of the flow and of descent with other runs from the definition.

    Parameters
    ----------
    seed : not used: the facts are given.
    alpha : initial scale.
    tolerance : relative.
    share, mistake, early : as for :func:`theory.gradient_flow.plain.flow.run_symbols` and
        :func:`theory.gradient_flow.plain.flow.descent_symbols`.
    """
    del seed
    note = "by LSODA and by single steps, all prompts listed"
    runs = run_symbols(alpha=alpha, t_max=150.0, share=share, mistake=mistake)
    steps = descent_symbols(lr=0.5, steps=200, alpha=alpha, early=early)
    return judge_arms(
        {
            "flow": judge_symbols(runs, tolerance=tolerance, note=note),
            "descent": judge_symbols(steps, tolerance=tolerance, note=note),
        }
    )


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure":
    """Stage times against log(1/alpha), the phase diagram, and softmax attention."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(7.4, 3.2), layout="constrained")
    left, middle, right = whole.subplots(1, 3)
    slopes = findings["slopes"].table if "slopes" in findings else ()
    for marker, row in zip("osD^", slopes, strict=False):
        name = f"{row['time'].removeprefix('t_')}s"
        left.plot(row["alphas"], row["times"], marker, mfc="none", color=MEASURED, label=name)
        label = f"predicted, slope {row['predicted']:.4g}"
        left.plot(row["alphas"], row["predicted times"], "-", color=PREDICTED, label=label)
    left.set_xscale("log")
    left.invert_xaxis()
    left.set_xlabel(r"initial scale $\alpha$")
    left.set_ylabel("time when learnt")
    legend_over(left)
    order: Sequence[Mapping[str, Any]] = findings["order"].table if "order" in findings else ()
    order_axes(middle, order)
    trajectory_axes(right, findings["softmax"].table if "softmax" in findings else ())
    return whole


# --- Claims -------------------------------------------------------------------------------------

SMALL = FlowFacts(16, 4, 8)
BOTH_SIDES = (
    (16, 4, 8), (12, 6, 3), (8, 4, 8), (6, 12, 3), (4, 2, 4), (9, 8, 9),
    (4, 16, 2), (12, 13, 12), (8, 9, 8), (6, 8, 6), (3, 6, 3), (4, 32, 4),
)  # fmt: skip
"""Sizes with g_R / g_S above 1 in the first line, and below in the second."""


def outlook(problem: Problem) -> Outlook | None:
    """Relation first by the paper's hypothesis, else what comes first by the sharp boundary."""
    task = problem.task
    if task is None:
        return None
    hypotheses = (ORTHONORMAL, DISJOINT, TOTAL, EVEN)
    failing = [c.name for h in hypotheses for c in h.check(problem) if c.holds is False]
    relation = "for alpha small enough, relations are learnt before subjects"
    if failing:
        return Outlook(relation, note=f"the proof asks for: {', '.join(failing)}")
    many, sharp = MANY_SUBJECTS.check(problem)
    if many.holds:
        return Outlook(relation, guaranteed=1.0)
    subject = "for alpha small enough, subjects are learnt before relations"
    return Outlook(relation if sharp.holds else subject, predicted=1.0, note=sharp.value)


THEOREM = Theorem(
    name="sequential-learning",
    title="Relations are learnt before subjects, with a plateau of hallucination between",
    source="NLB, Theorem 6, restated; rates, times, boundary and plateau derived here",
    statement=r"""
Let embeddings be orthonormal, answer sets disjoint, $p$ uniform and answers spread evenly, and
$V = \alpha$, $w = \alpha\sqrt{A + 1}$ at the start. If $S \ge 8R\sqrt{2D}$ then, for every
$\epsilon$ and small enough $\alpha$, there is a time at which $|\hat p(a | s, r) - p(a | r)| \le
\epsilon$ for all $s, r, a$ while the subjects' weights are negligible: the loss is near $\log D$.

Beyond the paper: relations come first if and only if $(S/R)\sqrt{(R-1)/(D-1)} > 1$, for small
$\alpha$; otherwise subjects do, with a plateau at $\log R$. The times are of slope $1/g_R$ and
$1/g_S$ in $\log(1/\alpha)$ and known to all digits.
""",
    constants=r"""
$g_R = \sqrt{(R-1)/(RD)}/R$ and $g_S = \sqrt{(D-1)/(RD)}/S$. The paper's $8\sqrt 2$ is not sharp:
its $S$ exceeds the boundary's by a factor $8\sqrt{2D(R-1)/(D-1)}$. How small $\alpha$ must be:
what relations have still to learn in the plateau is about $R\sqrt{D(1 - 1/R)}/(2 T \log T)$ after
a time $T \propto \log(1/\alpha)$, so that $\log(1/\alpha)$ grows like
$1/(\epsilon \log(1/\epsilon))$.
""",
    deviations=r"""
*Negligible* is read as logits $w V$ of at most $\epsilon$. Softmax attention on random embeddings
starts from the same formulas in matrix coordinates; its expectation over noise is a mean over
sampled prompts.
""",
    outlook=outlook,
    hypotheses=(ORTHONORMAL, DISJOINT, TOTAL, EVEN, INITIAL, MANY_SUBJECTS),
    claims=(
        Claim(
            name="proof",
            kind=Kind.EXACT,
            source="derived here (docs/gradient-flow.md)",
            proof="docs/gradient-flow.md, H.3 to H.6, by sympy",
            statement="The algebra holds: the gradient, the conserved numbers, both growth rates, "
            "the reduction of balanced facts to two equations, and the slopes.",
            check=check_proof,
            quick={},
            must_fail={"disjoint": False},
            why_fail="the softmax factorises only if a subject has one answer in each answer set",
            fault={"centred": False},
            fault_text="growth rates without the part of a softmax that pushes down",
        ),
        Claim(
            name="slopes",
            kind=Kind.CONSTANT,
            source="derived here (docs/gradient-flow.md)",
            statement="The slopes of t_relation and t_subject in log(1/alpha) are 1/g_R and 1/g_S "
            "to 0.1%, for alpha from 1e-12 to 1e-6.",
            check=check_slopes,
            quick={
                "case": SMALL,
                "alphas": (1e-12, 1e-10, 1e-8, 1e-6),
                "tolerance": 1e-3,
            },
            full={"alphas": tuple(10.0**-k for k in range(6, 13))},
            must_fail={"alphas": (0.03, 0.1, 0.3)},
            why_fail="the initial scale is not small",
            fault={"case": replace(SMALL, without=1)},
            fault_text="one fact is left out, which slows one subject down",
            near_misses={
                "R for R - 1 in g_R": {"alphas": (1e-8, 1e-6), "lifted": "t_relation"},
                "D for D - 1 in g_S": {"alphas": (1e-8, 1e-6), "lifted": "t_subject"},
            },
        ),
        Claim(
            name="times",
            kind=Kind.CONSTANT,
            source="derived here (docs/gradient-flow.md)",
            proof="docs/gradient-flow.md, H.6",
            statement="Both stage times of balanced facts are the predicted integrals to 1e-7, for "
            "alpha from 1e-8 to 0.1.",
            check=check_times,
            quick={
                "cases": (SMALL, FlowFacts(12, 6, 3), FlowFacts(6, 12, 3)),
                "alphas": (0.1, 1e-4, 1e-8),
                "tolerance": 1e-7,
            },
            full={"cases": (SMALL, FlowFacts(64, 8, 16), FlowFacts(8, 16, 4))},
            must_fail={"cases": (replace(SMALL, kind="random"),)},
            why_fail="where answers are not spread evenly, relations have rates of their own",
            fault={"cases": (replace(SMALL, without=1),)},
            fault_text="one fact is left out of what is learnt",
            near_misses={
                "R for R - 1 in g_R": {
                    "cases": (SMALL,),
                    "alphas": (0.1,),
                    "lifted": "t_relation",
                },
                "D for D - 1 in g_S": {
                    "cases": (SMALL,),
                    "alphas": (0.1,),
                    "lifted": "t_subject",
                },
            },
        ),
        Claim(
            name="hallucination",
            kind=Kind.TRAJECTORY,
            source="NLB Theorem 6",
            statement="At S = 8 R sqrt(2 D), R, D = 4, 8 or 2, 2 or 2, 8, there is a time at "
            "which the prediction is within 0.01 of p(a | r) and no subject's logit exceeds 0.01.",
            check=check_hallucination,
            quick={
                "cases": (FlowFacts(128, 4, 8), FlowFacts(32, 2, 2), FlowFacts(64, 2, 8)),
                "alpha": 1e-9,
                "eps": 0.01,
            },
            full={"cases": (FlowFacts(128, 4, 8), FlowFacts(256, 8, 8), FlowFacts(272, 6, 16))},
            must_fail={"cases": (FlowFacts(4, 8, 4),)},
            why_fail="beyond the sharp boundary the subject is learnt first",
            fault={"head_start": 1e8, "cases": (FlowFacts(32, 2, 2),)},
            fault_text="subjects start at a scale of 0.1",
            near_misses={
                "subjects start at a scale of 0.013, and are negligible no more": {
                    "head_start": 1.3e7,
                    "cases": (FlowFacts(64, 2, 8),),
                },
            },
        ),
        Claim(
            name="order",
            kind=Kind.CONSTANT,
            source="derived here (docs/gradient-flow.md)",
            statement="For 12 sizes with (S/R) sqrt((R-1)/(D-1)) from 0.4 to 3.2, five of them "
            "within 12% of 1, the relation is learnt first exactly where that is above 1 "
            "(alpha = 1e-30).",
            check=check_order,
            quick={"sizes": BOTH_SIDES, "alpha": 1e-30},
            must_fail={"boundary": "paper", "sizes": BOTH_SIDES[:4]},
            why_fail="S >= 8 R sqrt(2 D) is sufficient and far from necessary",
            fault={"head_start": 1e25, "sizes": BOTH_SIDES[:3]},
            fault_text="subjects start at a scale of 1e-5",
        ),
        Claim(
            name="plateau",
            kind=Kind.CONSTANT,
            source="NLB Theorem 6; height and length derived here",
            statement="Where one stage time is at least twice the other, the loss in the middle "
            "between them is log D (relations first) or log R (subjects first), and the time "
            "between them is as predicted; all within 1% at alpha = 1e-12.",
            check=check_plateau,
            quick={
                "sizes": ((16, 4, 8), (64, 4, 4), (3, 24, 3), (4, 32, 4)),
                "alpha": 1e-12,
                "tolerance": 0.01,
            },
            full={"sizes": ((16, 4, 8), (128, 8, 16), (8, 32, 4), (4, 64, 4))},
            must_fail={"sizes": ((6, 12, 3),)},
            why_fail="close to the boundary the second begins before the first is done",
            fault={"kind": "random"},
            fault_text="answers that are not spread evenly, whose entropy given r is below log D",
            near_misses={
                "the length is that of the slopes alone": {
                    "leading": True,
                    "sizes": ((16, 4, 8),),
                },
            },
        ),
        Claim(
            name="symbols",
            kind=Kind.EXACT,
            source="derived here (docs/gradient-flow.md)",
            statement="Growth rates, the gaps' scales, stage times, slopes, which is first, "
            "plateaus, losses at a time and the sizes that fit the hypotheses are those of counts "
            "over all facts and of integrals by another rule, to 1e-9.",
            check=check_symbols,
            quick={"alpha": 1e-3, "tolerance": 1e-9},
            must_fail={"free": True},
            why_fail="the gap does not grow as if probabilities stayed what they are",
            fault={"centred": False},
            fault_text="growth rates without the part of a softmax that pushes down",
            near_misses={
                "stages at 0.499 of the losses": {"share": 0.499},
                "S >= 8 R sqrt(D) for S >= 8 R sqrt(2 D)": {"factor": 64},
            },
        ),
        Claim(
            name="attention",
            kind=Kind.EXACT,
            source="derived here (docs/gradient-flow.md)",
            statement="Losses, probabilities, velocity, start and conserved number of linear and "
            "softmax attention on given embeddings are those of a loop over tokens, to 1e-8; on "
            "orthonormal ones linear attention runs like the reduced model.",
            check=check_attention,
            quick={"tolerance": 1e-8},
            must_fail={"attention": "linear"},
            why_fail="softmax attention is not linear",
            fault={"attention": "softmax"},
            fault_text="the weights of linear attention are normalised",
        ),
        Claim(
            name="runs",
            kind=Kind.EXACT,
            source="derived here (docs/gradient-flow.md)",
            statement="Stage times, losses, smallest w and drift of the flow and of gradient "
            "descent, on facts of unequal probability, are those of another integration of the "
            "definition, to 1e-8.",
            check=check_runs,
            quick={"alpha": 1e-3, "tolerance": 1e-8},
            must_fail={"mistake": "equal facts"},
            why_fail="facts of equal probability are learnt at other times",
            fault={"early": 1},
            fault_text="descent's times come a step early",
            near_misses={"stages at 0.499 of the losses": {"share": 0.499}},
        ),
        Claim(
            name="softmax",
            kind=Kind.TRAJECTORY,
            source="NLB Figure 5 (right), restated",
            statement="Softmax attention on random embeddings, with noise tokens, also "
            "hallucinates: when the relation-only loss is at 5% of its start, the subject-only "
            "loss is still above 80% of log D.",
            check=check_softmax,
            quick={
                "case": FlowFacts(16, 4, 8, length=12),
                "d": 128,
                "draws": 4,
                "alpha": 1e-4,
                "t_max": 1500.0,
                "relation": 0.05,
                "subject": 0.8,
            },
            full={"case": FlowFacts(16, 4, 8, length=32), "draws": 8, "t_max": 1e4},
            must_fail={"case": FlowFacts(4, 16, 4, length=12)},
            why_fail="with fewer subjects than relations the subject is learnt first",
            fault={"blind": True},
            fault_text="all relations have the same embedding",
        ),
        Claim(
            name="descent",
            kind=Kind.SCALING,
            source="Euler's method; the paper trains by gradient descent",
            statement="Gradient descent tends to the flow at first order in its step: the exponent "
            "of the difference of losses at t = 120 is 1 to 0.05.",
            check=check_descent,
            quick={
                "case": SMALL,
                "alpha": 1e-4,
                "lrs": (0.5, 0.25, 0.125, 0.0625),
                "t_max": 120.0,
                "tolerance": 0.05,
            },
            must_fail={"lrs": (20.0, 12.0, 6.0)},
            why_fail="large steps lag behind by more than a first-order term",
            fault={"without": 1},
            fault_text="descent lacks one fact",
        ),
    ),
    figure=figure,
    caption="Left: times at which relations and subjects are learnt, integrated, against the "
    r"scale $\alpha$ of the initial weights; lines are predicted, and their slopes are in "
    r"$\log(1/\alpha)$. Middle: which of the two is learnt first, for tables of $S$ "
    "subjects, $R$ relations and $D$ answers to each; the predicted boundary is $(S/R)^2 "
    "= (D-1)/(R-1)$. Right: losses of softmax attention along gradient flow. While "
    "relations are known and subjects are not, the model hallucinates.",
)
"""What is learnt first, when, and how long that lasts."""
