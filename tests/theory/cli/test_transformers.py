"""Transformers from the command line: ``recall facts``, ``recall ask``, ``recall conditions``."""

import json

import numpy as np
import pytest

from assoc import example_path, read_facts
from tests.helpers.extras import needs
from theory import facts_in_transformers, load_model

HEADER = "subject,relation,answer\n"

PLACES = ["Chad", "Peru", "Fiji", "Oman", "Mali", "Cuba", "Iran", "Togo", "Laos", "Guam"]


@pytest.fixture
def places(tmp_path):
    """A table of ten subjects; one lacks a relation, NA is an answer under two."""
    lines = [f"{name},capital,City of {name}" for name in PLACES[1:]]
    lines += [f"{name},code,{name[:2].upper()}" for name in PLACES]
    lines += [f"{name},continent,{('NA', 'SA', 'AF')[k % 3]}" for k, name in enumerate(PLACES)]
    lines.append("Namibia,code,NA")
    path = tmp_path / "places.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def stored(recall, places):
    """The table in a file of weights."""
    needs("export")
    ran = recall(
        "facts", "places.csv", "--model", "attention-mlp", "--export", "places.safetensors"
    )
    assert ran.status == 0, ran.err
    assert "wrote places.safetensors: attention-mlp m=" in ran.err
    return places.with_suffix(".safetensors")


# --- facts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("gates", ["square", "sign"])
def test_networks_of_gates_are_planned_certified_stored_and_asked(recall, places, gates):
    needs("export")
    asked = ["facts", "places.csv", "--model", "attention-mlp-sign", "--gates", gates, "--d", 32]
    ran = recall(*asked, "--export", "gates.safetensors", "--json")
    assert ran.status == 0, ran.err
    model = ran.result["models"][0]
    assert model["certified"] == model["recall"] == 1
    assert model["searched"] == "width"
    assert model["width"] % 2 == 0
    # Weights of the network are double precision, those of heads are single precision.
    assert model["bits"] == 32 * model["attention_parameters"] + 64 * model["mlp_parameters"]
    phases = model["width"] if gates == "square" else 0
    assert model["mlp_parameters"] == 2 * model["width"] * 32 + phases
    answer = recall("ask", "gates.safetensors", "Peru", "capital")
    assert answer.out.strip() == "City of Peru"


def test_gates_are_for_networks_that_have_them(recall, places):
    for options, said in (
        (["--model", "attention-mlp", "--gates", "sign"], "attention-mlp: takes no gates"),
        (["--model", "attention-mlp-sign", "--degree", 2], "attention-mlp-sign: takes no degree"),
        (["--model", "attention-mlp-sign", "--gates", "two-signs", "--width", 8, "--d", 16],
         "a product of two signs is no two-layer network"),
        (["--fewest-bits", "--omega", 2], "--omega is not for --fewest-bits"),
        (["--memory", "mlp", "--width", 8, "--d", 16, "--omega", 2], "takes no omega"),
    ):  # fmt: skip
        ran = recall("facts", "places.csv", *options)
        assert ran.status == 2
        assert said in ran.err
        assert len(ran.err.strip().splitlines()) == 1


def test_both_kinds_know_every_fact(recall, places):
    result = recall("facts", "places.csv", "--json").result
    assert [model["model"].split()[0] for model in result["models"]] == [
        "attention-only",
        "attention-mlp",
    ]
    for model in result["models"]:
        assert model["recall"] == model["certified"] == 1
        assert model["forgotten"] == []
        total = model["attention_parameters"] + model["mlp_parameters"]
        assert model["parameters"] == total
        assert model["attention_parameters"] == 4 * model["d"] * model["heads"] * model["head_dim"]
        assert model["bits"] == 32 * model["parameters"]
        assert model["not_enough"] < model[model["searched"]]
    fixed = {"recall", "facts", "parameters", "bits_bound", "certified", "conditions"}
    assert fixed <= set(result)
    assert all(result[key] == result["models"][0][key] for key in fixed & set(result["models"][0]))
    assert result["facts"] == 30
    # Ten codes with Namibia's, nine capitals, three continents.
    sizes = np.repeat([9, 11, 3], [9, 11, 10])
    assert result["bits_of_answers"] == pytest.approx(np.log2(sizes).sum())
    counted = recall("bound", "places.csv", "--json").result
    assert result["bits_interval"] == counted["bits_interval"]
    assert result["bits_bound"] == counted["bits"]
    assert result == facts_in_transformers(places).to_dict()


