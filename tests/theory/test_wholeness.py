"""What makes a theorem whole, and what is said where it is not."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from sims.engine.tables import Column
from tests.helpers import toys
from theory.claims import Hypothesis, Verdict
from theory.exhibit import Exhibit
from theory.wholeness import check_exhibit, check_theorem, defects, is_name

CLAIM = toys.claim("fun")
WHOLE = toys.theorem(CLAIM)


def seeded(*, seed=3, verdict, arms=None):
    return toys.check(seed=seed, verdict=verdict, arms=arms)


def of_claim(**changes):
    return toys.theorem(replace(CLAIM, **changes))


def test_a_toy_is_whole():
    assert not list(defects(WHOLE))
    check_theorem(WHOLE, "toys.py")


@pytest.mark.parametrize(
    ("theorem", "said"),
    [
        (replace(WHOLE, name="Toy"), "THEOREM has the name 'Toy', not one like my-theorem"),
        (replace(WHOLE, statement=" "), "THEOREM: statement is no text"),
        (replace(WHOLE, hypotheses=()), "THEOREM: hypotheses is no tuple of Hypothesis with "),
        (replace(WHOLE, hypotheses=[1]), "THEOREM: hypotheses is no tuple of Hypothesis with "),
        (
            replace(WHOLE, hypotheses=(Hypothesis("", lambda problem: ()),)),
            "THEOREM: a hypothesis has no text",
        ),
        (replace(WHOLE, figure=None), "THEOREM: figure is no function"),
        (
            replace(WHOLE, extra="gpu"),
            "THEOREM: extra 'gpu' is not None or one of dask, export, lm, torch, train",
        ),
        (replace(WHOLE, claims=()), "THEOREM: claims is no tuple of Claim with at least one"),
        (replace(WHOLE, claims=(CLAIM, CLAIM)), "claim 'fun': there are 2 of this name"),
        (of_claim(name="a b"), "claim 'a b': its name is not one like my-claim"),
        (of_claim(kind="exact!"), "claim 'fun': kind is no Kind: 'exact!'"),
        (of_claim(why_fail=""), "claim 'fun': why_fail is no text"),
        (of_claim(expected=Verdict.VIOLATED), "claim 'fun': expected is <Verdict.VIOLATED: "),
        (of_claim(fault=3), "claim 'fun': fault is no mapping of arguments: 3"),
        (of_claim(check=3), "claim 'fun': check is no function: 3"),
        (of_claim(check=seeded), "claim 'fun': its check has a seed of its own"),
        (of_claim(full={"N": 3}), "claim 'fun': full does not fit its check: got an unexpected"),
        (of_claim(near_misses={"a": {}}), "claim 'fun': a is the same regime as quick"),
    ],
)
def test_what_is_wrong_is_named(theorem, said):
    with pytest.raises(InputError) as caught:
        check_theorem(theorem, "toys.py")
    assert str(caught.value).startswith(f"toys.py: {said}")


def test_regimes_with_arrays_are_taken_as_different():
    controls = {"fault": {"arms": np.zeros(3)}, "must_fail": {"arms": np.zeros(3)}}
    assert not list(defects(of_claim(**controls)))


@pytest.mark.parametrize(
    ("name", "columns", "said"), [("A B", 1, "not one like"), ("a", 0, "no c")]
)
def test_exhibits_have_a_name_for_a_file_and_columns(name, columns, said):
    exhibit = Exhibit(
        name, "linear-capacity", "T", "C", lambda **_: (), lambda *_: [],
        {"d": Column("d")} if columns else {}, {}, {},
    )  # fmt: skip
    with pytest.raises(InputError, match=said):
        check_exhibit(exhibit, "toys.py")


@pytest.mark.parametrize(
    ("name", "good"),
    [("a", True), ("a-2", True), ("a--b", False), ("A", False), ("", False), ("a_b", False),
     (3, False), ("-a", False)],
)  # fmt: skip
def test_names_are_those_of_files(name, good):
    assert is_name(name) is good
