"""Word vectors as text and in binary: every form, and one line that names what is wrong."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assoc import load_vectors
from assoc.vectors import words
from tests.helpers.damage import damaged, vectors_or_one_line
from tests.helpers.oracles import complaint

E = np.random.default_rng(0).standard_normal((12, 5)).astype(np.float32)
NAMES = (
    "the",
    "of",
    "Paris",
    "München",
    "New_York",
    "3.14",
    "'",
    '"',
    "#",
    "a\u00a0b",
    ",",
    "</s>",
)


def text(vectors=E, names=NAMES, *, header=True, separator=" ", end="\n", form="%.9g"):
    """Word vectors as text."""
    lines = [f"{len(vectors)} {vectors.shape[1]}"] * header
    for name, row in zip(names, vectors, strict=True):
        lines.append(separator.join([name, *(form % number for number in row)]))
    return (end.join(lines) + end).encode()


def binary(vectors=E, names=NAMES, *, newline=b"\n"):
    """Word vectors as word2vec writes them."""
    rows = zip(names, vectors, strict=True)
    body = b"".join(name.encode() + b" " + row.tobytes() + newline for name, row in rows)
    return b"%d %d\n" % vectors.shape + body


FORMS = {
    "word2vec text": text(),
    "glove": text(header=False),
    "tabs": text(header=False, separator="\t"),
    "fasttext": text(end=" \n"),
    "windows": text(end="\r\n"),
    "a mark": b"\xef\xbb\xbf" + text(),
    "a mark, no header": b"\xef\xbb\xbf" + text(header=False),
    "blank lines": text().replace(b"\n", b"\n\n"),
    "binary": binary(),
    "binary without line ends": binary(newline=b""),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(tmp_path, form, packed, monkeypatch):
    monkeypatch.setattr(words, "BLOCK", 5)
    monkeypatch.setattr(words, "CHUNK", 3)
    path = tmp_path / "vectors.txt"
    path.write_bytes(gzip.compress(FORMS[form]) if packed else FORMS[form])
    loaded = load_vectors(path)
    np.testing.assert_array_equal(loaded.vectors, E)
    assert loaded.names == NAMES
    assert loaded.notes == ()
    assert loaded.vectors.dtype == np.float32
    for limit in (1, 7, 12, 50):
        few = load_vectors(path, limit=limit)
        np.testing.assert_array_equal(few.vectors, E[:limit])
        assert few.names == NAMES[:limit]


def test_no_more_is_read_than_is_asked_for(tmp_path):
    """What is wrong further down is not seen."""
    broken = text().replace(b"Paris ", b"Paris x")
    for content in (broken, binary()[:100]):
        (tmp_path / "v").write_bytes(content)
        assert len(load_vectors(tmp_path / "v", limit=2)) == 2
        complaint(load_vectors, tmp_path / "v")


@pytest.mark.parametrize("header", [False, True])
def test_words_may_hold_spaces_which_is_told(tmp_path, header):
    names = (". . .", "at name@domain.com", "1 2", *NAMES[3:])
    (tmp_path / "v.txt").write_bytes(text(names=names, header=header))
    loaded = load_vectors(tmp_path / "v.txt")
    np.testing.assert_array_equal(loaded.vectors, E)
    assert loaded.names == names
    assert loaded.notes == ("v.txt: 3 names hold spaces, the first: '. . .'",)


def test_names_that_are_not_utf8_are_told(tmp_path):
    for content in (text(), binary()):
        (tmp_path / "v").write_bytes(content.replace("ü".encode(), b"\xfc"))
        loaded = load_vectors(tmp_path / "v")
        assert loaded.names is not None
        assert loaded.names[3] == r"M\xfcnchen"
        assert loaded.notes == (r"v: 1 names are not UTF-8, the first: 'M\\xfcnchen'",)


def test_vectors_of_one_number(tmp_path):
    (tmp_path / "v").write_text("12 3\n14 5\n")
    assert load_vectors(tmp_path / "v").names == ("12", "14")
    (tmp_path / "v").write_text("2 1\n14 5\n15 7\n")
    assert load_vectors(tmp_path / "v").names == ("14", "15")
    (tmp_path / "v").write_text("a 0.5\n")
    np.testing.assert_array_equal(load_vectors(tmp_path / "v").vectors, [[0.5]])


def test_many_digits_are_kept(tmp_path):
    exact = np.random.default_rng(1).standard_normal((12, 5))
    (tmp_path / "v").write_bytes(text(exact, form="%.17g"))
    loaded = load_vectors(tmp_path / "v")
    np.testing.assert_array_equal(loaded.vectors, exact)
    assert loaded.eps == np.finfo(np.float64).eps


@pytest.mark.parametrize("form", ["%.4g", "%.4f", "%.3e"])
def test_whitening_drops_what_is_rounding_of_decimals(tmp_path, form):
    rng = np.random.default_rng(0)
    low = 0.05 * rng.standard_normal((400, 5)) @ rng.standard_normal((5, 32))
    names = [f"w{k}" for k in range(400)]
    (tmp_path / "v").write_bytes(text(low, names, form=form))
    loaded = load_vectors(tmp_path / "v")
    assert loaded.eps is not None
    assert 1e-4 < loaded.eps < 1e-2
    assert np.linalg.matrix_rank(loaded.prepared("whiten"), tol=1e-3) == 5


def test_whole_numbers_are_exact(tmp_path):
    (tmp_path / "v").write_text("a 1 0\nb 0 1\nc 1 1\n")
    assert load_vectors(tmp_path / "v").eps is None


# --- what is wrong ------------------------------------------------------------------------------

LINES = text(header=False).splitlines()


def with_line(number, line):
    """Text without a header in which one line is another."""
    return b"\n".join([*LINES[: number - 1], line, *LINES[number:]])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (with_line(7, b"x 1 2 3 4"), "line 7 has 5 columns; a word and 5 numbers are needed"),
        (with_line(1, b"x 1 2 3 4"), "line 1 has 5 columns; a word and 5 numbers are needed"),
        (with_line(7, b" 1 2 3 4 5"), "line 7 has 5 columns; a word and 5 numbers are needed"),
        (with_line(3, b"x 1 2 3 4 y"), "line 3: 'y' is no number"),
        (with_line(3, b"x 1 2 3 4 \xff"), r"line 3: '\\xff' is no number"),
        (with_line(3, b"x 1 2 3 4 1_0"), "line 3: '1_0' is no number"),
        (with_line(12, b"x 1 2 3 nan 5"), "line 12 has a value that is not finite"),
        (with_line(12, b"x y 1 2 3 inf 5"), "line 12 has a value that is not finite"),
        (with_line(12, b"x 1 2 3 1e39 5"), "line 12 has a value that is not finite"),
        (b"13 5\n" + b"\n".join(LINES), "its first line promises 13 vectors; it holds 12"),
        (b"11 5\n" + b"\n".join(LINES), "its first line promises 11 vectors; it holds 12"),
        (b"12 6\n" + b"\n".join(LINES), "line 2 has 6 columns; a word and 6 numbers are needed"),
        (b"12 4\n" + b"\n".join(LINES), "promises 4 numbers to a word; there are more on line 2"),
        (b"12 5\n", "line 2: a word and its numbers, between spaces or tabs, are needed, not the"),
        (b"99999999999 5\n" + LINES[0], "99999999999 vectors take 2e+03 GB; "),
        (b"one,0.5,0.25\n", "between spaces or tabs, are needed, not 'one,0.5,0.25'"),
        (b"\n\n", "between spaces or tabs, are needed, not ''"),
        (b"0.5 0.25\n0.5 0.125\n", "its lines begin with a number, not with a word; save a matrix"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "none of .npy, .npz, safetensors, or word vectors as text"),
        (b"GGUF\0\0\0", "a GGUF file, of quantised weights"),
        (b"\x89HDF\r\n", "an HDF5 file; save the matrix as .npy or safetensors"),
        (b"\xba\x16\x4f\x2f\0", "a fastText model; its vectors are in the file that ends in .vec"),
        (b"12 0\n" + bytes(40), "its first line promises 12 vectors in R^0"),
        (b"0 12\n" + bytes(40), "its first line promises 0 vectors in R^12"),
        (binary()[:-8], "its first line promises 12 vectors in R^5; it ends in number 12"),
        (binary() + b"more", "its first line promises 12 vectors in R^5; it holds more"),
        (b"9" * 12 + b" 5\n" + bytes(99), "in R^5; its 114 bytes hold fewer"),
        (b"1000 5\n" + b"\0x" * 20000, "vector 1: no word before its numbers"),
        (gzip.compress(text(), mtime=0)[:-20], "not a whole gzip file (Compressed file ended"),
        (gzip.compress(text(), mtime=0)[:-8] + bytes(8), "not a whole gzip file (CRC check failed"),
        (gzip.compress(b"12 5\nx" + bytes(9), mtime=0), "in R^5; it ends in number 1"),
        (
            gzip.compress(b"\x93NUMPY\x01\0", mtime=0),
            "packed by gzip, and no word vectors; other files are",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, content, said):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    text = complaint(load_vectors, path)
    assert text.startswith(f"{path}: ")
    assert said in text


def test_a_name_of_a_matrix_has_no_place(tmp_path):
    (tmp_path / "v.txt").write_bytes(text())
    assert "leave out :wte" in complaint(load_vectors, tmp_path / "v.txt", "wte")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged(st.sampled_from([*FORMS.values(), gzip.compress(text(), mtime=0)])))
def test_any_damage_gives_vectors_or_one_line(tmp_path, content):
    """Never a traceback of another kind."""
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    loaded = vectors_or_one_line(path)
    if loaded is not None:
        assert loaded.names is not None
        assert len(loaded.names) == len(loaded)
