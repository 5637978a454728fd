"""New files to begin with: a theorem and a construction that run as they stand."""

import keyword
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from assoc.errors import InputError
from assoc.files import there
from theory.rendering.files import make_folder, write_whole
from theory.sources import known_theorems
from theory.wholeness import is_name

__all__ = ["new_construction", "new_theorem"]


def new_theorem(name: str, folder: str | Path = ".") -> Path:
    """Write the file of a theorem that holds as it stands, to be edited.

    Parameters
    ----------
    name : of the theorem, such as ``my-theorem``; the file is ``my_theorem.py``.
    folder : where it is written.

    Returns
    -------
    The file.

    Raises
    ------
    InputError
        If the name is no name or is taken, or the file exists or cannot be written.
    """
    if name in known_theorems():
        raise InputError(f"{name!r} is the name of another theorem")
    return _written(name, folder, "my_theorem.py", "my-theorem")


def new_construction(name: str, folder: str | Path = ".") -> Path:
    """Write the file of a construction that can be measured as it stands, to be edited.

    Parameters
    ----------
    name : of the construction, such as ``ridge``; the file is ``ridge.py``.
    folder : where it is written.

    Returns
    -------
    The file.

    Raises
    ------
    InputError
        If the name is no name, or the file exists or cannot be written.
    """
    return _written(name, folder, "my_construction.py", "my-construction")


def _written(name: str, folder: str | Path, template: str, placeholder: str) -> Path:
    """Write a template under another name."""
    module = name.replace("-", "_")
    if not is_name(name) or not module.isidentifier() or keyword.iskeyword(module):
        raise InputError(f"{name!r} is no name such as {placeholder}")
    file = Path(folder) / f"{module}.py"
    if there(file):
        raise InputError(f"{file} exists; choose another name, or remove it")
    if find_spec(module) is not None:
        raise InputError(f"{name!r} is the name of a module that is installed")
    text = (files("theory.starters") / template).read_text(encoding="utf-8")
    make_folder(file.parent)
    write_whole(file, text.replace(placeholder, name))
    return file
