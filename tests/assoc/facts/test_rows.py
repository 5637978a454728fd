"""Tables of facts in the forms in which people have them."""

import gzip
import json

import pytest

from assoc.facts.tables import read_facts
from tests.helpers.oracles import complaint

FACTS = [("France", "capital", "Paris"), ("Peru", "capital", "Lima")]


def triples(table):
    return [(table.subjects[s], table.relations[r], table.answers[a]) for s, r, a in table.facts]


def lines(*rows, sep=","):
    return "".join(sep.join(row) + "\n" for row in rows)


@pytest.mark.parametrize("name", ["facts.csv", "facts.tsv", "facts.txt", "facts"])
@pytest.mark.parametrize("sep", [",", "\t", ";"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_separator_is_found(tmp_path, name, sep, packed):
    content = lines(("subject", "relation", "answer"), *FACTS, sep=sep).encode()
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    table = read_facts(path)
    assert triples(table) == FACTS
    expected = "\t" if name.endswith(".tsv") else ","
    words = {",": "commas", "\t": "tabs", ";": "semicolons"}
    assert table.notes == (() if sep == expected else (f"read as separated by {words[sep]}",))


@pytest.mark.parametrize(
    "header",
    [
        ("head", "relation", "tail"),
        ("Subject", "RELATION", "Answer"),
        ("sub_label", "predicate_id", "obj_label"),
        ("subj", "prop", "obj"),
        ("s", "p", "o"),
        ("Subject Label", "predicate", "object-label"),
    ],
)
def test_usual_names_are_known_and_told(tmp_path, header):
    path = tmp_path / "facts.csv"
    path.write_text(lines(header, *FACTS))
    table = read_facts(path)
    assert triples(table) == FACTS
    named = ", ".join(map(repr, header))
    assert table.notes == (f"columns {named} are read as subject, relation, answer",)


def test_the_plain_name_goes_before_a_synonym(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(lines(("subj", "subject", "relation", "answer"), *(("?", *f) for f in FACTS)))
    assert triples(read_facts(path)) == FACTS


@pytest.mark.parametrize(
    ("columns", "header", "first"),
    [
        (("c", "B", "a"), True, ("c", "b", "a", "d")),
        (("3", "2", "1"), False, None),
        (("c", "b", "a"), True, ("a", "b", "c", "A")),
    ],
)
def test_columns_are_those_that_are_named(tmp_path, columns, header, first):
    rows = [(a, r, s, "-") for s, r, a in FACTS]
    if first == ("c", "b", "a", "d"):
        rows = [(s, r, a, "-") for s, r, a in FACTS]
    path = tmp_path / "facts.csv"
    path.write_text(lines(*([first] if first else []), *rows))
    assert triples(read_facts(path, columns=columns, header=header)) == FACTS


def test_without_a_header_the_first_line_is_a_fact(tmp_path):
    path = tmp_path / "facts.txt"
    path.write_text(lines(*FACTS, sep="\t"))
    table = read_facts(path, header=False)
    assert triples(table) == FACTS
    assert table.notes == ("read as separated by tabs",)


@pytest.mark.parametrize("packed", [False, True])
def test_json_lines(tmp_path, packed):
    rows = [{"head": s, "relation": r, "tail": a, "id": 1} for s, r, a in FACTS]
    content = "\n".join(map(json.dumps, [*rows, {"head": 7, "relation": "r", "tail": 0.5}]))
    path = tmp_path / ("facts.jsonl.gz" if packed else "facts.jsonl")
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert triples(read_facts(path)) == [*FACTS, ("7", "r", "0.5")]


def test_a_text_of_json_may_have_what_ends_a_line_elsewhere(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text('{"s":"a\u2028b","r":"r","o":"x\x85y"}\r\n{"s":"c","r":"r","o":"z"}\n', "utf-8")
    assert triples(read_facts(path)) == [("a\u2028b", "r", "x\x85y"), ("c", "r", "z")]


def test_lines_of_an_open_quote_are_counted_as_the_reader_counts_them(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text('subject,relation,answer\na\x0cb,r,x\nb,r,"x\nc,r,y\n', "utf-8")
    assert "line 3: a quote is opened" in complaint(read_facts, path)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_a_parquet_table_lacks_is_no_name(tmp_path, monkeypatch, missing):
    import pandas as pd

    path = tmp_path / "facts.parquet"
    path.write_bytes(b"PAR1 and more")
    rows = [*FACTS, ("Oman", "capital", missing)]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    monkeypatch.setattr(pd, "read_parquet", lambda file: frame)
    assert complaint(read_facts, path).endswith("row 3: no answer ('tail')")


def test_parquet_or_what_it_needs(tmp_path, monkeypatch):
    import pandas as pd

    path = tmp_path / "facts.parquet"
    path.write_bytes(b"PAR1 and more")
    frame = pd.DataFrame(FACTS, columns=["head", "relation", "tail"])
    monkeypatch.setattr(pd, "read_parquet", lambda file: frame)
    assert triples(read_facts(path)) == FACTS

    def missing(file):
        raise ImportError("no engine")

    monkeypatch.setattr(pd, "read_parquet", missing)
    assert complaint(read_facts, path).endswith("Parquet files need pyarrow: pip install pyarrow")

    def broken(file):
        raise OSError("bad\nfooter")

    monkeypatch.setattr(pd, "read_parquet", broken)
    assert complaint(read_facts, path).endswith("not a readable Parquet file (bad footer)")


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("a.csv", "x\ty\tz\n", {}, "the header reads x, y, z (--columns names three columns"),
        ("a.csv", "a,b\n", {"header": False}, "line 1 has 2 cells; which are subject, relation"),
        ("a.csv", "a,b,c,d\n", {"header": False}, "line 1 has 4 cells; which are subject"),
        ("a.csv", "a,b,c\n", {"header": False, "columns": "124"}, "column '4' is not a place"),
        ("a.csv", "a,b,c\n", {"header": False, "columns": "1x2"}, "column 'x' is not a place"),
        ("a.csv", "a,b,c\n", {"columns": ("a", "b")}, "columns a,b: three are needed"),
        ("a.csv", "ab,b,c\n", {"columns": ("aa", "b", "c")}, "no column named 'aa'; did you mean"),
        ("a.csv", "a,A,c\n", {"columns": ("Ä", "b", "c")}, "no column named 'Ä'; known: a, A, c"),
        ("a.csv", "a,a,c\n", {"columns": "abc"}, "several columns named 'a'"),
        ("a.csv", "s,subj,r,o\n", {}, "needs one column named 'subject'; the header reads s, subj"),
        ("a.xlsx", "PK\x03\x04...", {}, "an Excel file or another archive; save the table as CSV"),
        ("a.csv.gz", b"\x1f\x8b\x08cut", {}, "not a whole gzip file ("),
        ("a.json", "[{}]", {}, "a JSON array; write one object on each line"),
        ("a.jsonl", '{"s":"a","r":"b","o":"c"}\n{"s":', {}, "line 2 is no JSON ("),
        ("a.jsonl", '{"s":"a","r":"b","o":"c"}\n3\n', {}, "line 2 is no JSON object"),
        ("a.jsonl", '{"s":"a","r":"b","o":"c"}\n{"s":"a"}\n', {}, "line 2: no relation ('r')"),
        ("a.jsonl", '{"s":"a","r":"b","o":["c"]}\n', {}, "line 1: no text or number as answer"),
        ("a.jsonl", '{"s":"a","r":"b","o":NaN}\n', {}, "line 1: no answer ('o')"),
        ("a.jsonl", '{"s":" ","r":"b","o":"c"}\n', {}, "line 1: empty subject"),
        ("a.jsonl", "\n", {}, "no facts below the header"),
        (
            "late.csv",
            "subject,relation,answer\n" + "a,r,x\n" * 250 + 'b,r,"x\n' + "c,r,x\n" * 250,
            {},
            "line 252: a quote is opened that is not closed as it should be (line 502: ",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_the_way_out(tmp_path, name, content, options, said):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert said in complaint(read_facts, path, **options)


def test_a_tab_is_not_printed_as_it_is(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x\ty\n")
    assert "\t" not in complaint(read_facts, path)
