"""Memories by name and by import path."""

import re
import sys

import numpy as np
import pytest

from assoc import (
    MEMORIES,
    TRANSFORMERS,
    Factors,
    InputError,
    Memory,
    Transformer,
    balanced_task,
    resolve,
    resolve_transformer,
)
from assoc.bits.codes import arrays_of
from assoc.catalogue import options_of
from assoc.memories.hermite import DEGREES
from assoc.memories.linear import HebbianBuild, dual_inputs, hebbian
from assoc.memories.memory import memory_bits
from tests.helpers.oracles import one_line, table

SIZES = {"rank": 2, "width": 8}

# Stored numbers at rank 2, width 8, from 4 dimensions to 3.
PARAMETERS = {
    "linear": 4 * 3,
    "low-rank": 2 * (4 + 3),
    "low-rank-gaussian": 2 * (4 + 3),
    "low-rank-svd": 2 * (4 + 3),
    "sign": 4 * 3,
    "dual-inputs": 4 * 3,
    "dual-outputs": 4 * 3,
    "dual-both": 4 * 3,
    "mlp": 8 * (4 + 3),
    "gated-mlp": 8 * (4 + 4 + 3),
    "sign-mlp": 8 * (4 + 3 + 1),
    "sign-gated": 8 * (4 + 4 + 3 + 1),
    "whitened-mlp": 8 * (4 + 3),
    "bilinear": 8 * (4 + 4 + 3),
    "bilinear-ridge": 8 * (4 + 4 + 3),
    "bilinear-als": 8 * (4 + 4 + 3),
    "bilinear-margin": 8 * (4 + 4 + 3),
    "optimal-linear": 4 * 3,
    "optimal-low-rank": 2 * (4 + 3),
    "optimal-mlp": 8 * (4 + 3),
    "optimal-bilinear": 8 * (4 + 4 + 3),
    "optimal-bilinear-fit": 8 * (4 + 4 + 3),
}


def needed(name):
    return {option: SIZES[option] for option in MEMORIES[name].needs}


def draw(rng, N=5):
    return rng.standard_normal((N, 4)), rng.standard_normal((N, 3)), np.arange(N)


def arrays(memory):
    """Every array that a memory holds."""
    for value in vars(memory).values():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                yield array


@pytest.mark.parametrize("name", MEMORIES)
def test_every_name_builds_a_memory_that_counts_its_numbers(rng, name):
    label, build = resolve(name, **needed(name))
    assert label == name
    E, U, f = draw(rng)
    memory = build(E, U, f, rng=rng)
    assert isinstance(memory, Memory)
    assert memory(E).shape == (5, 3)
    assert memory.parameters == sum(array.size for array in arrays(memory)) == PARAMETERS[name]
    assert memory_bits(memory) == {"sign": 12}.get(name)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("name", [name for name in MEMORIES if name != "sign"])
def test_every_name_in_bits_that_are_counted(rng, name, bits):
    E, U, f = draw(rng)
    label, build = resolve(name, **needed(name), bits=bits)
    assert label == name
    memory, exact = (b(E, U, f, rng=rng) for b in (build, resolve(name, **needed(name))[1]))
    assert type(memory) is type(exact)
    assert memory.parameters == PARAMETERS[name]
    fitted_as_such = MEMORIES[name].fits is not None
    scales = 0 if isinstance(memory, Factors) or fitted_as_such else len(list(arrays(memory)))
    assert memory_bits(memory) == bits * PARAMETERS[name] + 32 * scales
    assert memory(E).shape == (5, 3)
    for array in arrays(memory):
        assert np.unique(array).size <= 2**bits
    # What can be streamed still can.
    plain = isinstance(resolve(name, **needed(name))[1], HebbianBuild)
    assert isinstance(build, HebbianBuild) is plain


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_every_transformer_in_bits_that_are_counted(name, rounding):
    rng = np.random.default_rng(0)
    task = balanced_task(6, 4, 3, noise=5, rng=rng)
    Phi = rng.standard_normal((task.vocabulary, 12)) / np.sqrt(12)
    needs = dict.fromkeys(TRANSFORMERS[name].needs, 16)
    exact = resolve_transformer(name, **needs)[1](task, Phi, rng=np.random.default_rng(1))
    assert exact.bits is None
    network = [] if exact.mlp is None else arrays_of(exact.mlp)  # a row of phases is one of them
    matrices = 4 * exact.attention.heads + len(network)
    for bits in (1, 2, 4, 8, 16):
        build = resolve_transformer(name, **needs, bits=bits, rounding=rounding)[1]
        model = build(task, Phi, rng=np.random.default_rng(1))
        assert type(model) is Transformer
        assert model.embeddings is Phi
        assert model.parameters == exact.parameters
        assert model.bits == bits * exact.parameters + 32 * matrices
        assert model.outputs(task.prompts(6, rng=rng)).shape == (24, 12)


