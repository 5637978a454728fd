"""Certificates against the worst of all prompts: sound, tight, and what would not be."""

from itertools import product
from math import exp

import pytest

from theory.transformers.plain import certificates as independent
from theory.transformers.plain.certificates import (
    MISTAKES,
    leak_rows,
    margin_rows,
    rounding_rows,
)


def ratios(rows):
    """Bound over exact of all rows."""
    return [row["bound"] / row["exact"] for row in rows]


@pytest.mark.parametrize(
    ("rows", "most"), [(leak_rows, 1.02), (margin_rows, 1.02), (rounding_rows, 2.1)]
)
def test_bounds_are_sound_and_tight(rows, most):
    found = ratios(rows())
    assert min(found) >= 1
    assert max(found) <= most


@pytest.mark.parametrize(
    ("mistake", "rows"), list(zip(MISTAKES, (leak_rows, margin_rows, rounding_rows), strict=True))
)
def test_every_mistake_makes_a_bound_unsound(mistake, rows):
    assert min(ratios(rows(mistake=mistake))) < 1


@pytest.mark.parametrize("rows", [leak_rows, margin_rows])
def test_certificates_for_shorter_prompts_are_unsound(rows):
    assert min(ratios(rows(certified=3))) < 1


def test_prompts_are_all_that_there_are_up_to_their_order():
    found = [tuple(sorted(prompt)) for prompt in independent._prompts(6)]
    noise = (independent.NOISE, independent.MORE_NOISE)
    fixed = (independent.SUBJECT, independent.RELATION, independent.END)
    every = {tuple(sorted((*fixed, *rest))) for rest in product(noise, repeat=3)}
    assert sorted(found) == sorted(every)


def test_a_leak_is_known_where_all_other_tokens_are_alike():
    head = independent.Head(independent.SUBJECT, independent.RELATION, gap=3.0, behind=0.0)
    weights = [exp(head.logits()[z]) for z in next(independent._prompts(5))]
    assert 1 - weights[0] / sum(weights) == pytest.approx(4 * exp(-3) / (1 + 4 * exp(-3)))


def test_roundings_add_up():
    assert independent._worst(1) == 2.0**-53
    assert independent._worst(100) == pytest.approx(100 * 2.0**-53, rel=1e-12)
