"""A table's transformers: certified implies recalled, also of what users derive from ours."""

import numpy as np
import pytest

from assoc import InputError, example_path
from assoc.transformers.attention_only import attention_only
from assoc.transformers.model import Transformer
from assoc.vectors.named import NamedVectors, VectorPair
from tests.helpers.oracles import complaint
from theory.facts.transformers import facts_in_transformers


class Mute(Transformer):
    """Weights that store the facts, and answers that do not come from them."""

    def outputs(self, prompts, /):
        return 0 * super().outputs(prompts)


def as_mute(task, embeddings, *, rng):
    model = attention_only(task, embeddings, rng=rng)
    return Mute(model.embeddings, model.attention)


def turned(task, embeddings, *, rng):
    return attention_only(task, -embeddings, rng=rng)


def test_what_is_derived_from_a_transformer_is_asked_and_not_certified(tmp_path):
    file = tmp_path / "facts.csv"
    file.write_text("subject,relation,answer\na,r,x\nb,r,y\n")
    found = facts_in_transformers(file, models=[as_mute], d=16)
    (model,) = found.models
    assert (model.recall, model.certified) == (0.0, None)
    with pytest.raises(InputError, match="only a Transformer can be exported, not Mute"):
        found.stored()


def test_a_model_of_other_embeddings_than_it_was_given_is_refused():
    said = complaint(facts_in_transformers, example_path("countries.csv"), models=[turned], d=64)
    assert said == "transformer 'turned' returned other embeddings than it was given"


def test_two_matrices_are_for_memories():
    one = NamedVectors(np.eye(8), None, "mine.npy")
    table = example_path("countries.csv")
    said = complaint(facts_in_transformers, table, embeddings=VectorPair(one, one))
    assert said == "mine.npy, outputs mine.npy: a transformer's tokens have one matrix of vectors"
    said = complaint(facts_in_transformers, table, embeddings=np.eye(8))
    assert said == "array: vectors without names cannot be matched to a table"
