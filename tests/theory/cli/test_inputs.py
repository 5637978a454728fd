"""What FILE[:NAME] and --outputs mean, in every command that reads vectors."""

import gzip

import numpy as np
import pytest

from assoc.embeddings import sphere
from tests.helpers.safetensors import write_safetensors

E = sphere(60, 12, rng=np.random.default_rng(0)).astype("<f4")
U = sphere(60, 12, rng=np.random.default_rng(1)).astype("<f4")
MEASURE = ("measure", "linear", "--N", 8, "--trials", 3, "--json")


@pytest.fixture
def model(tmp_path):
    """Two matrices of a model in a file, and one of another."""
    path = tmp_path / "model.safetensors"
    write_safetensors(path, {"wte.weight": ("F32", E), "lm_head": ("F32", U)})
    np.save(tmp_path / "positions.npy", U[:20])
    return path


def text_of(vectors):
    return "".join(f"w{k} {' '.join(map(str, row))}\n" for k, row in enumerate(vectors)).encode()


def test_vectors_in_every_form_are_the_same_vectors(recall, tmp_path, model):
    np.save(tmp_path / "e.npy", E)
    np.savez(tmp_path / "e.npz", wte=E, other=U)
    (tmp_path / "e.txt").write_bytes(text_of(E))
    (tmp_path / "e.txt.gz").write_bytes(gzip.compress(text_of(E)))
    forms = ("e.npy", "e.npz:wte", "e.txt", "e.txt.gz", "model.safetensors:wte.weight")
    ran = [recall(*MEASURE, "--embeddings", form).result for form in forms]
    assert [each.pop("embeddings") for each in ran] == [f"{form} none" for form in forms]
    assert all(each == ran[0] for each in ran)


@pytest.mark.parametrize("name", ["a:b.npy", "a:b:c.npy", "model.safetensors:wte.weight"])
def test_a_file_may_have_colons_in_its_name(recall, tmp_path, model, name):
    """A file of the whole name goes before one that the name begins with."""
    np.savez(tmp_path / "x.npz", E[:30])
    (tmp_path / "x.npz").rename(tmp_path / name)
    assert recall(*MEASURE, "--embeddings", name).result["embeddings"] == f"{name} none"
    complaint = recall(*MEASURE, "--N", 16, "--embeddings", name).complaint
    assert complaint.endswith(f"{name} has 30")
    assert "no member 'no'" in recall(*MEASURE, "--embeddings", f"{name}:no").complaint


@pytest.mark.parametrize(
    ("command", "label"),
    [
        (("measure", "linear", "--N", 8, "--trials", 2), " none"),
        (("capacity", "linear", "--trials", 2), " none"),
        (("capacity", "gated-mlp", "--N", 4, "--trials", 1, "--max-width", 64), " none"),
        (("capacity", "linear", "--N", 4, "--trials", 1, "--fewest-bits", "4,8"), None),
        (("conditions", "linear-capacity"), ""),
    ],
)
def test_outputs_of_another_matrix(recall, model, command, label):
    files = ("--embeddings", "model.safetensors:wte.weight", "--outputs",
             "model.safetensors:lm_head")  # fmt: skip
    ran = recall(*command, *files, "--json")
    assert ran.status in (0, 3), ran.err
    if label is not None:
        assert f"model.safetensors:wte.weight, outputs model.safetensors:lm_head{label}" in ran.out
    assert "dimension" in recall(*command, *files, "--d", 9).complaint


def test_a_memory_of_the_same_rows_twice_recalls_them(recall, tmp_path):
    """By the identity row i answers to row i: each output is its own input here."""
    np.save(tmp_path / "basis.npy", np.eye(12))
    pair = ("--embeddings", "basis.npy", "--outputs", "basis.npy", "--N", 12)
    assert recall(*MEASURE, *pair).result["recall"] == 1
    ran = recall(*MEASURE, *pair, "--facts", "random", "-M", 5)
    assert (ran.result["M"], ran.err) == (5, "")


def test_rows_without_a_partner_are_told(recall, model):
    pair = ("--embeddings", "model.safetensors:wte.weight", "--outputs", "positions.npy")
    ran = recall(*MEASURE, *pair)
    assert ran.status == 0
    assert ran.err == (
        "note: row i of model.safetensors:wte.weight answers to row i of positions.npy: of 60 and "
        "20 rows the first 20 are inputs (--facts permutation matches rows at random)\n"
    )
    assert recall(*MEASURE, *pair, "--facts", "permutation").err == ""
    complaint = recall(*MEASURE, *pair, "--N", 21, "--facts", "permutation").complaint
    assert complaint == (
        "N = 21 inputs and M = 21 outputs need as many rows; model.safetensors:wte.weight, outputs "
        "positions.npy have 60 and 20"
    )


