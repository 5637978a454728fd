"""Constructions by name, with ranks and widths that may follow the dimension."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError, Memory
from sims.memories.construction import Construction
from tests.helpers.oracles import one_line, table


@pytest.mark.parametrize(
    ("rank", "d", "expected"),
    [
        (3, 8, 3),
        ("3", 8, 3),
        ("d/2", 64, 32),
        ("d / 4", 64, 16),
        ("d/1", 5, 5),
        ("d/1.5", 6, 4),
        ("d", 5, 5),
        ("0.5d", 8, 4),
    ],
)
def test_ranks(rank, d, expected):
    assert Construction("low-rank", rank=rank).rank_at(d) == expected


@pytest.mark.parametrize(
    ("width", "d", "expected"),
    [
        (3, 8, 3),
        ("300", 8, 300),
        ("16d", 64, 1024),
        ("16 d", 64, 1024),
        ("d", 7, 7),
        ("d/2", 64, 32),
        ("1.5d", 6, 9),
        ("1e3d", 2, 2000),
        ("d/0.25", 8, 32),
    ],
)
def test_widths(width, d, expected):
    m = Construction("mlp", width=width).width_at(d)
    assert m == expected
    assert type(m) is int


def test_no_size():
    assert Construction("linear").rank_at(5) is None
    assert Construction("linear").width_at(5) is None


anything = (
    st.integers() | st.floats() | st.text(max_size=8) | st.text("d/0123456789.e- ", max_size=8)
)


@given(anything)
def test_any_rank_is_between_1_and_d_or_refused_in_one_line(rank):
    try:
        m = Construction("low-rank", rank=rank).rank_at(8)
    except InputError as error:
        text = str(error)
        assert text.startswith("rank ")
        assert "\n" not in text
    else:
        assert m in range(1, 9)


@given(anything)
def test_any_width_is_positive_or_refused_in_one_line(width):
    try:
        m = Construction("mlp", width=width).width_at(8)
    except InputError as error:
        text = str(error)
        assert text.startswith("width ")
        assert "\n" not in text
    else:
        assert type(m) is int
        assert m > 0


@pytest.mark.parametrize(
    ("rank", "said"),
    [
        ("half", "rank 'half' is neither an integer nor of the form d/2"),
        ("d/0", "rank 'd/0' is neither"),
        ("d/1e-320", "rank 'd/1e-320' is neither"),
        ("d/nan", "rank 'd/nan' is neither"),
        (2.5, "rank 2.5 is neither"),
        ("d/100", "rank 0 is not between 1 and d = 8"),
        ("d/0.5", "rank 16 is not between 1 and d = 8"),
        (9, "rank 9 is not between 1 and d = 8"),
    ],
)
def test_bad_ranks_are_named(rank, said):
    with pytest.raises(InputError) as caught:
        Construction("low-rank", rank=rank).rank_at(8)
    assert said in one_line(caught.value)


@pytest.mark.parametrize(
    ("width", "said"),
    [
        ("wide", "width 'wide' is neither an integer nor of the form d/2 or 16d"),
        ("", "width '' is neither"),
        ("dd", "width 'dd' is neither"),
        ("d/d", "width 'd/d' is neither"),
        ("16D", "width '16D' is neither"),
        ("d16", "width 'd16' is neither"),
        ("nand", "width 'nand' is neither"),
        ("infd", "width 'infd' is neither"),
        ("1e400d", "width '1e400d' is neither"),
        ("d/0", "width 'd/0' is neither"),
        (2.5, "width 2.5 is neither"),
        (True, "width True is neither"),
        (0, "width 0 is not a positive integer"),
        ("0d", "width 0 is not a positive integer"),
        ("d/100", "width 0 is not a positive integer"),
        (-4, "width -4 is not a positive integer"),
        ("-2d", "width -16 is not a positive integer"),
    ],
)
def test_bad_widths_are_named(width, said):
    construction = Construction("gated-mlp", width=width)
    for refused in (construction.width_at, construction.build, construction.label):
        with pytest.raises(InputError) as caught:
            refused(8)
        assert said in one_line(caught.value)


@pytest.mark.parametrize("digits", [1000, 5000])
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_of_any_length_are_named(digits, sign):
    """Python refuses to print integers of more than 4300 digits."""
    size = sign * 10**digits
    for construction in (Construction("gated-mlp", width=size), Construction("low-rank", size)):
        option = "rank" if construction.width is None else "width"
        with pytest.raises(InputError) as caught:
            construction.build(8)(np.eye(2, 8), np.eye(2, 8), np.arange(2), rng=None)
        said = one_line(caught.value)
        assert said.startswith(f"{option} ")
        if digits > 4300:
            assert said == f"{option} of thousands of digits is neither an integer nor of the " + (
                "form d/2 or 16d"
            )


@pytest.mark.parametrize(
    ("construction", "said"),
    [
        (Construction("mlp"), "memory 'mlp' needs its width given"),
        (Construction("mlp", width="d/8"), "width 1 is odd"),
        (Construction("mlp", width="2d", rank="d/2"), "memory 'mlp' takes no rank"),
        (Construction("mlp", width="2d", degree=9), "degree 9 is not an integer from 1 to 6"),
        (Construction("linear", width="2d"), "memory 'linear' takes no width"),
        (Construction("bilinear", width="2d", degree=1), "memory 'bilinear' takes no degree"),
        (Construction(table, degree=1), "memory 'table' takes no degree"),
        (
            Construction("linear", rounding="nearest"),
            "memory 'linear': a rounding needs bits given",
        ),
        (Construction("linear", bits=0), "bits = 0 is not between 1 and 16"),
        (Construction("sign", bits=1), "memory 'sign' takes no bits"),
    ],
)
def test_options_out_of_place_are_named(construction, said):
    with pytest.raises(InputError) as caught:
        construction.build(8)
    assert said in one_line(caught.value)


@pytest.mark.parametrize(("d", "expected"), [(4, 6), (8, 12)])
def test_a_width_follows_the_dimension_into_the_network(rng, d, expected):
    E = rng.standard_normal((3, d))
    build = Construction("gated-mlp", width="1.5d", degree=3).build(d)
    network = build(E, E, range(3), rng=rng)
    assert len(network.W) == expected
    assert network.degree == 3


def test_build_makes_a_memory(rng):
    E = rng.standard_normal((3, 8))
    for construction in (
        Construction("linear"),
        Construction("low-rank", rank="d/2"),
        Construction("linear", bits=2),
        Construction("gated-mlp", width=5, bits=2, rounding="stochastic"),
        Construction("mlp", width="2d", degree=2),
        Construction("whitened-mlp", width="d/2"),
        Construction("bilinear-ridge", width=5),
        Construction("bilinear-als", width="d/2"),
        Construction("bilinear-margin", width=5),
        Construction(table),
        Construction("tests.helpers.oracles:table"),
    ):
        assert isinstance(construction.build(8)(E, E, range(3), rng=rng), Memory)


@pytest.mark.parametrize(
    ("construction", "label", "label_at_8"),
    [
        (Construction("linear"), "linear", "linear"),
        (Construction("low-rank", rank="d/2"), "low-rank m=d/2", "low-rank m=4"),
        (Construction("linear", bits=3), "linear b=3", "linear b=3"),
        (Construction("linear", bits=3, rounding="nearest"), "linear b=3", "linear b=3"),
        (
            Construction("mlp", width="2d", bits=3, rounding="stochastic"),
            "mlp m=2d b=3 stochastic",
            "mlp m=16 b=3 stochastic",
        ),
        (Construction(table), "table", "table"),
        (Construction("mlp", width="16d"), "mlp m=16d", "mlp m=128"),
        (Construction("mlp", width="d/2"), "mlp m=d/2", "mlp m=4"),
        (Construction("mlp", width=30, degree=2), "mlp m=30 k=2", "mlp m=30 k=2"),
        (Construction("bilinear", width="d"), "bilinear m=d", "bilinear m=8"),
    ],
)
def test_labels(construction, label, label_at_8):
    assert construction.label() == label
    assert construction.label(8) == label_at_8
