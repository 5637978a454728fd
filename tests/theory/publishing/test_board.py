"""A run in one line, and theorems in the order of papers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers import toys
from theory.claims import Kind, Standing, Verdict
from theory.publishing.board import groups, number_of, paper_of, summed_up
from theory.publishing.sections import Section
from theory.registry import registered

ROOT = Path(__file__).parents[3]

PROVED = (Verdict.HOLDS, Standing.PROVED)
CERTIFIED = (Verdict.HOLDS, Standing.CERTIFIED)
MEASURED = (Verdict.HOLDS, Standing.MEASURED)
ABSENT = (Verdict.NOT_APPLICABLE, Standing.MEASURED)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        (
            [PROVED, PROVED, CERTIFIED, MEASURED, ABSENT],
            "4 of 5 claims hold: 2 proved, 1 certified, 1 measured; 1 not applicable",
        ),
        ([MEASURED], "1 of 1 claim holds: 1 measured"),
        ([(Verdict.VIOLATED, Standing.PROVED)], "0 of 1 claim hold; 1 violated"),
        ([PROVED, (Verdict.INCONCLUSIVE, Standing.MEASURED)],
         "1 of 2 claims holds: 1 proved; 1 inconclusive"),
    ],
)  # fmt: skip
def test_what_holds_is_counted_by_what_it_rests_on(claims, said):
    assert summed_up(claims) == said


def test_theorems_stand_in_the_order_of_their_papers():
    found = groups(Section(theorem, (), ()) for theorem in registered())
    names = [section.theorem.name for group in found for section in group.sections]
    assert sorted(names) == sorted(theorem.name for theorem in registered())
    first, last = found[0], found[-1]
    assert first.title.endswith("(NLB)")
    numbers = [number_of(section.theorem.source) for section in first.sections]
    assert numbers == [*(f"Theorem {k}" for k in (1, 1, 2, 3, 4, 5, 6, 7, 8)), "Corollary 1"]
    assert last.title == "Derived here"
    assert {section.theorem.name for section in last.sections} >= {"floating-point", "sign-gates"}


@pytest.mark.parametrize(
    ("source", "paper", "number"),
    [
        ("Doe (2025), Theorem 3.2, restated", "Doe (2025)", "Theorem 3.2"),
        ("XC, first theorem (restated)", "XC", ""),
        ("derived in docs/sign-gates.md; a variant of NLB, Theorem 2", "", ""),
        ("made up", "made up", ""),
    ],
)
def test_a_source_says_the_paper_and_the_number(source, paper, number):
    assert (paper_of(source), number_of(source)) == (paper, number)


def test_papers_that_are_not_ours_come_before_what_is_derived_here():
    mine = replace(toys.theorem(toys.claim("a"), name="mine"), source="Doe, Theorem 2")
    ours = replace(toys.theorem(toys.claim("a"), name="ours"), source="derived here")
    found = groups([Section(ours, (), ()), Section(mine, (), ())])
    assert [group.title for group in found] == ["Doe", "Derived here"]


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_what_is_called_proved_has_a_proof_where_it_says(theorem):
    limits = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    for claim in theorem.claims:
        if claim.standing is not Standing.PROVED:
            assert (claim.standing is Standing.CERTIFIED) == (claim.kind is Kind.EXACT)
            continue
        page, _, sections = claim.proof.partition(", ")
        text = (ROOT / page).read_text(encoding="utf-8")
        for section in re.findall(r"\b[A-Z](?:\.\d+)?\b", sections):
            assert re.search(rf"^#+ {re.escape(section)}\.? ", text, re.MULTILINE), claim.proof
        assert f"`{claim.name}`" in limits, f"docs/limits.md does not name {claim.name}"