def test_hypotheses_are_checked_of_inputs_and_of_outputs(recall, tmp_path):
    np.save(tmp_path / "good.npy", E)
    np.save(tmp_path / "bad.npy", U + 1)
    options = ("linear-capacity", "--N", 8, "--facts", "permutation", "--preprocess", "none")
    ran = recall("conditions", *options, "--embeddings", "good.npy", "--outputs", "bad.npy",
                 "--json")  # fmt: skip
    found = {c["name"]: c["holds"] for c in ran.unmet["conditions"]}
    assert (found["inputs: centred"], found["outputs: centred"]) == (True, False)
    assert (found["inputs: unit norm"], found["outputs: unit norm"]) == (True, False)
    assert "f injective" in found
    assert list(found).count("d^2 large enough for N") == 1
    shown = recall("conditions", *options[:-2], "--embeddings", "good.npy", "--outputs", "bad.npy")
    assert "outputs: no near duplicates" in shown.out


def test_a_limit_reads_the_first_vectors(recall, tmp_path):
    (tmp_path / "e.txt").write_bytes(text_of(E) + b"broken\n")
    assert "line 61 has 1 columns" in recall(*MEASURE, "--embeddings", "e.txt").complaint
    limited = ("--embeddings", "e.txt", "--limit", 20)
    assert recall(*MEASURE, *limited).result["recall"] >= 0
    assert recall(*MEASURE, *limited, "--N", 11).complaint.endswith("e.txt has 20")


def test_vectors_that_occur_twice_are_noted(recall, tmp_path):
    np.save(tmp_path / "twice.npy", np.concatenate([E, E[:3]]))
    for command in (MEASURE, ("conditions", "linear-capacity")):
        ran = recall(*command, "--embeddings", "twice.npy")
        assert ran.err == (
            "note: twice.npy: 3 vectors equal earlier ones, the first: row 60 that of row 0; such "
            "vectors cannot be told apart\n"
        )


REFUSED = {
    "measure -M positions.npy --d 8": "--outputs positions.npy: needs a file of --embeddings",
    "measure --limit 5 --d 8": "--limit 5: needs a file of --embeddings",
    "measure -M 8 -M 9 --d 8": "--outputs 8 and 9: one number is needed",
    "measure -M 8,9 --d 8": "--outputs 8,9: one number is needed",
    "measure -M 1e3 --d 8": "outputs = '1e3' is not an integer or a list like 32,64,128",
    "measure -M a.npy -M b.npy": "--outputs a.npy and b.npy: one file of vectors is needed",
    "measure --embeddings model.safetensors": "model.safetensors: which matrix? FILE:NAME names",
    "measure --embeddings model.safetensors:wpe": "model.safetensors: no tensor 'wpe'",
    "measure --embeddings none.safetensors:wpe": "none.safetensors: no such file",
    "measure --embeddings none.npz:a:b": "no file and no example 'none.npz'",
    "measure --embeddings positions.npy -M no.npy": "no file and no example 'no.npy'",
    "measure --embeddings positions.npy -M far/no.npy": "far/no.npy: no such file",
    "conditions linear-capacity --limit 5": "--limit 5: needs a file of --embeddings",
    "conditions linear-capacity -M a.npy": "--outputs a.npy: needs a file of --embeddings",
    "capacity trained-linear --d 8 -M a.npy": "--outputs FILE has no place where a memory is",
    "facts countries.csv --memory linear --outputs a.npz": "--outputs is for --embeddings",
    "facts countries.csv --memory linear --limit 9": "--limit is for --embeddings",
    "facts countries.csv --memory linear --key sum": "--key is for --embeddings",
    "facts countries.csv --memory linear --preprocess none": "--preprocess is for --embeddings",
    "facts countries.csv --limit 9": "--limit is for --embeddings",
    "facts countries.csv --key sum": "--key is for --memory",
    "facts countries.csv --outputs a.npz": "--outputs is for --memory",
    "facts countries.csv --memory linear --embeddings countries_minilm.npz --key mean": "key 'mean",
    "facts countries.csv --memory linear --embeddings countries_minilm.npz --d 8": "d = 8, but the",
    "facts countries.csv --memory linear --embeddings minilm_tokens.npz": "minilm_tokens.npz: no v",
    "facts countries.csv --memory linear --embeddings model.safetensors:lm_head": "model.safetens",
    "capacity trained-linear --d 8 --limit 9": "--limit has no place where a memory is trained",
}


@pytest.mark.parametrize(("command", "said"), REFUSED.items())
def test_what_is_refused(recall, model, command, said):
    words = command.replace("measure", "measure linear --N 8").split()
    ran = recall(*words)
    assert ran.status == 2
    assert ran.err.splitlines()[-1].startswith(f"recall: {said}")


