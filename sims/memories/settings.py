"""What a trial draws: embeddings E and U, and the facts f between them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.checks import as_size, check_fits
from assoc.embeddings import LAWS, check_scale
from assoc.errors import InputError
from assoc.facts.maps import MAPS
from assoc.vectors.named import as_named
from sims.engine.randomness import FACTS, INPUTS, OUTPUTS, Source

__all__ = ["GivenVectors", "RandomVectors", "Setting", "check_facts", "settle", "source_of"]

SEARCHED = 2**34
"""Bytes of keys up to which a search goes by itself; its result does not depend on the machine."""


@dataclass(frozen=True)
class RandomVectors:
    """Embeddings drawn anew in each trial.

    Parameters
    ----------
    d : dimension.
    law : a name of :data:`assoc.embeddings.LAWS`.
    facts : a name of :data:`assoc.facts.maps.MAPS`.
    outputs : M; None means M = N.
    """

    d: int
    law: str = "sphere"
    facts: str = "identity"
    outputs: int | None = None

    def __post_init__(self) -> None:
        if self.d < 1:
            raise InputError(f"d = {self.d} is not a positive dimension")
        check_fits(self.d**2, 4, f"d = {self.d}: the entries of a d x d matrix")
        _check_outputs(self.outputs)
        for name, known, what in ((self.law, LAWS, "embeddings"), (self.facts, MAPS, "facts")):
            if name not in known:
                raise InputError(f"{what} {name!r} is not one of {', '.join(known)}")

    @property
    def origin(self) -> str:
        """Where the embeddings come from, for tables."""
        return self.law

    @property
    def max_N(self) -> float:  # noqa: N802
        """Largest N that a search goes to by itself; of orthonormal vectors there are d."""
        limit = float(SEARCHED // (8 * self.d))
        if self.law == "orthonormal":
            limit = min(limit, self.d)
        if self.facts in ("identity", "permutation") and self.outputs is not None:
            limit = min(limit, self.outputs)
        return limit

    def draw(self, N: int, source: Source, trial: int) -> tuple[Floats, Floats, Integers]:
        """Draw E (N, d), U (M, d) in single precision and f (N,) of one trial."""
        check_facts(N)
        M = self.outputs or N
        check_fits(
            (N + M) * self.d, 4, f"N = {N}, d = {self.d}: the embeddings alone",
            instead="--inputs judges a sample of the inputs and streams the facts",
        )  # fmt: skip
        law = LAWS[self.law]
        E = source.vectors(law, N, self.d, trial=trial, stream=INPUTS)
        U = source.vectors(law, M, self.d, trial=trial, stream=OUTPUTS)
        f = MAPS[self.facts](N, M, rng=source.generator(trial, FACTS))
        return E, U, f


@dataclass(frozen=True, eq=False)
class GivenVectors:
    """The user's own vectors, drawn anew in each trial as inputs and outputs.

    From one matrix N + M rows are drawn, none of them twice. From two matrices inputs are rows of
    one and outputs of the other: of the same numbers where f is the identity, so that row i answers
    to row i, and else drawn independently.

    Parameters
    ----------
    vectors : (n, d) float, of the inputs, or of both.
    source : where they came from, for tables.
    facts, outputs : as for :class:`RandomVectors`.
    preprocess : what was done to them, for tables.
    answers : (k, d) float, of the outputs; None stands for the rows that are left.
    """

    vectors: Floats
    source: str
    facts: str = "identity"
    outputs: int | None = None
    preprocess: str = "none"
    answers: Floats | None = None

    def __post_init__(self) -> None:
        _check_outputs(self.outputs)
        if self.facts not in MAPS:
            raise InputError(f"facts {self.facts!r} is not one of {', '.join(MAPS)}")
        if self.max_N < 1:
            M = 1 if self.outputs is None else self.outputs
            n = len(self.vectors if self.answers is None else self.answers)
            raise InputError(
                f"{self.source}: {n} vectors are too few for an input and M = {M} outputs"
            )

    @property
    def d(self) -> int:
        """Dimension of the vectors."""
        return int(self.vectors.shape[1])

    @property
    def origin(self) -> str:
        """Where the vectors come from, and what was done to them, for tables."""
        return f"{self.source} {self.preprocess}"

    @property
    def max_N(self) -> float:  # noqa: N802
        """Largest N for which there are enough rows."""
        n, M = len(self.vectors), self.outputs
        if self.answers is None:
            return n // 2 if M is None else n - M
        k = len(self.answers)
        if M is not None and k < M:
            return 0
        one_each = self.facts in ("identity", "permutation")
        most = n if M is not None and not one_each else min(n, k if M is None else M)
        return min(most, k) if self.facts == "identity" else most

    def draw(self, N: int, source: Source, trial: int) -> tuple[Floats, Floats, Integers]:
        """Draw E (N, d), U (M, d) and f (N,) of one trial."""
        M = self.outputs or N
        f = None if N < 1 else MAPS[self.facts](N, M, rng=source.generator(trial, FACTS))
        if f is None or self.max_N < N:
            raise InputError(self._too_few(N, M))
        n, order = len(self.vectors), source.generator(trial, INPUTS)
        if self.answers is None:
            rows = order.permutation(n)
            return self.vectors[rows[:N]], self.vectors[rows[::-1][:M]], f
        k = len(self.answers)
        if self.facts == "identity":
            rows = order.permutation(min(n, k))
            of_outputs = np.concatenate([rows, np.arange(n, k)])
        else:
            rows = order.permutation(n)
            of_outputs = source.generator(trial, OUTPUTS).permutation(k)
        return self.vectors[rows[:N]], self.answers[of_outputs[:M]], f

    def _too_few(self, N: int, M: int) -> str:
        """Say what N inputs and M outputs need."""
        n, needed = len(self.vectors), f"N = {N} inputs and M = {M} outputs need"
        if self.answers is None:
            return f"{needed} {N + M} distinct vectors; {self.source} has {n}"
        return f"{needed} as many rows; {self.source} have {n} and {len(self.answers)}"


Setting = RandomVectors | GivenVectors
"""What a trial draws from."""


def check_facts(N: int) -> None:
    """Refuse a number of facts that is not positive.

    Raises
    ------
    InputError
        If N < 1.
    """
    if N < 1:
        raise InputError(f"N = {N} is not a positive number of facts")


def _check_outputs(outputs: int | None) -> None:
    if outputs is not None and outputs < 1:
        raise InputError(f"M = {outputs} is not a positive number of outputs")


def settle(
    *,
    d: int | None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    facts: str = "identity",
    outputs: int | None = None,
) -> Setting:
    """Make the setting that the public functions' arguments describe.

    Raises
    ------
    InputError
        If d is missing for random embeddings, or contradicts the given ones, or a name is unknown.
    """
    d = None if d is None else as_size(d, "d")
    outputs = None if outputs is None else as_size(outputs, "M")
    if isinstance(embeddings, str):
        if d is None:
            raise InputError("random embeddings need a dimension d")
        if preprocess != "none":
            raise InputError(f"preprocessing {preprocess!r} is for your own vectors only")
        return RandomVectors(d, embeddings, facts, outputs)
    given = as_named(embeddings)
    for each in given.matrices:
        if preprocess == "none":
            check_scale(each.vectors, each.source)
        each.dimension(d)
    vectors, *answers = (each.prepared(preprocess) for each in given.matrices)
    own = answers[0] if answers else None
    return GivenVectors(vectors, given.source, facts, outputs, preprocess, own)


def source_of(setting: Setting, seed: int, experiment: str) -> Source:
    """Return the randomness of a setting: independent of N, so that trials are nested."""
    return Source(seed, experiment, (setting.d,))