def test_a_users_own_build_in_bits(rng):
    E, U, f = draw(rng)
    for own in (
        hebbian,
        dual_inputs,
        "assoc.memories.linear:hebbian",
        "assoc.memories.linear:dual_inputs",
    ):
        name, build = resolve(own, bits=2, rounding="stochastic")
        assert name == resolve(own)[0]
        assert build(E, U, f, rng=rng).bits == 24
    assert isinstance(resolve("assoc.memories.linear:hebbian", bits=2)[1], HebbianBuild)
    for own in (table, "tests.helpers.oracles:table"):
        with pytest.raises(InputError) as caught:
            resolve(own, bits=2)[1](E, U, f, rng=rng)
        assert one_line(caught.value) == (
            "Table cannot be stored in bits per weight: its attributes hold 0 numbers in arrays, "
            "and it has 30 parameters"
        )


def test_every_name_is_counted():
    assert list(PARAMETERS) == list(MEMORIES)
    assert {option for recipe in MEMORIES.values() for option in recipe.options} == {
        *SIZES,
        "bits",
        "degree",
        "gates",
        "omega",
        "rounding",
    }


@pytest.mark.parametrize("name", MEMORIES)
def test_every_option_that_is_needed_is_asked_for(name):
    for option in MEMORIES[name].needs:
        for without in ({}, {option: None}):
            given = {k: v for k, v in needed(name).items() if k != option} | without
            with pytest.raises(InputError) as caught:
                resolve(name, **given)
            assert one_line(caught.value) == f"memory {name!r} needs its {option} given"


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("option", ["rank", "bits", "width", "degree", "depth"])
def test_an_option_is_known_or_refused(name, option):
    """None stands for not given, also where the option has no place."""
    if option in MEMORIES[name].options:
        resolve(name, **{**needed(name), option: 2})
        return
    assert resolve(name, **needed(name), **{option: None})[0] == name
    with pytest.raises(InputError) as caught:
        resolve(name, **needed(name), **{option: 2})
    assert one_line(caught.value) == f"memory {name!r} takes no {option}"


@pytest.mark.parametrize("name", [name for name in MEMORIES if "degree" in MEMORIES[name].takes])
def test_a_degree_reaches_the_network(rng, name):
    E, U, f = draw(rng)
    built = [resolve(name, width=8, degree=k)[1](E, U, f, rng=rng) for k in DEGREES]
    if name == "gated-mlp":
        assert [network.degree for network in built] == list(DEGREES)
    else:
        # sigma = h_{k+1} / sqrt(k + 1)
        assert [network.activation.degree() - 1 for network in built] == list(DEGREES)


