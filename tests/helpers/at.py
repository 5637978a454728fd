"""Which tests and doctests belong to one place of the tree, for ``make quick AT=...``.

    python -m tests.helpers.at gradient_flow

prints them, or ends with status 2 and one line if there is no such place.
"""

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]

LAYERS = ("assoc", "sims", "theory")

SCRAPS = {"__pycache__", "data", "templates"}
"""Folders that hold no modules."""


class PlaceError(ValueError):
    """What was named is neither a room, nor a module, nor a path with tests."""


def paths_at(name: str, root: Path = ROOT) -> list[str]:
    """Return the paths that pytest is to be given, relative to the root.

    Parameters
    ----------
    name : a room of any of the packages (``gradient_flow``), a module (``reduced``), either with
        what it is in (``sims/gradient_flow``, ``sims.gradient_flow.reduced``), or a path.
    root : of the checkout.

    Returns
    -------
    The places themselves, for their doctests, and the tests that mirror them. A module without a
    file of tests has those of its room.
    """
    wanted = name.strip().removeprefix("./").rstrip("/")
    if not wanted:
        raise PlaceError("AT names no place: make quick AT=gradient_flow")
    found = _places(wanted, root)
    if not found:
        near = difflib.get_close_matches(wanted, _names(root), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"rooms: {', '.join(_rooms(root))}"
        raise PlaceError(f"AT={name}: no room, module or path with tests; {hint}")
    paths = [path for place in found for path in _with_tests(place, root)]
    return [path.as_posix() for path in _outermost(paths)]


def _places(wanted: str, root: Path) -> list[Path]:
    """Folders, or else files, that a name stands for, relative to the root."""
    path = Path(wanted)
    here = root / path
    if path.parts[0] in (*LAYERS, "tests") and (
        here.is_dir() or (path.suffix == ".py" and here.is_file())
    ):
        return [path]
    words = (
        path.with_suffix("").parts
        if path.suffix == ".py"
        else tuple(wanted.replace(".", "/").split("/"))
    )
    rooms, modules = [], []
    for layer in LAYERS:
        for folder in _folders(root / layer):
            inside = folder.relative_to(root)
            if inside.parts[-len(words) :] == words:
                rooms.append(inside)
            modules += [
                file.relative_to(root)
                for file in sorted(folder.glob("*.py"))
                if file.relative_to(root).with_suffix("").parts[-len(words) :] == words
            ]
    return rooms or modules


def _folders(folder: Path) -> list[Path]:
    inner = [path for path in sorted(folder.rglob("*")) if path.is_dir()]
    return [path for path in (folder, *inner) if not set(path.parts) & SCRAPS]


def _rooms(root: Path) -> list[str]:
    folders = [folder for layer in LAYERS for folder in _folders(root / layer)]
    return sorted({folder.name for folder in folders} - {*LAYERS})


def _names(root: Path) -> set[str]:
    folders = [folder for layer in LAYERS for folder in _folders(root / layer)]
    return {path.stem for folder in folders for path in (folder, *folder.glob("[!_]*.py"))}


def _with_tests(place: Path, root: Path) -> list[Path]:
    """A place and its mirror among the tests, or the other way round."""
    if place.parts[0] == "tests":
        mirrored = Path(*place.parts[1:])
        if place.suffix:
            mirrored = mirrored.with_name(place.name.removeprefix("test_"))
        inside = mirrored.parts[:1] and mirrored.parts[0] in LAYERS and (root / mirrored).exists()
        return [mirrored, place] if inside else [place]
    mirror = "tests" / place
    if place.suffix:
        own = sorted((root / mirror.parent).glob(f"test_{place.stem}.py"))
        own += sorted((root / mirror.parent).glob(f"test_{place.stem}_*.py"))
        if own:
            return [place, *(path.relative_to(root) for path in own)]
        mirror = mirror.parent
    return [path for path in (place, mirror) if (root / path).exists()]


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Paths without those that lie in another, each once."""
    unique = list(dict.fromkeys(paths))
    return [path for path in unique if not set(path.parents) & set(unique)]


if __name__ == "__main__":
    try:
        print(*paths_at(" ".join(sys.argv[1:])))
    except PlaceError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
