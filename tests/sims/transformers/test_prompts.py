"""Recall of all facts: tables against the forward pass, verdicts against brute force."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from assoc import InputError, margins
from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task
from assoc.memories.memory import Factors
from assoc.memories.networks import TwoLayer
from assoc.transformers.attention_mlp import attention_mlp
from assoc.transformers.attention_only import attention_only
from assoc.transformers.model import Attention, Transformer
from sims.engine.randomness import PROMPTS, Source
from sims.memories.scoring import score_doubt
from sims.transformers.prompts import Tables, count_known, prompt_outputs
from tests.helpers.oracles import right_sets

SOURCE = Source(3, "prompts", (7,))
NEXT_DRAW = 2**32
BLOCK = 1024
WEIGHTS = ("W_K", "W_Q", "W_V", "W_O")


def random_model(rng, *, n=30, d=9, heads=4, head_dim=3, dtype=np.float64, width=0):
    weights = rng.standard_normal((4, heads, head_dim, d)).astype(dtype)
    mlp = None
    if width:
        W, V = rng.standard_normal((2, width, d)).astype(dtype) / width
        mlp = TwoLayer(W, V, Polynomial([0.5, 1.0, -0.3]))
    return Transformer(sphere(n, d, rng=rng, dtype=dtype), Attention(*weights), mlp)


def random_prompts(rng, model, B, T):
    n = len(model.embeddings)
    prompts = rng.integers(0, n, (B, T))
    prompts[:, -1] = n - 1
    return prompts


def changed(model, **weights):
    """The model with other weights of attention."""
    return replace(model, attention=replace(model.attention, **weights))


def widened(model):
    """The model with its weights in double precision."""
    weights = (np.float64(getattr(model.attention, W)) for W in WEIGHTS)
    mlp = model.mlp
    if mlp is not None:
        mlp = TwoLayer(np.float64(mlp.W), np.float64(mlp.V), mlp.activation)
    return Transformer(np.float64(model.embeddings), Attention(*weights), mlp)


def ask(model, task, *, length=4, trial=0, source=SOURCE, **options):
    return count_known(model, task, length=length, source=source, trial=trial, **options)


class Own:
    """A user's model: nothing but parameters and outputs."""

    parameters = 0

    def __init__(self, outputs):
        self.outputs = outputs


def oracle(task, vectors):
    """A model that finds the fact in a prompt and outputs the vector made for it."""
    known = {tuple(cue): row for row, cue in enumerate(task.cues.tolist())}
    cues = task.subjects + task.relations
    return Own(
        lambda prompts: vectors[[known[tuple(np.sort(p[p < cues]).tolist())] for p in prompts]]
    )


def by_hand(model, task, *, length, trial, draws, embeddings=None):
    """Wrong answers, smallest margins and largest outputs (N,), one prompt after another."""
    Phi = np.asarray(model.embeddings if embeddings is None else embeddings, np.float64)
    wrong, size = np.zeros((2, len(task)))
    margin = np.full(len(task), np.inf)
    sets = right_sets(task.labels.tolist(), task.also_labels.tolist())
    for draw, fact in itertools.product(range(draws), range(len(task))):
        block, row = divmod(fact, BLOCK)
        if row == 0:
            rng = SOURCE.generator(trial, PROMPTS, draw * NEXT_DRAW + block)
            prompts = task.prompts(length, rng=rng, facts=slice(fact, fact + BLOCK))
        (F,) = model.outputs(prompts[row : row + 1])
        scores = Phi @ F
        right = sorted(sets[fact])
        found = scores[right].max() - np.delete(scores, right).max()
        wrong[fact] += found <= 0
        margin[fact] = min(margin[fact], found)
        size[fact] = max(size[fact], np.linalg.norm(F))
    return wrong, margin, size


def assert_as_by_hand(model, task, *, length, trial=0, draws=1, **options):
    found = ask(model, task, length=length, trial=trial, draws=draws, **options)
    wrong, margin, size = by_hand(model, task, length=length, trial=trial, draws=draws, **options)
    # The rounding of the two ways differs: none of these tasks has a margin that it could turn.
    assert (np.abs(margin) > 1e-9 * size).all()
    np.testing.assert_array_equal(found.wrong, wrong)
    assert (np.abs(found.margin - margin) < 1e-5 * size).all()
    assert found.known == (wrong == 0).sum() == found.facts - len(found.missed)
    np.testing.assert_array_equal(found.missed, np.flatnonzero(wrong))
    assert found.recall == pytest.approx(1 - wrong.sum() / (draws * len(task)))
    return found


