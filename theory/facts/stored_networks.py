r"""The network of a model file: which arrays it is, and back.

======================================  ==========================================================
``mlp.W``, ``mlp.V``, and               the network V^T sigma(W x + b) with
======================================  ==========================================================
``mlp.activation``                      sigma a polynomial of these coefficients, b = 0
``mlp.phase``                           sigma the triangle wave of slope sgn cos z, b these phases
nothing else                            sigma(z) = \|z\|, b = 0
======================================  ==========================================================
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from assoc.errors import InputError
from assoc.memories.networks import TwoLayer
from assoc.memories.sign_networks import PiecewiseLinear
from assoc.transformers.model import Network

__all__ = ["NETWORK_DIMENSIONS", "network_arrays", "network_of", "network_sets"]

MATRICES = ("mlp.W", "mlp.V")
ACTIVATION, PHASE = "mlp.activation", "mlp.phase"

NETWORK_DIMENSIONS = {"mlp.W": 2, "mlp.V": 2, ACTIVATION: 1, PHASE: 1}
"""Axes of each array."""


def network_sets() -> list[set[str]]:
    """Sets of arrays that a file may have for its network; the empty one stands for none.

    Examples
    --------
    >>> [sorted(each) for each in network_sets()][:2]
    [[], ['mlp.V', 'mlp.W']]
    """
    return [set(), {*MATRICES}, {*MATRICES, ACTIVATION}, {*MATRICES, PHASE}]


def network_arrays(network: Network) -> dict[str, Any]:
    """Return the arrays of a network by name.

    Examples
    --------
    >>> list(network_arrays(PiecewiseLinear(np.eye(2), np.eye(2))))
    ['mlp.W', 'mlp.V']
    """
    arrays: dict[str, Any] = dict(zip(MATRICES, (network.W, network.V), strict=True))
    if isinstance(network, TwoLayer):
        arrays[ACTIVATION] = np.asarray(network.activation.coef)
    elif network.phase is not None:
        arrays[PHASE] = network.phase
    return arrays


def network_of(path: Path, arrays: Mapping[str, Any], d: int) -> Network | None:
    """Return the network that arrays of a file are, or None where it has none.

    Parameters
    ----------
    path : the file, for messages.
    arrays : all arrays of the file, of one of the sets of :func:`network_sets` and others.
    d : dimension of the embeddings.

    Raises
    ------
    InputError
        If they do not fit each other.
    """
    if MATRICES[0] not in arrays:
        return None
    W, V = (arrays[name] for name in MATRICES)
    if W.shape != V.shape or W.shape[1] != d:
        raise InputError(f"{path}: shapes do not fit: mlp.W {W.shape}, mlp.V {V.shape}, d = {d}")
    if ACTIVATION in arrays:
        return TwoLayer(W, V, Polynomial(arrays[ACTIVATION]))
    phase = arrays.get(PHASE)
    if phase is not None and phase.shape != W.shape[:1]:
        raise InputError(f"{path}: shapes do not fit: mlp.W {W.shape}, mlp.phase {phase.shape}")
    return PiecewiseLinear(W, V, phase)
