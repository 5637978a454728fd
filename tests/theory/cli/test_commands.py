"""What every command gives when all is well: one JSON document, or a table for people."""

import json
import math
import re
import shlex

import numpy as np
import pytest

from assoc import MEMORIES, example_path
from assoc.embeddings import sphere
from sims import capacity, measure
from theory import conditions, facts_in_memory, predict, registered
from theory.facts import effort
from theory.rendering.files import tool_version

MINE = """
from assoc import Factors

def build(E, U, f, *, rng):
    return Factors((U[f].T @ E,))
"""

COMMANDS = {
    "list": ["list"],
    "conditions": ["conditions", "linear-capacity", "--d", 64, "--N", 40],
    "predict": ["predict", "linear", "--d", 64, "--N", 256],
    "measure": ["measure", "linear", "--d", 16, "--N", 8, "--trials", 5],
    "capacity": ["capacity", "linear", "--d", "8,16", "--trials", 4],
    "facts": ["facts", "countries.csv", "--memory", "linear", "--d", 64],
}
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def finite(value):
    """Whether every number of a document is finite."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


# --- what all have in common --------------------------------------------------------------------


@every_command
def test_json_says_what_made_it(recall, command):
    ran = recall(*command, "--json")
    document = ran.document
    assert list(document)[:4] == ["tool", "version", "command", "seed"]
    assert document["tool"] == "recall"
    assert document["version"] == tool_version()
    assert shlex.split(document["command"]) == ["recall", *map(str, command), "--json"]
    assert document["seed"] == (0 if command[0] in ("measure", "capacity", "facts") else None)
    assert finite(document)
    assert ran.out.endswith("}\n")


@every_command
def test_tables_are_plain_text_off_a_terminal(recall, command):
    ran = recall(*command)
    assert ran.status == 0
    assert ran.out.strip()
    assert "\x1b" not in ran.out + ran.err
    with pytest.raises(json.JSONDecodeError):
        json.loads(ran.out)


@every_command
def test_help_shows_an_example(recall, command):
    ran = recall(command[0], "--help")
    assert ran.status == 0
    assert ran.err == ""
    assert f"recall {command[0]}" in " ".join(ran.out.split())
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("name", ["measure", "capacity", "facts"])
def test_the_seed_decides(recall, name):
    seeds = [recall(*COMMANDS[name], "--json", "--seed", seed).document for seed in (3, 3, 4)]
    assert [document["seed"] for document in seeds] == [3, 3, 4]
    assert seeds[0]["result"] == seeds[1]["result"] != seeds[2]["result"]


def test_help_lists_every_command(recall):
    ran = recall("--help")
    assert ran.status == 0
    for name in (*COMMANDS, "verify"):
        assert name in ran.out


def test_without_a_command_the_help_is_shown(recall):
    ran = recall()
    assert ran.status == 2
    assert "Usage" in ran.out + ran.err
    assert "recall: \n" not in ran.err


def test_the_version(recall):
    assert recall("--version").out == f"{tool_version()}\n"


# --- one by one: the same as the function of the same name --------------------------------------


def test_list(recall):
    claims = recall("list", "--json").result["claims"]
    assert [(c["theorem"], c["claim"]) for c in claims] == [
        (theorem.name, claim.name) for theorem in registered() for claim in theorem.claims
    ]
    assert {"theorem", "claim", "kind", "statement", "source"} <= set(claims[0])
    shown = recall("list", "-v").out
    for theorem in registered():
        assert theorem.name in shown
        assert all(claim.name in shown for claim in theorem.claims)


def test_predict(recall):
    result = recall(*COMMANDS["predict"], "--json").result
    assert result == predict("linear", d=64, N=256).to_dict()
    assert result["recall"] == pytest.approx(0.757, abs=0.01)


def test_predict_capacities(recall):
    result = recall("predict", "low-rank", "--rank", "d/2", "--d", "16,32", "--json").result
    assert result == predict("low-rank", rank="d/2", d=[16, 32]).to_dict()
    assert [point["d"] for point in result["points"]] == [16, 32]


def test_predict_the_capacity_of_the_best_matrix(recall):
    result = recall("predict", "optimal-linear", "--d", 16, "--json").result
    assert result == predict("optimal-linear", d=16).to_dict()
    assert 60 < result["N_all"] < 70
    assert "standard error" in recall("predict", "optimal-linear", "--d", 16).out


@pytest.mark.parametrize("memory", MEMORIES)
def test_predict_and_measure_know_every_memory(recall, memory):
    options = ["--rank", "d/2"] if "rank" in MEMORIES[memory].needs else []
    options += ["--width", "4d"] if "width" in MEMORIES[memory].needs else []
    options += ["--degree", 1] if "degree" in MEMORIES[memory].takes else []
    sizes = ["--d", 16, "--N", 6, *options, "--json"]
    measured = recall("measure", memory, "--trials", 4, *sizes).result
    if memory.startswith(("bilinear-als", "bilinear-margin", "optimal")):
        assert measured["recall"] == 1
        assert recall("predict", memory, *sizes).complaint.startswith("no prediction for")
        return
    predicted = recall("predict", memory, *sizes).result
    label = measured["memory"].replace("m=8", "m=d/2").replace("m=64", "m=4d")
    assert predicted["memory"] == label
    assert measured["recall"] == pytest.approx(predicted["recall"], abs=0.35)


def test_measure(recall):
    result = recall(*COMMANDS["measure"], "--json").result
    assert result == json.loads(json.dumps(measure("linear", d=16, N=8, trials=5).to_dict()))
    low, high = result["interval"]
    assert 0 <= low <= result["recall"] <= high <= 1
    assert 0 <= result["all_recalled"] <= 1
    assert result["points"][0]["N"] == 8


def test_measure_several_sizes_and_classes(recall):
    result = recall(
        "measure", "linear", "--d", 16, "--N", "6,12", "--facts", "random", "-M", 3,
        "--trials", 3, "--threads", 1, "--json",
    ).result  # fmt: skip
    assert [(p["N"], p["M"], p["trials"]) for p in result["points"]] == [(6, 3, 3), (12, 3, 3)]


def test_measure_a_sample_of_the_inputs(recall):
    result = recall(
        "measure", "linear", "--d", 16, "--N", 500, "--inputs", 40, "--trials", 2, "--json"
    ).result
    assert result["judged"] == 40


def test_capacity(recall):
    result = recall(*COMMANDS["capacity"], "--json").result
    expected = capacity("linear", d=[8, 16], trials=4).to_dict()
    assert result == json.loads(json.dumps(expected))
    for point in result["points"]:
        assert {"d", "N", "interval", "law"} <= set(point)
        assert point["law"] == pytest.approx(point["N"] * math.log(point["N"]) / point["d"] ** 2)


def test_a_legend_of_two_lines_is_printed_as_two(recall):
    ran = recall("capacity", "optimal-linear", "--d", 4, "--trials", 2)
    assert ran.status == 0, ran.err
    assert "\\n" not in ran.out
    assert [line[:2] for line in ran.out.splitlines()[-2:]] == ["N:", "pr"]


def test_capacity_at_a_rate_and_censored(recall):
    result = recall(
        "capacity", "linear", "--d", 16, "--criterion", "0.9", "--trials", 3, "--max-N", 5,
        "--json",
    ).result  # fmt: skip
    assert result["criterion"] == "0.9"
    (point,) = result["points"]
    assert (point["N"], point["censored"]) == (5, 3)
    # What has no end is null, not a number that JSON does not have.
    assert point["high"] == [None] * 3


def test_conditions(recall):
    result = recall(*COMMANDS["conditions"], "--json").result
    assert result == conditions("linear-capacity", d=64, N=40).to_dict()
    assert all(c["holds"] for c in result["conditions"])
    for condition in result["conditions"]:
        assert {"name", "holds", "value", "required"} <= set(condition)


def test_facts(recall):
    result = recall(*COMMANDS["facts"], "--json").result
    assert result == facts_in_memory(example_path("countries.csv"), d=64).to_dict()
    assert result["facts"] == 1747
    fixed = {"recall", "facts", "parameters", "bits_bound", "certified", "conditions"}
    assert fixed <= set(result)
    assert len(result["forgotten"]) == round((1 - result["recall"]) * 1747)


@pytest.mark.parametrize("command", ["measure", "capacity"])
def test_bits_and_rounding_reach_the_memory(recall, command):
    sizes = ["--d", 16, "--trials", 3, *(["--N", 40] if command == "measure" else [])]
    size = ["--width", "8d", "--degree", 1]
    found = [
        recall(command, "gated-mlp", *size, *sizes, *options, "--json").result
        for options in ([], ["--bits", 2], ["--bits", 2, "--rounding", "stochastic"])
    ]
    width = "m=128" if command == "measure" else "m=8d"
    assert [result["memory"] for result in found] == [
        f"gated-mlp {width} {options}" for options in ("k=1", "b=2 k=1", "b=2 k=1 stochastic")
    ]
    assert len({str(result["points"]) for result in found}) == 3


def test_facts_planned_and_quantised(recall):
    result = recall("facts", "countries.csv", "--memory", "linear", "--bits", 2, "--json").result
    assert result["recall"] == 1
    assert result["bits"] == 2 * result["d"] ** 2 > result["bits_bound"]


def test_what_work_takes_is_said_on_stderr_if_it_is_not_short(recall, monkeypatch):
    command = "facts", "countries.csv", "--memory", "linear", "--d", 64, "--json"
    assert "of memory" not in recall(*command).err
    monkeypatch.setattr(effort, "SHORT", 0.0)
    ran = recall(*command)
    assert ran.result["d"] == 64
    assert re.search(r"^linear, d = 64: about \S+ seconds and \S+ MB of memory$", ran.err, re.M)


def test_remarks_on_a_file_go_to_stderr(recall):
    ran = recall(*COMMANDS["facts"])
    assert "note: line 201: subject 'Bonaire" in ran.err
    assert "note" not in ran.out


def test_a_fit_in_bits_that_ends_without_all_facts_says_what_it_held(recall):
    asked = ["measure", "optimal-mlp", "--width", "4", "--bits", "1", "--d", "4", "--trials", "2"]
    done = recall(*asked, "--N", "3,40")
    (line,) = [line for line in done.err.splitlines() if line.startswith("note: ")]
    assert "optimal-mlp m=4 b=1, N = 40: 2 of 2 fits ended without all facts; on average" in line
    # Of what is rounded after the fit nothing is said.
    assert "note" not in recall("measure", "linear", "--bits", "1", "--d", "4", "--N", "40").err


# --- files of the user --------------------------------------------------------------------------


def test_a_table_of_the_user_with_a_byte_order_mark(recall, tmp_path):
    text = "subject,relation,answer\nNamibia,ISO,NA\nCanada,continent,NA\nChad,ISO,TD\n"
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8-sig")
    result = recall("facts", "mine.csv", "--memory", "linear", "--json").result
    assert (result["facts"], result["answers"], result["recall"]) == (3, 2, 1)
    shared = {c["name"]: c for c in result["conditions"]}
    assert "'NA'" in shared["answers of different relations disjoint"]["value"]


def test_a_file_here_goes_before_the_example_of_that_name(recall, tmp_path):
    (tmp_path / "countries.csv").write_text("subject,relation,answer\na,r,x\nb,r,y\n")
    for options in ([], ["--memory", "linear"]):
        assert recall("facts", "countries.csv", *options, "--json").result["facts"] == 2


def test_vectors_of_the_user(recall, tmp_path):
    vectors = sphere(200, 12, rng=np.random.default_rng(0))
    np.save(tmp_path / "mine.npy", vectors)
    measured = recall(
        "measure", "linear", "--embeddings", "mine.npy", "--N", 10, "--trials", 3, "--json"
    ).result
    assert measured["embeddings"] == "mine.npy none"
    assert measured["d"] == 12
    found = recall("conditions", "linear-capacity", "--embeddings", "mine.npy", "--json").result
    assert found["embeddings"] == "mine.npy"
    assert {row["preprocess"] for row in found["points"]} == {
        "none", "normalise", "centre", "whiten",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["none", "centre", "whiten"])
def test_example_vectors_by_their_bare_name(recall, how):
    result = recall(
        "measure", "linear", "--embeddings", "minilm_tokens.npz", "--preprocess", how,
        "--N", 100, "--trials", 2, "--json",
    ).result  # fmt: skip
    assert result["embeddings"] == f"minilm_tokens.npz {how}"
    assert result["recall"] > (0.99 if how == "whiten" else 0.7)


def test_example_vectors_fail_these_hypotheses(recall):
    ran = recall("conditions", "linear-capacity", "--embeddings", "minilm_tokens.npz", "--json")
    holds = {c["name"]: c["holds"] for c in ran.unmet["conditions"]}
    assert holds == {
        "unit norm": False,
        "centred": False,
        "isotropic": False,
        "no near duplicates": False,
        "d^2 large enough for N": None,
    }


@pytest.mark.parametrize(
    "command",
    [
        ["capacity", "mine:build", "--d", 16, "--trials", 3],
        ["measure", "mine:build", "--d", 16, "--N", 8, "--trials", 3],
        ["facts", "countries.csv", "--memory", "mine:build", "--d", 32],
    ],
)
def test_a_construction_of_the_user_from_the_current_folder(recall, tmp_path, command):
    (tmp_path / "mine.py").write_text(MINE)
    ran = recall(*command, "--json")
    assert ran.result["memory"] == "mine:build"
    # It is the outer-product memory, written again: the same numbers.
    theirs = recall(*("linear" if part == "mine:build" else part for part in command), "--json")
    keys = ("points", "recall", "forgotten")
    assert [ran.result.get(k) for k in keys] == [theirs.result.get(k) for k in keys]


def test_a_construction_may_stand_in_a_package(recall, tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").touch()
    (tmp_path / "lab" / "ideas.py").write_text(MINE)
    ran = recall("measure", "lab.ideas:build", "--d", 8, "--N", 3, "--trials", 2, "--json")
    assert ran.result["memory"] == "lab.ideas:build"


# --- figures ------------------------------------------------------------------------------------

SIGNATURES = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.mark.parametrize("ending", SIGNATURES)
@pytest.mark.parametrize("name", ["predict", "measure", "capacity"])
def test_plots_carry_their_origin(recall, tmp_path, name, ending):
    command = [*COMMANDS[name], "--plot", f"figure.{ending}"]
    ran = recall(*command, "--json")
    assert ran.document
    assert ran.err == f"wrote figure.{ending}\n"
    content = (tmp_path / f"figure.{ending}").read_bytes()
    assert content.startswith(SIGNATURES[ending])
    assert b"recall " + name.encode() + b" linear" in content
    assert tool_version().encode() in content
    assert [path.name for path in tmp_path.iterdir()] == [f"figure.{ending}"]


def test_a_plot_replaces_an_older_one(recall, tmp_path):
    (tmp_path / "a.SVG").write_text("old")
    assert recall("predict", "linear", "--d", "16,32", "--plot", "a.SVG").status == 0
    assert b"<svg" in (tmp_path / "a.SVG").read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        ["predict", "linear", "--d", 16, "--facts", "random", "-M", 1],
        ["predict", "linear", "--d", "8,16", "--N", "3,5"],
        ["measure", "linear", "--d", 1, "--N", "2,3", "--trials", 2],
        ["measure", "dual-both", "--d", 8, "--N", "4,6", "--facts", "random", "--trials", 2],
        ["measure", "linear", "--d", 8, "--N", "4,6", "--trials", 1],
        ["capacity", "linear", "--d", 1, "--trials", 2],
        ["capacity", "linear", "--d", 8, "-M", 5, "--trials", 2],
        ["capacity", "sign", "--d", "8,9", "--embeddings", "gaussian", "--trials", 2],
        ["capacity", "low-rank", "--rank", 3, "--d", "3,8", "--trials", 2],
        ["capacity", "linear", "--embeddings", "minilm_tokens.npz", "--max-N", 4, "--trials", 1],
    ],
)
def test_any_result_can_be_drawn(recall, tmp_path, command):
    ran = recall(*command, "--plot", "a.svg")
    assert (ran.status, ran.err) == (0, "wrote a.svg\n")
    assert (tmp_path / "a.svg").exists()
