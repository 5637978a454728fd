"""Fact tables: cells kept as written, and every way in which a CSV file can be wrong."""

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assoc import InputError, example_path, read_facts
from assoc.facts.tables import check_single
from tests.helpers.oracles import complaint, one_line

HEADER = "subject,relation,answer\n"


@pytest.fixture
def write(tmp_path):
    """Write a CSV file and return its path."""

    def _write(content):
        path = tmp_path / "facts.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def said(path):
    """Message about a bad file: one line that starts with its path."""
    with pytest.raises(InputError) as caught:
        read_facts(path)
    text = one_line(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def triples(table):
    return [(table.subjects[s], table.relations[r], table.answers[a]) for s, r, a in table.facts]


# --- what is read -------------------------------------------------------------------------------


def test_facts_come_back_in_order(write):
    table = read_facts(write(HEADER + "b,r,x\na,q,y\nb,q,x\n"))
    assert triples(table) == [("b", "r", "x"), ("a", "q", "y"), ("b", "q", "x")]
    assert table.subjects == ("b", "a")
    assert table.relations == ("r", "q")
    assert table.answers == ("x", "y")
    assert len(table) == 3
    assert table.notes == ()
    assert repr(table) == "FactTable(3 facts: 2 subjects, 2 relations, 2 answers)"


@pytest.mark.parametrize(
    "content",
    [
        "answer,extra,subject,relation\nx,?,a,r\n",
        " subject , relation,answer \na,r,x\n",
        "subject,relation,answer\r\na,r,x\r\n",
        "subject,relation,answer\ra,r,x\r",
        "subject,relation,answer\n\na,r,x\n\n\n",
        "subject,relation,answer\na,r,x",
        '"subject","relation","answer"\n"a","r","x"\n',
        "\ufeffsubject,relation,answer\na,r,x\n",
        '\ufeff"subject",relation,answer\na,r,x\n',
    ],
)
def test_harmless_variations(write, content):
    assert triples(read_facts(write(content))) == [("a", "r", "x")]


def test_nothing_is_taken_for_missing_or_for_a_number(write):
    table = read_facts(write(HEADER + "Namibia,ISO code,NA\nnull,nan,None\n007,1e3,-\n"))
    assert triples(table) == [
        ("Namibia", "ISO code", "NA"),
        ("null", "nan", "None"),
        ("007", "1e3", "-"),
    ]


def test_names_outside_ascii_and_quoted_cells(write):
    content = HEADER + 'Åland,capital,Mariehamn\n"Bonaire, Saba","say ""hi""","two\nlines"\n'
    assert triples(read_facts(write(content))) == [
        ("Åland", "capital", "Mariehamn"),
        ("Bonaire, Saba", 'say "hi"', "two\nlines"),
    ]


def test_line_breaks_within_a_cell_are_kept_as_written(write):
    table = read_facts(write('subject,relation,answer\r\na,r,"x\r\ny"\r\n'))
    assert table.answers == ("x\r\ny",)


def test_surrounding_spaces_are_kept_and_noted_once(write):
    table = read_facts(write(HEADER + "a,r,x\n a,r,y\n a,q,z\n"))
    assert table.subjects == ("a", " a")
    assert table.notes == ("line 3: subject ' a' has surrounding spaces (kept)",)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (
            "Peru,r,x\nPERU,r,y\n",
            "subjects that differ only in case or Unicode form are kept apart: 'Peru' and 'PERU'",
        ),
        (
            "C\u00f4te,r,x\nCo\u0302te,r,y\n",
            "subjects that differ only in case or Unicode form are kept apart: "
            "'C\u00f4te' and 'Co\u0302te'",
        ),
        (
            "a,r,x\na,R,y\n",
            "relations that differ only in case or Unicode form are kept apart: 'r' and 'R'",
        ),
        (
            "a,r,x\nb,r,X\nc,r,y\nd,r,Y\n",
            "answers that differ only in case or Unicode form are kept apart: 'x' and 'X', "
            "and 1 more",
        ),
    ],
)
def test_names_that_look_alike_are_kept_apart_and_noted(write, lines, note):
    table = read_facts(write(HEADER + lines))
    assert table.notes == (note,)
    assert len(table) == lines.count("\n")


def test_answers_of_two_relations_may_look_alike(write):
    assert read_facts(write(HEADER + "a,code,ca\nb,language,CA\n")).notes == ()


def test_a_repeated_fact_counts_once_and_is_noted(write):
    table = read_facts(write(HEADER + "a,r,x\nb,r,y\n\na,r,x\n"))
    assert triples(table) == [("a", "r", "x"), ("b", "r", "y")]
    assert table.notes == ("line 5 repeats the fact of line 2",)


def test_shared_answers(write):
    table = read_facts(write(HEADER + "a,r,x\na,q,x\nb,r,y\nb,q,z\nc,r,x\n"))
    assert table.shared_answers == {"x": ("q", "r")}


