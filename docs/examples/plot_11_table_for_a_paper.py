r"""
A table for a paper
===================

A theorem's claims are judged by a call, and the result is a table with every number, its interval
and the verdict. LaTeX comes from the same object.
"""

import matplotlib.pyplot as plt

import theory

found = theory.verify(["factual-bound"])
found.to_frame()[["claim", "verdict", "measured", "predicted"]]

# %%
# Behind each verdict is the table that it was read from. Here the paper's leading terms come close to
# the exact count of bits, at a rate that can be read off.

claims = {result.claim.name: result.finding for result in found.claims}
fig, ax = plt.subplots(layout="constrained")
for name, marker in (("paper", "o-"), ("square", "s--")):
    rows = claims[name].table
    label = "$" + claims[name].note.split(":")[0] + "$"
    ax.loglog([row["n"] for row in rows], [row["difference"] for row in rows], marker, label=label)
ax.set_xlabel("$n = S$")
ax.set_ylabel("relative difference from the exact bits")
ax.legend()

# %%
# A few columns as they would stand in a paper:

chosen = found.to_frame()[["claim", "verdict", "measured", "predicted"]]
print(chosen.to_latex(index=False, float_format="%.3g"))
