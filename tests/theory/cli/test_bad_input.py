"""Bad input: one clear line on stderr that names it, exit status 2, and nothing written."""

import io
import pickle
import sys
import zipfile

import numpy as np
import pytest

HEADER = "subject,relation,answer\n"
VECTORS = np.random.default_rng(0).standard_normal((30, 8))


class Bomb:
    """Says so if it is ever unpickled."""

    def __reduce__(self):
        return (print, ("unpickled",))


def saved(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def zipped(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def with_value(row, value):
    changed = VECTORS.copy()
    changed[row, 3] = value
    return changed


def archive(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


# --- arguments ----------------------------------------------------------------------------------

ARGUMENTS = [
    # sizes that are not positive, not integers, or absurd
    ("measure linear --d 0 --N 5", "d = 0 is not a positive dimension"),
    ("measure linear --d -4 --N 5", "d = -4 is not a positive dimension"),
    ("measure linear --d 8 --N 0", "N = 0 is not a positive number of facts"),
    ("measure linear --d 8 --N 4,-1", "N = -1 is not a positive number of facts"),
    ("measure linear --d 8 --N x", "N = 'x' is not an integer or a list like 32,64,128"),
    ("measure linear --d 8 --N 4,,5", "N = '4,,5' is not an integer or a list like 32,64,128"),
    ("measure linear --d 8 --N 1e3", "N = '1e3' is not an integer or a list"),
    ("measure linear --d 1.5 --N 4", "Invalid value for '--d'"),
    ("measure linear --N 4", "random embeddings need a dimension d"),
    ("measure linear --d 8", "Missing option '--N'"),
    ("measure linear --d 99999999999 --N 4", "d = 99999999999: the entries of a d x d matrix take"),
    ("measure linear --d 8 --N 99999999999", "N = 99999999999, d = 8: the embeddings alone take"),
    ("measure linear --d 8 --N 4 --trials 0", "Invalid value for '--trials'"),
    ("measure linear --d 8 --N 4 --threads 0", "Invalid value for '--threads'"),
    ("measure linear --d 8 --N 4 --inputs 0", "Invalid value for '--inputs'"),
    ("measure linear --d 8 --N 4 --seed -1", "Invalid value for '--seed'"),
    ("measure linear --d 8 --N 5 -M 4", "no injective map from N = 5 inputs to M = 4 outputs"),
    ("measure linear --d 8 --N 5 -M 0", "M = 0 is not"),
    ("measure linear --d 8 --N 9 --embeddings orthonormal", "at most d = 8 vectors of R^8"),
    ("predict linear --d 0", "d = 0: the formulas need a dimension of at least 2"),
    ("predict linear --d 1", "d = 1: the formulas need a dimension of at least 2"),
    ("predict linear --d 8 --N 0", "N = 0 is not a positive number of facts"),
    ("predict linear --d 99999999999999999999", "d = 1e+20: the formulas are checked up to"),
    (f"predict linear --d 8 --N {10**40}", "N = 1e+40: the formulas are checked up to"),
    ("predict linear --d 8 --N 5 -M 4", "no injective map from N = 5 inputs to M = 4 outputs"),
    ("predict linear --d 8 --facts random -M 0", "M = 0 is not a positive number of outputs"),
    ("predict linear --d 1000000 --facts zipf", "M = 1.81e+10: zipf classes are summed one by one"),
    ("predict linear", "Missing option '--d'"),
    ("capacity linear", "random embeddings need a dimension d"),
    ("capacity linear --d 16,0", "d = 0 is not a positive dimension"),
    ("capacity linear --d 16 --criterion 2", "criterion 2.0 is neither 'all' nor a rate in (0, 1]"),
    ("capacity linear --d 16 --criterion most", "criterion 'most' is neither 'all' nor a rate"),
    ("capacity linear --d 16 --criterion nan", "criterion nan is neither 'all' nor a rate"),
    ("capacity linear --d 16 --max-N 0", "Invalid value for '--max-N'"),
    ("conditions linear-capacity", "nothing to check: give d, N, or embeddings"),
    ("conditions linear-capacity --d 0 --N 5", "d = 0 is not positive"),
    ("conditions linear-capacity --d 8 --N 5 --facts odd", "facts 'odd' is not one of"),
    ("facts countries.csv --memory linear --d 1", "d = 1: a dimension of at least 2 is needed"),
    (
        "facts countries.csv --memory linear --d 99999999",
        "d = 99999999: keys, outputs and matrix take",
    ),
    # ranks and bits
    ("measure low-rank --d 8 --rank 9 --N 5", "rank 9 is not between 1 and d = 8"),
    ("measure low-rank --d 8 --rank 0 --N 5", "rank 0 is not between 1 and d = 8"),
    ("measure low-rank --d 8 --rank d/0 --N 5", "rank 'd/0' is neither an integer nor"),
    ("measure low-rank --d 8 --rank half --N 5", "rank 'half' is neither an integer nor"),
    ("measure low-rank --d 8 --N 5", "memory 'low-rank' needs its rank given"),
    ("measure linear --d 8 --rank 4 --N 5", "memory 'linear' takes no rank"),
    ("predict low-rank --d 8 --rank 9", "rank 9 is not between 1 and d = 8"),
    ("predict linear --d 8 --bits 0", "bits = 0 is not between 1 and 16"),
    ("predict linear --d 8 --bits 17", "bits = 17 is not between 1 and 16"),
    ("measure linear --d 8 --N 5 --bits 0", "bits = 0 is not between 1 and 16"),
    ("measure sign --d 8 --N 5 --bits 2", "memory 'sign' takes no bits"),
    ("measure linear --d 8 --N 5 --bits 2 --rounding up", "rounding 'up' is not one of nearest"),
    ("measure linear --d 8 --N 5 --rounding nearest", "memory 'linear': a rounding needs bits"),
    ("predict dual-both --d 8 --bits 2", "no prediction for 'dual-both b=2': rounded weights"),
    ("predict gated-mlp --d 8 --N 5 --bits 2", "no prediction for 'gated-mlp b=2 k=1': rounded"),
    (
        "facts countries.csv --memory mlp --width 4d --bits 2",
        "no prediction to plan 'mlp m=4d b=2' by; give d",
    ),
    ("conditions low-rank-capacity --d 8 --N 5 --rank 9", "rank 9 is not between 1 and d = 8"),
    # names
    (
        "conditions linear-capasity --d 8 --N 5",
        "unknown theorem 'linear-capasity'; did you mean 'linear-capacity'?",
    ),
    ("conditions fermat --d 8 --N 5", "unknown theorem 'fermat'; "),
    ("measure nonesuch --d 8 --N 5", "unknown memory 'nonesuch'"),
    ("capacity nonesuch --d 8", "unknown memory 'nonesuch'"),
    ("predict nonesuch --d 8", "no prediction for 'nonesuch'"),
    ("facts countries.csv --memory nonesuch", "unknown memory 'nonesuch'"),
    ("measure nonesuch:build --d 8 --N 5", "memory 'nonesuch:build': no module named 'nonesuch'"),
    ("measure math:nonesuch --d 8 --N 5", "memory 'math:nonesuch': math has no function"),
    ("measure math:pi --d 8 --N 5", "memory 'math:pi': math has no function 'pi'"),
    ("measure :build --d 8 --N 5", "memory ':build': '' is not a module name"),
    ("measure linear --d 8 --N 5 --facts odd", "facts 'odd' is not one of"),
    ("measure linear --d 8 --N 5 --embeddings cube", "embeddings 'cube'"),
    ("measure linear --d 8 --N 5 --preprocess centre", "preprocessing 'centre' is for your own"),
    ("predict dual-both --d 8 --facts random", "no prediction for 'dual-both' with"),
    ("facts countries.csv --memory dual-both", "no prediction to plan 'dual-both' by; give d"),
    # files that are not there
    ("measure linear --N 5 --embeddings :wte", "':wte': no file is named before the colon"),
    ("measure linear --N 5 --embeddings no.npz", "no file and no example 'no.npz'; shipped:"),
    ("measure linear --N 5 --embeddings far/no.npy", "far/no.npy: no such file"),
    ("conditions linear-capacity --embeddings no.npz", "no file and no example 'no.npz'"),
    ("facts missing.csv", "missing.csv: no such file"),
    ("facts .", ".: a folder, not a regular file"),
    # figures
    ("predict linear --d 8 --plot nowhere/a.png", "--plot nowhere/a.png: no such folder nowhere"),
    ("predict linear --d 8 --plot a.txt", "--plot a.txt: the ending must be one of .png, .svg"),
    ("predict linear --d 8 --plot a", "--plot a: the ending must be one of .png, .svg, .pdf"),
    ("measure linear --d 8 --N 5 --plot nowhere/a.png", "--plot nowhere/a.png: no such folder"),
    ("capacity linear --d 8 --plot a.jpeg", "--plot a.jpeg: the ending must be one of"),
    # usage
    ("prove", "No such command 'prove'"),
    ("measure", "Missing argument"),
    ("measure linear --d 8 --N 5 --speed 9", "No such option: --speed"),
]


@pytest.mark.parametrize(("command", "said"), ARGUMENTS, ids=[c for c, _ in ARGUMENTS])
def test_arguments(recall, tmp_path, command, said):
    assert recall(*command.split()).complaint.startswith(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["predict linear --d 8", "measure linear --d 4 --N 3"])
def test_json_is_no_different(recall, tmp_path, command):
    bad = [*command.split(), "--plot", "a.txt", "--json"]
    assert "the ending must be" in recall(*bad).complaint
    assert list(tmp_path.iterdir()) == []


# --- vectors ------------------------------------------------------------------------------------

BAD_VECTORS = {
    "NaN": (saved(with_value(4, np.nan)), "row 4 has a value that is not finite"),
    "infinite": (saved(with_value(7, -np.inf)), "row 7 has a value that is not finite"),
    "one-dimensional": (saved(VECTORS[0]), "a matrix (n, d) is needed, not an array of shape (8,)"),
    "three-dimensional": (saved(VECTORS[None]), "a matrix (n, d) is needed, not an array of"),
    "empty": (saved(VECTORS[:0]), "shape (0, 8) holds no vectors"),
    "objects": (
        saved(np.array([[Bomb()]], object), allow_pickle=True),
        "holds pickled objects, which are never read; save plain numbers",
    ),
    "a pickle": (pickle.dumps(Bomb()), "a pickle, which is never read; save plain numbers"),
    "strings": (saved(np.array([["a", "b"]])), "one numeric array, or one called 'vectors'"),
    "complex": (saved(VECTORS + 1j), "an array of real numbers is needed, not of complex128"),
    "text": (b"1,2\n3,4\n", "neither a .npy nor a .npz file"),
    "nothing": (b"", "an empty file"),
    "cut off": (saved(VECTORS)[:200], "not a readable .npy or .npz file"),
    "two matrices": (zipped(a=VECTORS, b=VECTORS), "one numeric array, or one called 'vectors'"),
    "wrong names": (zipped(vectors=VECTORS, names=np.array(["a"])), "1 names for 30 vectors"),
    "another archive": (archive(table="1,2\n"), "member 'table' is not an array"),
}


@pytest.mark.parametrize(("content", "said"), BAD_VECTORS.values(), ids=BAD_VECTORS)
@pytest.mark.parametrize("command", ["measure linear --N 5 --trials 2", "capacity linear",
                                     "conditions linear-capacity"])  # fmt: skip
def test_vectors(recall, tmp_path, command, content, said):
    (tmp_path / "bad.npz").write_bytes(content)
    complaint = recall(*command.split(), "--embeddings", "bad.npz").complaint
    assert complaint.startswith("bad.npz: ")
    assert said in complaint
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("measure linear --N 5 --d 9", "d = 9, but the vectors of mine.npy have dimension 8"),
        ("conditions linear-capacity --d 9", "d = 9, but the vectors of mine.npy have dimension"),
        ("measure linear --N 16", "N = 16 inputs and M = 16 outputs need 32 distinct vectors"),
        ("measure linear --N 5 --preprocess bleach", "preprocessing 'bleach' is not one of none,"),
        ("measure linear --N 5 -M 40 --facts random", "mine.npy: 30 vectors are too few"),
        ("capacity linear -M 30", "mine.npy: 30 vectors are too few"),
        ("measure low-rank --rank 9 --N 5", "rank 9 is not between 1 and d = 8"),
    ],
)
def test_vectors_that_do_not_fit(recall, tmp_path, options, said):
    np.save(tmp_path / "mine.npy", VECTORS)
    assert recall(*options.split(), "--embeddings", "mine.npy").complaint.startswith(said)


@pytest.mark.parametrize("how", ["normalise", "whiten"])
@pytest.mark.parametrize("command", ["measure linear --N 5", "conditions linear-capacity"])
def test_zero_vectors_have_no_direction(recall, tmp_path, command, how):
    vectors = VECTORS - VECTORS.mean(axis=0)
    vectors[12] = 0
    vectors[13] -= vectors.sum(axis=0)
    np.save(tmp_path / "mine.npy", vectors)
    ran = recall(*command.split(), "--embeddings", "mine.npy", "--preprocess", how)
    after = ", whitened" if how == "whiten" else ""
    assert ran.complaint == f"mine.npy{after}: row 12 is zero and has no direction"


def test_zero_vectors_cannot_be_judged(recall, tmp_path):
    vectors = VECTORS.copy()
    vectors[12] = 0
    np.save(tmp_path / "mine.npy", vectors)
    ran = recall("conditions", "linear-capacity", "--embeddings", "mine.npy")
    assert ran.complaint == "mine.npy: row 12 is zero and has no direction"


# --- tables of facts ----------------------------------------------------------------------------

BAD_TABLES = {
    "missing column": (b"subject,answer\na,x\n", "needs one column named 'relation'; the header"),
    "column twice": (b"subject,relation,answer,answer\n", "needs one column named 'answer'"),
    "empty file": (b"", "needs one column named 'subject'; the header reads (empty)"),
    "no facts": (HEADER.encode(), "no facts below the header"),
    "empty cell": (f"{HEADER}a,r,x\nb,,y\n".encode(), "line 3: empty relation"),
    "blank cell": (f"{HEADER}a,r,  \n".encode(), "line 2: empty answer"),
    "too few cells": (f"{HEADER}a,r\n".encode(), "line 2 has 2 cells, the header 3"),
    "too many cells": (f"{HEADER}a,r,x,y\n".encode(), "line 2 has 4 cells, the header 3"),
    "two answers": (
        f"{HEADER}A,r,x\nB,r,y\nA,r,z\n".encode(),
        "1 pair has several answers, the first: (A, r): 'x' on line 2, 'z' on line 4",
    ),
    "Latin-1": (f"{HEADER}Curaçao,r,x\n".encode("latin-1"), "line 2 is not UTF-8 (byte 0xe7)"),
    "UTF-16": (f"{HEADER}a,r,x\n".encode("utf-16"), "line 1 is not UTF-8 (byte 0xff)"),
    "open quote": (f'{HEADER}"a,r,x\n'.encode(), "line 2"),
}


@pytest.mark.parametrize(("content", "said"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_tables(recall, tmp_path, content, said):
    (tmp_path / "bad.csv").write_bytes(content)
    complaint = recall("facts", "bad.csv").complaint
    assert complaint.startswith("bad.csv: ")
    assert said in complaint
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


# --- constructions of the user ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("None", "mine"),
        ("lambda E: E[:, :3]", ""),
        ("lambda E: E * float('nan')", ""),
    ],
)
def test_constructions_that_are_no_memories(recall, tmp_path, returned, said):
    (tmp_path / "mine.py").write_text(f"def build(E, U, f, *, rng):\n    return {returned}\n")
    ran = recall("measure", "mine:build", "--d", 8, "--N", 4, "--trials", 2)
    assert ran.complaint
    assert said in ran.complaint


def test_a_construction_without_such_a_function(recall, tmp_path):
    (tmp_path / "mine.py").write_text("")
    ran = recall("capacity", "mine:build", "--d", 8)
    assert ran.complaint == "memory 'mine:build': mine has no function 'build'"


@pytest.mark.parametrize(
    "command", ["measure sims:build --d 8 --N 4", "facts countries.csv --model sims:build --d 8"]
)
def test_a_construction_in_a_file_that_has_our_name(process, tmp_path, command):
    (tmp_path / "sims.py").write_text("def build(*args, rng):\n    return None\n")
    assert "'sims:build': sims.py is hidden by " in process(*command.split()).complaint


def test_a_construction_that_needs_an_extra(recall, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("import torch\n")
    monkeypatch.setitem(sys.modules, "torch", None)
    said = recall("measure", "mine:build", "--d", 8, "--N", 4).complaint
    assert said.startswith("memory 'mine:build': mine.py, line 1: ModuleNotFoundError: ")
    assert said.endswith("; pip install 'factual-recall[torch]'")


# --- files that cannot be written ---------------------------------------------------------------


def test_a_folder_in_place_of_the_figure(recall, tmp_path):
    (tmp_path / "a.png").mkdir()
    ran = recall("predict", "linear", "--d", 8, "--plot", "a.png")
    assert ran.complaint == "--plot a.png: a folder, not a regular file"
    assert list((tmp_path / "a.png").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
