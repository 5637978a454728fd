r"""
Bits stored against the bound
=============================

No model stores :math:`N` facts in fewer bits than it takes to say which map was stored. We search
the capacity of the outer-product memory with weights of :math:`b` bits and put the bits that it stores
beside the bits that it spends.
"""

import matplotlib.pyplot as plt

import sims
import theory

d, widths = 64, [1, 2, 3, 4, 8]
stored = []
for b in widths:
    N = int(sims.capacity("linear", d=d, bits=b, trials=8, seed=0).points[0].N)
    stored.append(theory.bound(N=N).low / (b * d**2))

fig, ax = plt.subplots(layout="constrained")
ax.plot(widths, stored, "o-", label=f"outer products, $d = {d}$")
ax.axhline(1, color="0.4", ls="-")
ax.annotate("no model stores more", (widths[-1], 1), ha="right", va="bottom")
ax.set_yscale("log")
ax.set_xticks(widths)
ax.set_xlabel("bits per weight $b$")
ax.set_ylabel("bits stored per bit spent")
ax.legend(loc="center right")

# %%
# One bit a weight is the best use of bits, and is still an order of magnitude from the bound. The
# bound itself counts the maps that may have to be stored:

print(theory.bound(N=500, M=512))
