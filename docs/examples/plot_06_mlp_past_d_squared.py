r"""
An MLP past d² facts
====================

One matrix has :math:`d^2` parameters and holds fewer facts than that, whatever is done. A hidden
layer of width :math:`m` holds about :math:`m d / \log N`, so a wide one passes :math:`d^2`. We
search the least width of a network of sign gates that recalls all facts at :math:`d = 12`.
"""

import matplotlib.pyplot as plt

import sims
import theory

d, sizes = 12, [72, 144, 288]
found = sims.smallest_width("sign-gated", d=d, N=sizes, trials=5, seed=0)
found.to_frame()

# %%
# The prediction is the width at which all facts are recalled in half of the draws; nothing is fitted.

law = theory.predict("sign-gated", d=d, N=sizes).to_frame()

fig, ax = plt.subplots(layout="constrained")
found.plot(ax)
ax.plot(law["N"], law["width_all"], "-", label="predicted, nothing fitted")
ax.axvline(d**2, color="0.4", ls=":")
ax.annotate("$N = d^2$", (d**2, ax.get_ylim()[0]), xytext=(4, 4), textcoords="offset points")
ax.legend()
plt.show()
