"""The release says one thing in all places: its version, its date, and names that exist."""

import importlib
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.helpers.distribution import tracked
from theory.rendering.files import tool_version

ROOT = Path(__file__).parents[1]

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
"""The one place where the version is written for everything else to follow."""

CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def cited(field):
    """A field of CITATION.cff."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^{field}: (.+)$", text, re.MULTILINE)
    return found


def test_the_command_says_the_version_of_the_project():
    assert tool_version() == VERSION


def test_the_citation_and_the_changelog_have_the_version_and_its_date():
    released = re.findall(r"^## \[(\d\S*)\] - (\d{4}-\d\d-\d\d)$", CHANGES, re.MULTILINE)
    assert released[0] == (VERSION, cited("date-released"))
    assert cited("version") == VERSION
    assert CHANGES.index("## [Unreleased]") < CHANGES.index(f"## [{VERSION}]")


LATEST = re.split(r"^## \[\d", CHANGES, flags=re.MULTILINE)[:2]
"""What is unreleased, and the latest release; older entries may name what is no longer there."""

RENAMED = {"theory.know_facts", "theory.recall_facts"}
"""Names of before, which the changelog gives beside those of now."""

NAMES = set(re.findall(r"`((?:assoc|sims|theory)(?:\.\w+)+)`", "".join(LATEST)))


def there(name):
    """Whether a dotted name is a module, or something that a module or a class has."""
    module, _, last = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return hasattr(importlib.import_module(module), last)
    return True


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_in_the_changelog_is_there_unless_it_is_one_of_before(name):
    assert there(name) == (name not in RENAMED)


def test_the_changelog_has_names_to_check():
    assert len(NAMES) > 20
    assert NAMES >= RENAMED


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git checkout")
@pytest.mark.parametrize("folder", ["docs", "tests"])
def test_the_source_archive_takes_every_kind_of_file(folder):
    """What ``make dist`` would find out minutes later."""
    lines = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    (kinds,) = (
        line.split()[2:] for line in lines if line.startswith(f"recursive-include {folder}")
    )
    files = [name for name in tracked() if name.startswith(f"{folder}/")]
    assert len(files) > 100
    missed = [name for name in files if not any(fnmatch(Path(name).name, kind) for kind in kinds)]
    assert missed == []
