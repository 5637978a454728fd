"""Constructions by name, memories and transformers, and the user's own by ``module:function``."""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from assoc.arrays import Floats
from assoc.bits.annealed_networks import annealed_mlp, annealed_pairs, annealed_ranks
from assoc.bits.annealing import annealed
from assoc.bits.codes import coded
from assoc.errors import InputError, UnfitError
from assoc.facts.recall_task import RecallTask
from assoc.imports import imported
from assoc.memories.fitted_features import fitted
from assoc.memories.linear import HebbianBuild, dual_both, dual_inputs, dual_outputs, hebbian
from assoc.memories.low_rank import gaussian_projected, projected, truncated
from assoc.memories.memory import Build, Memory
from assoc.memories.mlp import gated, two_layer
from assoc.memories.optimal import (
    Decides,
    optimal_bilinear,
    optimal_linear,
    optimal_low_rank,
    optimal_mlp,
)
from assoc.memories.random_features import bilinear, whitened
from assoc.memories.sign_gates import sign_gated, sign_two_layer
from assoc.transformers.attention_mlp import attention_mlp, hybrid
from assoc.transformers.attention_only import attention_only
from assoc.transformers.attention_sign_mlp import attention_sign_mlp
from assoc.transformers.model import OneLayer
from assoc.user_code import UserBuild, UserDecision, told_of

__all__ = [
    "CODED",
    "MEMORIES",
    "TRANSFORMERS",
    "BuildModel",
    "Recipe",
    "blamed",
    "build_name",
    "fitted_in_bits",
    "options_of",
    "resolve",
    "resolve_transformer",
]


class BuildModel(Protocol):
    """A construction of transformers: a task and the embeddings of its tokens in, a model out."""

    def __call__(
        self, task: RecallTask, embeddings: Floats, *, rng: np.random.Generator
    ) -> OneLayer:
        """Build the model of the task's facts."""


@dataclass(frozen=True)
class Recipe:
    """How a named construction is made.

    Parameters
    ----------
    make : takes the options by keyword and returns the build.
    needs : options that must be given.
    takes : options that may be given.
    rounds : whether it may be rounded to ``bits`` per weight, by a ``rounding``.
    fits : takes ``bits``, and the options by keyword, and returns the build that is fitted in
        them, in place of a rounding.
    """

    make: Callable[..., Any]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    rounds: bool = True
    fits: Callable[..., Any] | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """Options that the construction knows."""
        if self.fits is not None:
            return self.needs + self.takes + CODED[:1]
        return self.needs + self.takes + (CODED if self.rounds else ())


def _plain(build: Build) -> Recipe:
    return Recipe(lambda: build)


OURS = (HebbianBuild, UserBuild)
"""Builds that are taken as they are: of our own, and of users where they are looked after."""

CODED = ("bits", "rounding")
"""Options of every construction that may be rounded, and of the user's own."""

RANKED = ("rank",)
WIDE = ("width",)
SIGNED = ("gates", "omega")

MEMORIES: Mapping[str, Recipe] = MappingProxyType(
    {
        "linear": _plain(hebbian),
        "low-rank": Recipe(projected, RANKED),
        "low-rank-gaussian": Recipe(gaussian_projected, RANKED),
        "low-rank-svd": Recipe(truncated, RANKED),
        "sign": Recipe(lambda: coded(hebbian, 1), rounds=False),
        "dual-inputs": _plain(dual_inputs),
        "dual-outputs": _plain(dual_outputs),
        "dual-both": _plain(dual_both),
        "mlp": Recipe(two_layer, WIDE, ("degree",)),
        "gated-mlp": Recipe(gated, WIDE, ("degree",)),
        "sign-mlp": Recipe(sign_two_layer, WIDE, SIGNED),
        "sign-gated": Recipe(sign_gated, WIDE, SIGNED),
        "whitened-mlp": Recipe(whitened, WIDE, ("degree",)),
        "bilinear": Recipe(bilinear, WIDE),
        "bilinear-ridge": Recipe(partial(bilinear, ridge=True), WIDE),
        "bilinear-als": Recipe(fitted, WIDE),
        "bilinear-margin": Recipe(partial(fitted, targets="margins"), WIDE),
        "optimal-linear": Recipe(lambda: optimal_linear, fits=annealed),
        "optimal-low-rank": Recipe(optimal_low_rank, RANKED, fits=annealed_ranks),
        "optimal-mlp": Recipe(optimal_mlp, WIDE, ("degree",), fits=annealed_mlp),
        "optimal-bilinear": Recipe(optimal_bilinear, WIDE, fits=annealed_pairs),
        "optimal-bilinear-fit": Recipe(partial(optimal_bilinear, fit=True), WIDE),
    }
)
"""All memories by name."""


