r"""Extracting knowledge from a GPT-2: what carries over from the small model, and what does not.

The sentences, the questions and the draws are those of :mod:`theory.theorems.knowledge_extraction`;
the model is a GPT-2 as the ``transformers`` library builds it, trained by AdamW. Everything here is
measured (docs/knowledge.md, L.10). Without the extra ``lm`` no claim is applicable.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.engine.results import new_axes
from sims.knowledge.gpt2.network import Gpt2
from sims.knowledge.gpt2.training import FINE_TUNING
from sims.knowledge.trials import Told
from theory.claims import Claim, Finding, Kind, Theorem
from theory.judging import judge_arms, judge_largest
from theory.knowledge.gpt2_hypotheses import MANY, TIED, outlook
from theory.knowledge.gpt2_runs import (
    UNTUNED,
    brief,
    excess,
    extracted,
    storage,
    superposed_shares,
)
from theory.knowledge.hypotheses import COVERED, SEVERAL
from theory.rendering.axes import MEASURED, PREDICTED, figure_of, legend_over

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["THEOREM"]

QUICK: dict[str, Any] = {
    "told": {"templates": 8}, "network": Gpt2(layers=2, d=128), "trials": 2, "steps": None,
}  # fmt: skip
"""Sizes of quick regimes: two trials, and no more steps than the floor takes."""

FULL: dict[str, Any] = {"trials": 5, "steps": 800}

SHOWN = (2, 32)
"""N_f that are fine-tuned on."""

BARELY = replace(FINE_TUNING, steps=2)
"""Fine-tuning that ends before its own questions are answered."""

# --- Checks -------------------------------------------------------------------------------------


def _sizes(K: int, told: Mapping[str, Any], steps: int | None, **same: Any) -> dict[str, Any]:
    """Return the arguments of a run at a multiplicity."""
    return {"told": Told(**{**told, "multiplicity": K}), "rule": brief(K, steps), **same}


def check_floor(
    *, seed: int, multiplicities: Sequence[int], tolerance: float, short: int = 0, **sizes: Any
) -> Finding:
    """Hold the loss after pre-training against its floor, as a share of it.

    ``short`` counts fewer sentences of each subject in the floor than there are.
    """
    rows = []
    for K in multiplicities:
        run = _sizes(K, seed=seed, **sizes)
        said = run["told"].attributes * K
        over = excess(**run) + float(np.log(said) - np.log(said - short))
        share = over / float(np.log(said))
        rows.append({"multiplicity": K, "floor": float(np.log(said)), "excess": over,
                     "share": share})  # fmt: skip
    return judge_largest(
        "loss above its floor, as a share of it", rows, "share", predicted=tolerance,
        tolerance=0.0, note="the worst trial of each multiplicity",
    )  # fmt: skip


def _held_out(
    multiplicities: Sequence[int],
    number: int,
    *,
    told: Mapping[str, Any],
    network: Gpt2,
    trials: int,
    steps: int | None,
    seed: int,
    **tuning: Any,
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield what was found at each multiplicity, and the record of a table that it begins."""
    for K in multiplicities:
        run = _sizes(K, told, steps, network=network, trials=trials, seed=seed)
        value = extracted(run.pop("told"), fine_tuned=SHOWN, **run, **tuning)
        (record,) = [one for one in value["tuned"] if one["subjects"] == number]
        shares = [float(np.mean(right)) for right in record["right"]]
        yield record, {
            "multiplicity": K, "fine-tuned": number, "answered": float(np.mean(shares)),
            "least": min(shares), "most": max(shares), "learnt": float(np.mean(record["learnt"])),
            "superposed": float(np.mean([np.mean(one) for one in record["superposed"]])),
        }  # fmt: skip


def check_answered(
    *, seed: int, multiplicities: Sequence[int], number: int, least: float, **sizes: Any
) -> Finding:
    """Ask for ``least`` of the held-out facts."""
    rows = [
        {**row, "not answered": 1 - row["answered"]}
        for _, row in _held_out(multiplicities, number, seed=seed, **sizes)
    ]
    return judge_largest(
        "held-out facts not answered", rows, "not answered", predicted=1 - least, tolerance=0.0,
        note=f"at least {least:.0%} are asked for; mean over trials",
    )  # fmt: skip


def check_hallucination(
    *,
    seed: int,
    multiplicities: Sequence[int],
    number: int,
    most: float,
    superposed: bool = False,
    **sizes: Any,
) -> Finding:
    """Ask for few held-out answers, and for all fine-tuned ones.

    ``superposed`` puts templates in place of the questions, which are then not fine-tuned.
    """
    rows = []
    for record, row in _held_out(multiplicities, number, seed=seed, **sizes):
        wrong = sum(sum(of.values()) for of in record["wrong"])
        rows.append({
            **row, "missing": 1 - row["learnt"],
            "counted": row["superposed"] if superposed else row["answered"],
            **{f"wrong: {kind}": sum(of[kind] for of in record["wrong"]) / max(1, wrong)
               for kind in ("own", "tuned")},
        })  # fmt: skip
    return judge_arms(
        {
            "few are answered": judge_largest(
                "held-out facts answered", rows, "counted", predicted=most, tolerance=0.0,
                note=f"at most {most:.0%} may be answered",
            ),
            "fine-tuned ones are": judge_largest(
                "fine-tuned facts not answered", rows, "missing", tolerance=0.0,
                note="none may be missing",
            ),
        }
    )  # fmt: skip


