r"""
Reading off a guarantee
=======================

How many facts may I store at :math:`d = 128`, if losing one must have a probability of at most 1%?
The hypotheses of a theorem are objects that run, and the answer is a proved bound rather than a rule
of thumb.
"""

import matplotlib.pyplot as plt
import numpy as np

import theory

sizes = [100, 200, 330, 500]
checked = theory.conditions("linear-capacity", d=128, N=sizes, delta=0.01)
checked.to_frame()

# %%
# The first two sizes are guaranteed. The next is in the gap between what is proved and what is
# predicted, and the law says what to expect there.

grid = np.unique(np.geomspace(100, 800, 30).astype(int))
expected = theory.predict("linear", d=128, N=[int(n) for n in grid]).to_frame()
proved = theory.predict("linear", d=128).to_frame()["N_guaranteed"][0]

fig, ax = plt.subplots(layout="constrained")
ax.plot(expected["N"], expected["all_recalled"], label="chance that all facts are recalled")
ax.plot(expected["N"], expected["recall"], "--", label="share of facts recalled")
ax.axvline(proved, color="0.4", ls=":")
ax.annotate(f"proved for half the draws: {proved}", (proved, 0.03), rotation=90, ha="right")
ax.set_xlabel("facts $N$")
ax.set_ylabel("probability, by the law")
ax.legend()
