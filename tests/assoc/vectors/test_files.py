"""How the form of a file of vectors is known, and what is told of it."""

import os

import numpy as np
import pytest

from assoc import load_vectors
from tests.helpers.oracles import complaint
from tests.helpers.safetensors import write_safetensors

E = np.random.default_rng(0).standard_normal((6, 4))


def test_the_content_says_the_form_whatever_the_ending(tmp_path):
    np.save(tmp_path / "a.npy", E)
    np.savez(tmp_path / "b.npz", E)
    write_safetensors(tmp_path / "c.safetensors", {"w": ("F64", E)})
    rows = [" ".join([f"w{k}", *map(repr, map(float, row))]) for k, row in enumerate(E)]
    (tmp_path / "d.txt").write_text("\n".join(rows))
    for path in list(tmp_path.iterdir()):
        other = path.rename(path.with_suffix(".bin"))
        np.testing.assert_array_equal(load_vectors(other).vectors, E)


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_an_ending_that_lies_is_told(tmp_path, ending):
    path = tmp_path / f"e.{ending}"
    path.write_text("a 1 2\nb 3 4\n")
    assert complaint(load_vectors, path) == (
        f"{path}: neither a .npy nor a .npz file (pickles are never read)"
    )


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path, "a folder"), (tmp_path / "pipe", "a FIFO")):
        assert complaint(load_vectors, path) == f"{path}: {what}, not a regular file"
    path = tmp_path / ("x" * 300)
    assert complaint(load_vectors, path) == f"{path}: File name too long"


@pytest.mark.parametrize("limit", [0, -3, 2.5])
def test_a_limit_is_a_positive_number(tmp_path, limit):
    np.save(tmp_path / "e.npy", E)
    assert "limit" in complaint(load_vectors, tmp_path / "e.npy", limit=limit)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_vectors_that_occur_twice_are_told(tmp_path, kind):
    rng = np.random.default_rng(0)
    # More rows than are compared at a time; one differs from another in its last bit alone.
    rows = rng.standard_normal((5000, 3)).astype(kind)
    rows[10] = rows[3]
    rows[10, 1] = np.nextafter(rows[3, 1], kind(9))
    np.save(tmp_path / "e.npy", rows)
    assert load_vectors(tmp_path / "e.npy").notes == ()
    rows[[4000, 4999]] = rows[20]
    np.savez(tmp_path / "e.npz", vectors=rows, names=np.arange(5000).astype(str))
    assert load_vectors(tmp_path / "e.npz").notes == (
        "e.npz: 2 vectors equal earlier ones, the first: row 4000 that of row 20 "
        "('4000' and '20'); such vectors cannot be told apart",
    )


def test_vectors_of_few_values_are_told_apart(tmp_path):
    """All 1,024 of ten signs, and one again."""
    rows = np.array([[1.0 - 2 * (k >> j & 1) for j in range(10)] for k in [*range(1024), 77]])
    np.save(tmp_path / "e.npy", rows)
    (note,) = load_vectors(tmp_path / "e.npy").notes
    assert note.startswith(
        "e.npy: 1 vectors equal earlier ones, the first: row 1024 that of row 77;"
    )


def test_names_that_occur_twice_are_told(tmp_path):
    names = np.array(["a", "b", "a", "c", "b", "a"])
    np.savez(tmp_path / "e.npz", vectors=E, names=names)
    assert load_vectors(tmp_path / "e.npz").notes == (
        "e.npz: 3 names occur earlier, the first: row 2 is named 'a' like row 0",
    )
