"""Hypotheses on knowledge: where they turn, and what is said to mend them."""

import numpy as np
import pytest

from assoc.errors import InputError
from sims.engine.randomness import Source
from sims.knowledge.trials import Told
from theory.applicability import conditions
from theory.knowledge.covering import uncovered
from theory.knowledge.hypotheses import ties


@pytest.mark.parametrize(("R", "K"), [(4, 1), (4, 2), (6, 3), (5, 5)])
def test_ties_are_the_mean_number_of_facts_told_in_both_of_two_templates(R, K):
    told = Told(subjects=400, attributes=2, templates=R, multiplicity=K, values=4)
    given = told.draw(Source(0, "ties", ()), 0)
    first = given.told[given.facts[:, 1] == 0][:, :R].astype(int)
    common = first.T @ first
    mean = common[np.triu_indices(R, 1)].mean()
    # Each fact has exactly K (K - 1) / 2 pairs: the mean over pairs does not depend on the draw.
    assert ties(told) == pytest.approx(mean)


def test_one_template_ties_itself():
    assert ties(Told(templates=1, multiplicity=1)) == float("inf")


def failing(**sizes):
    fine_tuned = sizes.pop("fine_tuned")
    found = conditions("knowledge-extraction", told=Told(**sizes), fine_tuned=fine_tuned)
    return {c.name: c.remedy for c in found.cases[0].conditions if not c.holds}


def test_what_would_mend_covering_is_the_least_number_that_does():
    remedy = failing(multiplicity=2, fine_tuned=8)["held-out facts are covered"]
    needed = int(remedy.split()[0])
    assert uncovered(16, 2, needed) <= 0.01 < uncovered(16, 2, needed - 1)


def test_values_of_their_own_need_no_ties():
    assert "templates of an attribute have facts in common" in failing(
        multiplicity=1, fine_tuned=32
    )
    assert "templates of an attribute have facts in common" not in failing(
        multiplicity=1, fine_tuned=32, shared=False
    )


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"told": Told(), "fine_tuned": 64}, "N_f = 64"),
        ({"told": Told(multiplicity=17)}, "multiplicity K = 17"),
        ({"told": Told(), "fine_tuned": 0}, "fine_tuned = 0"),
        ({"told": Told(), "embeddings": np.eye(3)}, "stands alone"),
    ],
)
def test_sizes_out_of_range_are_named(sizes, said):
    with pytest.raises(InputError, match=said):
        conditions("knowledge-extraction", **sizes)


def in_gpt2(fine_tuned=32, **sizes):
    told = Told(**{"templates": 8, "multiplicity": 8, **sizes})
    return conditions("knowledge-in-gpt2", told=told, fine_tuned=fine_tuned).cases[0]


def test_a_gpt2_needs_more_ties_than_the_small_model():
    def failing(K):
        return [c.name for c in in_gpt2(multiplicity=K).conditions if not c.holds]

    assert failing(4) == ["templates of an attribute have facts in common"]
    assert failing(8) == []


def test_of_a_gpt2_numbers_are_pointed_to_at_measured_sizes_only():
    def said(**sizes):
        found = in_gpt2(**sizes).outlook
        assert found is not None
        assert found.verdict(0.01) == "open"
        return found.note

    for sizes in (
        {}, {"multiplicity": 1}, {"fine_tuned": 2}, {"templates": 4, "multiplicity": 4},
        {"templates": 16, "multiplicity": 16, "fine_tuned": 8},
    ):  # fmt: skip
        assert "measured for two layers and d = 128" in said(**sizes)
    for sizes in (
        {"shared": False}, {"multiplicity": 3}, {"fine_tuned": 16}, {"subjects": 128},
        {"templates": 12}, {"templates": 16, "fine_tuned": 2}, {"values": 8},
        {"attributes": 2}, {"fillers": 1},
    ):  # fmt: skip
        assert said(**sizes) == "nothing is proved of a GPT-2, or measured at these sizes"
