"""Tables: what LaTeX, CSV and Markdown hold of the same records."""

import csv
import io
import math
import re

import pytest

from sims.engine.tables import LONG, Column, Table, latex_markdown, latex_text


def table(rows, caption="A caption.", name="toy", **columns):
    return Table(name, caption, columns or {key: Column(key) for key in rows[0]}, rows)


def column(values, **options):
    """A table of one column."""
    return table([{"x": value} for value in values], x=Column("x", **options))


def column_format(text):
    """What stands between the braces after the name of the environment."""
    (found,) = re.findall(r"\\begin\{tabular\}\{@\{\}(.*)@\{\}\}", text)
    return found


def body(text):
    """Cells of the rows between the rules, for tables of one float."""
    (inside,) = re.findall(r"\\midrule\n(.*)\\bottomrule", text, re.DOTALL)
    return [row.removesuffix(r" \\").split(" & ") for row in inside.splitlines()]


@pytest.mark.parametrize(
    ("plain", "tex"),
    [
        ("\\", r"\textbackslash{}"),
        ("{}", r"\{\}"),
        ("$", r"\$"),
        ("a & b", r"a \& b"),
        ("50%", r"50\%"),
        ("#1", r"\#1"),
        ("t_ relation", r"t\_ relation"),
        ("~", r"\textasciitilde{}"),
        ("^", r"\textasciicircum{}"),
        ("<centred>", r"\textless{}centred\textgreater{}"),
        ("N log N / d^2", r"N log N / d\textsuperscript{2}"),
        ("d^-1", r"d\textsuperscript{-1}"),
        ("d^12", r"d\textsuperscript{12}"),
        ("d^k", r"d\textsuperscript{k}"),
        ("(a + b)^2", r"(a + b)\textsuperscript{2}"),
        ("d^(k+1)", r"d\textsuperscript{k+1}"),
        ("2^(50%)", r"2\textsuperscript{50\%}"),
        ("^2", r"\textasciicircum{}2"),
        ("log_2 D", r"log\textsubscript{2} D"),
        ("d_h", r"d\textsubscript{h}"),
        ("t_relation", r"t\_relation"),
        ("a_", r"a\_"),
        ("a >= b", r"a $\ge$ b"),
        ("a <= b", r"a $\le$ b"),
        ("a >~ b", r"a $\gtrsim$ b"),
        ("a != b", r"a $\ne$ b"),
        ("a = b, c > d", r"a = b, c \textgreater{} d"),
        ("first\nsecond", "first\nsecond"),
        ("", ""),
    ],
)
def test_plain_text_is_escaped_for_latex(plain, tex):
    assert latex_text(plain) == tex


def test_all_special_characters_are_escaped_once():
    text = latex_text("\\{}$&%#_~^<>")
    commands = r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}"
    left = re.sub(commands, "", text)
    assert left == r"\{\}\$\&\%\#\_"


@pytest.mark.parametrize(
    ("markdown", "tex"),
    [
        ("$d^2$ is 50%", r"$d^2$ is 50\%"),
        ("`attention-only_1` is", r"\texttt{attention-only\_1} is"),
        ("$a_1$ & $b_1$", r"$a_1$ \& $b_1$"),
        ("99% of $S R$", r"99\% of $S R$"),
        ("`$x$`", r"\texttt{\$x\$}"),
    ],
)
def test_markdown_keeps_tex_and_escapes_the_rest(markdown, tex):
    assert latex_markdown(markdown) == tex


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 20, 300], "S[table-format=3]"),
        ([1, -20], "S[table-format=-2]"),
        ([0.5, 12.25, 3], "S[table-format=2.2]"),
        ([0.125, -3.0625], "S[table-format=-1.3]"),
        # Four digits are shown.
        ([math.pi], "S[table-format=1.3]"),
        ([1e-8, 2.5e-10], "S[table-format=1.1e-99]"),
        ([1.5e12, 3e200], "S[table-format=1.1e999]"),
        ([1e-8, 1e12], "S[table-format=1e-99]"),
        ([0.0, None], "S[table-format=1]"),
        ([9_999_999_999], "S[table-format=10]"),
    ],
)
def test_numbers_of_one_kind_are_aligned_by_the_widest_of_each_part(values, found):
    assert column_format(column(values).latex()) == found


