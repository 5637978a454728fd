"""Whether a theorem or an exhibit that somebody wrote is whole, before anything is run."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from assoc.errors import InputError
from theory.claims import Claim, Hypothesis, Kind, Theorem, Verdict
from theory.exhibit import Exhibit
from theory.extras import EXTRAS

__all__ = ["check_exhibit", "check_theorem", "defects", "is_name"]

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TEXTS = ("title", "source", "statement", "constants", "deviations")
EXPECTED = (Verdict.HOLDS, Verdict.NOT_APPLICABLE)
CLAIM_TEXTS = ("source", "statement", "why_fail", "fault_text")


def check_theorem(theorem: Theorem, file: str) -> None:
    """Refuse a theorem that is not whole.

    Raises
    ------
    InputError
        If something is missing, of a wrong type, or cannot work; the line names the file and the
        part.
    """
    for defect in defects(theorem):
        raise InputError(f"{file}: {defect}")


def check_exhibit(exhibit: Exhibit, file: str) -> None:
    """Refuse an exhibit that is not whole.

    Raises
    ------
    InputError
        If its name is none for a file, or it has no columns.
    """
    if not is_name(exhibit.name):
        raise InputError(f"{file}: EXHIBIT has the name {exhibit.name!r}, not one like my-exhibit")
    if not exhibit.columns:
        raise InputError(f"{file}: EXHIBIT {exhibit.name} has no columns")


def defects(theorem: Theorem) -> Iterator[str]:
    """Yield what is wrong with a theorem as it is written, one line each.

    Every text is there, names are unique, every regime fits its check, and each control differs
    from the regime in which the claim holds, and from the other controls.
    """
    if not is_name(theorem.name):
        yield f"THEOREM has the name {theorem.name!r}, not one like my-theorem"
    for field in TEXTS:
        if not _is_text(getattr(theorem, field)):
            yield f"THEOREM: {field} is no text"
    if not theorem.hypotheses or not _all(theorem.hypotheses, Hypothesis):
        yield "THEOREM: hypotheses is no tuple of Hypothesis with at least one"
    elif not all(_is_text(hypothesis.text) for hypothesis in theorem.hypotheses):
        yield "THEOREM: a hypothesis has no text"
    figure: Any = theorem.figure
    if not callable(figure):
        yield "THEOREM: figure is no function"
    if theorem.extra not in (None, *EXTRAS):
        yield f"THEOREM: extra {theorem.extra!r} is not None or one of {', '.join(EXTRAS)}"
    if not theorem.claims or not _all(theorem.claims, Claim):
        yield "THEOREM: claims is no tuple of Claim with at least one"
        return
    names = [claim.name for claim in theorem.claims]
    for claim in theorem.claims:
        if names.count(claim.name) > 1:
            yield f"claim {claim.name!r}: there are {names.count(claim.name)} of this name"
        yield from (f"claim {claim.name!r}: {defect}" for defect in _of_claim(claim))


def is_name(name: object) -> bool:
    """Whether this is a name such as ``my-theorem``, of which files are named."""
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def _of_claim(claim: Claim) -> Iterator[str]:
    if not is_name(claim.name):
        yield "its name is not one like my-claim"
    kind: Any = claim.kind
    if not isinstance(kind, Kind):
        yield f"kind is no Kind: {kind!r}"
    if claim.expected not in EXPECTED:
        yield f"expected is {claim.expected!r}, neither {' nor '.join(EXPECTED)}"
    for field in CLAIM_TEXTS:
        if not _is_text(getattr(claim, field)):
            yield f"{field} is no text"
    given: dict[str, Any] = {"quick": claim.quick, "full": claim.full, "must_fail": claim.must_fail}
    given |= {"fault": claim.fault, **claim.near_misses}
    wrong = [name for name, regime in given.items() if not isinstance(regime, Mapping)]
    for name in wrong:
        yield f"{name} is no mapping of arguments: {given[name]!r}"
    check: Any = claim.check
    if not callable(check):
        yield f"check is no function: {check!r}"
    elif not wrong:
        yield from _of_regimes(claim)


def _of_regimes(claim: Claim) -> Iterator[str]:
    signature = inspect.signature(claim.check)
    seed = signature.parameters.get("seed")
    if seed is not None and seed.default is not seed.empty:
        yield "its check has a seed of its own, which every run has to be given"
    for name in ("quick", "full", *claim.controls):
        said = _misfit(signature, claim.regime(name))
        if said:
            yield f"{name} does not fit its check: {said}"
    seen: dict[str, dict[str, Any]] = {"quick": claim.regime("quick")}
    for name in claim.controls:
        for other, regime in seen.items():
            if _same(claim.regime(name), regime):
                yield f"{name} is the same regime as {other}, so that it shows nothing"
        seen[name] = claim.regime(name)


def _misfit(signature: inspect.Signature, regime: Mapping[str, Any]) -> str:
    try:
        signature.bind(seed=0, **regime)
    except TypeError as error:
        return str(error)
    return ""


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    try:
        return bool(one == other)
    except ValueError:  # Arrays do not say whether they are equal.
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _all(values: object, kind: type) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, kind) for value in values)
