r"""
The smallest transformer for a table
====================================

A table has :math:`S` subjects, :math:`R` relations and an answer for each pair. One layer of attention
with no MLP holds all :math:`S R` of them when :math:`d` is about :math:`\max(R, D)`. We search the
least :math:`d` for tables of several sizes: every fact is asked for by a prompt.
"""

import matplotlib.pyplot as plt
import numpy as np

from sims.transformers.architecture import Architecture
from sims.transformers.recall import Shape
from sims.transformers.smallest import smallest_size

shapes = [Shape(8, 8, 8), Shape(12, 12, 8), Shape(16, 16, 8)]
found = smallest_size(Architecture("attention-only", 8), shapes, trials=3, seed=0)

rows = found.to_frame()
rows[["S", "R", "D", "facts", "d", "parameters"]]

# %%
# The number of facts grows about in proportion to the number of parameters, as the theorem says up
# to logarithms.

parameters, facts = rows["parameters"].to_numpy(), rows["facts"].to_numpy()
through = np.exp(np.mean(np.log(facts / parameters)))

fig, ax = plt.subplots(layout="constrained")
found.plot(ax)
ax.plot(parameters, through * parameters, ":", label="proportional, height fitted")
ax.legend()
plt.show()
