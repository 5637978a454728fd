"""Exported weights in PyTorch, whose attention nobody here wrote: the same answer to every fact."""

import numpy as np
import pytest

from assoc import example_path, read_facts
from assoc.facts.tables import FactTable
from tests.helpers.extras import needs
from tests.helpers.packed import activation_by_the_header, by_the_header, header_of
from theory.facts.model_files import load_model, save_model
from theory.facts.transformers import facts_in_fewest_bits, facts_in_transformers

torch = needs("torch")
needs("export")

from safetensors.torch import load_file  # noqa: E402
from torch.nn.functional import scaled_dot_product_attention  # noqa: E402

LENGTH = 32


def torch_outputs(arrays, prompts):
    """Outputs of the layer, by torch alone, from nothing but the arrays of the file."""
    x = arrays["embeddings"][prompts]  # (B, T, d)

    def heads(W, x):
        return torch.einsum("btd,hkd->bhtk", x, W)

    queries = heads(arrays["W_Q"], x[:, -1:])
    keys, values = heads(arrays["W_K"], x), heads(arrays["W_V"], x)
    attended = scaled_dot_product_attention(queries, keys, values)  # (B, H, 1, d_h)
    X = torch.einsum("bhk,hkd->bd", attended[:, :, 0], arrays["W_O"])
    if "mlp.W" not in arrays:
        return X
    W, V = arrays["mlp.W"], arrays["mlp.V"]
    hidden = X.to(W.dtype) @ W.T
    if "mlp.activation" not in arrays:
        if "mlp.phase" not in arrays:
            return X + hidden.abs() @ V
        z = hidden + arrays["mlp.phase"]
        turns = torch.round(z / torch.pi)
        return X + (z - torch.pi * turns) * (1 - 2 * (turns % 2)) @ V
    powers = torch.stack([hidden**j for j in range(len(arrays["mlp.activation"]))])
    hidden = torch.einsum("j,jbm->bm", arrays["mlp.activation"].to(hidden.dtype), powers)
    return X + hidden @ V


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        pytest.param("attention-only", {"d": 288}, marks=pytest.mark.slow),
        ("attention-mlp", {"d": 32, "width": 432}),
    ],
)
def test_torch_gives_the_same_answer_to_every_fact_of_the_countries(model, sizes, tmp_path):
    answered_alike(
        facts_in_transformers(example_path("countries.csv"), models=[model], **sizes), tmp_path
    )


@pytest.mark.parametrize("gates", ["square", "sign"])
def test_torch_gives_the_same_answers_through_a_triangle_wave_and_an_absolute_value(
    gates, tmp_path
):
    """By attention in single precision and a network in double precision."""
    names = (tuple(f"{kind} {k}" for k in range(n)) for kind, n in (("s", 8), ("r", 8), ("a", 64)))
    table = FactTable(*names, np.array([(s, r, 8 * r + s) for s in range(8) for r in range(8)]))
    answered_alike(
        facts_in_transformers(table, models=["attention-mlp-sign"], d=64, width=3000, gates=gates),
        tmp_path,
    )


def answered_alike(result, tmp_path):
    """The file's model is certified, and torch and we answer every fact from it."""
    assert result.models[0].certified == 1
    path = tmp_path / "countries.safetensors"
    save_model(path, result.stored(), origin={})
    stored, arrays = load_model(path), load_file(path)
    prompts = stored.task.prompts(LENGTH, rng=np.random.default_rng(5))
    ours = stored.model.outputs(prompts) @ stored.model.embeddings.T
    with torch.inference_mode():
        found = torch_outputs(arrays, torch.from_numpy(prompts))
        theirs = found @ arrays["embeddings"].T.to(found.dtype)
    assert arrays["embeddings"].dtype == torch.float32
    assert (theirs.argmax(dim=1).numpy() == stored.task.labels).all()
    assert (ours.argmax(axis=1) == stored.task.labels).all()
    np.testing.assert_allclose(theirs.numpy(), ours, atol=2e-3 * np.abs(ours).max())


def test_torch_notices_a_head_that_is_left_out(tmp_path):
    """The judge is not blind: without the last head the facts of its relations are lost."""
    result = facts_in_transformers(
        example_path("countries.csv"), models=["attention-mlp"], d=32, width=432
    )
    path = tmp_path / "countries.safetensors"
    save_model(path, result.stored(), origin={})
    stored, arrays = load_model(path), load_file(path)
    arrays["W_V"][-1] = 0
    prompts = stored.task.prompts(LENGTH, rng=np.random.default_rng(5))
    with torch.inference_mode():
        scores = torch_outputs(arrays, torch.from_numpy(prompts)) @ arrays["embeddings"].T
    right = (scores.argmax(dim=1).numpy() == stored.task.labels).mean()
    assert right < 0.95


SMALL_TABLE = FactTable(
    tuple(f"s{k}" for k in range(16)),
    tuple("pqrt"),
    tuple(f"a{k}" for k in range(16)),
    np.array([(s, r, 4 * r + (s * (r + 3) + s // 4) % 4) for s in range(16) for r in range(4)]),
)


@pytest.mark.parametrize(
    ("table", "options"),
    [
        (read_facts(example_path("territories.csv"), several="first"), {"head_dim": 32}),
        (SMALL_TABLE, {"head_dim": 10, "model": "attention-mlp", "bits": 2}),
        (SMALL_TABLE, {"head_dim": 12, "model": "attention-mlp", "embeddings": "stored"}),
    ],
)
def test_torch_runs_what_it_decodes_from_packed_bits(table, options, tmp_path):
    """Bits are read by what the header says of them; only embeddings are drawn by this package."""
    result = facts_in_fewest_bits(table, **options)
    assert result.models[0].certified == 1
    path = tmp_path / "packed.safetensors"
    save_model(path, result.stored(), origin={})
    stored, entry = load_model(path), header_of(path)["packed"]
    found = {"embeddings": stored.model.embeddings} | by_the_header(
        entry, load_file(path)["weights"].numpy()
    )
    Phi = torch.from_numpy(found["embeddings"])
    arrays = {name: torch.from_numpy(W).to(Phi.dtype) for name, W in found.items()}
    if "mlp.W" in arrays:
        arrays["mlp.activation"] = torch.from_numpy(
            activation_by_the_header(entry, found["embeddings"])
        )
    prompts = stored.task.prompts(LENGTH, rng=np.random.default_rng(5))
    with torch.inference_mode():
        theirs = torch_outputs(arrays, torch.from_numpy(prompts)) @ arrays["embeddings"].T
    assert (theirs.argmax(dim=1).numpy() == stored.task.labels).all()
