"""Transformers before they are trained: sizes, formula, tables."""

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.recall_task import balanced_task
from assoc.transformers.model import Attention, OneLayer
from sims.training.memory_models import ReluNetwork
from sims.training.transformer_models import Sizes, choose_sizes, untrained_transformer
from sims.transformers.architecture import Architecture, Shape, table_source
from tests.helpers.training import (
    TABLE,
    draw_transformer,
    prompts_of,
)


def test_embeddings_of_another_dimension_are_refused(rng):
    task = balanced_task(4, 3, 2, noise=5, rng=rng)
    with pytest.raises(InputError, match="embeddings of dimension 6 for a transformer of 8"):
        untrained_transformer(task, np.ones((task.vocabulary, 6)), Sizes(8, 2, 1), rng=rng)


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
    given = draw_transformer(heads=3, head_dim=2)
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
    given, source = draw_transformer(), table_source(TABLE, 0, "tests")
    task, embeddings = TABLE.draw(11, source, 0)
    assert (given.embeddings == embeddings).all()
    assert (given.task.facts == task.facts).all()
    assert (given.key == draw_transformer(d=13, width=2).key).all()
    assert (given.key != draw_transformer(trial=1).key).any()
