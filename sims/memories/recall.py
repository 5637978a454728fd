r"""Recall at a point: what fraction of N facts a construction recalls, over independent trials."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assoc.checks import as_size, positive, several, trial_count
from assoc.errors import InputError, UnfitError
from assoc.memories.decoding import certified_margins
from assoc.memories.memory import Build
from assoc.memories.optimal import Decides
from sims.engine.parallel import Workers, blas_threads
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS, Source
from sims.engine.results import Result, new_axes
from sims.engine.statistics import LEVEL, Interval, mean_interval, proportion_interval
from sims.memories.construction import Construction, Size
from sims.memories.ensemble import Ensemble
from sims.memories.scoring import recalled, score_doubt
from sims.memories.settings import RandomVectors, check_facts, settle
from sims.memories.streaming import recalled_of_sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RecallPoint", "RecallResult", "count_recalled", "decide", "measure"]

SIDE_BY_SIDE = 2**22
"""Entries of E up to which several trials may be held at a time, one in each thread."""

ONE_THREAD = Workers()

BATCH = 32
BATCH_SCORES = 2**18
MAX_BATCHED = 1024
"""Most trials and scores in a batch of small trials, and the largest N and d that are batched."""


@dataclass(frozen=True)
class RecallPoint:
    """Measured recall of one construction at one size.

    Parameters
    ----------
    d, N, M : sizes.
    counts : inputs recalled in each trial.
    judged : inputs judged in each trial (N, or the size of the sample).
    """

    d: int
    N: int
    M: int
    counts: tuple[int, ...]
    judged: int

    @property
    def recall(self) -> float:
        """Mean fraction recalled."""
        return float(np.mean(self.counts) / self.judged)

    @property
    def standard_error(self) -> float:
        """Standard error of :attr:`recall`, from the spread between trials (NaN for one trial)."""
        if len(self.counts) < 2:
            return float("nan")
        return float(np.std(self.counts, ddof=1) / self.judged / np.sqrt(len(self.counts)))

    def interval(self, level: float = LEVEL) -> Interval:
        """Interval of the expected recall; see :func:`sims.engine.statistics.mean_interval`."""
        return mean_interval(np.array(self.counts) / self.judged, level=level)

    @property
    def whole(self) -> int:
        """Trials in which every judged input was recalled."""
        return sum(count == self.judged for count in self.counts)


@dataclass(frozen=True, repr=False)
class RecallResult(Result):
    """Measured recall at one or more sizes; a table row and a point of the curve each."""

    memory: str
    embeddings: str
    facts: str
    seed: int
    points: tuple[RecallPoint, ...]

    @property
    def recall(self) -> float:
        """Mean fraction recalled, where one size was measured.

        Raises
        ------
        InputError
            If there are several: each of :attr:`points` has its own.
        """
        if len(self.points) > 1:
            raise InputError(f"{len(self.points)} sizes were measured: see points")
        return self.points[0].recall

    def __repr__(self) -> str:
        listed = ", ".join(f"N={p.N}: {p.recall:.4f}" for p in self.points[:4])
        more = ", ..." if len(self.points) > 4 else ""
        return f"RecallResult({self.memory}, d={self.points[0].d}, {listed}{more})"

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per size."""
        return [
            {
                "d": p.d,
                "N": p.N,
                "M": p.M,
                "recall": p.recall,
                "interval": list(p.interval()),
                "all_recalled": p.whole / len(p.counts),
                "all_recalled_interval": list(
                    proportion_interval(p.whole, len(p.counts), level=LEVEL)
                ),
                "trials": len(p.counts),
                "judged": p.judged,
            }
            for p in self.points
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values; a single point's values stand at the top level too."""
        rows = self.rows()
        head = {
            "memory": self.memory,
            "embeddings": self.embeddings,
            "facts": self.facts,
            "seed": self.seed,
        }
        single = rows[0] if len(rows) == 1 else {}
        return {**head, **single, "level": LEVEL, "points": rows}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw recall against N; intervals have bars where a fact was missed.

        An interval of the expected recall allows for rare trials that no run has shown. Where all
        facts were recalled its bar would look like failure; the legend says how low it reaches.
        """
        ax = new_axes(ax)
        missed = [p for p in self.points if p.recall < 1]
        whole = [p for p in self.points if p.recall == 1]
        if missed:
            recall = np.array([p.recall for p in missed])
            ends = np.array([p.interval() for p in missed])
            bars = np.maximum(np.abs(ends.T - recall), 0)
            label = f"{self.memory}, measured, {LEVEL:.0%} interval"
            ax.errorbar([p.N for p in missed], recall, bars, fmt="ok", capsize=3, label=label)
        if whole:
            low = min(p.interval()[0] for p in whole)
            label = f"{self.memory}, all facts of all trials recalled ({LEVEL:.0%} limit {low:.2f})"
            ax.plot([p.N for p in whole], [1.0] * len(whole), "*k", ms=9, label=label)
        ax.set_xlabel("facts $N$")
        ax.set_ylabel("recall")
        return ax


def measure(
    memory: str | Build,
    *,
    N: int | Sequence[int],
    d: int | None = None,
    rank: Size | None = None,
    bits: int | None = None,
    width: Size | None = None,
    degree: int | None = None,
    rounding: str | None = None,
    gates: str | None = None,
    omega: float | None = None,
    embeddings: Any = "sphere",
    preprocess: str = "none",
    facts: str = "identity",
    outputs: int | None = None,
    trials: int = 20,
    first: int = 0,
    inputs: int | None = None,
    seed: int = 0,
    experiment: str = "recall",
    threads: int | None = None,
    executor: Executor | None = None,
) -> RecallResult:
    r"""Measure the recall of a construction by Monte Carlo.

    Parameters
    ----------
    memory : a name of :data:`assoc.catalogue.MEMORIES`, ``package.module:function``, or a function
        ``build(E, U, f, *, rng) -> memory``.
    N : number of facts, or several.
    d : dimension; for given vectors it may be omitted.
    rank, width, degree : what the named memory needs; rank and width may follow the dimension,
        ``"d/2"`` or ``"16d"``.
    bits, rounding : round every weight of the memory to b bits, to the ``nearest`` level (None
        means this) or in a ``stochastic`` way; see :func:`assoc.bits.codes.encode`.
    gates, omega : kind and frequency of gates of 1 and -1, for memories that have them.
    embeddings : a law of :data:`assoc.embeddings.LAWS`, or vectors to draw from: (n, d), or as in
        :mod:`assoc.vectors.named`; see :class:`sims.memories.settings.GivenVectors`.
    preprocess : none, normalise, centre or whiten, for given vectors.
    facts : a law of :data:`assoc.facts.maps.MAPS`.
    outputs : M; None means M = N.
    trials : independent trials per N.
    first : number of the first of them; trials 0 to 9 and then 10 to 29 are trials 0 to 29.
    inputs : judge only a random sample of this many inputs and stream the facts; for memories
        that are a function of the Hebbian matrix, random embeddings and the identity map.
    seed, experiment : with (d, N-independent) point and trial they determine every random number;
        the trials of different N are nested prefixes of the same draws.
    threads : threads to use; None means all available. Results do not depend on it.
    executor : run the trials on this instead of threads; streamed trials (``inputs``) take none.

    Returns
    -------
    RecallResult, one point per N.

    Raises
    ------
    InputError
        If an argument is out of range or names nothing.

    Examples
    --------
    >>> measure("linear", d=16, N=8, trials=100)
    RecallResult(linear, d=16, N=8: 0.99...)
    """
    if inputs is not None and executor is not None:
        raise InputError("a sample of inputs is streamed on threads: give no executor")
    setting = settle(
        d=d, embeddings=embeddings, preprocess=preprocess, facts=facts, outputs=outputs
    )
    construction = Construction(memory, rank, bits, width, degree, rounding, gates, omega)
    ensemble = Ensemble.of(construction, setting, seed, experiment)
    first = first and positive(first, "first")
    numbers = range(first, first + trial_count(trials))
    inputs = None if inputs is None else positive(inputs, "inputs")
    workers = Workers.of(threads, executor)
    sizes = [as_size(n, "N") for n in several(N, "N")]
    check_facts(min(sizes))
    points = [_measured(ensemble, n, inputs, numbers, workers) for n in sizes]
    return RecallResult(ensemble.label, setting.origin, facts, seed, tuple(points))


def _measured(
    ensemble: Ensemble, N: int, inputs: int | None, trials: range, workers: Workers
) -> RecallPoint:
    """Measure the recall at one size, of all inputs or of a sample of them."""
    setting = ensemble.setting
    if inputs is None:
        judged, counts = N, count_recalled(ensemble, N, trials, workers)
    else:
        judged = min(inputs, N)
        counts = [
            recalled_of_sample(ensemble, N, judged, trial, threads=workers.threads)
            for trial in trials
        ]
    return RecallPoint(setting.d, N, setting.outputs or N, tuple(counts), judged)


def count_recalled(
    ensemble: Ensemble, N: int, trials: Sequence[int], workers: Workers = ONE_THREAD
) -> list[int]:
    """Count the inputs recalled in each of the given trials at size N.

    Trials run side by side if there are enough of them and they are not too large to be held at a
    time; otherwise the blocks of each do.

    Raises
    ------
    InputError
        If N is not positive, or too large for the setting.
    """
    check_facts(N)
    d, threads = ensemble.setting.d, workers.threads
    largest = max(N, d)
    if largest <= MAX_BATCHED and _is_plain(ensemble):
        share = -(-len(trials) // max(1, threads))
        size = max(1, min(BATCH, BATCH_SCORES // largest**2, share))
        batches = [trials[start : start + size] for start in range(0, len(trials), size)]
        counted = workers.run(partial(_count_batch, d, N, ensemble.source), batches)
        return [count for batch in counted for count in batch]
    several_fit = len(trials) >= threads and N * d <= SIDE_BY_SIDE
    if several_fit or workers.executor is not None:
        return workers.run(partial(_count_trial, ensemble, N, 1), trials)
    return [_count_trial(ensemble, N, threads, trial) for trial in trials]


def decide(ensemble: Ensemble, N: int, trial: int, *, prove: bool = True) -> tuple[int, bool]:
    """Let a build that decides (:class:`assoc.memories.optimal.Decides`) decide one trial at N.

    Parameters
    ----------
    ensemble, N, trial : what is built, of what, from which random numbers.
    prove : whether a proof is wanted where not all is recalled.

    Returns
    -------
    certified, refuted
        Inputs whose recall is certified for the memory as stored, and whether it is proved that no
        memory of its kind recalls them all.

    Raises
    ------
    InputError
        If the build does not decide.
    """
    build = ensemble.build
    if not isinstance(build, Decides):
        raise UnfitError(f"{ensemble.label} cannot prove what no memory of its kind recalls")
    E, U, f = ensemble.draw(N, trial)
    with blas_threads(1), ensemble.blamed():
        rng = ensemble.source.generator(trial, MEMORY)
        found = build.decide(E, U, f, rng=rng, prove=prove)
        certified = certified_margins(found.memory, E, U, f).certified
    return int(certified.sum()), found.refuted is not None


def _is_plain(ensemble: Ensemble) -> bool:
    return ensemble.construction == Construction("linear") and (
        ensemble.setting == RandomVectors(ensemble.setting.d)
    )


def _count_batch(d: int, N: int, source: Source, trials: Sequence[int]) -> list[int]:
    """Count for the Hebbian memory of the identity on the sphere, a batch of trials at a time.

    This is what :func:`_count_trial` counts, from the same random numbers, without its overhead.
    """
    from sims.engine.kernels import count_batch

    E = source.spheres(N, d, trials=trials, stream=INPUTS)
    U = source.spheres(N, d, trials=trials, stream=OUTPUTS)
    with blas_threads(1):
        W = U.transpose(0, 2, 1) @ E
        scores = E @ W.transpose(0, 2, 1) @ U.transpose(0, 2, 1)
    # A score has the rounding error of W e, at most gamma_d |W|_F, and that of <u, W e>, no larger.
    doubt = 4 * score_doubt(d) * np.sqrt(np.einsum("tij,tij->t", W, W))
    counts = np.empty(len(trials), np.int64)
    count_batch(scores, doubt.astype(np.float32), W, E, U, counts)
    return [int(count) for count in counts]


def _count_trial(ensemble: Ensemble, N: int, threads: int, trial: int) -> int:
    E, U, f = ensemble.draw(N, trial)
    # BLAS's threads wait for each other by spinning, which costs more than a short build.
    with blas_threads(threads if E.size > SIDE_BY_SIDE else 1):
        memory = ensemble.memory(E, U, f, trial)
    with ensemble.blamed():
        return int(recalled(memory, E, U, f, threads=threads).sum())
