"""Memories side by side, on the same draws."""

import numpy as np
import pytest

import sims
from assoc import InputError
from assoc.memories.linear import dual_inputs, hebbian
from sims.memories.comparison import compare
from tests.helpers.oracles import one_line


def test_values_are_those_of_each_memory_alone():
    found = compare(["linear", "dual-inputs"], d=24, N=[16, 40], trials=8, seed=3)
    alone = {
        name: sims.measure(name, d=24, N=[16, 40], trials=8, seed=3)
        for name in ("linear", "dual-inputs")
    }
    for row in found.rows():
        (same,) = (each for each in alone[row["memory"]].rows() if each["N"] == row["N"])
        assert row["recall"] == same["recall"]
        assert row["interval"] == same["interval"]


def test_differences_are_of_paired_draws():
    found = compare(["linear", "dual-inputs"], d=24, N=40, trials=12, seed=3)
    counts = [
        np.array(sims.measure(name, d=24, N=40, trials=12, seed=3).points[0].counts)
        for name in ("linear", "dual-inputs")
    ]
    apart = np.sort(counts[1] - counts[0])
    assert found.points[0].difference is None
    assert found.points[1].difference == np.median(apart) / 40
    # Of 12 draws at 99%: all but the smallest and the largest.
    assert found.points[1].difference_interval == (apart[1] / 40, apart[-2] / 40)


def test_a_memory_does_not_differ_from_itself():
    def same(E, U, f, *, rng):
        return hebbian(E, U, f, rng=rng)

    found = compare(["linear", same], d=16, N=[10, 30], trials=10)
    for point in found.points[1::2]:
        assert point.difference == 0
        assert point.difference_interval == (0, 0)


def test_capacities_are_bracketed_and_so_are_their_differences():
    found = compare(["linear", "dual-inputs"], d=16, trials=12)
    (row, other) = found.rows()
    assert row["capacity"] == sims.capacity("linear", d=16, trials=12).points[0].N
    low, high = found.points[1].difference_interval
    assert low <= other["difference"] <= high
    assert low > 0
    assert found.quantity == "capacity"


def test_options_go_to_those_that_know_them():
    def build(E, U, f, *, rng, width=8):
        return dual_inputs(E[:width], U, f[:width], rng=rng)

    found = compare(["linear", build], d=16, N=12, trials=3, width="d/2")
    assert [point.memory for point in found.points] == ["linear", "build m=8"]
    assert found.points[1].value == pytest.approx(8 / 12, abs=0.05)


def test_parameters_and_bits_are_counted():
    found = compare(["linear", "dual-inputs"], d=16, N=8, trials=2, bits=2)
    assert [row["parameters"] for row in found.rows()] == [256, 256]
    assert [row["bits"] for row in found.rows()] == [512, 512]
    assert found.rows()[0]["facts_per_parameter"] == found.points[0].value * 8 / 256


def test_a_figure_has_every_memory_and_named_axes():
    for N, axis in ((None, "dimension $d$"), ([8, 16], "facts $N$")):
        found = compare(["linear", "sign"], d=[8, 12], N=N, trials=3)
        ax = found.plot()
        assert ax.get_xlabel() == axis
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert len(labels) == (2 if N is None else 4)
    assert "ComparisonResult(recall, linear, sign)" in repr(found)
    assert list(found.to_frame()["memory"]) == ["linear", "sign"] * 4


@pytest.mark.parametrize(
    ("memories", "given", "said"),
    [
        (["linear"], {}, "compare needs two memories or more"),
        ([], {}, "compare needs two memories or more"),
        (["linear", "linear"], {}, "memory 'linear' is given twice"),
        (["linear", "sign"], {"width": 8}, "none of the memories takes a width"),
        (["linear", "linaer"], {}, "unknown memory 'linaer': did you mean 'linear'?"),
        (["linear", "gated-mlp"], {}, "memory 'gated-mlp' needs its width given"),
        (["linear", "sign"], {"trials": 0}, "trials = 0 is not positive"),
    ],
)
def test_what_cannot_be_compared_is_named(memories, given, said):
    with pytest.raises(InputError) as caught:
        compare(memories, d=8, N=4, **given)
    assert one_line(caught.value).startswith(said)
