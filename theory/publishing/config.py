"""Sizes, seeds, tables and figures of one's own for an appendix, from a file or from the project.

The file is TOML, and each of its tables is optional::

    [claim.linear-capacity.sufficient]   # what stands in the claim's regime, and its seed
    trials = 400
    seed = 7

    [exhibit.nlb-figure-6]               # the same of an exhibit
    trials = 20

    [table]                              # of every table
    digits = 3

    [table.nlb-figure-6]                 # of one
    columns = ["M", "d", "N", "m", "predicted"]
    digits = { predicted = 2 }

    [figure]                             # of every figure; [figure.NAME] of one
    width = 3.3
    style = "journal.mplstyle"

The project's ``pyproject.toml`` may have them below ``[tool.recall.appendix]``. What is changed in
a claim is changed in its controls too, except for what makes them controls.
"""

import textwrap
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from assoc.errors import InputError, nearest
from assoc.files import content_of
from assoc.imports import shown
from sims.sweeps.tasks import Task
from theory.claims import Theorem
from theory.exhibit import Exhibit
from theory.publishing.look import FigureLook, Look, TableLook
from theory.publishing.sections import CONTROLS, VERDICTS, controls_name
from theory.regimes import claim_settings, exhibit_settings, plain, read
from theory.sources import project, project_settings

__all__ = ["Config", "config_of", "printed"]

KEYS = ("claim", "exhibit", "table", "figure")
TABLE_KEYS = ("columns", "digits")
FIGURE_KEYS = ("width", "style")
MOST_DIGITS = 17
"""Digits of a number in double precision."""

LINE = 96
"""Characters of a line of a comment."""

WIDEST = 40.0
"""Inches of the widest figure: a large sheet's long side."""


@dataclass(frozen=True)
class Config:
    """What a user sets of an appendix.

    Parameters
    ----------
    source : file that it comes from; empty where nothing is set.
    claims : changes of regimes as the file has them, by ``theorem/claim``.
    exhibits : changes of regimes as the points take them, by exhibit.
    look : of tables and figures.
    given : all of it, as the file has it.
    """

    source: str = ""
    claims: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exhibits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    look: Look = field(default_factory=Look)
    given: Mapping[str, Any] = field(default_factory=dict)

    def points(
        self, exhibits: Iterable[Exhibit], *, size: str, seed: int
    ) -> dict[str, Sequence[Task]]:
        """Return the points that exhibits need, by their names."""
        return {
            each.name: each.tasks(size=size, seed=seed, own=self.exhibits.get(each.name, {}))
            for each in exhibits
        }


def config_of(
    config: str | Path | Mapping[str, Any] | None,
    theorems: Iterable[Theorem],
    exhibits: Iterable[Exhibit],
) -> Config:
    """Read what a user sets of an appendix.

    Parameters
    ----------
    config : a file, its contents, or None for what the project sets, if anything.
    theorems, exhibits : those there are.

    Raises
    ------
    InputError
        If the file cannot be read, a name or key is unknown (the nearest is suggested), or a value
        is not like the one that it replaces; the line names file and key.
    """
    given, source, folder = _given(config)
    if not given:
        return Config()
    known = {theorem.name: theorem for theorem in theorems}
    shows = {exhibit.name: exhibit for exhibit in exhibits}
    _check_keys(given, KEYS, source)
    parts = {key: _table(given.get(key, {}), f"{source}: {key}") for key in KEYS}
    look = Look(_tables(parts["table"], known, shows, f"{source}: table"),
                _figures(parts["figure"], known, shows, f"{source}: figure", folder))  # fmt: skip
    return Config(
        source,
        _claims(parts["claim"], known, f"{source}: claim"),
        _exhibits(parts["exhibit"], shows, f"{source}: exhibit"),
        look,
        given,
    )


def _given(config: str | Path | Mapping[str, Any] | None) -> tuple[Mapping[str, Any], str, Path]:
    """Return the tables, the name of what holds them, and the folder that paths are seen from."""
    if isinstance(config, Mapping):
        return config, "config", Path.cwd()
    if config is None:
        file = project()
        if file is None:
            return {}, "", Path.cwd()
        settings = project_settings(file).get("appendix", {})
        return settings, f"{shown(str(file))} [tool.recall.appendix]", file.parent
    path = Path(config)
    try:
        return tomllib.loads(content_of(path).decode("utf-8")), shown(str(path)), path.parent
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{shown(str(path))}: cannot be read ({error})") from error


