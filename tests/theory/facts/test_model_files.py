"""Transformers in files, whole or refused."""

import json

import numpy as np
import pytest

from assoc import InputError
from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task
from assoc.transformers.attention_mlp import attention_mlp
from assoc.transformers.attention_only import attention_only
from tests.helpers.extras import needs
from tests.helpers.oracles import one_line
from theory.facts.ask import ask
from theory.facts.model_files import StoredModel, load_model, save_model

needs("export")

from safetensors.numpy import load, save  # noqa: E402


def stored(mlp=True, dtype=np.float32):
    rng = np.random.default_rng(0)
    drawn = balanced_task(5, 2, 3, noise=4, rng=rng)
    texts = (*"abcde", "R", "S", *"uvwxyz")
    names = (*texts, *(f"<noise {k}>" for k in range(4)), "<end>")
    task = RecallTask(5, 2, 6, drawn.facts, 4, names)
    Phi = sphere(task.vocabulary, 24, rng=rng).astype(dtype)
    if mlp:
        model = attention_mlp(task, Phi, rng=rng, width=30)
    else:
        model = attention_only(task, Phi, rng=rng)
    return StoredModel(model, task, texts, 32, "a model")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, stored(), origin={"seed": 0})
    return path


@pytest.mark.parametrize("mlp", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_read_is_what_was_written(tmp_path, mlp, dtype):
    model = stored(mlp, dtype)
    save_model(tmp_path / "m", model, origin={})
    again = load_model(tmp_path / "m")
    assert (again.texts, again.length, again.label) == (model.texts, 32, "a model")
    assert again.subjects == tuple("abcde")
    assert again.relations == ("R", "S")
    np.testing.assert_array_equal(again.task.facts, model.task.facts)
    assert again.task.names == model.task.names
    prompts = model.task.prompts(9, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(again.model.outputs(prompts), model.model.outputs(prompts))
    assert again.model.parameters == model.model.parameters


def test_every_fact_is_answered_from_the_file(path):
    again = load_model(path)
    for s, r, a in again.task.facts.tolist():
        answer = ask(again, again.texts[s], again.texts[5 + r], seed=3)
        assert answer.answer == answer.taught == again.texts[7 + a]
        assert answer.certified


def test_case_and_unicode_form_are_forgiven_where_one_name_is_meant():
    model = stored()
    texts = ("\u00e9", "E\u0301", "c", "d", "e", *model.texts[5:])
    two = StoredModel(model.model, model.task, texts, 32, "m")
    assert ask(two, "C", "r").subject == "c"
    with pytest.raises(InputError) as caught:
        ask(two, "\u00c9", "R")
    assert one_line(caught.value) == (
        "unknown subject '\u00c9'; did you mean '\u00e9' or 'E\u0301'?"
    )


def changed(path, *, arrays=None, header=None, key="recall"):
    """Write the file again with other arrays or another header."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    ours = json.loads(metadata["recall"])
    tensors = load(content)
    tensors = (arrays or (lambda t: t))(tensors)
    text = header(ours) if header else json.dumps(ours)
    path.write_bytes(save(tensors, metadata={key: text}))
    return path


def without(name):
    return lambda t: {key: value for key, value in t.items() if key != name}


def replaced(name, change):
    return lambda t: t | {name: np.ascontiguousarray(change(t[name]))}


def edited(**changes):
    return lambda ours: json.dumps(ours | changes)


def nan(array):
    array = array.copy()
    array.flat[3] = np.nan
    return array


FILES = [
    ({"arrays": without("W_Q")}, "the array 'W_Q' is missing"),
    ({"arrays": without("facts")}, "the array 'facts' is missing"),
    ({"arrays": without("mlp.V")}, "the array 'mlp.V' is missing"),
    ({"arrays": replaced("W_V", nan)}, "the array 'W_V' has entries that are not finite"),
    ({"arrays": replaced("W_O", lambda W: W[:, :, :-1])}, "shapes do not fit: embeddings (18, 24)"),
    ({"arrays": replaced("embeddings", lambda E: E[:, :-1])}, "shapes do not fit: embeddings"),
    ({"arrays": replaced("mlp.W", lambda W: W[:-1])}, "shapes do not fit: mlp.W (29, 24), mlp.V"),
    ({"arrays": replaced("embeddings", lambda E: E[:-1])}, "17 embeddings and 13 texts for a voc"),
    ({"arrays": replaced("facts", lambda f: f + 99)}, "facts: a number is outside of S, R, A"),
    ({"key": "other"}, "a safetensors file, but not one of recall's"),
    ({"header": lambda ours: "{"}, "its header is damaged (not JSON)"),
    ({"header": lambda ours: "[]"}, "its format is []"),
    ({"header": edited(format="recall, version 9")}, "its format is 'recall, version 9'; this"),
    ({"header": edited(noise="many")}, "its header is damaged (ValueError"),
    ({"header": edited(texts=["a"])}, "18 embeddings and 1 texts for a vocabulary of 18, 13"),
    ({"header": lambda ours: json.dumps({"format": ours["format"]})}, "its header is damaged (Key"),
]


@pytest.mark.parametrize(("change", "said"), FILES, ids=[said for _, said in FILES])
def test_a_file_that_was_tampered_with_is_refused(path, change, said):
    with pytest.raises(InputError) as caught:
        load_model(changed(path, **change))
    text = one_line(caught.value)
    assert text.removeprefix(f"{path}: ").startswith(said)


def test_nothing_is_lost_where_a_file_cannot_be_written(path, tmp_path):
    before = path.read_bytes()
    with pytest.raises(InputError, match="cannot be written"):
        save_model(tmp_path / "far" / "model", stored(), origin={})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
