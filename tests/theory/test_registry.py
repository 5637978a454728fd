"""Theorems are found by their files, and judged with their controls."""

import importlib.util
import re
import sys
import textwrap

import pytest

import theory
import theory.theorems
from assoc import InputError
from tests.helpers import toys
from tests.helpers.oracles import one_line
from theory import running, sources
from theory.claims import Condition, Verdict
from theory.registry import find, registered
from theory.running import verify


@pytest.fixture
def fresh():
    """Forget what was found, before and after."""
    sources.forget()
    yield
    sources.forget()


def use(monkeypatch, *theorems):
    toys.register(monkeypatch, theorems=theorems)


@pytest.fixture
def verdict_on(monkeypatch):
    """Judge a single claim."""

    def judge(claim, **options):
        use(monkeypatch, toys.theorem(claim))
        (judged,) = verify(**options).claims
        return judged

    return judge


# --- finding ------------------------------------------------------------------------------------


def test_the_theorems_of_the_first_paper_are_there_in_order():
    names = [theorem.name for theorem in registered()]
    assert {"linear-capacity", "low-rank-capacity", "sharp-linear-capacity"} <= set(names)
    assert names == sorted(set(names))


def test_a_new_file_is_a_new_theorem_and_nothing_else_is_needed(monkeypatch, tmp_path, fresh):
    (tmp_path / "a_toy.py").write_text(
        textwrap.dedent("""\
        from tests.helpers import toys

        THEOREM = toys.theorem(toys.claim("fun"), name="dropped-in")
        """)
    )
    (tmp_path / "helpers.py").write_text("CONSTANT = 1\n")
    before = {theorem.name for theorem in registered()}
    sources.forget()
    monkeypatch.setattr(
        theory.theorems, "__path__", [*theory.theorems.__path__, str(tmp_path)], raising=True
    )
    assert {theorem.name for theorem in registered()} == before | {"dropped-in"}
    result = verify(["dropped-in"])
    assert result.summary()["holds"] == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\nTHEOREM = Theorem()\n", ", line 2: NameError: name 'Theorem' is not defined"),
        ("def broken(:\n", ", line 1: SyntaxError: invalid syntax"),
        ("import no_such_module\n", ", line 1: ModuleNotFoundError: No module named 'no_such_mod"),
        ("from theory import claims\n\n\nclaims.Claim()\n", ", line 4: TypeError: "),
        (
            "from assoc.catalogue import resolve\n\nresolve('low-rank')\n",
            ", line 3: UnfitError: memory 'low-rank' needs its rank given (",
        ),
        ("THEOREM = 'a theorem'\n", ": THEOREM is of the type str, not Theorem"),
        ("THEOREM = None\n", ": THEOREM is of the type NoneType, not Theorem"),
        (
            "from tests.helpers import toys\n\nTHEOREM = toys.theorem(name='linear-capacity')\n",
            ": THEOREM has the name 'linear-capacity', which is taken by ",
        ),
    ],
)
def test_a_broken_file_names_itself_in_one_line(source, said, monkeypatch, tmp_path, fresh):
    path = tmp_path / "a_broken_one.py"
    path.write_text(f"{source}\n# A file that has THEOREM in it is read.\n")
    sources.forget()
    monkeypatch.setattr(theory.theorems, "__path__", [*theory.theorems.__path__, str(tmp_path)])
    with pytest.raises(InputError) as caught:
        registered()
    sys.modules.pop("theory.theorems.a_broken_one", None)
    assert one_line(caught.value).startswith(f"{path}{said}")


def test_a_file_that_needs_an_extra_says_what_to_install(monkeypatch, tmp_path, fresh):
    (tmp_path / "mine.py").write_text("import numpy\nimport optax.losses\nTHEOREM = 1\n")
    sources.forget()
    monkeypatch.setattr(theory.theorems, "__path__", [*theory.theorems.__path__, str(tmp_path)])
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(InputError, match=re.escape("pip install 'factual-recall[train]'")) as no:
        registered()
    assert "mine.py, line 2: ModuleNotFoundError" in one_line(no.value)


