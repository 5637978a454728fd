r"""
How many facts does one matrix hold?
====================================

A fact is a pair of unit vectors, and the outer-product memory stores :math:`N` of them as
:math:`W = \sum_x u_{f(x)} e_x^\top`. We search the largest :math:`N` at which every fact is recalled
and put it beside the law of theorem ``linear-capacity``, which is computed from :math:`d` alone.
"""

import matplotlib.pyplot as plt

import sims
import theory

# %%
# Each trial draws embeddings, raises :math:`N` until a fact is lost, and then bisects.

dimensions = [16, 32, 64, 128]
measured = sims.capacity("linear", d=dimensions, trials=12, seed=0)
measured.to_frame()

# %%
# Nothing is fitted in the prediction: ``N_all`` is where all facts are recalled in half of the draws,
# and ``N_guaranteed`` is where that is proved.

predicted = theory.predict("linear", d=dimensions).to_frame()
predicted[["d", "N_all", "N_guaranteed"]]

# %%
# The grey points are the trials, the black ones their medians.

fig, ax = plt.subplots(layout="constrained")
measured.plot(ax)
ax.plot(predicted["d"], predicted["N_all"], "-", label="predicted, nothing fitted")
ax.plot(predicted["d"], predicted["N_guaranteed"], "--", label="proved for half of the draws")
ax.legend()
plt.show()

# %%
# The load :math:`N \log N / d^2` tends to 1/8, slowly, so that an exponent fitted at these sizes is
# not the exponent of the limit.
