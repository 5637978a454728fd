"""Transformers of few bits in files: a row of bytes that is read as it is counted, or refused."""

import json

import numpy as np
import pytest

from assoc import InputError
from assoc.bits.attention_codes import sign_embeddings
from assoc.bits.attention_fit import fit_attention
from assoc.facts.recall_task import balanced_task
from assoc.transformers.certificates import certify
from assoc.transformers.model import Transformer
from tests.helpers.extras import needs
from tests.helpers.oracles import complaint, one_line
from tests.helpers.packed import by_the_header, header_of
from theory.facts import model_files, packed_files
from theory.facts.ask import ask
from theory.facts.model_files import StoredModel, load_model, save_model
from theory.facts.packed_files import Packed, drawn_embeddings

needs("export")

from safetensors.numpy import load, save  # noqa: E402

TEXTS = (*"abcdef", "R", "S", *"uvwxyz")


@pytest.fixture(scope="module")
def whole():
    """A model of six subjects that holds everything, with embeddings that are drawn."""
    rng = np.random.default_rng(0)
    drawn = balanced_task(6, 2, 3, noise=4, rng=rng)
    names = (*TEXTS, *(f"<noise {k}>" for k in range(4)), "<end>")
    task = type(drawn)(6, 2, 6, drawn.facts, 4, names)
    Phi = drawn_embeddings(task, 24, 3)
    found = fit_attention(task, Phi, rng=rng, value_dims=(6, 4), steps=200)
    assert found.lost == 0
    model = found.code.decode(Phi)
    return StoredModel(model, task, TEXTS, 32, "few bits", Packed(found.code, 3))


@pytest.fixture
def path(whole, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, whole, origin={"seed": 0})
    return path


def test_what_is_read_is_what_was_written(whole, path):
    again = load_model(path)
    assert again.packed == whole.packed
    assert again.model.bits == whole.packed.code.bits
    for name in ("W_K", "W_Q", "W_V", "W_O"):
        first, second = (getattr(each.model.attention, name) for each in (whole, again))
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(again.model.embeddings, whole.model.embeddings)
    assert certify(again.model, again.task, length=32).certified.all()
    arrays = load(path.read_bytes())
    assert set(arrays) == {"facts", "weights"}
    assert arrays["weights"].dtype == np.uint8
    assert arrays["weights"].nbytes == len(whole.packed.code.data)
    # No matrix is left beside the bytes, nor the embeddings, which are drawn again.
    assert path.stat().st_size < whole.model.embeddings.nbytes + 3000


def test_every_fact_is_answered_from_the_file(path):
    again = load_model(path)
    for s, r, a in again.task.facts.tolist():
        answer = ask(again, again.texts[s], again.texts[6 + r], seed=3)
        assert answer.answer == answer.taught == again.texts[8 + a]
        assert answer.certified


def test_embeddings_of_the_users_own_are_in_the_file(whole, tmp_path):
    rng = np.random.default_rng(1)
    Phi = rng.standard_normal((whole.task.vocabulary, 24))
    code = fit_attention(whole.task, Phi, rng=rng, value_dims=(6, 4), steps=200).code
    own = StoredModel(code.decode(Phi), whole.task, TEXTS, 32, "mine", Packed(code, None))
    save_model(tmp_path / "m", own, origin={})
    again = load_model(tmp_path / "m")
    np.testing.assert_array_equal(again.model.embeddings, Phi)
    assert again.packed == own.packed


@pytest.mark.parametrize("stored", [False, True])
def test_an_mlp_and_stored_embeddings_are_read_as_they_were_written(whole, stored, tmp_path):
    Phi = drawn_embeddings(whole.task, 24, 3)
    Phi = sign_embeddings(Phi > 0) if stored else Phi
    code = fit_attention(
        whole.task, Phi, rng=np.random.default_rng(0), value_dims=(6, 4), width=5, mlp_bits=2,
        stored=stored, steps=50,
    ).code  # fmt: skip
    model = code.decode(None if stored else Phi)
    ours = StoredModel(
        model, whole.task, TEXTS, 32, "few bits", Packed(code, None if stored else 3)
    )
    save_model(tmp_path / "m", ours, origin={})
    again = load_model(tmp_path / "m")
    assert again.packed == ours.packed
    np.testing.assert_array_equal(again.model.mlp.W, model.mlp.W)
    np.testing.assert_array_equal(again.model.embeddings, model.embeddings)
    assert set(load((tmp_path / "m").read_bytes())) == {"facts", "weights"}
    # Sizes that do not fit the bytes, or more than one place that embeddings are from.
    for entries, said in (
        ({"width": 6}, " bytes of weights for a layout of "),
        ({"mlp_bits": 17}, "bits = 17 is not between 1 and 16"),
        ({"tokens": 9 - 9 * stored}, "embeddings are either drawn or stored"),
        ({"width": "five"}, "its header is damaged: 'packed' has no layout"),
    ):
        save_model(tmp_path / "m", ours, origin={})
        changed(tmp_path / "m", packed=with_(**entries))
        assert said in complaint(load_model, tmp_path / "m")


