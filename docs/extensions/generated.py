"""Pages that are written before each build."""

from collections.abc import Mapping
from pathlib import Path

from theory.rendering.files import write_whole


def write_folder(folder: Path, pages: Mapping[str, str]) -> None:
    """Make the Markdown files of a folder these; one that has not changed keeps its date."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
