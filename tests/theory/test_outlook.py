"""Verdicts on sizes: what is said of what is proved, predicted and unknown."""

import json

import pytest

from tests.helpers.sizes import SIZES
from theory.outlook import Outlook, chance_text
from theory.registry import find

EVENT = "all is well"


@pytest.mark.parametrize(
    ("known", "verdict", "said"),
    [
        ({"guaranteed": 0.995}, "guaranteed", "guaranteed: all is well with probability at least"),
        ({"guaranteed": 1.0}, "guaranteed", "guaranteed: all is well (proved)"),
        ({"guaranteed": 0.985}, "open", "proved: all is well with probability at least 0.985"),
        (
            {"guaranteed": 0.5, "predicted": 0.9},
            "predicted",
            "not guaranteed, predicted: all is well with probability 0.9 (law, not proved)",
        ),
        (
            {"guaranteed": 0.0, "predicted": 0.01, "failing": 0.75},
            "guaranteed to fail",
            "guaranteed to fail: the probability that all is well is at most 0.25 (proved)",
        ),
        ({"predicted": 0.5, "failing": 0.25}, "predicted", "not guaranteed, predicted: "),
        ({}, "open", "not decided: whether all is well"),
    ],
)
def test_what_is_said(known, verdict, said):
    outlook = Outlook(EVENT, **known)
    assert outlook.verdict(0.01) == verdict
    assert outlook.sentence(0.01).startswith(said)


def test_sizes_and_notes_follow():
    outlook = Outlook(EVENT, predicted=0.5, sizes=("d >= 9", "N <= 4"), note="it rains")
    assert outlook.sentence(0.25).endswith(
        "; guaranteed at delta = 0.25: d >= 9, or N <= 4; it rains"
    )


def test_chances_are_written_by_what_they_lack():
    assert chance_text(0.99996) == "1 - 4e-05"
    assert chance_text(0.9999) == "0.9999"
    assert chance_text(0.0) == "0"


@pytest.mark.parametrize("name", SIZES)
def test_every_theorem_has_a_verdict_on_sizes(name):
    outlook = find(name).outlook(SIZES[name][0])
    sentence = outlook.sentence(0.01)
    assert sentence.startswith(
        ("guaranteed: ", "guaranteed to fail: ", "not guaranteed, predicted: ", "not decided: ")
    )
    assert "\n" not in sentence
    record = outlook.to_dict(0.01)
    assert record["sentence"] == sentence
    assert json.loads(json.dumps(record)) == record
