"""Which of several right answers a linear memory should store: measured recall, and the law."""

import numpy as np
from stored import store

from assoc.arrays import Integers
from assoc.embeddings import sphere
from assoc.facts.maps import class_sizes, evened, zipf_sizes
from assoc.memories.decoding import margins
from assoc.memories.memory import Factors
from sims.memories.construction import Construction
from theory.memories.classes import classes_of_facts
from theory.memories.recall import expected_recall

SEED = 0
N, M, D, TRIALS = 2000, 1000, 300, 10
TABLES = (("zipf", 0.03, 2), ("zipf", 0.3, 3), ("zipf", 1.0, 3), ("uniform", 1.0, 3))


def drawn(law: str, share: float, k: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Answers of N facts, a share of which have k right ones, and those beside the first."""
    p = zipf_sizes(1.0, M, exponent=1.0 if law == "zipf" else 0.0)
    told = [
        rng.choice(M, k if several else 1, replace=False, p=p) for several in rng.random(N) < share
    ]
    also = [(x, y) for x, right in enumerate(told) for y in right[1:]]
    return np.array([right[0] for right in told]), np.array(also, np.intp)


def most_frequent(f: Integers, also: Integers) -> tuple[Integers, Integers]:
    """Choose of each fact's answers that which most facts have among theirs."""
    told = class_sizes(f, M) + class_sizes(also[:, 1], M)
    chosen, others = f.copy(), also.copy()
    for row, (x, y) in enumerate(also):
        if told[y] > told[chosen[x]]:
            others[row, 1], chosen[x] = chosen[x], y
    return chosen, others


def measured(f: Integers, also: Integers, stored: Integers) -> float:
    """Mean recall of a memory in which rows (fact, answer) are stored."""
    found = []
    for trial in range(TRIALS):
        rng = np.random.default_rng((SEED, trial))
        E, U = sphere(N, D, rng=rng), sphere(M, D, rng=rng)
        W = U[stored[:, 1]].T @ E[stored[:, 0]]
        found.append(np.mean(margins(Factors((W,)), E, U, f, also) > 0))
    return float(np.mean(found))


def main() -> None:
    """Measure, compute and store the table."""
    rows = []
    for law, share, k in TABLES:
        f, also = drawn(law, share, k, np.random.default_rng(SEED))
        choices = {
            "the first": (f, also),
            "the most frequent": most_frequent(f, also),
            "evened": evened(f, M, also),
        }
        for name, (chosen, others) in choices.items():
            one = np.column_stack([np.arange(N), chosen])
            facts = classes_of_facts(chosen, M, others)
            said = expected_recall(Construction("linear"), d=D, N=N, facts=facts)
            largest = int(class_sizes(chosen, M).max())
            row = {"answers": law, "share": share, "k": k, "stored": name, "largest": largest}
            rows.append({**row, "measured": measured(chosen, others, one), "law": said})
        every = np.concatenate([np.column_stack([np.arange(N), f]), also])
        rows.append(
            {"answers": law, "share": share, "k": k, "stored": "all",
             "largest": int(class_sizes(every[:, 1], M).max()),
             "measured": measured(f, also, every), "law": None}
        )  # fmt: skip
    columns = {
        "answers": "answers",
        "share": "facts of several",
        "k": "right answers of these",
        "stored": "stored",
        "largest": "largest class",
        "measured": "recall",
        "law": "law",
    }
    store("right-sets", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
