"""Gradient flow from the command line: ``recall flow``."""

import json

import numpy as np
import pytest

from sims.engine.numbers import number_known
from theory.gradient_flow.trajectory import trajectory

SIZES = ["-S", 8, "-R", 3, "-D", 4]

FEW = ["a,r,x", "b,r,y", "c,r,x", "a,q,u", "b,q,v", "c,q,x"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("subject,relation,answer\n" + "\n".join(FEW) + "\n")
    return path


# --- results ------------------------------------------------------------------------------------


def test_json_has_times_losses_and_predictions(recall):
    ran = recall("flow", *SIZES, "--alpha", 1e-3, "--json")
    result = ran.result
    assert ran.err == ""
    expected = trajectory(subjects=8, relations=3, answers=4, alpha=1e-3)
    assert result == json.loads(json.dumps(expected.to_dict()))
    assert (result["facts"], result["model"]) == ("balanced facts", "symmetric flow")
    assert result["t_relation"] == pytest.approx(result["predicted"]["t_relation"], rel=1e-9)
    assert result["t_subject"] == pytest.approx(result["predicted"]["t_subject"], rel=1e-9)
    assert result["t_relation"] < result["t_subject"] < result["time"][-1]
    assert len(result["time"]) == len(result["loss"]) == 201
    assert result["loss"][0] == pytest.approx(np.log(12), rel=1e-12)
    assert result["loss"][-1] < 1e-3
    assert result["predicted"]["first"] == "relation"
    assert result["predicted"]["plateau"] == pytest.approx(np.log(4), rel=1e-12)
    document = ran.document
    assert document["command"] == "recall flow -S 8 -R 3 -D 4 --alpha 0.001 --json"
    assert document["seed"] == 0


def test_long_names_of_sizes_are_the_short_ones(recall):
    long = ["--subjects", 8, "--relations", 3, "--answers", 4]
    options = ["--t-max", 10, "--samples", 3, "--json"]
    one, two = (recall("flow", *sizes, *options).result for sizes in (SIZES, long))
    assert one == two


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ([], "symmetric flow"),
        (["--method", "full"], "full flow"),
        (["--facts", "random"], "full flow"),
        (["--facts", "weighted", "--seed", 1], "full flow"),
        (["--facts", "partial"], "full flow"),
        (["--facts", "random", "--length", 6, "--noise", 2], "full flow, prompts of 6 tokens"),
        (["--lr", 0.5], "gradient descent"),
        (["--attention", "linear", "--d", 8], "linear attention, d = 8"),
        (["--attention", "softmax", "-d", 8, "--length", 5, "--draws", 2],
         "softmax attention, d = 8"),
    ],
)  # fmt: skip
def test_every_flow_is_that_of_the_function(recall, options, model):
    common = ["--t-max", 50, "--samples", 4, "--alpha", 0.01, "--loss-below", 2.4]
    result = recall("flow", *SIZES, *common, *options, "--json").result
    assert result["model"] == model
    named = {str(k).lstrip("-"): v for k, v in zip(options[::2], options[1::2], strict=True)}
    expected = trajectory(
        subjects=8, relations=3, answers=4, t_max=50, samples=4, alpha=0.01, loss_below=2.4, **named
    )
    assert result == json.loads(json.dumps(expected.to_dict()))
    assert result["t_loss"] == expected.flow.t_loss


def test_sizes_of_a_thousand_million(recall):
    sizes = ["-S", 10**9, "-R", 10**5, "-D", 10**3]
    result = recall("flow", *sizes, "--alpha", 1e-300, "--samples", 3, "--json").result
    assert result["t_subject"] == pytest.approx(2.16966928643627e14, rel=1e-9)
    ratio = 1e4 * np.sqrt((10**5 - 1) / (10**3 - 1))
    assert result["predicted"]["order_ratio"] == pytest.approx(ratio, rel=1e-12)


def test_the_tables_say_what_matters(recall):
    ran = recall("flow", *SIZES, "--facts", "random", "--loss-below", 0.5)
    assert ran.status == 0, ran.err
    assert ran.err == ""
    for text in ("random facts, S = 8, R = 3, D = 4: full flow", "t_relation", "t_subject",
                 "learnt first", "relation", "L t (log(k/L) - 1) at the end", "plateau of the loss",
                 "g_R / g_S", "time of a loss of 0.5", "losses in nats",
                 "for balanced facts of about these sizes"):  # fmt: skip
        assert text in ran.out, text
    assert "DOP853, " in ran.out
    assert "evaluations, conserved numbers within " in ran.out
    balanced = recall("flow", *SIZES)
    assert "predicted: for balanced" not in balanced.out
    assert "conserved numbers" not in balanced.out
    # The last time is always among those shown.
    assert (
        number_known(float(trajectory(subjects=8, relations=3, answers=4).flow.time[-1]))
        in balanced.out
    )


