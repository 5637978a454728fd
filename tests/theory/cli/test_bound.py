"""Bits that any model needs from the command line: ``recall bound``."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sims.memories.fewest_bits import fewest_bits
from theory.bounds.bound import bound


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["--N", 100, "--M", 64], {"N": 100, "M": 64}),
        (["-N", 100, "--facts", "permutation"], {"N": 100, "facts": "permutation"}),
        (
            ["-S", 6, "-R", 3, "-D", 2, "-V", 9],
            {"subjects": 6, "relations": 3, "answers": 2, "vocabulary": 9},
        ),
        (
            ["-N", 100, "-a", 1.5, "-B", 50, "--bits", "2,4"],
            {"N": 100, "exponent": 1.5, "given": 50.0, "bits": (2, 4)},
        ),
    ],
)
def test_json_is_the_functions_record(recall, options, arguments):
    ran = recall("bound", *options, "--json")
    assert ran.err == ""
    assert ran.result == json.loads(json.dumps(bound(**arguments).to_dict()))


def test_the_table_says_bits_and_parameters(recall):
    ran = recall("bound", "-S", 64, "-R", 16, "-D", 8, "-V", 1000)
    assert ran.status == 0
    assert "any model needs 4090.5382 bits" in ran.out
    assert "512" in ran.out
    assert "3072 name each answer" in ran.out
    assert "-3.10%" in ran.out


def test_sizes_that_cannot_be_counted_have_two_bounds(recall):
    sizes = "-S", 10**9, "-R", 10**6, "-D", 1000
    low, high = recall("bound", *sizes, "--json").result["bits_interval"]
    assert low < high < low * (1 + 1e-9)
    assert f"any model needs {low:.8g} bits" in recall("bound", *sizes).out


def test_bounds_that_agree_in_what_is_printed_are_one_number(recall, monkeypatch):
    found = bound(N=100, M=64)
    close = replace(found, high=found.low * (1 + 1e-14))
    monkeypatch.setattr("theory.bounds.bound.bound", lambda *_, **__: close)
    assert f"any model needs {found.low:.8g} bits" in recall("bound", "-N", 100, "-M", 64).out


def test_a_shipped_table(recall):
    assert recall("bound", "countries.csv", "--json").result["facts"] == 1747


def test_least_losses_and_their_figure(recall, tmp_path):
    ran = recall("bound", "-N", 50, "-a", 2, "-B", 40, "--plot", "least.png")
    assert "error rate at least" in ran.out
    assert (tmp_path / "least.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give a table, or N (and M), or S, R and D: one of them"),
        (["-S", 3, "-R", 4, "-D", 5, "-V", 10], "vocabulary = 10 is less than R D = 20"),
        (["-N", 5, "--bits", "0"], "b = 0: a parameter has at least one bit"),
        (["-N", 5, "--bits", "x"], "bits = 'x' is not an integer"),
        (["-N", 5, "-a", 9], "a = 9 is not an exponent between 0 and 8"),
        (["missing.csv"], "missing.csv"),
        (["-N", 5, "--plot", "least.txt"], "the ending must be one of"),
    ],
)
def test_bad_input_is_one_line(recall, options, message):
    assert message in recall("bound", *options).complaint


# --- fewest bits --------------------------------------------------------------------------------

FEWEST = ["capacity", "linear", "--d", 16, "--N", 9, "--trials", 4]


def test_the_fewest_bits_are_those_of_the_function(recall):
    ran = recall(*FEWEST, "--fewest-bits", "1,4", "--json")
    expected = fewest_bits("linear", N=9, d=16, bits=(1, 4), trials=4)
    assert ran.result == json.loads(json.dumps(expected.to_dict()))


def test_the_fewest_bits_are_said_and_drawn(recall, tmp_path):
    ran = recall(*FEWEST, "--fewest-bits", "1,4", "--plot", "bits.png")
    assert "median of the fewest bits b that recall every fact" in ran.out
    assert (tmp_path / "bits.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--N", "9,10", "--fewest-bits", "1"], "--fewest-bits takes one --N, and one --d"),
        (["--fewest-bits", "1"], "--fewest-bits takes one --N, and one --d"),
        (["--N", 9, "--fewest-bits", "0"], "bits = 0 is not between 1 and 16"),
        (["--N", 9, "--fewest-bits", "1", "--bits", 2], "--bits has no place"),
        (["--N", 9, "--fewest-bits", "1", "--criterion", "0.9"], "--criterion has no place"),
    ],
)
def test_a_search_for_bits_that_makes_no_sense_is_one_line(recall, options, message):
    assert message in recall("capacity", "linear", "--d", 16, *options).complaint


def test_a_table_of_right_sets(recall, tmp_path):
    lines = ["a,r,x", "b,r,y", "c,r,x", "c,r,z", "d,q,v"]
    (tmp_path / "t.csv").write_text("subject,relation,answer\n" + "\n".join(lines) + "\n")
    result = recall("bound", "t.csv", "--several", "any", "--json").result
    assert result["what"] == "t.csv, 4 facts, 1 with several right answers"
    low, high = result["bits_interval"]
    assert result["bits"] == low
    # V = 4: two facts have one answer or two, and the other relation one of the rest.
    assert low == pytest.approx(np.log2(4 * 3 + 4 * 3 * 2) + np.log2(3 / 2))
    # As many tables there are of three facts with one answer, two or three.
    assert high == pytest.approx(np.log2(4 * 3 + 3 * 4 * 3 * 2 + 4 * 3 * 2))
    assert result["bits_of_answers"] == pytest.approx(2 * np.log2(3) + np.log2(3 / 2))
    printed = recall("bound", "t.csv", "--several", "any").out
    assert "any model needs between" in printed
    assert "name a right answer among those of its relation" in printed
