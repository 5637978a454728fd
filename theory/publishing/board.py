"""How a run is summed up: one line, what its words mean, and theorems in the order of papers."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from theory.claims import Standing, Verdict, spaced
from theory.publishing.sections import Section

__all__ = ["KINDS", "STANDINGS", "Group", "groups", "number_of", "paper_of", "summed_up"]

STANDINGS = {
    "proved": "All of the statement is proved, where the claim says; the check tests formulas and "
    "their implementation. A claim of which a part is proved, such as a proved bound whose "
    "tightness is measured, is not counted here.",
    "certified": "What the check looks at is settled, without sampling error and without a fitted "
    "law: by bounds on rounding errors, by exact counts, or by a second computation of the same "
    "numbers with another method. It says nothing of draws and sizes that were not looked at.",
    "measured": "A prediction or a bound is compared with what simulations give, or a formula is "
    "followed, at the sizes that are named and to the tolerance that is stated. It is evidence at "
    "these sizes and not a proof.",
}
"""What a claim may rest on, in words."""

KINDS = {
    "exact": "shown symbolically, certified in floating point, or computed twice",
    "sufficient": "a condition guarantees success with probability at least $1 - \\delta$",
    "necessary": "no model may beat the bound",
    "scaling": "the exponent of a law",
    "constant": "a sharp constant, or a prediction without a fitted parameter",
    "trajectory": "holds along a whole solution",
    "observed": "what the runs that are named came to, within limits chosen after them",
}
"""What the kinds of claims are, in words."""

PAPERS = {
    "NLB": "Nichani, Lee and Bietti (NLB)",
    "GGM": "Giorlandino, Goldt and Maillard (GGM)",
    "XC": "Xu and Chen (XC)",
    "": "Derived here",
}
"""Papers by the names that sources of theorems give them, in the order in which they are shown."""

PLACE = re.compile(
    r"(?P<paper>[^;]*?),? (?P<what>Theorem|Proposition|Lemma|Corollary) (?P<number>\d+(?:\.\d+)*)"
)


@dataclass(frozen=True)
class Group:
    """Theorems of one paper, in the order of their numbers.

    Parameters
    ----------
    title : of the paper.
    sections : of its theorems.
    """

    title: str
    sections: Sequence[Section]


def summed_up(claims: Iterable[tuple[Verdict, Standing]]) -> str:
    """Say in one line how many claims hold, what these rest on, and what became of the others.

    Parameters
    ----------
    claims : verdict and standing of each.

    Examples
    --------
    >>> print(summed_up([(Verdict.HOLDS, Standing.PROVED), (Verdict.VIOLATED, Standing.MEASURED)]))
    1 of 2 claims holds: 1 proved; 1 violated
    """
    found = list(claims)
    verdicts = Counter(verdict for verdict, _ in found)
    rest = Counter(standing for verdict, standing in found if verdict is Verdict.HOLDS)
    held, total = verdicts[Verdict.HOLDS], len(found)
    said = f"{held} of {total} claim{'s' * (total != 1)} hold{'s' * (held == 1)}"
    if held:
        said += ": " + ", ".join(f"{rest[each]} {each}" for each in Standing if rest[each])
    others = [f"{verdicts[v]} {spaced(v)}" for v in Verdict if v in verdicts][bool(held) :]
    return "; ".join((said, ", ".join(others))) if others else said


def paper_of(source: str) -> str:
    """Return the paper that a theorem's source names first; nothing for what is derived here.

    Parameters
    ----------
    source : of a theorem.

    Examples
    --------
    >>> paper_of("NLB, Theorem 1, restated"), paper_of("derived here; NLB, Theorem 2, is not")
    ('NLB', '')
    """
    if re.match(r"derived (?:here|in)\b", source):
        return ""
    place = PLACE.match(source)
    return place["paper"].strip() if place else re.split(r"[,;(]", source)[0].strip()


def number_of(source: str) -> str:
    """Return what a theorem is called in its paper, if its source says.

    Parameters
    ----------
    source : of a theorem.

    Examples
    --------
    >>> number_of("NLB, Theorem 1 (second part), restated"), number_of("derived here")
    ('Theorem 1', '')
    """
    place = PLACE.match(source) if paper_of(source) else None
    return f"{place['what']} {place['number']}" if place else ""


def groups(sections: Iterable[Section]) -> list[Group]:
    """Return sections by their papers, and in each in the order of the theorems' numbers.

    Parameters
    ----------
    sections : in any order.
    """
    found: dict[str, list[Section]] = {}
    for section in sections:
        found.setdefault(paper_of(section.theorem.source), []).append(section)
    # Papers that are not ours come before what is derived here.
    known = [paper for paper in PAPERS if paper]
    order = [*known, *sorted(paper for paper in found if paper not in PAPERS), ""]
    return [
        Group(PAPERS.get(paper, paper), sorted(found[paper], key=_place))
        for paper in order
        if paper in found
    ]


def _place(section: Section) -> tuple[bool, bool, list[int], str]:
    """Return where a theorem stands: theorems before corollaries, those without number last."""
    source = section.theorem.source
    what, _, number = number_of(source).partition(" ")
    digits = [int(part) for part in number.split(".") if part]
    return not number, what == "Corollary", digits, section.theorem.name
