"""What is proved of memories by name: a failure bound, a capacity, a width, or nothing.

Linear memories (:mod:`theory.memories.guarantee`) and networks of square waves
(:mod:`theory.memories.sign_gates`) have a guarantee for embeddings that are uniform on the sphere,
``dual-inputs`` (:mod:`theory.memories.dual_guarantee`) has one for Gaussian inputs. All of them are
for exact weights and injective maps, those of square waves for as many outputs as inputs.
"""

from sims.memories.construction import Construction
from theory.memories import sign_gates
from theory.memories.classes import INJECTIVE
from theory.memories.dual_guarantee import MOST_DUAL, dual_inputs_bound, dual_inputs_capacity
from theory.memories.guarantee import failure_bound, guaranteed_capacity
from theory.memories.recall import GATED, SIGNED

__all__ = ["GAUSSIAN", "proved_bound", "proved_capacity", "proved_width"]

LINEAR = ("linear", "low-rank")

GAUSSIAN = "dual-inputs"
"""The memory whose guarantee is for Gaussian inputs."""


def proved_bound(
    construction: Construction, *, d: int, N: int, facts: str = "identity", M: int | None = None
) -> float | None:
    """Bound the probability that some fact is not recalled; None where nothing is proved.

    Parameters
    ----------
    construction : a memory with its options.
    d, N, M : sizes; None means M = N.
    facts : law of the fact map.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> proved_bound(Construction("sign-gated", width=2000), d=64, N=1024) < 0.2
    True
    >>> proved_bound(Construction("sign"), d=64, N=20)
    """
    if not _has_guarantee(construction, d, facts):
        return None
    if construction.memory in SIGNED:
        gates = _gates(construction, d)
        if gates == 0 or (M is not None and M != N):
            return None
        return sign_gates.failure_bound(N, d, gates, omega=construction.omega)
    if construction.memory == GAUSSIAN:
        return dual_inputs_bound(N, d, M=M)
    return failure_bound(N, d, M=M, rank=construction.rank_at(d))


def proved_capacity(
    construction: Construction, *, d: int, facts: str = "identity", M: int | None = None
) -> int | None:
    """Largest N proved recalled whole in half of the draws; None where nothing is proved.

    Parameters are those of :func:`proved_bound`.

    Examples
    --------
    >>> proved_capacity(Construction("linear"), d=64)
    89
    >>> 500 < proved_capacity(Construction("sign-gated", width=804), d=64) < 530
    True
    """
    if not _has_guarantee(construction, d, facts):
        return None
    if construction.memory in SIGNED:
        gates = _gates(construction, d)
        if gates == 0 or M is not None:
            return None
        return sign_gates.guaranteed_facts(d, gates, omega=construction.omega)
    if construction.memory == GAUSSIAN:
        return dual_inputs_capacity(d) if M is None else None
    return guaranteed_capacity(d, M=M, rank=construction.rank_at(d))


def proved_width(
    construction: Construction, *, d: int, N: int, facts: str = "identity", M: int | None = None
) -> int | None:
    """Least width (within 1%) proved to recall all in half of the draws; None where there is none.

    Parameters are those of :func:`proved_bound`; a width that the construction has is ignored.

    Examples
    --------
    >>> proved_width(Construction("sign-gated"), d=64, N=512)
    805
    >>> proved_width(Construction("sign-mlp"), d=64, N=512)
    1610
    """
    named = construction.memory in SIGNED and _has_guarantee(construction, d, facts)
    if not named or (M is not None and M != N):
        return None
    gates = sign_gates.least_width(N, d, omega=construction.omega)
    return None if gates is None else gates * GATED[str(construction.memory)]


def _has_guarantee(construction: Construction, d: int, facts: str) -> bool:
    """Whether something is proved of a construction, if it has the sizes that it needs."""
    if construction.bits is not None or facts not in INJECTIVE:
        return False
    if construction.memory == GAUSSIAN:
        return 3 <= d <= MOST_DUAL
    squares = construction.memory in SIGNED and construction.gates in (None, "square")
    return squares or construction.memory in LINEAR


def _gates(construction: Construction, d: int) -> int:
    """Number of gates of a network."""
    return (construction.width_at(d) or 0) // GATED[str(construction.memory)]