def _model(build: Callable[..., OneLayer], **fixed: Any) -> Callable[..., BuildModel]:
    """What takes options and returns a build with them filled in."""
    return lambda **options: partial(build, **fixed, **options)


HEADS = ("head_dim", "heads", "length")

TRANSFORMERS: Mapping[str, Recipe] = MappingProxyType(
    {
        "attention-only": Recipe(_model(attention_only), takes=HEADS),
        "attention-only-dual": Recipe(_model(attention_only, values="dual"), takes=HEADS),
        "attention-only-sum": Recipe(_model(attention_only, values="sum"), takes=HEADS),
        "attention-mlp": Recipe(_model(attention_mlp), WIDE, ("degree", *HEADS)),
        "attention-mlp-whitened": Recipe(
            _model(attention_mlp, mlp="whitened"), WIDE, ("degree", *HEADS)
        ),
        "attention-mlp-hermite": Recipe(
            _model(attention_mlp, mlp="hermite"), WIDE, ("degree", *HEADS)
        ),
        "attention-mlp-sign": Recipe(_model(attention_sign_mlp), WIDE, (*SIGNED, *HEADS)),
        "hybrid": Recipe(_model(hybrid), WIDE, ("share", "degree", "head_dim", "length")),
    }
)
"""All one-layer transformers by name."""


def resolve(memory: str | Build, **given: float | str | None) -> tuple[str, Build]:
    """Name and build function of a memory.

    Parameters
    ----------
    memory : one of :data:`MEMORIES`, ``package.module:function``, or a build function itself.
    given : options by name: ``rank`` and ``width`` (m), ``degree`` (k); ``gates`` and ``omega`` of
        sign-gated ones; for every memory but ``sign``, also the user's own, ``bits`` (b) and
        ``rounding``, by which its weights are encoded (:func:`assoc.bits.codes.coded`); but
        ``optimal-linear``, ``optimal-low-rank``, ``optimal-mlp`` and ``optimal-bilinear`` are
        fitted in their ``bits``, all layers (:mod:`assoc.bits.annealing`,
        :mod:`assoc.bits.annealed_networks`), and take no ``rounding``. None stands for not given.
        Only those that the memory knows may be given; a build function of the user's knows its
        keyword-only parameters: ``build(E, U, f, *, rng, width=256)``.

    Returns
    -------
    name, build
        The name is what tables and figures show; ``build`` is as in
        :class:`assoc.memories.memory.Build`.

    Raises
    ------
    InputError
        If the name is unknown, a module or function is not found, or an option is out of range.
    UnfitError
        If an option is missing or out of place.

    Examples
    --------
    >>> resolve("low-rank", rank=8, bits=2)[0]
    'low-rank'
    >>> resolve("low-rank")
    Traceback (most recent call last):
    ...
    assoc.errors.UnfitError: memory 'low-rank' needs its rank given
    """
    name, build = _resolve("memory", MEMORIES, Memory, memory, given)
    return name, build


def resolve_transformer(
    model: str | BuildModel, **given: float | str | None
) -> tuple[str, BuildModel]:
    """Name and build function of a one-layer transformer.

    Parameters
    ----------
    model : one of :data:`TRANSFORMERS`, ``package.module:function``, or a build function itself.
    given : options by name: ``head_dim`` (d_h), ``heads`` (H), ``width`` (m), ``degree`` (k),
        ``gates``, ``omega``, ``share``, ``length`` (T), ``bits`` (b) and ``rounding``; None stands
        for not given. Only those that the construction knows may be given.

    Raises
    ------
    InputError, UnfitError
        As for :func:`resolve`.

    Examples
    --------
    >>> resolve_transformer("attention-mlp")
    Traceback (most recent call last):
    ...
    assoc.errors.UnfitError: transformer 'attention-mlp' needs its width given
    """
    name, build = _resolve("transformer", TRANSFORMERS, OneLayer, model, given)
    return name, build