def test_facts_in_weights_of_few_bits(recall, places):
    """Sizes are searched for what is stored, and that is what is certified and asked."""
    given = ["--model", "attention-only,attention-mlp", "--bits", 12]
    result = recall("facts", "places.csv", *given, "--json").result
    for model in result["models"]:
        assert "b=12" in model["model"]
        assert model["recall"] == model["certified"] == 1
        matrices = 4 * model["heads"] + (0 if model["width"] is None else 2)
        assert model["bits"] == 12 * model["parameters"] + 32 * matrices


def test_what_was_done_about_the_hypotheses_is_said(recall, places):
    ran = recall("facts", "places.csv", "--json")
    conditions = {c["name"]: c for c in ran.result["conditions"]}
    disjoint = conditions["answer sets disjoint"]
    assert not disjoint["holds"]
    assert disjoint["value"] == "shared by relations: NA (code, continent)"
    assert disjoint["remedy"] == "done: made relation-specific tokens, 23 in place of 22"
    total = conditions["a fact for every subject and relation"]
    assert total["value"] == "30 facts, 3 (subject, relation) without one"
    assert total["remedy"] == "none needed: what is missing is never asked for"


def test_the_tables_say_what_matters(recall, places):
    ran = recall("facts", "places.csv", "--model", "attention-only")
    for text in ("30", "11, 3", "attention-only", "d > ", "hypotheses for attention-only",
                 "done: made relation-specific tokens"):  # fmt: skip
        assert text in ran.out
    assert "note: 1 answers occur under several relations" in ran.err


def test_sizes_that_are_too_small_are_reported_with_what_is_lost(recall, places):
    command = ["facts", "places.csv", "--model", "attention-mlp", "--d", 24, "--width", 4]
    (model,) = recall(*command, "--json").result["models"]
    assert (model["d"], model["width"], model["searched"]) == (24, 4, None)
    assert model["recall"] < 1
    assert len(model["forgotten"]) == round((1 - model["recall"]) * 30)
    for _, _, answer, said in model["forgotten"]:
        assert answer != said
    assert f"{len(model['forgotten'])} facts forgotten; the first 10" in recall(*command).out


def test_options_go_to_the_models_that_know_them(recall, places):
    options = ["--d", 48, "--width", 64, "--head-dim", 3, "--length", 8, "--noise", 5, "--draws", 2]
    result = recall("facts", "places.csv", *options, "--json").result
    assert [m["head_dim"] for m in result["models"]] == [3, 3]
    assert [m["width"] for m in result["models"]] == [None, 64]
    assert (result["length"], result["draws"]) == (8, 2)


def test_vectors_of_the_user(recall, places, tmp_path):
    table = read_facts(places)
    names = sorted({*table.subjects, *table.relations, *table.answers})
    vectors = np.random.default_rng(0).standard_normal((len(names), 64)) + 0.1
    np.savez(tmp_path / "mine.npz", vectors=vectors, names=np.array(names))
    ran = recall(
        "facts", "places.csv", "--embeddings", "mine.npz", "--preprocess", "centre", "--json"
    )
    for model in ran.result["models"]:
        assert model["d"] == 64
        assert model["certified"] == 1
    checked = {c["name"] for c in ran.result["conditions"]}
    assert {"unit norm", "centred", "isotropic"} <= checked
    assert ran.result["notes"][-1] == (
        "2 answers shared their vector with another token (such as 'NA', 'NA') and got the mean of "
        "it and their relation's"
    )


def test_a_relation_with_one_subject(recall, places):
    places.write_text(places.read_text() + "Peru,motto,Firme\n")
    result = recall("facts", "places.csv", "--json").result
    assert [m["certified"] for m in result["models"]] == [1, 1]
    value = {c["name"]: c for c in result["conditions"]}["a fact for every subject and relation"]
    assert value["value"].endswith("; 1 relation of a single subject")


def test_one_fact(recall, tmp_path):
    (tmp_path / "one.csv").write_text(HEADER + "a,r,x\n")
    result = recall("facts", "one.csv", "--json").result
    assert [m["certified"] for m in result["models"]] == [1, 1]
    assert result["bits_bound"] == 0


# --- ask ----------------------------------------------------------------------------------------


def test_every_fact_can_be_asked_for(recall, stored, places):
    table = read_facts(places)
    for s, r, a in table.facts[::3].tolist():
        ran = recall("ask", stored.name, table.subjects[s], table.relations[r])
        assert (ran.out, ran.err) == (f"{table.answers[a]}\n", "")


