r"""Searches of sizes whose answer is known: found by trying every size, or built into the memory.

A control misstates what is known by one, counts the limit as enough, or lets a smaller size be
enough as well, so that the outcome is not monotone.
"""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from threading import Event
from types import MappingProxyType
from typing import Any

import numpy as np

from assoc.arrays import Floats, Integers
from assoc.embeddings import sphere
from assoc.memories.decoding import margins
from assoc.memories.memory import Factors
from assoc.memories.optimal import Decision
from assoc.memories.refutation import Refutation
from sims.engine.bracketing import bracket, largest, size_of_load, smallest
from sims.engine.criterion import Criterion
from sims.engine.parallel import Workers, run
from sims.engine.randomness import INPUTS, MEMORY, OUTPUTS
from sims.engine.statistics import LEVEL
from sims.memories.capacity import CapacityPoint, capacity, rate_crossing
from sims.memories.construction import Construction
from sims.memories.ensemble import Ensemble
from sims.memories.recall import decide
from sims.memories.settings import RandomVectors, source_of
from sims.memories.width import smallest_width, width_crossing
from theory.claims import Finding
from theory.judging import judge_arms, judge_symbols

__all__ = ["CAPACITIES", "SEARCHES", "Deciding", "Known"]

EXACT = 1e-9
NONE = -1.0
"""Stands for an end that no size has."""

Rows = list[tuple[str, float, float]]


def _followed(
    search: Generator[int, bool, tuple[int, int | None]], outcome: Callable[[int], bool]
) -> tuple[list[int], int, float]:
    """Sizes that a search asks for, and the bracket that it returns."""
    asked = [next(search)]
    try:
        while True:
            asked.append(search.send(outcome(asked[-1])))
    except StopIteration as end:
        low, high = end.value
        return asked, low, NONE if high is None else high


def _thrift(asked: Sequence[int], growth: float, start: float, found: float) -> Rows:
    """No size is asked for twice, and not many: by a factor there, and by halves within it."""
    far = max(found / start, start / max(found, 1), 1)
    most = 4 + math.log(far) / math.log(growth) + math.log2(max(growth * found, 2))
    return [
        ("sizes asked for twice", float(len(asked) - len(set(asked))), 0.0),
        ("too many sizes", max(0.0, len(asked) - most), 0.0),
    ]


