"""The base of the records."""

import subprocess
import sys

import pytest

from sims.engine.results import Result, new_axes


class Plain(Result):
    def rows(self):
        return [{"d": 1}, {"d": 2}]


def test_views_are_made_from_the_rows():
    record = Plain()
    assert record.to_dict() == {"points": [{"d": 1}, {"d": 2}]}
    assert record.to_frame()["d"].tolist() == [1, 2]
    assert "<td>2</td>" in record._repr_html_()


def test_what_a_record_lacks_is_said():
    with pytest.raises(TypeError, match="Result has no rows"):
        Result().rows()
    with pytest.raises(TypeError, match="Plain is not a curve"):
        Plain().plot()


def test_new_axes_need_no_window_and_given_axes_are_kept():
    ax = new_axes(None)
    assert new_axes(ax) is ax
    assert type(ax.figure.canvas).__name__ == "FigureCanvasBase"


@pytest.mark.parametrize("heavy", ["matplotlib", "pandas", "numba", "sympy"])
def test_importing_the_packages_loads_nothing_heavy(heavy):
    code = f"import assoc, sims, sys; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