def test_an_answer_in_full(recall, stored):
    result = recall("ask", stored.name, "namibia ", "CODE", "--length", 7, "--json").result
    assert (result["subject"], result["relation"]) == ("Namibia", "code")
    assert (result["answer"], result["token"], result["taught"]) == ("NA", "NA (code)", "NA")
    assert result["certified"] is True
    assert result["length"] == 7
    assert result["margin"] > 0


def test_a_pair_that_is_not_among_the_facts_is_answered_with_a_remark(recall, stored):
    ran = recall("ask", stored.name, "Chad", "capital")
    assert ran.status == 0
    assert ran.err == "note: (Chad, capital) is not among the facts of this model\n"
    assert ran.out.strip()
    result = recall("ask", stored.name, "Chad", "capital", "--json").result
    assert result["taught"] is None
    assert result["certified"] is False


@pytest.mark.parametrize(
    ("subject", "relation", "said"),
    [
        ("Namibie", "code", "unknown subject 'Namibie'; did you mean 'Namibia'?"),
        ("Atlantis", "code", "unknown subject 'Atlantis'"),
        ("Peru", "codes", "unknown relation 'codes'; did you mean 'code'?"),
        ("Peru", "king", "unknown relation 'king'; known: capital, code, continent"),
        ("", "code", "unknown subject ''"),
    ],
)
def test_unknown_names(recall, stored, subject, relation, said):
    assert recall("ask", stored.name, subject, relation).complaint == said


def test_a_prompt_that_is_too_short(recall, stored):
    complaint = recall("ask", stored.name, "Peru", "code", "--length", 2).complaint
    assert complaint.startswith("prompt length T = 2: a subject, a relation and the end")


@pytest.mark.parametrize("kept", [0, 3, 100, 5000])
def test_a_truncated_file(recall, stored, kept):
    stored.write_bytes(stored.read_bytes()[:kept])
    complaint = recall("ask", stored.name, "Peru", "code").complaint
    assert complaint.startswith("places.safetensors: truncated, or not a safetensors file")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("none.safetensors", "none.safetensors: no such file"),
        (".", ".: a folder, not a regular file"),
        ("places.csv", "places.csv: truncated, or not a safetensors file"),
    ],
)
def test_files_that_are_no_models(recall, places, file, said):
    needs("export")
    assert recall("ask", file, "Peru", "code").complaint.startswith(said)


def test_the_header_says_what_is_inside(stored):
    size = int.from_bytes(stored.read_bytes()[:8], "little")
    header = json.loads(stored.read_bytes()[8 : 8 + size])
    ours = json.loads(header["__metadata__"]["recall"])
    assert ours["format"] == "recall one-layer transformer, version 2"
    assert ours["vocabulary"][:2] == ["Peru", "Fiji"]
    assert ours["texts"][: ours["subjects"]] == ours["vocabulary"][: ours["subjects"]]
    assert ours["arrays"].keys() == header.keys() - {"__metadata__"}
    for name, described in ours["arrays"].items():
        assert header[name]["shape"] == described["shape"]
        assert header[name]["dtype"] == described["dtype"]
    assert ours["origin"]["command"].startswith("recall facts places.csv")
    assert load_model(stored).length == ours["length"] == 32


# --- conditions ---------------------------------------------------------------------------------


def test_conditions_of_sizes(recall):
    sizes = ["--d", 128, "--subjects", 64, "--relations", 64, "--answers", 8, "--heads", 8]
    result = recall("conditions", "attention-only", *sizes, "--head-dim", 8, "--json").unmet
    holds = {c["name"]: c["holds"] for c in result["conditions"]}
    assert holds["d of the order of max(R, D)"]
    assert holds["answer sets disjoint"]
    assert not holds["H d_h of the order of S + R"]


def test_sizes_that_are_enough_are_said_where_none_are_given(recall):
    printed = recall("conditions", "attention-only", "-S", 8, "-R", 4, "-D", 2).out
    assert "attention-only: not decided: whether all 32 facts are recalled" in printed
    assert "guaranteed at delta = 0.01: d >= " in printed.splitlines()[-1]
    result = recall("conditions", "attention-only", "-S", 8, "-R", 4, "-D", 2, "--json").result
    holds = {c["name"]: c["holds"] for c in result["conditions"]}
    assert holds["d guaranteed to be enough"] is None
    assert holds["answer sets disjoint"] is True
    assert result["verdict"]["verdict"] == "open"