@pytest.mark.parametrize("values", [[0.5, 1e-8], [1, 10**10], [3.0, 2.5e12]])
def test_numbers_of_mixed_kinds_are_set_to_the_right(values):
    text = column(values).latex()
    assert column_format(text) == "r"
    assert all(re.fullmatch(r"\\num\{[-\de.]+\}", cell) for (cell,) in body(text))


def test_numbers_that_are_aligned_stand_bare():
    assert body(column([0.5, 12.25, 3]).latex()) == [["0.50"], ["12.25"], ["3.00"]]
    assert body(column([1e-8, 2.5e-10]).latex()) == [["1e-8"], ["2.5e-10"]]
    assert body(column([0.5, 1e-8]).latex()) == [[r"\num{0.5}"], [r"\num{1e-8}"]]


@pytest.mark.parametrize(
    "values", [[0.5, 12.25, 3], [1 / 3, 2e-3 / 3], [1623.25, 0.09, None], [[0.5, 2], [1.25, 3]]]
)
def test_people_and_latex_are_shown_the_same_digits(values):
    shown = column(values)
    plain = [re.sub(r"\\num\{([^}]*)\}", r"\1", cell) for (cell,) in body(shown.latex())]
    assert [cell.replace("–", "{--}") for (cell,) in shown.cells()] == plain
    assert all(cell.replace("|", r"\|") in shown.markdown() for (cell,) in shown.cells())
    ends = re.findall(r"\d+(?:\.(\d+))?", " ".join(cell for (cell,) in shown.cells()))
    assert len({len(end) for end in ends}) == 1


def test_a_column_has_as_many_decimals_as_its_numbers_need():
    assert body(column([0.09, 1623.25]).latex()) == [["0.09"], ["1623.25"]]
    assert body(column([33.3, 284.15, 0.0]).latex()) == [["33.3"], ["284.1"], ["0.0"]]
    assert body(column([1 / 3, 2e-3 / 3]).latex()) == [["0.333333"], ["0.000667"]]


def test_no_digit_is_shown_that_an_interval_does_not_leave_known():
    columns = {"a": Column("a", known="i"), "i": Column("i", known="i")}
    rows = [{"a": 0.19285, "i": (0.1831, 0.20591)}, {"a": 1.234e-13, "i": None}]
    assert body(Table("toy", "Toy.", columns, rows).latex()) == [
        [r"\num{0.193}", r"[\num{0.183}, \num{0.206}]"],
        [r"\num{1.2e-13}", "--"],
    ]


def test_formulas_in_a_column_of_text_are_set():
    shown = Table("toy", "Toy.", {"a": Column("a", width=0.5)}, [{"a": "N / d^2, to 10 %"}])
    assert body(shown.latex()) == [[r"$N / d^2$, to 10\%"]]


def test_digits_are_those_of_the_column():
    assert body(column([math.pi], digits=2).latex()) == [["3.1"]]
    assert body(column([123456], digits=2).latex()) == [["123456"]]
    assert column([math.pi], digits=6).cells() == [["3.14159"]]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.5, None], ["0.5", "{--}"]),
        # A column without a number to align.
        ([None, None], ["--", "--"]),
        ([0.5, 1e-9, None], [r"\num{0.5}", r"\num{1e-9}", "--"]),
        (["word", None], ["word", "--"]),
        ([1.5, math.inf], ["1.5", r"{$\infty$}"]),
        ([1.5, -math.inf], ["1.5", r"{$-\infty$}"]),
        ([1.5, math.nan], ["1.5", r"{$\mathrm{undefined}$}"]),
        ([True, False], ["yes", "no"]),
    ],
)
def test_what_is_missing_or_no_number_is_shown_as_such(values, shown):
    assert [cell for (cell,) in body(column(values).latex())] == shown


def test_infinite_numbers_do_not_spoil_the_alignment():
    for value in (math.inf, math.nan, -math.inf):
        assert column_format(column([1.5, 20, value]).latex()) == "S[table-format=2.1]"
    assert column_format(column([math.inf]).latex()) == "r"


def test_an_infinite_number_stands_beside_exponents_too():
    text = column([1e-8, 2.5e-10, math.inf]).latex()
    assert [cell for (cell,) in body(text)] in (
        ["1e-8", "2.5e-10", r"{$\infty$}"],
        [r"\num{1e-8}", r"\num{2.5e-10}", r"{$\infty$}"],
    )


