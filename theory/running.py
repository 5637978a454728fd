"""The running of claims: as points of a sweep, here or in other processes, with their controls."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from inspect import signature
from types import MappingProxyType
from typing import Any

from assoc.catalogue import options_of, resolve
from assoc.errors import InputError, UnfitError
from assoc.imports import called, imported
from sims.sweeps.tasks import Progress, Task, sweep
from theory.claims import Finding, Theorem, Verdict
from theory.extras import says_lacking, without
from theory.regimes import NOTHING, Own, claim_settings, read
from theory.registry import IN_HAND, find, selected
from theory.verdicts import ClaimResult, VerifyResult

__all__ = [
    "SIZES",
    "check_size",
    "claim_task",
    "claim_tasks",
    "judged",
    "packages_of",
    "run_claim",
    "verify",
]

SIZES = ("quick", "full")
"""Regimes in which claims are judged."""

_handed: dict[str, Theorem] = {}
"""Theorems that were handed over as objects, while they are judged, by their origin."""


@contextmanager
def _handing_over(theorems: Iterable[Theorem]) -> Iterator[None]:
    """Have :func:`run_claim` find theorems in this process, whatever they come from."""
    given = {theorem.origin: theorem for theorem in theorems if theorem.origin}
    _handed.update(given)
    try:
        yield
    finally:
        for origin in given:
            del _handed[origin]


def _check_findable(theorems: Iterable[Theorem]) -> None:
    """Refuse theorems that no module defines, which another process could not import.

    Raises
    ------
    InputError
        Naming the first such theorem.
    """
    for theorem in theorems:
        if theorem.origin.startswith(IN_HAND):
            raise InputError(
                f"theorem {theorem.name!r}: no module defines it, so other processes cannot find "
                "it; put it in a file, or workers=1"
            )


def packages_of(theorems: Iterable[Theorem]) -> list[str]:
    """Return the packages whose code counts for the claims of theorems, besides what is ours."""
    origins = {theorem.origin.partition(".")[0].partition(":")[0] for theorem in theorems}
    return sorted(name for name in origins if name.isidentifier())


def _package(memory: str) -> list[str]:
    """Return the package of a construction that is named by its module, if it is."""
    return [memory.partition(":")[0].partition(".")[0]] if ":" in memory else []


def run_claim(
    theorem: str,
    claim: str,
    regime: str,
    seed: int,
    origin: str = "",
    memory: str = "",
    own: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Run a claim's check in one regime and return the finding as a record.

    Parameters
    ----------
    theorem, claim : names.
    regime : ``quick``, ``full`` or one of the claim's controls.
    seed : determines every random number.
    origin : where a theorem that is not ours is imported from.
    memory : ``module:function`` of a construction to judge in place of the claim's own, or a name.
    own : plain values of the user's in place of the regime's: see :mod:`theory.regimes`.

    Returns
    -------
    The finding; not applicable where the check takes no such memory, or an extra is missing.

    Raises
    ------
    InputError
        If the check fails or returns something else than a finding.
    """
    found = _loaded(origin) if origin else find(theorem)
    if said := without(found.extra):
        return Finding(Verdict.NOT_APPLICABLE, "", note=said).to_dict()
    wanted = next(each for each in found.claims if each.name == claim)
    arguments = wanted.regime(regime, read(own, claim_settings(wanted), claim))
    named = True
    if memory:
        taken = signature(wanted.check).parameters.get("memory")
        if taken is None:
            return Finding(Verdict.NOT_APPLICABLE, "", note="its check takes no memory").to_dict()
        usual = arguments.get("memory", taken.default)
        named = isinstance(usual, str)
    try:
        if memory:
            # A check that has a build function there is given one.
            arguments["memory"] = memory if named else resolve(memory)[1]
        finding = called(wanted.check, seed=seed, **arguments)
    except UnfitError as error:
        if not memory:
            raise
        return Finding(Verdict.NOT_APPLICABLE, "", note=str(error)).to_dict()
    if not isinstance(finding, Finding):
        raise InputError(f"the check returned a {type(finding).__name__}, not a Finding")
    return finding.to_dict()


def _loaded(origin: str) -> Theorem:
    """Import a theorem that is not ours.

    Raises
    ------
    InputError
        If this process cannot import it.
    """
    if origin in _handed:
        return _handed[origin]
    module, _, constant = origin.partition(":")
    found = getattr(imported(module), constant, None) if constant else None
    if not isinstance(found, Theorem):
        raise InputError(f"a worker finds no theorem in {origin}; put it in a file, or workers=1")
    return found