def _smallest(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Smallest sizes that are enough, against trying every size from below."""
    rows: Rows = []
    for start, limit, growth, step in (
        (8, 60, 2.0, 1), (1, 60, 1.1, 1), (50, 60, 1.5, 1), (7, 61, 2.0, 4), (60, 60, 2.0, 2),
    ):  # fmt: skip
        sizes = sorted({*range(step, limit + 1, step), limit})
        for threshold in (1, 2, 5, 11, 31, 40, 59, 60, 61, 70):
            lone = 9 if dip and threshold > 31 else None

            def enough(size: int, least: int = threshold, lone: int | None = lone) -> bool:
                return size >= least or size == lone

            fit = [size for size in sizes if enough(size)]
            high = fit[0] if fit else (NONE if censored else limit)
            low = max([size for size in sizes if size < (fit[0] if fit else math.inf)], default=0)
            asked, least, most = _followed(smallest(start, limit, growth=growth, step=step), enough)
            rows += [("not enough", least, low + off), ("enough", most, high)]
            rows += _thrift(asked, growth, start / step, most if most > 0 else limit)
            rows.append(("ends not measured", float(len({least, most} - {0, NONE, *asked})), 0.0))
            both = bracket(enough, start=start, limit=limit, step=step)
            plain = bracket(enough, start=start, limit=limit)
            rows.append(("not enough", both[0], _followed(
                smallest(start, limit, growth=2.0, step=step), enough)[1]))  # fmt: skip
            rows.append(("censored", float(np.isinf(both[1])), float(threshold > limit)))
            rows.append(("censored", float(np.isinf(plain[1])), float(threshold > limit)))
    for share in (0.05, 0.2):
        low_end, high_end = bracket(lambda size: size >= 777, start=3, limit=5000, resolution=share)
        rows.append(("within the resolution", float(high_end - low_end <= share * high_end), 1.0))
        rows.append(("no finer than asked", float(high_end - low_end >= share * high_end / 4), 1.0))
        rows.append(("around the threshold", float(low_end < 777 <= high_end), 1.0))
    return judge_symbols(rows, tolerance=EXACT, note="by trying every size")


def _upto(threshold: int, size: int) -> bool:
    return size <= threshold


def _largest(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Largest sizes that are met, against trying every size from above."""
    rows: Rows = []
    limit = 60
    for start, growth in ((8, 2.0), (1, 1.1), (50, 1.5), (60, 2.0)):
        for threshold in (0, 1, 2, 7, 30, 31, 58, 59, 60):
            met = [size for size in range(1, limit + 1) if size <= threshold]
            low = max(met, default=0) + off
            high = threshold + 1 if threshold < limit else (NONE if censored else limit)
            asked, least, most = _followed(
                largest(start, limit, growth=growth), partial(_upto, threshold)
            )
            rows += [("met", least, low), ("not met", most, high)]
            rows += _thrift(asked, growth, start, most if most > 0 else limit)
            rows.append(("ends not measured", float(len({least, most} - {0, NONE, *asked})), 0.0))
    for share in (0.05, 0.2):
        _, least, most = _followed(
            largest(3, 5000, growth=2.0, resolution=share), lambda size: size <= 777
        )
        rows.append(("within the resolution", float(most - least <= share * most), 1.0))
        rows.append(("no finer than asked", float(most - least >= share * most / 4), 1.0))
        rows.append(("around the threshold", float(least <= 777 < most), 1.0))
    for load in (10.0, 2025.0, 1e6):
        # N log N grows by 1.1% where N does by one; of few facts the whole part counts.
        N = size_of_load(load)
        rows.append(("size of a load", float(N * math.log(N) <= 1.02 * load), 1.0))
        rows.append(("size of a load", float((N + 1) * math.log(N + 1) >= load), 1.0))
    return judge_symbols(rows, tolerance=EXACT, note="by trying every size")


def _criterion(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """How many inputs a rate asks for, in whole numbers."""
    rows: Rows = []
    for judged in (1, 3, 10, 64, 100, 997):
        for per_mille in (5, 10, 285, 290, 333, 500, 550, 570, 580, 900, 990, 995, 1000):
            criterion = Criterion(per_mille / 1000)
            wanted = -(-per_mille * judged // 1000) + off
            around = range(max(0, wanted - 2), wanted + 2)
            least = next((n for n in around if criterion.met(n, judged)), -1)
            rows.append(("inputs that a rate asks for", least, wanted))
    for text, rate in (("all", 1.0), ("0.99", 0.99)):
        rows.append(("rate", Criterion.parse(text).rate, rate))
    return judge_symbols(rows, tolerance=EXACT, note="by whole numbers")


def _order(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Results of parallel work stand in the order of the items, though the last ends first."""
    rows: Rows = []
    for way in ("threads", "workers", "executor", "one thread"):
        ended = [Event() for _ in range(4)]

        def work(item: int, ended: list[Event] = ended, wait: bool = way != "one thread") -> int:
            if wait and item < 2:
                ended[item + 1].wait(5)
            ended[item].set()
            return 10 + item

        if way == "executor":
            with ThreadPoolExecutor(3) as executor:
                found = run(work, range(3), executor=executor)
        elif way == "workers":
            found = Workers.of(3).run(work, range(3))
        else:
            found = run(work, range(3), threads=3 if way == "threads" else 1)
        rows += [("result of an item", value, 10 + i + off) for i, value in enumerate(found)]
        rows.append(("results", len(found), 3))
    return judge_symbols(rows, tolerance=EXACT, note="though the last item ends first")


def _medians(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Intervals of a median over trials, from the ends of brackets one by one."""
    low = (30, 11, 52, 17, 8, 41, 26, 33, 19, 60)
    point = CapacityPoint(4, low, (math.inf, *(end + 3.0 for end in low[1:-1]), math.inf))
    rows: Rows = [
        ("censored", point.tally()["censored"], 2.0),
        ("trials", point.tally()["trials"], 10),
    ]
    for level in (0.85, 0.95, LEVEL):
        # The k-th of ten misses the median on its side with the chance of fewer than k heads.
        misses = [Fraction(sum(math.comb(10, i) for i in range(k)), 1024) for k in range(1, 6)]
        k = max(k for k, chance in enumerate(misses, 1) if 2 * chance <= Fraction(1 - level))
        ends = point.interval() if level == LEVEL else point.interval(level)
        rows.append(("lower end", ends[0], sorted(low)[k - 1] + off))
        upper = sorted(point.high)[10 - k]
        rows.append(("upper end", min(ends[1], 1e9), min(upper, 1e9)))
    rows.append(("unbounded ends", float(point.finite_interval()[1] is None), 1.0))
    rows.append(("unbounded ends", float(point.ends()["high"][-1] is None), 1.0))
    return judge_symbols(rows, tolerance=EXACT, note="by counting heads")


@dataclass(frozen=True)
class Known:
    """Builds memories that recall so many facts of any number, the first ones.

    Parameters
    ----------
    recalls : how many, at least 1.
    spread : largest number by which that differs from trial to trial.
    """

    recalls: int
    spread: int = 0

    def of(self, rng: np.random.Generator) -> int:
        """Facts that a trial recalls, from its random numbers."""
        return self.recalls + int(rng.integers(-self.spread, self.spread + 1))

    def __call__(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator
    ) -> "_Answers":
        """Build the memory of the facts x -> f(x)."""
        return _Answers(E, _signed(U[f], self.of(rng)))


@dataclass(frozen=True)
class Deciding:
    """A build that recalls all of at most so many facts, and refutes from another number on.

    Parameters
    ----------
    recalls, refutes : these numbers.
    """

    recalls: int
    refutes: int

    def decide(
        self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator, prove: bool = True
    ) -> Decision:
        """Build the memory, and say what is proved."""
        nothing = Factors((np.zeros((U.shape[1], E.shape[1])),))
        memory = _Answers(E, U[f]) if len(E) <= self.recalls else nothing
        certain = Refutation(residual=0.0, curvature=1.0, reach=1.0, weight=1.0)
        return Decision(memory, certain if len(E) >= self.refutes else None)

    def __call__(self, E: Floats, U: Floats, f: Integers, *, rng: np.random.Generator) -> Any:
        """Build the memory of the facts x -> f(x)."""
        return self.decide(E, U, f, rng=rng).memory


def _signed(right: Floats, kept: int) -> Floats:
    """Right answers, and beyond the first ones their opposites."""
    signs = np.where(np.arange(len(right)) < kept, 1.0, -1.0)
    return np.asarray(signs[:, None] * right, np.float64)


@dataclass(frozen=True, eq=False)
class _Answers:
    E: Floats
    outputs: Floats
    parameters: int = 1

    def __call__(self, E: Floats) -> Floats:
        at = (np.asarray(E, np.float64) @ np.asarray(self.E, np.float64).T).argmax(axis=1)
        return np.asarray(self.outputs[at], np.float64)

    def rounding_error(self, E: Floats) -> Floats:
        return np.zeros(len(E))


@cache
def _capacity(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Capacities of memories that recall a known number of facts, and what is proved of them."""
    rows: Rows = []
    given: dict[str, Any] = {"d": 6, "trials": 1, "seed": seed, "threads": 1}
    for recalls in (1, 7, 20):
        for rate in (1.0, 0.9, 0.5):
            # All N with at least the rate of N recalled.
            most = max(n for n in range(1, 50) if min(n, recalls) >= Fraction(str(rate)) * n)
            (point,) = capacity(Known(recalls), criterion=rate, **given).points
            rows += [("capacity", end, most + off) for end in point.low]
            rows += [("size above it", end, most + 1) for end in point.high]
    (point,) = capacity(Known(90), max_N=40, **given).points
    rows += [("censored at the limit", end, 40) for end in point.low]
    rows.append(("censored", point.censored, 1 if censored else 0))
    (point,) = capacity(Known(2000), **{**given, "d": 9}).points
    rows += [("default limit", end, 16 * 81) for end in point.low]
    for recalls, refutes in ((20, 21), (20, 22), (9, 10), (50, 53)):
        (point,) = capacity(Deciding(recalls, refutes), **given).points
        rows += [("capacity that is decided", end, recalls) for end in point.low]
        rows += [("size above it", end, recalls + 1) for end in point.high]
        rows += [
            ("proved", float(end), float(refutes == recalls + 1)) for end in point.proved or ()
        ]
    (point,) = capacity(Deciding(20, 21), criterion=0.9, **given).points
    rows += [("proved of a rate", float(end), 0.0) for end in point.proved or (True,)]
    for N in (2, 20, 21, 40):
        ensemble = Ensemble.of(Construction(Deciding(20, 30)), RandomVectors(6), seed, "decided")
        count, refuted = decide(ensemble, N, 0)
        rows.append(("facts certified", count, N if N <= 20 else 0))
        rows.append(("refuted", float(refuted), float(N >= 30)))
    (point,) = capacity(Known(30), resolution=0.2, **given).points
    rows.append(
        ("within the resolution", float(point.high[0] - point.low[0] <= 0.2 * point.high[0]), 1.0)
    )
    rows.append(("around the capacity", float(point.low[0] <= 30 < point.high[0]), 1.0))
    return judge_symbols(rows, tolerance=EXACT, note="of memories that recall a known number")


@cache
def _expected(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Where expected recall of known memories falls to a rate, and widths beside every width."""
    from scipy import special

    places: Rows = []
    halves: Rows = []
    memory, trials, d = Known(60, spread=6), 4, 6
    source = source_of(RandomVectors(d), seed, "crossing")
    counts = [memory.of(source.generator(trial, MEMORY)) for trial in range(trials)]
    mean = math.fsum(counts) / trials
    spread = math.sqrt(math.fsum((count - mean) ** 2 for count in counts) / (trials - 1))
    for rate, near in ((0.75, 70), (0.6, 110)):
        point, ends = rate_crossing(
            memory, d=d, rate=rate, near=near, trials=trials, seed=seed, threads=1
        )
        half = float(special.ndtri(0.5 + LEVEL / 2)) * spread / math.sqrt(trials) / rate
        places.append(("crossing", point, mean / rate * (1 + off / 10)))
        halves.append(("width of its interval", (ends[1] - ends[0]) / 2, half))
    # The spread is that at the nearest size of a grid, and the slope that of a parabola.
    note = "of memories that recall a known number"
    return judge_arms(
        {
            "place": judge_symbols(places, tolerance=0.005, note=note),
            "width": judge_symbols(halves, tolerance=0.1, note=note),
        }
    )


@cache
def _width(*, seed: int, off: int, censored: bool, dip: bool) -> Finding:
    """Widths right beside each other, of which one recalls all by its margins and one does not."""
    rows: Rows = []
    d, N = 6, 10
    for name, step, least in (("bilinear-ridge", 1, 8), ("mlp", 2, 3)):
        construction = Construction(name, width=step, degree=1 if step == 2 else None)
        (point,) = smallest_width(
            name, N=N, d=d, degree=construction.degree, criterion=least / N, trials=2, seed=seed,
            resolution=0.0, threads=1,
        ).points  # fmt: skip
        source = source_of(RandomVectors(d), seed, "width")
        for trial, (low, high) in enumerate(zip(point.low, point.high, strict=True)):
            E = source.vectors(sphere, N, d, trial=trial, stream=INPUTS)
            U = source.vectors(sphere, N, d, trial=trial, stream=OUTPUTS)
            for width, enough in ((low, 0.0), (high, 1.0)):
                if 0 < width < math.inf:
                    build = replace(construction, width=int(width)).build(d)
                    rng = source.generator(trial, MEMORY)
                    built = build(E, U, np.arange(N), rng=rng)
                    found = int((margins(built, E, U, np.arange(N)) > 0).sum())
                    rows.append(("enough", float(found >= least), enough))
            rows.append(("next width", high - low, step + off))
    middle, ends = width_crossing(
        "bilinear-ridge", d=d, N=N, rate=0.8, near=12.0, trials=4, seed=seed, threads=1
    )
    rows.append(("middle of an interval in log m", ends[0] * ends[1], middle**2))
    return judge_symbols(rows, tolerance=EXACT, note="by margins")


SEARCHES: Mapping[str, Callable[..., Finding]] = MappingProxyType(
    {
        "smallest size": _smallest,
        "largest size": _largest,
        "rates": _criterion,
        "order of results": _order,
        "medians": _medians,
    }
)
"""Kinds of searches, each with the function (seed, off, censored, dip) that judges it."""

CAPACITIES: Mapping[str, Callable[..., Finding]] = MappingProxyType(
    {"capacity": _capacity, "crossing": _expected, "width": _width}
)
"""The same of searches that build memories."""