def check_superposition(
    *,
    seed: int,
    multiplicities: Sequence[int],
    number: int,
    least: float,
    shifted: bool = False,
    **sizes: Any,
) -> Finding:
    """Ask for ``least`` of the held-out facts with the mean of templates in place of questions.

    ``shifted`` gives each question the templates of another attribute.
    """
    rows = []
    for K in multiplicities:
        run = _sizes(K, seed=seed, **sizes)
        shares = superposed_shares(run.pop("told"), number=number, shifted=shifted, **run)
        rows.append({"multiplicity": K, "fine-tuned": number, "superposed": float(np.mean(shares)),
                     "not answered": 1 - float(np.mean(shares))})  # fmt: skip
    return judge_largest(
        "held-out facts not answered by superposed templates", rows, "not answered",
        predicted=1 - least, tolerance=0.0, note="nothing is fine-tuned; mean over trials",
    )  # fmt: skip


def check_storage(
    *,
    seed: int,
    multiplicities: Sequence[int],
    kept: float,
    lost: float,
    token: str = "last",
    **sizes: Any,
) -> Finding:
    """Say what sentences need: the first layer at the last token, and hardly anything else.

    Without its attention, or its network, at most ``lost`` of the sentences are completed; without
    any other part at least ``kept``. ``token`` names the place of the parts that are needed.
    """
    rows = []
    for K in multiplicities:
        for row in storage(**_sizes(K, seed=seed, **sizes)):
            first = row["layer"] == 0 and row["part"] != "nothing"
            rows.append({"multiplicity": K, **row, "needed": first and row["token"] == token,
                         "spared": not first or row["token"] != "last",
                         "not completed": 1 - row["told"]})  # fmt: skip
    return judge_arms(
        {
            "needed": judge_largest(
                "sentences completed without a needed part",
                [row for row in rows if row["needed"]], "told", predicted=lost, tolerance=0.0,
                note="attention and network of the first layer, at the last token",
            ),
            "spared": judge_largest(
                "sentences not completed without any other part",
                [row for row in rows if row["spared"]], "not completed", predicted=1 - kept,
                tolerance=0.0, note="the second layer, and the place of the subject",
            ),
        }
    )  # fmt: skip


# --- Figure -------------------------------------------------------------------------------------


def figure(findings: Mapping[str, Finding]) -> "Figure | None":
    """What is answered after fine-tuning, and by superposed templates; None if nothing was run."""
    ax = new_axes(None)
    rows = [
        row
        for name in ("extraction", "untied", "from-memory") if name in findings
        for row in findings[name].table
    ]  # fmt: skip
    if not rows:
        return None
    names = [f"$K = {row['multiplicity']}$\n$N_f = {row['fine-tuned']}$" for row in rows]
    at = range(len(rows))
    ax.plot(at, [row["answered"] for row in rows], "o", color=MEASURED, label="fine-tuned")
    ax.plot(at, [row["superposed"] for row in rows], "_", color=PREDICTED, ms=14,
            label="superposed templates")  # fmt: skip
    ax.set_xticks(list(at), names)
    ax.set(ylim=(0, 1.05), ylabel="held-out facts answered", xlabel="told in $K$ of 8 templates")
    legend_over(ax, ncols=2)
    return figure_of(ax)


# --- Claims -------------------------------------------------------------------------------------


