"""The documentation's pages on theorems, as they are written before each build."""

import json
import re
import sys
from pathlib import Path

import pytest

from theory.registry import registered

pytest.importorskip("sphinx", reason="the extra 'docs' is not installed: no sphinx")

EXTENSIONS = Path(__file__).parents[1] / "docs" / "extensions"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The text of each page by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(EXTENSIONS), *sys.path])
        import theorem_pages

        folder = tmp_path_factory.mktemp("theorems")
        patch.setattr(theorem_pages, "PAGES", folder)
        theorem_pages.write_pages(None)
        return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}


def test_the_index_has_a_row_for_each_theorem(pages):
    rows = [line for line in pages["index"].splitlines() if line.startswith("| [")]
    assert len(rows) == len(registered()) == len(pages) - 1
    for theorem in registered():
        assert sum(f"]({theorem.name}.md) `{theorem.name}`" in row for row in rows) == 1
    stored = json.loads((EXTENSIONS.parent / "results/verify.json").read_text(encoding="utf-8"))
    held, total = stored["summary"]["holds"], len(stored["claims"])
    assert f"\n{held} of {total} claims hold: " in pages["index"]


@pytest.mark.parametrize("theorem", registered(), ids=lambda theorem: theorem.name)
def test_a_page_has_title_badges_and_folded_settings(pages, theorem):
    lines = pages[theorem.name].splitlines()
    assert lines[0] == f"# {theorem.title.replace('^2', '²')}"
    assert re.match(r"\[(holds|not applicable)\]\{\.badge \.\w+\}", lines[2])
    text = pages[theorem.name]
    assert text.count("<details>") == text.count("</details>") >= len(theorem.claims)
    for claim in theorem.claims:
        section = text.partition(f"\n### {claim.name}\n")[2].partition("\n### ")[0]
        assert section.startswith("\n[")
        assert f"[{claim.kind}]{{.badge .{claim.kind}}}" in section
        shown, _, folded = section.partition("<details><summary>How it is checked</summary>")
        assert "Must fail" in folded
        assert "Must fail" not in shown
        # A power is in a formula, not in letters.
        assert not re.search(r"\w\^\d", re.sub(r"\$[^$]*\$|`[^`]*`", "", shown))
