"""Knowledge told to a GPT-2 from the command line: ``recall knowledge --model gpt2``."""

import json
from dataclasses import replace

import pytest

from assoc.facts.tables import read_facts
from sims.knowledge.gpt2.extraction import gpt2_extraction, gpt2_table_extraction
from sims.knowledge.gpt2.network import Gpt2
from sims.knowledge.gpt2.phrasings import read_phrasings
from sims.knowledge.gpt2.training import PRE_TRAINING
from sims.knowledge.trials import Told
from tests.helpers.extras import needs

GPT2 = ["--model", "gpt2", "--layers", 1, "--d", 16, "--heads", 2]
BRIEF = ["--trials", 1, "--steps", 30, "--multiplicity", 2]
DRAWN = ["-S", 8, "-A", 2, "--values", 4, "--templates", 3, "--fine-tuned", 2]

TOLD = ["few.csv", "--fine-tuned", 2]

FEW = [f"s{i},home,h{i}" for i in range(8)] + [f"s{i},side,{'ns'[i % 2]}" for i in range(9)]
PHRASINGS = """\
relation,use,phrasing
home,told,{subject} lives in
home,told,the home of {subject} is
home,asked,where is {subject} ?
side,told,{subject} is in the
side,told,go and see {subject} :
side,asked,the side of {subject}
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "few.csv").write_text("subject,relation,answer\n" + "\n".join(FEW) + "\n")
    (tmp_path / "phrasings.csv").write_text(PHRASINGS)
    return tmp_path


def as_read(result):
    return json.loads(json.dumps(result.to_dict()))


@pytest.mark.parametrize("rank", [None, 1])
def test_json_is_the_function_of_it(recall, rank):
    needs("lm")
    more = [] if rank is None else ["--rank", rank]
    ran = recall("knowledge", *GPT2, *BRIEF, *DRAWN, *more, "--name-tokens", 2, "--json")
    expected = as_read(gpt2_extraction(
        Told(8, 2, values=4), multiplicities=2, templates=3, fine_tuned=2, rank=rank, trials=1,
        network=Gpt2(layers=1, d=16, heads=2, name_tokens=2),
        pre_training=replace(PRE_TRAINING, steps=30),
    ))  # fmt: skip
    result = ran.result
    assert result["model"] == "gpt2"
    for row in result["points"]:
        assert row.pop("covered_law") is not None
    assert result == expected


def test_a_table_in_words_is_the_function_of_it(recall, files):
    needs("lm")
    ran = recall("knowledge", "few.csv", *GPT2, *BRIEF, "--templates", 2, "--fine-tuned", 3,
                 "--phrasings", "phrasings.csv", "--json")  # fmt: skip
    expected = gpt2_table_extraction(
        read_facts(files / "few.csv"), phrasings=read_phrasings(files / "phrasings.csv"),
        templates=2, multiplicities=2, fine_tuned=3, trials=1,
        network=Gpt2(layers=1, d=16, heads=2), pre_training=replace(PRE_TRAINING, steps=30),
    )  # fmt: skip
    assert ran.result["by_relation"] == as_read(expected)["by_relation"]
    shown = recall("knowledge", "few.csv", *GPT2, *BRIEF, "--templates", 2, "--fine-tuned", 3,
                   "--phrasings", "phrasings.csv")  # fmt: skip
    assert "superposed" not in shown.out
    assert "answered: share of held-out questions\n" in shown.out


def test_popularity_and_several_answers_are_those_of_the_function(recall, files):
    needs("lm")
    more = ["s8,home,h9", "s8,home,h10", "s0,home,h11"]
    (files / "few.csv").write_text("subject,relation,answer\n" + "\n".join([*FEW, *more]) + "\n")
    ran = recall("knowledge", "few.csv", *GPT2, *BRIEF, "--templates", 3, "--fine-tuned", 3,
                 "--several", "any", "--popularity", 1, "--json")  # fmt: skip
    expected = gpt2_table_extraction(
        read_facts(files / "few.csv", several="any"), templates=3, multiplicities=2, fine_tuned=3,
        trials=1, popularity=1.0, network=Gpt2(layers=1, d=16, heads=2),
        pre_training=replace(PRE_TRAINING, steps=30),
    )  # fmt: skip
    assert ran.result["by_popularity"] == json.loads(json.dumps(expected.by_popularity()))
    assert ran.result["values"] == as_read(expected)["values"]


def test_phrasings_of_the_examples_are_found_by_name(recall):
    needs("lm")
    ran = recall("knowledge", "countries.csv", *GPT2, *BRIEF, "--relations", "capital",
                 "--phrasings", "territories_phrasings.csv")  # fmt: skip
    assert ran.complaint == "no phrasings of relation 'capital'"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["--layers", 2], "--layers is for --model gpt2"),
        (["--name-tokens", 2], "--name-tokens is for --model gpt2"),
        (["few.csv", "--phrasings", "phrasings.csv"], "--phrasings is for --model gpt2"),
        ([*GPT2, "--width", 8], "--width is not for --model gpt2"),
        ([*GPT2, "--first-order"], "--first-order is not for --model gpt2"),
        ([*GPT2, "--d", 15], "d = 15 is not a multiple of the 2 heads"),
        ([*GPT2, "few.csv", "--phrasings", "none.csv"], "none.csv: No such file"),
        ([*GPT2, "few.csv", "--phrasings", "few.csv"], "the first line must be relation,use,"),
    ],
)
def test_wrong_arguments(recall, files, command, said):
    assert said in recall("knowledge", *command).complaint


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([*GPT2, "--d", 4_000_000], "GB are free"),
        ([*GPT2, "--rank", 17], "rank r = 17 is more than d = 16"),
        ([*GPT2, "--phrasings", "phrasings.csv"], "--phrasings is for a table of facts"),
        ([*GPT2, *TOLD, "--name-tokens", 2], "names of a table"),
        ([*GPT2, *TOLD, "--phrasings", "phrasings.csv"], "2 phrasings of relation 'home'"),
    ],
)
def test_what_cannot_be_told_is_refused_before_anything_is_trained(
    recall, files, monkeypatch, command, said
):
    needs("lm")
    monkeypatch.setattr("sims.knowledge.gpt2.extraction.extract", None)
    assert said in recall("knowledge", *command).complaint


def test_a_missing_extra_is_one_line(recall, monkeypatch):
    monkeypatch.setattr("sims.knowledge.gpt2.network.LIBRARIES", ("no_such_library",))
    said = "model gpt2 needs no_such_library, which is not installed: pip install"
    assert recall("knowledge", *GPT2).complaint.startswith(said)
