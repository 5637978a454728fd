"""Matrices of memories agree with loops over the facts and with least squares."""

from theory.memories.plain.memories import memory_symbols


def wrong(rows):
    return {n for n, got, want in rows if abs(got - want) > 1e-9 * (abs(want) or 1)}


def test_the_package_agrees():
    assert not wrong(memory_symbols())


def test_a_fact_left_out_shows():
    assert "linear" in wrong(memory_symbols(forgotten=1))


def test_a_direction_below_rounding_is_not_inverted():
    assert wrong(memory_symbols(condition=1e-8)) == {"weak direction"}
