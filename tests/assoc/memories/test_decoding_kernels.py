"""Certificates do not depend on the matrix product: other kernels of BLAS round otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from assoc.embeddings import sphere
from assoc.facts.recall_task import balanced_task
from assoc.transformers.attention_only import attention_only

ROOT = Path(__file__).parents[3]
KERNELS = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX")

SCRIPT = """
import sys
import numpy as np
from numpy.polynomial import Polynomial
from threadpoolctl import threadpool_info
from assoc import Factors, certified_margins
from assoc.facts.recall_task import balanced_task
from assoc.memories.networks import Gated, TwoLayer
from assoc.transformers.certificates import certify
from assoc.transformers.model import Attention, Transformer

given = np.load(sys.argv[1])
E, U, W, V, P = (given[name] for name in ("E", "U", "W", "V", "P"))
found = {}
memories = {
    "matrix": Factors((W[:64],)),
    "factors": Factors((V.T, W)),
    "two-layer": TwoLayer(W, V, Polynomial([0.0, 0.3, -0.5, 0.25])),
    "gated": Gated(W, P, V, 2),
}
for name, memory in memories.items():
    # The best of the first half, which no rounding decides; its twin in the second half is near.
    f = (memory(E) @ U[: len(U) // 2].T).argmax(axis=1)
    made = certified_margins(memory, E, U, f)
    found |= {f"{name} margin": made.margin, f"{name} bound": made.bound}
task = balanced_task(8, 4, 3, noise=5, rng=np.random.default_rng(0))
Phi = given["Phi"]
heads = [given[name] for name in ("W_K", "W_Q", "W_V", "W_O")]
made = certify(Transformer(Phi, Attention(*heads)), task, length=8)
found |= {"attention margin": made.margin, "attention bound": made.bound}
(blas,) = [each for each in threadpool_info() if "numpy" in each["filepath"]][:1]
np.savez(sys.argv[2], architecture=blas.get("architecture", ""), **found)
"""


def near_ties(folder):
    """Memories, and outputs of which each has a twin, a rounding or much more away."""
    rng = np.random.default_rng(0)
    E, half = sphere(160, 64, rng=rng), sphere(80, 64, rng=rng)
    apart = 10.0 ** np.concatenate(
        [rng.uniform(-17.5, -15, (40, 1)), rng.uniform(-15, -3, (40, 1))]
    )
    U = np.concatenate([half, half + apart * rng.standard_normal((80, 64))])
    W, V, P = (rng.standard_normal((128, 64)) for _ in range(3))
    task = balanced_task(8, 4, 3, noise=5, rng=np.random.default_rng(0))
    Phi = sphere(task.vocabulary, 24, rng=rng)
    heads = attention_only(task, Phi, rng=rng).attention
    path = folder / "given.npz"
    np.savez(
        path, E=E, U=U, W=W, V=V, P=P, Phi=Phi,
        W_K=heads.W_K, W_Q=heads.W_Q, W_V=heads.W_V, W_O=heads.W_O,
    )  # fmt: skip
    return path


@pytest.mark.skipif(
    all(each["internal_api"] != "openblas" for each in threadpool_info()),
    reason="NumPy has another BLAS than OpenBLAS",
)
def test_what_one_kernel_certifies_every_kernel_recalls(tmp_path):
    given, found = near_ties(tmp_path), {}
    for kernel in KERNELS:
        out = tmp_path / f"{kernel}.npz"
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(given), str(out)],
            env={**os.environ, "OPENBLAS_CORETYPE": kernel, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        # A processor may lack what a kernel needs.
        if done.returncode == 0:
            with np.load(out) as made:
                found[str(made["architecture"])] = dict(made)
    if len(found) < 2:
        pytest.skip("this machine has one kernel")
    names = [name.removesuffix(" margin") for name in made if name.endswith(" margin")]
    differs = 0
    for name in names:
        margin, bound = (
            np.array([one[f"{name} {what}"] for one in found.values()])
            for what in ("margin", "bound")
        )
        assert (bound >= 0).all()
        differs += (margin != margin[0]).any()
        assert (margin[:, (margin > bound).any(axis=0)] > 0).all()
        # Each is within its bound of one exact margin.
        assert (margin.max(axis=0) - margin.min(axis=0) <= 2 * bound.max(axis=0)).all()
        assert (margin > bound).any()
    # The kernels did round otherwise.
    assert differs
