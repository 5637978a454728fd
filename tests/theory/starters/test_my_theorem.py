"""The theorem that a new one begins with."""

from theory.claims import Verdict
from theory.starters.my_theorem import THEOREM, figure
from theory.wholeness import defects


def test_it_is_whole():
    assert not list(defects(THEOREM))


def test_its_claim_is_judged_by_what_is_measured_and_drawn():
    (claim,) = THEOREM.claims
    small = {"d": (16,), "budget": 400, "tolerance": 0.5}
    found = claim.check(seed=77, **small)
    assert found.verdict in (Verdict.HOLDS, Verdict.INCONCLUSIVE)
    assert found.table[0]["N"] == 64
    assert figure({"recall": found}).axes[0].get_xlabel()
    wrong = {"d": (64,), "budget": 1000, "tolerance": 0.1, **claim.must_fail}
    assert claim.check(seed=77, **wrong).verdict is Verdict.VIOLATED
