"""What users wrote cannot change what it is judged on, and what it returns is checked."""

import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import Factors, certified_margins, margins, resolve
from assoc.catalogue import resolve_transformer
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task
from assoc.memories.decoding import CertifiedMargins
from assoc.memories.linear import hebbian
from assoc.memories.memory import memory_bits, memory_parameters
from assoc.memories.optimal import Decides, optimal_linear
from assoc.transformers.attention_only import attention_only
from assoc.user_code import checked_bounds, checked_count, checked_rows, lend, read_only
from sims import measure
from sims.engine.randomness import Source
from sims.transformers.architecture import Architecture, Shape
from sims.transformers.prompts import count_known, prompt_outputs
from sims.transformers.recall import facts_known
from tests.helpers.oracles import complaint

HEAD = """import numpy as np
from assoc.memories.linear import hebbian
class Own:
    parameters = 4
    bits = None
    def __call__(self, E):
        return E
def build(E, U, f, *, rng):
    """


def module(tmp_path, monkeypatch, body, name="written_by_a_user"):
    """Have a user's module, and return the name of its build."""
    (tmp_path / f"{name}.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return f"{name}:build"


def facts(N=6, d=4):
    rng = np.random.default_rng(0)
    return sphere(N, d, rng=rng), sphere(N, d, rng=rng), rng.permutation(N)


# --- what is lent -------------------------------------------------------------------------------

WRITES = [
    ("f[:] = 0", "f"),
    ("f[f > 0] = 0", "f"),
    ("f.sort()", "f"),
    ("U -= U.mean(0)", "U"),
    ("E *= 2", "E"),
    ("np.add(E, 1, out=E)", "E"),
    ("U[f] = E", "U"),
    ("half = E[:2]; half[0] = 1", "E"),
    ("np.copyto(U, E)", "U or E"),
]


@pytest.mark.parametrize(("line", "array"), WRITES, ids=[line for line, _ in WRITES])
def test_a_build_cannot_write_into_what_it_is_judged_on(line, array, tmp_path, monkeypatch):
    name = module(tmp_path, monkeypatch, f"{HEAD}{line}\n    return hebbian(E, U, f, rng=rng)\n")
    monkeypatch.chdir(tmp_path)
    E, U, f = facts()
    before = [A.copy() for A in (E, U, f)]
    said = complaint(resolve(name)[1], E, U, f, rng=np.random.default_rng(0))
    which = " or ".join(sorted(array.split(" or ")))
    work = f"{array}.copy()" if len(array) == 1 else "a copy"
    assert said == (
        f"memory '{name}': written_by_a_user.py, line 9: cannot write into {which}: "
        f"what is judged on is read-only; work on {work}"
    )
    for A, was in zip((E, U, f), before, strict=True):
        np.testing.assert_array_equal(A, was)
        assert A.flags.writeable


def test_a_function_that_is_handed_over_is_lent_to_as_well():
    def cheat(E, U, f, *, rng):
        f[:] = 0
        return hebbian(E, U, f, rng=rng)

    assert "memory 'cheat': " in complaint(measure, cheat, d=8, N=64, trials=2)


def test_a_build_may_work_on_copies():
    def centred(E, U, f, *, rng):
        U = U.copy()
        U -= U.mean(0)
        return hebbian(E, U, f, rng=rng)

    assert 0 < measure(centred, d=32, N=64, trials=2).points[0].recall <= 1


def test_a_build_that_decides_is_lent_to():
    @dataclass(frozen=True)
    class Cheat:
        def decide(self, E, U, f, *, rng, prove=True):
            E[:] = 0
            return optimal_linear.decide(E, U, f, rng=rng, prove=prove)

        def __call__(self, E, U, f, *, rng):
            return self.decide(E, U, f, rng=rng).memory

    build = resolve(Cheat())[1]
    assert isinstance(build, Decides)
    E, U, f = facts()
    for call in (build, build.decide):
        assert "cannot write into E" in complaint(call, E, U, f, rng=np.random.default_rng(0))
    fair = resolve("assoc.memories.optimal:optimal_linear")[1]
    found = fair.decide(E, U, f, rng=np.random.default_rng(0))
    assert (margins(found.memory, E, U, f) > 0).all() is not (found.refuted is not None)


def test_a_memory_cannot_write_into_its_inputs():
    class Doubling(Factors):
        def __call__(self, E, /):
            E *= 2
            return E

        def rounding_error(self, E, /):
            return np.zeros(len(E))

    E, U, f = facts()
    said = complaint(margins, Doubling((np.eye(4),)), E, U, f)
    assert "does not accept inputs of shape (6, 4): " in said
    assert "cannot write into E" in said

    class Late(Factors):
        def rounding_error(self, E, /):
            E[:] = 0
            return np.zeros(len(E))

    before = E.copy()
    assert "cannot write into E" in complaint(certified_margins, Late((np.eye(4),)), E, U, f)
    np.testing.assert_array_equal(E, before)


def small_task():
    rng = np.random.default_rng(0)
    task = balanced_task(8, 4, 3, noise=5, rng=rng)
    return task, sphere(task.vocabulary, 24, rng=rng)


def test_a_transformer_s_build_cannot_write_into_the_task_or_the_embeddings():
    def facts_changed(task, embeddings, *, rng):
        task.facts[:, 2] = 0
        return attention_only(task, embeddings, rng=rng)

    def vectors_changed(task, embeddings, *, rng):
        embeddings[:] = 0
        return attention_only(task, embeddings, rng=rng)

    task, Phi = small_task()
    for build, array in ((facts_changed, "task"), (vectors_changed, "embeddings")):
        said = complaint(resolve_transformer(build)[1], task, Phi, rng=np.random.default_rng(0))
        assert f"transformer '{build.__name__}': " in said
        assert f"cannot write into {array}: " in said


def test_a_model_cannot_write_into_prompts():
    class Own:
        parameters = 1

        def outputs(self, prompts):
            prompts[:, 0] = 0
            return np.zeros((len(prompts), 4))

    prompts = np.array([[1, 2], [3, 2]])
    assert "cannot write into prompts" in complaint(prompt_outputs, Own(), prompts)
    assert prompts.tolist() == [[1, 2], [3, 2]]


def test_what_is_no_array_is_handed_on():
    assert read_only([1]) == [1]
    assert lend(max, {"a": 1, "b": 2}) == 2


# --- what comes back ----------------------------------------------------------------------------

BOUNDS = [
    (np.full(3, -1e9), "returned -1e+09 for input 0; a bound is finite and >= 0"),
    ([0, np.nan, 0], "returned nan for input 1"),
    ([0, 0, np.inf], "returned inf for input 2"),
    (np.zeros((3, 1)), "returned float64 of shape (3, 1); real numbers of shape (3,) are needed"),
    (0.0, "returned float64 of shape ()"),
    (np.zeros(4), "returned float64 of shape (4,)"),
    (np.zeros(3, complex), "returned complex128 of shape (3,)"),
    (None, "returned object of shape ()"),
    ([[1], [1, 2], 3], "returned a list that is no array"),
]


@pytest.mark.parametrize(("bound", "said"), BOUNDS, ids=[said for _, said in BOUNDS])
def test_a_bound_on_rounding_is_checked(bound, said):
    class Boastful(Factors):
        def rounding_error(self, E, /):
            return bound

    text = complaint(certified_margins, Boastful((-np.eye(3),)), np.eye(3), np.eye(3), [0, 1, 2])
    assert text.startswith(f"the memory's rounding_error {said}")


@pytest.mark.parametrize("value", [0, -3, 2.5, True, "7", float("nan"), [3], np.float64(3)])
@pytest.mark.parametrize("number", ["parameters", "bits"])
def test_numbers_of_a_memory_are_positive_integers(number, value, tmp_path, monkeypatch):
    said = f"are {value!r}, not a positive integer"
    name = module(tmp_path, monkeypatch, f"{HEAD}return Own()\n")
    build = resolve(name)[1]
    E, U, f = facts()
    own = type(build(E, U, f, rng=None))
    monkeypatch.setattr(own, number, value)
    assert complaint(build, E, U, f, rng=None) == (
        f"memory '{name}': the {number} of what it returned {said}"
    )
    read = {"parameters": memory_parameters, "bits": memory_bits}[number]
    assert complaint(read, own()) == f"the memory's {number} {said}"


def test_a_memory_without_parameters_is_refused_where_they_are_asked_for():
    assert complaint(memory_parameters, abs) == (
        "the memory's parameters are None, not a positive integer"
    )
    assert checked_count(np.int32(3), "n") == 3


OUTPUTS = [
    ("E[:, :2]", "the memory returned shape (6, 2) for 6 inputs; (6, 4) is needed"),
    ("E[0]", "the memory returned shape (4,) for 6 inputs"),
    ("None", "the memory returned shape () for 6 inputs"),
    ("[[1], [1, 2]]", "the memory returned a list that is no array"),
    ("E * np.nan", "the memory's outputs: row 0 has a value that is not finite"),
    ("E + 0j", "the memory's outputs: an array of real numbers is needed, not of complex128"),
    ("E.no", "the memory does not accept inputs of shape (6, 4): written_by_a_user.py, line 7: "),
]


@pytest.mark.parametrize(("value", "said"), OUTPUTS, ids=[value for value, _ in OUTPUTS])
def test_outputs_are_checked_and_whose_they_are_is_said(value, said, tmp_path, monkeypatch):
    body = f"{HEAD}return Own()\n".replace("return E\n", f"return {value}\n")
    name = module(tmp_path, monkeypatch, body)
    monkeypatch.chdir(tmp_path)
    text = complaint(measure, name, d=4, N=6, trials=1, threads=1)
    assert text.startswith(f"memory '{name}': {said}")


def test_parameters_that_raise_are_told_in_one_line(tmp_path, monkeypatch):
    body = f"{HEAD}return Own()\n".replace(
        "parameters = 4", "parameters = property(lambda self: 1 / 0)"
    )
    name = module(tmp_path, monkeypatch, body)
    E, U, f = facts()
    said = complaint(resolve(name)[1], E, U, f, rng=None)
    assert said.startswith(f"memory '{name}': ")
    assert said.endswith("line 4: ZeroDivisionError: division by zero")


def test_a_decision_without_a_memory_is_refused():
    class Cheat:
        def decide(self, E, U, f, *, rng, prove=True):
            return "yes"

        def __call__(self, E, U, f, *, rng):
            return hebbian(E, U, f, rng=rng)

    said = complaint(resolve(Cheat())[1].decide, *facts(), rng=None)
    assert said == "memory 'Cheat': decide returned str, without 'memory'"


def test_whose_model_is_wrong_is_said():
    class Own:
        parameters = 3

        def outputs(self, prompts):
            return np.full((len(prompts), 24), np.inf)

    def build(task, embeddings, *, rng):
        return Own()

    said = complaint(
        facts_known, Architecture(build, 24), Shape(4, 3, 2), 8, 1, Source(0, "x", ()), 0
    )
    assert said.startswith("transformer 'build': the model's outputs: row 0 has a value that is")


def test_rows_of_unknown_length_are_taken_as_they_are():
    assert checked_rows([[1, 2, 3]], 1, None, "it", inputs="inputs").dtype == np.float64
    assert "(2, d) is needed" in complaint(checked_rows, [1, 2], 2, None, "it", inputs="inputs")
    assert checked_bounds([1, 2], 2, "it").tolist() == [1.0, 2.0]


# --- certified implies recalled -----------------------------------------------------------------

numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(numbers, numbers), min_size=1))
def test_what_is_certified_is_recalled_whatever_the_numbers(pairs):
    margin, bound = np.array(pairs).T
    found = CertifiedMargins(margin, bound)
    assert not (found.certified & ~found.recalled).any()


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(-1e300, 1e300), min_size=5, max_size=5),
    st.sampled_from([1.0, -1.0, 0.0, 1e-160, 1e150]),
)
def test_no_memory_is_certified_where_it_does_not_recall(seed, errors, scale):
    """Whatever it says of its rounding, and whatever its size: refused, or not more than recall."""
    rng = np.random.default_rng(seed)
    E, U, f = sphere(5, 3, rng=rng), sphere(4, 3, rng=rng), rng.integers(0, 4, 5)

    class Own(Factors):
        def rounding_error(self, X, /):
            return np.array(errors)

    memory = Own((scale * rng.standard_normal((3, 3)),))
    if min(errors) < 0:
        assert "rounding_error returned" in complaint(certified_margins, memory, E, U, f)
        return
    found = certified_margins(memory, E, U, f)
    recalled = margins(memory, E, U, f) > 0
    assert not (found.certified & ~recalled).any()
    np.testing.assert_array_equal(found.recalled, recalled)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 0.1, -1.0, 30.0]), st.integers(3, 12))
def test_no_transformer_is_certified_where_it_does_not_answer(seed, scale, length):
    from assoc.transformers.certificates import certify

    rng = np.random.default_rng(seed)
    task = balanced_task(4, 3, 2, noise=3, rng=rng)
    Phi = sphere(task.vocabulary, 12, rng=rng)
    model = attention_only(task, Phi, rng=rng, values="sum")
    # Damaged in its values, its keys, or both, so that some facts are lost and some leak.
    heads = model.attention
    noise = 0.3 * rng.standard_normal(heads.W_V.shape) * rng.integers(0, 2)
    damaged = replace(heads, W_K=scale * heads.W_K, W_V=heads.W_V + noise)
    model = replace(model, attention=damaged)
    certified = certify(model, task, length=length).certified
    asked = count_known(model, task, length=length, source=Source(seed, "t", ()), trial=0, draws=4)
    assert not (certified & (asked.wrong > 0)).any()
