"""Knowledge that is told and asked for, from the command line: ``recall knowledge``."""

import json
import re

import numpy as np
import pytest

from assoc.facts.tables import read_facts
from sims.engine.numbers import number_known
from sims.knowledge.extraction import phase_diagram
from sims.knowledge.tables import table_extraction
from sims.knowledge.training import suited
from sims.knowledge.trials import Told
from theory.knowledge.covering import uncovered

SIZES = ["-S", 8, "-A", 2, "--values", 4, "--templates", 3, "--width", 24, "--trials", 2]
BRIEF = ["--steps", 200, "--fine-tuned", "2,5", "--multiplicity", "1,2"]

FEW = [f"s{i},home,h{i}" for i in range(8)] + [f"s{i},side,{'ns'[i % 2]}" for i in range(1, 9)]
TOLD = ["few.csv", "--templates", 2, "--width", 24, "--trials", 2, "--steps", 300,
        "--fine-tuned", "3,5", "--multiplicity", 2]  # fmt: skip


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("subject,relation,answer\n" + "\n".join(FEW) + "\n")
    return path


def as_read(result):
    return json.loads(json.dumps(result.to_dict()))


# --- results ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [True, False])
def test_json_is_the_phase_diagram_and_the_law_of_covering(recall, shared):
    ran = recall("knowledge", *SIZES, *BRIEF, "--shared" if shared else "--disjoint", "--json")
    expected = as_read(phase_diagram(
        multiplicities=(1, 2), templates=(3,), told=Told(8, 2, values=4, shared=shared),
        fine_tuned=(2, 5), width=24, trials=2, pre_training=suited(8, steps=200),
    ))  # fmt: skip
    result = ran.result
    for row in result["points"]:
        K, number = row["multiplicity"], row["fine_tuned"]
        assert row.pop("covered_law") == pytest.approx(1 - uncovered(3, K, number))
    assert result == expected
    assert ran.document["seed"] == 0
    assert ran.err == ""


def test_the_seed_decides(recall):
    brief = ["knowledge", *SIZES, "--steps", 50, "--fine-tuned", 2, "--multiplicity", 1, "--json"]
    results = [recall(*brief, "--seed", seed).result for seed in (1, 1, 2)]
    assert results[0] == results[1] != results[2]


def test_a_table_is_the_function_of_it(recall, table):
    result = recall("knowledge", *TOLD, "--relations", "side,home", "--json").result
    expected = table_extraction(
        read_facts(table), relations=["side", "home"], templates=2, multiplicities=(2,),
        fine_tuned=(3, 5), width=24, trials=2, pre_training=suited(9, steps=300),
    )  # fmt: skip
    assert result["by_relation"] == as_read(expected)["by_relation"]
    assert {row["relation"] for row in result["by_relation"]} == {"home", "side"}
    assert len(result["facts"]) == 16
    only = recall("knowledge", *TOLD, "--relations", "home", "--json").result
    assert {relation for _, relation, _ in only["facts"]} == {"home"}


def test_tables_for_people_say_what_was_measured(recall, table, tmp_path):
    ran = recall("knowledge", *TOLD, "--plot", "few.png")
    assert ran.status == 0
    head = next(line for line in ran.out.splitlines() if "answered" in line)
    assert head.split() == [
        "K", "R", "Nf", "answered", "interval", "superposed", "covered", "by", "law",
        "fine-tuned", "excess", "%", "own", "tuned", "set", "other",
        "none",
    ]  # fmt: skip
    result = recall("knowledge", *TOLD, "--json").result
    row = result["points"][1]
    cells = next(line for line in ran.out.splitlines() if line.split()[:3] == ["2", "2", "5"])
    assert cells.split()[3] == number_known(row["answered"])
    assert number_known(100 * row["excess_share"]) in cells.split()
    homes = [line for line in ran.out.splitlines() if "home" in line]
    assert len(homes) == 2
    assert "16 facts about 9 subjects" in ran.out
    assert "alone: questions whose answer no other subject has" in ran.out
    assert (tmp_path / "few.png").exists()


