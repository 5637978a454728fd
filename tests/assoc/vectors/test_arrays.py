"""Vectors from .npy and .npz files, and every way in which such a file can be wrong."""

import csv
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assoc import InputError, example_path, load_vectors
from tests.helpers.damage import damaged, vectors_or_one_line
from tests.helpers.oracles import one_line

VECTORS = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i4"])
def test_a_matrix_comes_back(tmp_path, dtype):
    path = tmp_path / "e.npy"
    np.save(path, VECTORS.astype(dtype))
    loaded = load_vectors(path)
    np.testing.assert_array_equal(loaded.vectors, VECTORS)
    assert loaded.vectors.dtype == (np.float32 if dtype in ("f4",) else np.float64)
    assert loaded.names is None
    assert len(loaded) == 3
    assert repr(loaded) == "NamedVectors(3 vectors in R^4 from 'e.npy')"


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_in_the_file_does_not_matter(tmp_path, order):
    np.save(tmp_path / "e.npy", np.array(VECTORS, order=order))
    np.testing.assert_array_equal(load_vectors(tmp_path / "e.npy").vectors, VECTORS)


def test_the_path_may_be_a_string(tmp_path):
    np.save(tmp_path / "e.npy", VECTORS)
    assert len(load_vectors(str(tmp_path / "e.npy"))) == 3


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_names_come_along(tmp_path, save):
    save(tmp_path / "e.npz", anything=VECTORS, tokens=np.array(["a", "é", "NA"]))
    loaded = load_vectors(tmp_path / "e.npz")
    assert loaded.names == ("a", "é", "NA")
    np.testing.assert_array_equal(loaded.vectors, VECTORS)


def test_the_array_called_vectors_is_taken_among_several(tmp_path):
    np.savez(tmp_path / "e.npz", vectors=VECTORS, counts=np.arange(3), other=np.eye(5))
    np.testing.assert_array_equal(load_vectors(tmp_path / "e.npz").vectors, VECTORS)


def test_a_member_is_named(tmp_path):
    names = np.array(["a", "b", "c"])
    np.savez(tmp_path / "e.npz", wte=VECTORS, wpe=np.eye(5), names=names)
    loaded = load_vectors(tmp_path / "e.npz", "wte")
    assert (loaded.names, loaded.source) == (("a", "b", "c"), "e.npz:wte")
    np.testing.assert_array_equal(loaded.vectors, VECTORS)
    other = load_vectors(tmp_path / "e.npz", "wpe")
    assert other.names is None
    assert other.notes == ("e.npz: 3 names for 5 vectors of 'wpe', which go without names",)
    assert said(tmp_path / "e.npz").endswith("(FILE:NAME names one)")
    text = said(tmp_path / "e.npz", "wteq")
    assert text == "no member 'wteq'; did you mean 'wte'?"
    np.save(tmp_path / "e.npy", VECTORS)
    text = said(tmp_path / "e.npy", "wte")
    assert text == "holds one matrix without a name: leave out :wte"


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_first_rows_of_a_matrix(tmp_path, suffix, order):
    path = tmp_path / f"e.{suffix}"
    if suffix == "npy":
        np.save(path, np.array(VECTORS, order=order))
    else:
        np.savez(path, np.array(VECTORS, order=order), names=np.array(["a", "b", "c"]))
    loaded = load_vectors(path, limit=2)
    np.testing.assert_array_equal(loaded.vectors, VECTORS[:2])
    assert loaded.names == (None if suffix == "npy" else ("a", "b"))
    assert len(load_vectors(path, limit=9)) == 3


def test_a_file_of_pytorch_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/data.pkl", b"anything")
    assert "a PyTorch file, whose pickles are never read" in said(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("name", "n", "d"),
    [
        ("minilm_tokens.npz", 4096, 384), ("countries_minilm.npz", 1545, 384),
        ("territories_glove.npz", 531, 100), ("glove_words.npz", 2048, 100),
        ("textgenrnn_inputs.npz", 464, 100), ("textgenrnn_outputs.npz", 464, 356),
    ],
)  # fmt: skip
def test_the_shipped_examples_load(name, n, d):
    loaded = load_vectors(example_path(name))
    assert loaded.vectors.shape == (n, d)
    assert loaded.names is not None
    assert len(set(loaded.names)) == n
    assert loaded.eps == np.finfo(np.float16).eps