# --- outputs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, 6])
@pytest.mark.parametrize(("heads", "head_dim"), [(1, 1), (4, 3), (2, 9)])
@pytest.mark.parametrize("T", [1, 3, 17])
def test_tables_give_the_forward_pass(rng, T, heads, head_dim, width):
    model = random_model(rng, heads=heads, head_dim=head_dim, width=width)
    prompts = random_prompts(rng, model, 50, T)
    np.testing.assert_allclose(prompt_outputs(model, prompts), model.outputs(prompts), atol=1e-12)


@pytest.mark.parametrize("width", [0, 6])
def test_weights_in_single_precision_are_evaluated_in_double(rng, width):
    model = random_model(rng, dtype=np.float32, width=width)
    prompts = random_prompts(rng, model, 20, 5)
    found = prompt_outputs(model, prompts)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, widened(model).outputs(prompts), atol=1e-12)
    np.testing.assert_allclose(found, model.outputs(prompts), atol=1e-4)


@pytest.mark.parametrize("scale", [1e2, 1e20, 1e150])
def test_huge_logits_neither_overflow_nor_turn_into_nan(rng, scale):
    model = random_model(rng)
    prompts = random_prompts(rng, model, 50, 8)
    model = changed(model, W_K=scale * model.attention.W_K, W_Q=scale * model.attention.W_Q)
    found = prompt_outputs(model, prompts)
    np.testing.assert_allclose(found, model.outputs(prompts), atol=1e-9)
    # Attention is all on one token by now.
    looked = prompts[np.arange(50)[:, None], model.logits()[:, prompts].argmax(axis=2).T]
    np.testing.assert_allclose(found, model.attended(looked), atol=1e-9)


def test_heads_that_prefer_nothing_and_heads_that_say_nothing(rng):
    """Keys of zero: the mean of the values. Values of zero: the head is not there."""
    model = random_model(rng, heads=3)
    attention = model.attention
    W_K, W_V = attention.W_K.copy(), attention.W_V.copy()
    W_K[0] = W_V[1] = 0.0
    prompts = random_prompts(rng, model, 40, 6)
    found = prompt_outputs(changed(model, W_K=W_K, W_V=W_V), prompts)
    values = attention.values(model.embeddings)[:, 0]  # (n, d_h)
    rest = changed(model, **{W: getattr(attention, W)[2:] for W in WEIGHTS})
    expected = values[prompts].mean(axis=1) @ attention.W_O[0] + rest.outputs(prompts)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_tables_of_some_tokens(rng):
    model = random_model(rng, n=12)
    tables = Tables(model, np.array([11, 2, 5, 3, 5]))
    prompts = np.array([[2, 3, 5, 11], [5, 5, 2, 11]])
    np.testing.assert_allclose(tables.outputs(prompts), model.outputs(prompts), atol=1e-12)
    with pytest.raises(InputError, match="token 4 is not among those of the tables"):
        tables.outputs(np.array([[2, 3, 4, 11]]))


def test_outputs_do_not_depend_on_the_batch(rng):
    """2500 prompts take three batches, and a user's model many more."""
    model = random_model(rng, d=16)
    prompts = random_prompts(rng, model, 2500, 300)
    asked = []
    own = Own(lambda batch: asked.append(len(batch)) or model.outputs(batch))
    whole = prompt_outputs(own, prompts)
    assert sum(asked) == 2501
    assert max(asked) * 300 * 16 <= 2**21
    np.testing.assert_allclose(whole, prompt_outputs(model, prompts), atol=1e-12)
    for rows in (slice(0, 1), slice(1000, 1100), slice(2400, 2500)):
        np.testing.assert_allclose(whole[rows], prompt_outputs(model, prompts[rows]), atol=1e-12)


