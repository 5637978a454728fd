r"""Sentences, contexts and floors a second time: every sentence written out, every fact looked at.

:mod:`assoc.facts.knowledge` merges sentences into contexts and has a formula for the floor. Here
sentences are lists of tokens made by loops, and all else is counted over them,

.. math:: H_p = -\sum_{c, x} \frac{n_p(c, x)}{n} \log \frac{n_p(c, x)}{n_p(c)}

with n_p(c, x) the number of sentences that begin with the p tokens c and have x next.
"""

import math
from collections import Counter
from itertools import combinations, product

import numpy as np

from assoc.facts.knowledge import Knowledge
from assoc.facts.telling import tell_facts
from sims.knowledge.extraction import ways_of_telling
from sims.knowledge.trials import Told
from theory.claims import Problem
from theory.knowledge.covering import reached
from theory.knowledge.hypotheses import COVERED, SHOWN, TIED, WIDE, ties

__all__ = ["Row", "condition_symbols", "entropies", "floor_symbols", "uneven", "written"]

Row = tuple[str, float, float]
"""Symbol, value of the package, value computed here."""

GAPPED = (
    (0, 0, 0), (0, 1, 1), (0, 2, 3), (1, 0, 1), (1, 1, 3), (2, 0, 0), (3, 1, 2), (3, 2, 0),
    (4, 1, 0), (5, 0, 3), (5, 2, 2),
)  # fmt: skip
"""Facts (s, b, v): subjects have one to three, and attributes share values."""


def uneven(fillers: int, *, seed: int, multiplicity: int = 2) -> Knowledge:
    """Tell facts of a table with gaps, so that subjects have different numbers of sentences.

    Parameters
    ----------
    fillers : Z.
    seed : draws the templates.
    multiplicity : K of 3 templates.
    """
    return tell_facts(
        np.array(GAPPED), templates=3, multiplicity=multiplicity, fillers=fillers,
        rng=np.random.default_rng(seed),
    )  # fmt: skip


def written(given: Knowledge, kind: str = "told") -> list[tuple[int, list[int]]]:
    """Write out sentences or questions, by loops over facts, templates and fillers.

    Parameters
    ----------
    given : facts and the templates they are told in.
    kind : ``told``, ``asked``, or ``untold`` for templates of the attribute that the fact lacks.

    Returns
    -------
    Pairs of the fact's row and its tokens; of a fact's, the last filler runs fastest.
    """
    S, T = given.subjects, len(given.owner)
    question, value = S + T, S + T + given.attributes
    filler = value + given.values
    found = []
    for row, (s, b, v) in enumerate(given.facts.tolist()):
        own = [t for t in range(T) if given.owner[t] == b]
        middles = {
            "told": [S + t for t in own if given.told[row, t]],
            "untold": [S + t for t in own if not given.told[row, t]],
            "asked": [question + b],
        }[kind]
        for middle in middles:
            if not given.fillers:
                found.append((row, [s, middle, value + v]))
            for y, z in product(range(given.fillers), repeat=2):
                found.append((row, [s, filler + y, middle, filler + z, value + v]))
    return found


def entropies(sentences: list[list[int]]) -> list[float]:
    """Entropy of the next token at each position, given all before it, in nats.

    Parameters
    ----------
    sentences : all of the same length and equally likely.
    """
    found = []
    for length in range(1, len(sentences[0])):
        before = Counter(tuple(one[:length]) for one in sentences)
        both = Counter(tuple(one[: length + 1]) for one in sentences)
        found.append(
            -math.fsum(n * math.log(n / before[key[:-1]]) for key, n in both.items())
            / len(sentences)
        )
    return found


def floor_symbols(*, seed: int, even: bool = False, unseen: bool = False) -> list[Row]:
    """Return floors, contexts and counts of facts, as the package has them and as counted.

    Parameters
    ----------
    seed : draws templates, and the vectors that contexts are summed with.
    even : whether all subjects count alike in the floor.
    unseen : whether a question's own weight is that of a sentence.
    """
    rows: list[Row] = []
    for Z in (0, 1, 3):
        given = uneven(Z, seed=seed + Z)
        rng = np.random.default_rng(seed)
        left, right = rng.uniform(0.5, 1.5, (2, given.vocabulary)).tolist()
        told = [tokens for _, tokens in written(given)]
        floors = entropies(told)
        if even:
            firsts = Counter(one[0] for one in told)
            each = [math.log(n / max(1, Z) ** 2) for n in firsts.values()]
            floors[1 if Z else 0] = sum(each) / len(each)
        rows += [("entropy floor", float(h), own) for h, own in zip(given.floor, floors,
                                                                   strict=True)]  # fmt: skip
        contexts = given.contexts()
        for p, length in enumerate(range(1, len(told[0]))):
            at = contexts.positions == p
            seen = contexts.counts[at].astype(float) @ left + contexts.last[at]
            after = contexts.targets[at].astype(float) @ right
            # Of each sentence: what was seen, its last token, and what follows.
            mean = math.fsum(
                (sum(left[t] for t in one[:length]) + one[length - 1]) * right[one[length]]
                for one in told
            ) / len(told)
            rows += [
                ("contexts", float(at.sum()), float(len({tuple(one[:length]) for one in told}))),
                ("weights of contexts", float(contexts.weights[at] @ (seen * after)), mean),
            ]
        rows += _asked(given, left, right, len(told) if unseen else 0)
        rows += _counts(given, rng)
    return rows


