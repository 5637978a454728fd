"""Memories by name, and the user's own by ``package.module:function``."""

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from assoc.errors import InputError
from assoc.linear import HebbianBuild, dual_both, dual_inputs, dual_outputs, hebbian
from assoc.low_rank import gaussian_projected, projected, truncated
from assoc.memory import Build, Floats, Integers, Memory
from assoc.quantised import quantised

__all__ = ["MEMORIES", "NEEDS_BITS", "NEEDS_RANK", "resolve"]

PLAIN: Mapping[str, Build] = MappingProxyType(
    {
        "linear": hebbian,
        "dual-inputs": dual_inputs,
        "dual-outputs": dual_outputs,
        "dual-both": dual_both,
        "sign": quantised(1),
    }
)
"""Builds that take nothing more."""

NEEDS_RANK: Mapping[str, Callable[[int], Build]] = MappingProxyType(
    {
        "low-rank": projected,
        "low-rank-gaussian": gaussian_projected,
        "low-rank-svd": truncated,
    }
)
"""Builds that take a rank."""

NEEDS_BITS: Mapping[str, Callable[[int], Build]] = MappingProxyType({"quantised": quantised})
"""Builds that take a number of bits."""

MEMORIES: tuple[str, ...] = (*PLAIN, *NEEDS_RANK, *NEEDS_BITS)
"""Names of all memories."""


def resolve(
    memory: str | Build, *, rank: int | None = None, bits: int | None = None
) -> tuple[str, Build]:
    """Name and build function of a memory.

    Parameters
    ----------
    memory : one of :data:`MEMORIES`, ``package.module:function``, or a build function itself.
    rank : m, for the memories of bounded rank and only for these.
    bits : b, for ``quantised`` and only for it.

    Returns
    -------
    name, build
        The name is what tables and figures show; ``build`` is as in :class:`assoc.memory.Build`.

    Raises
    ------
    InputError
        If the name is unknown, a module or function is not found, or rank or bits is missing or
        out of place.

    Examples
    --------
    >>> resolve("low-rank", rank=8)[0]
    'low-rank'
    >>> resolve("low-rank")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: memory 'low-rank' needs its rank given
    """
    name = memory if isinstance(memory, str) else getattr(memory, "__name__", type(memory).__name__)
    for option, value, needed in (("rank", rank, NEEDS_RANK), ("bits", bits, NEEDS_BITS)):
        needs = isinstance(memory, str) and name in needed
        if needs and value is None:
            raise InputError(f"memory {name!r} needs its {option} given")
        if value is not None and not needs:
            raise InputError(f"memory {name!r} takes no {option}")
    if not isinstance(memory, str):
        return name, memory
    if name in PLAIN:
        return name, PLAIN[name]
    if name in NEEDS_RANK and rank is not None:
        return name, NEEDS_RANK[name](rank)
    if name in NEEDS_BITS and bits is not None:
        return name, NEEDS_BITS[name](bits)
    if ":" in name:
        return name, _imported(name)
    near = difflib.get_close_matches(name, MEMORIES, 1)
    hint = f"did you mean {near[0]!r}? Known: " if near else "one of "
    raise InputError(
        f"unknown memory {name!r}: {hint}{', '.join(MEMORIES)}, or package.module:function"
    )


def _imported(name: str) -> Build:
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise InputError(f"memory {name!r}: no module named {module_name!r}") from None
    except (ValueError, TypeError):
        raise InputError(f"memory {name!r}: {module_name!r} is not a module name") from None
    except Exception as error:  # A user's module may fail in any way; say how, keep the cause.
        raise InputError(f"memory {name!r}: {type(error).__name__}: {error}") from error
    build = getattr(module, attribute, None)
    if not callable(build):
        raise InputError(f"memory {name!r}: {module_name} has no function {attribute!r}")
    return build if isinstance(build, HebbianBuild) else _UserBuild(name, build)


@dataclass(frozen=True)
class _UserBuild:
    """A build function of the user's, whose failures are reported by its name."""

    name: str
    function: Build

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Memory:
        try:
            memory = self.function(E, U, f, rng=rng)
        except InputError:
            raise
        except Exception as error:  # It may fail in any way; say how, keep the cause.
            raise InputError(f"memory {self.name!r}: {type(error).__name__}: {error}") from error
        returned: object = memory
        if not isinstance(returned, Memory):
            raise InputError(
                f"memory {self.name!r} returned {type(memory).__name__}, not a callable with a "
                "'parameters' attribute"
            )
        return memory
