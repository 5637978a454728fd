"""The house rules that can be read off the source: who imports whom, and what nobody does."""

import ast
import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = ("assoc", "sims", "theory")
"""Imports go one way: each may import from itself and from those before it."""

ONLY = {"assoc": {"numpy", "scipy", "lazy_loader", "pandas", "psutil", "numba"}}
"""Packages that may import these and the standard library, and nothing else from outside.

Of these pandas reads one format of fact tables, psutil says how much memory is free, and numba
compiles the search for weights of few bits; they are imported when they are needed.
"""

LONG_FILES: dict[str, str] = {
    "tests/sims/sweeps/test_store.py": "the faults of one file format, on the same helpers",
    "tests/sims/sweeps/test_tasks.py": "what every kind of executor must do alike, and ten kills",
    "tests/sims/transformers/test_prompts.py": "verdicts of all kinds, held to one brute force",
    "tests/theory/exhibits/test_exhibits.py": "what every exhibit must do alike, computed once",
    "tests/theory/publishing/test_appendix.py": "one folder's files, on the same toys",
    "theory/theorems/attention_mlp.py": "a theorem is one file; this one has 7 claims",
    "theory/theorems/attention_only.py": "a theorem is one file; this one has 11 claims",
    "theory/theorems/factual_bound.py": "a theorem is one file; this one has 9 claims",
    "theory/theorems/floating_point.py": "a theorem is one file; this one has 8 claims",
    "theory/theorems/global_convergence.py": "a theorem is one file; this one has 10 claims",
    "theory/theorems/information_bound.py": "a theorem is one file; this one has 11 claims",
    "theory/theorems/knowledge_acquisition.py": "a theorem is one file; this one has 7 claims",
    "theory/theorems/knowledge_extraction.py": "a theorem is one file; this one has 15 claims",
    "theory/theorems/linear_capacity.py": "a theorem is one file; this one has 20 claims",
    "theory/theorems/mlp_capacity.py": "a theorem is one file; this one has 13 claims",
    "theory/theorems/optimal_linear_capacity.py": "a theorem is one file; this one has 8 claims",
    "theory/theorems/power_law_bound.py": "a theorem is one file; this one has 10 claims",
    "theory/theorems/sequential_learning.py": "a theorem is one file; this one has 11 claims",
    "theory/theorems/sharp_linear_capacity.py": "a theorem is one file; this one has 10 claims",
    "theory/theorems/sign_gates.py": "a theorem is one file; this one has 9 claims",
}
"""Files of more than 400 lines, each with the reason why it is not two files."""

RANDOM = {"BitGenerator", "Generator", "Philox", "SeedSequence"}
"""What may be used of numpy.random: what has no global state and no hidden seed."""

NEVER_IMPORTED = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "random",
}
NEVER_CALLED = {"eval", "exec", "compile", "__import__", "breakpoint"}


def sources(*folders):
    """Python files of these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path):
    return str(path.relative_to(ROOT))


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), relative(path))


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    """Pairs (module, name or None) of everything a file imports, also inside functions."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative(path)}: a relative import, line {node.lineno}"
            assert node.module
            yield from ((node.module, alias.name) for alias in node.names)


