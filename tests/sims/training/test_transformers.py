"""Trained transformers: forward pass, gradient, padding, prompts, what is learnt, and searches."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.recall_task import balanced_task
from assoc.transformers.model import Attention, OneLayer, Transformer
from sims.engine.randomness import MEMORY
from sims.training.memory_models import ReluNetwork
from sims.training.recipe import Training, libraries
from sims.training.smallest import trained_smallest
from sims.training.tradeoff import trained_tradeoff
from sims.training.transformer_models import Sizes, choose_sizes, untrained_transformer
from sims.training.transformers import REACH, TransformerObjective, padded, train_transformers
from sims.training.trials import Trials, facts_recalled
from sims.transformers.architecture import Architecture, Shape, table_source
from sims.transformers.prompts import count_known
from sims.transformers.smallest import smallest_size
from tests.helpers.oracles import one_line

TABLE = Shape(5, 4, 3, 7)
SHORT = Training(steps=384, learning_rates=(0.03, 0.1))
BRIEF = Training(steps=20, learning_rates=(0.01, 0.03), wanted=None)


def needs_jax():
    pytest.importorskip("jax", reason="the extra 'train' is not installed: no jax")
    pytest.importorskip("optax", reason="the extra 'train' is not installed: no optax")


def drawn(model="attention-mlp", *, d=11, trial=0, shape=TABLE, **sizes):
    """The untrained transformer of one trial, as a search draws it."""
    if model == "attention-mlp":
        sizes.setdefault("width", 6)
    source = table_source(shape, 0, "tests")
    task, embeddings = shape.draw(d, source, trial)
    chosen = choose_sizes(model, shape.subjects, shape.relations, d=d, **sizes)
    return untrained_transformer(task, embeddings, chosen, rng=source.generator(trial, MEMORY))


def prompts_of(given, length=9):
    return given.task.prompts(length, rng=np.random.default_rng(3))


def sharpened(given, factor):
    """The same transformer with larger keys."""
    return replace(given, weights=(factor * given.weights[0], *given.weights[1:]))


def evaluate(given, prompts, sizes=None):
    """Outputs, loss and gradient at the initial weights, as training computes them."""
    jax, _ = libraries()
    tokens = given.task.prompted
    counts = (prompts[:, :, None] == tokens).sum(axis=1).astype(np.float32)
    weights, data = padded(given, sizes or given.sizes)
    trained = TransformerObjective(given.task.noise, prompts.shape[1])
    value, slopes = jax.jit(jax.value_and_grad(trained.loss))(weights, data, counts)
    out = jax.jit(trained.outputs)(weights, data, counts)
    return np.asarray(out), float(value), [np.asarray(part) for part in slopes]


# --- without the extra --------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_without_the_extra_one_line_says_what_to_install(monkeypatch, missing):
    if missing == "optax":
        needs_jax()
    monkeypatch.setitem(sys.modules, missing, None)
    for work in (
        lambda: train_transformers([drawn()], SHORT),
        lambda: trained_smallest("attention-only", (4, 3, 2), trials=1),
        lambda: trained_tradeoff((4, 3, 2), d=8, head_dim=1, heads=[2], widths=[1], trials=1),
    ):
        with pytest.raises(InputError, match=r"needs jax and optax: pip install .*\[train\]") as no:
            work()
        one_line(no.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "linear"}, "model 'linear'"),
        ({"model": "attention-mlp"}, "needs a width"),
        ({"width": 4}, "width 4: attention alone"),
        ({"model": "attention-mlp", "width": "wide"}, "width"),
        ({"model": "attention-mlp", "vary": "width"}, "needs d"),
        ({"model": "attention-mlp", "vary": "width", "d": 0}, "d = 0"),
        ({"model": "attention-mlp", "vary": "width", "d": 8, "width": 4}, "width = 4 is given"),
        ({"vary": "width", "d": 8}, "attention alone"),
        ({"d": 8}, "d = 8 is given"),
        ({"vary": "heads"}, "size 'heads'"),
        ({"shapes": (4, 3)}, "shape"),
        ({"shapes": (4, 3, 0)}, "D = 0"),
        ({"shapes": []}, "shape"),
        ({"shapes": "4,3,2"}, "shape '4,3,2'"),
        ({"shapes": Shape(4, 3, 2, 0)}, "without noise tokens"),
        ({"head_dim": 0}, "head dimension"),
        ({"head_dim": 99}, "exceeds d"),
        ({"heads": 0}, "heads H"),
        ({"start": 0}, "start = 0"),
        ({"limit": 0}, "limit = 0"),
        ({"step": 0}, "step = 0"),
        ({"resolution": 1}, "resolution 1"),
        ({"criterion": 2}, "criterion 2"),
        ({"length": 2}, "prompt length T = 2"),
        ({"draws": 0}, "draws = 0"),
        ({"trials": 0}, "trials = 0"),
        ({"training": 5}, "training 5"),
        ({"seed": -1}, "seed -1"),
        ({"threads": 0}, "threads = 0"),
    ],
)
def test_bad_searches_are_named(arguments, said):
    call = {"model": "attention-only", "shapes": (4, 3, 2), "trials": 1, "limit": 40, **arguments}
    with pytest.raises(InputError, match=said) as caught:
        trained_smallest(**call)
    one_line(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"heads": []}, "heads = \\[\\]"),
        ({"heads": [0]}, "heads H"),
        ({"widths": "8"}, "widths = '8'"),
        ({"widths": [-1]}, "width m = -1|width -1"),
        ({"head_dim": 9}, "exceeds d"),
        ({"shape": [Shape(4, 3, 2), Shape(4, 3, 2)]}, "2 shapes"),
    ],
)
def test_bad_maps_are_named(arguments, said):
    call = {"shape": (4, 3, 2), "d": 8, "head_dim": 1, "heads": [2], "widths": [1], **arguments}
    with pytest.raises(InputError, match=said) as caught:
        trained_tradeoff(**call)
    one_line(caught.value)


def test_embeddings_of_another_dimension_are_refused(rng):
    task = balanced_task(4, 3, 2, noise=5, rng=rng)
    with pytest.raises(InputError, match="embeddings of dimension 6 for a transformer of 8"):
        untrained_transformer(task, np.ones((task.vocabulary, 6)), Sizes(8, 2, 1), rng=rng)


# --- models and sizes ---------------------------------------------------------------------------


@pytest.mark.parametrize("d", [8, 16, 24, 40])
def test_sizes_are_those_of_the_constructions(d):
    """Parameters and heads of the construction of the same d, and m."""
    source = table_source(Shape(6, 4, 3), 0, "tests")
    for model, width in (("attention-only", None), ("attention-mlp", 5)):
        task, embeddings = Shape(6, 4, 3).draw(d, source, 0)
        built = Architecture(model, d, width=width).build(task, embeddings, source, 0)
        sizes = choose_sizes(model, 6, 4, d=d, width=width)
        assert (sizes.heads, sizes.head_dim) == (built.attention.heads, built.attention.head_dim)
        assert sizes.parameters == built.parameters
        assert sizes.mlp == built.mlp_parameters


def test_the_model_is_what_its_formula_says():
    given = drawn(heads=3, head_dim=2)
    model = given.model()
    assert isinstance(model, OneLayer)
    assert model.parameters == given.sizes.parameters == 4 * 3 * 2 * 11 + 2 * 6 * 11
    prompts = prompts_of(given)
    heads = Attention(*(part.astype(np.float64) for part in given.weights[:4]))
    X = heads(given.embeddings.astype(np.float64)[prompts])
    expected = X + ReluNetwork(*given.weights[4:])(X)
    np.testing.assert_allclose(model.outputs(prompts), expected, atol=1e-12)


def test_trials_know_the_tables_of_the_constructions():
    """A trained size next to a constructed one of the same seed and experiment: same embeddings."""
    given, source = drawn(), table_source(TABLE, 0, "tests")
    task, embeddings = TABLE.draw(11, source, 0)
    assert (given.embeddings == embeddings).all()
    assert (given.task.facts == task.facts).all()
    assert (given.key == drawn(d=13, width=2).key).all()
    assert (given.key != drawn(trial=1).key).any()


# --- forward pass and gradient ------------------------------------------------------------------


@pytest.mark.parametrize("model", ["attention-only", "attention-mlp"])
@pytest.mark.parametrize("factor", [1, 8])
def test_the_forward_pass_is_that_of_the_transformer(model, factor):
    needs_jax()
    given = sharpened(drawn(model, heads=3, head_dim=2), factor)
    for length in (3, 9, 33):
        prompts = prompts_of(given, length)
        out, *_ = evaluate(given, prompts)
        expected = given.model().outputs(prompts)
        np.testing.assert_allclose(out, expected, atol=1e-4)
    logits = given.model().attention.logits(given.embeddings, given.embeddings[-1])
    assert np.abs(logits - logits[:, -1:]).max() < REACH


@pytest.mark.parametrize("model", ["attention-only", "attention-mlp"])
def test_loss_and_gradient_are_those_of_the_transformer(model):
    """In double precision by central differences of cross-entropy over the whole vocabulary."""
    needs_jax()
    given = drawn(model, heads=3, head_dim=2)
    prompts, labels = prompts_of(given), given.task.labels
    Phi = given.embeddings.astype(np.float64)

    def loss(weights):
        scores = given.model(weights).outputs(prompts) @ Phi.T
        total = np.log(np.exp(scores).sum(axis=1))
        return float((total - scores[np.arange(len(labels)), labels]).mean())

    wide = [part.astype(np.float64) for part in given.weights]
    _, value, slopes = evaluate(given, prompts)
    assert value == pytest.approx(loss(wide), rel=1e-5)
    rng = np.random.default_rng(0)
    for i, slope in enumerate(slopes):
        if not slope.size:
            continue
        direction = rng.standard_normal(slope.shape)
        ends = []
        for t in (1e-5, -1e-5):
            moved = list(wide)
            moved[i] = wide[i] + t * direction
            ends.append(loss(moved))
        numeric = (ends[0] - ends[1]) / 2e-5
        assert float((slope * direction).sum()) == pytest.approx(numeric, rel=1e-3, abs=1e-5)


def test_logits_out_of_reach_stay_finite():
    needs_jax()
    out, value, slopes = evaluate(given := sharpened(drawn(), 1000), prompts_of(given))
    assert np.isfinite(value)
    assert np.isfinite(out).all()
    assert all(np.isfinite(part).all() for part in slopes)


@pytest.mark.parametrize("model", ["attention-only", "attention-mlp"])
def test_padding_changes_nothing_and_has_no_gradient(model):
    needs_jax()
    given = drawn(model, heads=3, head_dim=2)
    prompts = prompts_of(given)
    out, value, slopes = evaluate(given, prompts)
    larger, other, wide = evaluate(given, prompts, Sizes(16, 5, 3, 12))
    assert other == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(larger[:, :11], out, atol=1e-6)
    for a, b in zip(slopes, wide, strict=True):
        own = tuple(slice(n) for n in a.shape)
        np.testing.assert_allclose(b[own], a, atol=1e-6)
        rest = b.copy()
        rest[own] = 0
        assert not rest.any()


# --- runs ---------------------------------------------------------------------------------------


def test_transformers_of_several_sizes_train_side_by_side_as_they_do_alone():
    """Few steps, so that rounding has no time to grow."""
    needs_jax()
    untrained = [drawn("attention-only", d=9), drawn(d=13, trial=1, width=3, heads=3, head_dim=2)]
    together, _ = train_transformers(untrained, BRIEF)
    (alone,) = train_transformers(untrained[:1], BRIEF)
    for a, b in zip(together, alone, strict=True):
        assert (a.learning_rate, a.steps) == (b.learning_rate, b.steps)
        assert a.loss == pytest.approx(b.loss, rel=1e-3)
        for name in ("W_K", "W_Q", "W_V", "W_O"):
            one, other = (getattr(r.trained.attention, name) for r in (a, b))
            np.testing.assert_allclose(one, other, atol=2e-3)


def test_a_table_is_learnt_and_every_fact_known_by_the_judge():
    needs_jax()
    untrained = [drawn("attention-only", d=24), drawn(d=24, width=12)]
    source = table_source(TABLE, 0, "tests")
    for given, runs in zip(untrained, train_transformers(untrained, SHORT, length=9), strict=True):
        counts = [
            count_known(one.trained, given.task, length=9, source=source, trial=0, draws=8,
                        embeddings=given.embeddings).known
            for one in runs
        ]  # fmt: skip
        assert max(counts) == TABLE.facts
        assert isinstance(runs[0].trained, Transformer) == (given.sizes.width == 0)
        assert {one.steps for one in runs} <= {128, 256, 384}


def test_untrained_transformers_know_little():
    """A control: the judge does not say yes to everything."""
    given, source = drawn(d=24, width=12), table_source(TABLE, 0, "tests")
    found = count_known(
        given.model(), given.task, length=9, source=source, trial=0, embeddings=given.embeddings
    )
    assert found.known < TABLE.facts / 4


def test_a_learning_rate_that_diverges_is_said_to_and_recalls_nothing():
    """Decay by 0.01 at a rate of 100,000 takes a thousand times every weight off it at a step."""
    needs_jax()
    rule = Training(steps=128, learning_rates=(1e5, 0.03), optimiser="adamw", wanted=None)
    untrained = [drawn("attention-only", d=4, trial=trial) for trial in range(2)]
    for runs in train_transformers(untrained, rule, length=9):
        assert [one.diverged for one in runs] == [True, False]
        assert runs[0].trained is None
    found = trained_smallest(
        "attention-only", TABLE, limit=4, trials=2, length=9, experiment="tests", training=rule
    )
    assert found.points[0].censored == 2
    assert found.points[0].parameters is None
    assert [(count.runs, count.diverged) for count in found.rates[0]] == [(2, 2), (2, 0)]
    json.dumps(found.to_dict(), allow_nan=False)


def test_tables_of_different_sizes_are_not_trained_together():
    needs_jax()
    assert train_transformers([], SHORT) == []
    with pytest.raises(InputError, match="cannot be trained together"):
        train_transformers([drawn(), drawn(shape=Shape(4, 4, 3, 7))], SHORT)


# --- searches -----------------------------------------------------------------------------------


def test_both_ends_of_a_bracket_are_what_a_trial_by_itself_finds():
    needs_jax()
    found = trained_smallest(
        "attention-only", TABLE, start=12, limit=16, step=4, trials=1, length=9, training=SHORT,
        experiment="tests", threads=1,
    )  # fmt: skip
    (point,) = found.points
    ((low,), (high,)) = point.low, point.high
    assert high == low + 4
    ends = [(0, choose_sizes("attention-only", 5, 4, d=int(d))) for d in (low, high) if d]
    known = [
        max(facts_recalled(TABLE, [one], Trials(9, 4, 1, SHORT, 0, "tests"))[0]) for one in ends
    ]
    assert known[-1] == TABLE.facts
    assert all(count < TABLE.facts for count in known[:-1])
    assert point.parameters == ends[-1][1].parameters
    built = smallest_size(Architecture("attention-only", 8), TABLE, length=9, trials=1)
    assert set(built.rows()[0]) == set(found.rows()[0])
    assert found.to_dict()["learning_rates"][0][0]["runs"] >= 1


def test_a_width_is_searched_at_the_d_that_is_given():
    needs_jax()
    found = trained_smallest(
        "attention-mlp", [TABLE], vary="width", d=24, limit=12, step=12, trials=1, length=9,
        training=SHORT, experiment="tests",
    )  # fmt: skip
    (row,) = found.rows()
    assert (row["width"], row["interval"], row["trials"]) == (12, [0, None], 1)
    assert row["parameters"] == 4 * 24 * 9 + 2 * 12 * 24
    assert found.to_dict()["criterion"] == "all"


def test_a_stored_search_goes_on_where_it_was(tmp_path):
    needs_jax()
    store, seen = tmp_path / "trained.sqlite", []
    run = {"model": "attention-only", "trials": 1, "length": 9, "seed": 3, "start": 8, "step": 8,
           "training": replace(SHORT, steps=64), "criterion": 0.01, "store": store}  # fmt: skip
    one = trained_smallest(shapes=TABLE, progress=seen.append, **run)
    assert seen[-1].done == 1
    seen.clear()
    both = trained_smallest(shapes=[TABLE, Shape(3, 3, 3, 7)], progress=seen.append, **run)
    assert seen[0].found == 1
    assert both.points[0] == one.points[0]
    assert both.rates[0] == one.rates[0]
    assert trained_smallest(shapes=TABLE, **{**run, "store": None}).points == one.points
    with pytest.raises(InputError, match=str(store)):
        trained_smallest(shapes=TABLE, **{**run, "training": SHORT})


def test_a_map_has_the_parameters_of_both_sides_and_is_stored(tmp_path):
    needs_jax()
    run = {"shape": TABLE, "d": 16, "head_dim": 2, "heads": [5], "widths": [0, 8], "trials": 2,
           "length": 9, "training": SHORT, "store": tmp_path / "map.sqlite"}  # fmt: skip
    seen = []
    found = trained_tradeoff(**run)
    assert [(row["attention"], row["mlp"]) for row in found.rows()] == [(640, 0), (640, 256)]
    assert all(row["recall"] > 0.5 and row["trials"] == 2 for row in found.rows())
    assert trained_tradeoff(**run, progress=seen.append).points == found.points
    assert seen[0].found == 1
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.plot().get_xlabel().startswith("attention parameters")
