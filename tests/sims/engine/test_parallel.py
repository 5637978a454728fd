"""Work in parallel: same values, same order, the first error, and BLAS as it was."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from assoc import InputError
from sims.engine.parallel import Workers, available_threads, blas_threads, cores, run


def square(x):
    return x * x


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("n", [0, 1, 2, 100])
def test_values_come_in_order(threads, n):
    assert run(square, range(n), threads=threads) == [square(x) for x in range(n)]


def test_any_executor_will_do(processes):
    with ThreadPoolExecutor(3) as threads:
        assert run(square, range(9), executor=threads) == [square(x) for x in range(9)]
    assert run(abs, range(-9, 0), executor=processes) == list(range(9, 0, -1))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_is_raised(threads):
    def fail(x):
        raise KeyError(x)

    with pytest.raises(KeyError, match="4"):
        run(fail, [4, 5, 6], threads=threads)


def test_threads_do_work_side_by_side():
    barrier = threading.Barrier(2)
    assert sorted(run(lambda _: barrier.wait(10), range(2), threads=2)) == [0, 1]


def blas():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_is_limited_inside_and_as_it_was_after():
    before = blas()
    assert before
    with blas_threads(1):
        assert blas() == [1] * len(before)
        with blas_threads(2):
            assert blas() == [1] * len(before)
        assert blas() == [1] * len(before)
    assert blas() == before


def test_blas_is_as_it_was_after_an_error():
    before = blas()
    with pytest.raises(ZeroDivisionError), blas_threads(1):
        _ = 1 / 0
    assert blas() == before


def test_limits_of_several_threads_end_in_any_order():
    before = blas()
    opened, closed = threading.Barrier(2), threading.Barrier(2)

    def first():
        with blas_threads(1):
            opened.wait(10)
        closed.wait(10)

    other = threading.Thread(target=first)
    other.start()
    with blas_threads(2):
        opened.wait(10)
        closed.wait(10)
        assert max(blas()) <= max(2, *before)
    other.join()
    assert blas() == before


def test_some_thread_is_available():
    assert available_threads() >= 1


def test_workers_are_all_available_threads_unless_others_are_asked_for():
    with cores(1):
        assert Workers.of(None) == Workers(1)
    with ThreadPoolExecutor(2) as pool:
        workers = Workers.of(np.int64(3), pool)
        assert (workers.threads, workers.executor) == (3, pool)
        assert workers.run(square, range(5)) == [square(x) for x in range(5)]


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_workers_are_a_positive_number(threads):
    with pytest.raises(InputError, match=r"^threads = "):
        Workers.of(threads)
