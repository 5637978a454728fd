"""Facts with several right answers from the command line: ``--several any``."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.extras import needs
from theory import load_model
from theory.facts.model_files import save_model

SPOKEN = (
    "subject,relation,answer\nOman,language,Arabic\nFiji,language,English\nFiji,language,Fijian\n"
    "Fiji,language,Hindi\nGuam,language,English\nFiji,capital,Suva\nOman,capital,Muscat\n"
)
"""A fact of three right answers, one of which no other fact has first."""


def test_any_right_answer_is_good_in_transformers_and_in_a_file(recall, tmp_path):
    needs("export")
    (tmp_path / "spoken.csv").write_text(SPOKEN)
    asked = ("facts", "spoken.csv", "--several", "any")
    ran = recall(*asked, "--json", "--export", "spoken.safetensors")
    result = ran.result
    assert (result["facts"], result["several"], result["answers"]) == (5, 1, 6)
    assert result["largest_answer_set"] == 4
    assert result["bits_of_answers"] == pytest.approx(2 * 2 + np.log2(4 / 3) + 2)
    counted = recall("bound", "spoken.csv", "--several", "any", "--json").result
    assert result["bits_interval"] == counted["bits_interval"]
    assert result["bits_bound"] == counted["bits"] < counted["bits_interval"][1]
    for model in result["models"]:
        assert model["recall"] == model["certified"] == 1
    assert result["notes"][0].endswith("'Fijian' on line 4; each counts as right")
    answer = recall("ask", "spoken.safetensors", "Fiji", "language", "--json").result
    assert answer["right"] == ["English", "Fijian", "Hindi"]
    assert answer["taught"] == "English"
    assert answer["answer"] in answer["right"]
    assert answer["certified"] is True
    assert recall("ask", "spoken.safetensors", "Guam", "language", "--json").result["right"] == [
        "English"
    ]
    assert recall("ask", "spoken.safetensors", "Guam", "capital", "--json").result["right"] == []
    printed = recall(*asked)
    assert "of these with several right answers" in printed.out
    assert "to name a right answer of its relation" in printed.out
    assert "between" in printed.out


def test_an_answer_that_is_right_beside_the_first_is_no_fault(recall, tmp_path):
    """The file's table says English first; a table that says another first is as good."""
    needs("export")
    (tmp_path / "spoken.csv").write_text(SPOKEN)
    recall("facts", "spoken.csv", "--several", "any", "--export", "m.safetensors",
           "--model", "attention-only")  # fmt: skip
    stored = load_model(tmp_path / "m.safetensors")
    (fiji,) = np.unique(stored.task.also[:, 0])
    swapped = stored.task.facts.copy()
    first, swapped[fiji, 2] = swapped[fiji, 2], stored.task.also[0, 1]
    also = stored.task.also.copy()
    also[0, 1] = first
    for rows, said in ((also, ""), (also[1:], "that says 'Fijian' or 'Hindi'")):
        task = replace(stored.task, facts=swapped, also=rows)
        save_model(tmp_path / "m.safetensors", replace(stored, task=task), origin={})
        ran = recall("ask", "m.safetensors", "Fiji", "language")
        assert ran.out == "English\n"
        assert ran.err == (f"note: the model was built from a table {said}\n" if said else "")


def test_a_memory_of_right_sets(recall, tmp_path):
    (tmp_path / "spoken.csv").write_text(SPOKEN)
    result = recall(
        "facts", "spoken.csv", "--several", "any", "--memory", "linear", "--json"
    ).result
    assert (result["facts"], result["several"], result["recall"]) == (5, 1, 1)
    # Four facts of one answer among six, and one of which three are right.
    assert result["bits_bound"] == pytest.approx(4 * np.log2(6) + 1)
    assert result["bits_bound"] < result["bits_interval"][1]
    printed = recall("facts", "spoken.csv", "--several", "any", "--memory", "linear").out
    assert "of these with several right answers" in printed


def test_vectors_of_the_users_own_are_found_for_all_right_answers(recall, tmp_path):
    (tmp_path / "spoken.csv").write_text(SPOKEN)
    names = sorted({name for line in SPOKEN.splitlines()[1:] for name in line.split(",")})
    vectors = np.random.default_rng(0).standard_normal((len(names), 32))
    np.savez(tmp_path / "v.npz", vectors=vectors, names=np.array(names))
    result = recall("facts", "spoken.csv", "--several", "any", "--embeddings", "v.npz",
                    "--json").result  # fmt: skip
    assert result["models"][1]["certified"] == 1


def test_one_pair_may_have_many_right_answers(recall, tmp_path):
    """If they were read in a time that grows with their square this would take minutes."""
    n = 100_000
    rows = "".join(f"Oman,has,{answer}\n" for answer in (*range(n), 7, 0))
    (tmp_path / "many.csv").write_text(f"subject,relation,answer\n{rows}")
    ran = recall("bound", "many.csv", "--several", "any", "--json")
    assert (ran.result["facts"], ran.result["several"], ran.result["bits_of_answers"]) == (1, 1, 0)
    assert ran.err.splitlines()[1] == (
        "note: 2 lines repeat earlier facts, the first: line 100002 repeats the fact of line 9"
    )


TRIPLES = "Fiji\tspeaks\tEnglish\nFiji\tspeaks\tFijian\nOman\tspeaks\tArabic\n"
"""A table without a header, as a knowledge graph's are, with two right answers."""

COMMANDS = {
    "facts t.tsv --memory linear --d 8": True,
    "bound t.tsv": True,
    "conditions attention-only --d 16 --table t.tsv": True,
    "flow --t-max 10 --table t.tsv": False,
    "knowledge t.tsv --templates 2 --multiplicity 1 --fine-tuned 1": True,
}
"""Commands that read tables, and whether each answer may be right in them."""


@pytest.mark.parametrize(("command", "any_is"), COMMANDS.items())
def test_what_a_refusal_advises_every_command_understands(recall, tmp_path, command, any_is):
    (tmp_path / "t.tsv").write_text(TRIPLES)
    words = (*command.split(), "--no-header", "--columns", "1,2,3")
    assert "(--several first keeps the first, drop leaves" in recall(*words).complaint
    ran = recall(*words, "--several", "any")
    if any_is:
        assert ran.status in (0, 3)
    else:
        assert ran.status == 2
        assert ran.err.endswith("--several first keeps the first, --several drop leaves such facts "
                                "out)\n")  # fmt: skip


@pytest.mark.parametrize("choice", ["first", "drop"])
def test_hypotheses_and_flows_take_tables_as_they_are(recall, tmp_path, choice):
    (tmp_path / "t.tsv").write_text(TRIPLES)
    options = ("--table", "t.tsv", "--no-header", "--several", choice)
    assert recall("flow", "--t-max", 10, *options).status == 0
    assert recall("conditions", "attention-only", "--d", 16, *options).status in (0, 3)
