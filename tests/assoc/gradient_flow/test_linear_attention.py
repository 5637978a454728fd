"""The reduced linear-attention model: against a dense softmax over prompts told token by token."""

import itertools
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError
from assoc.facts.recall_task import RecallTask, balanced_task, even_task, grid_task
from assoc.gradient_flow.limits import OutOfRangeError, check_alpha, check_matrices
from assoc.gradient_flow.linear_attention import LinearAttention
from tests.helpers.oracles import one_line


def facts(*rows, noise=0, subjects=None, names=None):
    table = np.array(rows)
    S, R, A = table.max(axis=0) + 1
    return RecallTask(int(subjects or S), int(R), int(A), table, noise, names)


def partial(*, noise=0):
    """Gaps, an answer of both relations, one that a subject has twice, one that nobody has."""
    rows = [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 3), (2, 1, 1), (3, 0, 0), (3, 2, 5), (1, 2, 1)]
    return facts(*rows, noise=noise)


def parity(noise=0):
    rows = [(s, r, (s + r) % 2) for s in range(3) for r in range(2)]
    return facts(*rows, noise=noise)


def drawn(N):
    return np.random.default_rng(7).dirichlet(np.ones(N))


MODELS = {
    "grid": LinearAttention(grid_task(4, 3, 2)),
    "random": LinearAttention(balanced_task(5, 3, 4, rng=np.random.default_rng(1))),
    "one relation": LinearAttention(grid_task(4, 1, 2)),
    "one answer each": LinearAttention(grid_task(3, 4, 1)),
    "weighted": LinearAttention(grid_task(4, 3, 2), drawn(12)),
    "with a weight of 0": LinearAttention(partial(), np.array([0, 3, 1, 2, 1, 0, 2, 1]) / 10),
    "partial": LinearAttention(partial(), drawn(8)),
    "parity": LinearAttention(parity()),
    "with the end": LinearAttention(partial(), length=3),
    "end and noise in the vocabulary": LinearAttention(parity(3), length=3),
    "one noise token": LinearAttention(partial(noise=3), drawn(8), length=4),
    "three noise tokens": LinearAttention(parity(2), length=6),
    "more noise tokens than in a prompt": LinearAttention(grid_task(3, 2, 2, noise=5), length=5),
}