def test_conditions_of_a_table_are_those_of_the_file(recall, places):
    command = ["conditions", "attention-mlp", "--d", 16, "--width", 1, "--table", "places.csv"]
    result = recall(*command, "--json").unmet
    conditions = {c["name"]: c for c in result["conditions"]}
    disjoint = conditions["answer sets disjoint"]
    assert not disjoint["holds"]
    assert disjoint["remedy"] == "make answers specific to their relation, as table_task does"
    assert not conditions["m d of the order of S R (facts)"]["holds"]


# --- what is wrong ------------------------------------------------------------------------------

WRONG = [
    ("facts places.csv --length 2", "prompt length T = 2: a subject, a relation and the end"),
    ("facts places.csv --noise 0", "prompt length T = 32 without noise tokens to fill it"),
    ("facts places.csv --d 16 --head-dim 17", "head dimension d_h = 17 exceeds d = 16"),
    ("facts places.csv --d 16 --head-dim 0", "head dimension d_h = 0 is not positive"),
    ("facts places.csv --d 16 --heads 1", "heads H = 1: subjects and relations need one each"),
    ("facts places.csv --d 1", "d = 1: a dimension of at least 2 is needed"),
    ("facts places.csv --d 99999999", "d = 99999999: embeddings of 102 tokens take 163 GB"),
    ("facts places.csv --width 0", "width 0 is not a positive integer"),
    ("facts places.csv --width 4,5", "width = 4,5: one width is needed"),
    ("facts places.csv --width 4d", "width = '4d' is not an integer"),
    ("facts places.csv --model nonesuch", "unknown transformer 'nonesuch'"),
    (
        "facts places.csv --model attention-onyl",
        "unknown transformer 'attention-onyl': did you mean",
    ),
    ("facts places.csv --model attention-only --width 9", "attention-only: takes no width"),
    ("facts places.csv --model attention-only --share 0.5", "attention-only: takes no share"),
    ("facts places.csv --rank 4", "--rank is for --memory"),
    ("facts places.csv --bits 0", "bits = 0 is not between 1 and 16"),
    ("facts places.csv --rounding nearest", "transformer 'attention-only': a rounding needs bits"),
    ("facts places.csv --preprocess centre", "--preprocess is for --embeddings"),
    ("facts places.csv --memory linear --heads 4", "--heads has no place with --memory"),
    ("facts places.csv --memory linear --noise 0", "--noise has no place with --memory"),
    ("facts places.csv --export far/a.safetensors", "--export far/a.safetensors: no such folder"),
    ("facts places.csv --embeddings nix.npz", "no file and no example 'nix.npz'"),
    ("facts places.csv --embeddings countries_minilm.npz", "countries_minilm.npz: no vector for"),
    ("facts places.csv --embeddings minilm_tokens.npz", "minilm_tokens.npz: "),
    ("facts places.csv --draws 0", "Invalid value for '--draws'"),
    ("conditions attention-only --d 8 --subjects 4", "--relations is needed with --subjects"),
    (
        "conditions attention-only --d 8 --table places.csv --answers 3",
        "--answers has no place with --table",
    ),
    (
        "conditions attention-only --d 8 --subjects 4 --relations 0 --answers 3",
        "R = 0 is not positive",
    ),
    (
        "conditions attention-only --d 8 --N 3 --table places.csv",
        "N = 3 beside a task of 30 facts",
    ),
]


@pytest.mark.parametrize(("command", "said"), WRONG, ids=[command for command, _ in WRONG])
def test_wrong_arguments(recall, places, tmp_path, command, said):
    assert recall(*command.split()).complaint.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["places.csv"]


@pytest.mark.slow
def test_a_table_too_large_says_what_it_would_need(recall, tmp_path):
    lines = (f"s{k % 1000},r{k // 1000},a{k % 7}x{k // 1000}" for k in range(500_000))
    (tmp_path / "large.csv").write_text(HEADER + "\n".join(lines) + "\n")
    complaint = recall("facts", "large.csv").complaint
    assert complaint.startswith("500000 facts and 5065 tokens at d >= 500: one fit would take")
    assert complaint.endswith("hours (2 at most); split the table, or try --memory linear")


def test_the_shipped_table_is_known_by_an_mlp(recall):
    options = ["--model", "attention-mlp", "--d", 32, "--width", 432]
    result = recall("facts", "countries.csv", *options, "--json").result
    assert (result["facts"], result["recall"], result["certified"]) == (1747, 1, 1)
    assert result["parameters"] == 4 * 32 * 259 + 2 * 32 * 432
    assert result["file"] == example_path("countries.csv").name