def _asked(given: Knowledge, left: list[float], right: list[float], number: int) -> list[Row]:
    """Contexts of questions, and of templates that a fact was not told in."""
    rows: list[Row] = []
    missing, facts = given.untold()
    for kind, contexts in (("asked", given.asked()), ("untold", missing)):
        wanted = written(given, kind)
        each = 1 / (number or len(wanted))
        total = math.fsum(
            each * (sum(left[t] for t in one[:-1]) + one[-2]) * right[one[-1]] for _, one in wanted
        )
        seen = contexts.counts.astype(float) @ left + contexts.last
        after = contexts.targets.astype(float) @ right
        rows += [(f"contexts {kind}", float(contexts.weights @ (seen * after)), total)]
        order = given.repeated(np.arange(len(given.facts))) if kind == "asked" else facts
        places = [row for row, _ in wanted]
        rows += [(f"facts {kind}", float(order @ np.arange(1, len(order) + 1)),
                  float(sum(k * row for k, row in enumerate(places, 1))))]  # fmt: skip
    return rows


def _counts(given: Knowledge, rng: np.random.Generator) -> list[Row]:
    """How many fine-tuned facts share a template with each, and templates per fact."""
    tuned = [0, 3, 5]
    told = [{t for t in range(len(given.owner)) if row[t]} for row in given.told]
    shared = [sum(bool(own & told[k]) for k in tuned) for own in told]
    mix = rng.uniform(0.5, 1.5, len(shared))
    rows = [("facts that share a template", float(given.covered(np.array(tuned)) @ mix),
             math.fsum(n * x for n, x in zip(shared, mix.tolist(), strict=True)))]  # fmt: skip
    rows += [("templates of a fact", float(len(own)), 2.0) for own in told]
    return rows


def condition_symbols(*, least: int = 8, common: float = 3.0) -> list[Row]:
    """Return sizes and hypotheses of the theorems, as the package has them and as counted.

    Parameters
    ----------
    least : fine-tuned subjects that count as enough.
    common : facts in common from which two templates count as tied.
    """
    rows: list[Row] = []
    for R, K, S in ((2, 1, 9), (3, 2, 8), (3, 2, 9), (5, 2, 40), (8, 4, 64), (6, 6, 3)):
        sets = list(combinations(range(R), K))
        both = S * sum(0 in one and 1 in one for one in sets) / len(sets)
        told = Told(subjects=S, templates=R, multiplicity=K)
        missing = sum(not set(one) & set(sets[0]) for one in sets) / len(sets)
        n = 1
        while missing**n > 0.01 and n < 1000:
            n += 1
        rows.append(("facts that two templates have in common", ties(told), both))
        rows.append(_held("tied", TIED.check(Problem(told=told))[0].holds, both >= common))
        for shown in (n - 1, n):
            if shown:
                found = COVERED.check(Problem(told=told, fine_tuned=shown))[0]
                rows.append(_held("covered", found.holds, missing**shown <= 0.01))
                said = [int(word) for word in found.remedy.split() if word.isdigit()]
                rows.append(("subjects that cover", float(said[0] if said else shown), float(n)))
        for width in (S - 1, S):
            found = WIDE.check(Problem(told=told, width=width))[0]
            rows.append(_held("wide", found.holds, width >= S))
        rows += _sizes(Told(S, 3, R, K, 5, shared=bool(S % 2), fillers=K % 3))
    for shown in (7, 8):
        found = SHOWN.check(Problem(fine_tuned=shown))[0]
        rows.append(_held("shown", found.holds, shown >= least))
    ways = [(R, K) for R in (3, 5) for K in (2, 4, 5) if K <= R]
    rows.append(_held("ways of telling", ways_of_telling((3, 5), (2, 4, 5)) == ways, True))
    return rows + _chains()


def _sizes(told: Told) -> list[Row]:
    """Vocabulary, and the most contexts: all that subjects, templates and fillers can make."""
    S, A, K, Z = told.subjects, told.attributes, told.multiplicity, told.fillers
    own = told.values * (1 if told.shared else A)
    tokens = [*range(S), *range(A * told.templates), *range(A), *range(own), *range(Z)]
    facts = [(s, t) for s in range(S) for t in range(A * K)]
    seen = [facts, range(S)] if not Z else [
        range(S), product(range(S), range(Z)), product(facts, range(Z)),
        product(facts, range(Z), range(Z)),
    ]  # fmt: skip
    return [
        ("vocabulary", float(told.vocabulary), float(len(tokens))),
        ("most contexts", float(told.contexts), float(sum(len(list(one)) for one in seen))),
    ]


def _chains() -> list[Row]:
    """Facts that are reached from fine-tuned ones, found by growing a set of templates."""
    rng = np.random.default_rng(5)
    rows: list[Row] = []
    for K, S, R in ((1, 9, 5), (2, 9, 14), (3, 6, 16)):
        told = np.array([rng.choice(R, K, replace=False) for _ in range(S)])
        known = {int(t) for t in told[0]}
        for joined in (False, True):
            before = -1
            while joined and before != len(known):
                before = len(known)
                for own in told.tolist():
                    known |= set(own) if set(own) & known else set()
            mine = [bool(set(own) & known) for own in told.tolist()]
            found = reached(told, np.array([0]), joined=joined)
            rows.append(_held("facts that are reached", found.tolist() == mine, True))
    return rows


def _held(symbol: str, found: bool | None, mine: bool) -> Row:
    return symbol, float(bool(found)), float(mine)