def test_what_is_neither_measured_nor_predicted_has_no_row(recall):
    ran = recall("flow", *SIZES, "--attention", "linear", "--d", 8, "--t-max", 500)
    assert ran.status == 0, ran.err
    assert "t_relation" in ran.out
    assert "plateau" not in ran.out
    assert "log(k/L)" not in ran.out


def test_a_run_too_short_to_learn_anything_still_has_its_losses(recall):
    ran = recall("flow", *SIZES, "--attention", "linear", "--d", 8, "--t-max", 5)
    assert ran.status == 0, ran.err
    assert "losses in nats" in ran.out
    assert "t_subject" not in ran.out


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_figure_is_written(recall, tmp_path, ending):
    ran = recall("flow", *SIZES, "--t-max", 500, "--plot", f"flow.{ending}")
    assert ran.status == 0, ran.err
    content = (tmp_path / f"flow.{ending}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    assert [path.name for path in tmp_path.iterdir()] == [f"flow.{ending}"]


def test_a_table_of_facts(recall, table, tmp_path):
    options = ["--table", "few.csv", "--t-max", 200, "--samples", 5]
    ran = recall("flow", *options, "--json")
    assert ran.err == ""
    assert (ran.result["facts"], ran.result["model"]) == ("few.csv", "full flow")
    expected = trajectory(facts=table, t_max=200, samples=5)
    assert ran.result == json.loads(json.dumps(expected.to_dict()))
    assert (ran.result["subjects"], ran.result["relations"], ran.result["answers"]) == (3, 2, 3)
    assert ran.result["predicted"]["t_relation"] is None
    assert ran.result["predicted"]["late_constant"] > 0
    shown = recall("flow", *options, "--plot", "few.png")
    assert "few.csv, S = 3, R = 2, D =" in shown.out
    assert (tmp_path / "few.png").exists()


def test_the_help_has_examples(recall):
    ran = recall("flow", "--help")
    assert ran.status == 0
    assert "recall flow --subjects 16 --relations 4 --answers 8" in " ".join(ran.out.split())


# --- what is wrong ------------------------------------------------------------------------------

GIVEN = "flow -S 8 -R 3 -D 4 "
WRONG = [
    (GIVEN + "--alpha 0", "alpha = 0 is not a positive initial scale"),
    (GIVEN + "--alpha -1", "alpha = -1 is not a positive initial scale"),
    (GIVEN + "--alpha nan", "alpha = nan is not a positive initial scale"),
    (GIVEN + "--alpha 1e-200 --method full", "alpha = 1e-200 underflows; the smallest initial sca"),
    (
        GIVEN + "--alpha 1e-301",
        "alpha = 1e-301 underflows; the smallest initial scale here is 1e-3",
    ),
    (GIVEN + "--alpha 1e7", "alpha = 1e+07 is above 1e+06"),
    (GIVEN + "--alpha small", "Invalid value for '--alpha'"),
    ("flow -S 8 -R 3 -D 16", "D = 16 > S = 8: some answers would be nobody's"),
    ("flow -S 8 -R 3 -D 3", "D = 3 does not divide S = 8: facts cannot be balanced; take random"),
    ("flow -S 8 -R 1 -D 1", "R = D = 1: there is a single answer, and nothing to learn"),
    ("flow -S 0 -R 3 -D 4", "S = 0 is not positive"),
    ("flow -S 8 -R -3 -D 4", "R = -3 is not positive"),
    ("flow -S 8 -R 3", "answers is needed, or a table of facts"),
    ("flow", "subjects is needed, or a table of facts"),
    (GIVEN + "--t-max 0", "t_max = 0 is not a positive time"),
    (GIVEN + "--t-max inf", "t_max = inf is not a positive time"),
    (GIVEN + "--solver Euler", "solver 'Euler' is not one of DOP853, RK45, LSODA, Radau, BDF"),
    (GIVEN + "--method half", "method 'half' is not one of auto, full, symmetric"),
    (GIVEN + "--method symmetric --facts random", "method symmetric is for balanced facts, not"),
    (GIVEN + "--method symmetric --lr 1", "method symmetric has no place with lr"),
    (GIVEN + "--facts odd", "facts 'odd': no such file, nor one of balanced, random, weighted, pa"),
    (GIVEN + "--length 2", "prompt length T = 2: a subject, a relation and the end"),
    (GIVEN + "--length 5 --noise 0", "prompt length T = 5 without noise tokens to fill it"),
    (GIVEN + "--noise -1", "Invalid value for '--noise'"),
    (GIVEN + "--attention linear", "linear attention on random embeddings needs a dimension d"),
    (GIVEN + "--d 8", "d is for attention on random embeddings: give attention as well"),
    (GIVEN + "--attention hard --d 8", "attention 'hard' is not one of linear, softmax"),
    (GIVEN + "--attention softmax --d 8 --lr 1", "attention has no place with lr"),
    (GIVEN + "--attention softmax --d 0", "d = 0 is not positive"),
    (GIVEN + "--attention softmax --d 8 --facts weighted", "attention on random embeddings takes"),
    (GIVEN + "--rtol 0", "rtol = 0 is not in [1e-13, 0.1]"),
    (GIVEN + "--lr 0", "lr = 0 is not a positive step size"),
    (GIVEN + "--lr 1e5 --t-max 1e7", "logits of one token spread over"),
    (GIVEN + "--samples 0", "Invalid value for '--samples'"),
    (GIVEN + "--draws 0", "Invalid value for '--draws'"),
    (GIVEN + "--seed -1", "Invalid value for '--seed'"),
    (GIVEN + "--solver RK45 --lr 1", "solver has no place with lr"),
    (GIVEN + "--facts random --table few.csv", "--facts has no place with --table"),
    (GIVEN + "--lr 1e-9 --t-max 1", "1000000000 steps of lr = 1e-09 are more than 10000000"),
    (GIVEN + "--attention linear --d 1000000", "d = 1000000: the vectors of the flow take"),
    (GIVEN + "--table few.csv", "subjects has no place with a table of facts"),
    (
        "flow --table few.csv --method symmetric",
        "method symmetric is for balanced facts, not for f",
    ),
    ("flow --table few.csv --alpha 1e-200", "alpha = 1e-200 underflows; the smallest initial scal"),
    ("flow --table few.csv -D 3", "answers has no place with a table of facts"),
    ("flow --table none.csv", "none.csv: no such file"),
    ("flow --table .", ".: a folder, not a regular file"),
    (GIVEN + "--plot far/a.png", "--plot far/a.png: no such folder far"),
    (GIVEN + "--plot a.txt", "--plot a.txt: the ending must be one of .png, .svg, .pdf"),
    ("flow -S 1000000 -R 100000 -D 1000 --method full", "S = 1000000, R = 100000, A = 100000000: "),
]


@pytest.mark.parametrize(("command", "said"), WRONG, ids=[command for command, _ in WRONG])
def test_wrong_arguments(recall, table, tmp_path, command, said):
    assert recall(*command.split()).complaint.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["few.csv"]


BROKEN = {
    "no facts": ("subject,relation,answer\n", "no facts below the header"),
    "missing column": ("subject,answer\na,x\n", "needs one column named 'relation'; the header"),
    "empty cell": ("subject,relation,answer\na,,x\n", "line 2: empty relation"),
    "two answers": ("subject,relation,answer\na,r,x\na,r,y\n", "(a, r): 'x' on line 2, 'y' on"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_tables_that_are_broken(recall, tmp_path, content, said):
    (tmp_path / "bad.csv").write_text(content)
    complaint = recall("flow", "--table", "bad.csv").complaint
    assert complaint.startswith("bad.csv: ")
    assert said in complaint


def test_a_table_of_one_answer_teaches_nothing(recall, tmp_path):
    (tmp_path / "one.csv").write_text("subject,relation,answer\na,r,x\nb,r,x\n")
    complaint = recall("flow", "--table", "one.csv").complaint
    assert complaint == "nothing to learn: every gradient is 0 at the start"


@pytest.mark.parametrize(
    "options",
    ["--alpha 1000", "--lr 1e300", "--attention linear --d 8 --alpha 10", "--method full --rtol "
     "1e-13", "--t-max 1e300"],
)  # fmt: skip
def test_extremes_give_a_result_or_one_line_and_no_warning(recall, options):
    """Warnings are errors here, and would be a traceback."""
    ran = recall("flow", *SIZES, "--samples", 3, *options.split())
    assert ran.status in {0, 2}
    assert ran.err.count("\n") == (ran.status == 2)