def dotted(node):
    """``a.b.c`` as text, or an empty string for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def every(paths):
    """Make one test of the check of a file, for all of these, which names every one that fails."""

    def made(check):
        def test():
            said = []
            for path in paths:
                try:
                    check(path)
                except AssertionError as error:
                    said.append(f"{relative(path)}: {error}")
            assert not said, "\n".join(said)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return made


every_file = every(sources(*LAYERS))
library_file = every(sources("assoc", "sims"))


@every_file
def test_imports_go_one_way(path):
    layer = path.relative_to(ROOT).parts[0]
    above = set(LAYERS[LAYERS.index(layer) + 1 :]) | {"tests"}
    roots = {module.partition(".")[0] for module, _ in imports(path)}
    assert not roots & above
    if layer in ONLY:
        assert roots <= ONLY[layer] | set(sys.stdlib_module_names) | {layer}


@every_file
def test_only_what_a_module_offers_is_imported_from_it(path):
    """Names with an underscore, and names outside __all__, stay where they are."""
    for module, name in imports(path):
        if module.partition(".")[0] not in LAYERS or name is None:
            continue
        found = importlib.import_module(module)
        submodule = hasattr(found, "__path__") and importlib.util.find_spec(f"{module}.{name}")
        assert submodule or name in found.__all__, f"{name} is not in {module}.__all__"


@every_file
def test_no_global_random_state_nor_hidden_seed(path):
    for node in ast.walk(tree(path)):
        name = dotted(node) if isinstance(node, ast.Attribute) else ""
        for prefix in ("np.random.", "numpy.random."):
            if name.startswith(prefix):
                used = name.removeprefix(prefix).partition(".")[0]
                # A theorem may start from a stated seed; what is built and measured may not.
                allowed = RANDOM | ({"default_rng"} if "theory" in path.parts else set())
                assert used in allowed, f"line {node.lineno}: {name}"
        if isinstance(node, ast.Call) and dotted(node.func).endswith("default_rng"):
            assert node.args, f"line {node.lineno}: default_rng without a seed"
    for module, name in imports(path):
        assert module != "numpy.random" or name in RANDOM


@every_file
def test_nothing_is_unpickled_or_evaluated(path):
    roots = {module.partition(".")[0] for module, _ in imports(path)}
    assert not roots & NEVER_IMPORTED
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func)
        assert called not in NEVER_CALLED, f"line {node.lineno}: {called}"
        keywords = {k.arg: k.value for k in node.keywords}
        if called in ("np.load", "numpy.load"):
            allowed = keywords.get("allow_pickle")
            assert isinstance(allowed, ast.Constant), f"line {node.lineno}: allow_pickle not said"
            assert allowed.value is False, f"line {node.lineno}: allow_pickle"
        assert not called.endswith(("read_pickle", "to_pickle")), f"line {node.lineno}: {called}"


@library_file
def test_the_library_neither_prints_nor_reads_the_environment(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert dotted(node.func) != "print", f"line {node.lineno}: print"
            assert dotted(node.func) != "os.getenv", f"line {node.lineno}: os.getenv"
        assert dotted(node) != "os.environ", f"line {getattr(node, 'lineno', 0)}: os.environ"


@every_file
def test_every_public_name_has_a_docstring(path):
    """Functions, classes and their public methods; a constant has a string below it."""
    parsed = tree(path)
    assert ast.get_docstring(parsed), "the module has no docstring"
    if path.name == "__main__.py":
        return
    module = importlib.import_module(module_name(path))
    if path.name == "__init__.py":
        assert all(hasattr(module, name) for name in getattr(module, "__all__", ()))
        return
    assert len(set(module.__all__)) == len(module.__all__)
    defined = {}
    for node, after in zip(parsed.body, [*parsed.body[1:], None], strict=True):
        documented = (
            isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        )
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        for target in targets:
            for name in ast.walk(target) if target else ():
                if isinstance(name, ast.Name):
                    defined[name.id] = documented
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] = ast.get_docstring(node) is not None
        if isinstance(node, ast.ClassDef) and node.name in module.__all__:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    assert ast.get_docstring(method), f"{node.name}.{method.name}"
    for name in module.__all__:
        assert hasattr(module, name), f"{name} is in __all__ and nowhere else"
        assert defined.get(name, False), f"{name} has no docstring"


def test_packages_say_what_they_offer():
    for layer in LAYERS:
        package = importlib.import_module(layer)
        assert inspect.getdoc(package)
        assert package.__all__


def test_long_files_have_a_reason():
    long = {
        relative(path)
        for path in sources(*LAYERS, "tests")
        if len(path.read_text(encoding="utf-8").splitlines()) > 400
    }
    assert long == set(LONG_FILES)
    assert all(LONG_FILES.values())


def test_long_functions_are_two_functions():
    """Of what measures and claims; the table of a theorem's claims is not a function."""
    long = [
        f"{relative(path)}: {node.name}, {length} lines"
        for path in sources("sims", "theory")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > 80
    ]
    assert not long


# --- rooms --------------------------------------------------------------------------------------

PACKAGES = sorted(path.parent for layer in LAYERS for path in (ROOT / layer).rglob("__init__.py"))
"""Folders of modules: the packages and the rooms in them."""


def inside(package, module):
    """Child of a package, file or folder, that a module is or belongs to; None for others."""
    prefix = f"{module_name(package / '__init__.py')}."
    return module.removeprefix(prefix).partition(".")[0] if module.startswith(prefix) else None