@pytest.mark.parametrize(
    "command", [MEASURE, ("conditions", "linear-capacity"), ("capacity", "linear", "--json")]
)
def test_matrices_of_two_dimensions(recall, tmp_path, model, command):
    np.save(tmp_path / "wide.npy", np.eye(30))
    pair = ("--embeddings", "positions.npy", "--outputs", "wide.npy")
    assert recall(*command, *pair).complaint == (
        "inputs of dimension 12 (positions.npy) and outputs of 30 (wide.npy): one dimension is "
        "needed"
    )


# --- a table in a memory ------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path):
    """A table of two relations, and vectors of its names in two forms."""
    lines = ["subject,relation,answer", *(f"w{k},w50,w{k + 20}" for k in range(10))]
    lines += [f"w{k},w51,w{k + 40}" for k in range(10)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    np.savez(tmp_path / "v.npz", vectors=E, names=np.array([f"w{k}" for k in range(60)]))
    (tmp_path / "u.txt").write_bytes(text_of(U))


def test_a_table_on_vectors_of_the_user(recall, places):
    facts = ("facts", "t.csv", "--memory", "dual-both", "--embeddings")
    found = recall(*facts, "v.npz", "--preprocess", "whiten", "--key", "product", "--json").result
    assert (found["embeddings"], found["d"]) == ("v.npz whiten, product", 12)
    assert found["predicted"] is None
    pair = recall(*facts, "v.npz", "--outputs", "u.txt", "--json").result
    assert pair["embeddings"] == "v.npz, outputs u.txt none, sum"
    shown = recall(*facts, "v.npz", "--limit", 60)
    assert "v.npz none, sum" in shown.out
    assert "keys: isotropic" in shown.out
    lacking = recall(*facts, "v.npz", "--limit", 45).complaint
    assert lacking.startswith("v.npz: no vector for 2 of the 12 names: 'w50', 'w51'")


# --- files as people have them ------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "kind"), [(1e-30, np.float32), (1e25, np.float32)])
def test_single_precision_far_from_one(recall, tmp_path, scale, kind):
    np.save(tmp_path / "far.npy", (np.asarray(E, np.float64) * scale).astype(kind))
    complaint = recall(*MEASURE, "--embeddings", "far.npy").complaint
    assert complaint.endswith("are too extreme; rescale them")
    np.save(tmp_path / "near.npy", E)
    plain, mended = (
        recall(*MEASURE, "--embeddings", f"{name}.npy", "--preprocess", "normalise").result
        for name in ("near", "far")
    )
    assert mended["recall"] == plain["recall"]


def test_rank_and_rounding_of_half_precision(recall, tmp_path):
    rng = np.random.default_rng(0)
    low = rng.standard_normal((400, 5)) @ rng.standard_normal((5, 32))
    found = []
    for kind in (np.float64, np.float16):
        np.save(tmp_path / "low.npy", low.astype(kind))
        ran = recall("measure", "linear", "--N", 50, "--trials", 5, "--json", "--embeddings",
                     "low.npy", "--preprocess", "whiten")  # fmt: skip
        found.append(ran.result["recall"])
    assert abs(found[0] - found[1]) < 0.02


def test_bits_of_bfloat16(recall, tmp_path):
    np.save(tmp_path / "bits.npy", (E.view("<u4") >> 16).astype(np.uint16))
    ran = recall(*MEASURE, "--embeddings", "bits.npy")
    assert "if they are the bits of bfloat16, cast them to float32 first" in ran.err


def test_names_as_objects(recall, tmp_path):
    names = np.array([f"w{k}" for k in range(60)], object)
    np.savez(tmp_path / "v.npz", vectors=E, names=names)
    complaint = recall(*MEASURE, "--embeddings", "v.npz").complaint
    assert "member 'names' holds pickled objects" in complaint
    assert complaint.endswith("save names.astype(str)")


def test_two_arrays_of_strings(recall, tmp_path):
    (tmp_path / "t.csv").write_text("subject,relation,answer\nw0,w1,w2\nw3,w1,w4\n")
    names = np.array([f"w{k}" for k in range(60)])
    np.savez(tmp_path / "v.npz", vectors=E, names=names, lang=np.array(["en"] * 60))
    ran = recall("facts", "t.csv", "--embeddings", "v.npz", "--model", "attention-mlp", "--json")
    assert ran.result["facts"] == 2


def test_names_in_small_letters(recall, tmp_path):
    (tmp_path / "t.csv").write_text("subject,relation,answer\nW0,W1,W2\nW3,W1,W4\n")
    (tmp_path / "glove.txt").write_bytes(text_of(E))
    ran = recall(
        "facts", "t.csv", "--embeddings", "glove.txt", "--model", "attention-mlp", "--json"
    )
    assert any("without regard to case" in note for note in ran.result["notes"])