def test_the_hidden_layer_of_each_name():
    """What tells the networks apart: which weights are drawn, which are fitted."""
    E, U, f = draw(np.random.default_rng(0), N=8)
    built = {
        name: resolve(name, width=8)[1](E, U, f, rng=np.random.default_rng(1))
        for name in MEMORIES
        if "width" in MEMORIES[name].needs
    }
    fitted = {"bilinear-als", "bilinear-margin", "optimal-bilinear-fit"}
    drawn = {"mlp", "gated-mlp", "sign-mlp", "sign-gated", "whitened-mlp", "bilinear",
             "bilinear-ridge", "optimal-mlp", "optimal-bilinear"}  # fmt: skip
    assert set(built) == drawn | fitted
    # Eight facts, eight neurons: least squares answers exactly and the others do not.
    exact = {name for name, network in built.items() if np.allclose(network(E), U, atol=1e-4)}
    assert exact == {"whitened-mlp", "bilinear-ridge"}
    np.testing.assert_array_equal(built["bilinear"].P, built["bilinear-ridge"].P)
    np.testing.assert_array_equal(built["bilinear"].P, built["optimal-bilinear"].P)
    np.testing.assert_array_equal(built["bilinear-margin"].P, built["optimal-bilinear-fit"].P)
    np.testing.assert_array_equal(built["whitened-mlp"].W, built["optimal-mlp"].W)
    for name in fitted:
        assert not np.allclose(built[name].P, built["bilinear"].P)
    np.testing.assert_array_equal(built["mlp"].V[:4], -built["mlp"].V[4:])
    np.testing.assert_allclose(np.linalg.norm(built["gated-mlp"].V, axis=1), np.sqrt(3))


def test_a_function_is_asked_with_care():
    name, build = resolve(table)
    assert (name, build.function) == ("table", table)
    assert resolve(build) == ("table", build)


def test_an_import_path():
    assert resolve("assoc.memories.linear:hebbian") == ("assoc.memories.linear:hebbian", hebbian)
    name, build = resolve("tests.helpers.oracles:table")
    assert name == "tests.helpers.oracles:table"
    assert build.function is table


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def (:", "SyntaxError"),
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("def build(E, U, f): pass", "unexpected keyword argument 'rng'"),
        ("def build(E, U, f, *, rng): return None", "returned NoneType, not a callable"),
        ("def build(E, U, f, *, rng): return lambda E: E", "'parameters'"),
        ("def build(E, U, f, *, rng): 1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_is_wrong_with_a_users_module_is_said(source, said, tmp_path, monkeypatch):
    name = f"users_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        resolve(f"{name}:build")[1](
            np.eye(2), np.eye(2), np.arange(2), rng=np.random.default_rng(0)
        )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("hebbian", {}, "unknown memory 'hebbian': one of linear, "),
        ("", {}, "unknown memory ''"),
        ("low-rank", {}, "memory 'low-rank' needs its rank given"),
        ("quantised", {"bits": 2}, "unknown memory 'quantised'"),
        ("linear", {"bits": 0}, "bits = 0 is not between 1 and 16"),
        ("linear", {"bits": 2.5}, "bits = 2.5 is not an integer"),
        ("linear", {"bits": True}, "bits = True is not an integer"),
        ("linear", {"rounding": "nearest"}, "memory 'linear': a rounding needs bits given"),
        ("linear", {"bits": 2, "rounding": "up"}, "'up' is not one of nearest, stochastic"),
        ("sign", {"rounding": "nearest"}, "memory 'sign' takes no rounding"),
        ("linear", {"rank": 3}, "memory 'linear' takes no rank"),
        ("sign", {"bits": 1}, "memory 'sign' takes no bits"),
        (table, {"rank": 3}, "memory 'table' takes no rank"),
        ("linear", {"width": 3}, "memory 'linear' takes no width"),
        ("mlp", {}, "memory 'mlp' needs its width given"),
        ("mlp", {"degree": 2}, "memory 'mlp' needs its width given"),
        ("mlp", {"width": 8, "rank": 2}, "memory 'mlp' takes no rank"),
        ("bilinear-als", {}, "memory 'bilinear-als' needs its width given"),
        ("bilinear-margin", {"width": 8, "degree": 1}, "memory 'bilinear-margin' takes no degree"),
        ("bilinear-als", {"width": 0}, "width 0 is not a positive integer"),
        ("mlp", {"width": 7}, "width 7 is odd"),
        ("mlp", {"width": 0}, "width 0 is not a positive integer"),
        ("mlp", {"width": 8, "degree": 7}, "degree 7 is not an integer from 1 to 6"),
        ("gated-mlp", {"width": 2.5}, "width 2.5 is not a positive integer"),
        ("whitened-mlp", {"width": 8, "degree": 0}, "degree 0 is not an integer from 1 to 6"),
        ("bilinear", {"width": 8, "degree": 1}, "memory 'bilinear' takes no degree"),
        ("bilinear", {"width": True}, "width True is not a positive integer"),
        (
            "tests.helpers.oracles:table",
            {"width": 8},
            "memory 'tests.helpers.oracles:table' takes no width",
        ),
        ("gated", {"width": 8}, "unknown memory 'gated': did you mean 'gated-mlp'?"),
        ("mpl", {}, "unknown memory 'mpl': did you mean 'mlp'? Known: linear, "),
        ("nowhere:build", {}, "memory 'nowhere:build': no module named 'nowhere'"),
        ("assoc.nowhere:build", {}, "no module named 'assoc.nowhere'"),
        ("assoc.memories.linear:nothing", {}, "assoc.memories.linear has no function 'nothing'"),
        ("assoc.memories.linear:BLOCK", {}, "assoc.memories.linear has no function 'BLOCK'"),
        ("assoc.memories.linear:", {}, "assoc.memories.linear has no function ''"),
        (":build", {}, "'' is not a module name"),
        (".linear:hebbian", {}, "'.linear' is not a module name"),
    ],
)
def test_what_is_wrong_is_named(name, given, said):
    with pytest.raises(InputError) as caught:
        resolve(name, **given)
    assert said in one_line(caught.value)