def arrows(package):
    """What each file or folder in a package imports among the others, also inside functions."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        child = inside(package, module_name(path))
        for module, name in imports(path):
            submodule = f"{module}.{name}" if name and exists(f"{module}.{name}") else module
            other = inside(package, submodule)
            if child and other and child != other:
                found.setdefault(child, set()).add(other)
    return found


def exists(module):
    """Whether a module of ours is on disk."""
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("package", PACKAGES, ids=relative)
def test_neither_files_nor_folders_import_in_a_circle(package):
    TopologicalSorter(arrows(package)).prepare()  # raises CycleError, which names the circle


def test_a_circle_of_folders_is_seen(tmp_path, monkeypatch):
    """The control: two files that do not import each other, in folders that do."""
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    for room, other in (("one", "two"), ("two", "one")):
        (tmp_path / "sims" / room).mkdir(parents=True)
        (tmp_path / "sims" / room / "__init__.py").touch()
        (tmp_path / "sims" / room / "leaf.py").touch()
        (tmp_path / "sims" / room / "top.py").write_text(f"from sims.{other} import leaf\n")
    with pytest.raises(CycleError):
        TopologicalSorter(arrows(tmp_path / "sims")).prepare()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_face_shows_all_that_it_offers(layer):
    package = importlib.import_module(layer)
    assert dir(package) == sorted(package.__all__)
    for name in package.__all__:
        offered = getattr(package, name)
        assert getattr(package, name) is offered
        if exists(f"{layer}.{name}"):
            # A room, and nothing that would hide it or hide behind it.
            assert offered is importlib.import_module(f"{layer}.{name}")


@pytest.mark.parametrize("layer", LAYERS)
def test_importing_a_face_loads_nothing_heavy(layer):
    code = f"import sys, {layer}; print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert layer in loaded
    assert not {"numpy", "scipy", "numba", "pandas", "matplotlib", "sympy"} & set(loaded)


def test_listing_the_theorems_loads_no_compiler():
    """Nor exact arithmetic or algebra: each would add to the start of every command."""
    code = (
        "import sys; from theory.registry import registered; assert len(registered()) > 10; "
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "theory" in loaded
    assert not {"numba", "mpmath", "sympy", "flint", "matplotlib", "pandas", "jax"} & set(loaded)


OTHER_TESTS: dict[str, str] = {
    "tests/assoc/transformers/test_constructions.py": "what every construction must do alike",
    "tests/theory/exhibits/test_exhibits.py": "what every exhibit must do alike",
    "tests/theory/theorems/test_theorems.py": "what every theorem must do alike",
    "tests/theory/publishing/test_rendered.py": "what LaTeX and a browser make of the appendix",
    "tests/theory/cli/test_bad_input.py": "what every command must refuse alike",
    "tests/theory/cli/test_commands.py": "what every command must do alike",
    "tests/theory/cli/test_networks.py": "networks with a hidden layer, in several commands",
    "tests/theory/cli/test_process.py": "the command as a process: signals, pipes, time to start",
    "tests/theory/cli/test_transformers.py": "transformers, in several commands",
    "tests/theory/cli/test_verify.py": "one command of several in a file",
}
"""Test files that no module has the name of, each with what it is about instead."""


def test_tests_mirror_the_tree():
    """tests/sims/engine/test_statistics.py is about sims/engine/statistics.py, or a part of it."""
    others = set()
    for path in sources(*(f"tests/{layer}" for layer in LAYERS)):
        if not path.name.startswith("test_"):
            assert path.name == "conftest.py"
            continue
        about = ROOT / path.parent.relative_to(ROOT / "tests")
        assert about.is_dir(), f"{relative(path)}: there is no folder {relative(about)}"
        subject = path.stem.removeprefix("test_")
        names = {each.stem for each in about.glob("*.py")}
        if not any(subject == name or subject.startswith(f"{name}_") for name in names):
            others.add(relative(path))
    assert others == set(OTHER_TESTS)
    assert all(OTHER_TESTS.values())


WORK = re.compile(r"(?:assoc|sims|theory)(?:\.\w+)+:\w+")
"""Work that is named by a string, "module:function", so that a sweep can store it."""


def test_work_named_by_a_string_is_there():
    named = [
        (relative(path), node.value)
        for path in sources(*LAYERS, "docs", "tests/benchmarks")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and WORK.fullmatch(node.value)
    ]
    assert len(named) > 5
    for path, text in named:
        module, _, function = text.partition(":")
        assert callable(getattr(importlib.import_module(module), function, None)), (path, text)
