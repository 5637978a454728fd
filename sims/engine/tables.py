"""Tables for papers: the same records as LaTeX, Markdown and CSV.

LaTeX tables have rules of booktabs and numbers that siunitx aligns and formats; a text column is
set ragged in a share of the line. Headings and captions are Markdown with TeX between dollars,
which all of LaTeX, Markdown and the report's page understand.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sims.engine.formulas import typeset
from sims.engine.numbers import decimals_shared, is_number, number_known, number_rounded

__all__ = [
    "Column",
    "Table",
    "latex_literal",
    "latex_markdown",
    "latex_statement",
    "latex_text",
    "number_text",
]

FORMULA = ("=", "+", "-", "@", "\t")
"""What a spreadsheet takes for the beginning of a formula."""

LONG = 40
"""Most rows of a table on one page."""

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
COMPARISONS = {">=": r"$\ge$", "<=": r"$\le$", ">~": r"$\gtrsim$", "!=": r"$\ne$"}


@dataclass(frozen=True)
class Column:
    r"""A column of a table.

    Parameters
    ----------
    heading : Markdown, with TeX between dollars.
    width : share of the line that a column of text takes; None for numbers and short words.
    digits : significant digits of numbers that are no integers.
    known : key of an interval in the same record, beyond whose digits LaTeX shows nothing.
    printed : whether LaTeX has it too, whose lines are short; Markdown and CSV have it anyway.
    """

    heading: str
    width: float | None = None
    digits: int = 4
    printed: bool = True
    known: str = ""


@dataclass(frozen=True)
class Table:
    """Records with a caption, and what their columns are.

    Parameters
    ----------
    name : of its files, and of its label: ``tab:recall-NAME``.
    caption : Markdown, with TeX between dollars.
    columns : those that are shown, by the key of the records. A pair of numbers is an interval, a
        missing end of it is unbounded.
    rows : the records.
    printed : whether papers have it; of what is only long CSV and the page have it.
    """

    name: str
    caption: str
    columns: Mapping[str, Column]
    rows: Sequence[Mapping[str, Any]]
    printed: bool = True

    def cells(self) -> list[list[str]]:
        """Return the cells as text for people, with the digits that LaTeX shows."""
        decimals = {key: self._decimals(key) for key in self.columns}
        return [[self._cell(key, row, decimals[key]) for key in self.columns] for row in self.rows]

    def numeric(self, key: str) -> bool:
        """Whether a column holds numbers only."""
        return all(is_number(row.get(key)) or row.get(key) is None for row in self.rows)

    def kinds(self) -> list[str]:
        """Return what each column holds: ``n`` for numbers, ``text``, or nothing for words."""
        return [
            "n" if self.numeric(key) or self._interval(key) else "text" if column.width else ""
            for key, column in self.columns.items()
        ]

    def csv(self) -> str:
        """Return the table as CSV, numbers in full; an interval is two columns.

        A text that a spreadsheet would take for a formula gets an apostrophe before it.
        """
        import pandas as pd

        records = []
        names: dict[str, None] = {}
        for key in self.columns:
            ends = (f"{key} low", f"{key} high") if self._interval(key) else (key,)
            names |= dict.fromkeys(ends)
        for row in self.rows:
            record: dict[str, Any] = {}
            for key in self.columns:
                value = row.get(key)
                if self._interval(key):
                    record[f"{key} low"], record[f"{key} high"] = value or (None, None)
                else:
                    record[key] = _no_formula(value)
            records.append(record)
        # Integers stay integers beside what is missing.
        return str(
            pd.DataFrame(records, columns=list(names), dtype=object).to_csv(
                index=False, lineterminator="\n"
            )
        )

    def markdown(self) -> str:
        """Return the table as Markdown, the caption above it."""
        from tabulate import tabulate

        text = tabulate(
            [[_markdown_cell(cell) for cell in row] for row in self.cells()],
            [_markdown_cell(column.heading) for column in self.columns.values()],
            tablefmt="pipe",
            disable_numparse=True,
            colalign=["right" if kind == "n" else "left" for kind in self.kinds()],
        )
        return f"{self.caption}\n\n{text}\n"

    def latex(self) -> str:
        """Return the table as LaTeX: floats that shrink to the line where they are wider than it.

        A long table is several floats, of which the first has the label.
        """
        rows = list(self.rows)
        chunks = [rows[start : start + LONG] for start in range(0, len(rows), LONG)] or [[]]
        return "\n".join(self._float(chunk, first=i == 0) for i, chunk in enumerate(chunks))

    def _float(self, rows: Sequence[Mapping[str, Any]], *, first: bool) -> str:
        import pandas as pd

        keys = [key for key, column in self.columns.items() if column.printed]
        frame = pd.DataFrame(
            [[self._latex_cell(key, row) for key in keys] for row in rows],
            columns=[latex_markdown(self.columns[key].heading) for key in keys],
            dtype=object,
        )
        buffer = io.StringIO()
        frame.style.hide(axis="index").to_latex(
            buffer,
            column_format="@{}" + "".join(self._column_format(key) for key in keys) + "@{}",
            position="htbp",
            position_float="centering",
            hrules=True,
            siunitx=True,
            label=f"tab:recall-{self.name}" if first else None,
            caption=latex_markdown(self.caption if first else "(Continued.)"),
        )
        start = "\\par\\smallskip\n\\footnotesize\n\\setlength{\\tabcolsep}{4pt}\n"
        # A float may not be longer than its page, and a long one leaves others no room.
        start += "\\begin{adjustbox}{max width=\\linewidth,max totalheight=0.33\\textheight}\n"
        start += "\\begin{tabular}"
        return (
            buffer.getvalue()
            .replace("\\begin{tabular}", start, 1)
            .replace("\\end{tabular}", "\\end{tabular}\n\\end{adjustbox}", 1)
        )

    def _cell(self, key: str, row: Mapping[str, Any], decimals: int | None) -> str:
        column, value = self.columns[key], row.get(key)
        if column.known and value is not None:
            return number_known(value, row.get(column.known))
        return _shown(value, column.digits, decimals)

    def _aligned(self, key: str) -> bool:
        """Whether siunitx can align a column: numbers that are all written in one way."""
        if not self.numeric(key) or self.columns[key].known:
            return False
        shown = self._numbers(key)
        return len({"e" in text for text in shown}) == 1

    def _numbers(self, key: str) -> list[str]:
        """Return the numbers of a column as they are printed."""
        digits, decimals = self.columns[key].digits, self._decimals(key)
        values = [row[key] for row in self.rows if row.get(key) is not None]
        return [number_rounded(value, digits, decimals) for value in values]

    def _decimals(self, key: str) -> int | None:
        """Return the decimals of all numbers of a column, or ends of intervals, if they agree."""
        values = [row[key] for row in self.rows if row.get(key) is not None]
        if self._interval(key):
            values = [end for ends in values for end in ends if end is not None]
        if not all(is_number(value) for value in values):
            return None
        return decimals_shared(values, self.columns[key].digits)

    def _interval(self, key: str) -> bool:
        values = [row.get(key) for row in self.rows if row.get(key) is not None]
        return bool(values) and all(isinstance(value, list | tuple) for value in values)

    def _column_format(self, key: str) -> str:
        width = self.columns[key].width
        if width is not None:
            # Of a narrow line a share alone has no room for a short formula.
            room = rf"\dimexpr{width:g}\linewidth+14pt\relax"
            return rf">{{\raggedright\arraybackslash\hspace{{0pt}}}}p{{{room}}}"
        if self._interval(key):
            return "r"
        if not self._aligned(key):
            return "r" if self.numeric(key) else "l"
        shown = self._numbers(key)
        parts = [re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?(?:e(-?)(\d+))?", text) for text in shown]
        found = [part.groups(default="") for part in parts if part is not None]
        if not found:
            return "r"
        # siunitx reserves room by the widest of each part.
        sign = "-" if any(part[0] for part in found) else ""
        whole, decimals, power = (max(len(part[i]) for part in found) for i in (1, 2, 4))
        minus = "-" if any(part[3] for part in found) else ""
        exponent = f"e{minus}{'9' * power}" if power else ""
        point = f".{decimals}" if decimals else ""
        return f"S[table-format={sign}{whole}{point}{exponent}]"

    def _latex_cell(self, key: str, row: Mapping[str, Any]) -> str:
        column = self.columns[key]
        value: Any = row.get(key)
        if column.known and value is not None:
            return _latex_known(value, row.get(column.known))
        if isinstance(value, list | tuple):
            decimals = self._decimals(key)
            ends = (_latex_end(end, column.digits, decimals, i) for i, end in enumerate(value))
            return f"[{', '.join(ends)}]"
        if is_number(value):
            aligned = self._aligned(key)
            text = number_rounded(value, column.digits, self._decimals(key) if aligned else None)
            if text[-1].isdigit():
                return text if aligned else rf"\num{{{text}}}"
            return f"{{${_infinite(value)}$}}"
        if value is None:
            return "{--}" if self._aligned(key) else "--"
        text = _shown(value, column.digits)
        return latex_statement(text) if column.width else latex_text(text)


def number_text(value: Any) -> str:
    """Return a number with four significant digits, short integers in full, and a text as it is.

    Examples
    --------
    >>> number_text(20490094.415), number_text(64), number_text(10**9), number_text("sign")
    ('2.049e7', '64', '1e9', 'sign')
    """
    long = isinstance(value, int) and abs(value) >= 10**6
    return _shown(float(value) if long else value, 4)


def latex_text(text: str) -> str:
    r"""Return plain text for LaTeX; ``d^2`` and ``log_2`` become raised and lowered.

    Examples
    --------
    >>> print(latex_text("N log N / d^2 >= 50%"))
    N log N / d\textsuperscript{2} $\ge$ 50\%
    """
    out = []
    pattern = r"(>=|<=|>~|!=)|(?<=[\w)])\^(-?\d+|\w|\([^()]*\))|(?<=[a-z])_(\w)(?!\w)|(.)"
    for compared, raised, lowered, other in re.findall(pattern, text, re.DOTALL):
        if compared:
            out.append(COMPARISONS[compared])
        elif raised:
            out.append(rf"\textsuperscript{{{latex_text(raised.strip('()'))}}}")
        elif lowered:
            out.append(rf"\textsubscript{{{latex_text(lowered)}}}")
        else:
            out.append(SPECIAL.get(other, other))
    return "".join(out)


def latex_statement(text: str) -> str:
    r"""Return plain text for LaTeX, with what people read as a formula in it set as one.

    Examples
    --------
    >>> print(latex_statement("S >= 8 R sqrt(2 D) of `recall bound`, to 10%"))
    $S \ge 8 R \sqrt{2 D}$ of \texttt{recall bound}, to 10\%
    """
    return latex_markdown(typeset(text, _tight))


def _tight(text: str) -> str:
    """Return text in which a percent sign follows its number; dollars would begin a formula."""
    return re.sub(r"(?<=\d) %", "%", text).replace("$", "")


def latex_literal(text: str) -> str:
    """Return text for LaTeX as it is, powers and indices too."""
    return "".join(SPECIAL.get(character, character) for character in text)


def latex_markdown(text: str) -> str:
    """Return Markdown for LaTeX: TeX between dollars stays, `code` is set as such."""
    parts = re.split(r"(\$[^$]*\$|`[^`]*`)", text)
    for i, part in enumerate(parts):
        if part.startswith("`"):
            parts[i] = rf"\texttt{{{latex_literal(part.strip('`'))}}}"
        elif not part.startswith("$"):
            parts[i] = latex_text(part)
    return "".join(parts)


def _no_formula(value: Any) -> Any:
    """Return a value for CSV, as OWASP advises for texts that come from others.

    Within a text only a line feed ends a line: for others CSV has no quotes here.

    Examples
    --------
    >>> _no_formula("=1+1"), _no_formula("-1.5"), _no_formula(-1.5), _no_formula("a=b")
    ("'=1+1", '-1.5', -1.5, 'a=b')
    """
    if not isinstance(value, str):
        return value
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if not value.startswith(FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def _markdown_cell(text: str) -> str:
    """Return text that ends neither its cell nor its row."""
    return " ".join(text.split()).replace("|", r"\|")


def _latex_known(value: Any, interval: Any) -> str:
    """Return a number or an interval with the digits that an interval leaves known."""
    text = number_known(value, interval)
    return re.sub(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", lambda found: rf"\num{{{found[0]}}}", text)


def _infinite(value: float) -> str:
    return r"\mathrm{undefined}" if math.isnan(value) else r"\infty" if value > 0 else r"-\infty"


def _latex_end(value: Any, digits: int, decimals: int | None, end: int) -> str:
    if value is None:
        return r"$\infty$" if end else r"$-\infty$"
    text = number_rounded(value, digits, decimals)
    return rf"\num{{{text}}}" if text[-1].isdigit() else f"${_infinite(value)}$"


def _shown(value: Any, digits: int, decimals: int | None = None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        ends = ("∞" if item is None and i else "-∞" if item is None
                else _shown(item, digits, decimals) for i, item in enumerate(value))  # fmt: skip
        return "[" + ", ".join(ends) + "]"
    if is_number(value):
        return number_rounded(value, digits, decimals)
    return str(value)
