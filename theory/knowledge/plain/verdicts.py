"""Verdicts on answers a second time: in exact integers, one question and its fillers at a time.

Logits are made by matrices of small integers, attention is even, and so two logits are often the
same: a token that only ties is not an answer. The kinds of wrong answers are looked up in lists of
facts. Records over trials are counted from the verdicts on single questions.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from assoc.facts.knowledge import Knowledge
from sims.engine.randomness import SAMPLE, Source
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.model import Weights, superposed
from sims.knowledge.traces import follow_knowledge
from sims.knowledge.training import Descent, train_contexts
from sims.knowledge.trials import Told, draw_trials, pretrain
from sims.knowledge.verdicts import KINDS, RIGHT, judge_answers, judge_told, split_facts
from theory.knowledge.plain.model import losses, output
from theory.knowledge.plain.sentences import Row, entropies, uneven, written

__all__ = ["answered", "integer_weights", "kind_of", "record_symbols", "verdict_symbols"]

ATTENTION = ("subject", "template", "question", "value", "filler")

TOLD: dict[str, Any] = {
    "subjects": 9, "attributes": 2, "templates": 4, "multiplicity": 1, "values": 4,
}  # fmt: skip
LEARN = Descent(steps=40, learning_rate=0.8, decay=1e-3, settle=0.5)
TUNE = Descent(steps=10, learning_rate=0.15, schedule="constant")
"""Facts, and trainings so short that some answers are right and some are wrong."""


def integer_weights(given: Knowledge, *, seed: int) -> Weights:
    """Draw attention's output from {0, 1, 2}, and lift right values by one or two.

    Attention is even over a power of two of tokens, so that logits are exact.

    Parameters
    ----------
    given : facts, whose values are lifted where their subjects are seen, and their questions.
    seed : draws the integers.
    """
    rng = np.random.default_rng(seed)
    n = given.vocabulary
    out = rng.integers(0, 3, (n, n)).astype(np.float32)
    first = given.subjects + len(given.owner) + given.attributes
    for s, _, v in given.facts.tolist():
        out[first + v, s] += rng.integers(1, 3)
    out[first : first + given.values] += 1
    return {"Q": np.zeros((n, n), np.float32), "O": out}


def answered(logits: Sequence[float], wanted: int, *, ties: bool = False) -> tuple[bool, int]:
    """Say whether a token has the highest logit alone, and which one has it, the first of equals.

    Parameters
    ----------
    logits : of all tokens.
    wanted : the right token.
    ties : whether a token that shares the highest logit is an answer.
    """
    best = max(logits)
    winners = [token for token, logit in enumerate(logits) if logit == best]
    return (wanted in winners if ties else winners == [wanted]), winners[0]


def kind_of(given: Knowledge, row: int, tuned: Sequence[int], value: int) -> str:
    """Name the kind of a wrong answer.

    Parameters
    ----------
    given : facts.
    row : the fact that was asked for.
    tuned : rows of facts that were fine-tuned on.
    value : the answer, as a value; out of their range if it is none.
    """
    facts = given.facts.tolist()
    s, b, right = facts[row]
    if value == right:
        return "other"
    if [s, value] in [[x, z] for x, _, z in facts]:
        return "own"
    if [b, value] in [[facts[k][1], facts[k][2]] for k in tuned]:
        return "tuned"
    if [b, value] in [[y, z] for _, y, z in facts]:
        return "set"
    return "other" if value in range(given.values) else "none"


def _judged(
    given: Knowledge, weights: Weights, rows: Sequence[int], kind: str = "asked", *,
    ties: bool = False, any_filler: bool = False, tuned: Sequence[int] = (),
) -> dict[int, str]:  # fmt: skip
    """Verdict on each of some facts: right, or the kind of the first wrong answer."""
    tries: dict[int, list[tuple[bool, int]]] = {row: [] for row in rows}
    first = given.subjects + len(given.owner) + given.attributes
    for row, tokens in written(given, kind):
        if row in tries:
            logits = output(weights, tokens[:-1]).tolist()
            tries[row].append(answered(logits, tokens[-1], ties=ties))
    found = {}
    for row, made in tries.items():
        known = [right for right, _ in made]
        if any(known) if any_filler else all(known):
            found[row] = RIGHT
            continue
        label = given.facts[row, 2] + first
        missed = [token for _, token in made if token != label] or [label]
        found[row] = kind_of(given, row, tuned, int(missed[0]) - first)
    return found


def verdict_symbols(*, seed: int, ties: bool = False, any_filler: bool = False) -> list[Row]:
    """Return verdicts on answers, as the package has them and question by question.

    Parameters
    ----------
    seed : draws facts and integers.
    ties : whether a tie is an answer.
    any_filler : whether one choice of the fillers is enough.
    """
    rows: list[Row] = []
    for case in range(18):
        given = uneven(case % 3, seed=seed + case)
        given = Knowledge(given.subjects, given.attributes, given.values + 1, given.facts,
                          given.owner, given.told, given.fillers)  # fmt: skip
        weights, before = (integer_weights(given, seed=seed + case + k) for k in (0, 50))
        # Superposed templates are means: with numbers that never tie.
        before = {name: np.sqrt(part + np.float32(0.1 * k) * part.T)
                  for k, (name, part) in enumerate(before.items())}  # fmt: skip
        asks = None if case % 2 else 2
        tuned, held = split_facts(given, 2, asks)
        facts = given.facts.tolist()
        mine = [k for k, (_, b, _) in enumerate(facts) if asks is None or b < asks]
        early = [k for k in mine if facts[k][0] < 2]
        late = [k for k in mine if facts[k][0] >= 2]
        rows.append(("facts asked", float(tuned.tolist() == early and held.tolist() == late), 1.0))
        found = judge_answers(given, before, weights, tuned, held)
        own = _judged(given, weights, late, tuned=early, ties=ties, any_filler=any_filler)
        put = _judged(
            given, superposed(before, given, tuned), late, ties=ties, any_filler=any_filler
        )
        seen = _judged(given, weights, early, ties=ties, any_filler=any_filler)
        for k, row in enumerate(late):
            rows.append(("right answers", float(found["right"][k]), float(own[row] == RIGHT)))
            rows.append(("right with superposed templates", float(found["superposed"][k]),
                         float(put[row] == RIGHT)))  # fmt: skip
            rows.append((f"answers of kind {own[row]}", float(found["kinds"][k] == own[row]), 1.0))
        rows += [(f"number of kind {kind}", float(found["wrong"][kind]),
                  float(list(own.values()).count(kind))) for kind in KINDS]  # fmt: skip
        rows.append(("fine-tuned facts answered", found["learnt"], _share(seen.values())))
        told = judge_told(weights, given, given.contexts())
        rows += [(f"facts {kind}", told[kind], _completed(given, weights, kind, ties=ties))
                 for kind in ("told", "untold")]  # fmt: skip
    return rows


def _share(verdicts: Any) -> float:
    found = list(verdicts)
    return found.count(RIGHT) / len(found)


def _completed(given: Knowledge, weights: Weights, kind: str, *, ties: bool) -> float:
    """Share of sentences, or of those that were not told, of which the value is right."""
    found = [answered(output(weights, one[:-1]).tolist(), one[-1], ties=ties)[0]
             for _, one in written(given, kind)]  # fmt: skip
    return sum(found) / len(found)


def record_symbols(*, seed: int, fewer: int = 0) -> list[Row]:
    """Return records of whole runs, as the package has them and from the weights they come to.

    Parameters
    ----------
    seed : of the run.
    fewer : subjects less that are fine-tuned on than is said.
    """
    told, trials, shown = Told(**TOLD), 2, (2, 4)
    run = knowledge_extraction(
        told, fine_tuned=shown, width=9, trials=trials, seed=seed, pre_training=LEARN,
        fine_tuning=TUNE, experiment="records",
    )  # fmt: skip
    source, given = draw_trials(told, trials=trials, seed=seed, experiment="records")
    first = pretrain(given, source, width=9, pre_training=LEARN)
    rows, value = [], run.values[0]
    sentences = [[one for _, one in written(each)] for each in given]
    floors = [entropies(one) for one in sentences]
    over = [losses(first.weights[t], sentences[t]) - floors[t] for t in range(trials)]
    for t in range(trials):
        rows += [("excess over the floor", *both) for both in zip(
            value["excess"][t], over[t].tolist(), strict=True)]  # fmt: skip
        rows.append(("excess at the end", value["trace"][t][-1], float(over[t].sum())))
    for line, record, n in zip(run.rows(), value["tuned"], shown, strict=True):
        rows += _summed(line, record, given, source, first.weights, n - fewer)
        worst = max(float(one.sum()) / sum(floors[0]) for one in over)
        rows.append(("largest excess, as a share of the floor", line["excess_share"], worst))
    trace = follow_knowledge(
        TOLD, fine_tuned=4, width=9, trials=trials, seed=seed, pre_training=asdict(LEARN),
        fine_tuning=asdict(TUNE), experiment="records", looks=2,
    )  # fmt: skip
    last, line, end = trace.fine_tuning[-1], run.rows()[1], trace.pre_training[-1]
    wrong = 1 - line["answered"]
    rows += [(name, last[name], line[name]) for name in ("learnt", "answered")]
    rows += [(f"share of kind {kind}", last[kind], wrong * line[f"wrong_{kind}"]) for kind in KINDS]
    rows += [
        ("loss of questions", last["loss"], float(np.mean(value["tuned"][1]["loss"]))),
        ("excess at the subject", end["subject"], float(np.mean([one[0] for one in over]))),
        ("excess at the value", end["value"], float(np.mean([one[-1] for one in over]))),
        ("untold", end["untold"], line["untold"]),
    ]
    rows += [("floor along the way", trace.floor[p], float(np.mean([one[p] for one in floors])))
             for p in range(2)]  # fmt: skip
    return rows


def _summed(
    line: dict[str, Any], record: dict[str, Any], given: list[Knowledge], source: Source,
    start: Sequence[Weights], n: int,
) -> list[Row]:  # fmt: skip
    """Shares over all trials of one number N_f, from weights that are fine-tuned again."""
    right: list[str] = []
    covered: list[bool] = []
    seen: list[float] = []
    spent: list[float] = []
    for t, one in enumerate(given):
        facts = one.facts.tolist()
        early = [k for k, (s, _, _) in enumerate(facts) if s < n]
        late = [k for k in range(len(facts)) if k not in early]
        after = train_contexts(
            [start[t]], [one.asked(np.array(early))], TUNE,
            rngs=[source.generator(t, SAMPLE, 1 + n)],
        ).weights[0]  # fmt: skip
        own = _judged(one, after, late, tuned=early)
        right += [own[row] for row in late]
        told = [{k for k, x in enumerate(templates) if x} for templates in one.told]
        covered += [any(told[row] & told[k] for k in early) for row in late]
        seen.append(_share(_judged(one, after, early).values()))
        asked = [tokens for row, tokens in written(one, "asked") if row in early]
        spent.append(float(losses(after, asked)[-1]))
    known = [verdict == RIGHT for verdict in right]
    wrong = max(1, known.count(False))
    met = [k for k, c in zip(known, covered, strict=True) if c]
    rows = [
        ("fine-tuned subjects", float(line["fine_tuned"]), float(n)),
        ("answered", line["answered"], sum(known) / len(known)),
        ("learnt", line["learnt"], float(np.mean(seen))),
        ("covered", line["covered"], sum(covered) / len(covered)),
        ("answered of the covered", line["answered_covered"], sum(met) / len(met)),
        *((f"wrong answers of kind {kind}", line[f"wrong_{kind}"], right.count(kind) / wrong)
          for kind in KINDS),
        *(("loss of a question", *both) for both in zip(record["loss"], spent, strict=True)),
    ]  # fmt: skip
    missed = [k for k, c in zip(known, covered, strict=True) if not c]
    if missed:
        rows.append(("answered of the uncovered", line["answered_uncovered"],
                     sum(missed) / len(missed)))  # fmt: skip
    return rows
