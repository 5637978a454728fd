r"""
Real embeddings, mended
=======================

The theorems assume vectors that are uniform on the sphere. Word vectors are not: they share a mean
and a few directions. We measure how much recall that costs, and what centring and whitening give
back.
"""

import matplotlib.pyplot as plt

import sims
import theory
from assoc import example_path, load_vectors

vectors = load_vectors(example_path("glove_words.npz"))
sizes = [25, 50, 100, 200, 400]

# %%
# Whitened, the vectors come close to what is predicted for random ones of the same dimension.

law = theory.predict("linear", d=100, N=sizes).to_frame()

fig, ax = plt.subplots(layout="constrained")
for how, label in (("none", "as they are"), ("centre", "centred"), ("whiten", "whitened")):
    found = sims.measure("linear", N=sizes, embeddings=vectors, preprocess=how, trials=10, seed=0)
    ax.plot(sizes, [point.recall for point in found.points], "o-", label=label)
ax.plot(law["N"], law["recall"], "k--", label="random vectors, by the law")
ax.set_xscale("log")
ax.set_xticks(sizes, [str(n) for n in sizes])
ax.set_xticks([], minor=True)
ax.set_xlabel("facts $N$")
ax.set_ylabel("share of facts recalled")
ax.legend()
plt.show()

# %%
# The hypotheses say which assumption fails, by how much, and suggest a fix.

theory.conditions("linear-capacity", embeddings=vectors, N=100).to_frame()
