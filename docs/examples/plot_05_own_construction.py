r"""
A construction of your own
==========================

A construction is one function ``build(E, U, f, *, rng)`` that returns a memory, any callable that
knows its number of parameters. It is then measured and compared like those of the package, on the same
draws.
"""

import matplotlib.pyplot as plt

import sims
from assoc import Factors

# %%
# Here is one that clips each entry of the outer-product memory to its standard deviation, so that
# weights could be stored in a narrow range.


def clipped(E, U, f, *, rng):
    """Return the outer-product memory with its entries clipped to one standard deviation."""
    W = U[f].T @ E
    return Factors((W.clip(-W.std(), W.std()),))


# %%
# Signs alone keep :math:`2/\pi` of the capacity; clipping keeps more.

sizes = [30, 60, 90, 120, 180, 240]
found = sims.compare(["linear", clipped, "sign"], d=64, N=sizes, trials=20, seed=0)

fig, ax = plt.subplots(layout="constrained")
found.plot(ax)

# %%
# Draws are shared, so the differences are sharper than the curves.

found.to_frame()
