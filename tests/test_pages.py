"""What the public pages must not say, and the tutorial's code.

A reader of the documentation learns what the project does, not how the work on it was planned or
ordered.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
SOURCES = sorted(
    path for name in ("assoc", "sims", "theory") for path in (ROOT / name).rglob("*.py")
)

INTERNAL = re.compile(
    r"(?<![\w-])(?:THEORY|GUARANTEES|DESIGN|LAYOUT|STYLE)\.md"
    r"|(?i:\bas (?:was |were |is )?(?:asked|demanded)\b(?! for)"
    r"|\bthe pages (?:we|they) have\b|\brequirements?\b|\bacceptance criteri"
    r"|\bpublic notebook|\bthe issues?\b|\bissue \d|\bthe brief\b|\bthis session\b"
    r"|\breviewers? (?:asked|wanted|said)\b|/work/|\bTODO\b)"
)
"""Names of working documents, and phrases that speak of how the work was ordered."""

ASKED = re.compile(r"\b(?:was|were|been) asked\b", re.IGNORECASE)
"""On pages also this: there, models are queried and results are requested.

In docstrings it stands for what a model or a function is given.
"""


def lines_with(pattern, text):
    """Lines of a text in which a pattern occurs."""
    return [line for line in text.splitlines() if pattern.search(line)]


def texts(path):
    """All strings of a module: docstrings, help texts, captions and messages."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_does_not_speak_of_how_the_work_was_ordered(page):
    text = page.read_text(encoding="utf-8")
    assert lines_with(INTERNAL, text) == []
    assert lines_with(ASKED, text) == []


def test_neither_does_a_docstring_a_help_text_or_a_message():
    found = {
        str(path.relative_to(ROOT)): line
        for path in SOURCES
        for text in texts(path)
        for line in lines_with(INTERNAL, text)
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "where THEORY.md was corrected",
        "The table is as asked.",
        "the pages we have do not say",
        "a requirement of the project",
        "numbers of the public notebook",
        "closes issue 12",
    ],
)
def test_such_words_are_seen(line):
    assert lines_with(INTERNAL, line) == [line]


@pytest.mark.parametrize("line", ["docs/attention-guarantees.md", "facts are asked for by prompts"])
def test_other_words_are_not(line):
    assert lines_with(INTERNAL, line) == []
    assert lines_with(ASKED, line) == []


def from_uncommitted_changes(files):
    """Those of some files that say so of their commit."""
    return {path.name for path in files if b"-dirty" in path.read_bytes()}


@pytest.mark.parametrize("folder", ["docs/results", "docs/figures"])
def test_what_is_stored_is_from_clean_commits(folder):
    assert from_uncommitted_changes((ROOT / folder).iterdir()) == set()


def test_nothing_has_a_space_before_a_percent_sign():
    """Neither pages nor what commands, claims, captions and tables say."""
    spaced = re.compile(r"(?:^|[\d}$]) \\?%(?!\()")
    assert {p.name: s for p in PAGES if (s := lines_with(spaced, p.read_text("utf-8")))} == {}
    said = {str(p): s for p in SOURCES for text in texts(p) if (s := lines_with(spaced, text))}
    assert said == {}


@pytest.mark.slow
def test_the_first_memory_runs_as_the_page_shows_it():
    page = (ROOT / "docs" / "first-memory.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    # The claims are judged by other tests.
    lines = [line for line in "".join(blocks).splitlines() if not line.startswith("theory.verify")]
    said = [
        "recalled = margins(memory, E, U, f).min() > 0",
        "print(memory.parameters, recalled, certified_margins(memory, E, U, f).certified.all())",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines + said)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MPLBACKEND": "agg"}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "4096 True True\n"), done.stderr