def test_a_loss_above_its_floor_is_remarked_on(recall):
    brief = ["knowledge", *SIZES, "--fine-tuned", 2, "--multiplicity", 1]
    assert "% above its floor" in recall(*brief, "--steps", 5).err
    assert recall(*brief, "--steps", 1600).err == ""


def test_a_relation_of_one_answer_has_no_floor_to_exceed(recall, tmp_path):
    (tmp_path / "one.csv").write_text(
        "subject,relation,answer\n" + "".join(f"{s},r,x\n" for s in "abcd")
    )
    asked = ["knowledge", "one.csv", "--fine-tuned", 2, "--trials", 1]
    ran = recall(*asked, "--multiplicity", 1, "--templates", 4, "--steps", 300)
    assert (ran.status, ran.err) == (0, "")
    asked += ["--steps", 1]
    ran = recall(*asked, "--multiplicity", 1, "--templates", 4)
    assert re.search(r"the loss ends [\d.]+ nats above 0: not all is learnt", ran.err)
    rows = recall(*asked, "--multiplicity", "1,2", "--templates", 4, "--json").result["points"]
    assert [row["excess_share"] is None for row in rows] == [True, False]


def test_predictions_and_popularity_stand_beside_what_is_measured(recall, table):
    often = [*TOLD, "--multiplicity", 1, "--first-order", "--popularity", 1]
    result = recall("knowledge", *often, "--json").result
    expected = table_extraction(
        read_facts(table), templates=2, multiplicities=(1,), fine_tuned=(3, 5), width=24, trials=2,
        pre_training=suited(9, popularity=1.0, steps=300), predicted=True, popularity=1.0,
    )  # fmt: skip
    assert result["by_popularity"] == json.loads(json.dumps(expected.by_popularity()))
    assert (result["popularity"], result["points"][0]["linearised"]) == (
        1.0, expected.rows()[0]["linearised"],
    )  # fmt: skip
    out = recall("knowledge", *often).out
    for word in ("first order", "by popularity", "ranks", "elsewhere", "1 to 4", "5 to 9"):
        assert word in out
    plain = recall("knowledge", *TOLD).out
    for word in ("first order", "popularity", "elsewhere"):
        assert word not in plain


def test_each_of_several_right_answers_is_told(recall, tmp_path):
    (tmp_path / "several.csv").write_text(
        "subject,relation,answer\n" + "".join(f"{s},r,x{s}\n{s},r,y{s}\n" for s in "abcdef")
    )
    brief = ["knowledge", "several.csv", "--templates", 2, "--multiplicity", 2, "--fine-tuned", 4]
    brief += ["--steps", 400, "--trials", 1, "--several"]
    ran = recall(*brief, "any", "--json")
    assert ran.result["values"][0]["floor"][1] == pytest.approx(np.log(2))
    assert recall(*brief, "first", "--json").result["values"][0]["floor"][1] == 0


def test_a_table_of_drawn_facts_has_no_relations(recall):
    ran = recall("knowledge", *SIZES, *BRIEF)
    assert "relation" not in ran.out
    assert "S = 8, A = 2, D = 4, the same for all: attention-mlp" in ran.out


def test_finished_points_are_stored(recall, monkeypatch):
    stored = ["knowledge", *SIZES, *BRIEF, "--store", "points.sqlite"]
    first = recall(*stored, "--json").result
    monkeypatch.setattr("sims.knowledge.trials.extract", None)
    again = recall(*stored, "--json")
    assert again.result == first
    assert again.err == "2 of 2 points found in the store\n"
    assert "points.sqlite" in recall(*stored, "--seed", 1).complaint


def test_decay_and_model_are_passed_on(recall):
    brief = ["knowledge", *SIZES, *BRIEF, "--json"]
    changed = ([], ["--decay", 0], ["--learning-rate", 0.1], ["--model", "mlp"])
    results = [recall(*brief, *options).result for options in changed]
    excess = [result["points"][0]["excess"] for result in results]
    assert len(set(excess)) == 4
    assert [result["model"] for result in results] == ["attention-mlp"] * 3 + ["mlp"]


def test_the_help_has_examples(recall):
    ran = recall("knowledge", "--help")
    assert ran.status == 0
    assert "recall knowledge countries.csv --relations" in " ".join(ran.out.split())


# --- what is wrong ------------------------------------------------------------------------------