def test_a_known_name_is_found():
    assert find("low-rank-capacity").name == "low-rank-capacity"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("linear-capasity", "linear-capacity"),
        ("low-rank", "low-rank-capacity"),
        ("sharp-capacity", "sharp-linear-capacity"),
        ("LINEAR-CAPACITY", None),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_an_unknown_name_gets_the_nearest_or_the_list(typed, meant):
    with pytest.raises(InputError) as caught:
        find(typed)
    text = one_line(caught.value)
    assert text.startswith(f"unknown theorem {typed!r}; ")
    if meant:
        assert text.endswith(f"did you mean {meant!r}?")
    else:
        assert "; known: " in text
        assert "linear-capacity" in text


def test_the_package_offers_what_it_says():
    for name in theory.__all__:
        assert getattr(theory, name).__name__ == name
        # Once it is imported, a module of that name would hide what the package offers.
        assert importlib.util.find_spec(f"theory.{name}") is None
    with pytest.raises(AttributeError, match="No theory attribute verfy"):
        _ = theory.verfy


# --- judging ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", Verdict)
def test_the_finding_decides_when_the_controls_are_caught(verdict, verdict_on):
    judged = verdict_on(toys.claim("a", verdict), seed=3)
    assert judged.verdict is verdict
    assert judged.controls_caught
    assert {name: found.verdict for name, found in judged.controls.items()} == {
        "must_fail": Verdict.VIOLATED,
        "fault": Verdict.VIOLATED,
    }
    assert judged.finding.note == "seed 3"


@pytest.mark.parametrize("control", ["must_fail", "fault"])
@pytest.mark.parametrize("missed", [Verdict.HOLDS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE])
def test_a_claim_whose_control_is_missed_does_not_hold(control, missed, verdict_on):
    blind = toys.claim("a", **{control: {"verdict": missed}})
    judged = verdict_on(blind)
    assert not judged.controls_caught
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.to_dict()["controls"][control] == missed


def test_without_controls_nothing_is_said_of_them(verdict_on):
    blind = toys.claim("a", must_fail={"verdict": Verdict.HOLDS})
    judged = verdict_on(blind, controls=False)
    assert judged.verdict is Verdict.HOLDS
    assert judged.to_dict()["controls"] == {"must_fail": None, "fault": None}


@pytest.mark.parametrize("missed", [Verdict.HOLDS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE])
def test_a_claim_whose_near_miss_is_missed_does_not_hold(missed, verdict_on):
    near = {"d for d - 1": {"verdict": Verdict.VIOLATED}, "5% more": {"verdict": missed}}
    judged = verdict_on(toys.claim("a", near_misses=near))
    assert not judged.controls_caught
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.to_dict()["near_misses"] == {"d for d - 1": "violated", "5% more": missed}


def test_arms_are_kept(verdict_on):
    arms = {"bound": Verdict.HOLDS, "law": Verdict.INCONCLUSIVE}
    judged = verdict_on(toys.claim("a", quick={"arms": arms}))
    assert judged.finding.arms == arms
    assert judged.to_dict()["arms"] == {"bound": "holds", "law": "inconclusive"}


def test_a_missed_control_does_not_hide_a_violation(verdict_on):
    wrong = toys.claim("a", Verdict.VIOLATED, fault={"verdict": Verdict.HOLDS})
    judged = verdict_on(wrong)
    assert judged.verdict is Verdict.VIOLATED


def test_regimes_change_the_quick_one():
    made = toys.claim("a", full={"conditions": ()}, fault={"verdict": Verdict.INCONCLUSIVE})
    assert made.regime("quick") == {"verdict": Verdict.HOLDS}
    assert made.regime("full") == {"verdict": Verdict.HOLDS, "conditions": ()}
    assert made.regime("must_fail") == {"verdict": Verdict.VIOLATED}
    assert made.regime("fault") == {"verdict": Verdict.INCONCLUSIVE}


