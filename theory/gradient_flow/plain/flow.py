r"""The reduced model and its flow a second time, from their definition: every prompt on its own.

:mod:`assoc.gradient_flow.linear_attention` lets one noise token stand for all K and never writes a
logit down. Here all K are tokens, all K^(T - 3) prompts of a fact are listed, and the loss is their
mean,

.. math:: L = \sum_{s, r} p(s, r) \frac1{K^{T-3}} \sum_{\text{prompts}}
    -\log \operatorname{softmax}\Bigl(\sum_{z} w_z V_z\Bigr)_{f^*(s, r)},

whose derivatives are taken by complex steps, which are exact to rounding. For facts small enough.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask, balanced_task
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.descent import descend
from sims.gradient_flow.integration import Trace
from sims.gradient_flow.jacobian import jacobian
from sims.gradient_flow.reduced import drift_of, flow
from sims.gradient_flow.velocity import LARGE, Velocity

__all__ = [
    "MISTAKES",
    "PlainFlow",
    "Row",
    "derivative",
    "descent_symbols",
    "run_symbols",
    "small_models",
    "summary",
    "velocity_symbols",
]

Row = tuple[str, float, float]
"""A symbol, its value in the package, and its value here."""

STEP = 1e-150
"""Of derivatives in the complex plane, where nothing is subtracted."""

MISTAKES = ("noise held by all", "equal facts", "right answer alone", "different noise")
"""What may be got wrong here on purpose: see :class:`PlainFlow`."""


def small_models() -> Iterator[tuple[str, LinearAttention]]:
    """Facts of unequal probabilities, some left out: alone, with noise, and with shared answers.

    Yields
    ------
    A name, and the model.
    """
    facts = np.array(
        [[0, 0, 0], [1, 0, 1], [2, 0, 0], [3, 0, 1], [0, 1, 2], [1, 1, 3], [3, 1, 4], [2, 2, 5]]
    )
    p = np.array([5, 3, 8, 1, 2, 7, 4, 6]) / 36
    yield "a subject and a relation", LinearAttention(RecallTask(4, 3, 6, facts, 0), p)
    yield "with noise", LinearAttention(RecallTask(4, 3, 6, facts, 2), p, 6)
    shared = facts.copy()
    # Subject 1 has answer 1 twice, subject 3 has answers that both relations have.
    shared[5, 2], shared[6, 2] = 1, 0
    yield "shared answers", LinearAttention(RecallTask(4, 3, 6, shared, 3), p, 4)


@dataclass(frozen=True, eq=False)
class PlainFlow:
    """A model with all noise tokens apart; a state is V (Z, A) and w (Z,) of these, one vector.

    Parameters
    ----------
    model : the reduced model, of few facts.
    mistake : one of :data:`MISTAKES` that the definition makes of itself: a noise token is in every
        prompt as often as all together, all facts are equally likely, only the right answer counts
        as one of the relation and of the subject, or noise tokens do not start alike.
    """

    model: LinearAttention
    mistake: str = ""

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """(Z,) row of the reduced model that stands for each token."""
        task, model = self.model.task, self.model
        rows = list(range(task.subjects + task.relations + (model.length is not None)))
        if model.contexts == 2:
            rows += [len(rows)] * task.noise
        return np.array(rows)

    @cached_property
    def prompts(self) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """How many of each token every prompt holds (P, Z), its chance and its fact (P,)."""
        task, Z = self.model.task, len(self.places)
        N, T = len(task), self.model.length
        p = [1 / N] * N if self.model.weights is None else list(self.model.weights)
        if self.mistake == "equal facts":
            p = [1 / N] * N
        first = task.subjects + task.relations + 1
        extra: list[tuple[int, ...]] = [()]
        if T is not None:
            extra = list(itertools.product(range(first, first + task.noise), repeat=T - 3))
        held, chances, of = [], [], []
        for fact, (s, r, _) in enumerate(task.facts.tolist()):
            for noise in extra:
                row = np.zeros(Z)
                for z in (s, task.subjects + r, *noise, *([first - 1] if T is not None else [])):
                    row[z] += 1
                if self.mistake == "noise held by all":
                    row[first:] = len(noise)
                held.append(row)
                chances.append(p[fact] / len(extra))
                of.append(fact)
        return np.array(held), np.array(chances), np.array(of)

    def apart(self, state: NDArray[Any]) -> NDArray[Any]:
        """Return the state in which every token has the V and w of what stands for it."""
        n, A = self.model.tokens, self.model.task.answers
        V, w = state[: n * A].reshape(n, A)[self.places], state[n * A :][self.places]
        if self.mistake == "different noise" and self.model.contexts == 2:
            V = V.copy()
            V[-1, 0] += 1e-3
        return np.concatenate([V.ravel(), w])

    def together(self, apart: NDArray[Any]) -> NDArray[Any]:
        """Return what the rows of the reduced model have, of noise tokens the first."""
        Z, A = len(self.places), self.model.task.answers
        rows = np.unique(self.places, return_index=True)[1]
        return np.concatenate([apart[: Z * A].reshape(Z, A)[rows].ravel(), apart[Z * A :][rows]])

    def _log_probabilities(self, apart: NDArray[Any]) -> NDArray[Any]:
        Z, A = len(self.places), self.model.task.answers
        V, w = apart[: Z * A].reshape(Z, A), apart[Z * A :]
        logits = self.prompts[0] @ (w[:, None] * V)
        logits = logits - logits.real.max(axis=1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))

    def losses(self, apart: NDArray[Any]) -> tuple[Any, Any, Any]:
        """Total, relation-only and subject-only loss, the latter two sums of probabilities."""
        logp, (_, chances, of) = self._log_probabilities(apart), self.prompts
        facts = self.model.task.facts.tolist()
        sums = [0.0, 0.0, 0.0]
        for row, chance, fact in zip(logp, chances, of, strict=True):
            s, r, a = facts[fact]
            sets = [{a}, {f[2] for f in facts if f[1] == r}, {f[2] for f in facts if f[0] == s}]
            if self.mistake == "right answer alone":
                sets = [{a}] * 3
            for k, answers in enumerate(sets):
                sums[k] -= chance * np.log(np.exp(row[sorted(answers)]).sum())
        return sums[0], sums[1], sums[2]

    def total(self, apart: NDArray[Any]) -> Any:
        """Loss alone."""
        logp, (_, chances, of) = self._log_probabilities(apart), self.prompts
        return -chances @ logp[np.arange(len(of)), self.model.task.facts[of, 2]]

    def velocity(self, apart: NDArray[Any]) -> NDArray[Any]:
        """Sum over prompts what each pulls at the tokens that it holds; takes complex states."""
        held, chances, of = self.prompts
        Z, A = len(self.places), self.model.task.answers
        pull = -np.exp(self._log_probabilities(apart))
        pull[np.arange(len(of)), self.model.task.facts[of, 2]] += 1
        G = held.T @ (chances[:, None] * pull)
        V, w = apart[: Z * A].reshape(Z, A), apart[Z * A :]
        return np.concatenate([(w[:, None] * G).ravel(), (V * G).sum(axis=1)])


def derivative(of: Callable[[NDArray[Any]], Any], at: Floats) -> Floats:
    """Derivatives in every number of ``at``, by complex steps, the last axis."""
    columns = []
    for k in range(len(at)):
        moved = at.astype(complex)
        moved[k] += 1j * STEP
        columns.append(np.imag(of(moved)) / STEP)
    return np.stack(columns, axis=-1)


def summary(symbol: str, package: Any, here: Any) -> list[Row]:
    """Rows of two arrays of one shape: a sum of the entries with unlike factors, and its largest.

    Parameters
    ----------
    symbol : what they are.
    package, here : the arrays.
    """
    a, b = np.asarray(package, float).ravel(), np.asarray(here, float).ravel()
    if a.shape != b.shape:
        return [(symbol, float(a.size), float(b.size))]
    factors = 1 + np.sqrt(np.arange(1, a.size + 1)) % 1
    return [
        (symbol, float(factors @ np.abs(a)), float(factors @ np.abs(b))),
        (
            symbol,
            float(np.max(np.abs(a - b), initial=0.0) / (np.abs(b).max(initial=0.0) or 1.0)),
            0.0,
        ),
    ]


def velocity_symbols(*, seed: int, mistake: str = "") -> list[Row]:
    """Losses, gradient, velocity, Jacobian and drift of small models at states drawn at random.

    Parameters
    ----------
    seed : draws the states.
    mistake : of :class:`PlainFlow`.
    """
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for _, model in small_models():
        plain = PlainFlow(model, mistake)
        n, A = model.tokens, model.task.answers
        state = 0.7 * rng.standard_normal(n * (A + 1))
        apart = plain.apart(state)
        names = ("loss", "relation-only loss", "subject-only loss")
        rows += list(zip(names, model.losses(state), plain.losses(apart), strict=True))
        moved = -plain.together(derivative(plain.total, apart))
        rows += summary("velocity", model.velocity(state), moved)
        with Velocity(model) as fast:
            rows += summary("velocity by the kernel", fast(state), moved)
        G = plain.together(plain.velocity(plain.apart(np.append(state[: n * A], np.ones(n)))))
        unit = np.append(state[: n * A], np.ones(n))
        rows += summary("G", model.gradient(unit), G[: n * A])
        turned = derivative(lambda y, p=plain: p.together(p.velocity(p.apart(y))), state)  # type: ignore[misc]
        rows += summary("Jacobian", jacobian(model, state), turned)
        rows += _drift_symbols(model, state, rng)
        held, chances, of = plain.prompts
        once = held[np.unique(of, return_index=True)[1]] @ (state[n * A :] * 0 + 1)[plain.places]
        rows.append(("tokens of a prompt", float(2 + model.counts.sum()), float(once.max())))
        average = plain.together(np.append(np.zeros(len(plain.places) * A), chances @ held))
        rows += summary("tokens held", model.rates, average[n * A + n - model.contexts :])
    return rows + _halves_symbols(rng)


def _halves_symbols(rng: np.random.Generator) -> list[Row]:
    """The kernel on a state so large that it is worked out in two halves of the subjects."""
    task = balanced_task(101, 3, 40, noise=2, rng=rng)
    model = LinearAttention(replace(task, answers=LARGE // task.subjects), None, 5)
    state = 0.3 * rng.standard_normal(model.tokens * (model.task.answers + 1))
    with Velocity(model, threads=2) as fast:
        return summary("velocity by the kernel, in halves", fast(state), model.velocity(state))


def _drift_symbols(model: LinearAttention, state: Floats, rng: np.random.Generator) -> list[Row]:
    """Drift between two states, token by token, and the largest of a run."""
    n, A = model.tokens, model.task.answers
    other = state * (1 + 1e-3 * rng.standard_normal(state.shape))
    # With large w, what drifts most is a sum of V.
    heavy = np.append(state[: n * A], np.full(n, 50.0))
    moved = np.append(other[: n * A], np.full(n, 50.0))
    trace = Trace(model.losses, lambda y: float(y.min()), None, keep_states=False)
    for time, drifted in ((1.0, 0.25), (2.0, 0.5), (3.0, 0.125)):
        trace.watch(time, drifted, 1.0)
    return [
        ("drift", drift_of(model, other, model.invariants(state)), _drift(state, other, n, A)),
        ("drift", drift_of(model, moved, model.invariants(heavy)), _drift(heavy, moved, n, A)),
        ("drift of a run", trace.drift or 0.0, 0.5),
    ]


def _drift(state: Floats, other: Floats, n: int, A: int) -> float:
    """Largest change of a conserved number over the size of its terms, by a loop over tokens."""
    worst = 0.0
    for z in range(n):
        sums = []
        for y in (state, other):
            V, w = [float(v) for v in y[z * A : (z + 1) * A]], float(y[n * A + z])
            sums.append((w**2 - sum(v * v for v in V), sum(V), w**2, sum(abs(v) for v in V)))
        (energy, total, _, _), (energy_now, total_now, square, size) = sums
        worst = max(worst, abs(energy_now - energy) / square, abs(total_now - total) / size)
    return worst


# --- Runs ---------------------------------------------------------------------------------------


def run_symbols(*, alpha: float, t_max: float, share: float = 0.5, mistake: str = "") -> list[Row]:
    """Stage times, losses and smallest w of the flow, against LSODA on every prompt.

    Parameters
    ----------
    alpha, t_max : of the flow.
    share : of the initial losses at which stages are timed here.
    mistake : of :class:`PlainFlow`.
    """
    _, model = next(itertools.islice(small_models(), 1, 2))
    plain = PlainFlow(model, mistake)
    n, A = model.tokens, model.task.answers
    level = 0.3
    run = flow(model, t_max=t_max, alpha=alpha, rtol=1e-12, loss_below=level, samples=3)
    start = np.append(np.full(n * A, alpha), np.full(n, alpha * np.sqrt(A + 1)))
    solved = scipy.integrate.solve_ivp(
        lambda _, y: plain.together(plain.velocity(plain.apart(y))),
        (0, t_max), start, "LSODA", dense_output=True, rtol=1e-12, atol=1e-12 * alpha,
    )  # fmt: skip
    assert solved.sol is not None
    at = solved.sol
    first = plain.losses(plain.apart(start))
    rows: list[Row] = []
    for name, which, height in (
        ("t_relation", 1, share * first[1]),
        ("t_subject", 2, share * first[2]),
        ("t_loss", 0, level),
    ):

        def excess(t: float, which: int = which, height: float = height) -> float:
            return float(plain.losses(plain.apart(at(t)))[which] - height)

        measured = getattr(run, name)
        here = float(scipy.optimize.brentq(excess, 0.0, t_max, rtol=1e-12))
        rows.append((name, np.inf if measured is None else measured, here))
    for k, time in enumerate(run.time.tolist()):
        y = at(time)
        losses = plain.losses(plain.apart(y))
        found = (run.loss[k], run.relation_loss[k], run.subject_loss[k], run.smallest_w[k])
        names = ("loss at t", "relation-only loss at t", "subject-only loss at t", "smallest w")
        rows += [
            (name, float(a), float(b))
            for name, a, b in zip(names, found, (*losses, y[n * A :].min()), strict=True)
        ]
    return rows


def descent_symbols(*, lr: float, steps: int, alpha: float, early: int = 0) -> list[Row]:
    """Times, losses and drift of gradient descent, against steps taken one by one.

    Parameters
    ----------
    lr, steps, alpha : of descent.
    early : steps by which its times come early here.
    """
    _, model = next(small_models())
    plain = PlainFlow(model)
    n, A = model.tokens, model.task.answers
    level = 0.3
    run = descend(model, lr=lr, steps=steps, alpha=alpha, loss_below=level, samples=4)
    y = np.append(np.full(n * A, alpha), np.full(n, alpha * np.sqrt(A + 1)))
    history = [y]
    for _ in range(steps):
        y = y + lr * plain.velocity(y)
        history.append(y)
    losses = [plain.losses(y) for y in history]
    levels = {"t_relation": (1, losses[0][1] / 2), "t_subject": (2, losses[0][2] / 2)}
    levels["t_loss"] = (0, level)
    rows: list[Row] = []
    for name, (which, height) in levels.items():
        k = next(k for k, found in enumerate(losses) if found[which] <= height)
        measured = getattr(run, name)
        rows.append(
            (f"{name} of descent", np.inf if measured is None else measured, lr * (k - early))
        )
    # Sampled is 0, and a grid even in log t from 1 or a thousandth of the end, at the nearest step.
    end = lr * steps
    low = min(1.0, end / 1000)
    times = [0.0, *(low * (end / low) ** (k / 3) for k in range(4))]
    sampled = sorted({round(t / lr) for t in times})
    rows += summary("sampled times of descent", run.time, [lr * k for k in sampled])
    rows += summary("losses of descent", run.loss, [losses[k][0] for k in sampled])
    w = [float(history[k][n * A :].min()) for k in sampled]
    rows += summary("smallest w of descent", run.smallest_w, w)
    V, u = history[-1][: n * A].reshape(n, A), history[-1][n * A :]
    kept = [
        max(abs(b * b - sum(a * a) - alpha**2) / b**2, abs(sum(a) - A * alpha) / sum(abs(a)))
        for a, b in zip(V, u, strict=True)
    ]
    rows.append(("drift of descent", run.drift or 0.0, float(max(kept))))
    return rows
