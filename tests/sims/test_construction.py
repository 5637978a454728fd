"""Constructions by name, with ranks that may follow the dimension."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError, Memory
from sims.construction import Construction
from tests.oracles import one_line, table


@pytest.mark.parametrize(
    ("rank", "d", "expected"),
    [(3, 8, 3), ("3", 8, 3), ("d/2", 64, 32), ("d / 4", 64, 16), ("d/1", 5, 5), ("d/1.5", 6, 4)],
)
def test_ranks(rank, d, expected):
    assert Construction("low-rank", rank=rank).rank_at(d) == expected


def test_no_rank():
    assert Construction("linear").rank_at(5) is None


@given(st.integers() | st.floats() | st.text(max_size=8) | st.text("d/0123456789.e- ", max_size=8))
def test_any_rank_is_between_1_and_d_or_refused_in_one_line(rank):
    try:
        m = Construction("low-rank", rank=rank).rank_at(8)
    except InputError as error:
        text = str(error)
        assert text.startswith("rank ")
        assert "\n" not in text
    else:
        assert m in range(1, 9)


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


def test_build_makes_a_memory(rng):
    E = rng.standard_normal((3, 8))
    for construction in (
        Construction("linear"),
        Construction("low-rank", rank="d/2"),
        Construction("quantised", bits=2),
        Construction(table),
        Construction("tests.oracles:table"),
    ):
        assert isinstance(construction.build(8)(E, E, range(3), rng=rng), Memory)


@pytest.mark.parametrize(
    ("construction", "label", "label_at_8"),
    [
        (Construction("linear"), "linear", "linear"),
        (Construction("low-rank", rank="d/2"), "low-rank m=d/2", "low-rank m=4"),
        (Construction("quantised", bits=3), "quantised b=3", "quantised b=3"),
        (Construction(table), "table", "table"),
    ],
)
def test_labels(construction, label, label_at_8):
    assert construction.label() == label
    assert construction.label(8) == label_at_8
