"""``recall verify``: verdicts in JSON and in a table, and the exit status."""

import json
from dataclasses import replace

import pytest

from tests.helpers import toys
from theory.claims import Condition, Verdict

UNFIT = Condition("centred", False, "0.1", "about 0", "centre")


@pytest.fixture
def use(monkeypatch):
    """Register these theorems and no others."""

    def register(*theorems):
        toys.register(monkeypatch, theorems=theorems)
        # Other processes would not know of them.
        monkeypatch.setenv("RECALL_WORKERS", "1")

    return register


@pytest.fixture
def all_well(use):
    use(
        toys.theorem(
            toys.claim("right"),
            toys.claim("unsure", Verdict.INCONCLUSIVE),
            toys.claim("unfit", Verdict.NOT_APPLICABLE, quick={"conditions": (UNFIT,)}),
        )
    )


def test_the_json_has_the_keys_that_are_promised(recall, all_well):
    document = recall("verify", "--json").document
    assert list(document) == [
        "tool", "version", "command", "seed", "size", "claims", "summary",
    ]  # fmt: skip
    assert document["tool"] == "recall"
    assert document["command"] == "recall verify --json"
    assert (document["seed"], document["size"]) == (0, "quick")
    promised = {
        "theorem", "claim", "kind", "verdict", "measured", "interval", "predicted", "tolerance",
        "conditions", "seconds",
    }  # fmt: skip
    for claim in document["claims"]:
        assert promised <= set(claim)
    right, unsure, unfit = document["claims"]
    assert (right["theorem"], right["claim"], right["kind"]) == (
        "toy-capacity",
        "right",
        "constant",
    )
    assert (right["measured"], right["interval"]) == (0.5, [0.4, 0.6])
    assert (right["predicted"], right["tolerance"]) == (0.49, 0.1)
    assert right["controls"] == {"must_fail": "violated", "fault": "violated"}
    assert unsure["verdict"] == "inconclusive"
    assert unfit["conditions"] == [
        {"name": "centred", "holds": False, "value": "0.1", "required": "about 0"}
    ]
    assert document["summary"] == {
        "holds": 1, "violated": 0, "inconclusive": 1, "not_applicable": 1,
    }  # fmt: skip


def test_the_seed_and_the_size_reach_the_claims(recall, use):
    use(toys.theorem(toys.claim("a", full={"verdict": Verdict.INCONCLUSIVE})))
    document = recall("verify", "--seed", 9, "--size", "full", "--json").document
    assert (document["seed"], document["size"]) == (9, "full")
    assert document["claims"][0]["note"] == "seed 9"
    assert document["claims"][0]["verdict"] == "inconclusive"


def test_theorems_may_be_named(recall, use):
    use(*(toys.theorem(toys.claim("a"), name=name) for name in ("one", "two", "three")))
    document = recall("verify", "three", "one", "--json").document
    assert [claim["theorem"] for claim in document["claims"]] == ["three", "one"]


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_violated_claim_gives_status_1_and_its_numbers(recall, use, arguments):
    use(toys.theorem(toys.claim("right"), toys.claim("wrong", Verdict.VIOLATED)))
    ran = recall("verify", *arguments)
    assert ran.status == 1
    assert ran.err == ""
    if arguments:
        assert json.loads(ran.out)["summary"]["violated"] == 1
    else:
        assert "1 violated" in ran.out


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE])
def test_what_is_not_violated_gives_status_0(recall, use, verdict):
    use(toys.theorem(toys.claim("a", verdict)))
    assert recall("verify").status == 0


def test_a_theorem_without_its_extra_is_not_run_and_says_so_once(recall, use, monkeypatch):
    monkeypatch.setattr("theory.extras.EXTRAS", {"lm": ("json", "no_such_module_here")})
    use(replace(toys.theorem(toys.claim("a"), toys.claim("b")), extra="lm"))
    ran = recall("verify")
    assert ran.status == 0
    assert "2 not applicable" in ran.out
    assert "MISSED" not in ran.out
    said = "no_such_module_here is not installed: pip install 'factual-recall[lm]'"
    assert " ".join(ran.out.split()).count(f"toy-capacity is not applicable: {said}") == 1
    assert ran.out.count("no_such_module_here") == 1
    monkeypatch.setattr("theory.extras.EXTRAS", {"lm": ("json",)})
    assert "2 holds" in recall("verify").out


def test_a_control_that_is_not_applicable_is_missed_whatever_the_claim_is(recall, use):
    """Only a missing extra excuses it."""
    missed = {"verdict": Verdict.NOT_APPLICABLE}
    use(toys.theorem(*(
        toys.claim(name, Verdict.NOT_APPLICABLE, must_fail=missed, fault={**missed, "arms": {}})
        for name in "ab"
    )))  # fmt: skip
    ran = recall("verify")
    assert ran.out.count("MISSED") == 2
    assert "a, control must_fail, not_applicable" in ran.out


def test_a_missed_control_is_shown_and_the_claim_does_not_hold(recall, use):
    use(toys.theorem(toys.claim("blind", must_fail={"verdict": Verdict.HOLDS})))
    ran = recall("verify")
    assert ran.status == 0
    assert "MISSED" in ran.out
    assert "1 inconclusive" in ran.out
    assert "seconds of computing, controls included" in ran.out
    without = recall("verify", "--no-controls")
    assert "seconds of computing, without controls" in without.out
    assert "MISSED" not in without.out
    assert "caught" not in without.out
    assert "1 holds" in without.out


def test_the_table_shows_every_claim(recall, all_well):
    ran = recall("verify")
    assert ran.status == 0
    for text in ("toy-capacity", "right", "unsure", "unfit", "caught", "not applicable"):
        assert text in ran.out
    assert "1 holds, 1 inconclusive, 1 not applicable" in ran.out
    assert "\x1b" not in ran.out


def test_a_report_is_written_beside_the_json(recall, all_well, tmp_path):
    ran = recall("verify", "--json", "--report", "deep/report")
    assert ran.document["summary"]["holds"] == 1
    assert ran.err == "wrote deep/report/report.html\n"
    names = {path.name for path in (tmp_path / "deep" / "report").iterdir()}
    assert names == {"report.html", "verify.json", "toy-capacity.png", "toy-capacity.svg"}
    stored = json.loads((tmp_path / "deep" / "report" / "verify.json").read_text())
    assert stored["claims"] == ran.document["claims"]
    assert stored["command"] == "recall verify --json --report deep/report"


def test_a_violated_claim_is_reported_too(recall, use, tmp_path):
    use(toys.theorem(toys.claim("wrong", Verdict.VIOLATED)))
    ran = recall("verify", "--report", "report")
    assert ran.status == 1
    assert "1 violated" in (tmp_path / "report" / "report.html").read_text()


def test_a_report_cannot_replace_a_file(recall, all_well, tmp_path):
    (tmp_path / "report").write_text("mine")
    assert recall("verify", "--report", "report").complaint.startswith("--report report: ")
    assert (tmp_path / "report").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toy-capasity"], "unknown theorem 'toy-capasity'; did you mean 'toy-capacity'?"),
        (["toy-capacity", "fermat"], "unknown theorem 'fermat'; known: toy-capacity"),
        (["--size", "huge"], "size 'huge' is not one of quick, full"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["--seed", "x"], "Invalid value for '--seed'"),
    ],
)
def test_bad_arguments_are_named(recall, all_well, tmp_path, arguments, said):
    assert recall("verify", *arguments, "--report", "report").complaint.startswith(said)
    assert list(tmp_path.iterdir()) == []
