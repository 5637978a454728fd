"""The late rate at t = 1e8: measured, and from the cone program, with both readings of k."""

import math

from stored import store

from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import flow
from theory.gradient_flow.max_margin import max_margin

SEED, T_MAX, ALPHA = 0, 1e8, 1e-4
CASES = (
    FlowFacts(16, 4, 8),
    FlowFacts(32, 8, 8),
    FlowFacts(8, 16, 4),
    FlowFacts(16, 4, 8, "random"),
    FlowFacts(32, 8, 8, "random"),
    FlowFacts(24, 3, 4, "random"),
    FlowFacts(24, 3, 4, "weighted"),
    FlowFacts(16, 4, 4, "partial"),
    FlowFacts(16, 4, 8, "random", length=8),
)


def main() -> None:
    """Integrate, solve, and store the table."""
    rows = []
    for case in CASES:
        model = case.model(SEED)
        margin = max_margin(model)
        run = flow(model, t_max=T_MAX, alpha=ALPHA, samples=2)
        loss = float(run.loss[-1])

        def constant(log_k: float, loss: float = loss) -> float:
            return loss * T_MAX * (log_k - math.log(loss) - 1)

        naive = math.log(case.relations + case.answers - 2)
        rows.append(
            {
                "facts": case.kind + ("" if case.length is None else f", T = {case.length}"),
                "sizes": f"{case.subjects}, {case.relations}, {case.answers}",
                "measured": constant(margin.log_k),
                "predicted": margin.rate,
                "off": f"{100 * (constant(margin.log_k) / margin.rate - 1):+.2f}%",
                "k": math.exp(margin.log_k),
                "count": case.relations + case.answers - 2,
                "naive": f"{100 * (constant(naive) / margin.rate - 1):+.2f}%",
                "width": margin.upper / margin.lower - 1,
                "drift": run.drift,
            }
        )
        print(rows[-1], flush=True)
    columns = {
        "facts": "facts",
        "sizes": "$S, R, D$",
        "measured": r"$L t (\log(k/L) - 1)$ at $10^8$",
        "predicted": r"$1/(4\gamma)$",
        "off": "off by",
        "k": "$k$",
        "count": "$R + D - 2$",
        "naive": "off by, with that for $k$",
        "width": r"width of the bounds on $1/\gamma$",
        "drift": "drift",
    }
    store("flow-late", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