THEOREM = Theorem(
    name="knowledge-in-gpt2",
    title="Extracting knowledge from a GPT-2",
    source="XC, second and third theorems (restated), and their experiments with GPT-2; all is "
    "measured here (docs/knowledge.md, L.10)",
    statement=r"""
A GPT-2 with random weights reads facts told in $K$ of $|R|$ templates until its loss is at the
entropy floor, and is fine-tuned on the questions of $N_f$ subjects. It answers those of the others
if templates are tied by facts in common and enough subjects are shown; otherwise it hallucinates,
although every fine-tuned question is right.

No claim is more than a description of runs: of two trials at seed 0 (of five at the full size),
without an interval, since facts of a trial share weights. Limits, sizes, rates and the parts that
are left out were chosen after such runs.
""",
    constants="None is known. For 64 subjects, three attributes of the same sixteen values and "
    "eight templates, 32 subjects are enough at K = 8, two are not; K = 4 was not enough for 95%. "
    "With four templates, K = 4 was not enough either; with sixteen, K = 16 was.",
    deviations="More subjects are needed than by the one-layer model, for which eight are enough "
    "where templates are tied. Superposed templates answer more than fine-tuning on few subjects "
    "does: what was told can be asked for, and fine-tuning does not find how.",
    outlook=outlook,
    hypotheses=(SEVERAL, COVERED, TIED, MANY),
    extra="lm",
    claims=(
        Claim(
            name="floor",
            kind=Kind.OBSERVED,
            source="XC (restated)",
            statement="After pre-training the loss is at most 2% above its floor log(A K), in the "
            "worse of two trials, seed 0.",
            check=check_floor,
            quick={**QUICK, "multiplicities": (1, 8), "tolerance": 0.02},
            full={**FULL, "multiplicities": (1, 2, 4, 8)},
            must_fail={"steps": 100},
            why_fail="a hundred steps are not enough",
            fault={"short": 1},
            fault_text="one sentence of each subject is missing in the floor",
        ),
        Claim(
            name="extraction",
            kind=Kind.OBSERVED,
            source="XC (restated)",
            statement="With K = R and half of the subjects fine-tuned, 95% of the held-out facts "
            "are answered, in the mean of two trials, seed 0.",
            check=check_answered,
            quick={**QUICK, "multiplicities": (8,), "number": 32, "least": 0.95},
            full=FULL,
            must_fail={"multiplicities": (1,)},
            why_fail="templates that no fact ties are strangers to one another",
            fault={"fine_tuning": UNTUNED},
            fault_text="the form of the questions is never fine-tuned on",
            near_misses={"two subjects are fine-tuned": {"number": 2}},
        ),
        Claim(
            name="untied",
            kind=Kind.OBSERVED,
            source="measured here",
            statement="With K = 1 and shared values, fine-tuned questions are all right, and at "
            "most 60% of the held-out ones, in the mean of two trials, seed 0, although half of "
            "the subjects are fine-tuned.",
            check=check_hallucination,
            quick={**QUICK, "multiplicities": (1,), "number": 32, "most": 0.6},
            full=FULL,
            must_fail={"multiplicities": (8,)},
            why_fail="templates are tied",
            fault={"fine_tuning": BARELY},
            fault_text="fine-tuning ends after two steps",
            near_misses={"at most 25% of the held-out ones": {"most": 0.25}},
        ),
        Claim(
            name="from-memory",
            kind=Kind.OBSERVED,
            source="measured here",
            statement="With two subjects fine-tuned, these are answered, and at most 60% of the "
            "others, in the mean of two trials, seed 0, although K = R: every fact is covered and "
            "templates are tied.",
            check=check_hallucination,
            quick={**QUICK, "multiplicities": (8,), "number": 2, "most": 0.6},
            full=FULL,
            must_fail={"number": 32},
            why_fail="thirty-two subjects are not answered from memory",
            fault={"superposed": True},
            fault_text="templates stand in place of the questions",
            near_misses={"fine-tuning ends after two steps": {"fine_tuning": BARELY}},
        ),
        Claim(
            name="askable",
            kind=Kind.OBSERVED,
            source="a heuristic of ours (docs/knowledge.md)",
            statement="With K = R the mean embedding of the templates that two subjects were told "
            "in, in place of the question, answers 95% of the held-out facts, in the mean of two "
            "trials, seed 0: what fine-tuning on two subjects does not find is there.",
            check=check_superposition,
            quick={**QUICK, "multiplicities": (8,), "number": 2, "least": 0.95},
            full={**FULL, "multiplicities": (4, 8)},
            must_fail={"multiplicities": (1,)},
            why_fail="without ties no mean of templates stands for all of them",
            fault={"shifted": True},
            fault_text="each question gets the templates of another attribute",
        ),
        Claim(
            name="storage",
            kind=Kind.OBSERVED,
            source="measured here",
            statement="If the attention or the network of the first layer says the same in every "
            "sentence at its last token, at most 75% of the sentences are completed; if any other "
            "part of a layer does, at least 80% are, in the mean of two trials, seed 0.",
            check=check_storage,
            quick={**QUICK, "multiplicities": (1, 8), "kept": 0.8, "lost": 0.75},
            full={**FULL, "multiplicities": (1, 2, 4, 8)},
            must_fail={"steps": 30},
            why_fail="nothing has been learnt yet",
            fault={"token": "subject"},
            fault_text="the place of the subject is taken for that of the answer",
        ),
    ),
    figure=figure,
    caption="Share of held-out questions that a GPT-2 answers after facts were told in $K$ of 8 "
    "templates and the questions of $N_f$ subjects were fine-tuned, for each setting of "
    "the claims: means of the trials, without intervals. Dots: after fine-tuning. Bars: "
    "with superposed templates in place of the question, nothing trained.",
)  # fmt: skip
"""What a GPT-2 makes of what was told."""
