"""Sizes of a user's own, in place of those of a regime."""

from dataclasses import dataclass

import pytest

from tests.helpers.oracles import complaint
from theory.claims import Verdict
from theory.regimes import claim_settings, exhibit_settings, plain, read
from theory.registry import registered
from theory.sources import known_exhibits


@dataclass(frozen=True)
class Sizes:
    """A record as regimes hold them."""

    d: int
    noise: int | None = 64
    law: str = "sphere"


PRESENT = {
    "trials": 20,
    "tolerance": 0.1,
    "preprocess": "whiten",
    "exact": True,
    "outputs": None,
    "d": (16, 32),
    "cases": (("linear", 64, None), ("low-rank", 64, 8)),
    "shape": Sizes(8),
    "told": {"subjects": 16, "share": 0.5},
    "wanted": Verdict.HOLDS,
    "draw": plain,
}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("trials", 50, 50),
        ("tolerance", 1, 1.0),
        ("preprocess", "none", "none"),
        ("exact", False, False),
        ("outputs", 40, 40),
        ("outputs", "none", None),
        ("outputs", [[1], 2], ((1,), 2)),
        ("trials", "none", None),
        ("d", [64], (64,)),
        ("d", [], ()),
        ("cases", [["linear", 8, "none"]], (("linear", 8, None),)),
        ("shape", {"d": 16, "noise": "none"}, Sizes(16, None)),
        ("told", {"subjects": 8}, {"subjects": 8}),
        ("wanted", "violated", Verdict.VIOLATED),
    ],
)
def test_a_plain_value_becomes_one_like_the_present_one(name, value, found):
    (read_value,) = read({name: value}, PRESENT, "mine").values()
    assert read_value == found
    assert type(read_value) is type(found)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("trial", 5, "mine: trial: did you mean 'trials'?"),
        ("trials", 2.5, "mine: trials = 2.5 is not an integer"),
        ("trials", True, "mine: trials = True is not an integer"),
        ("trials", "many", "mine: trials = 'many' is not an integer"),
        ("tolerance", "0.1", "mine: tolerance = '0.1' is not a number"),
        ("tolerance", float("nan"), "mine: tolerance = nan is not a number"),
        ("outputs", {}, "mine: outputs = {} is no number, text or list"),
        ("preprocess", 3, "mine: preprocess = 3 is no text"),
        ("exact", 1, "mine: exact = 1 is not true or false"),
        ("d", 64, "mine: d = 64 is no list"),
        ("d", [64, "x"], "mine: d = 'x' is not an integer"),
        ("cases", [["linear", 6.5]], "mine: cases = 6.5 is no text"),
        ("shape", 3, "mine: shape = 3 is no table"),
        ("shape", {"noise": 3}, "mine: shape: d is missing"),
        ("shape", {"d": 3, "nose": 3}, "mine: shape: nose: did you mean 'noise'?"),
        ("told", [], "mine: told = [] is no table"),
        ("told", {"subjects": "x"}, "mine: told: subjects = 'x' is not an integer"),
        ("wanted", "yes", "mine: wanted: 'yes' is not a valid Verdict"),
        ("draw", 3, "mine: draw: a function cannot be set in a file"),
    ],
)
def test_what_is_not_like_the_present_value_is_refused(name, value, said):
    assert complaint(read, {name: value}, PRESENT, "mine") == said


def test_a_function_cannot_be_said():
    assert complaint(plain, plain) == "a function cannot be said in a file"


@pytest.mark.parametrize("size", ["quick", "full"])
def test_every_regime_of_ours_is_read_again_as_it_is(size):
    def said(regime):
        return {key: plain(value) for key, value in regime.items() if not callable(value)}

    for theorem in registered():
        for claim in theorem.claims:
            regime = claim.regime(size)
            assert regime == regime | read(said(regime), claim_settings(claim), claim.name)
    for exhibit in known_exhibits().values():
        regime = exhibit.regime(size)
        assert regime == regime | read(said(regime), exhibit_settings(exhibit), exhibit.name)
