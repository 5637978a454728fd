"""Memories by name and by import path."""

import re
import sys

import numpy as np
import pytest

from assoc import MEMORIES, InputError, Memory, resolve
from assoc.catalogue import NEEDS_BITS, NEEDS_RANK
from assoc.linear import hebbian
from tests.oracles import one_line, table


def options(name):
    return {"rank": 2 if name in NEEDS_RANK else None, "bits": 2 if name in NEEDS_BITS else None}


@pytest.mark.parametrize("name", MEMORIES)
def test_every_name_builds_a_memory(rng, name):
    label, build = resolve(name, **options(name))
    assert label == name
    E = rng.standard_normal((5, 4))
    memory = build(E, E, np.arange(5), rng=rng)
    assert isinstance(memory, Memory)
    assert memory(E).shape == (5, 4)
    assert memory.parameters > 0


def test_a_function_is_itself():
    assert resolve(table) == ("table", table)


def test_an_import_path():
    assert resolve("assoc.linear:hebbian") == ("assoc.linear:hebbian", hebbian)
    name, build = resolve("tests.oracles:table")
    assert name == "tests.oracles:table"
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
        ("quantised", {}, "memory 'quantised' needs its bits given"),
        ("linear", {"rank": 3}, "memory 'linear' takes no rank"),
        ("sign", {"bits": 1}, "memory 'sign' takes no bits"),
        ("low-rank", {"rank": 2, "bits": 1}, "memory 'low-rank' takes no bits"),
        (table, {"rank": 3}, "memory 'table' takes no rank"),
        ("nowhere:build", {}, "memory 'nowhere:build': no module named 'nowhere'"),
        ("assoc.nowhere:build", {}, "no module named 'assoc.nowhere'"),
        ("assoc.linear:nothing", {}, "assoc.linear has no function 'nothing'"),
        ("assoc.linear:BLOCK", {}, "assoc.linear has no function 'BLOCK'"),
        ("assoc.linear:", {}, "assoc.linear has no function ''"),
        (":build", {}, "'' is not a module name"),
        (".linear:hebbian", {}, "'.linear' is not a module name"),
    ],
)
def test_what_is_wrong_is_named(name, given, said):
    with pytest.raises(InputError) as caught:
        resolve(name, **given)
    assert said in one_line(caught.value)


def test_an_import_error_inside_the_users_module_is_theirs_to_see(tmp_path, monkeypatch):
    """A missing dependency of the module must not pass for a missing module."""
    (tmp_path / "theirs.py").write_text("import absent_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="absent_dependency"):
        resolve("theirs:build")
    assert "theirs" not in sys.modules
