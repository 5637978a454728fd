r"""
The converse: where failure is proved
=====================================

A capacity theorem is half of the story. For the outer-product memory there is also a proof that
*more* facts than a certain number are not all recalled in half of the draws. The truth is between the two,
and the law says where.
"""

import matplotlib.pyplot as plt

import sims
import theory

dimensions = [96, 128, 192]
bounds = theory.predict("linear", d=dimensions).to_frame()
measured = sims.capacity("linear", d=dimensions, trials=24, seed=0).to_frame()
low, high = zip(*measured["interval"])
bars = [measured["N"] - list(low), list(high) - measured["N"]]

fig, ax = plt.subplots(layout="constrained")
ax.plot(
    bounds["d"], bounds["N_failing"], "v:", color="C2", label="proved to fail in half of the draws"
)
ax.errorbar(
    measured["d"], measured["N"], bars, fmt="o", color="C0", label="measured median, 99% interval"
)
ax.plot(bounds["d"], bounds["N_all"], "-", color="C1", label="predicted, nothing fitted")
ax.plot(
    bounds["d"],
    bounds["N_guaranteed"],
    "^--",
    color="C2",
    label="proved to hold in half of the draws",
)
ax.set_xlabel("dimension $d$")
ax.set_ylabel("facts $N$")
ax.legend()

# %%
# The guarantee is close to the measured capacity. The converse is some factor of three away at these
# sizes, and closes slowly.

bounds[["d", "N_guaranteed", "N_all", "N_failing"]]