@pytest.mark.parametrize(
    ("value", "tex", "plain"),
    [
        ([1, 2.5], r"[\num{1.0}, \num{2.5}]", "[1.0, 2.5]"),
        ((1, 2.5), r"[\num{1.0}, \num{2.5}]", "[1.0, 2.5]"),
        ([None, 2.5], r"[$-\infty$, \num{2.5}]", "[-∞, 2.5]"),
        ([1, None], r"[\num{1}, $\infty$]", "[1, ∞]"),
        ([None, None], r"[$-\infty$, $\infty$]", "[-∞, ∞]"),
        ([1e-12, 0.5], r"[\num{1e-12}, \num{0.5}]", "[1e-12, 0.5]"),
        ([0.5, math.inf], r"[\num{0.5}, $\infty$]", None),
        (None, "--", "–"),
    ],
)
def test_intervals_show_their_ends(value, tex, plain):
    shown = table([{"x": [0, 1]}, {"x": value}])
    (_, (last,)) = body(shown.latex())
    assert last == tex
    assert column_format(shown.latex()) == "r"
    if plain is not None:
        assert shown.cells()[1] == [plain]


def test_columns_are_set_by_what_they_hold():
    shown = Table(
        "toy",
        "",
        {"a": Column("a"), "b": Column("b", width=0.3), "c": Column("c"), "d": Column("d")},
        [{"a": "x", "b": "long", "c": 1, "d": [1, 2]}],
    )
    assert column_format(shown.latex()) == (
        r"l>{\raggedright\arraybackslash\hspace{0pt}}p{\dimexpr0.3\linewidth+14pt\relax}S[table-format=1]r"
    )
    assert shown.kinds() == ["", "text", "n", "n"]


def test_words_are_escaped_in_cells_headings_and_captions():
    rows = [{"x": "50% & d^2 of log_2", "y": 1}]
    text = table(rows, "99% of `a_b` & $d^2$", x=Column("off (%)"), y=Column("$N$")).latex()
    assert r"50\% \& d\textsuperscript{2} of log\textsubscript{2}" in text
    assert r"\caption{99\% of \texttt{a\_b} \& $d^2$}" in text
    # Braces keep siunitx from reading a heading as a number.
    assert r"{off (\%)} & {$N$} \\" in text