def test_a_run_counts_its_verdicts(monkeypatch):
    first = toys.theorem(
        toys.claim("a"),
        toys.claim("b", Verdict.INCONCLUSIVE, full={"verdict": Verdict.VIOLATED}),
        name="first",
    )
    failing = Condition("d even", False, "7", "2 divides d", "raise d")
    second = toys.theorem(
        toys.claim("c", Verdict.NOT_APPLICABLE, quick={"conditions": (failing,)}), name="second"
    )
    use(monkeypatch, first, second)
    heard = []
    result = verify(progress=heard.append)
    claims = ("first/a", "first/b", "second/c")
    regimes = ("quick", "must_fail", "fault")
    assert [p.key for p in heard] == ["", *(f"{c}/{r}" for c in claims for r in regimes)]
    assert [(p.done, p.total) for p in heard] == [(i, 9) for i in range(10)]
    assert result.summary() == {
        "holds": 1,
        "violated": 0,
        "inconclusive": 1,
        "not_applicable": 1,
    }
    assert repr(result) == (
        "VerifyResult(quick, 1 holds, 0 violated, 1 inconclusive, 1 not_applicable)"
    )
    assert verify(["first"], size="full").summary()["violated"] == 1
    assert [c.theorem for c in verify(["second", "first"]).claims] == ["second", "first", "first"]
    frame = result.to_frame()
    assert list(frame["claim"]) == ["a", "b", "c"]
    assert "table" not in frame
    assert "<table" in result._repr_html_()
    record = result.to_dict()["claims"][2]
    assert record["conditions"] == [
        {"name": "d even", "holds": False, "value": "7", "required": "2 divides d"}
    ]
    assert record["interval"] == [0.4, 0.6]
    assert record["table"] == [toys.ROW]
    assert record["seconds"] >= 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": "huge"}, "size 'huge' is not one of quick, full"),
        ({"names": ["linear-capacity", "nonesuch"]}, "unknown theorem 'nonesuch'"),
    ],
)
def test_bad_arguments_are_named_before_any_work(monkeypatch, arguments, said):
    monkeypatch.setattr(running, "sweep", None)
    with pytest.raises(InputError) as caught:
        verify(**arguments)
    assert said in one_line(caught.value)


# --- a construction in place of the claim's own -------------------------------------------------


def test_a_memory_stands_in_where_a_check_takes_one():
    found = {
        each.claim.name: each
        for each in verify(["low-rank-capacity"], memory="dual-inputs", controls=False).claims
    }
    assert found["projector"].verdict is Verdict.NOT_APPLICABLE
    assert found["projector"].finding.note == "memory 'dual-inputs' takes no rank"
    assert found["guarantee"].finding.note == "its check takes no memory"
    # The exponent of another memory is measured, and is not that of the theorem.
    assert found["exponent"].verdict in (Verdict.VIOLATED, Verdict.INCONCLUSIVE)
    assert found["exponent"].finding.table


def test_a_memory_that_is_not_there_is_named_before_any_work(monkeypatch):
    monkeypatch.setattr(running, "sweep", None)
    with pytest.raises(InputError, match="unknown memory 'linaer': did you mean 'linear'"):
        verify(["linear-capacity"], memory="linaer")


def test_a_memory_that_breaks_is_not_one_that_does_not_apply():
    with pytest.raises(InputError) as caught:
        verify(["low-rank-capacity"], memory="tests.helpers.oracles:unbuildable", controls=False)
    said = one_line(caught.value)
    assert "exponent/quick: memory 'tests.helpers.oracles:unbuildable': tests/helpers" in said
    assert ": ZeroDivisionError" in said