def claim_task(
    theorem: str,
    claim: str,
    regime: str,
    *,
    seed: int,
    origin: str = "",
    memory: str = "",
    own: Mapping[str, Any] = MappingProxyType({}),
) -> Task:
    """Return the point of a sweep that runs a claim's check in one regime.

    Parameters
    ----------
    theorem, claim, regime, seed, origin, memory, own : as for :func:`run_claim`; a ``seed`` among
        the user's values is this claim's. The values are in the point's key, so that a store can
        have the claim with several.
    """
    sizes = {key: value for key, value in own.items() if key != "seed"}
    arguments: dict[str, Any] = {"theorem": theorem, "claim": claim, "regime": regime}
    arguments["seed"] = own.get("seed", seed)
    arguments |= {"origin": origin} if origin else {}
    arguments |= {"memory": memory} if memory else {}
    arguments |= {"own": sizes} if sizes else {}
    said = f" {json.dumps(own)}" if own else ""
    return Task(f"{theorem}/{claim}/{regime}{said}", f"{__name__}:run_claim", arguments)


def claim_tasks(
    theorems: Iterable[Theorem],
    *,
    size: str,
    seed: int,
    controls: bool = True,
    memory: str = "",
    own: Own = NOTHING,
) -> list[Task]:
    """Return the points that judge every claim of some theorems, with their controls if asked.

    A ``memory`` stands in for the claim's own, not in the controls.
    """
    return [
        claim_task(
            theorem.name,
            claim.name,
            regime,
            seed=seed,
            origin=theorem.origin,
            memory=memory if regime == size else "",
            own=own.get(f"{theorem.name}/{claim.name}", {}),
        )
        for theorem in theorems
        for claim in theorem.claims
        for regime in (size, *(claim.controls if controls else ()))
    ]


def judged(
    theorems: Iterable[Theorem],
    values: Mapping[str, Any],
    seconds: Mapping[str, float],
    *,
    size: str,
    seed: int,
    controls: bool = True,
    own: Own = NOTHING,
) -> VerifyResult:
    """Return the verdicts of every claim whose points are all there.

    Parameters
    ----------
    theorems : whose claims.
    values, seconds : what came out of :func:`claim_tasks`, and how long it took, by key.
    size, seed, controls, own : as for :func:`claim_tasks`.
    """
    results = []
    for theorem in theorems:
        for claim in theorem.claims:
            run = claim.controls if controls else ()
            here = own.get(f"{theorem.name}/{claim.name}", {})
            keys = [
                claim_task(theorem.name, claim.name, regime, seed=seed, own=here).key
                for regime in (size, *run)
            ]
            if all(key in values for key in keys):
                finding, *caught = (Finding.from_dict(values[key]) for key in keys)
                took = sum(seconds[key] for key in keys)
                found = dict(zip(run, caught, strict=True))
                lacking = says_lacking(finding.note, theorem.extra)
                results.append(ClaimResult(theorem.name, claim, finding, found, took, lacking))
    return VerifyResult(size, seed, tuple(results))


def check_size(size: str) -> None:
    """Refuse a size that is not one of :data:`SIZES`.

    Raises
    ------
    InputError
        If it is not.
    """
    if size not in SIZES:
        raise InputError(f"size {size!r} is not one of {', '.join(SIZES)}")


def verify(
    names: Iterable[str | Theorem] = (),
    *,
    theorems: Iterable[str] = (),
    size: str = "quick",
    seed: int = 0,
    controls: bool = True,
    memory: str = "",
    executor: Executor | str = "processes",
    workers: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
) -> VerifyResult:
    """Judge the claims of some theorems, or of all.

    Parameters
    ----------
    names : theorems by name or as ``module:NAME``, or :class:`theory.claims.Theorem` objects; none
        means all, or all of ``theorems`` if there are any.
    theorems : modules, files or folders that hold theorems besides ours and the project's: see
        :mod:`theory.sources`.
    size : ``quick`` or ``full``.
    seed : determines every random number.
    controls : also run each claim where it must fail and with its planted fault.
    memory : a name, or ``module:function`` of a construction of the user's, that stands in for the
        memory of every claim whose check takes one; the other claims are not applicable.
    executor, workers, progress : as for :func:`sims.sweeps.tasks.sweep`.

    Returns
    -------
    VerifyResult

    Raises
    ------
    InputError
        If a theorem or the size is unknown, a source cannot be used, or a check cannot be carried
        out.
    """
    check_size(size)
    judged_ones = selected(names, theorems)
    if executor == "processes" and workers != 1:
        _check_findable(judged_ones)
    if memory:
        options_of(memory)
    tasks = claim_tasks(judged_ones, size=size, seed=seed, controls=controls, memory=memory)
    with _handing_over(judged_ones):
        found = sweep(
            tasks, packages=[*packages_of(judged_ones), *_package(memory)],
            executor=executor, workers=workers, progress=progress,
        )  # fmt: skip
    found.complete()
    return judged(judged_ones, found.values, found.seconds, size=size, seed=seed, controls=controls)
