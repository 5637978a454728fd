r"""
An MLP past :math:`d^2` facts
=============================

One matrix has :math:`d^2` parameters and holds fewer facts than that, whatever is done. A hidden
layer of width :math:`m` holds about :math:`m d / \log N`, so a wide one passes :math:`d^2`. We
search the least width of a network that is read out by least squares, at :math:`d = 16`.
"""

import matplotlib.pyplot as plt

import sims
import theory

d, sizes = 16, [64, 128, 256, 512]
found = sims.smallest_width("whitened-mlp", d=d, N=sizes, criterion=0.99, trials=4, seed=0)

fig, ax = plt.subplots(layout="constrained")
found.plot(ax)

# %%
# The prediction is the width at which 99% of the facts are expected to be recalled.

law = theory.predict("whitened-mlp", d=d, N=sizes).to_frame()
ax.plot(law["N"], law["width_99"], "-", color="C1", label="predicted, nothing fitted")
ax.axvline(d**2, color="0.4", ls=":")
ax.annotate("$N = d^2$", (d**2, ax.get_ylim()[0]), xytext=(3, 3), textcoords="offset points")
ax.legend()
fig
