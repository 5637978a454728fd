"""The claims of fits in bits: their controls are of the sizes that a user asks for."""

import pytest

from theory.claims import Verdict
from theory.registry import find
from theory.running import run_claim


@pytest.mark.parametrize("regime", ["must_fail", "fault"])
def test_controls_of_fitted_networks_follow_the_width(regime):
    """Of a width of their own they would be other memories, which spend other bits."""
    found = run_claim(
        "information-bound", "fitted-networks", regime, 0, own={"d": 8, "width": 6, "draws": 11}
    )
    assert found["verdict"] == Verdict.VIOLATED
    (row,) = found["table"]
    assert (row["d"], row["trials"], row["successes"]) == (8, 11, 0)


def test_draws_of_fitted_networks_can_decide():
    """All draws but none lost: the lower end of the interval is 0.0005^(1/n)."""
    (claim,) = (c for c in find("information-bound").claims if c.name == "fitted-networks")
    quick = claim.quick
    assert 0.0005 ** (1 / quick["draws"]) > 1 - quick["delta"]
