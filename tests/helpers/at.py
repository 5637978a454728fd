"""The tests of one subject: ``make quick AT=gradient_flow``.

``AT`` is a folder of a subject (its name, on every floor), a folder or file of one floor, or the
name of a module. Printed are the sources, whose doctests run too, and the tests that mirror them.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FLOORS = ("assoc", "sims", "theory")


def named() -> dict[str, list[Path]]:
    """Folders and modules of the packages by their names, and by their paths from the top."""
    found: dict[str, list[Path]] = {}
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            of = path.parent if path.name == "__init__.py" else path
            relative = of.relative_to(ROOT)
            found.setdefault(of.stem, []).append(relative)
            found.setdefault(relative.as_posix(), []).append(relative)
            found.setdefault(relative.with_suffix("").as_posix(), [relative])
    return found


def tests_of(source: Path) -> list[Path]:
    """Tests that mirror a folder or a file, as paths from the top."""
    mirrored = Path("tests") / source
    if source.suffix != ".py":
        return [mirrored] if (ROOT / mirrored).is_dir() else []
    folder = ROOT / mirrored.parent
    files = [folder / f"test_{source.stem}.py", *sorted(folder.glob(f"test_{source.stem}_*.py"))]
    return [file.relative_to(ROOT) for file in files if file.is_file()]


def paths_at(text: str) -> list[Path]:
    """Sources and tests of a subject, as paths from the top.

    Raises
    ------
    ValueError
        If there is no folder and no module of that name.
    """
    known = named()
    sources = known.get(text.strip().rstrip("/").removeprefix("tests/"), [])
    if not sources:
        rooms = {name for name, paths in known.items() if any(not p.suffix for p in paths)}
        folders = ", ".join(sorted(name for name in rooms if "/" not in name))
        raise ValueError(f"AT={text}: no folder or module has that name; folders: {folders}")
    return [*sources, *(test for source in sources for test in tests_of(source))]


def main() -> None:
    """Print the paths, or say on one line what is wrong."""
    try:
        print(*paths_at(" ".join(sys.argv[1:])))
    except ValueError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
