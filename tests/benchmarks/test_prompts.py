"""Timings of recall over all facts beside a forward pass by einsum. Answers are asserted."""

import numpy as np
import pytest

from sims.transformers.prompts import prompt_outputs
from tests.benchmarks import sides

FACTS = "all facts, S = 512, R = 64, d = 512, d_h = 64, T = 32"
PLAIN, BLAS = 61, 17
"""The einsum sides are timed on every 61st and every 17th fact, and scaled to all."""


@pytest.fixture(scope="module")
def stored():
    """A task, its transformer, a prompt for each fact, and which facts are known."""
    task, model = sides.storing()
    return task, model, sides.asked(task), sides.known(task, model)


def test_same_answers_to_all_prompts(stored):
    """The same token, right or wrong, for each of the 32768 prompts."""
    task, model, prompts, verdict = stored
    answers = sides.einsum_answers(model, prompts, blas=True)
    ours = (prompt_outputs(model, prompts) @ model.embeddings.T).argmax(axis=1)
    np.testing.assert_array_equal(ours, answers)
    np.testing.assert_array_equal(verdict, answers == task.labels)
    assert 0.5 < verdict.mean() < 1


@pytest.mark.benchmark(group=FACTS)
@pytest.mark.parametrize(
    ("every", "blas", "threads"), [(PLAIN, False, 1), (BLAS, True, 1), (BLAS, True, 2)]
)
def test_forward_pass_by_einsum(benchmark, stored, every, blas, threads):
    task, model, prompts, verdict = stored
    options = {"blas": blas, "threads": threads}
    found = benchmark.pedantic(sides.einsum_answers, (model, prompts[::every]), options, rounds=1)
    np.testing.assert_array_equal(found == task.labels[::every], verdict[::every])
    benchmark.extra_info["share of the facts"] = len(found) / len(task)


@pytest.mark.benchmark(group=FACTS)
@pytest.mark.parametrize("threads", [1, 2])
def test_all_facts(benchmark, stored, threads):
    task, model, prompts, verdict = stored
    options = {"threads": threads}
    found = benchmark.pedantic(sides.known, (task, model), options, rounds=5, warmup_rounds=1)
    np.testing.assert_array_equal(found, verdict)
    seconds = sides.interleaved(
        {
            "ours": lambda: sides.known(task, model, threads=threads),
            "plain": lambda: sides.einsum_answers(model, prompts[::PLAIN], blas=False),
            "blas": lambda: sides.einsum_answers(
                model, prompts[::BLAS], blas=True, threads=threads
            ),
        },
        rounds=2,
    )
    best = {name: min(values) for name, values in seconds.items()}
    for name, every in (("plain", PLAIN), ("blas", BLAS)):
        scale = len(prompts) / len(prompts[::every])
        benchmark.extra_info[f"times as fast as {name} einsum"] = scale * best[name] / best["ours"]