def test_the_matrices_of_one_model_have_the_same_names():
    first, last = (
        load_vectors(example_path(f"textgenrnn_{which}.npz")).names
        for which in ("inputs", "outputs")
    )
    assert first == last


def test_every_name_of_the_shipped_table_has_its_words_vectors():
    words = load_vectors(example_path("glove_words.npz"))
    named = load_vectors(example_path("territories_glove.npz"))
    assert words.names is not None
    assert named.names is not None
    with example_path("territories.csv").open(encoding="utf-8") as file:
        cells = {cell for row in list(csv.reader(file))[1:] for cell in row}
    assert set(named.names) == cells
    known = dict(zip(words.names, words.vectors, strict=True))
    whole = {name: name.lower().split() for name in named.names}
    told = {name: parts for name, parts in whole.items() if all(part in known for part in parts)}
    assert len(told) > 50
    found = np.array([named.vectors[named.names.index(name)] for name in told])
    expected = np.array(
        [np.mean([known[part] for part in parts], axis=0) for parts in told.values()]
    )
    np.testing.assert_allclose(found, expected, atol=4e-3)


# --- what is wrong ------------------------------------------------------------------------------


def said(path: Path, name: str | None = None) -> str:
    """Message about a bad file: one line that starts with its path."""
    with pytest.raises(InputError) as caught:
        load_vectors(path, name)
    text = one_line(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def test_no_such_file(tmp_path):
    assert said(tmp_path / "none.npy") == "no such file"


def test_a_directory(tmp_path):
    assert said(tmp_path) == "a folder, not a regular file"


def test_an_empty_file(tmp_path):
    (tmp_path / "e.npy").touch()
    assert said(tmp_path / "e.npy") == "an empty file"


def test_text(tmp_path):
    (tmp_path / "e.npy").write_text("1,2\n3,4\n")
    assert "neither a .npy nor a .npz file" in said(tmp_path / "e.npy")


def test_a_pickle_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    (tmp_path / "e.npy").write_bytes(pickle.dumps(Bomb()))
    np.save(tmp_path / "o.npy", np.array([[Bomb()]], object), allow_pickle=True)
    np.savez(tmp_path / "o.npz", vectors=np.array([[Bomb()]], object))
    assert "a pickle, which is never read" in said(tmp_path / "e.npy")
    assert "pickled objects, which are never read" in said(tmp_path / "o.npy")
    assert "'vectors' holds pickled objects, which are never read" in said(tmp_path / "o.npz")
    assert not (tmp_path / "executed").exists()


def test_names_saved_as_objects_are_not_unpickled_either(tmp_path):
    names = np.array(["a", "b", "c"], object)
    np.savez(tmp_path / "e.npz", vectors=VECTORS, names=names)
    assert said(tmp_path / "e.npz") == (
        "member 'names' holds pickled objects, which are never read; save names.astype(str)"
    )


def test_objects_beside_the_matrix_that_is_asked_for_are_left_alone(tmp_path):
    objects = np.array([{"lang": "en"}, "b", "c"], object)
    np.savez(tmp_path / "e.npz", wte=VECTORS, meta=objects, names=np.array(["a", "b", "c"]))
    loaded = load_vectors(tmp_path / "e.npz", "wte")
    assert loaded.names == ("a", "b", "c")
    assert loaded.vectors.tolist() == VECTORS.tolist()
    why = "member 'meta' holds pickled objects, which are never read; save meta.astype("
    assert said(tmp_path / "e.npz") == f"{why}str)"
    assert said(tmp_path / "e.npz", "meta") == f"{why}float)"


def test_of_several_arrays_of_strings_names_has_the_names(tmp_path):
    names, other = np.array(["a", "b", "c"]), np.array(["en"] * 3)
    np.savez(tmp_path / "e.npz", vectors=VECTORS, names=names, lang=other)
    loaded = load_vectors(tmp_path / "e.npz")
    assert (loaded.names, loaded.notes) == (("a", "b", "c"), ())
    np.savez(tmp_path / "f.npz", vectors=VECTORS, words=names, lang=other)
    loaded = load_vectors(tmp_path / "f.npz")
    assert loaded.names is None
    assert loaded.notes == (
        "f.npz: 'lang' and 'words' could be the names, so there are none; call one 'names'",
    )


def test_bits_of_bfloat16_are_suspected(tmp_path):
    E = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    np.save(tmp_path / "bits.npy", (E.view(np.uint32) >> 16).astype(np.uint16))
    (note,) = load_vectors(tmp_path / "bits.npy").notes
    assert "if they are the bits of bfloat16, cast them to float32 first" in note
    np.save(tmp_path / "counts.npy", np.arange(12).reshape(4, 3))
    assert load_vectors(tmp_path / "counts.npy").notes == ()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_whitening_drops_what_is_rounding_of_the_stored_precision(tmp_path, kind):
    rng = np.random.default_rng(0)
    E = rng.standard_normal((400, 5)) @ rng.standard_normal((5, 32))
    np.save(tmp_path / "e.npy", E.astype(kind))
    loaded = load_vectors(tmp_path / "e.npy")
    assert loaded.eps == np.finfo(kind).eps
    assert np.linalg.matrix_rank(loaded.prepared("whiten"), tol=1e-3) == 5


def test_whitening_keeps_small_directions_that_are_none_of_rounding(tmp_path):
    E = np.random.default_rng(0).standard_normal((400, 8)) * np.geomspace(1, 0.02, 8)
    np.save(tmp_path / "e.npy", E.astype(np.float16))
    assert np.linalg.matrix_rank(load_vectors(tmp_path / "e.npy").prepared("whiten")) == 8


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({}, "found none"),
        ({"a": VECTORS, "b": VECTORS}, r"one called 'vectors', is needed; found ['a', 'b']"),
        ({"names": np.array(["a", "b"])}, "found ['names']"),
        ({"vectors": VECTORS, "names": np.array(["a", "b"])}, "2 names for 3 vectors"),
        ({"vectors": VECTORS[0]}, "a matrix (n, d) is needed, not an array of shape (4,)"),
        ({"vectors": np.array(3.0)}, "a matrix (n, d) is needed, not an array of shape ()"),
        ({"vectors": VECTORS + 1j}, "an array of real numbers is needed, not of complex128"),
        ({"vectors": np.where(VECTORS == 9, np.nan, 1)}, "row 2 has a value that is not finite"),
        ({"vectors": np.zeros((0, 4))}, "shape (0, 4) holds no vectors"),
    ],
)
def test_archives_without_one_clear_matrix(tmp_path, arrays, complaint):
    np.savez(tmp_path / "e.npz", **arrays)
    assert complaint in said(tmp_path / "e.npz")


