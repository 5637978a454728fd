r"""
The plateau of gradient flow
============================

From a small initial scale :math:`\alpha`, attention learns relations first: the loss stays at
:math:`\log D` while every prompt is answered by a guess among the answers of its relation. How long
it stays there, and when the subjects are learnt, is predicted without fitted parameters.
"""

import matplotlib.pyplot as plt

import theory

fig, ax = plt.subplots(layout="constrained")
found = theory.trajectory(subjects=16, relations=4, answers=8, alpha=1e-12)
found.plot(ax)

# %%
# With many relations and few subjects, the order is the other way round.

fig, ax = plt.subplots(layout="constrained")
theory.trajectory(subjects=4, relations=32, answers=4, alpha=1e-12).plot(ax)
