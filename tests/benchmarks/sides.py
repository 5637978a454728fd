"""Both sides of every comparison: the obvious NumPy and ours, on the same problem."""

import math
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermeval
from numpy.typing import NDArray

from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task
from assoc.memories.linear import hebbian
from assoc.memories.mlp import gated
from assoc.transformers.attention_only import attention_only
from assoc.transformers.model import Attention, Transformer
from sims.engine.parallel import blas_threads
from sims.engine.randomness import PROMPTS, Source
from sims.memories.recall import measure
from sims.memories.scoring import recalled
from sims.transformers.prompts import count_known

D, N = 256, 8192
SMALL_D, SMALL_N, TRIALS = 32, 64, 1000
LARGE_D, LARGE_N, LARGE_INPUTS = 4096, 331_533, 2000
NETWORK_D, NETWORK_N, WIDTH, DEGREE = 64, 4096, 8192, 2
SQUARE = 2048
SUBJECTS, RELATIONS, ANSWERS = 512, 64, 8
DIMENSION, HEAD_DIM, LENGTH = 512, 64, 32
PROMPT_ROWS = 256
ASKED = Source(0, "all facts", (DIMENSION,))

Vectors = NDArray[np.float32]
Matrix = NDArray[np.float64]


def drawn(n: int = N, d: int = D) -> tuple[Vectors, Vectors]:
    """E and U, uniform on the sphere."""
    rng = np.random.default_rng(0)
    return sphere(n, d, rng=rng, dtype=np.float32), sphere(n, d, rng=rng, dtype=np.float32)


def obvious(E: Vectors, U: Vectors, *, threads: int = 1) -> NDArray[np.bool_]:
    """Which inputs are recalled, the obvious way."""
    with blas_threads(threads):
        won: NDArray[np.bool_] = (E @ E.T @ U @ U.T).argmax(1) == np.arange(len(E))
    return won


def regrouped(E: Vectors, U: Vectors, *, threads: int = 1) -> NDArray[np.bool_]:
    """Which inputs are recalled, the obvious way with the cheaper order of products."""
    with blas_threads(threads):
        won: NDArray[np.bool_] = (E @ (E.T @ U) @ U.T).argmax(1) == np.arange(len(E))
    return won


def ours(E: Vectors, U: Vectors, *, threads: int = 1) -> NDArray[np.bool_]:
    """Which inputs are recalled: W is built, then judged."""
    f = np.arange(len(E))
    with blas_threads(1):
        memory = hebbian(E, U, f, rng=np.random.default_rng(0))
    return recalled(memory, E, U, f, threads=threads)


def gate(z: Matrix) -> Matrix:
    """h_k, for any k, by NumPy's own Hermite series."""
    series = np.zeros(DEGREE + 1)
    series[DEGREE] = 1 / math.sqrt(math.factorial(DEGREE))
    return np.asarray(hermeval(z, series))


def written_out(z: Matrix) -> Matrix:
    """h_2, for the one k that is measured."""
    return np.asarray((z**2 - 1) / math.sqrt(2))


def direct_network(
    E: Vectors,
    U: Vectors,
    *,
    width: int = WIDTH,
    h: Callable[[Matrix], Matrix] = gate,
    kept: bool = False,
    threads: int = 1,
) -> NDArray[np.bool_]:
    """Which inputs a gated memory recalls: its formulas in double precision, all matrices whole.

    The gates are worked out for P, and for F, unless those of P are ``kept`` for F. W and V are
    the draws of :func:`our_network`.
    """
    N, d = E.shape
    e, u = E.astype(np.float64), U.astype(np.float64)
    with blas_threads(threads):
        drawn = np.random.default_rng(0).standard_normal((width, 2 * d), dtype=np.float32)
        W, V = drawn[:, :d].astype(np.float64), drawn[:, d:].astype(np.float64)
        V *= math.sqrt(d) / np.linalg.norm(V, axis=1, keepdims=True)
        gates = h(e @ W.T)
        P = (gates * (u @ V.T)).T @ e / width
        if not kept:
            gates = h(e @ W.T)
        F = (gates * (e @ P.T)) @ V
        won: NDArray[np.bool_] = (F @ u.T).argmax(1) == np.arange(N)
    return won


def our_network(
    E: Vectors, U: Vectors, *, width: int = WIDTH, threads: int = 1
) -> NDArray[np.bool_]:
    """Which inputs a gated memory recalls: it is built, then judged."""
    f = np.arange(len(E))
    with blas_threads(1):
        memory = gated(width, DEGREE)(E, U, f, rng=np.random.default_rng(0))
    return recalled(memory, E, U, f, threads=threads)