def test_what_derives_from_a_transformer_is_asked_itself(rng):
    class Silent(Transformer):
        def outputs(self, prompts):
            return 0 * super().outputs(prompts)

    model = random_model(rng)
    prompts = random_prompts(rng, model, 5, 4)
    assert prompt_outputs(model, prompts).any()
    assert not prompt_outputs(Silent(model.embeddings, model.attention), prompts).any()


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        (np.array([0, 1, 29]), "integers of shape"),
        (np.array([[0.0, 29.0]]), "integers of shape"),
        (np.array([[-1, 29], [30, 29]]), "not one of the 30"),
        (np.array([[29, 2]]), "prompts end with the end-of-sequence token, 29"),
    ],
)
def test_prompts_that_are_none(rng, prompts, message):
    with pytest.raises(InputError, match=message):
        prompt_outputs(random_model(rng), prompts)


# --- several right answers ----------------------------------------------------------------------


def with_several(task, rng, *, share=0.5):
    """The task, with one or two other answers right for some of the facts."""
    also = [
        (n, a)
        for n in range(len(task))
        if rng.random() < share
        for a in rng.choice(np.delete(np.arange(task.answers), task.facts[n, 2]),
                            rng.integers(1, 3), replace=False)
    ]  # fmt: skip
    return replace(task, also=np.array(also))


def test_any_right_answer_will_do(rng):
    task = with_several(balanced_task(20, 3, 5, noise=6, rng=rng), rng)
    # The model says what is right, but not what is told first.
    swapped = task.facts.copy()
    swapped[task.also[:, 0], 2] = task.also[:, 1]
    Phi = sphere(task.vocabulary, 12, rng=rng)
    model = attention_only(replace(task, facts=swapped, also=task.also[:0]), Phi, rng=rng)
    found = assert_as_by_hand(model, task, length=6, draws=3)
    alone = ask(model, replace(task, also=task.also[:0]), length=6, draws=3)
    assert found.known > alone.known + 10
    assert len(found.missed)
    assert (found.margin >= alone.margin).all()
    right = right_sets(task.labels, task.also_labels)
    assert all(found.said[n] not in right[n] for n in found.missed)


def test_several_right_answers_beyond_the_first_block(rng):
    task = with_several(balanced_task(BLOCK + 60, 1, 4, noise=6, rng=rng), rng)
    assert_as_by_hand(random_model(rng, n=task.vocabulary), task, length=4)


def test_a_wrong_token_with_the_vector_of_a_right_one_ties(rng):
    """The tie is seen in double precision: an outputs' best token is right, and a wrong one too."""
    task = balanced_task(6, 2, 3, noise=2, rng=rng)
    other = (task.facts[:, 2] + 1) % 6
    several = replace(task, also=np.column_stack([np.arange(len(task)), other]))
    Phi = sphere(task.vocabulary, 8, rng=rng)
    model = oracle(several, Phi[several.also_labels[:, 1]])
    assert ask(model, several, embeddings=Phi).known == len(task)
    Phi[-2] = Phi[several.also_labels[0, 1]]
    found = ask(model, several, embeddings=Phi)
    assert found.margin[0] == 0
    assert found.said[0] == task.vocabulary - 2
    assert found.wrong[0] == 1


# --- counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [3, 4, 9])
@pytest.mark.parametrize("values", ["sum", "dual", "logistic"])
def test_counts_by_hand(rng, values, length):
    task = balanced_task(6, 4, 3, noise=4, rng=rng)
    Phi = sphere(task.vocabulary, 12, rng=rng)
    model = attention_only(task, Phi, rng=rng, values=values, head_dim=4, length=length)
    found = assert_as_by_hand(model, task, length=length, draws=3)
    assert found.known == len(task) if values == "logistic" else 0 < found.known < len(task)
    own = assert_as_by_hand(Own(model.outputs), task, length=length, draws=3, embeddings=Phi)
    np.testing.assert_array_equal(own.wrong, found.wrong)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_with_a_network(rng, dtype):
    task = balanced_task(5, 4, 2, noise=4, rng=rng)
    Phi = sphere(task.vocabulary, 16, rng=rng, dtype=dtype)
    for width in (4, 60):
        model = attention_mlp(task, Phi, rng=rng, width=width)
        found = assert_as_by_hand(widened(model), task, length=5, draws=2)
        np.testing.assert_array_equal(ask(model, task, length=5, draws=2).wrong, found.wrong)