cells = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda cell: cell.strip()
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(cells, cells), cells, min_size=1, max_size=6))
def test_whatever_csv_can_hold_comes_back(write, facts):
    """Any text: quotes, commas, line breaks, separators of other scripts, NUL."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["subject", "relation", "answer"])
    writer.writerows([*key, answer] for key, answer in facts.items())
    table = read_facts(write(text.getvalue()))
    assert triples(table) == [(*key, answer) for key, answer in facts.items()]


# --- the shipped table --------------------------------------------------------------------------


def test_the_traps_in_the_shipped_table():
    table = read_facts(example_path("countries.csv"))
    assert ("Namibia", "ISO code", "NA") in triples(table)
    assert ("Canada", "continent", "NA") in triples(table)
    assert table.shared_answers["AS"] == ("ISO code", "continent")
    assert len(table) == 1747
    (note,) = table.notes
    assert "'Bonaire, Saint Eustatius and Saba ' has surrounding spaces (kept)" in note


# --- several answers ----------------------------------------------------------------------------

MANY = HEADER + "b,r,y\na,r,x\na,r,y\na,r,x\na,r,z\nc,r,y\nc,r,w\n"
"""Two pairs of three with several answers, and a line that repeats."""

ROWS = st.lists(st.tuples(*[st.sampled_from("abc")] * 3), min_size=1)


def test_pairs_with_several_answers_are_counted_first(write):
    assert said(write(MANY)).startswith(
        "2 of 3 pairs have several answers, the first: (a, r): 'x' on line 3, 'y' on line 4 ("
    )


@pytest.mark.parametrize(
    ("several", "kept", "what"),
    [
        ("first", [("b", "r", "y"), ("a", "r", "x"), ("c", "r", "y")], "the first is kept"),
        ("drop", [("b", "r", "y")], "dropped"),
    ],
)
def test_of_several_answers_the_first_is_kept_or_none(write, several, kept, what):
    table = read_facts(write(MANY), several=several)
    assert triples(table) == kept
    assert set(table.answers) == {answer for _, _, answer in kept}
    assert table.notes[0].endswith(f"'y' on line 4; {what}")
    assert table.notes[1] == "line 5 repeats the fact of line 3"


def test_of_several_answers_nothing_may_be_left(write):
    with pytest.raises(InputError, match="no pair is left"):
        read_facts(write(HEADER + "a,r,x\na,r,y\n"), several="drop")
    with pytest.raises(InputError, match="several 'all' is not one of refuse, first, drop, any"):
        read_facts(write(MANY), several="all")


def test_of_several_answers_any_is_right(write):
    table = read_facts(write(MANY), several="any")
    assert triples(table) == [("b", "r", "y"), ("a", "r", "x"), ("c", "r", "y")]
    assert table.answers == ("y", "x", "z", "w")
    assert table.also.tolist() == [[1, 0], [1, 2], [2, 3]]
    assert table.several == 2
    assert repr(table) == (
        "FactTable(3 facts: 3 subjects, 1 relations, 4 answers, 3 more that are right)"
    )
    assert table.notes[0].endswith("'y' on line 4; each counts as right")


def test_an_answer_that_is_right_elsewhere_is_shared_too(write):
    path = write(HEADER + "a,r,x\na,r,y\na,q,y\nb,q,z\n")
    assert read_facts(path, several="any").shared_answers == {"y": ("q", "r")}
    assert read_facts(path, several="first").shared_answers == {}


@given(ROWS, st.lists(st.sampled_from("abc"), min_size=1, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_right_is_what_is_told_whatever_relations_are_kept(write, told, relations):
    path = write(HEADER + "".join(",".join(row) + "\n" for row in told))
    table = read_facts(path, several="any")
    relations = [name for name in relations if name in table.relations] or list(table.relations)
    kept = table.restricted(relations)
    for found, rows in ((table, told), (kept, [row for row in told if row[1] in relations])):
        named = [
            (found.subjects[s], found.relations[r], found.answers[a]) for s, r, a in found.told
        ]
        assert len(named) == len(set(named))
        assert set(named) == set(rows)
        assert triples(found) == [
            row for row in dict.fromkeys(rows)
            if row == next(other for other in rows if other[:2] == row[:2])
        ]  # fmt: skip
        assert (np.diff(found.also[:, 0]) >= 0).all()
        assert set(found.answers) == {row[2] for row in rows}


def test_one_answer_can_be_asked_for(write):
    check_single(read_facts(write(MANY), several="first"), "a test")
    assert complaint(check_single, read_facts(write(MANY), several="any"), "a test") == (
        "facts.csv: 2 facts have several right answers, and a test needs one of each "
        "(--several first keeps the first, --several drop leaves such facts out)"
    )


@given(ROWS, st.sampled_from(["first", "drop"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_kept_is_what_a_simple_loop_keeps(write, told, several):
    found = {}
    for subject, relation, answer in told:
        found.setdefault((subject, relation), []).append(answer)
    kept = [
        (*pair, answers[0])
        for pair, answers in found.items()
        if len(set(answers)) == 1 or several == "first"
    ]
    path = write(HEADER + "".join(",".join(row) + "\n" for row in told))
    if not kept:
        with pytest.raises(InputError):
            read_facts(path, several=several)
        return
    table = read_facts(path, several=several)
    assert triples(table) == kept
    for names, column in zip(
        (table.subjects, table.relations, table.answers), zip(*kept, strict=True), strict=True
    ):
        assert names == tuple(dict.fromkeys(column))


def test_a_table_that_was_read_is_taken_as_it_is(write):
    table = read_facts(write(HEADER + "a,r,x\n"))
    assert read_facts(table) is table
    assert table.source == "facts.csv"
    assert table.restricted(["r"]).source == "facts.csv"


# --- oddities -----------------------------------------------------------------------------------


def test_many_oddities_of_a_kind_are_one_note(write):
    table = read_facts(write(HEADER + "a,r,x\n" * 300 + " b,r,x\nc ,r,x\n"))
    assert table.notes == (
        "299 lines repeat earlier facts, the first: line 3 repeats the fact of line 2",
        "2 names have surrounding spaces (kept), the first: "
        "line 302: subject ' b' has surrounding spaces (kept)",
    )


@pytest.mark.parametrize(
    ("cell", "what"),
    [('"a\nb"', "'a\\nb' has a line break"), ("a\u200bb", "has a character that is not seen")],
)
def test_what_is_not_seen_in_a_name_is_noted(write, cell, what):
    (note,) = read_facts(write(HEADER + f"{cell},r,x\n")).notes
    assert note.startswith("line ")
    assert what in note


# --- what is wrong ------------------------------------------------------------------------------


def test_two_answers_name_both_lines(write):
    path = write(HEADER + "b,r,y\na,r,x\nc,r,z\na,r,y\n")
    assert said(path) == (
        "1 pair has several answers, the first: (a, r): 'x' on line 3, 'y' on line 5 "
        "(--several first keeps the first, drop leaves such pairs out, any takes each as right)"
    )


def test_lines_are_counted_as_an_editor_counts_them(write):
    path = write(HEADER + '\n"a\nb",r,x\nc,r,x\nc,r,y\n')
    assert "(c, r): 'x' on line 5, 'y' on line 6" in said(path)


@pytest.mark.parametrize("column", ["subject", "relation", "answer"])
def test_a_missing_column_is_named(write, column):
    content = (HEADER + "a,r,x\n").replace(column, "something")
    complaint = said(write(content))
    assert complaint.startswith(f"needs one column named '{column}'; the header reads ")
    assert "something" in complaint


def test_a_column_given_twice(write):
    assert "needs one column named 'answer'" in said(write("subject,relation,answer,answer\n"))


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("empty", ["", "  ", '""', "\t"])
def test_an_empty_cell_is_named(write, column, empty):
    cells = ["a", "r", "x"]
    cells[column] = empty
    name = ("subject", "relation", "answer")[column]
    assert said(write(HEADER + "b,r,x\n" + ",".join(cells) + "\n")) == f"line 3: empty {name}"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (HEADER + "a,r\n", "line 2 has 2 cells, the header 3"),
        (HEADER + "a,r,x\na,q,x,y\n", "line 3 has 4 cells, the header 3"),
        (HEADER + "a;r;x\n", "line 2 has 1 cells, the header 3"),
        ("subject|relation|answer\na|r|x\n", "the header reads subject|relation|answer"),
        (
            HEADER + 'a,r,"x\nb,r,y\n',
            "line 2: a quote is opened that is not closed as it should be (line 3: unexpected end",
        ),
        (HEADER + 'a,r,"x"y\n', "line 2: ',' expected after '\"'"),
        (HEADER, "no facts below the header"),
        (HEADER + "\n\n", "no facts below the header"),
        ("", "needs one column named 'subject'; the header reads (empty)"),
        ("\ufeff", "the header reads (empty)"),
        ("\n", "the header reads (empty)"),
        (HEADER + "a,r," + "x" * 200_000 + "\n", "line 2: field larger than field limit"),
    ],
)
def test_malformed_files(write, content, complaint):
    assert complaint in said(write(content))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_another_encoding_names_the_line(write, mark):
    content = mark + HEADER.encode() + "Perú,capital,Lima\nJapón,capital,Tokio\n".encode("latin-1")
    assert said(write(content)) == "line 2 is not UTF-8 (byte 0xfa); save the file as UTF-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_encodings(write, encoding):
    assert "line 1 is not UTF-8" in said(write((HEADER + "a,r,x\n").encode(encoding)))


def test_no_such_file(tmp_path):
    assert said(tmp_path / "none.csv") == "no such file"


def test_a_directory(tmp_path):
    assert said(tmp_path) == "a folder, not a regular file"


def test_a_binary_file():
    assert "another archive" in said(example_path("minilm_tokens.npz"))
