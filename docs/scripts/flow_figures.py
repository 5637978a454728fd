"""Figures of gradient flow: plateaus with relations and with subjects first, and the order."""

from matplotlib.figure import Figure
from stored import draw

from sims.gradient_flow.symmetric import symmetric_flow
from theory.gradient_flow.figures import order_axes
from theory.gradient_flow.stages import stages
from theory.gradient_flow.trajectory import trajectory
from theory.rendering.drawing import styled

SEED, ALPHA = 0, 1e-12
SIZES = (4, 8, 16, 32, 64)


def plateaus() -> None:
    """Relations first and subjects first, with predicted heights and times."""
    with styled():
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        for ax, (S, R, D) in zip(figure.subplots(1, 2), ((16, 4, 8), (4, 32, 4)), strict=True):
            trajectory(
                subjects=S, relations=R, answers=D, alpha=ALPHA, t_max=1e4, method="full"
            ).plot(ax)
        draw("flow-plateaus", figure, seed=SEED)


def phases() -> None:
    """Which is learnt first, by the reduced flow, on a grid of sizes."""
    rows = []
    for S in SIZES:
        for R in SIZES:
            for D in (2, 4, 8, 16, 32):
                if S % D:
                    continue
                found = stages(S, R, D, alpha=ALPHA)
                run = symmetric_flow(
                    S, R, D, t_max=2 * max(found.t_relation, found.t_subject), alpha=ALPHA,
                    rtol=1e-8, samples=2,
                )  # fmt: skip
                assert run.t_relation is not None
                assert run.t_subject is not None
                first = "relation" if run.t_relation < run.t_subject else "subject"
                rows.append({"S": S, "R": R, "D": D, "first": first})
    with styled():
        figure = Figure(figsize=(6, 4.5), layout="constrained")
        order_axes(figure.subplots(), rows)
        draw("flow-order", figure, seed=None)


if __name__ == "__main__":
    plateaus()
    phases()