def state_of(model, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal(model.initial(1.0).shape)


# --- the definition -----------------------------------------------------------------------------


def expanded(model, state):
    """V and w with every noise token on its own row: S + R, then the end, then K."""
    V, w = model.unpack(state)
    known = model.task.subjects + model.task.relations
    if model.length is None:
        return V, w
    rows = [*range(known + 1), *[known + 1] * (model.task.noise if model.length > 3 else 0)]
    return V[rows], w[rows]


def prompts(model):
    """Every prompt: its probability, its tokens with repetition, and its fact."""
    task = model.task
    weights = np.full(len(task), 1 / len(task)) if model.weights is None else model.weights
    for p, (s, r, a) in zip(weights, task.facts.tolist(), strict=True):
        tokens = [s, task.subjects + r]
        if model.length is None:
            yield p, tokens, (s, r, a)
            continue
        end = task.subjects + task.relations
        noise = range(end + 1, end + 1 + task.noise)
        fillings = list(itertools.product(noise, repeat=model.length - 3))
        for filling in fillings:
            yield p / len(fillings), [*tokens, end, *filling], (s, r, a)


def softmax(x):
    odds = np.exp(x - x.max())
    return odds / odds.sum()


def by_definition(model, state):
    """Losses, and gradient and velocity of every token, one prompt at a time."""
    V, w = expanded(model, state)
    table = model.task.facts
    losses, G = np.zeros(3), np.zeros_like(V)
    for p, tokens, (s, r, a) in prompts(model):
        phat = softmax(sum(w[z] * V[z] for z in tokens))
        inside = np.unique(table[table[:, 1] == r, 2])
        own = np.unique(table[table[:, 0] == s, 2])
        losses -= p * np.log([phat[a], phat[inside].sum(), phat[own].sum()])
        for z in tokens:
            G[z] -= p * phat
            G[z, a] += p
    return losses, G, w[:, None] * G, (V * G).sum(axis=1)


def alike(model, rows):
    """Rows of the model among those of all tokens, whose noise tokens are alike."""
    kept = rows[: model.tokens]
    if len(rows) > model.tokens:
        np.testing.assert_allclose(rows[model.tokens :], rows[model.tokens - 1 : -1], atol=1e-15)
    return kept


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_losses_gradient_and_velocity_are_those_of_a_dense_softmax(model):
    for seed in range(3):
        state = state_of(model, seed)
        losses, G, dV, dw = by_definition(model, state)
        np.testing.assert_allclose(model.losses(state), losses, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(model.gradient(state), alike(model, G), atol=1e-14)
        moved_V, moved_w = model.unpack(model.velocity(state))
        np.testing.assert_allclose(moved_V, alike(model, dV), atol=1e-13)
        np.testing.assert_allclose(moved_w, alike(model, dw), atol=1e-13)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_logits_and_probabilities_are_those_of_each_fact(model):
    state = state_of(model)
    V, w = expanded(model, state)
    first = {}
    for _, tokens, fact in prompts(model):
        first.setdefault(fact, sum(w[z] * V[z] for z in tokens))
    logits = np.array([first[tuple(fact)] for fact in model.task.facts.tolist()])
    np.testing.assert_allclose(model.logits(state), logits, atol=1e-13)
    np.testing.assert_allclose(
        model.probabilities(state), [softmax(row) for row in logits], atol=1e-14
    )


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_velocity_is_minus_the_derivative_of_the_loss(model):
    """A noise token's derivative is the K-th part of what moving all K alike gives."""
    state, h = state_of(model, 3, 0.7), 1e-5
    velocity = model.velocity(state)
    copies = np.ones(model.tokens)
    if model.contexts == 2:
        copies[-1] = model.task.noise
    share = np.concatenate([np.repeat(copies, model.task.answers), copies])
    for k in range(len(state)):
        step = np.zeros(len(state))
        step[k] = h
        slope = (model.losses(state + step).total - model.losses(state - step).total) / (2 * h)
        assert velocity[k] == pytest.approx(-slope / share[k], abs=1e-9)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_what_is_conserved_does_not_move(model):
    state = state_of(model, 4)
    G = model.gradient(state)
    np.testing.assert_allclose(G.sum(axis=1), 0, atol=1e-15)
    (V, w), (dV, dw) = model.unpack(state), model.unpack(model.velocity(state))
    np.testing.assert_allclose(w * dw, (V * dV).sum(axis=1), atol=1e-14)
    np.testing.assert_allclose(dV.sum(axis=1), 0, atol=1e-14)
    found = model.invariants(state)
    np.testing.assert_allclose(found, [w**2 - (V**2).sum(axis=1), V.sum(axis=1)], atol=1e-13)


def test_tokens_are_subjects_relations_and_what_all_prompts_hold():
    task = grid_task(4, 3, 2, noise=5)
    for length, tokens, counts, rates in (
        (None, 7, [], []),
        (3, 8, [1], [1]),
        (7, 9, [1, 4], [1, 0.8]),
    ):
        model = LinearAttention(task, length=length)
        assert (model.tokens, model.contexts) == (tokens, tokens - 7)
        assert model.counts.tolist() == counts
        assert model.rates.tolist() == rates


@pytest.mark.parametrize("length", [None, 3, 8])
def test_the_start_is_that_of_the_theorems(length):
    model = LinearAttention(grid_task(4, 3, 2), length=length)
    V, w = model.unpack(model.initial(1e-3))
    assert (V == 1e-3).all()
    np.testing.assert_allclose(w, 1e-3 * np.sqrt(7), rtol=1e-15)
    np.testing.assert_allclose(model.invariants(model.initial(1e-3))[0], 1e-6, rtol=1e-12)
    losses = model.losses(model.initial(1e-3))
    np.testing.assert_allclose(losses, np.log([6, 3, 2]), rtol=1e-14)


# --- precision ----------------------------------------------------------------------------------


def learnt(model, gap, seed=5):
    """A state in which wrong answers have lost by about ``gap``."""
    state = model.initial(1.0)
    V, w = model.unpack(state)
    V[:] = np.random.default_rng(seed).standard_normal(V.shape) / 3
    w[:] = 1.5
    s, r, a = model.task.facts.T
    V[s, a], V[model.task.subjects + r, a] = gap / 1.5, (gap + 1) / 1.5
    return state


def exactly(model, state):
    """Losses and gradient in 400 digits."""
    V, w = model.unpack(state)
    M = [[mpmath.mpf(x) * mpmath.mpf(y) for y in row] for x, row in zip(w, V, strict=True)]
    task = model.task
    p = np.full(len(task), 1 / len(task)) if model.weights is None else model.weights
    losses = [mpmath.mpf(0)] * 3
    G = [[mpmath.mpf(0)] * task.answers for _ in range(model.tokens)]
    for weight, (s, r, a) in zip(p.tolist(), task.facts.tolist(), strict=True):
        held = [(s, 1, 1), (task.subjects + r, 1, 1)]
        first = task.subjects + task.relations
        held += [(first + k, model.counts[k], model.rates[k]) for k in range(model.contexts)]
        logits = [sum(c * M[z][b] for z, c, _ in held) for b in range(task.answers)]
        odds = [mpmath.exp(x) for x in logits]
        total = sum(odds)
        sets = [
            {a},
            {row[2] for row in task.facts.tolist() if row[1] == r},
            {row[2] for row in task.facts.tolist() if row[0] == s},
        ]
        for k, kept in enumerate(sets):
            losses[k] -= weight * mpmath.log(sum(odds[b] for b in kept) / total)
        for z, _, rate in held:
            for b in range(task.answers):
                G[z][b] += weight * rate * ((b == a) - odds[b] / total)
    return [float(x) for x in losses], np.array([[float(x) for x in row] for row in G])


@pytest.mark.parametrize("gap", [20, 28, 60, 200])
@pytest.mark.parametrize(
    "name", ["grid", "random", "weighted", "more noise tokens than in a prompt"]
)
def test_what_is_nearly_learnt_keeps_its_relative_precision(name, gap):
    """Losses from 1e-9 to 1e-87: what is left is summed over wrong answers, never 1 minus right."""
    model = MODELS[name]
    state = learnt(model, gap)
    with mpmath.workdps(400):
        losses, G = exactly(model, state)
    assert abs(np.log(losses[0]) + gap) < 2
    np.testing.assert_allclose(model.losses(state), losses, rtol=1e-12)
    found = model.gradient(state)
    sizes = np.abs(G).max(axis=1, keepdims=True)
    np.testing.assert_allclose(found / sizes, G / sizes, rtol=1e-10, atol=1e-13)


# --- invariance ---------------------------------------------------------------------------------

SOME = st.sampled_from(["random", "weighted", "partial", "parity", "one noise token"])


@given(SOME, st.integers(0, 99), st.floats(-5, 5), st.integers(0, 99))
def test_a_constant_in_all_answers_of_a_token_changes_nothing(name, seed, constant, token):
    model = MODELS[name]
    state = state_of(model, seed)
    shifted = state.copy()
    V, _ = model.unpack(shifted)
    V[token % model.tokens] += constant
    np.testing.assert_allclose(model.losses(shifted), model.losses(state), rtol=1e-10)
    np.testing.assert_allclose(model.gradient(shifted), model.gradient(state), atol=1e-12)


@given(SOME, st.integers(0, 99), st.randoms(use_true_random=False))
def test_names_of_subjects_relations_and_answers_do_not_matter(name, seed, random):
    model = MODELS[name]
    task = model.task

    def mixed(n):
        order = list(range(n))
        random.shuffle(order)
        return np.array(order)

    s, r, a = (mixed(n) for n in (task.subjects, task.relations, task.answers))
    renamed = np.column_stack([m[task.facts[:, k]] for k, m in enumerate((s, r, a))])
    rows, weights = mixed(len(task)), model.weights
    other = LinearAttention(
        replace(task, facts=renamed[rows]), None if weights is None else weights[rows], model.length
    )
    state = state_of(model, seed)
    context = np.arange(task.subjects + task.relations, model.tokens)
    tokens = np.concatenate([s, task.subjects + r, context])
    moved = np.empty_like(state)
    (V, w), (to_V, to_w) = model.unpack(state), other.unpack(moved)
    to_V[tokens[:, None], a], to_w[tokens] = V, w
    np.testing.assert_allclose(other.losses(moved), model.losses(state), rtol=1e-12)
    found = other.gradient(moved)[tokens[:, None], a]
    np.testing.assert_allclose(found, model.gradient(state), atol=1e-14)


def test_uniform_weights_are_none():
    state, same = state_of(MODELS["grid"]), LinearAttention(grid_task(4, 3, 2), np.full(12, 1 / 12))
    assert (same.velocity(state) == MODELS["grid"].velocity(state)).all()


def test_a_fact_of_weight_0_pulls_at_nothing():
    whole = MODELS["with a weight of 0"]
    kept = whole.weights > 0
    rest = LinearAttention(replace(whole.task, facts=whole.task.facts[kept]), whole.weights[kept])
    state = state_of(whole)
    np.testing.assert_allclose(rest.gradient(state), whole.gradient(state), atol=1e-16)
    assert rest.losses(state).total == pytest.approx(whole.losses(state).total, rel=1e-14)


# --- refusals -----------------------------------------------------------------------------------

GRID = grid_task(4, 3, 2, noise=0)
WRONG = [
    (lambda: LinearAttention(GRID, np.full(11, 1 / 11)), "weights of shape (11,) for 12 facts"),
    (lambda: LinearAttention(GRID, np.full((12, 1), 1 / 12)), "weights of shape (12, 1) for 12"),
    (lambda: LinearAttention(GRID, np.full(12, 0.1)), "weights are not a distribution"),
    (lambda: LinearAttention(GRID, np.full(12, np.nan)), "weights are not a distribution"),
    (lambda: LinearAttention(GRID, np.array([2, -1, *[0] * 10])), "weights are not a distribution"),
    (lambda: LinearAttention(facts((0, 0, 0), (2, 0, 0))), "subject 1 has no facts"),
    (lambda: LinearAttention(facts((0, 0, 0), (1, 2, 0))), "relation 1 has no facts"),
    (lambda: LinearAttention(facts((0, 0, 0), subjects=2)), "subject 1 has no facts"),
    (
        lambda: LinearAttention(facts((0, 1, 0), names=("Peru", "code", "capital", "PE", "<end>"))),
        "relation code has no facts",
    ),
    (lambda: LinearAttention(GRID, length=2), "prompt length T = 2: a subject, a relation and"),
    (lambda: LinearAttention(GRID, length=4), "prompt length T = 4 without noise tokens"),
    (lambda: LinearAttention(GRID).initial(0.0), "alpha = 0 is not a positive initial scale"),
    (lambda: LinearAttention(GRID).initial(-1.0), "alpha = -1 is not a positive initial scale"),
    (lambda: check_alpha(float("nan")), "alpha = nan is not a positive initial scale"),
    (lambda: check_alpha(float("inf")), "alpha = inf is not a positive initial scale"),
    (lambda: LinearAttention(GRID).initial(1e-200), "alpha = 1e-200 underflows; the smallest"),
    (lambda: check_alpha(1e-301, smallest=1e-300), "alpha = 1e-301 underflows; the smallest"),
    (lambda: LinearAttention(GRID).initial(1e7), "alpha = 1e+07 is above 10, the largest"),
    (lambda: check_matrices(10**6, 10, 10**6), "S = 1000000, R = 10, A = 1000000: the matrices"),
]


@pytest.mark.parametrize(("make", "said"), WRONG, ids=[said for _, said in WRONG])
def test_bad_input_is_named(make, said):
    with pytest.raises(InputError) as caught:
        make()
    assert one_line(caught.value).startswith(said)


def test_a_model_too_large_is_refused_before_anything_is_made(leave_free):
    leave_free(8 * 4 * (2 * 4 + 3) * 6)
    LinearAttention(GRID)
    leave_free(8 * 4 * (2 * 4 + 3) * 6 - 1)
    with pytest.raises(InputError, match="S = 4, R = 3, A = 6: the matrices take"):
        LinearAttention(GRID)


@pytest.mark.parametrize("token", [0, 5])
def test_logits_out_of_range_are_refused_and_those_inside_are_not(token):
    model = MODELS["grid"]
    state = model.initial(0.1)
    V, w = model.unpack(state)
    w[token] = 1.0
    V[token, 0] = 300.0
    assert np.isfinite(model.velocity(state)).all()
    for value, said in ((302.0, "302"), (np.nan, "nan"), (1e300, "1e+300")):
        V[token, 0] = value
        for function in (model.losses, model.gradient, model.velocity):
            with pytest.raises(OutOfRangeError) as caught:
                function(state)
            assert one_line(caught.value).startswith(f"logits of one token spread over {said}")


# --- balanced facts in random order -------------------------------------------------------------


@pytest.mark.parametrize(("S", "D"), [(12, 4), (12, 1), (12, 12), (11, 4), (7, 5)])
def test_every_answer_of_a_relation_has_its_share_of_the_subjects(S, D):
    task = even_task(S, 3, D, rng=np.random.default_rng(0))
    assert (task.facts[:, :2] == grid_task(S, 3, D).facts[:, :2]).all()
    assert (task.facts[:, 2] // D == task.facts[:, 1]).all()
    counts = np.bincount(task.facts[:, 2], minlength=3 * D).reshape(3, D)
    expected = np.sort([S // D + (k < S % D) for k in range(D)])
    assert (np.sort(counts, axis=1) == expected).all()


def test_each_relation_has_an_order_of_its_own():
    one, two = (even_task(64, 2, 8, rng=np.random.default_rng(k)) for k in (0, 1))
    table = one.facts[:, 2].reshape(64, 2) % 8
    assert (table[:, 0] != table[:, 1]).any()
    assert (table[:, 0] != np.arange(64) % 8).any()
    assert (one.facts != two.facts).any()
    again = even_task(64, 2, 8, rng=np.random.default_rng(0))
    assert (one.facts == again.facts).all()


def test_answers_of_nobody_are_refused():
    with pytest.raises(InputError) as caught:
        even_task(3, 2, 4, rng=np.random.default_rng(0))
    assert one_line(caught.value) == "D = 4 > S = 3: some answers would be nobody's"