def test_half_precision_overflow_is_not_finite(tmp_path):
    np.save(tmp_path / "e.npy", np.array([[1.0, np.inf]], np.float16))
    assert "row 0 has a value that is not finite" in said(tmp_path / "e.npy")


def test_another_kind_of_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "e.npz", "w") as archive:
        archive.writestr("table.csv", "1,2\n")
    assert "member 'table.csv' is not an array" in said(tmp_path / "e.npz")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_truncated_files(tmp_path, suffix, keep):
    path = tmp_path / f"e.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, np.ones((50, 4)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    assert "not a readable .npy or .npz file" in said(path)


def test_damaged_compressed_data(tmp_path, rng):
    path = tmp_path / "e.npz"
    np.savez_compressed(path, vectors=rng.standard_normal((50, 50)))
    damaged = bytearray(path.read_bytes())
    damaged[500:600] = bytes(b ^ 0xFF for b in damaged[500:600])
    path.write_bytes(damaged)
    assert "not a readable .npy or .npz file" in said(path)


def test_a_header_that_claims_an_absurd_size(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 999), }"
    header += b" " * (117 - len(header)) + b"\n"
    path = tmp_path / "e.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0" * 64)
    assert "claims to hold more than fits in memory" in said(path)


def files() -> list[bytes]:
    """A plain matrix, an archive, and a compressed archive."""
    plain, archive, compressed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(plain, VECTORS)
    np.savez(archive, vectors=VECTORS, names=np.array(["a", "b", "c"]))
    np.savez_compressed(compressed, vectors=VECTORS)
    return [file.getvalue() for file in (plain, archive, compressed)]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged(st.sampled_from(files())))
@pytest.mark.filterwarnings("ignore:Reading `.npy`:UserWarning")
def test_any_damage_gives_vectors_or_one_line(tmp_path, content):
    """Never a traceback of another kind."""
    path = tmp_path / "e.npz"
    path.write_bytes(content)
    vectors_or_one_line(path)
