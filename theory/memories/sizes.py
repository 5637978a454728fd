"""Sizes and chances for which formulas are evaluated: in range, and no larger than was checked."""

from assoc.errors import InputError

__all__ = ["LARGEST_D", "LARGEST_N", "check_delta", "check_rank", "check_sizes"]

LARGEST_D = 10**12
"""Largest dimension d."""

LARGEST_N = 10**30
"""Largest number of facts N, or of outputs M."""


def check_sizes(*, d: int, N: float = 1, M: float = 1) -> None:
    """Refuse a dimension below 2, numbers of facts or outputs below 1, and absurd ones.

    Raises
    ------
    InputError
        If a size is out of range.

    Examples
    --------
    >>> check_sizes(d=10**15)
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: d = 1e+15: the formulas are checked up to d = 1e+12
    """
    if d < 2:
        raise InputError(f"d = {d}: the formulas need a dimension of at least 2")
    # `not` also catches NaN.
    if not N >= 1:
        raise InputError(f"N = {N} is not a positive number of facts")
    if not M >= 1:
        raise InputError(f"M = {M} is not a positive number of outputs")
    for name, value, largest in (("d", d, LARGEST_D), ("N", N, LARGEST_N), ("M", M, LARGEST_N)):
        if value > largest:
            shown = f"{value:.4g}" if len(str(value)) < 300 else "10^300 and more"
            raise InputError(
                f"{name} = {shown}: the formulas are checked up to {name} = {largest:.0e}"
            )


def check_delta(delta: float) -> float:
    """Return an allowed probability of failing.

    Raises
    ------
    InputError
        If it is not in (0, 1).
    """
    if not 0 < delta < 1:
        raise InputError(f"delta = {delta} is not between 0 and 1")
    return delta


def check_rank(rank: int | None, d: int) -> int:
    """Return the rank of a projector, d where there is none.

    Raises
    ------
    InputError
        If it is not from 1 to d.
    """
    if rank is None:
        return d
    if not 1 <= rank <= d:
        raise InputError(f"rank {rank} is not between 1 and d = {d}")
    return rank
