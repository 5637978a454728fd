r"""
How many facts does one matrix hold?
====================================

A fact is a pair of unit vectors, and the outer-product memory stores :math:`N` of them as
:math:`W = \sum_x u_{f(x)} e_x^\top`. We search the largest :math:`N` at which every fact is recalled
and put it beside the law of theorem `linear-capacity`, which is computed from :math:`d` alone.
"""

import matplotlib.pyplot as plt

import sims
import theory

# %%
# Each trial draws embeddings and doubles :math:`N` until a fact is lost, then bisects.
# The grey points are the trials, the black ones their medians.

dimensions = [16, 32, 64, 128]
measured = sims.capacity("linear", d=dimensions, trials=12, seed=0)

fig, ax = plt.subplots(layout="constrained")
measured.plot(ax)

# %%
# Nothing is fitted in the prediction: :math:`N_\mathrm{all}` is where all facts are recalled in
# half of the draws, and :math:`N_\mathrm{guaranteed}` is where that is proved.

predicted = theory.predict("linear", d=dimensions).to_frame()
ax.plot(predicted["d"], predicted["N_all"], "-", color="C1", label="predicted, nothing fitted")
ax.plot(
    predicted["d"], predicted["N_guaranteed"], "--", color="C2", label="proved for half the draws"
)
ax.legend()
fig

# %%
# The load :math:`N \log N / d^2` tends to 1/8, slowly: a fit of an exponent at these sizes would
# give something else.

measured.to_frame()