def test_a_table_is_one_float_with_its_label():
    text = column([1, 2]).latex()
    for once in (r"\begin{table}[htbp]", r"\toprule", r"\midrule", r"\bottomrule", r"\centering",
                 r"\caption{A caption.}", r"\label{tab:recall-toy}", r"\end{tabular}",
                 r"\begin{adjustbox}{max width=\linewidth,", r"\end{adjustbox}"):  # fmt: skip
        assert text.count(once) == 1, once
    environments = re.findall(r"\\(begin|end)\{(\w+)\}", text)
    assert environments == [
        ("begin", "table"), ("begin", "adjustbox"), ("begin", "tabular"),
        ("end", "tabular"), ("end", "adjustbox"), ("end", "table"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [LONG, LONG + 1, 2 * LONG, 2 * LONG + 5])
def test_a_long_table_is_several_floats_of_which_the_first_has_the_label(count):
    text = column(range(count)).latex()
    floats = text.split(r"\begin{table}")[1:]
    assert len(floats) == -(-count // LONG)
    assert [r"\label{tab:recall-toy}" in part for part in floats] == [
        i == 0 for i in range(len(floats))
    ]
    assert r"\caption{A caption.}" in floats[0]
    assert all(r"\caption{(Continued.)}" in part for part in floats[1:])
    rows = [int(cell) for part in floats for (cell,) in body(part)]
    assert rows == list(range(count))


def test_the_parts_of_a_long_table_are_aligned_alike():
    text = column([1] * LONG + [-2.25, 300]).latex()
    first, second = text.split(r"\begin{table}")[1:]
    assert column_format(first) == column_format(second) == "S[table-format=-3.2]"


def test_an_empty_table_has_its_heading_and_no_row():
    empty = Table("toy", "Nothing.", {"a": Column("$a$"), "b": Column("b", width=0.2)}, [])
    text = empty.latex()
    assert "$a$" in text
    assert text.count(r"\begin{table}") == 1
    assert r"\label{tab:recall-toy}" in text
    assert r"\bottomrule" in text
    assert empty.csv() == "a,b\n"
    assert empty.cells() == []
    assert empty.markdown().startswith("Nothing.\n\n|")
    assert len(empty.markdown().strip().splitlines()) == 4


def test_csv_holds_numbers_in_full():
    values = [math.pi, 1e-300, 0.1 + 0.2, 2.0**53, 12345678901234567890, -5e-324]
    found = list(csv.DictReader(io.StringIO(column(values, digits=2).csv())))
    assert [float(row["x"]) for row in found] == [float(value) for value in values]
    assert found[4]["x"] == "12345678901234567890"


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t"])
def test_a_spreadsheet_finds_no_formula_in_csv(begins):
    """Names of a third party's table, and numbers beside them, also in words."""
    values = [f"{begins}HYPERLINK(1)", f"Zoë {begins}", "-1e5", -0.5]
    found = list(csv.reader(io.StringIO(column(values).csv(), newline="")))[1:]
    assert [row[0] for row in found] == ["'" + values[0], values[1], "-1e5", "-0.5"]


def test_a_cell_of_csv_ends_no_row():
    found = list(csv.reader(io.StringIO(column(["one\rcell", "and\r\n=b", "c"]).csv(), newline="")))
    assert found == [["x"], ["one\ncell"], ["and\n=b"], ["c"]]


def test_csv_splits_intervals_and_leaves_what_is_missing_empty():
    rows = [
        {"x": [0.1, None], "n": 3, "word": "a,b"},
        {"x": (None, 1 / 3), "n": None, "word": 'say "x"'},
        {"x": None, "n": 4, "word": "first\nsecond"},
    ]
    text = table(rows).csv()
    assert text.startswith("x low,x high,n,word\n")
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"x low": "0.1", "x high": "", "n": "3", "word": "a,b"},
        {"x low": "", "x high": repr(1 / 3), "n": "", "word": 'say "x"'},
        {"x low": "", "x high": "", "n": "4", "word": "first\nsecond"},
    ]


def test_only_the_columns_that_are_shown_are_written():
    shown = table([{"x": 1, "hidden": 2}], x=Column("$x$"))
    assert shown.csv() == "x\n1\n"
    assert "hidden" not in shown.latex() + shown.markdown()


def test_a_record_may_lack_a_column():
    shown = table([{"x": 1}, {"y": 2}], x=Column("x"), y=Column("y"))
    assert shown.csv() == "x,y\n1,\n,2\n"
    assert shown.cells() == [["1", "–"], ["–", "2"]]


def test_pipes_do_not_end_cells_of_markdown():
    text = table([{"x": "|a| <= 1", "y": 2}, {"x": "b", "y": -31}]).markdown()
    caption, _, *lines = text.splitlines()
    assert caption == "A caption."
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines] == [3] * 4
    assert r"\|a\| <= 1" in lines[2]
    assert re.fullmatch(r"\|:-+\|-+:\|", lines[1])


def test_pipes_do_not_end_headings_of_markdown():
    text = table([{"x": 1}], x=Column("$|x|$")).markdown()
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines()[2:]] == [2] * 3


def test_a_line_break_does_not_end_a_row_of_markdown():
    lines = table([{"x": "first\nsecond", "y": 1}]).markdown().strip().splitlines()
    assert len(lines) == 2 + 3


def test_markdown_shows_the_cells_that_people_read():
    rows = [{"x": math.pi, "y": None, "z": [1, None], "w": True}]
    last = table(rows).markdown().strip().splitlines()[-1]
    assert [cell.strip() for cell in last.strip("|").split("|")] == ["3.142", "–", "[1, ∞]", "yes"]


def test_numbers_of_the_same_kind_read_alike_everywhere():
    shown = column([1e-8, 2.5e-10])
    assert shown.cells() == [["1e-8"], ["2.5e-10"]]
    assert [cell for (cell,) in body(shown.latex())] == ["1e-8", "2.5e-10"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(123456.0, "123456"), (1e5, "100000"), (12345.0, "12345"), (1234.0, "1234"), (0.0, "0")],
)
def test_wholes_that_are_no_integers_are_shown_with_their_digits(value, text):
    assert column([value]).cells() == [[text]]
