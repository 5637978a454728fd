"""Facts about countries, told in sentences and asked for: all together, and by relation."""

import sys

from stored import store

from assoc.examples import example_path
from assoc.facts.tables import read_facts
from sims.knowledge.tables import table_extraction

SEED = 0
RELATIONS = ("capital", "continent", "currency", "main language")

POINT = {"multiplicity": "$K$", "fine_tuned": r"$N_\mathrm{f}$"}
ANSWERED = {
    "answered": "held-out answered", "interval": "99% interval",
    "superposed": "superposed, predicted",
}  # fmt: skip
WRONG = {
    "wrong_tuned": "wrong: of fine-tuned facts", "wrong_set": "wrong: of the relation besides",
    "wrong_own": "wrong: the subject's, of another relation", "wrong_other": "wrong: another value",
    "wrong_none": "wrong: no value",
}  # fmt: skip


def main() -> None:
    """Measure the example table, or the one whose path is given, and store both tables."""
    path = sys.argv[1] if len(sys.argv) > 1 else example_path("countries.csv")
    found = table_extraction(
        read_facts(path), relations=RELATIONS, templates=8, multiplicities=(1, 2, 4),
        fine_tuned=(4, 16, 64), trials=3, seed=SEED,
    )  # fmt: skip
    rows = [{**row, "excess_percent": 100 * row["excess_share"]} for row in found.rows()]
    columns = {
        **POINT, "excess_percent": "loss over its floor, %, at worst",
        "learnt": "fine-tuned answered", **ANSWERED, "covered": "covered",
        "answered_covered": "answered, covered", "answered_uncovered": "answered, uncovered",
        "wrong_tuned": WRONG["wrong_tuned"], "wrong_none": WRONG["wrong_none"],
    }  # fmt: skip
    store("knowledge-countries", rows, columns, seed=SEED)
    columns = {
        **POINT, "relation": "relation", "questions": "questions", **ANSWERED,
        "alone": "answer of no other subject", "answered_alone": "answered of these", **WRONG,
    }  # fmt: skip
    store("knowledge-countries-relations", found.by_relation(), columns, seed=SEED)


if __name__ == "__main__":
    main()