def _claims(
    given: Mapping[str, Any], known: Mapping[str, Theorem], place: str
) -> dict[str, Mapping[str, Any]]:
    """Check the changes of claims, and return them by ``theorem/claim`` as they are."""
    _check_keys(given, known, place)
    found: dict[str, Mapping[str, Any]] = {}
    for theorem, inner in given.items():
        claims = {claim.name: claim for claim in known[theorem].claims}
        _check_keys(_table(inner, f"{place}.{theorem}"), claims, f"{place}.{theorem}")
        for name, changes in inner.items():
            where = f"{place}.{theorem}.{name}"
            _regime(changes, claim_settings(claims[name]), where)
            found[f"{theorem}/{name}"] = changes
    return found


def _exhibits(
    given: Mapping[str, Any], known: Mapping[str, Exhibit], place: str
) -> dict[str, Mapping[str, Any]]:
    """Return the changes of exhibits as their points take them."""
    _check_keys(given, known, place)
    return {
        name: _regime(changes, exhibit_settings(known[name]), f"{place}.{name}")
        for name, changes in given.items()
    }


def _regime(changes: Any, present: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the changes of a regime, and a seed if there is one."""
    own = dict(_table(changes, place))
    seed = own.pop("seed", None)
    found = read(own, present, place)
    if seed is None:
        return found
    return {**found, "seed": _integer(seed, 0, 2**63 - 1, f"{place}.seed")}


def _tables(
    given: Mapping[str, Any],
    theorems: Mapping[str, Theorem],
    exhibits: Mapping[str, Exhibit],
    place: str,
) -> dict[str, TableLook]:
    """Return the look of every table that something is said of."""
    columns: dict[str, list[str]] = {name: list(VERDICTS) for name in theorems}
    columns |= {controls_name(name): list(CONTROLS) for name in theorems}
    columns |= {name: list(exhibit.columns) for name, exhibit in exhibits.items()}
    every = {key: value for key, value in given.items() if key not in columns}
    _check_keys(every, ["digits"], place, more=columns)
    found = {"": TableLook(None, _digits(every.get("digits", {}), None, f"{place}.digits"))}
    for name in given.keys() - every.keys():
        where, known = f"{place}.{name}", columns[name]
        _check_keys(_table(given[name], where), TABLE_KEYS, where)
        own = given[name].get("columns", known)
        if not isinstance(own, list) or not own or len(set(map(str, own))) < len(own):
            raise InputError(f"{where}.columns = {own!r} is no list of different columns")
        _check_keys(own, known, f"{where}.columns")
        digits = _digits(given[name].get("digits", {}), known, f"{where}.digits")
        found[name] = TableLook(tuple(own), digits)
    return found


def _digits(given: Any, columns: Collection[str] | None, place: str) -> int | dict[str, int]:
    """Return significant digits, of all columns or by column."""
    if isinstance(given, Mapping):
        if columns is not None:
            _check_keys(given, columns, place)
        elif given:
            raise InputError(f"{place} is not an integer")
        return {key: _integer(each, 1, MOST_DIGITS, f"{place}.{key}")
                for key, each in given.items()}  # fmt: skip
    return _integer(given, 1, MOST_DIGITS, place)


def _figures(
    given: Mapping[str, Any],
    theorems: Mapping[str, Theorem],
    exhibits: Mapping[str, Exhibit],
    place: str,
    folder: Path,
) -> dict[str, FigureLook]:
    """Return the look of every figure that something is said of."""
    drawn = {*theorems, *(name for name, each in exhibits.items() if each.figure is not None)}
    every = {key: value for key, value in given.items() if key not in drawn}
    _check_keys(every, FIGURE_KEYS, place, more=drawn)
    found = {}
    for name, own in {"": every, **{name: given[name] for name in given.keys() & drawn}}.items():
        where = f"{place}.{name}" if name else place
        _check_keys(_table(own, where), FIGURE_KEYS, where)
        width = _inches(own.get("width"), f"{where}.width")
        found[name] = FigureLook(width, _style(own.get("style", ""), folder, f"{where}.style"))
    return found


def _style(given: Any, folder: Path, place: str) -> str:
    """Return a style of Matplotlib's by its name, or a style sheet by its path."""
    from matplotlib import rcParams, style

    known: Collection[str] = list(rcParams)
    if not isinstance(given, str):
        raise InputError(f"{place} = {given!r} is no text")
    if not given or given in style.available:
        return given
    path = folder / given
    if not path.is_file():
        raise InputError(f"{place} = {given!r}: no such file, and no style of Matplotlib's")
    for line in content_of(path).decode("utf-8", errors="replace").splitlines():
        key = line.partition("#")[0].partition(":")[0].strip()
        if key and key not in known:
            raise InputError(f"{shown(str(path))}: {key}: {nearest(key, known)}")
    return str(path)


def _table(given: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InputError(f"{place} is no table")
    return given


def _check_keys(
    given: Iterable[Any], known: Collection[str], place: str, *, more: Iterable[str] = ()
) -> None:
    for key in given:
        if key not in known:
            raise InputError(f"{place}: {key}: {nearest(str(key), [*known, *more])}")


def _integer(given: Any, low: int, high: int, place: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise InputError(f"{place} = {given!r} is not an integer from {low} to {high}")
    return given


def _inches(given: Any, place: str) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 1 <= given <= WIDEST:
        raise InputError(f"{place} = {given!r} is not a number of inches from 1 to {WIDEST:g}")
    return float(given)


def printed(
    theorems: Iterable[Theorem], exhibits: Iterable[Exhibit], size: str, own: Config
) -> str:
    """Return a file of the present values, which changes nothing as it stands.

    Parameters
    ----------
    theorems, exhibits : whose claims, points, tables and figures are in it.
    size : ``quick`` or ``full``.
    own : what is set already.

    Returns
    -------
    TOML; what cannot be said there is a comment.
    """
    import tomlkit
    from tomlkit.items import Array
    from tomlkit.items import Table as Lines

    def lines(
        present: Mapping[str, Any], said: str = "", own: Mapping[str, Any] = MappingProxyType({})
    ) -> Lines:
        table = tomlkit.table()
        values, said_so = {**present, **own}, own.keys()
        for line in textwrap.wrap(said, LINE):
            table.add(tomlkit.comment(line))
        for key, value in values.items():
            try:
                item = _on_a_line(value if key in said_so else plain(value))
                if isinstance(item, Array):
                    item.multiline(len(item.as_string()) > LINE)
                table.add(key, item)
            except InputError as error:
                table.add(tomlkit.comment(f"{key}: {error}"))
        return table

    given = {key: own.given.get(key, {}) for key in KEYS}
    claims, sizes, tables = (tomlkit.table(is_super_table=True) for _ in KEYS[:3])
    for theorem in theorems:
        inner = tomlkit.table(is_super_table=True)
        for claim in theorem.claims:
            mine = own.claims.get(f"{theorem.name}/{claim.name}", {})
            inner.add(claim.name, lines(claim.regime(size), claim.statement, mine))
        claims.add(theorem.name, inner)
        columns: dict[str, Any] = {"columns": list(VERDICTS)}
        tables.add(theorem.name, lines(columns, own=given["table"].get(theorem.name, {})))
    for exhibit in exhibits:
        mine = given["exhibit"].get(exhibit.name, {})
        sizes.add(exhibit.name, lines(exhibit.regime(size), exhibit.title, mine))
        digits = {key: each.digits for key, each in exhibit.columns.items() if not each.width}
        columns = {"columns": list(exhibit.columns), "digits": digits}
        tables.add(exhibit.name, lines(columns, own=given["table"].get(exhibit.name, {})))
    figures = lines({}, own=given["figure"])
    if "width" not in given["figure"]:
        example = "width = 3.3  # inches, of every figure; [figure.NAME]: of one"
        figures.add(tomlkit.comment(example))
    if "style" not in given["figure"]:
        figures.add(tomlkit.comment('style = "journal.mplstyle"  # on top of the present one'))
    document = tomlkit.document()
    for line in (
        f"Size {size}. Every table and line may go; what is left counts.",
        "In pyproject.toml these are tables of tool.recall.appendix:",
        "[tool.recall.appendix.claim.NAME.NAME] and so on.",
    ):
        document.add(tomlkit.comment(line))
    for key, part in zip(KEYS, (claims, sizes, tables, figures), strict=True):
        document.add(key, part)
    return tomlkit.dumps(document)


def _on_a_line(value: Any) -> Any:
    """Return a plain value for TOML, the tables in it without lines of their own."""
    import tomlkit

    if isinstance(value, list):
        items = tomlkit.array()
        items.extend(_on_a_line(each) for each in value)
        return items
    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update({key: _on_a_line(each) for key, each in value.items()})
    return table
