"""How figures are drawn and written: one style sheet, and files that say where they come from."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "drawn", "in_roman", "styled"]

STYLE = Path(__file__).with_name("recall.mplstyle")

ROMAN = "cmr10"
"""The font of text in the style sheet."""

MISSING = {"_": r"$\_$", "<": "$<$", ">": "$>$", "|": "$|$", "{": r"$\{$", "}": r"$\}$"}
"""What stands in that font in the places of other characters."""

FORMATS = {"png": "Description", "svg": "Description", "pdf": "Subject"}
"""Formats of figures, and the field of their metadata that says where they come from."""


@contextmanager
def styled(own: str = "") -> Iterator[None]:
    """Draw figures in the project's style while the context is open.

    Parameters
    ----------
    own : a style sheet of the user's, or a style that Matplotlib has, which goes on top.
    """
    from matplotlib import style

    with style.context([STYLE, own] if own else STYLE):
        yield


def drawn(figure: "Figure", suffix: str, origin: Mapping[str, Any], own: str = "") -> bytes:
    """Return a figure as a file; the same figure is the same file.

    Parameters
    ----------
    figure : drawn under :func:`styled`.
    suffix : of :data:`FORMATS`.
    origin : the provenance, for the metadata.
    own : style, as for :func:`styled`.
    """
    buffer = io.BytesIO()
    metadata: dict[str, Any] = {FORMATS[suffix]: json.dumps(origin)}
    metadata |= {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix, {})
    with styled(own):
        _lay_out(figure)
        figure.savefig(buffer, format=suffix, metadata=metadata)
    return buffer.getvalue()


def _lay_out(figure: "Figure") -> None:
    """Place the parts of a figure once, whatever number of files it is written to."""
    _set_in_roman(figure)
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine(None)


def _set_in_roman(figure: "Figure") -> None:
    """Replace the characters that Computer Modern's text fonts lack by those of mathematics."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedLocator

    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_fontfamily()[:1] == [ROMAN]:
            text.set_text(in_roman(text.get_text()))
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):
                axis.set_ticklabels([in_roman(each.get_text()) for each in axis.get_ticklabels()])


def in_roman(text: str) -> str:
    r"""Return a label as Computer Modern can set it.

    Parameters
    ----------
    text : what stands between dollars is mathematics, and is left as it is.

    Examples
    --------
    >>> print(in_roman("my_module:build, $N_f$ < 3"))
    my$\_$module:build, $N_f$ $<$ 3
    """
    parts = text.split("$")
    if len(parts) % 2 == 0:
        return text
    parts[::2] = [
        "".join(MISSING.get(character, character) for character in part) for part in parts[::2]
    ]
    return "$".join(parts)
