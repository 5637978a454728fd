"""Stage times against the initial scale: measured by the full flow, predicted by an integral."""

import numpy as np
from stored import store

from sims.gradient_flow.facts import FlowFacts
from sims.gradient_flow.reduced import flow
from theory.gradient_flow.stages import stages

SEED = 0
FACTS = FlowFacts(16, 4, 8)
ALPHAS = (1e-2, 1e-4, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)


def main() -> None:
    """Integrate from every scale, fit the slopes from 1e-6 down, and store the table."""
    model = FACTS.model(SEED)
    rows = []
    for alpha in ALPHAS:
        found = stages(FACTS.subjects, FACTS.relations, FACTS.answers, alpha=alpha)
        run = flow(model, t_max=1e8, alpha=alpha, samples=2)
        rows.append(
            {
                "alpha": f"{alpha:.0e}",
                "t_relation": run.t_relation,
                "t_relation_predicted": found.t_relation,
                "t_subject": run.t_subject,
                "t_subject_predicted": found.t_subject,
                "drift": run.drift,
            }
        )
    small = [k for k, alpha in enumerate(ALPHAS) if alpha <= 1e-6]
    x = np.log(1 / np.array([ALPHAS[k] for k in small]))
    slopes = {
        name: float(np.polyfit(x, [rows[k][name] for k in small], 1)[0])
        for name in ("t_relation", "t_subject")
    }
    rows.append(
        {
            "alpha": "slope from 1e-06 down",
            **slopes,
            "t_relation_predicted": found.slope_relation,
            "t_subject_predicted": found.slope_subject,
            "drift": None,
        }
    )
    # Slopes are to be read to more digits than times are wide.
    rows = [
        {name: f"{x:.8g}" if isinstance(x, float) and x > 1 else x for name, x in row.items()}
        for row in rows
    ]
    columns = {
        "alpha": r"$\alpha$",
        "t_relation": r"$t_{\rm rel}$ measured",
        "t_relation_predicted": "predicted",
        "t_subject": r"$t_{\rm sub}$ measured",
        "t_subject_predicted": "predicted",
        "drift": "largest drift to $t = 10^8$",
    }
    store("flow-slopes", rows, columns, seed=SEED)


if __name__ == "__main__":
    main()
