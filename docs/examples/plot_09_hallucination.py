r"""
A phase diagram of hallucination
================================

A model reads facts, each told in :math:`K` of :math:`R` templates, and is fine-tuned on the questions
about :math:`N_f` subjects. Can it answer questions about the others? It can where their facts share
templates with those that were fine-tuned; elsewhere it answers all the same, and wrongly.
"""

import matplotlib.pyplot as plt
import numpy as np

from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.training import suited
from sims.knowledge.trials import Told
from theory.knowledge.covering import uncovered

R, multiplicities, fine_tuned = 8, [1, 2, 4, 8], [2, 4, 8, 16]

# %%
# We train a one-layer transformer on what is told, then fine-tune it, for each :math:`K`.

answered = np.empty((len(fine_tuned), len(multiplicities)))
for column, K in enumerate(multiplicities):
    told = Told(subjects=32, values=16, templates=R, multiplicity=K)
    found = knowledge_extraction(
        told, fine_tuned=fine_tuned, width=64, pre_training=suited(32), trials=1, seed=0
    )
    answered[:, column] = [row["answered"] for row in found.rows()]

fig, ax = plt.subplots(layout="constrained")
shown = ax.imshow(answered, vmin=0, vmax=1, origin="lower", aspect="auto")
for row, column in np.ndindex(answered.shape):
    share = answered[row, column]
    colour = "white" if share < 0.6 else "black"
    ax.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
fig.colorbar(shown, label="held-out questions answered")
ax.set_xticks(range(len(multiplicities)), multiplicities)
ax.set_yticks(range(len(fine_tuned)), fine_tuned)
ax.set_xlabel("multiplicity $K$")
ax.set_ylabel("fine-tuned subjects $N_f$")

# %%
# A held-out fact is *covered* if it shares a template with a fine-tuned one. That chance is exact,
# and it is what the diagram follows where many subjects are fine-tuned; with few, less is answered
# than is covered. :doc:`/knowledge` has the whole story.

covered = [[1 - uncovered(R, K, n) for K in multiplicities] for n in fine_tuned]
np.round(covered, 2)
