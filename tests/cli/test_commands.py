"""The command line: one JSON document, one line for an error, and the right exit status."""

import json
import re
import sys

import pytest

from theory.cli import main


@pytest.fixture
def recall(monkeypatch, capsys, tmp_path):
    """Run the command in an empty folder; give exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["recall", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_predict(recall):
    status, out, _ = recall("predict", "linear", "--d", "64", "--N", "256", "--json")
    document = json.loads(out)
    assert status == 0
    assert document["tool"] == "recall"
    assert document["result"]["recall"] == pytest.approx(0.757, abs=0.002)


def test_measure(recall):
    status, out, _ = recall(
        "measure", "linear", "--d", "32", "--N", "20", "--trials", "20", "--json"
    )
    result = json.loads(out)["result"]
    assert status == 0
    low, high = result["interval"]
    assert low <= result["recall"] <= high
    assert 0 <= result["all_recalled"] <= 1


def test_capacity(recall):
    status, out, _ = recall("capacity", "linear", "--d", "16,32", "--trials", "3", "--json")
    points = json.loads(out)["result"]["points"]
    assert status == 0
    assert [point["d"] for point in points] == [16, 32]
    assert {"N", "interval", "law"} <= set(points[0])


def test_conditions_of_vectors(recall):
    status, out, _ = recall(
        "conditions", "linear-capacity", "--embeddings", "minilm_tokens.npz", "--json"
    )
    conditions = {c["name"]: c for c in json.loads(out)["result"]["conditions"]}
    assert status == 0
    assert not conditions["isotropic"]["holds"]
    assert "driver" in conditions["no near duplicates"]["value"]


def test_facts(recall):
    status, out, _ = recall("facts", "countries.csv", "--d", "256", "--json")
    result = json.loads(out)["result"]
    assert status == 0
    assert result["facts"] == 1747
    keys = {"recall", "parameters", "bits_bound", "certified", "conditions"}
    assert keys <= set(result)
    assert result["recall"] == pytest.approx(result["predicted"], abs=0.05)


def test_verify(recall, tmp_path):
    status, out, err = recall(
        "verify", "linear-capacity", "--no-controls", "--json", "--report", "report"
    )
    document = json.loads(out)
    assert status == 0
    assert {"tool", "version", "command", "seed", "size", "claims", "summary"} <= set(document)
    claim = document["claims"][0]
    assert {"theorem", "claim", "kind", "verdict", "measured", "interval", "predicted"} <= set(
        claim
    )
    assert {"tolerance", "conditions", "seconds"} <= set(claim)
    assert set(document["summary"]) == {"holds", "violated", "inconclusive", "not_applicable"}
    assert "report.html" in err
    page = (tmp_path / "report" / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!#)|url\((?!#)', page), "the page asks for nothing else"
    assert page.count('role="img" aria-label=') == 1


def test_plots_carry_their_origin(recall, tmp_path):
    for ending in ("png", "svg", "pdf"):
        status, _, err = recall("predict", "linear", "--d", "32,64", "--plot", f"a.{ending}")
        assert status == 0
        assert f"a.{ending}" in err
        assert b"recall predict" in (tmp_path / f"a.{ending}").read_bytes()


def test_a_construction_of_ones_own(recall, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from assoc import Factors\n"
        "def build(E, U, f, *, rng):\n"
        "    return Factors((U[f].T @ E,))\n"
    )
    status, out, _ = recall("capacity", "mine:build", "--d", "16", "--trials", "3", "--json")
    assert status == 0
    assert json.loads(out)["result"]["memory"] == "mine:build"


BAD = [
    (("verify", "linear-capasity"), "did you mean 'linear-capacity'"),
    (("measure", "linear", "--d", "0", "--N", "5"), "d = 0"),
    (("measure", "linear", "--d", "8", "--N", "0"), "N = 0"),
    (("measure", "linear", "--d", "8", "--N", "x"), "'x'"),
    (("measure", "linear", "--d", "100000000", "--N", "100000000"), "GB"),
    (("measure", "low-rank", "--d", "8", "--rank", "9", "--N", "5"), "rank 9"),
    (("measure", "linear", "--N", "5", "--embeddings", "no.npz"), "no.npz"),
    (("measure", "nonesuch", "--d", "8", "--N", "5"), "nonesuch"),
    (("predict", "linear"), "--d"),
    (("predict", "linear", "--d", "32", "--plot", "nowhere/a.png"), "nowhere"),
    (("predict", "linear", "--d", "32", "--plot", "a.txt"), ".png"),
    (("facts", "missing.csv"), "missing.csv"),
    (("capacity", "linear", "--d", "16", "--criterion", "2"), "criterion"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_bad_input_is_one_line(recall, tmp_path, arguments, said):
    status, out, err = recall(*arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_two_answers_name_both_lines(recall, tmp_path):
    (tmp_path / "f.csv").write_text("subject,relation,answer\nA,r,x\nB,r,y\nA,r,z\n")
    status, _, err = recall("facts", "f.csv")
    assert status == 2
    assert "line 2" in err
    assert "line 4" in err
