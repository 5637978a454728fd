"""Memories by name, and the user's own by ``package.module:function``."""

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from assoc.errors import InputError
from assoc.fitted import fitted
from assoc.linear import HebbianBuild, dual_both, dual_inputs, dual_outputs, hebbian
from assoc.low_rank import gaussian_projected, projected, truncated
from assoc.memory import Build, Floats, Integers, Memory
from assoc.mlp import gated, two_layer
from assoc.quantised import quantised
from assoc.readout import bilinear, whitened

__all__ = ["MEMORIES", "Recipe", "resolve"]


@dataclass(frozen=True)
class Recipe:
    """How a named memory is made.

    Parameters
    ----------
    make : takes the options by keyword and returns the build.
    needs : options that must be given.
    takes : options that may be given.
    """

    make: Callable[..., Build]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """Options that the memory knows."""
        return self.needs + self.takes


def _plain(build: Build) -> Recipe:
    return Recipe(lambda: build)


RANKED = ("rank",)
WIDE = ("width",)

MEMORIES: Mapping[str, Recipe] = MappingProxyType(
    {
        "linear": _plain(hebbian),
        "low-rank": Recipe(projected, RANKED),
        "low-rank-gaussian": Recipe(gaussian_projected, RANKED),
        "low-rank-svd": Recipe(truncated, RANKED),
        "sign": _plain(quantised(1)),
        "quantised": Recipe(quantised, ("bits",)),
        "dual-inputs": _plain(dual_inputs),
        "dual-outputs": _plain(dual_outputs),
        "dual-both": _plain(dual_both),
        "mlp": Recipe(two_layer, WIDE, ("degree",)),
        "gated-mlp": Recipe(gated, WIDE, ("degree",)),
        "whitened-mlp": Recipe(whitened, WIDE, ("degree",)),
        "bilinear": Recipe(bilinear, WIDE),
        "bilinear-ridge": Recipe(partial(bilinear, ridge=True), WIDE),
        "bilinear-als": Recipe(fitted, WIDE),
        "bilinear-margin": Recipe(partial(fitted, targets="margins"), WIDE),
    }
)
"""All memories by name."""


def resolve(memory: str | Build, **given: int | None) -> tuple[str, Build]:
    """Name and build function of a memory.

    Parameters
    ----------
    memory : one of :data:`MEMORIES`, ``package.module:function``, or a build function itself.
    given : options by name: ``rank`` and ``width`` (m), ``bits`` (b), ``degree`` (k); None stands
        for not given. Only those that the memory knows may be given.

    Returns
    -------
    name, build
        The name is what tables and figures show; ``build`` is as in :class:`assoc.memory.Build`.

    Raises
    ------
    InputError
        If the name is unknown, a module or function is not found, or an option is missing, out of
        place or out of range.

    Examples
    --------
    >>> resolve("low-rank", rank=8)[0]
    'low-rank'
    >>> resolve("low-rank")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: memory 'low-rank' needs its rank given
    """
    options = {option: value for option, value in given.items() if value is not None}
    name = memory if isinstance(memory, str) else getattr(memory, "__name__", type(memory).__name__)
    recipe = MEMORIES.get(memory) if isinstance(memory, str) else None
    for option in () if recipe is None else recipe.needs:
        if option not in options:
            raise InputError(f"memory {name!r} needs its {option} given")
    for option in options:
        if recipe is None or option not in recipe.options:
            raise InputError(f"memory {name!r} takes no {option}")
    if not isinstance(memory, str):
        return name, memory
    if recipe is not None:
        return name, recipe.make(**options)
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
