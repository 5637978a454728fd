r"""Statements written in plain letters, such as ``N log N / d^2 >= 1/8``, with formulas in TeX.

Claims and hypotheses are plain text, which terminals and JSON show as it is. For pages and papers
:func:`typeset` finds the formulas in it. It reads a formula as a person does: sums of products of
letters, numbers and functions, with relations between them. What it cannot read stays text.
"""

import re
from collections.abc import Callable

__all__ = ["escaped", "typeset"]

GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "kappa", "lambda", "mu", "nu",
    "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
)  # fmt: skip
FUNCTIONS = {
    "log": r"\log", "exp": r"\exp", "max": r"\max", "min": r"\min", "sum": r"\sum",
    "polylog": r"\operatorname{polylog}",
}  # fmt: skip
RELATIONS = {
    "<=": r"\le",
    ">=": r"\ge",
    "!=": r"\ne",
    ">~": r"\gtrsim",
    "=": "=",
    "<": "<",
    ">": ">",
}
ARTICLES = ("a", "A", "I")
"""Letters that are words."""

KEPT = re.compile(r"(`+[^`]*`+|\$[^$]*\$)")
"""Code and TeX, which stay as they are."""

LETTER = re.compile(r"([A-Za-z])(?:_([A-Za-z]+|\d+))?(?![A-Za-z0-9_])")
NAME = re.compile(rf"({'|'.join(GREEK)})(?:_([A-Za-z]+|\d+))?(?![A-Za-z0-9_])")
NUMBER = re.compile(r"(\d+(?:,\d{3})+|\d+)(\.\d+)?(?:e([+-]?\d+)(?![A-Za-z0-9]))?(?![\d_]|\.\d)")
FUNCTION = re.compile(rf"({'|'.join((*FUNCTIONS, 'sqrt'))})(?![A-Za-z0-9_])")
PAIRS = {"(": ")", "{": "}", "<": ">"}
DRAWN = {"(": "(", ")": ")", "{": r"\{", "}": r"\}", "<": r"\langle ", ">": r" \rangle"}


def typeset(text: str, plain: Callable[[str], str] | None = None) -> str:
    r"""Return a plain text as Markdown in which formulas are TeX between dollars.

    Parameters
    ----------
    text : plain; code in backquotes, and what is TeX already, are left alone.
    plain : what becomes of the text between formulas; None for what Markdown reads as it stands.

    Examples
    --------
    >>> print(typeset("N log N / d^2 of a memory tends to 1/8, to 10%."))
    $N \log N / d^2$ of a memory tends to $1/8$, to 10%.
    """
    parts = KEPT.split(text)
    parts[::2] = [_plain(part, plain or escaped) for part in parts[::2]]
    return "".join(parts)


def escaped(text: str) -> str:
    """Return text in which nothing is markup of Markdown, and a percent sign follows its number.

    Parameters
    ----------
    text : plain, without code.
    """
    safe = re.sub(r"([\\*_<>\[\]$|#`])", r"\\\1", re.sub(r"(?<=\d) %", "%", text))
    return re.sub(r"\\?([<>!])=", lambda found: f"${RELATIONS[found[1] + '=']}$", safe)


def _plain(text: str, plain: Callable[[str], str]) -> str:
    """Return text without code, formulas in it as TeX."""
    out: list[str] = []
    start = at = 0
    while at < len(text):
        found = _Formula(text).read(at) if _begins(text, at) else None
        if found is None:
            at += 1
            continue
        end, tex = found
        out += [plain(text[start:at]), f"${tex}$"]
        start = at = end
    return "".join((*out, plain(text[start:])))


def _begins(text: str, at: int) -> bool:
    """Whether a formula may begin at a place: nothing of a word or a number is before it."""
    if not re.match(r"[A-Za-z0-9({<-]", text[at]):
        return False
    before = text[at - 1] if at else " "
    if text[at] == "-" and before not in " (":
        return False
    return not re.match(r"[\w.^'/]", before)


