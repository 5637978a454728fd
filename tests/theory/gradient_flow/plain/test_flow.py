"""The flow from its definition: gradients by complex steps, prompts in full, mistakes that show."""

import numpy as np
import pytest

from theory.claims import Verdict
from theory.gradient_flow.plain.flow import (
    MISTAKES,
    PlainFlow,
    derivative,
    descent_symbols,
    run_symbols,
    small_models,
    summary,
    velocity_symbols,
)
from theory.judging import judge_symbols

MODELS = dict(small_models())


def wrong(rows, tolerance=1e-9):
    found = judge_symbols(rows, tolerance=tolerance, note="")
    return {row["symbol"] for row in found.table if row["off"] > tolerance}


@pytest.mark.parametrize("name", MODELS)
def test_the_velocity_is_the_derivative_of_the_loss(name, rng):
    plain = PlainFlow(MODELS[name])
    y = rng.standard_normal(len(plain.places) * (plain.model.task.answers + 1))
    np.testing.assert_allclose(plain.velocity(y), -derivative(plain.total, y), rtol=1e-12)
    assert plain.total(y) == pytest.approx(plain.losses(y)[0], rel=1e-13)


def test_prompts_are_listed_in_full():
    held, chances, of = PlainFlow(MODELS["with noise"]).prompts
    # Eight facts, and two noise tokens at three places.
    assert held.shape == (8 * 2**3, 4 + 3 + 1 + 2)
    assert (held.sum(axis=1) == 6).all()
    assert chances.sum() == pytest.approx(1.0)
    assert np.bincount(of).tolist() == [8] * 8


def test_a_derivative_is_exact():
    assert derivative(lambda x: x[0] ** 3 * np.exp(x[1]), np.array([2.0, 0.0])) == pytest.approx(
        [12.0, 8.0], rel=1e-15
    )


def test_a_summary_shows_a_sign_and_a_shape():
    assert wrong(summary("x", [1.0, 2.0], [1.0, 2.0])) == set()
    assert wrong(summary("x", [1.0, -2.0], [1.0, 2.0])) == {"x"}
    assert wrong(summary("x", [1.0], [1.0, 2.0])) == {"x"}
    assert wrong(summary("x", [], [])) == set()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_package_agrees_at_any_states(seed):
    found = judge_symbols(velocity_symbols(seed=seed), tolerance=1e-9, note="")
    assert found.verdict is Verdict.HOLDS


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_show(mistake):
    assert wrong(velocity_symbols(seed=0, mistake=mistake))


def test_runs_agree_and_stages_elsewhere_do_not():
    assert not wrong(run_symbols(alpha=1e-2, t_max=100.0), 1e-8)
    late = wrong(run_symbols(alpha=1e-2, t_max=100.0, share=0.45), 1e-8)
    assert late == {"t_relation", "t_subject"}


def test_steps_agree_and_early_ones_do_not():
    assert not wrong(descent_symbols(lr=0.25, steps=200, alpha=0.05))
    assert "t_loss of descent" in wrong(descent_symbols(lr=0.25, steps=200, alpha=0.05, early=1))
