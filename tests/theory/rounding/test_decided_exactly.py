"""What is decided in integers agrees with the package, and notices when either side is damaged."""

import numpy as np
import pytest

from sims.memories import scoring
from theory.rounding.decided_exactly import certificate_verdicts, score_verdicts


def wrong(rows, tolerance=1e-12):
    return {symbol for symbol, found, exact in rows if abs(found - exact) > tolerance}


@pytest.mark.parametrize("seed", range(3))
def test_certificates_are_those_of_integers(seed):
    rng = np.random.default_rng(seed)
    assert not wrong(certificate_verdicts(rng, 20, sign_alone=False))


def test_a_sign_is_no_certificate(rng):
    found = wrong(certificate_verdicts(rng, 20, sign_alone=True))
    assert "certified, of margins of zero" in found
    assert found <= {"certified, of margins of zero", "certified, of margins below zero"}


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_decided_as_integers_are(seed):
    assert not wrong(score_verdicts(np.random.default_rng(seed), 5))


def test_ties_are_among_what_is_decided(rng):
    found = wrong(score_verdicts(rng, 5, ties_lost=False))
    assert {"recalled, at a margin of 0", "verdicts that differ, in two blocks"} <= found
    assert not found & {"recalled, at a margin of 1", "recalled, at a margin of -1"}


def test_near_ties_are_beyond_single_precision(rng, monkeypatch):
    """Without a doubt, single-precision scores get some of them wrong."""
    monkeypatch.setattr(scoring, "score_doubt", lambda d: 0.0)
    found = wrong(score_verdicts(rng, 20))
    assert found & {"recalled, at a margin of 1", "recalled, at a margin of -1"}
