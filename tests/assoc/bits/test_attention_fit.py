"""Attention of few bits that is fitted as such."""

from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError
from assoc.bits import attention_values
from assoc.bits.attention_codes import sign_embeddings
from assoc.bits.attention_fit import fit_attention, value_dims_of
from assoc.bits.codes import encode
from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task
from assoc.transformers.attention_mlp import attended_tokens
from assoc.transformers.attention_only import attention_only
from assoc.transformers.certificates import certify
from tests.helpers.oracles import complaint, one_line


def drawn(S=16, R=8, D=4, d=64, seed=0):
    rng = np.random.default_rng(seed)
    task = balanced_task(S, R, D, noise=16, rng=rng)
    return task, sphere(task.vocabulary, d, rng=rng, dtype=np.float32)


def fit(task, Phi, dims=(12, 8), seed=0, **options):
    rng = np.random.default_rng(seed)
    return fit_attention(task, Phi, rng=rng, value_dims=dims, **{"steps": 600} | options)


@pytest.mark.parametrize("bits", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_every_fact_is_certified_by_the_bits_that_are_counted(bits, seed):
    task, Phi = drawn(seed=seed)
    found = fit(task, Phi, (12, 8) if bits == 1 else (8, 6), seed, bits=bits)
    model = found.code.decode(Phi)
    assert found.lost == 0
    assert certify(model, task, length=32).certified.all()
    entries = 2 * 64 * sum(found.code.layout.value_dims)
    keys = 2 * 64 * (found.code.layout.key_bits + 1) + 64
    assert found.code.bits == model.bits == bits * entries + keys
    prompts = task.prompts(32, rng=np.random.default_rng(1))
    said = (model.outputs(prompts) @ Phi.T).argmax(axis=1)
    np.testing.assert_array_equal(said, task.labels)


@pytest.mark.parametrize(
    ("bits", "mlp_bits", "stored"), [(1, 1, False), (1, 2, True), (2, 1, True)]
)
def test_heads_and_an_mlp_certify_every_fact_together(bits, mlp_bits, stored):
    task, Phi = drawn(d=40)
    if stored:
        Phi = sign_embeddings(Phi > 0)
    options = {"width": 12, "bits": bits, "mlp_bits": mlp_bits, "stored": stored}
    found = fit(task, Phi, (10, 8), **options)
    model = found.code.decode(None if stored else Phi)
    assert found.lost == 0
    assert certify(model, task, length=32).certified.all()
    layout = found.code.layout
    assert (layout.width, layout.mlp_bits) == (12, mlp_bits)
    keys = 2 * 40 * (layout.key_bits + 1) + 64
    values = 2 * 40 * (18 * bits + 12 * mlp_bits)
    assert model.bits == keys + values + stored * 40 * task.vocabulary
    prompts = task.prompts(32, rng=np.random.default_rng(1))
    said = (model.outputs(prompts) @ model.embeddings.T).argmax(axis=1)
    np.testing.assert_array_equal(said, task.labels)


def test_either_part_alone_loses_facts():
    """Heads and MLP share the facts: without its MLP, or without the heads' own output."""
    task, Phi = drawn(d=40)
    model = fit(task, Phi, (10, 8), width=12).code.decode(Phi)
    heads = replace(model, mlp=None)
    assert certify(heads, task, length=32).certified.mean() < 0.9
    X = model.attended(attended_tokens(task, [np.arange(16), 16 + np.arange(8)]))
    said = (model.mlp(X) @ Phi.T).argmax(axis=1)
    assert (said == task.labels).mean() < 0.9


@pytest.mark.parametrize("bits", [1, 3])
def test_gradients_of_all_weights_are_those_of_the_loss(bits):
    """By differences in double precision, weight by weight."""
    task, Phi = drawn(S=5, R=3, D=2, d=7)
    table = attention_values._Table.of(task, Phi.astype(np.float64))
    rng = np.random.default_rng(0)
    values = [
        attention_values._odd(rng.uniform(-1, 1, (2, size, 7)).astype(np.float32), bits)
        for size in (3, 2, 4)
    ]

    def scores(changed):
        tables = table.tables(changed)
        return table.behind(tables, table.neurons(changed, tables, [bits] * 3))

    lead = scores(values)
    rng = np.random.default_rng(1)
    blame = rng.standard_normal(lead.shape).astype(np.float32)
    blame[table.right] = 0
    # Leads are relative to the right answer's score, whose gradient is minus the sum.
    blame[np.arange(len(blame)), table.labels] = -blame.sum(axis=1)
    tables = table.tables(values)
    slopes = attention_values._slopes(
        table, values, tables, table.neurons(values, tables, [bits] * 3), blame
    )
    competes = np.isfinite(lead)
    for part, slope in enumerate(slopes):
        for place in [(0, 1, 3), (1, 0, 6)]:
            ends = []
            for step in (0.5, -0.5):
                changed = [each.copy() for each in values]
                changed[part][place] += step
                ends.append(float((scores(changed) * blame)[competes].astype(np.float64).sum()))
            # Scores are of degree 2 in any one weight: differences are exact.
            assert slope[place] == pytest.approx(ends[0] - ends[1], rel=2e-3, abs=2e-3)


def test_embeddings_that_are_stored_are_signs():
    task, Phi = drawn()
    assert complaint(fit, task, Phi, stored=True).endswith("are to be 1 or -1")


def test_a_model_that_is_rounded_afterwards_needs_more_than_twice_the_bits():
    """The same table, by convex values that are rounded; in fewer bits than three it is lost."""
    task, Phi = drawn()
    spent = fit(task, Phi).code.bits
    rounded = encode(attention_only(task, Phi, rng=np.random.default_rng(0)), 3)
    assert not certify(rounded.decode(Phi), task, length=32).certified.all()
    assert rounded.bits > 2 * spent


def test_a_fit_without_room_says_how_many_facts_it_lost():
    task, Phi = drawn()
    found = fit(task, Phi, (3, 2), sweeps=2)
    margins = certify(found.code.decode(Phi), task, length=32).margin
    assert 0 < found.lost < len(task)
    assert found.lost >= int((margins <= 0).sum()) > 0


def test_the_last_facts_are_recalled_by_single_weights():
    task, Phi = drawn(S=16, R=16, D=8, d=96)
    without = fit(task, Phi, (15, 11), sweeps=0)
    found = fit(task, Phi, (15, 11), sweeps=40)
    assert 0 < without.lost < 64
    assert found.lost == 0


def test_any_of_several_right_answers_will_do():
    task, Phi = drawn(S=40, R=2, D=6, d=48)
    # The other answers of relation 0 are all right, so that its facts need no bits.
    first = np.flatnonzero(task.facts[:, 1] == 0)
    also = [(x, a) for x in first for a in range(6) if a != task.facts[x, 2]]
    many = replace(task, also=np.array(also))
    tight = fit(task, Phi, (3, 2), sweeps=4, steps=300)
    loose = fit(many, Phi, (3, 2), sweeps=4, steps=300)
    assert loose.lost < tight.lost


def test_facts_need_not_fill_the_grid_nor_embeddings_have_norm_1():
    task, Phi = drawn()
    some = RecallTask(16, 8, 32, task.facts[::2], 16)
    found = fit(some, 100 * Phi)
    assert found.lost == 0
    assert certify(found.code.decode(100 * Phi), some, length=32).certified.all()


def test_the_same_randomness_gives_the_same_bits():
    task, Phi = drawn()
    first, again, other = (fit(task, Phi, (4, 3), seed, steps=50) for seed in (0, 0, 1))
    assert first.code.data == again.code.data != other.code.data


def test_keys_that_cannot_single_out_tokens_are_refused():
    task, Phi = drawn(d=8)
    with pytest.raises(InputError) as caught:
        fit(task, Phi, key_bits=2)
    assert one_line(caught.value).startswith("no keys of up to 2 bits tell 16 tokens from 25 ")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"bits": 0}, "bits = 0"), ({"bits": 17}, "bits = 17"), ({"steps": 0}, "steps = 0"),
     ({"key_bits": 17}, "bits = 17")],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(options, said):
    with pytest.raises(InputError) as caught:
        fit(*drawn(), **options)
    assert said in one_line(caught.value)


def test_value_dimensions_follow_the_bits_of_sets_and_of_facts():
    task, _ = drawn(S=64, R=64, D=8)
    # 512!/8!^64 sets, 8^4096 choices.
    assert value_dims_of(task, 40) == (40, 19)
    single = RecallTask(3, 1, 1, np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]]))
    assert value_dims_of(single, 4) == (4, 2)
    with pytest.raises(InputError):
        value_dims_of(task, 0)