def test_noise_decides_on_some_facts(rng):
    """Attention that is not sharp: some prompts of a fact are answered rightly, others not."""
    task = balanced_task(8, 4, 2, noise=6, rng=rng)
    model = attention_only(task, sphere(task.vocabulary, 12, rng=rng), rng=rng)
    blunt = changed(model, W_K=model.attention.W_K / 40)
    found = assert_as_by_hand(blunt, task, length=8, draws=6)
    assert ((found.wrong > 0) & (found.wrong < 6)).any()
    assert 0 < found.known < len(task)
    assert found.recall > found.known / found.facts


def test_several_blocks_of_facts():
    """The first block has the same prompts whatever follows it, on any number of threads."""
    rng = np.random.default_rng(4)
    whole = balanced_task(150, 12, 3, noise=5, rng=rng)
    task = replace(whole, facts=whole.facts[:1300])
    model = random_model(np.random.default_rng(5), n=task.vocabulary, d=6, heads=2)
    found = assert_as_by_hand(model, task, length=4, draws=2)
    for threads in (2, 3):
        other = ask(model, task, draws=2, threads=threads)
        np.testing.assert_array_equal(other.margin, found.margin)
    large = ask(model, whole, draws=2)
    np.testing.assert_array_equal(large.margin[:BLOCK], found.margin[:BLOCK])


def test_draws_and_trials_are_different_prompts(rng):
    task = balanced_task(8, 4, 2, noise=6, rng=rng)
    model = random_model(rng, n=task.vocabulary)

    def drawn(**options):
        return ask(model, task, length=9, **options).margin

    once = drawn()
    np.testing.assert_array_equal(once, drawn())
    assert (drawn(draws=2) <= once).all()
    assert (drawn(draws=2) < once).any()
    assert (drawn(trial=1) != once).any()
    assert (drawn(source=Source(4, "prompts", (7,))) != once).any()


def test_without_noise(rng):
    """T = 3 leaves room for two prompts of a fact, and they are the same to the model."""
    task = balanced_task(4, 3, 2, noise=0, rng=rng)
    model = random_model(rng, n=task.vocabulary)
    found = assert_as_by_hand(model, task, length=3, draws=2)
    assert set(found.wrong.tolist()) <= {0, 2}
    with pytest.raises(InputError, match="without noise tokens"):
        ask(model, task)


# --- ties and damage ----------------------------------------------------------------------------


def test_a_lost_value_loses_the_facts_that_use_it(rng):
    """Without a subject's value the answers of the relation tie; a sole answer still wins."""
    task = balanced_task(4, 2, 3, noise=3, rng=rng)
    Phi = np.eye(task.vocabulary)
    model = attention_only(task, Phi, rng=rng, values="dual", head_dim=4)
    assert ask(model, task, length=6, draws=2).known == len(task)
    s = 2
    heads, rows = np.nonzero(np.abs(model.attention.W_V[:, :, s]) > 0.5)
    W_V = model.attention.W_V.copy()
    W_V[heads, rows] = 0.0
    missed = ask(changed(model, W_V=W_V), task, length=6, draws=2).missed
    several = np.array([len(task.answer_sets[r]) > 1 for _, r, _ in task.facts])
    np.testing.assert_array_equal(missed, np.flatnonzero((task.facts[:, 0] == s) & several))
    assert len(missed)


