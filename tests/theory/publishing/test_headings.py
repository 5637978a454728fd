"""Headings of tables of comparisons."""

import json
from pathlib import Path

import pytest

from sims.engine.formulas import typeset
from theory.publishing.headings import TOGETHER, WORDS, column_heading

STORED = Path(__file__).parents[3] / "docs" / "results" / "verify.json"


@pytest.fixture(scope="module")
def tables():
    """Keys of the table of every claim that is stored."""
    claims = json.loads(STORED.read_text(encoding="utf-8"))["claims"]
    return [{key for row in claim["table"] for key in row} for claim in claims]


def test_every_heading_is_of_a_column_that_some_claim_has(tables):
    assert set(WORDS) <= set().union(*tables)
    for pair in TOGETHER:
        assert any(set(pair) <= keys for keys in tables)


def test_no_two_columns_of_a_table_have_the_same_heading(tables):
    for keys in tables:
        assert len({column_heading(key, keys) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    ("key", "shown"),
    [("d_h", "$d_h$"), ("g_R / g_S", "$g_R / g_S$"), ("largest_bound", "largest bound"),
     ("symbol", "quantity"), ("law", r"$N \log N / d^2$")],
)  # fmt: skip
def test_symbols_are_formulas_and_words_are_words(key, shown):
    assert typeset(column_heading(key, {key})) == shown