@contextmanager
def blamed(asked: str | Callable[..., Any], kind: str = "memory") -> Iterator[None]:
    """Begin what is said of bad input with the name of a construction that is not ours.

    Parameters
    ----------
    asked : as for :func:`resolve` or :func:`resolve_transformer`.
    kind : ``memory`` or ``transformer``.

    Examples
    --------
    >>> with blamed("my:build"):
    ...     raise InputError("the memory's outputs: row 0 has a value that is not finite")
    Traceback (most recent call last):
    ...
    assoc.errors.InputError: memory 'my:build': the memory's outputs: row 0 has a value that is...
    """
    if isinstance(asked, str) and (asked in MEMORIES or asked in TRANSFORMERS):
        yield
    else:
        with told_of(kind, asked if isinstance(asked, str) else build_name(asked)):
            yield


def build_name(build: Callable[..., Any]) -> str:
    """Return the name of a build function, or of the class of a callable object."""
    return str(getattr(build, "__name__", type(build).__name__))


def _resolve(
    kind: str,
    known: Mapping[str, Recipe],
    returns: type[Any],
    asked: str | Callable[..., Any],
    given: Mapping[str, float | str | None],
) -> tuple[str, Any]:
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    name = asked if isinstance(asked, str) else build_name(asked)
    make = _maker(kind, known, returns, asked)
    for option in options:
        if option not in make.options:
            raise UnfitError(f"{kind} {name!r} takes no {option}")
    for option in make.needs:
        if option not in options:
            raise UnfitError(f"{kind} {name!r} needs its {option} given")
    coding = {option: options.pop(option) for option in CODED if option in options}
    if "rounding" in coding and "bits" not in coding:
        raise InputError(f"{kind} {name!r}: a rounding needs bits given")
    if coding and make.fits is not None:
        return name, make.fits(coding["bits"], **options)
    build = make.make(**options)
    return name, coded(build, **coding) if coding else build


def options_of(memory: str | Build) -> tuple[str, ...]:
    """Options that a memory knows, of those that :func:`resolve` takes.

    Raises
    ------
    InputError
        As for :func:`resolve`.

    Examples
    --------
    >>> options_of("low-rank")
    ('rank', 'bits', 'rounding')
    """
    return _maker("memory", MEMORIES, Memory, memory).options


def fitted_in_bits(memory: str | Build) -> bool:
    """Whether a memory that is given ``bits`` is fitted in them, in place of a rounding.

    Raises
    ------
    InputError
        As for :func:`resolve`.

    Examples
    --------
    >>> fitted_in_bits("optimal-mlp"), fitted_in_bits("mlp")
    (True, False)
    """
    return _maker("memory", MEMORIES, Memory, memory).fits is not None


def _maker(
    kind: str, known: Mapping[str, Recipe], returns: type[Any], asked: str | Callable[..., Any]
) -> Recipe:
    """Return how a construction with exact weights is made of its options."""
    if not isinstance(asked, str):
        return _users(kind, build_name(asked), asked)
    if asked in known:
        return known[asked]
    if ":" in asked:
        return _imported(kind, asked, returns)
    near = difflib.get_close_matches(asked, known, 1)
    hint = f"did you mean {near[0]!r}? Known: " if near else "one of "
    raise InputError(
        f"unknown {kind} {asked!r}: {hint}{', '.join(known)}, or package.module:function"
    )


def _of_function(function: Callable[..., Any], wrap: Callable[[Callable[..., Any]], Any]) -> Recipe:
    """Return the recipe of a build function of the user's, whose options are its parameters."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # Of something that says nothing of its parameters.
        parameters = {}.values()
    own = {
        each.name: each.default is each.empty
        for each in parameters
        if each.kind is each.KEYWORD_ONLY and each.name != "rng"
    }
    return Recipe(
        lambda **options: wrap(partial(function, **options) if options else function),
        needs=tuple(name for name, needed in own.items() if needed),
        takes=tuple(name for name, needed in own.items() if not needed),
    )


def _imported(kind: str, name: str, returns: type[Any]) -> Recipe:
    module_name, _, attribute = name.partition(":")
    try:
        module = imported(module_name, here=True)
    except InputError as error:
        raise InputError(f"{kind} {name!r}: {error}") from error.__cause__
    build = getattr(module, attribute, None)
    if not callable(build):
        raise InputError(f"{kind} {name!r}: {module_name} has no function {attribute!r}")
    return _users(kind, name, build, returns)


def _users(kind: str, name: str, build: Any, returns: type[Any] | None = None) -> Recipe:
    """Return the recipe of a build that was given, or imported; ours is taken as it is."""
    if isinstance(build, OURS):
        return Recipe(lambda: build)
    if isinstance(build, Decides):
        function: Any = build
        return Recipe(lambda: UserDecision(kind, name, function, returns))
    return _of_function(build, lambda function: UserBuild(kind, name, function, returns))
