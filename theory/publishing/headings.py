"""Headings of the tables of comparisons: keys of records, in the words of the field."""

import re
from collections.abc import Collection, Mapping

from theory.claims import spaced

__all__ = ["column_heading"]

WORDS: Mapping[str, str] = {
    "a": "$a$",
    "beaten": "below the bound",
    "both": "certified and refuted",
    "censored": "trials beyond the range",
    "declared": "bits declared",
    "derived over XC's": "derived over published",
    "law": "N log N / d^2",
    "least": "least possible",
    "lr": "learning rate",
    "mlp high": "MLP parameters, enough",
    "mlp low": "MLP parameters, not enough",
    "needed": "bits needed",
    "of the wrong: own": "wrong: another own value",
    "of the wrong: tuned": "wrong: a fine-tuned value",
    "other kinds": "wrong: of other kinds",
    "ours": "derived bound",
    "over": "above the limit",
    "over the most": "relative to the most allowed",
    "published": "published bound",
    "row": "bits as packed",
    "spent": "bits spent",
    "stored": "bits stored",
    "stored per bit": "bits stored per bit spent",
    "symbol": "quantity",
    "understated": "bits undercounted",
    "w lost": "relative drop of w",
    "whole": "all facts certified",
}
"""Headings of keys that are short in the code."""

TOGETHER: Mapping[tuple[str, str], str] = {
    ("off", "predicted"): "relative error",
    ("off", "best"): "another number is best",
    ("ratio", "bound"): "bound over exact value",
    ("low", "successes"): "lower end of the interval",
    ("high", "successes"): "upper end of the interval",
}
"""Headings of keys in tables that also have another key."""

LETTER = re.compile(r"\b[A-Za-z]_[A-Za-z]+")
"""A symbol with an index, which is a formula."""


def column_heading(key: str, keys: Collection[str]) -> str:
    """Return the heading of a column: plain text, in which formulas may be typeset.

    Parameters
    ----------
    key : of the records.
    keys : all keys that the records have.

    Examples
    --------
    >>> column_heading("ratio", {"exact", "bound", "ratio"})
    'bound over exact value'
    >>> column_heading("ratio", {"constant", "ratio"})
    'ratio'
    >>> column_heading("smallest_margin", ()), column_heading("d_h", ())
    ('smallest margin', 'd_h')
    """
    for (name, beside), text in TOGETHER.items():
        if key == name and beside in keys:
            return text
    return WORDS.get(key) or (key if LETTER.search(key) else spaced(key))
