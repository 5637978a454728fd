"""The theorem on instruments: its figure, its hypotheses, and that its parts have names."""

import pytest
from matplotlib.figure import Figure

from theory.claims import Problem
from theory.measurement.coverage import KINDS
from theory.registry import find
from theory.theorems.measurement import ALL, check_coverage, check_errors, figure


def test_the_figure_has_a_line_for_every_kind_of_interval():
    drawn = figure({"coverage": check_coverage(seed=0)})
    assert isinstance(drawn, Figure)
    (ax,) = drawn.axes
    assert {label.get_text() for label in ax.get_yticklabels()} == set(KINDS)
    assert ax.get_xlabel()
    assert ax.get_legend() is not None
    drawn_shares = [float(x) for line in ax.get_lines()[:-1] for x in line.get_xdata()]
    assert max(drawn_shares) == pytest.approx(1, abs=1e-7)
    assert min(drawn_shares) > 0


def test_hypotheses_are_executable_on_sizes():
    theorem = find("measurement")
    assert all(c.holds for c in theorem.conditions(Problem(d=64, N=10, outputs=10)))
    failing = [c.name for c in theorem.conditions(Problem(d=8, N=10, outputs=1)) if not c.holds]
    assert failing == ["an outcome that changes once"]


def test_every_part_can_be_wrong_at_once():
    assert set(map(str, check_errors(seed=3, wrong=ALL, root=False).arms.values())) == {"violated"}
