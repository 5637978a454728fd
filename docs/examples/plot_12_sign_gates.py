r"""
Gates of signs
==============

With gates of 1 and -1, :math:`F(e) = \sum_i v_i\, \mathrm{sign}(\langle w_i, e \rangle)
\langle p_i, e \rangle`, every constant of the theorem on MLPs is explicit. We compare the width that
is proved to be enough with the one that is.
"""

import matplotlib.pyplot as plt

import sims
import theory

d, sizes = 32, [48, 96, 192]
found = sims.smallest_width("sign-gated", d=d, N=sizes, trials=5, seed=0)

law = theory.predict("sign-gated", d=d, N=sizes).to_frame()

fig, ax = plt.subplots(layout="constrained")
found.plot(ax)
ax.plot(law["N"], law["width_all"], "-", color="C1", label="predicted, nothing fitted")
ax.plot(law["N"], law["width_guaranteed"], "--", color="C2", label="proved for half the draws")
ax.legend()
plt.show()