class _Formula:
    """Reads a formula from a place of a text on; each method returns where it ends, and its TeX.

    Parameters
    ----------
    text : all of it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.telling = False
        """Whether there is anything in it that a number alone has not."""

    def read(self, at: int) -> tuple[int, str] | None:
        """Return the longest formula, unless there is none or it says no more than a number."""
        found = self._relation(at)
        if found is None:
            return None
        end, _ = found
        after = self.text[end : end + 2]
        # A decimal, an abbreviation or a possessive is no formula's end.
        if re.match(r"\.\w|'\w|[\w^]", after) or not self.telling:
            return None
        word = self.text[at:end] in ARTICLES
        return None if word else found

    def _chain(
        self, at: int, part: Callable[[int], tuple[int, str] | None], joint: re.Pattern[str],
        sign: Callable[[str], str],
    ) -> tuple[int, str] | None:  # fmt: skip
        """Read parts with signs between them, as many as there are."""
        found = part(at)
        while found is not None:
            end, tex = found
            between = joint.match(self.text, end)
            following = part(between.end()) if between else None
            if between is None or following is None:
                return found
            self.telling |= between[0].strip() not in "+-"
            found = following[0], tex + sign(between[0]) + following[1]
        return None

    def _relation(self, at: int) -> tuple[int, str] | None:
        return self._chain(
            at, self._sum, re.compile(r" (?:<=|>=|!=|>~|=|<|>) "),
            lambda found: f" {RELATIONS[found.strip()]} ",
        )  # fmt: skip

    def _sum(self, at: int) -> tuple[int, str] | None:
        minus = self.text.startswith("-", at)
        found = self._chain(
            at + minus, self._product, re.compile(r" [+-] |[+-](?=[\w(])"), lambda found: found
        )
        if found is None:
            return None
        end, tex = found
        return end, ("-" if minus else "") + tex

    def _product(self, at: int) -> tuple[int, str] | None:
        found = self._factor(at)
        while found is not None:
            end, tex = found
            for joint, drawn in (
                (r" / |/(?=[\w(])", None),
                (" x ", r" \times "),
                (" ", " "),
                ("", " "),
            ):
                between = re.compile(joint).match(self.text, end)
                # A number stands before its letters.
                if between is None or (drawn == " " and self._number(between.end())):
                    continue
                telling = self.telling
                following = self._factor(between.end())
                if following is None or (not joint and not self._adjoins(end)):
                    self.telling = telling
                    continue
                if drawn is None or joint == " x ":
                    self.telling = True
                found = following[0], tex + (drawn or between[0]) + following[1]
                break
            else:
                return found
        return None

    def _adjoins(self, end: int) -> bool:
        """Whether what ends here multiplies what begins here: 2k, 2(a-1), (1/8)(2/pi)."""
        return self.text[end - 1].isdigit() or (self.text[end - 1] == ")" and self.text[end] == "(")

    def _number(self, at: int) -> bool:
        return NUMBER.match(self.text, at) is not None

    def _factor(self, at: int) -> tuple[int, str] | None:
        found = self._function(at) or self._letter(at) or self._numeral(at) or self._bracket(at)
        if found is None:
            return None
        end, tex = found
        if re.compile("!(?![=\\w])").match(self.text, end):
            end, tex = end + 1, f"{tex}!"
        if self.text.startswith("^", end):
            power = self._power(end + 1)
            if power is None:
                return None
            self.telling = True
            return power[0], f"{tex}^{_group(power[1])}"
        return end, tex

    def _power(self, at: int) -> tuple[int, str] | None:
        minus = "-" if self.text.startswith("-", at) else ""
        at += len(minus)
        found = self._letter(at) or self._numeral(at) or self._bracket(at)
        if found is None:
            return None
        end, tex = found
        if tex.startswith("(") and not minus:
            tex = tex[1:-1]
        return end, minus + tex

    def _function(self, at: int) -> tuple[int, str] | None:
        name = FUNCTION.match(self.text, at)
        if name is None:
            return None
        telling, end = self.telling, name.end()
        spaced = name[1] not in ("exp", "sqrt") and self.text.startswith(" ", end)
        found = self._factor(end + 1) if spaced else self._bracket(end)
        if found is None:
            self.telling = telling
            return None
        self.telling = True
        if name[1] == "sqrt":
            return found[0], rf"\sqrt{{{found[1][1:-1]}}}"
        return found[0], FUNCTIONS[name[1]] + (" " if spaced else "") + found[1]

    def _letter(self, at: int) -> tuple[int, str] | None:
        greek = NAME.match(self.text, at)
        found = greek or LETTER.match(self.text, at)
        if found is None or self._is_word(found):
            return None
        self.telling = True
        tex = rf"\{found[1]}" if greek else found[1]
        if found[2]:
            low = found[2]
            tex += "_" + _group(low if len(low) == 1 or low.isdigit() else rf"\mathrm{{{low}}}")
        end = found.end()
        mark = re.compile(r"(?:\*(?!\*)|'+)(?![\w*])").match(self.text, end)
        if mark:
            tex += "^*" if mark[0] == "*" else mark[0]
            end = mark.end()
        telling = self.telling
        applied = self._bracket(end) if self.text.startswith("(", end) else None
        if applied is None:
            self.telling = telling
            return end, tex
        return applied[0], tex + applied[1]

    def _is_word(self, found: re.Match[str]) -> bool:
        """Whether a letter is a word here: followed by one, and by nothing that it multiplies."""
        if found[0] not in ARTICLES:
            return False
        factor = "|[B-Z](?![\\w'])" if found[0] == "A" else ""
        return re.match(rf" (?![-+/=<>|] ?[\w(]{factor})", self.text[found.end() :]) is not None

    def _numeral(self, at: int) -> tuple[int, str] | None:
        found = NUMBER.match(self.text, at)
        if found is None:
            return None
        tex = found[1].replace(",", "{,}") + (found[2] or "")
        if found[3] is not None:
            self.telling = True
            power = f"10^{_group(str(int(found[3])))}"
            tex = power if tex == "1" else rf"{tex} \times {power}"
        return found.end(), tex

    def _bracket(self, at: int) -> tuple[int, str] | None:
        """Read a bracket with one formula in it, or several with commas or a bar between."""
        opening = self.text[at : at + 1]
        if opening not in PAIRS or (opening == "<" and self.text[at + 1 : at + 2] == " "):
            return None
        telling = self.telling
        found = self._chain(
            at + 1, self._sum, re.compile(", | \\| "),
            lambda mark: r" \mid " if "|" in mark else mark,
        )  # fmt: skip
        if found is None or not self.text.startswith(PAIRS[opening], found[0]):
            self.telling = telling
            return None
        if opening == "<" and ", " not in found[1]:
            self.telling = telling
            return None
        return found[0] + 1, DRAWN[opening] + found[1] + DRAWN[PAIRS[opening]]


def _group(tex: str) -> str:
    """Return what is raised or lowered, in braces unless it is one sign."""
    return tex if len(tex) == 1 else f"{{{tex}}}"
