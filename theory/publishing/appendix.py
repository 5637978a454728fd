"""The appendix: tables and figures for a paper, from a stored sweep that survives and resumes."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assoc.errors import InputError, nearest
from sims.engine.results import Result
from sims.sweeps.fingerprint import fingerprint
from sims.sweeps.store import stored_points, stored_request
from sims.sweeps.tasks import Progress, SweepResult, Task, sweep
from theory.claims import Theorem
from theory.exhibit import Exhibit
from theory.publishing.config import Config, config_of, printed
from theory.publishing.contents import all_tasks, exhibits
from theory.publishing.document import document
from theory.publishing.look import Look
from theory.publishing.report import page
from theory.publishing.sections import Part, Section, exhibit_part, theorem_parts
from theory.registry import find, registered
from theory.rendering.drawing import drawn
from theory.rendering.files import (
    as_json,
    library_versions,
    make_folder,
    provenance,
    tool_version,
    write_whole,
)
from theory.running import check_size, claim_tasks, judged, packages_of
from theory.sources import names_in
from theory.verdicts import VerifyResult

__all__ = ["AppendixResult", "appendix", "default_store", "printed_config"]

TABLES = ("tex", "csv", "md")


@dataclass(frozen=True, repr=False)
class AppendixResult(Result):
    """What was written, and what could not be.

    Parameters
    ----------
    folder, store : where it is.
    verdicts : of every claim whose points are there.
    files : checksums (SHA-256) of the files by their names in the folder.
    missing : parts that were not written, and why.
    points, computed : points of the sweep that are there, and those computed now.
    seconds : wall time.
    """

    folder: Path
    store: Path
    verdicts: VerifyResult
    files: Mapping[str, str]
    missing: Mapping[str, str]
    points: int
    computed: int
    seconds: float

    def __repr__(self) -> str:
        lacking = f", {len(self.missing)} missing" if self.missing else ""
        return f"AppendixResult({self.folder}: {len(self.files)} files{lacking})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per file."""
        return [{"file": name, "sha256": digest} for name, digest in self.files.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return the record of the command line's JSON."""
        return {
            "folder": str(self.folder),
            "store": str(self.store),
            "points": self.points,
            "computed": self.computed,
            "seconds": round(self.seconds, 3),
            "files": dict(self.files),
            "missing": dict(self.missing),
            "verdicts": self.verdicts.to_dict(),
        }


def default_store(out: str | Path, *, size: str, seed: int) -> Path:
    """Return where the points of an appendix are stored unless another file is named."""
    return Path(out) / f"appendix-{size}-seed{seed}.sqlite"


def appendix(
    out: str | Path,
    *,
    size: str = "quick",
    only: Iterable[str] = (),
    theorems: Iterable[str] = (),
    config: str | Path | Mapping[str, Any] | None = None,
    seed: int = 0,
    store: str | Path | None = None,
    executor: Executor | str = "processes",
    workers: int | None = None,
    redraw: bool = False,
    progress: Callable[[Progress], None] | None = None,
    command: str = "theory.appendix",
) -> AppendixResult:
    """Judge the claims, measure the exhibits, and write tables, figures, LaTeX and the report.

    Parameters
    ----------
    out : folder, made if it does not exist.
    size : ``quick`` or ``full``.
    only : theorems (with the exhibits of their sections) and exhibits; none means all, or all of
        ``theorems`` if there are any. Exhibits whose extra is not installed are left out unless
        they are named.
    theorems : sources of further theorems and exhibits: see :mod:`theory.sources`.
    config : sizes, seeds, tables and figures of one's own, as a file or its contents: see
        :mod:`theory.publishing.config`; None stands for what the project's ``pyproject.toml`` has
        below ``[tool.recall.appendix]``, if anything.
    seed : determines every random number that the config gives no seed of its own.
    store : file of the sweep's points, which is resumed; None stands for one in ``out`` named
        after size and seed.
    executor, workers, progress : as for :func:`sims.sweeps.tasks.sweep`.
    redraw : compute nothing: write what the store has the points of, whatever code computed it.
    command : for the provenance.

    Returns
    -------
    AppendixResult; parts whose points are missing are named in it and not written.

    Raises
    ------
    InputError
        If a name is unknown or its extra missing, an argument out of range, or a file unusable.
    """
    start = time.perf_counter()
    check_size(size)
    sources = tuple(theorems)
    chosen, shown = _chosen(list(dict.fromkeys(only)) or names_in(sources), sources)
    folder = Path(out)
    kept = default_store(folder, size=size, seed=seed) if store is None else Path(store)
    request = {"sweep": "appendix", "size": size, "seed": str(seed), "version": tool_version()}
    own = config_of(config, registered(sources), exhibits(sources))
    needed = own.points(shown, size=size, seed=seed)
    tasks = all_tasks(chosen, needed, size, seed, own.claims)
    points = _stored(kept, request, tasks) if redraw else None
    make_folder(folder)
    points = points or sweep(
        tasks.values(), store=kept, request=request, packages=["theory", *packages_of(chosen)],
        executor=executor, workers=workers, progress=progress,
    )  # fmt: skip
    verdicts = judged(chosen, points.values, points.seconds, size=size, seed=seed, own=own.claims)
    sections, lacking = _sections(sources, chosen, shown, verdicts, needed, points.values, own)
    missing = {name: _reason(keys, points.failures) for name, keys in lacking.items()}
    origin = {**provenance(command=command, seed=seed), "computed by code": points.code}
    origin |= {"config": own.source} if own.source else {}
    files = _write(
        folder, sections, verdicts, missing, own.look, size=size, seed=seed, origin=origin
    )
    took = time.perf_counter() - start
    manifest = {
        "tool": "recall", **origin, "size": size, "libraries": library_versions(),
        "drawn by code": fingerprint(["theory"]), "store": kept.name, **_spent(points, took),
        "missing": missing, "set": dict(own.given), "files": files,
    }  # fmt: skip
    write_whole(folder / "manifest.json", as_json(manifest))
    return AppendixResult(
        folder, kept, verdicts, files, missing, len(points.values), points.computed, took
    )


def _spent(points: SweepResult, took: float) -> dict[str, float]:
    return {
        "points": len(points.values),
        "computed": points.computed,
        "computing seconds": round(sum(points.seconds.values()), 3),
        "wall seconds": round(took, 3),
    }


def printed_config(
    only: Iterable[str] = (),
    theorems: Iterable[str] = (),
    *,
    config: str | Path | Mapping[str, Any] | None = None,
    size: str = "quick",
) -> str:
    """Return the present sizes of an appendix as a file to edit, for ``config``.

    Parameters
    ----------
    only, theorems, config, size : as for :func:`appendix`.

    Raises
    ------
    InputError
        As :func:`appendix`.
    """
    check_size(size)
    sources = tuple(theorems)
    chosen, shown = _chosen(list(dict.fromkeys(only)) or names_in(sources), sources)
    own = config_of(config, registered(sources), exhibits(sources))
    return printed(chosen, shown, size, own)


def _chosen(names: Sequence[str], sources: Sequence[str]) -> tuple[list[Theorem], list[Exhibit]]:
    """Return the theorems to judge, and the exhibits to show."""
    every = exhibits(sources)
    if not names:
        return list(registered(sources)), [exhibit for exhibit in every if exhibit.available]
    known = {exhibit.name: exhibit for exhibit in every}
    possible = [theorem.name for theorem in registered(sources)] + list(known)
    for name in names:
        if name not in possible:
            raise InputError(f"unknown theorem or exhibit {name!r}; {nearest(name, possible)}")
        if name in known and not known[name].available:
            extra = known[name].extra
            raise InputError(
                f"exhibit {name!r} needs an extra: pip install 'factual-recall[{extra}]'"
            )
    theorems = [find(name, sources) for name in names if name not in known]
    inside = {theorem.name for theorem in theorems}
    shown = [
        exhibit
        for exhibit in every
        if exhibit.name in names or (exhibit.theorem in inside and exhibit.available)
    ]
    return theorems, shown


def _stored(store: Path, request: Mapping[str, str], tasks: Mapping[str, Task]) -> SweepResult:
    """Return the points that a store has, as the sweep that computed them."""
    stored = stored_request(store)
    for name in ("sweep", "size", "seed"):
        if stored.get(name) != request[name]:
            raise InputError(
                f"{store}: holds a sweep with {name} = {stored.get(name, 'nothing')}, "
                f"not {request[name]}"
            )
    points = stored_points(store)
    there = {
        key: points[key] for key, task in tasks.items()
        if key in points and points[key].task == task.text()
    }  # fmt: skip
    values = {key: json.loads(point.value) for key, point in there.items()}
    seconds = {key: point.seconds for key, point in there.items()}
    return SweepResult(tuple(tasks.values()), values, seconds, {}, 0, stored["code"])


def _sections(
    sources: Sequence[str],
    theorems: Sequence[Theorem],
    shown: Sequence[Exhibit],
    verdicts: VerifyResult,
    needed: Mapping[str, Sequence[Task]],
    values: Mapping[str, Any],
    own: Config,
) -> tuple[list[Section], dict[str, list[str]]]:
    """Return the sections of all theorems, and the keys of the points that parts of them lack."""
    sections: list[Section] = []
    missing: dict[str, list[str]] = {}
    for theorem in registered(sources):
        section, lacking = _section(theorem, theorems, shown, verdicts, needed, values, own)
        sections += [] if section is None else [section]
        missing |= lacking
    return sections, missing


def _section(
    theorem: Theorem,
    theorems: Sequence[Theorem],
    shown: Sequence[Exhibit],
    verdicts: VerifyResult,
    needed: Mapping[str, Sequence[Task]],
    values: Mapping[str, Any],
    own: Config,
) -> tuple[Section | None, dict[str, list[str]]]:
    """Return a theorem's section, and the keys of the points that parts of it lack."""
    found: list[Part] = []
    missing: dict[str, list[str]] = {}
    claims = [claim for claim in verdicts.claims if claim.theorem == theorem.name]
    if theorem in theorems:
        judging = claim_tasks([theorem], size=verdicts.size, seed=verdicts.seed, own=own.claims)
        lacking = [task.key for task in judging if task.key not in values]
        if lacking:
            missing[theorem.name] = lacking
        else:
            found += theorem_parts(theorem, claims, own.claims, own.look)
    inside = [exhibit for exhibit in shown if exhibit.theorem == theorem.name]
    for exhibit in inside:
        tasks = needed[exhibit.name]
        rows = exhibit.records(tasks, values)
        if rows is None:
            lacking = [task.key for task in tasks if task.key not in values]
            missing[exhibit.name] = lacking
        else:
            found.append(exhibit_part(exhibit, rows, own.look))
    return Section(theorem, claims, found) if found or claims else None, missing


def _reason(keys: Sequence[str], failures: Mapping[str, str]) -> str:
    """Say which points are missing, and why where one failed."""
    named = [f"{key} ({failures[key]})" if key in failures else key for key in keys[:3]]
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return f"no data for {', '.join(named)}{more}"


def _write(
    folder: Path,
    sections: Sequence[Section],
    verdicts: VerifyResult,
    missing: Mapping[str, str],
    look: Look,
    *,
    size: str,
    seed: int,
    origin: Mapping[str, Any],
) -> dict[str, str]:
    """Write every file but the manifest, and return their checksums."""
    contents: dict[str, str | bytes] = {}
    pictures: dict[str, bytes] = {}
    for section in sections:
        for part in section.parts:
            if part.table is not None:
                if part.table.printed:
                    contents[f"tables/{part.name}.tex"] = part.table.latex()
                contents[f"tables/{part.name}.csv"] = part.table.csv()
                contents[f"tables/{part.name}.md"] = part.table.markdown()
            if part.figure is not None:
                style = look.style(part.name)
                pictures[part.name] = drawn(part.figure, "svg", origin, style)
                contents[f"figures/{part.name}.svg"] = pictures[part.name]
                contents[f"figures/{part.name}.pdf"] = drawn(part.figure, "pdf", origin, style)
    contents["appendix.tex"] = document(sections, origin)
    contents["verify.json"] = as_json({"tool": "recall", **origin, **verdicts.to_dict()})
    contents["report.html"] = page(
        sections, pictures, size=size, seed=seed, origin=origin, missing=missing
    )
    for inner in ("tables", "figures"):
        make_folder(folder / inner)
    for name in missing:
        # What an earlier run could make is not to pass for this one's.
        tables = [f"tables/{own}.{end}" for own in (name, f"{name}-must-fail") for end in TABLES]
        for old in (*tables, f"figures/{name}.pdf", f"figures/{name}.svg"):
            (folder / old).unlink(missing_ok=True)
    files = {}
    for name, content in contents.items():
        write_whole(folder / name, content)
        data = content.encode() if isinstance(content, str) else content
        files[name] = hashlib.sha256(data).hexdigest()
    return files