WRONG = [
    ("knowledge -S 0", "S = 0 is not positive"),
    ("knowledge -S 4", "N_f = [2, 8, 32] leaves none of S = 4"),
    ("knowledge -A 0", "A = 0 is not positive"),
    ("knowledge --values 0", "D = 0 is not positive"),
    ("knowledge -A 4 --values 3", "D = 3 < A = 4: a subject's values cannot differ"),
    ("knowledge --templates 0", "templates |R| = 0 is not positive"),
    ("knowledge --templates 8 --multiplicity 9", "multiplicity K = 9 is more than the templates"),
    ("knowledge --multiplicity 17", "multiplicity K = 17 is more than the templates |R|"),
    ("knowledge --multiplicity 0", "multiplicity K = 0 is not positive"),
    ("knowledge --multiplicity x", "multiplicity = 'x' is not an integer or a list"),
    ("knowledge --templates 1.5", "templates = '1.5' is not an integer or a list"),
    ("knowledge --fine-tuned 0", "N_f = 0 is not positive"),
    ("knowledge --fine-tuned 64", "N_f = [64] leaves none of S = 64"),
    ("knowledge --fine-tuned many", "fine-tuned = 'many' is not an integer or a list"),
    ("knowledge --model linear", "model 'linear' is not one of attention-mlp, mlp, attention"),
    ("knowledge --width 0", "width"),
    ("knowledge --steps 0", "steps = 0 is not positive"),
    ("knowledge --learning-rate 0", "learning rate 0.0 is not positive and finite"),
    ("knowledge --learning-rate nan", "learning rate nan is not positive and finite"),
    ("knowledge --decay -1", "decay -1.0 is not at least 0 and finite"),
    ("knowledge --popularity -1", "popularity -1.0 is not at least 0 and finite"),
    ("knowledge --popularity nan", "popularity nan is not at least 0 and finite"),
    ("knowledge --model attention --first-order", "only of a model with a network fine-tuning"),
    ("knowledge --trials 0", "Invalid value for '--trials'"),
    ("knowledge --seed -1", "Invalid value for '--seed'"),
    ("knowledge -S 100000000", "n = 100000067 tokens"),
    ("knowledge --relations home", "--relations is for a table of facts"),
    ("knowledge few.csv -S 8", "--subjects has no place where the facts are given"),
    ("knowledge few.csv --disjoint", "--shared has no place where the facts are given"),
    ("knowledge few.csv --relations away", "relation 'away' is not one of home, side"),
    ("knowledge few.csv --relations home,home", "relation 'home' is named twice"),
    ("knowledge few.csv --fine-tuned 9", "N_f = [9] leaves none of S = 9"),
    ("knowledge few.csv --multiplicity 9", "multiplicity K = 9 is more than the templates |R|"),
    ("knowledge none.csv", "none.csv: no such file"),
    ("knowledge .", ".: a folder, not a regular file"),
    ("knowledge --plot a.txt", "--plot a.txt: the ending must be one of .png, .svg, .pdf"),
    ("knowledge --store far/points.sqlite", "far/points.sqlite"),
]


@pytest.mark.parametrize(("command", "said"), WRONG, ids=[command for command, _ in WRONG])
def test_wrong_arguments(recall, table, tmp_path, command, said):
    assert recall(*command.split()).complaint.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["few.csv"]


def test_a_table_that_is_broken(recall, tmp_path):
    (tmp_path / "bad.csv").write_text("subject,relation,answer\na,r,x\na,r,y\n")
    complaint = recall("knowledge", "bad.csv").complaint
    assert complaint.startswith("bad.csv: 1 pair has several answers, the first: (a, r)")


@pytest.mark.parametrize("options", ["--learning-rate 1e30", "--decay 1e30", "--steps 1"])
def test_extremes_give_a_result_and_no_warning(recall, options):
    """Warnings are errors here, and would be a traceback."""
    brief = ["--fine-tuned", 2, "--multiplicity", 1, "--steps", 20]
    for shown in ([], ["--json"]):
        ran = recall("knowledge", *SIZES, *brief, *options.split(), *shown)
        assert ran.status == 0
        assert "Warning" not in ran.err
