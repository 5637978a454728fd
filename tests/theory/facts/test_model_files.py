"""Transformers in files, whole or refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assoc import InputError
from assoc.catalogue import resolve_transformer
from assoc.embeddings import sphere
from assoc.facts.recall_task import RecallTask, balanced_task
from tests.helpers.extras import needs
from tests.helpers.oracles import complaint, one_line
from theory.facts import model_files as module
from theory.facts.ask import ask
from theory.facts.model_files import StoredModel, load_model, save_model

needs("export")

from safetensors.numpy import load, save  # noqa: E402


def stored(mlp="attention-mlp", dtype=np.float32, **options):
    rng = np.random.default_rng(0)
    drawn = balanced_task(5, 2, 3, noise=4, rng=rng)
    texts = (*"abcde", "R", "S", *"uvwxyz")
    names = (*texts, *(f"<noise {k}>" for k in range(4)), "<end>")
    task = RecallTask(5, 2, 6, drawn.facts, 4, names)
    Phi = sphere(task.vocabulary, 24, rng=rng).astype(dtype)
    if mlp:
        options = {"width": 30} | options
    model = resolve_transformer(mlp or "attention-only", **options)[1](task, Phi, rng=rng)
    return StoredModel(model, task, texts, 32, "a model")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, stored(), origin={"seed": 0})
    return path


@pytest.mark.parametrize(
    ("mlp", "options"),
    [
        (None, {}),
        ("attention-mlp", {}),
        ("attention-mlp-sign", {}),
        ("attention-mlp-sign", {"gates": "sign"}),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_read_is_what_was_written(tmp_path, mlp, options, dtype):
    model = stored(mlp, dtype, **options)
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
    assert type(again.model.mlp) is type(model.model.mlp)


def test_every_fact_is_answered_from_the_file(path):
    again = load_model(path)
    for s, r, a in again.task.facts.tolist():
        answer = ask(again, again.texts[s], again.texts[5 + r], seed=3)
        assert answer.answer == answer.taught == again.texts[7 + a]
        assert answer.certified


def test_right_sets_are_kept_and_any_of_them_is_an_answer(tmp_path):
    model = stored()
    s, r, a = model.task.facts[0].tolist()
    facts = model.task.facts.copy()
    facts[0, 2] = other = 3 * r + (a + 1) % 3
    third = 3 * r + (a + 2) % 3
    task = replace(model.task, facts=facts, also=np.array([[0, a], [0, third]]))
    save_model(tmp_path / "m", replace(model, task=task), origin={})
    again = load_model(tmp_path / "m")
    np.testing.assert_array_equal(again.task.also, task.also)
    answer = ask(again, again.texts[s], again.texts[5 + r], seed=3)
    assert answer.answer == again.texts[7 + a]
    assert answer.taught == again.texts[7 + other]
    assert answer.right == tuple(again.texts[7 + y] for y in (other, a, third))
    assert answer.certified
    assert ask(again, "a" if s else "b", again.texts[5 + r]).right == (
        ask(again, "a" if s else "b", again.texts[5 + r]).taught,
    )
    # A file without sets has no array of them.
    save_model(tmp_path / "plain", model, origin={})
    assert "also" not in load((tmp_path / "plain").read_bytes())


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ([[0, 9]], "also[0] = [0, 9] is no input and output: N = 10, M = 6"),
        ([0, 1], "the array 'also' has shape (2,); 2 axes are needed"),
        ([[0, 1, 2]], "also: rows (input, answer) of integers are needed, not int64 of shape (1,"),
    ],
)
def test_right_sets_that_are_none_are_refused(path, also, said):
    with pytest.raises(InputError) as caught:
        load_model(changed(path, arrays=lambda ours: ours | {"also": np.array(also)}))
    assert one_line(caught.value).removeprefix(f"{path}: ").startswith(said)


def test_right_sets_of_fractions_are_refused(path):
    changed(path, arrays=lambda ours: ours | {"also": np.array([[0, 5]])})
    changed(path, arrays=replaced("also", lambda also: also.astype(float)), seal=False)
    said = f"{path}: the array 'also' is of F64; I64 is needed; export it again"
    assert complaint(load_model, path) == said


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


def taken_apart(content):
    """Arrays of a file, and our document in its header."""
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    return load(content), json.loads(metadata["recall"])


def changed(path, *, arrays=None, header=None, key="recall", seal=True):
    """Write the file again with other arrays or another header, with or without its checksums."""
    tensors, ours = taken_apart(path.read_bytes())
    tensors = (arrays or (lambda t: t))(tensors)
    ours = {**ours, **(header or {})}
    ours = {name: value for name, value in ours.items() if value is not ...}
    if seal:
        described = {"arrays", "sha256"} - (header or {}).keys()
        ours = module._sealed({k: v for k, v in ours.items() if k not in described}, tensors)
    path.write_bytes(save(tensors, metadata={key: json.dumps(ours)}))
    return path


def without(name):
    return lambda t: {key: value for key, value in t.items() if key != name}


def replaced(name, change):
    return lambda t: t | {name: np.ascontiguousarray(change(t[name]))}


def nan(array):
    array = array.copy()
    array.flat[3] = np.nan
    return array


CRAFTED = [
    ({"arrays": without("W_Q")}, "its header is damaged: arrays ['W_K', 'W_O', 'W_V', 'embeddin"),
    ({"arrays": without("facts")}, "its header is damaged: arrays ['W_K', 'W_O', 'W_Q', 'W_V', 'e"),
    ({"arrays": without("mlp.V")}, "its header is damaged: arrays ['W_K', "),
    ({"arrays": lambda t: t | {"more": t["W_V"]}}, "its header is damaged: arrays ['W_K', "),
    ({"arrays": replaced("W_V", nan)}, "the array 'W_V' has entries that are not finite"),
    ({"arrays": replaced("W_O", lambda W: W[:, :, :-1])}, "shapes do not fit: embeddings (18, 24)"),
    ({"arrays": replaced("W_O", lambda W: W[0])}, "the array 'W_O' has shape (1, 24); 3 axes"),
    ({"arrays": replaced("W_O", lambda W: W[:0])}, "the array 'W_O' has shape (0, 1, 24); 3 axe"),
    ({"arrays": replaced("embeddings", lambda E: E[:, :-1])}, "shapes do not fit: embeddings"),
    ({"arrays": replaced("mlp.W", lambda W: W[:-1])}, "shapes do not fit: mlp.W (29, 24), mlp.V"),
    ({"arrays": replaced("embeddings", lambda E: E[:-1])}, "17 embeddings and 13 texts for a voc"),
    ({"arrays": replaced("facts", lambda f: f + 99)}, "facts: a number is outside of S, R, A"),
    ({"header": {"noise": "many"}}, "its header is damaged: 'noise' is not an integer from 0 on"),
    ({"header": {"noise": float("inf")}}, "its header is damaged: 'noise' is not an integer from"),
    ({"header": {"noise": 10**30}}, "its header is damaged: 'noise' is not an integer from 0 on"),
    ({"header": {"subjects": True}}, "its header is damaged: 'subjects' is not an integer from 1"),
    ({"header": {"relations": ...}}, "its header is damaged: 'relations' is missing"),
    ({"header": {"length": 2}}, "its header is damaged: 'length' is not an integer from 3 on"),
    ({"header": {"bits": 0}}, "its header is damaged: 'bits' is not an integer from 1 on"),
    ({"header": {"label": ...}}, "its header is damaged: 'label' is missing"),
    ({"header": {"label": "\ud800"}}, "its header is damaged: 'label' is not a text"),
    ({"header": {"vocabulary": "abc"}}, "its header is damaged: 'vocabulary' is not a list of"),
    ({"header": {"texts": [1]}}, "its header is damaged: 'texts' is not a list of texts"),
    ({"header": {"texts": ["a"]}}, "18 embeddings and 1 texts for a vocabulary of 18, 13"),
    ({"header": {"format": "recall, version 9"}}, "its format is 'recall, version 9'; this vers"),
    ({"header": {"format": ...}}, "its format is None; this version reads"),
    ({"key": "other"}, "a safetensors file, but not one of recall's"),
]
"""Files of somebody who knows how the checksums are made."""

DAMAGED = [
    ({"arrays": without("W_Q")}, "the array 'W_Q' is missing"),
    ({"arrays": without("mlp.W")}, "the array 'mlp.W' is missing"),
    ({"arrays": lambda t: t | {"W_X": t["W_V"]}}, "the array 'W_X' is not of its header"),
    (
        {"arrays": replaced("W_V", lambda W: W.astype(np.float64))},
        "the array 'W_V' has dtype F64",
    ),
    (
        {"arrays": replaced("W_V", lambda W: W.astype(np.float16))},
        "the array 'W_V' is of F16; F32",
    ),
    ({"arrays": replaced("W_V", lambda W: W.view(np.int32))}, "the array 'W_V' is of I32; F32 or"),
    ({"arrays": replaced("facts", lambda f: f.astype(float))}, "the array 'facts' is of F64; I64"),
    ({"arrays": replaced("facts", lambda f: f[::2])}, "the array 'facts' has shape [5, 3], and ["),
    ({"arrays": replaced("facts", lambda f: f[::-1])}, "the array 'facts' was changed (its check"),
    ({"arrays": replaced("mlp.activation", lambda c: -c)}, "the array 'mlp.activation' was chang"),
    ({"header": {"noise": 3}}, "its header was changed (its checksum is another)"),
    ({"header": {"texts": list("abcdefghijklm")}}, "its header was changed"),
    ({"header": {"sha256": ...}}, "its header was changed"),
    ({"header": {"arrays": {}}}, "its header was changed"),
]
"""Files that something happened to."""


@pytest.mark.parametrize(("change", "said"), CRAFTED, ids=[said for _, said in CRAFTED])
def test_a_file_that_was_made_up_is_refused(path, change, said):
    text = complaint(load_model, changed(path, **change))
    assert text.removeprefix(f"{path}: ").startswith(said)


@pytest.mark.parametrize(("change", "said"), DAMAGED, ids=[said for _, said in DAMAGED])
def test_a_file_that_was_damaged_is_refused(path, change, said):
    text = complaint(load_model, changed(path, **change, seal=False))
    assert text.removeprefix(f"{path}: ").startswith(said)
    assert text.endswith("export it again")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "its header is damaged (not JSON of ours); export it again"),
        ("[" * 10**5, "its header is damaged (not JSON of ours); export it again"),
        ('{"format": ' + "[" * 300 + "]" * 300 + "}", "its format is [[[["),
        ("[]", "its format is []; this version reads "),
        ("9" * 10**4, "its header is damaged (not JSON of ours); export it again"),
        (
            '{"format": "recall one-layer transformer, version 1"}',
            "its format is 'recall one-layer transformer, version 1'; this version reads "
            "'recall one-layer transformer, version 2' and 'recall one-layer transformer in few "
            "bits, version 1': export it again with recall facts --export",
        ),
    ],
    ids=["cut", "deep", "nested", "list", "digits", "version 1"],
)
def test_a_header_that_is_not_ours_is_refused(path, text, said):
    tensors, _ = taken_apart(path.read_bytes())
    path.write_bytes(save(tensors, metadata={"recall": text}))
    assert complaint(load_model, path).removeprefix(f"{path}: ").startswith(said)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "U8", "BOOL"])
def test_types_that_numpy_lacks_are_named(path, dtype):
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    outer = json.loads(content[8 : 8 + size])
    axes = {"BF16": 2}.get(dtype, 4)
    outer["W_V"]["dtype"] = dtype
    outer["W_V"]["shape"][-1] *= axes
    text = json.dumps(outer).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])
    assert complaint(load_model, path) == (
        f"{path}: the array 'W_V' is of {dtype}; F32 or F64 is needed; export it again"
    )


def test_weights_of_other_types_are_not_written(tmp_path):
    model = stored()
    half = replace(model.model.attention, W_V=model.model.attention.W_V.astype(np.float16))
    other = replace(model, model=replace(model.model, attention=half))
    assert complaint(save_model, tmp_path / "m", other, origin={}).endswith(
        "'W_V' is of float16; single or double precision is stored"
    )


def test_bits_of_rounded_weights_are_kept(tmp_path):
    model = stored()
    save_model(tmp_path / "m", replace(model, model=replace(model.model, bits=96)), origin={})
    assert load_model(tmp_path / "m").model.bits == 96


def same(one, other):
    """Whether two models are the same, to the bit."""

    def arrays(stored):
        model, mlp = stored.model, stored.model.mlp
        network = [] if mlp is None else [mlp.W, mlp.V, mlp.activation.coef]
        heads = [getattr(model.attention, name) for name in module.WEIGHTS]
        return [model.embeddings, stored.task.facts, *heads, *network]

    first, second = arrays(one), arrays(other)
    equal = all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in zip(first, second, strict=True)
    )
    said = [(m.texts, m.length, m.label, m.task.names, m.task.noise) for m in (one, other)]
    return equal and said[0] == said[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file's bytes, the model in it, and where damaged copies go."""
    path = tmp_path_factory.mktemp("fuzz") / "model.safetensors"
    save_model(path, stored(), origin={"seed": 0})
    return path.read_bytes(), load_model(path), path


