r"""Refutations beside what they bound, and decisions beside linear programs.

A refutation (:mod:`assoc.memories.refutation`) bounds a residual, a curvature and a length. Here
they are computed from their definitions, constraint by constraint, in extended precision and
without a bound; and whether any read-out recalls everything is asked of a linear program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assoc.memories.refutation import Refutation, refutation
from assoc.memories.separation import BUDGET, separate

__all__ = ["Instance", "decisions", "instances", "least_margin", "refutation_rows"]

Doubles = NDArray[np.float64]

ZERO = 1e-9
"""Least margin below which the linear program has found none."""


@dataclass(frozen=True, eq=False)
class Instance:
    """Features (N, p), answers (M, d), facts (N,), and a read-out (p, d) whose weights are judged.

    Parameters
    ----------
    name : what is special about it.
    features, U, f, Theta : see above.
    """

    name: str
    features: Doubles
    U: Doubles
    f: NDArray[np.intp]
    Theta: Doubles

    def weights(self) -> dict[tuple[int, int], np.longdouble]:
        """Softmax probability of each wrong answer y at each input x."""
        found = {}
        for x, own in enumerate(self.f):
            out = self.Theta.T.astype(np.longdouble) @ self.features[x].astype(np.longdouble)
            scores = np.array([np.sum(u.astype(np.longdouble) * out) for u in self.U])
            chance = np.exp(scores - scores.max())
            chance /= chance.sum()
            found.update({(x, y): chance[y] for y in range(len(self.U)) if y != own})
        return found

    def constraint(self, x: int, y: int) -> NDArray[np.longdouble]:
        """Return a_xy = phi_x (u_f(x) - u_y)^T, (p, d)."""
        away = self.U[self.f[x]].astype(np.longdouble) - self.U[y].astype(np.longdouble)
        return np.outer(self.features[x].astype(np.longdouble), away)

    def refutation(self, *, dense: bool) -> Refutation:
        """Return what the package says of it."""
        return refutation(self.features, self.U, self.f, self.Theta, dense=dense)


def instances() -> tuple[Instance, ...]:
    """Instances at which the bounds are nearly attained.

    All entries that are largest are at least 1/2 and below 1, and there are more answers than
    dimensions, so that the refutation's coordinates are those given.
    """
    cross = 0.75 * np.concatenate([np.eye(3), -np.eye(3)])
    one, inputs = np.array([[0.9]]), np.array([[0.75, 0.0], [0.0, 0.5], [0.5, 0.5]])
    angle = 2 * np.pi * np.arange(7) / 7
    ring = 0.9 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    tilted = 0.3 * np.array([[1.0, -0.5, 0.2], [0.4, 0.7, -1.0]])
    return (
        Instance("opposite answers", inputs, cross, np.array([0, 0, 0]), np.zeros((2, 3))),
        Instance("unequal weights", inputs, cross, np.array([1, 1, 1]), tilted),
        Instance("one input", one, np.concatenate([one, -one]), np.array([0]), 0 * one),
        Instance(
            "one hard input",
            np.concatenate([np.repeat(one, 8, axis=0), -one]),
            np.concatenate([one, -one]),
            np.zeros(9, np.intp),
            8 * one,
        ),
        Instance("many answers", inputs[:2], ring, np.array([2, 2]), np.diag([0.4, 0.3])),
    )


def refutation_rows(*, mistake: str | None = None) -> Iterator[dict[str, Any]]:
    """Give bound and exact value of every quantity of a refutation.

    Parameters
    ----------
    mistake : ``no opposite answers`` takes the longest constraint as that of one answer alone;
        ``squared weights`` takes the curvature of the squares of the weights.
    """
    for instance in instances():
        weights = instance.weights()
        constraints = {at: instance.constraint(*at) for at in weights}
        residual = sum(weight * constraints[at] for at, weight in weights.items())
        power = 2 if mistake == "squared weights" else 1
        H = sum(
            weight**power * np.outer(constraints[at], constraints[at])
            for at, weight in weights.items()
        )
        longest = max(float(np.sqrt(np.sum(a**2))) for a in constraints.values())
        curvature = float(np.linalg.eigvalsh(np.asarray(H, np.float64))[0])
        length = float(np.sqrt(np.sum(np.asarray(residual) ** 2)))
        total = float(sum(weights.values()))
        reach = longest / 2 if mistake == "no opposite answers" else longest
        for dense in (False, True):
            found = instance.refutation(dense=dense)
            for quantity, exact, bound in (
                ("residual", length, found.residual),
                ("longest constraint", reach, found.reach),
                ("1 / curvature", 1 / curvature, 1 / found.curvature),
                ("1 / sum of weights", 1 / total, 1 / found.weight),
            ):
                yield {
                    "instance": instance.name, "quantity": quantity, "dense": dense,
                    "exact": exact, "bound": bound,
                }  # fmt: skip
    yield from _unit_rows()


def _unit_rows() -> Iterator[dict[str, Any]]:
    """Least margins that a read-out of length 1 can have, whatever the units of the embeddings."""
    for size in (1.0, 3e5, 2.0**-40):
        for answers in (np.array([[0.3, 0.4], [-0.6, 0.1]]), np.array([[0.7], [-0.2]])):
            phi = np.array([[0.8, -0.3]])
            found = refutation(size * phi, answers / 3, [0], np.zeros((2, answers.shape[1])))
            exact = size * np.linalg.norm(phi) * np.linalg.norm(answers[0] - answers[1]) / 3
            yield {
                "instance": f"two answers in R^{answers.shape[1]}, inputs times {size:.3g}",
                "quantity": "least margin", "dense": True,
                "exact": float(exact), "bound": found.margin,
            }  # fmt: skip


def least_margin(features: Doubles, U: Doubles, f: NDArray[np.intp]) -> float:
    """Largest least margin of a read-out whose entries are at most 1, by a linear program.

    Parameters
    ----------
    features, U, f : as for :func:`assoc.memories.separation.separate`.
    """
    from scipy import optimize

    rows = [
        np.outer(phi, U[own] - u).ravel()
        for phi, own in zip(features, f, strict=True)
        for y, u in enumerate(U)
        if y != own
    ]
    left = np.column_stack([-np.array(rows), np.ones(len(rows))])
    size = left.shape[1] - 1
    found = optimize.linprog(
        np.append(np.zeros(size), -1.0), A_ub=left, b_ub=np.zeros(len(rows)),
        bounds=[(-1, 1)] * size + [(None, None)], method="highs",
    )  # fmt: skip
    assert found.x is not None
    return float(found.x[-1])


def decisions(
    *, seed: int, count: int, steps: int = BUDGET, unfound_is_refuted: bool = False
) -> list[dict[str, Any]]:
    """Decide small random instances, and beside each what the linear program says.

    Those of :func:`instances` are only refuted, with the read-outs that they have.

    Parameters
    ----------
    seed : determines the instances.
    count : of each size.
    steps : as for :func:`assoc.memories.separation.separate`.
    unfound_is_refuted : count what was neither found nor refuted as refuted; a mistake.

    Returns
    -------
    Records with ``p``, ``d``, ``N``, ``M``, ``least margin`` by the program, whether a read-out
    was ``found`` or ``refuted``, ``contradicted`` (1 if the program says otherwise, else 0) and
    ``undecided`` (1 or 0).
    """
    rng = np.random.default_rng(seed)
    rows = []
    for each in instances():
        (N, p), (M, d) = each.features.shape, each.U.shape
        least, proved = (
            least_margin(each.features, each.U, each.f),
            each.refutation(dense=True).proved,
        )
        rows.append({
            "p": p, "d": d, "N": N, "M": M, "least margin": least, "found": False,
            "refuted": proved, "contradicted": float(proved and least > ZERO), "undecided": 0.0,
        })  # fmt: skip
    for p, d, N, M in ((2, 1, 4, 2), (4, 2, 5, 5), (3, 2, 9, 9), (2, 3, 24, 3)):
        for _ in range(count):
            features, U = rng.standard_normal((N, p)), rng.standard_normal((M, d))
            # On the sphere, where no answer is a mean of others; in R^1 one on either side.
            U = np.array([[1.0], [-1.0]]) if d == 1 else U / np.linalg.norm(U, axis=1)[:, None]
            f = rng.permutation(N) % M
            found = separate(features, U, f, steps=steps)
            least = least_margin(features, U, f)
            refuted = found.refuted is not None or (unfound_is_refuted and not found.separated)
            wrong = (found.separated and least < ZERO) or (refuted and least > ZERO)
            rows.append({
                "p": p, "d": d, "N": N, "M": M, "least margin": least,
                "found": found.separated, "refuted": refuted, "contradicted": float(wrong),
                "undecided": float(not found.separated and not refuted),
            })  # fmt: skip
    return rows