def test_answers_with_one_embedding_tie(rng):
    """Scores of twins are equal whatever rounding does: neither is ever recalled."""
    task = balanced_task(12, 3, 4, noise=5, rng=rng)
    Phi = sphere(task.vocabulary, 20, rng=rng)
    twins = task.labels[0], task.end - 1
    vectors = Phi[task.labels] + 0.01 * rng.standard_normal((len(task), 20))
    assert ask(oracle(task, vectors), task, embeddings=Phi).known == len(task)
    Phi[twins[1]] = Phi[twins[0]]
    for scale in (1.0, 1e-30, 1e30):
        found = ask(oracle(task, vectors), task, embeddings=scale * Phi)
        np.testing.assert_array_equal(found.missed, np.flatnonzero(task.labels == twins[0]))
        assert (found.margin[found.missed] == 0).all()


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_verdicts_are_those_of_double_precision(scale):
    """Margins from far below the rounding of single precision to far above it, either sign."""
    rng = np.random.default_rng(11)
    task = balanced_task(50, 10, 3, noise=2, rng=rng)
    Phi = sphere(task.vocabulary, 8, rng=rng)
    labels = task.labels
    vectors = 3 * rng.standard_normal((len(task), 8)) + 20 * Phi[labels]
    rival = (vectors @ Phi.T + np.where(np.eye(len(Phi))[labels] > 0, -np.inf, 0)).argmax(axis=1)
    across = Phi[labels] - Phi[rival]
    along = np.einsum("ij,ij->i", vectors, across) / np.einsum("ij,ij->i", across, across)
    size = rng.choice([-1, 1], len(task)) * 10.0 ** rng.uniform(-11, 0, len(task))
    vectors = scale * (vectors - along[:, None] * across + size[:, None] * across)
    slow = margins(Factors(()), vectors, Phi, labels)
    relative = np.abs(slow) / np.linalg.norm(vectors, axis=1)
    assert (relative < 1e-7).sum() > 100
    assert ((slow > 0) & (relative > 1e-3)).sum() > 20
    found = ask(oracle(task, vectors), task, embeddings=Phi)
    decided = relative > 1e-13
    assert decided.sum() > 400
    np.testing.assert_array_equal((found.wrong == 0)[decided], (slow > 0)[decided])
    # Near zero margins are those of double precision, elsewhere as good as single-precision scores.
    error = np.abs(found.margin - slow) / np.linalg.norm(vectors, axis=1)
    assert error.max() < score_doubt(8)
    assert error[relative < score_doubt(8) / 2].max() < 1e-14


# --- models that do not serve -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda prompts: np.zeros((len(prompts), 3)), r"shape \(12, 3\) for 12 prompts; \(12, 5\)"),
        (lambda prompts: np.zeros(len(prompts)), r"returned shape \(12,\)"),
        (lambda prompts: np.zeros((1, 5)), r"returned shape \(1, 5\)"),
        (lambda prompts: np.full((len(prompts), 5), np.nan), "outputs: row 0 .* not finite"),
        (lambda prompts: prompts[9999], "does not accept prompts of shape .*IndexError"),
    ],
)
def test_a_model_that_fails_is_told_so(rng, make, message):
    task = balanced_task(4, 3, 2, noise=2, rng=rng)
    Phi = sphere(task.vocabulary, 5, rng=rng)
    with pytest.raises(InputError, match=message):
        ask(Own(make), task, embeddings=Phi)


def test_the_fact_at_fault_is_named(rng):
    """Row numbers in messages count the facts, not the rows of a batch."""
    task = balanced_task(150, 12, 3, noise=2, rng=rng)
    vectors = np.zeros((len(task), 4))
    vectors[1500] = np.inf
    Phi = sphere(task.vocabulary, 4, rng=rng)
    with pytest.raises(InputError, match="row 1500 "):
        ask(oracle(task, vectors), task, embeddings=Phi)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 2}, "T = 2"),
        ({"draws": 0}, "draws = 0"),
        ({"threads": 0}, "threads = 0"),
        ({"embeddings": np.zeros((3, 9))}, "3 embeddings for"),
        ({"embeddings": np.ones((14, 8))}, r"embeddings \(14, 9\) for tokens with \(14, 8\)"),
    ],
)
def test_arguments_out_of_range(rng, options, message):
    task = balanced_task(4, 1, 6, noise=2, rng=rng)
    model = random_model(rng, n=task.vocabulary)
    with pytest.raises(InputError, match=message):
        ask(model, task, **options)


def test_embeddings_to_decode_by(rng):
    """A model's own, unless others are given."""
    task = balanced_task(4, 3, 2, noise=2, rng=rng)
    model = random_model(rng, n=task.vocabulary)
    with pytest.raises(InputError, match="Own has no embeddings"):
        ask(Own(model.outputs), task)
    own = ask(model, task)
    turned = ask(model, task, embeddings=-model.embeddings)
    assert (turned.margin != own.margin).any()
    assert repr(own) == f"PromptRecall({own.known} of 12 facts known, T=4, 1 prompts each)"
