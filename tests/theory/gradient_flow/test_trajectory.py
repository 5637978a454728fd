"""What is learnt when, with predictions beside: every option, and every refusal."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from assoc import InputError, read_facts
from assoc.facts.recall_task import table_task
from assoc.facts.tables import FactTable
from assoc.gradient_flow.linear_attention import LinearAttention
from sims.gradient_flow.descent import descend
from sims.gradient_flow.embedded import embedded_flow
from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import flow
from sims.gradient_flow.symmetric import symmetric_flow
from tests.helpers.oracles import one_line
from theory.gradient_flow import trajectory as module
from theory.gradient_flow.facts import FACTS
from theory.gradient_flow.max_margin import max_margin
from theory.gradient_flow.stages import balanced_inverse_margin, balanced_log_k, stages
from theory.gradient_flow.trajectory import trajectory
from theory.rendering.files import as_json

SIZES = {"subjects": 8, "relations": 3, "answers": 4}
SHORT = {**SIZES, "alpha": 0.01, "t_max": 100.0, "samples": 5}


def same(one, two):
    """Whether two flows are the same to the bit, but for what they are called."""
    return (one.time == two.time).all() and (one.loss == two.loss).all()


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "few.csv"
    rows = ["a,r,x", "b,r,y", "c,r,x", "a,q,u", "b,q,v", "c,q,x"]
    path.write_text("subject,relation,answer\n" + "\n".join(rows) + "\n")
    return path


# --- which flow ---------------------------------------------------------------------------------


def test_balanced_facts_take_the_reduction_and_all_of_the_weights_agree():
    auto, symmetric, full = (
        trajectory(**SIZES, alpha=1e-3, method=method, samples=20)
        for method in ("auto", "symmetric", "full")
    )
    assert auto.flow.model == symmetric.flow.model == "symmetric flow"
    assert full.flow.model == "full flow"
    assert same(auto.flow, symmetric.flow)
    assert full.flow.t_relation == pytest.approx(auto.flow.t_relation, rel=1e-6)
    assert full.flow.t_subject == pytest.approx(auto.flow.t_subject, rel=1e-6)
    assert full.inverse_margin == pytest.approx(auto.inverse_margin, rel=1e-6)
    assert full.log_k == pytest.approx(auto.log_k, abs=1e-5)
    assert full.predicted == auto.predicted == stages(8, 3, 4, alpha=1e-3)


def test_the_reduction_is_that_of_the_sizes():
    result = trajectory(**SHORT, loss_below=1.0, solver="LSODA", rtol=1e-8)
    expected = symmetric_flow(
        8, 3, 4, t_max=100.0, alpha=0.01, samples=5, loss_below=1.0, solver="LSODA", rtol=1e-8
    )
    assert same(result.flow, expected)
    assert (result.flow.t_loss, result.flow.solver) == (expected.t_loss, "LSODA")
    assert trajectory(**SHORT).flow.rtol == 1e-12


@pytest.mark.parametrize("kind", FACTS[1:])
def test_other_facts_take_all_of_the_weights(kind):
    result = trajectory(**SHORT, facts=kind, seed=2)
    model = FlowFacts(8, 3, 4, kind).model(2)
    assert same(result.flow, flow(model, t_max=100.0, alpha=0.01, samples=5))
    found = max_margin(model)
    assert (result.inverse_margin, result.log_k) == (found.inverse, found.log_k)
    assert result.facts == f"{kind} facts"
    other = trajectory(**SHORT, facts=kind)
    assert not same(result.flow, other.flow)
    assert (result.seed, other.seed) == (2, 0)


def test_prompts_with_noise_tokens():
    result = trajectory(**SHORT, facts="random", length=6, noise=2, solver="RK45", rtol=1e-11)
    model = FlowFacts(8, 3, 4, "random", length=6, noise=2).model(0)
    expected = flow(model, t_max=100.0, alpha=0.01, samples=5, solver="RK45", rtol=1e-11)
    assert result.flow.model == "full flow, prompts of 6 tokens"
    assert same(result.flow, expected)
    # The reduction has no such tokens; its losses are exact all the same.
    full, reduced = (trajectory(**SHORT, **more).flow for more in ({"length": 6}, {}))
    assert (full.model, reduced.model) == ("full flow, prompts of 6 tokens", "symmetric flow")
    np.testing.assert_allclose(full.loss, reduced.loss, rtol=1e-7)
    asked = trajectory(**SHORT, length=6, method="symmetric").flow
    assert same(asked, reduced)


def test_steps_of_gradient_descent():
    result = trajectory(**SHORT, lr=0.5, loss_below=2.0)
    model = FlowFacts(8, 3, 4).model(0)
    expected = descend(model, lr=0.5, steps=200, alpha=0.01, samples=5, loss_below=2.0)
    assert result.flow.model == "gradient descent"
    assert same(result.flow, expected)
    assert result.flow.t_loss == expected.t_loss is not None


@pytest.mark.parametrize("attention", ["linear", "softmax"])
@pytest.mark.parametrize("facts", ["balanced", "random"])
def test_attention_on_random_embeddings(attention, facts):
    options = {"attention": attention, "d": 16, "facts": facts, **SHORT}
    result = trajectory(**options)
    assert result.flow.model == f"{attention} attention, d = 16"
    assert result.flow.rtol == 1e-6
    assert (result.predicted, result.inverse_margin, result.late_constant) == (None, None, None)
    assert set(result.predictions().values()) == {None}
    assert not same(result.flow, trajectory(**options, seed=1).flow)
    told = trajectory(**options, length=6, draws=2)
    assert not same(told.flow, result.flow)
    assert not same(told.flow, trajectory(**options, length=6, draws=3).flow)
    # Prompts of length 3 have no noise to draw.
    one, two = (trajectory(**options, length=3, draws=k).flow for k in (1, 4))
    assert same(one, two)


def test_prompts_are_drawn_once_for_each_draw(monkeypatch):
    seen = []

    def watched(model, **options):
        seen.append(model.prompts)
        return embedded_flow(model, **options)

    monkeypatch.setattr(module, "embedded_flow", watched)
    trajectory(**SHORT, attention="softmax", d=8, length=5, draws=3, noise=4)
    (prompts,) = seen
    assert prompts.shape == (3 * 24, 5)
    assert (prompts[:24] != prompts[24:48]).any()


# --- tables -------------------------------------------------------------------------------------


def test_a_table_is_run_whole(table):
    result = trajectory(facts=table, alpha=0.01, t_max=100.0, samples=5)
    model = LinearAttention(table_task(read_facts(table)))
    assert same(result.flow, flow(model, t_max=100.0, alpha=0.01, samples=5))
    assert (result.facts, result.predicted) == ("few.csv", None)
    assert model.task.shared_answers == {}
    found = max_margin(model)
    assert (result.inverse_margin, result.log_k) == (found.inverse, found.log_k)
    assert (result.flow.subjects, result.flow.relations, result.flow.answers) == (3, 2, 3)
    for given in (str(table), read_facts(table)):
        again = trajectory(facts=given, alpha=0.01, t_max=100.0, samples=5)
        assert same(again.flow, result.flow)
    assert again.facts == "few.csv"
    assert trajectory(facts=table, attention="softmax", d=9, t_max=10.0).facts == "few.csv"
    assert trajectory(facts=table, lr=1.0, t_max=10.0).flow.evaluations == 10


def test_a_relation_without_facts_is_named():
    """A file cannot have one, a table made in Python can."""
    empty = FactTable(("a", "b"), ("capital", "code"), ("x", "y"), np.array([[0, 0, 0], [1, 0, 1]]))
    with pytest.raises(InputError) as caught:
        trajectory(facts=empty, t_max=1.0)
    assert one_line(caught.value) == "relation code has no facts"
    empty = replace(empty, facts=np.array([[0, 0, 0], [0, 1, 1]]))
    with pytest.raises(InputError) as caught:
        trajectory(facts=empty)
    assert one_line(caught.value) == "subject b has no facts"


def test_a_table_of_one_answer_teaches_nothing(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("subject,relation,answer\na,r,x\nb,r,x\n")
    with pytest.raises(InputError, match="nothing to learn: every gradient is 0 at the start"):
        trajectory(facts=path)


def test_a_program_too_large_leaves_the_late_rate_open(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_PROGRAM", 24 * 11 * 10 - 1)
    result = trajectory(**SHORT, facts="random")
    assert (result.inverse_margin, result.log_k, result.late_constant) == (None, None, None)
    assert result.predictions()["late_constant"] is None
    assert result.predictions()["t_relation"] == stages(8, 3, 4, alpha=0.01).t_relation


# --- times and predictions ----------------------------------------------------------------------


@pytest.mark.parametrize("facts", FACTS)
def test_without_a_time_thirty_times_the_later_stage_is_integrated(facts):
    result = trajectory(**SIZES, alpha=0.1, facts=facts, samples=2)
    later = max(result.predicted.t_relation, result.predicted.t_subject)
    assert result.flow.time[-1] == pytest.approx(30 * later, rel=1e-12)


def test_without_a_time_a_table_is_run_thirty_times_its_slowest_growth(table):
    result = trajectory(facts=table, alpha=1e-3, samples=2)
    model = LinearAttention(table_task(read_facts(table)))
    slowest = np.linalg.norm(model.gradient(model.initial(1e-3)), axis=1).min()
    assert result.flow.time[-1] == pytest.approx(30 * math.log(1e3) / slowest, rel=1e-9)


def test_predictions_are_those_of_balanced_facts_of_the_nearest_size():
    assert trajectory(subjects=9, relations=3, answers=4, facts="random", t_max=1.0).predicted == (
        stages(8, 3, 4, alpha=1e-4)
    )
    assert trajectory(subjects=11, relations=3, answers=4, facts="random", t_max=1.0).predicted == (
        stages(12, 3, 4, alpha=1e-4)
    )


@pytest.mark.parametrize("facts", FACTS)
def test_predictions_are_of_one_size(facts):
    found = trajectory(**SHORT, facts=facts).predictions()
    expected = stages(8, 3, 4, alpha=0.01)
    for name in ("t_relation", "t_subject", "first", "plateau", "slope_relation", "slope_subject"):
        assert found[name] == getattr(expected, name)
    assert found["plateau_length"] == expected.length
    ratio = found["slope_subject"] / found["slope_relation"]
    assert found["order_ratio"] == pytest.approx(ratio, rel=1e-12)


def test_the_late_constant_is_that_of_the_last_sample():
    result = trajectory(**SIZES, alpha=0.01, t_max=1e8)
    loss = result.flow.loss[-1]
    expected = loss * 1e8 * (balanced_log_k(8, 3, 4) - math.log(loss) - 1)
    assert result.late_constant == pytest.approx(expected, rel=1e-12)
    limit = result.predictions()["late_constant"]
    assert limit == pytest.approx(balanced_inverse_margin(8, 3, 4) / 4, rel=1e-12)
    assert result.late_constant == pytest.approx(limit, rel=0.01)


# --- the record ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"facts": "partial"}, {"lr": 1.0}, {"attention": "linear", "d": 8}]
)
def test_the_record_becomes_plain_values_and_a_table(options):
    result = trajectory(**SHORT, **options)
    told = json.loads(json.dumps(result.to_dict()))
    assert told["loss"] == result.flow.loss.tolist()
    assert told["t_relation"] == result.flow.t_relation
    assert told["predicted"] == result.predictions()
    assert told["late_constant"] == result.late_constant
    assert len(result.rows()) == len(result.to_frame()) == len(told["time"])
    assert repr(result).startswith(f"TrajectoryResult({result.facts}: FlowResult(")


def test_a_slope_without_end_is_null_in_json():
    result = trajectory(subjects=4, relations=3, answers=1, t_max=10.0, samples=2)
    told = json.loads(as_json(result.to_dict()))
    assert told["predicted"]["slope_subject"] is None
    assert told["predicted"]["t_subject"] == told["t_subject"] == 0


def test_the_figure_has_the_plateau_and_the_stage_times():
    result = trajectory(**SIZES, alpha=1e-4)
    ax = result.plot(Figure().subplots())
    flat = [line for line in ax.lines if set(line.get_ydata()) == {math.log(4)}]
    assert len(flat) == 1
    assert [text.get_text() for text in ax.texts] == ["$\\log D$, predicted"]
    upright = {line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1}
    assert upright == {result.predicted.t_relation, result.predicted.t_subject}
    title = ax.get_legend().get_title().get_text()
    assert title.endswith(r"flow: $S, R, D = 8, 3, 4$, $\alpha$ = 0.0001"), title
    assert "stage times, predicted" in [text.get_text() for text in ax.get_legend().get_texts()]
    bare = trajectory(**SHORT, attention="linear", d=8).plot()
    assert len(bare.lines) == 3
    other = trajectory(subjects=3, relations=24, answers=3).plot()
    assert [text.get_text() for text in other.texts] == ["$\\log R$, predicted"]


# --- refusals -----------------------------------------------------------------------------------

WRONG = [
    ({"method": "half"}, "method 'half' is not one of auto, full, symmetric"),
    ({"facts": "odd"}, "facts 'odd': no such file, nor one of balanced, random, weighted, partial"),
    ({"subjects": None}, "subjects is needed, or a table of facts"),
    ({"answers": None}, "answers is needed, or a table of facts"),
    ({"subjects": 0}, "S = 0 is not positive"),
    ({"relations": 2.5}, "R = 2.5 is not an integer"),
    ({"answers": 16}, "D = 16 > S = 8: some answers would be nobody's"),
    ({"answers": 16, "facts": "random"}, "D = 16 > S = 8: some answers would be nobody's"),
    ({"answers": 3}, "D = 3 does not divide S = 8: facts cannot be balanced; take random ones"),
    ({"relations": 1, "answers": 1}, "R = D = 1: there is a single answer, and nothing to learn"),
    ({"alpha": 0}, "alpha = 0 is not a positive initial scale"),
    ({"alpha": -1.0}, "alpha = -1 is not a positive initial scale"),
    ({"alpha": math.nan}, "alpha = nan is not a positive initial scale"),
    ({"alpha": 1e-301}, "alpha = 1e-301 underflows; the smallest initial scale here is 1e-300"),
    ({"alpha": 1e-200, "method": "full"}, "alpha = 1e-200 underflows; the smallest initial scale"),
    ({"alpha": 1e7}, "alpha = 1e+07 is above 1e+06"),
    ({"t_max": 0}, "t_max = 0 is not a positive time"),
    ({"t_max": math.inf}, "t_max = inf is not a positive time"),
    ({"solver": "Euler"}, "solver 'Euler' is not one of"),
    ({"rtol": 0}, "rtol = 0 is not in [1e-13, 0.1]"),
    ({"samples": 0}, "samples = 0 is not positive"),
    ({"length": 2}, "prompt length T = 2: a subject, a relation and the end"),
    ({"length": 4, "noise": 0}, "prompt length T = 4 without noise tokens to fill it"),
    ({"method": "symmetric", "facts": "random"}, "method symmetric is for balanced facts, not for"),
    ({"method": "symmetric", "lr": 1.0}, "method symmetric has no place with lr"),
    ({"method": "symmetric", "attention": "linear", "d": 8}, "method symmetric has no place with"),
    ({"attention": "linear", "d": 8, "lr": 1.0}, "attention has no place with lr"),
    ({"attention": "hard", "d": 8}, "attention 'hard' is not one of linear, softmax"),
    ({"attention": "linear"}, "linear attention on random embeddings needs a dimension d"),
    ({"d": 8}, "d is for attention on random embeddings: give attention as well"),
    ({"attention": "linear", "d": 0}, "d = 0 is not positive"),
    ({"attention": "softmax", "d": 8, "draws": 0}, "draws = 0 is not positive"),
    ({"attention": "softmax", "d": 8, "facts": "weighted"}, "attention on random embeddings takes"),
    ({"attention": "softmax", "d": 8, "length": 5, "draws": 10**9}, "24000000000 prompts take"),
    ({"lr": 0.0}, "lr = 0 is not a positive step size"),
    ({"lr": math.nan}, "lr = nan is not a positive step size"),
    ({"lr": 1e4, "t_max": 1e6}, "logits of one token spread over"),
    ({"subjects": 10**6, "relations": 10**5, "answers": 10**3, "facts": "random"},
     "S = 1000000, R = 100000, A = 100000000: the matrices take"),
    ({"subjects": 10**6, "relations": 10**5, "answers": 10**3, "method": "full"},
     "S = 1000000, R = 100000, A = 100000000: the matrices take"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[str(change) for change, _ in WRONG])
def test_bad_arguments_are_named(change, said):
    with pytest.raises(InputError) as caught:
        trajectory(**SIZES | {"t_max": 10.0} | change)
    assert one_line(caught.value).startswith(said)


@pytest.mark.parametrize("name", ["subjects", "relations", "answers"])
def test_sizes_have_no_place_with_a_table(table, name):
    with pytest.raises(InputError) as caught:
        trajectory(facts=table, **{name: 3})
    assert one_line(caught.value) == f"{name} has no place with a table of facts"
    with pytest.raises(InputError, match="method symmetric is for balanced facts, not"):
        trajectory(facts=table, method="symmetric")


def test_several_right_answers_of_a_fact_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("subject,relation,answer\na,r,x\na,r,y\n")
    with pytest.raises(InputError) as caught:
        trajectory(facts=read_facts(path, several="any"))
    assert one_line(caught.value).startswith(
        "t.csv: 1 fact has several right answers, and gradient flow needs one of each ("
    )
