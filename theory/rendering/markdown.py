"""Markdown with TeX between dollars, as HTML with MathML and as LaTeX."""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from assoc.errors import InputError
from sims.engine.tables import latex_literal, latex_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode
    from markupsafe import Markup

__all__ = ["html", "html_inline", "latex"]

ENVIRONMENTS = {"bullet_list": "itemize", "ordered_list": "enumerate", "blockquote": "quote"}
COMMANDS = {"strong": "textbf", "em": "emph", "heading": "paragraph"}


@cache
def _reader() -> "MarkdownIt":
    """Return a reader of Markdown that turns TeX into MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def mathml(content: str, options: Mapping[str, Any]) -> str:
        display = bool(options["display_mode"])
        # The converter has no arg, and a function and its letter would touch.
        shown = re.sub(r"\\arg(?![a-z])", r"\\operatorname{arg}", content)
        shown = re.sub(r"(\\(?:log|exp|max|min))(?: +(?=\w)|(?=\\[a-z]))", r"\1\\,", shown)
        try:
            found = convert(shown, display="block" if display else "inline")
        except Exception as error:  # Of whatever is wrong in a user's formula.
            said = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"formula ${content}$ cannot be read ({said})") from error
        return f'<div class="display">{found}</div>' if display else found

    reader = MarkdownIt("commonmark", {"html": False})
    dollarmath_plugin(reader, renderer=mathml, double_inline=True)
    return reader


def html(text: str) -> "Markup":
    """Return the paragraphs and lists of a text as HTML."""
    from markupsafe import Markup

    return Markup(_reader().render(text.strip()))


def html_inline(text: str) -> "Markup":
    """Return a text without paragraphs as HTML."""
    from markupsafe import Markup

    return Markup(_reader().renderInline(" ".join(text.split())))


def latex(text: str) -> str:
    r"""Return the paragraphs and lists of a text as LaTeX.

    Examples
    --------
    >>> print(latex("If $d > 1$, *all* of `linear`:\n\n- 50%\n- $$x^2$$"))
    If $d > 1$, \emph{all} of \texttt{linear}:
    <BLANKLINE>
    \begin{itemize}
    \item 50\%
    \item \[x^2\]
    \end{itemize}
    """
    from markdown_it.tree import SyntaxTreeNode

    return _latex(SyntaxTreeNode(_reader().parse(text.strip()))).strip()


def _latex(node: "SyntaxTreeNode") -> str:
    """Return a part of a text, of which each block ends with an empty line."""
    kind = node.type
    if kind == "text":
        return latex_text(node.content)
    if kind == "math_inline":
        return f"${node.content}$"
    if kind == "math_inline_double":
        return rf"\[{node.content.strip()}\]"
    if kind == "math_block":
        return rf"\[{node.content.strip()}\]" + "\n\n"
    if kind == "code_inline":
        return rf"\texttt{{{latex_literal(node.content)}}}"
    if kind in ("fence", "code_block"):
        return f"\\begin{{verbatim}}\n{node.content}\\end{{verbatim}}\n\n"
    inner = "".join(map(_latex, node.children))
    if kind in ("softbreak", "hardbreak"):
        return "\n" if kind == "softbreak" else "\\\\\n"
    if kind == "list_item":
        return f"\\item {inner.strip()}\n"
    if kind in ENVIRONMENTS:
        name = ENVIRONMENTS[kind]
        return f"\\begin{{{name}}}\n{inner.strip()}\n\\end{{{name}}}\n\n"
    if kind in COMMANDS:
        return rf"\{COMMANDS[kind]}{{{inner}}}" + ("\n" if kind == "heading" else "")
    return f"{inner}\n\n" if kind == "paragraph" else inner