@pytest.mark.parametrize(("name", "other"), [("sims", "sims/__init__.py"), ("random", "random.py")])
def test_a_users_module_that_is_hidden_by_another_is_named(name, other, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{name}.py").write_text("from assoc.memories.linear import hebbian as build\n")
    with pytest.raises(InputError) as caught:
        resolve(f"{name}:build")
    text = one_line(caught.value)
    assert text.startswith(f"memory '{name}:build': {name}.py is hidden by ")
    assert text.endswith(f"{other}; give it another name")


def test_a_users_module_may_have_the_name_of_one_of_our_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "memories.py").write_text("from assoc.memories.linear import hebbian as build\n")
    assert resolve("memories:build")[1] is hebbian
    sys.modules.pop("memories")


def test_a_missing_dependency_of_a_users_module_is_named_with_the_line(tmp_path, monkeypatch):
    """It must not pass for a missing module."""
    (tmp_path / "theirs.py").write_text("import absent_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"theirs\.py, line 1: .* 'absent_dependency'") as caught:
        resolve("theirs:build")
    assert one_line(caught.value).startswith("memory 'theirs:build': ")
    assert "theirs" not in sys.modules


# --- options of the user's own constructions ----------------------------------------------------


def test_keyword_parameters_of_a_build_are_its_options():
    def build(E, U, f, *, rng, width=8, degree=1):
        return width, degree

    assert options_of(build) == ("width", "degree", "bits", "rounding")
    assert resolve(build)[1](1, 2, 3, rng=None) == (8, 1)
    assert resolve(build, width=16, degree=2)[1](1, 2, 3, rng=None) == (16, 2)
    assert options_of("gated-mlp") == ("width", "degree", "bits", "rounding")


def test_what_a_build_must_be_told_is_asked_for():
    def build(E, U, f, *, rng, width):
        return width

    with pytest.raises(InputError, match="memory 'build' needs its width given"):
        resolve(build)
    with pytest.raises(InputError, match="memory 'build' takes no rank"):
        resolve(build, rank=3, width=2)
    assert resolve(build, width=2)[1](1, 2, 3, rng=None) == 2