def test_files_older_than_an_mlp_in_bits_are_read(whole, path):
    older = ("width", "mlp_bits", "tokens")
    changed(path, packed=lambda p: {key: p[key] for key in p if key not in older})
    assert load_model(path).packed == whole.packed


def changed(path, *, arrays=lambda t: t, header=lambda h: h, packed=lambda p: p, seal=True):
    """Write the file again with something else in it, with or without fresh checksums."""
    tensors, ours = arrays(load(path.read_bytes())), header(header_of(path))
    if "packed" in ours:
        ours["packed"] = packed(ours["packed"])
    if seal:
        rest = {key: value for key, value in ours.items() if key not in ("arrays", "sha256")}
        ours = model_files._sealed(rest, tensors)
    path.write_bytes(save(tensors, metadata={"recall": json.dumps(ours)}))
    return path


def cut(by):
    def shorter(tensors):
        data = tensors["weights"]
        longer = np.append(data, np.zeros(max(-by, 0), np.uint8))
        return tensors | {"weights": np.ascontiguousarray(longer[: len(data) - by])}

    return shorter


def with_(**entries):
    return lambda old: {**old, **entries}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arrays": cut(1)}, "79 bytes of weights for a layout of 80"),
        ({"arrays": cut(-1)}, "81 bytes of weights for a layout of 80"),
        ({"packed": with_(d=25)}, "80 bytes of weights for a layout of 85"),
        ({"packed": with_(bits=2)}, "80 bytes of weights for a layout of 140"),
        ({"packed": with_(value_dims=[6, 3])}, "80 bytes of weights for a layout of 74"),
        ({"packed": with_(value_dims=[5, 5])}, None),
        ({"packed": with_(value_dims=[])}, "a layout without heads"),
        ({"packed": with_(value_dims="many")}, "its header is damaged: 'packed' has no layout"),
        ({"packed": with_(d=True)}, "its header is damaged: 'packed' has no layout"),
        ({"packed": with_(bits=0)}, "bits = 0 is not between 1 and 16"),
        ({"packed": lambda p: 7}, "its header is damaged: 'packed' has no layout"),
        ({"header": with_(bits=4)}, "its header counts 4 bits, and its layout takes "),
        ({"header": with_(bits=None)}, "its header counts None bits, and its layout takes "),
        ({"packed": with_(drawn=None)}, "embeddings are either drawn or stored"),
        ({"packed": with_(drawn={"seed": -1})}, "seed -1 is negative"),
        ({"packed": with_(drawn={"seed": "x"})}, "its header is damaged: 'drawn' has no seed"),
        ({"packed": with_(drawn={"seed": 4})}, "the embeddings drawn from seed 4 are not those"),
        ({"arrays": lambda t: {"facts": t["facts"]}}, "its header is damaged: arrays ['facts']"),
        (
            {"arrays": lambda t: t | {"weights": t["weights"].astype(np.float32)}, "seal": False},
            "the array 'weights' is of F32; U8 is needed",
        ),
        (
            {"arrays": lambda t: t | {"weights": t["weights"] ^ 1}, "seal": False},
            "the array 'weights' was changed",
        ),
    ],
)
def test_what_is_cut_or_disagrees_is_refused_in_one_line(path, change, said):
    changed(path, **change)
    if said is None:
        # As many bytes in other heads: nothing disagrees, and what is read is another model.
        assert not certify(load_model(path).model, load_model(path).task, length=32).certified.all()
        return
    with pytest.raises(InputError) as caught:
        load_model(path)
    assert one_line(caught.value).removeprefix(f"{path}: ").startswith(said)


@pytest.mark.parametrize("kept", [0, 7, 300, -1])
def test_a_truncated_file_is_refused(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    assert complaint(load_model, path).startswith(f"{path}: truncated, or not a safetensors file")


def test_a_matrix_in_the_place_of_bytes_is_refused(whole, path):
    """The two forms do not mix: a packed file has no matrices."""
    heads = whole.model.attention
    changed(path, arrays=lambda t: t | {"W_K": heads.W_K})
    assert "arrays ['W_K', 'facts', 'weights'] are not those of" in complaint(load_model, path)


def test_bytes_are_read_without_this_package(whole, path):
    """By what the header says in words: NumPy alone, and softmax written out."""
    entry = header_of(path)["packed"]
    arrays = by_the_header(entry, load(path.read_bytes())["weights"])
    ours = whole.model.attention
    for name, W in arrays.items():
        np.testing.assert_array_equal(W, getattr(ours, name))
    assert entry["order"] == packed_files.ORDER


def test_a_model_of_few_bits_is_a_plain_transformer(whole):
    assert type(whole.model) is Transformer
