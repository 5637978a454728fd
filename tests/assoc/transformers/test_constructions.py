"""Transformers by construction: attention alone, attention and MLP, and the hybrid of both."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.catalogue import TRANSFORMERS, resolve_transformer
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task, grid_task
from assoc.transformers.attention_mlp import (
    attended_tokens,
    attention_mlp,
    choose_feature_degree,
    choose_overlap_degree,
    hybrid,
)
from assoc.transformers.attention_only import attention_only, cue_features, cue_groups
from assoc.transformers.certificates import attention_leaks, certify
from tests.helpers.oracles import one_line

LENGTH = 16

BUILDS = {
    "attention-only": (40, {}),
    "attention-only-dual": (96, {}),
    "attention-only-sum": (1024, {"head_dim": 2}),
    "attention-mlp": (24, {"width": 80}),
    "attention-mlp-whitened": (32, {"width": 256}),
    "attention-mlp-hermite": (128, {"width": 2**14, "degree": 3}),
    "attention-mlp-sign": (32, {"width": 800}),
    "hybrid": (48, {"width": 60, "share": 0.5}),
}


def task_and_vectors(d, *, seed=0, noise=9, dtype=np.float64, shape=(8, 8, 3)):
    rng = np.random.default_rng(seed)
    task = balanced_task(*shape, noise=noise, rng=rng)
    return task, sphere(task.vocabulary, d, rng=rng).astype(dtype)


def build(name, task, Phi, **options):
    return resolve_transformer(name, **options)[1](task, Phi, rng=np.random.default_rng(1))


def right(model, task, seed=2):
    prompts = task.prompts(LENGTH, rng=np.random.default_rng(seed))
    scores = model.outputs(prompts) @ model.embeddings.T
    return scores.argmax(axis=1) == task.labels


def test_every_construction_is_tried_here():
    assert BUILDS.keys() == TRANSFORMERS.keys()


@pytest.mark.parametrize("name", BUILDS)
def test_every_fact_is_recalled(name):
    d, options = BUILDS[name]
    task, Phi = task_and_vectors(d)
    model = build(name, task, Phi, **options)
    assert right(model, task).all()
    if name != "attention-only-sum":
        assert certify(model, task, length=LENGTH).certified.all()


@pytest.mark.parametrize("name", BUILDS)
def test_the_sizes_are_those_of_the_arrays(name):
    d, options = BUILDS[name]
    task, Phi = task_and_vectors(d)
    model = build(name, task, Phi, **options)
    A, arrays = model.attention, 0
    for W in (A.W_K, A.W_Q, A.W_V, A.W_O):
        assert W.shape == (A.heads, A.head_dim, d)
        assert np.linalg.matrix_rank(W).max() <= A.head_dim
        arrays += W.size
    if model.mlp is not None:
        assert model.mlp.W.shape == model.mlp.V.shape == (options["width"], d)
        arrays += model.mlp.W.size + model.mlp.V.size
        phase = getattr(model.mlp, "phase", None)
        arrays += 0 if phase is None else phase.size
    assert model.parameters == arrays


@pytest.mark.parametrize("name", ["attention-only", "attention-mlp", "hybrid"])
def test_single_precision_in_single_precision_out(name):
    d, options = BUILDS[name]
    task, Phi = task_and_vectors(d, dtype=np.float32)
    model = build(name, task, Phi, **options)
    assert model.attention.W_V.dtype == model.attention.W_K.dtype == np.float32
    if model.mlp is not None:
        assert model.mlp.W.dtype == model.mlp.V.dtype == np.float32
    assert certify(model, task, length=LENGTH).certified.all()


@pytest.mark.parametrize("name", ["attention-only", "attention-only-dual", "attention-only-sum"])
def test_turning_the_embeddings_changes_no_answer(name):
    d, options = BUILDS[name]
    task, Phi = task_and_vectors(d)
    Q = np.linalg.qr(np.random.default_rng(5).standard_normal((d, d)))[0]
    prompts = task.prompts(LENGTH, rng=np.random.default_rng(2))
    straight = build(name, task, Phi, **options).outputs(prompts)
    turned = build(name, task, Phi @ Q, **options).outputs(prompts)
    np.testing.assert_allclose(turned, straight @ Q, atol=2e-3 * np.abs(straight).max())


@pytest.mark.parametrize("name", ["attention-only-dual", "attention-only-sum"])
def test_the_order_of_the_facts_does_not_matter(name):
    d, options = BUILDS[name]
    task, Phi = task_and_vectors(d)
    order = np.random.default_rng(0).permutation(len(task))
    shuffled = replace(task, facts=task.facts[order])
    one, two = (build(name, t, Phi, **options) for t in (task, shuffled))
    np.testing.assert_allclose(one.attention.W_O, two.attention.W_O, atol=1e-12)


def test_plain_sums_are_sums():
    """What a subject's head gives is the sum of its answers, its relation's theirs."""
    task, Phi = task_and_vectors(64)
    model = attention_only(task, Phi, rng=np.random.default_rng(0), values="sum", head_dim=1)
    answers = Phi[task.subjects + task.relations :]
    features = cue_features(task).toarray()
    np.testing.assert_array_equal(np.flatnonzero(features[0]), task.cues[0])
    looked = attended_tokens(task, cue_groups(task, 1, None))
    given = model.attended(looked)
    for n, (s, r, _) in enumerate(task.facts):
        own = task.facts[task.facts[:, 0] == s][:, 2]
        relation = sorted(task.answer_sets[r])
        expected = answers[own].sum(axis=0) + answers[relation].sum(axis=0)
        np.testing.assert_allclose(given[n], expected, atol=1e-9)


def test_dual_values_keep_other_answers_out():
    """With dual vectors the right answer scores 2, its relation's and its subject's others 1."""
    task, Phi = task_and_vectors(96)
    model = attention_only(task, Phi, rng=np.random.default_rng(0), values="dual")
    looked, _ = attention_leaks(model, task, length=LENGTH)
    scores = model.attended(looked) @ Phi.T
    for n, (s, r, _) in enumerate(task.facts):
        expected = np.zeros(task.vocabulary)
        first = task.subjects + task.relations
        expected[first + task.facts[task.facts[:, 0] == s][:, 2]] += 1
        expected[first + np.array(sorted(task.answer_sets[r]))] += 1
        np.testing.assert_allclose(scores[n], expected, atol=1e-6)


def test_shared_answers_break_what_disjoint_ones_allow():
    task, Phi = task_and_vectors(96)
    facts = task.facts.copy()
    facts[:, 2] %= 3
    shared = replace(task, facts=facts)
    model = build("attention-only-dual", shared, Phi)
    assert not right(model, shared).all()


def test_facts_may_be_missing_and_a_relation_may_have_one_subject():
    task, Phi = task_and_vectors(48)
    kept = (task.facts[:, 1] != 3) | (task.facts[:, 0] == 2)
    kept &= np.arange(len(task)) % 5 != 0
    kept |= (task.facts[:, 1] == 3) & (task.facts[:, 0] == 2)
    partial = replace(task, facts=task.facts[kept])
    for name in ("attention-only", "attention-mlp", "hybrid"):
        model = build(name, partial, Phi, **BUILDS[name][1])
        assert certify(model, partial, length=LENGTH).certified.all()


def test_fewer_heads_than_tokens_need_cut_the_values_off():
    task, Phi = task_and_vectors(64)
    model = attention_only(task, Phi, rng=np.random.default_rng(0), head_dim=2, heads=2)
    assert (model.attention.heads, model.attention.head_dim) == (2, 2)
    assert 0 < right(model, task).mean() < 1
    enough = attention_only(task, Phi, rng=np.random.default_rng(0), head_dim=8, heads=2)
    assert right(enough, task).all()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_hybrid_splits_the_facts(share):
    task, Phi = task_and_vectors(48)
    model = hybrid(task, Phi, rng=np.random.default_rng(0), width=60, share=share)
    assert right(model, task).all()
    silent = type(model)(Phi, model.attention)
    alone = right(silent, task)
    by_values = task.facts[:, 0] < round(share * task.subjects)
    # Without the MLP most of those in the value matrices stay known, and few others.
    if by_values.any():
        assert alone[by_values].mean() > 0.6
    if not by_values.all():
        assert alone[~by_values].mean() < 0.4


def test_degrees_grow_with_what_they_must_hold():
    assert choose_feature_degree(10, 64) == 1
    assert choose_feature_degree(10**5, 16) > choose_feature_degree(100, 16)
    small, large = (choose_overlap_degree(grid_task(S, S, 4), 256) for S in (8, 128))
    assert small < large


WRONG = [
    (lambda t, E: attention_only(t, E, rng=RNG, values="odd"), "values 'odd': one of sum, dual"),
    (lambda t, E: attention_only(t, E[:-1], rng=RNG), "49 embeddings for 50 tokens"),
    (lambda t, E: attention_only(t, E * np.nan, rng=RNG), "embeddings: row 0"),
    (lambda t, E: attention_only(t, E, rng=RNG, head_dim=33), "head dimension d_h = 33 exceeds"),
    (lambda t, E: attention_only(t, E, rng=RNG, heads=1), "heads H = 1: subjects and relations"),
    (lambda t, E: attention_mlp(t, E, rng=RNG, width=0), "width 0 is not a positive integer"),
    (lambda t, E: attention_mlp(t, E, rng=RNG, width=8, mlp="odd"), "mlp 'odd': one of hermite"),
    (lambda t, E: attention_mlp(t, E, rng=RNG, width=8, degree=9), "degree"),
    (lambda t, E: hybrid(t, E, rng=RNG, width=8, share=1.5), "share 1.5 of the subjects is not"),
    (lambda t, E: hybrid(t, E, rng=RNG, width=-2), "width -2 is not a positive integer"),
    (lambda t, E: resolve_transformer("attention-only", width=3), "transformer 'attention-only' t"),
    (lambda t, E: resolve_transformer("attention-mlp"), "transformer 'attention-mlp' needs its w"),
    (lambda t, E: resolve_transformer("nonesuch"), "unknown transformer 'nonesuch': one of"),
    (lambda t, E: resolve_transformer("math:nix"), "transformer 'math:nix': math has no function"),
]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("make", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_input_is_named(make, said):
    task, Phi = task_and_vectors(32)
    with pytest.raises(InputError) as caught:
        make(task, Phi)
    assert one_line(caught.value).startswith(said)


def test_a_function_of_the_user_is_a_construction():
    def mine(task, embeddings, *, rng):
        return attention_only(task, embeddings, rng=rng)

    name, found = resolve_transformer(mine)
    assert (name, found.function) == ("mine", mine)


def test_what_a_user_s_module_returns_is_checked(tmp_path, monkeypatch):
    (tmp_path / "transformer_of_mine.py").write_text(
        "def build(task, embeddings, *, rng):\n    return 3\n"
        "def fails(task, embeddings, *, rng):\n    raise ValueError('no')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    task, Phi = task_and_vectors(16)
    for function, said in (("build", "returned int, not a model"), ("fails", "ValueError: no")):
        _, made = resolve_transformer(f"transformer_of_mine:{function}")
        with pytest.raises(InputError) as caught:
            made(task, Phi, rng=np.random.default_rng(0))
        assert said in one_line(caught.value)
