r"""Everything that the command prints goes through here.

Texts of a third party's table, model or module reach a terminal as text: what would move the
cursor, change a colour, end a line or turn the direction of writing is shown as an escape such as
``\x1b``.
Stdout has what the command found and nothing else: what other code prints goes to stderr.
"""

import errno
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

__all__ = [
    "OutputError",
    "discard",
    "json_text",
    "one_line",
    "say",
    "show",
    "stdout_kept",
    "visible",
    "writing",
]

ERRORS = 2
"""The number of stderr."""

HIDDEN = (
    # Controls, surrogates, ends of lines and paragraphs, marks of direction, invisible signs.
    "\\x00-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\ud800-\\udfff\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f"
)
"""Characters that are not seen, or change how others are; those that join letters are none."""

ESCAPED = re.compile(f"[{HIDDEN}]")

IN_JSON = re.compile(f"(?!\\n)[{HIDDEN}]")


class OutputError(OSError):
    """Stdout takes nothing more: its reader is gone, its disk is full, or it is closed."""


class _Kept:
    """The stdout of the command while other code is given stderr in its place."""

    stream: TextIO | None = None


def visible(text: object) -> str:
    r"""Return a text on one line, in which nothing is hidden and nothing acts on a terminal.

    Examples
    --------
    >>> print(visible("Zo\x1b[31më\n"))
    Zo\x1b[31më\n
    """
    return ESCAPED.sub(lambda found: ascii(found[0])[1:-1], str(text))


def json_text(text: str, encoding: str) -> str:
    r"""Return a JSON document with escapes for what is hidden or has no place in an encoding.

    Examples
    --------
    >>> print(json_text('["Zoë \x9b1m"]', "ascii"))
    ["Zo\u00eb \u009b1m"]
    """

    def escape(character: str) -> str:
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[k : k + 2].hex()}" for k in range(0, len(units), 2))

    text = IN_JSON.sub(lambda found: escape(found[0]), text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = "".join(c if c.isascii() else escape(c) for c in text)
    return text


def show(*lines: str) -> None:
    """Print lines on stdout.

    Raises
    ------
    OutputError
        If it does not take them.
    """
    with writing() as stream:
        stream.writelines(f"{visible(line)}\n" for line in lines)


def one_line(text: str) -> str:
    """Return a line that a terminal does not break: what is too long ends with a sign of that.

    Parameters
    ----------
    text : a line; into a pipe or a file it goes whole.
    """
    stream = _stdout()
    if not stream.isatty():
        return text
    width = max(20, shutil.get_terminal_size().columns)
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


@contextmanager
def writing() -> Iterator[TextIO]:
    """Offer stdout, and see to it that everything has arrived.

    Raises
    ------
    OutputError
        If it does not take it.
    """
    stream = _stdout()
    try:
        yield stream
        stream.flush()
    except OSError as error:
        discard(stream)
        raise OutputError(error.errno, error.strerror) from error


def say(text: str) -> None:
    """Print a remark on stderr, if that takes it."""
    try:
        print(visible(text), file=sys.stderr, flush=True)
    except OSError:
        # There is nobody left to tell, and the work itself is not harmed.
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Let what is still to be written to a stream vanish, so that the end finds no error in it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _stdout() -> TextIO:
    """Return where results go, if anywhere."""
    stream = _Kept.stream or sys.stdout
    if stream is None:
        raise OutputError(errno.EBADF, "it is closed")
    return stream


@contextmanager
def stdout_kept() -> Iterator[None]:
    """Keep stdout for :func:`show`; what other code and its processes print goes to stderr.

    Raises
    ------
    OutputError
        If stdout is closed: what will be found could not be told.
    """
    before = _stdout()
    with ExitStack() as stack:
        if before is sys.__stdout__:
            before.flush()
            own = os.dup(before.fileno())
            # Escapes are better than no result where a letter is not among those of the locale.
            _Kept.stream = stack.enter_context(
                open(own, "w", encoding=before.encoding, errors="backslashreplace")
            )
            os.dup2(ERRORS, before.fileno())
            stack.callback(os.dup2, own, before.fileno())
        else:
            _Kept.stream = before
        sys.stdout = sys.stderr
        try:
            yield
        finally:
            sys.stdout, _Kept.stream = before, None
            # What was written past sys.stdout is in a buffer yet, and belongs on stderr.
            before.flush()
