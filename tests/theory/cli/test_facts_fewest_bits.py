"""``recall facts --fewest-bits``, and ``recall ask`` of what it exports."""

import numpy as np
import pytest

from tests.helpers.extras import needs
from theory.facts.model_files import load_model

SIZES = ("--d", 40, "--noise", 16)


@pytest.fixture
def table(tmp_path):
    said = np.random.default_rng(0).integers(0, 4, (10, 3))
    lines = [f"s{k},{r},{r}{said[k, j]}" for k in range(10) for j, r in enumerate("pqr")]
    (tmp_path / "t.csv").write_text("\n".join(["subject,relation,answer", *lines]) + "\n")
    return tmp_path / "t.csv"


def test_end_to_end(recall, table, tmp_path):
    needs("export")
    ran = recall("facts", "t.csv", "--fewest-bits", *SIZES, "--json", "--export", "m.safetensors")
    result = ran.result
    (model,) = result["models"]
    assert model["recall"] == model["certified"] == 1
    assert model["model"].startswith("attention-only fitted b=1 d_h=")
    assert (model["d"], model["heads"], model["searched"]) == (40, 2, "head_dim")
    named = model["model"].rpartition("d_h=")[2]
    assert named == "+".join(map(str, model["value_dims"]))
    assert model["key_bits"] >= 1
    assert {"head_dim": model["value_dims"][0], "bits": model["bits"], "lost": 0} in model["tried"]
    assert model["not_enough"] < model["value_dims"][0]
    # The guarantees are of other constructions; heads are of several sizes.
    conditions = {c["name"]: c["value"] for c in model["conditions"]}
    assert not any("guaranteed" in name for name in conditions)
    heads = conditions["H d_h of the order of S + R"]
    assert heads.startswith(f"H d_h = {sum(model['value_dims'])}, ")
    assert result["bits"] < 32 * model["parameters"] / 10
    assert result["bits_bound"] == recall("bound", "t.csv", "--json").result["bits"]
    stored = load_model(tmp_path / "m.safetensors")
    assert stored.packed.code.bits == result["bits"]
    assert stored.packed.code.layout.entries == model["parameters"]
    assert f"wrote m.safetensors: {model['model']}" in ran.err
    answer = recall("ask", "m.safetensors", "s3", "q", "--json").result
    assert answer["answer"] == answer["taught"]
    assert answer["certified"] is True


def test_heads_and_an_mlp_with_stored_embeddings_end_to_end(recall, table, tmp_path):
    needs("export")
    ran = recall(
        "facts", "t.csv", "--fewest-bits", *SIZES, "--model", "attention-mlp", "--embeddings",
        "stored", "--head-dim", 10, "--width", 8, "--json", "--export", "m.safetensors",
    )  # fmt: skip
    (model,) = ran.result["models"]
    assert model["recall"] == model["certified"] == 1
    dims, d, n = model["value_dims"], 40, 10 + 3 + 12 + 16 + 1
    assert model["model"] == f"attention-mlp fitted b=1 d_h={'+'.join(map(str, dims))} m=8"
    assert (model["width"], model["embedding_bits"]) == (8, n * d)
    assert model["mlp_parameters"] == 2 * d * 8
    assert model["attention_parameters"] == 2 * d * (2 + sum(dims))
    # Keys, queries, values, MLP, embeddings, scales.
    keys = 2 * d * (model["key_bits"] + 1)
    assert model["bits"] == keys + 2 * d * (sum(dims) + 8) + n * d + 64
    stored = load_model(tmp_path / "m.safetensors")
    assert stored.packed.code.bits == model["bits"]
    assert set(np.abs(stored.model.embeddings).ravel()) == {np.float32(1 / np.sqrt(d))}
    answer = recall("ask", "m.safetensors", "s3", "q", "--json").result
    assert answer["answer"] == answer["taught"]
    assert answer["certified"] is True


def test_a_fit_without_all_facts_says_so_and_exports_nothing(recall, table, tmp_path):
    given = ("facts", "t.csv", "--fewest-bits", *SIZES, "--head-dim", 1)
    ran = recall(*given, "--export", "m.safetensors")
    assert ran.status == 3
    assert not (tmp_path / "m.safetensors").exists()
    last = ran.err.splitlines()[-1]
    assert last.startswith("attention-only fitted b=1 d_h=1+1: ")
    assert "of 30 facts answered" in last
    assert "d_h = 1 + 1, keys of" in ran.out
    assert "bits; the only fit" in ran.out
    assert last.endswith("; nothing is written to m.safetensors")
    assert "forgot" in ran.out
    again = recall(*given)
    assert again.status == 3
    assert again.err.splitlines()[-1].endswith(" bits")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bits", 17], "bits = 17 is not between 1 and 16"),
        (["--bits", 0], "bits = 0 is not between 1 and 16"),
        (["--head-dim", 0], "d_h = 0 is not positive"),
        (["--width", 9], "width = 9: attention-only has no MLP"),
        (["--width", "8,9"], "width = 8,9: one width is needed"),
        (["--degree", 2], "--degree is not for --fewest-bits"),
        (["--heads", 2], "--heads is not for --fewest-bits"),
        (["--rounding", "nearest"], "--rounding is not for --fewest-bits"),
        (["--model", "hybrid"], "model 'hybrid': one of attention-only, attention-mlp is fitted"),
        (["--embeddings", "nowhere"], "nowhere: "),
        (["--key", "sum"], "--key is for --memory"),
        (["--preprocess", "whiten"], "--preprocess is for --embeddings"),
        (["--d", 4], "no keys of up to 8 bits tell "),
    ],
)
def test_what_has_no_place_is_refused(recall, table, options, said):
    sizes = {"--d": 40, "--noise": 16} | dict([options])
    flat = [each for pair in sizes.items() for each in pair]
    assert recall("facts", "t.csv", "--fewest-bits", *flat).complaint.startswith(said)


def test_it_is_not_for_memories(recall, table):
    said = recall("facts", "t.csv", "--fewest-bits", "--memory", "linear").complaint
    assert said == "--fewest-bits has no place with --memory"