def loaded(whole, content):
    """The model in a damaged copy; if it is refused, in one line that names the file, the whole."""
    _, model, path = whole
    path.write_bytes(content)
    try:
        return load_model(path)
    except InputError as error:
        if not one_line(error).startswith(f"{path}: "):
            raise
        return model


@given(data=st.data())
def test_bytes_that_are_cut_or_changed(whole, data):
    """Anywhere, with more weight on the header, which is a small part of the file."""
    content = bytearray(whole[0])
    size = 8 + int.from_bytes(content[:8], "little")
    end = data.draw(st.sampled_from([8, size, len(content)]))
    for place in data.draw(st.lists(st.integers(0, end - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    kept = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    damaged = bytes(content[:kept]) + data.draw(st.sampled_from([b"", b"\0"]))
    assert same(loaded(whole, damaged), whole[1])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(data=st.data())
def test_arrays_and_entries_that_are_dropped_renamed_or_of_other_types(whole, data):
    tensors, ours = taken_apart(whole[0])
    names = st.sampled_from(sorted(tensors))
    for _ in range(data.draw(st.integers(0, 2))):
        name, other = data.draw(names), data.draw(names)
        array = tensors.pop(name, None)
        what = data.draw(st.sampled_from(["drop", "rename", "swap", "type", "half", "turn"]))
        if array is None or what == "drop":
            continue
        if what == "rename":
            tensors[data.draw(st.text(max_size=3))] = array
            continue
        if what == "swap" and other in tensors:
            array, tensors[other] = tensors[other], array
        if what == "type":
            array = array.astype(data.draw(st.sampled_from([np.float16, np.float64, np.int32])))
        if what == "half":
            array = array[::2]
        if what == "turn":
            array = array[..., ::-1]
        tensors[name] = np.ascontiguousarray(array)
    entry = data.draw(st.sampled_from([None, *ours]))
    if entry is not None:
        ours[entry] = data.draw(json_values)
        if entry not in ("arrays", "sha256") and data.draw(st.booleans()):
            ours["sha256"] = module._digest(ours)
    again = loaded(whole, save(tensors, metadata={"recall": json.dumps(ours)}))
    # Only an entry for which a checksum was made can be another.
    field = {"vocabulary": "task"}.get(entry, entry)
    own = {field: getattr(whole[1], field)} if field in ("label", "length", "task", "texts") else {}
    assert same(replace(again, **own), whole[1])


def test_nothing_is_lost_where_a_file_cannot_be_written(path, tmp_path):
    before = path.read_bytes()
    with pytest.raises(InputError, match="no such folder"):
        save_model(tmp_path / "far" / "model", stored(), origin={})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
