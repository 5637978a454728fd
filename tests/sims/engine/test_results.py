"""The base of the records."""

import io
import subprocess
import sys

import pytest

from sims.engine.results import Result, log_scales, new_axes
from tests.helpers.oracles import complaint


class Plain(Result):
    def rows(self):
        return [{"d": 1}, {"d": 2}]


def test_views_are_made_from_the_rows():
    record = Plain()
    assert record.to_dict() == {"points": [{"d": 1}, {"d": 2}]}
    assert record.to_frame()["d"].tolist() == [1, 2]
    assert "<td>2</td>" in record._repr_html_()


def test_integers_stay_integers_beside_what_is_missing():
    class Gaps(Result):
        def rows(self):
            return [{"d": 8, "N": None, "x": 0.5}, {"d": 16, "N": 20, "x": None}]

    frame = Gaps().to_frame()
    assert "20.0" not in frame.to_string()
    assert frame["N"].tolist()[1] == 20
    assert frame["x"].isna().tolist() == [False, True]


def test_what_a_record_lacks_is_said():
    with pytest.raises(TypeError, match="Result has no rows"):
        Result().rows()
    assert not hasattr(Plain(), "plot")


def test_a_record_is_a_table_of_a_paper():
    rows = [{"d": 8, "interval": [1.5, None], "law": 0.25, "odd": {}}, {"d": 16, "law": 0.5}]

    class Mixed(Result):
        def rows(self):
            return rows

    found = Mixed().to_latex("Loads of $W$.", name="loads")
    assert r"\caption{Loads of $W$.}" in found
    assert r"\label{tab:recall-loads}" in found
    assert r"{$d$} & {interval} & {load $N \log N / d^2$} \\" in found
    assert r"8 & [\num{1.5}, $\infty$] & 0.25 \\" in found
    assert "odd" not in found
    only = Mixed().to_latex(columns=["law"], digits=1)
    assert "{load" in only
    assert "{$d$}" not in only
    assert complaint(Mixed().to_latex, columns=["intervals"]) == (
        "column 'intervals': did you mean 'interval'?"
    )


def test_new_axes_need_no_window_and_given_axes_are_kept():
    ax = new_axes(None)
    assert new_axes(ax) is ax
    assert type(ax.figure.canvas).__name__ == "FigureCanvasBase"


@pytest.mark.parametrize("values", [[], [0.0], [float("inf")], [float("nan"), float("inf")]])
def test_a_figure_of_nothing_can_be_saved_and_says_so(values):
    ax = new_axes(None)
    ax.plot([8] * len(values), values)
    log_scales(ax, x_base=2)
    ax.figure.savefig(io.BytesIO(), format="png")
    assert [text.get_text() for text in ax.texts] == ["no finite value to draw"]


def test_a_finite_value_beside_an_infinite_one_is_drawn_as_ever():
    ax = new_axes(None)
    ax.plot([8, 16], [float("inf"), 3.0])
    log_scales(ax, x_base=2)
    ax.figure.savefig(io.BytesIO(), format="png")
    assert (ax.get_xscale(), ax.get_yscale(), list(ax.texts)) == ("log", "log", [])
    assert ax.get_ylim()[0] < 3 < ax.get_ylim()[1]


@pytest.mark.parametrize("heavy", ["matplotlib", "pandas", "numba", "sympy"])
def test_importing_the_packages_loads_nothing_heavy(heavy):
    code = f"import assoc, sims, sys; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