def storing() -> tuple[RecallTask, Transformer]:
    """A task of 32768 facts, and the transformer with dual values that is to know them."""
    rng = np.random.default_rng(0)
    task = balanced_task(SUBJECTS, RELATIONS, ANSWERS, rng=rng)
    Phi = sphere(task.vocabulary, DIMENSION, rng=rng)
    return task, attention_only(task, Phi, rng=rng, values="dual", head_dim=HEAD_DIM)


def asked(task: RecallTask) -> NDArray[np.intp]:
    """The prompts (N, T) that :func:`known` asks, one for each fact."""
    rows = 1024
    return np.concatenate(
        [
            task.prompts(LENGTH, rng=ASKED.generator(0, PROMPTS, block), facts=slice(x, x + rows))
            for block, x in enumerate(range(0, len(task), rows))
        ]
    )


def known(task: RecallTask, model: Transformer, *, threads: int = 1) -> NDArray[np.bool_]:
    """Which facts a transformer knows: a prompt of each is drawn, then judged."""
    found = count_known(model, task, length=LENGTH, source=ASKED, trial=0, threads=threads)
    return found.wrong == 0


def single(model: Transformer) -> Transformer:
    """The transformer with its weights and embeddings in single precision."""
    weights = (model.attention.W_K, model.attention.W_Q, model.attention.W_V, model.attention.W_O)
    attention = Attention(*(weight.astype(np.float32) for weight in weights))
    return Transformer(model.embeddings.astype(np.float32), attention)


def einsum_answers(
    model: Transformer, prompts: NDArray[np.intp], *, blas: bool, threads: int = 1
) -> NDArray[np.intp]:
    """Answers (B,) to prompts (B, T): the formulas of the forward pass, an einsum each.

    Prompts come in blocks of 256, for which keys and values take 38 MB each. What is summed is
    left to einsum's own loops, or to BLAS, which it uses when it may reorder.
    """
    Phi, heads = model.embeddings, model.attention
    answers = np.empty(len(prompts), np.intp)
    with blas_threads(threads):
        for start in range(0, len(prompts), PROMPT_ROWS):
            rows = slice(start, start + PROMPT_ROWS)
            X = Phi[prompts[rows]]  # (b, T, d)
            K = np.einsum("btd,hkd->bhtk", X, heads.W_K, optimize=blas)
            Q = np.einsum("bd,hkd->bhk", X[:, -1], heads.W_Q, optimize=blas)
            V = np.einsum("btd,hkd->bhtk", X, heads.W_V, optimize=blas)
            logits = np.einsum("bhtk,bhk->bht", K, Q, optimize=blas) / math.sqrt(heads.head_dim)
            weight = np.exp(logits - logits.max(axis=2, keepdims=True))
            weight /= weight.sum(axis=2, keepdims=True)
            pooled = np.einsum("bht,bhtk->bhk", weight, V, optimize=blas)
            F = np.einsum("bhk,hkd->bd", pooled, heads.W_O, optimize=blas)
            answers[rows] = np.einsum("bd,nd->bn", F, Phi, optimize=blas).argmax(axis=1)
    return answers


def products(E: Vectors) -> float:
    """Operations of building W, of its outputs, and of the scores of all inputs and outputs."""
    n, d = map(int, E.shape)
    return 2.0 * n * d * (2 * d + n)


def square() -> Callable[[], None]:
    """A single-precision product that suits BLAS best, without allocation, on one thread."""
    A = np.random.default_rng(0).standard_normal((SQUARE, SQUARE), dtype=np.float32)
    out = np.empty_like(A)

    def multiply() -> None:
        with blas_threads(1):
            np.matmul(A, A, out=out)

    return multiply


def obvious_trials(d: int = SMALL_D, n: int = SMALL_N, trials: int = TRIALS) -> list[int]:
    """Inputs recalled in each of many trials, one trial after another."""
    counts = []
    with blas_threads(1):
        for seed in np.random.SeedSequence(0).spawn(trials):
            rng = np.random.default_rng(seed)
            E, U = rng.standard_normal((n, d)), rng.standard_normal((n, d))
            E /= np.linalg.norm(E, axis=1, keepdims=True)
            U /= np.linalg.norm(U, axis=1, keepdims=True)
            W = U.T @ E
            counts.append(int(((E @ W.T @ U.T).argmax(1) == np.arange(n)).sum()))
    return counts


def our_trials(*, threads: int = 1) -> tuple[int, ...]:
    """Inputs recalled in each of many trials, by the library."""
    result = measure("linear", d=SMALL_D, N=SMALL_N, trials=TRIALS, threads=threads)
    return result.points[0].counts


def interleaved(sides: Mapping[str, Callable[[], Any]], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of each side in each round; every round runs every side once."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(rounds):
        for name, side in sides.items():
            start = perf_counter()
            side()
            seconds[name].append(perf_counter() - start)
    return seconds
