"""A table of facts in one matrix."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from assoc import InputError, example_path, read_facts
from assoc.vectors.named import NamedVectors
from tests.helpers.oracles import one_line, table
from theory import bound, facts_in_memory

FACTS = [
    ("France", "capital", "Paris"),
    ("France", "continent", "EU"),
    ("Chad", "ISO", "TD"),
    ("Peru", "capital", "Lima"),
    ("Namibia", "ISO", "NA"),
    ("Canada", "continent", "NA"),
]


@pytest.fixture
def csv(tmp_path):
    """Write a table; every fact given."""

    def write(facts=FACTS, name="facts.csv", encoding="utf-8"):
        lines = ["subject,relation,answer", *(",".join(fact) for fact in facts)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


def test_a_small_table_is_recalled_and_certified(csv):
    result = facts_in_memory(csv(), d=256)
    assert (result.facts, result.answers, result.d) == (6, 5, 256)
    assert result.recall == result.certified == 1
    assert result.forgotten == ()
    assert result.parameters == 256**2
    assert result.bits is None
    assert result.bits_bound == result.bits_enough == pytest.approx(6 * np.log2(5))
    assert result.file == "facts.csv"
    assert repr(result) == (
        "MemoryFactsResult(facts.csv: 100.00% of 6 facts, linear, d=256, 65536 parameters)"
    )


def test_the_dimension_is_planned(csv):
    path = csv([(f"s{k}", "r", f"a{k}") for k in range(200)])
    result = facts_in_memory(path)
    assert result.d % 16 == 0
    assert result.predicted_all >= 0.99
    assert result.recall == 1
    # A step less would not have been enough.
    smaller = facts_in_memory(path, d=result.d - 16)
    assert smaller.predicted_all < 0.99


def test_a_memory_too_small_says_what_it_forgot():
    result = facts_in_memory(example_path("countries.csv"), d=256)
    assert result.recall == pytest.approx(result.predicted, abs=0.05)
    assert len(result.forgotten) == round((1 - result.recall) * result.facts)
    for _, _, answer, said in result.forgotten:
        assert answer != said
    assert list(result.rows()[0]) == ["subject", "relation", "answer", "said"]
    assert len(result.to_frame()) == len(result.forgotten)


def test_strings_stay_as_they_are(csv):
    """NA is the code of Namibia and of North America, and no missing value."""
    result = facts_in_memory(csv(), d=256)
    conditions = {c.name: c for c in result.conditions}
    assert conditions["f injective"].value == "2 facts answer 'NA'"
    shared = conditions["answers of different relations disjoint"]
    assert not shared.holds
    assert "such as 'NA' (ISO and continent)" in shared.value


def test_a_byte_order_mark_changes_nothing(csv):
    plain, marked = csv(), csv(name="marked.csv", encoding="utf-8-sig")
    assert marked.read_bytes().startswith(b"\xef\xbb\xbf")
    first, second = facts_in_memory(plain, d=64), facts_in_memory(marked, d=64)
    assert first.to_dict() | {"file": ""} == second.to_dict() | {"file": ""}


def test_relations_that_share_answers_need_no_bits_to_tell_them_apart(csv):
    """A list of one of four answers for each of 32 keys takes 64 bits, and holds every table."""
    facts = [(f"s{s}", f"r{r}", f"a{(3 * s + r) % 4}") for s in range(8) for r in range(4)]
    path = csv(facts)
    result = facts_in_memory(path, d=64)
    assert result.bits_bound == result.bits_enough == 64
    # A transformer has its own token for an answer of each relation, and must tell which.
    assert bound(path).low > 64


def test_injective_facts_satisfy_the_hypotheses(csv):
    result = facts_in_memory(csv([("a", "r", "x"), ("b", "r", "y")]), d=64)
    assert all(c.holds for c in result.conditions)


def test_a_single_answer_needs_no_bits(csv):
    result = facts_in_memory(csv([("a", "r", "x"), ("b", "r", "x"), ("c", "s", "x")]))
    assert result.d == 16
    assert result.bits_bound == result.bits_enough == 0
    assert result.recall == 1


@pytest.mark.parametrize(
    ("memory", "options", "predicted", "bits"),
    [
        ("linear", {}, True, None),
        ("sign", {}, True, 64**2),
        ("linear", {"bits": 3}, True, 3 * 64**2),
        ("dual-inputs", {"bits": 8, "rounding": "stochastic"}, False, 8 * 64**2),
        ("low-rank", {"rank": "d/2"}, True, None),
        ("low-rank-svd", {"rank": 32}, True, None),
        ("dual-inputs", {}, True, None),
        ("dual-both", {}, False, None),
        (table, {}, False, None),
    ],
)
def test_other_memories(csv, memory, options, predicted, bits):
    result = facts_in_memory(csv(), memory=memory, d=64, **options)
    assert (result.predicted is not None) is predicted
    assert result.bits == bits
    # A memory that cannot bound its rounding is not certified, and says so.
    assert (result.certified is None) is (memory is table)
    assert result.recall > 0.6


def test_vectors_of_the_user_take_the_place_of_random_ones(csv):
    rng = np.random.default_rng(0)
    names = ("France", "Chad", "Peru", "Namibia", "Canada", "capital", "continent", "ISO",
             "Paris", "EU", "TD", "Lima", "NA")  # fmt: skip
    vectors = NamedVectors(rng.standard_normal((len(names), 200)), names, "mine.npz")
    result = facts_in_memory(csv(), embeddings=vectors, memory="dual-both", key="product")
    assert (result.d, result.embeddings) == (200, "mine.npz none, product")
    assert result.recall == result.certified == 1
    assert result.predicted is None
    assert result.predicted_all is None
    assert "keys: isotropic" in {c.name for c in result.conditions}
    assert "uniform on the sphere" not in {c.name for c in result.conditions}
    with pytest.raises(InputError, match=r"d = 64, but the vectors of mine\.npz have dimension"):
        facts_in_memory(csv(), embeddings=vectors, d=64)


def test_an_array_has_no_names(csv):
    with pytest.raises(InputError, match="array: vectors without names cannot be matched"):
        facts_in_memory(csv(), embeddings=np.eye(8))


def test_keys_that_are_one_vector_cannot_be_recalled_both(csv):
    names = ("a", "b", "x", "y")
    vectors = NamedVectors(np.eye(4)[[0, 0, 2, 3]], names, "mine.npz")
    facts = csv([("a", "r", "x"), ("b", "r", "y")])
    result = facts_in_memory(facts, embeddings=vectors)
    assert result.recall == 0
    assert result.notes == ("2 keys share their vector with another, such as 'a, r'",)


def test_a_fixed_rank_is_no_larger_than_the_planned_dimension(csv):
    result = facts_in_memory(csv(), memory="low-rank", rank=40)
    assert result.d >= 48
    assert result.predicted_all >= 0.99


def test_the_seed_decides():
    path = example_path("countries.csv")
    first, again, other = (facts_in_memory(path, d=128, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.forgotten != other.forgotten


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"d": 1}, "d = 1: a dimension of at least 2 is needed"),
        ({"d": 0}, "d = 0: a dimension of at least 2 is needed"),
        ({"d": 10**9}, "d = 1000000000: keys, outputs and matrix take"),
        ({"memory": "nonesuch"}, "unknown memory 'nonesuch'"),
        ({"memory": "nonesuch", "d": 16}, "unknown memory 'nonesuch'"),
        ({"memory": "nonesuch:build", "d": 16}, "memory 'nonesuch:build': no module named"),
        ({"memory": "dual-both"}, "no prediction to plan 'dual-both' by; give d"),
        ({"memory": "low-rank"}, "memory 'low-rank' needs its rank given"),
        ({"memory": "low-rank", "rank": 99, "d": 16}, "rank 99 is not between 1 and d = 16"),
        ({"memory": "low-rank", "rank": 1}, "'low-rank m=1': no d up to 65536 is planned to"),
        ({"memory": "linear", "bits": 99}, "bits = 99 is not between 1 and 16"),
        ({"preprocess": "whiten", "d": 8}, "preprocess 'whiten' and key 'sum' are for embeddings"),
        ({"key": "product", "d": 8}, "preprocess 'none' and key 'product' are for embeddings"),
    ],
)
def test_bad_arguments_are_named(csv, arguments, said):
    facts = [(f"s{k}", "r", f"a{k}") for k in range(300)]
    with pytest.raises(InputError) as caught:
        facts_in_memory(csv(facts), **arguments)
    assert one_line(caught.value).startswith(said)


# --- several right answers ----------------------------------------------------------------------


def of_several(csv, *, subjects=120, several=3, answers=40):
    """A table in which most facts have the answer a0, and every third has others too."""
    told = []
    for k in range(subjects):
        told.append((f"s{k}", "r", "a0" if k % 3 else f"a{1 + k % (answers - 1)}"))
        if k % 3 == 1:
            told += [(f"s{k}", "r", f"a{1 + (k + j) % (answers - 1)}") for j in range(several - 1)]
    return read_facts(csv(told), several="any")


def test_any_of_several_right_answers_will_do(csv):
    table = of_several(csv)
    result = facts_in_memory(table, d=512)
    assert (result.facts, result.several) == (120, 40)
    assert result.recall == result.certified == 1
    assert result.bits_bound == pytest.approx(80 * np.log2(40) + 40 * np.log2(40 / 3))
    assert result.bits_bound < result.bits_enough
    first = facts_in_memory(replace(table, also=table.also[:0]), d=64)
    found = facts_in_memory(table, d=64)
    assert found.recall > first.recall
    assert found.predicted > first.predicted
    assert found.to_dict()["several"] == 40


def test_of_several_right_answers_a_rare_one_is_stored(csv):
    result = facts_in_memory(of_several(csv), d=512)
    (injective,) = (c for c in result.conditions if c.name == "f injective")
    assert injective.value == "40 facts answer 'a0'"


def test_a_dimension_that_is_planned_recalls_right_sets(csv):
    table = of_several(csv)
    result = facts_in_memory(table)
    assert result.predicted_all >= 0.99
    assert result.recall == 1
    assert result.d < facts_in_memory(replace(table, also=table.also[:0])).d


def test_what_was_forgotten_is_no_right_answer(csv):
    table = of_several(csv)
    right = {}
    for s, _, a in table.told:
        right.setdefault(table.subjects[s], set()).add(table.answers[a])
    result = facts_in_memory(table, d=24)
    assert result.forgotten
    for subject, _, answer, said in result.forgotten:
        assert answer in right[subject]
        assert said not in right[subject]


def test_every_right_set_of_tiny_tables(csv):
    """A user's memory that gives what it was told: recalled, whatever else is right."""
    for sets in itertools.product([("x",), ("y", "x"), ("z", "y", "x")], repeat=2):
        told = [("abc"[k], "r", answer) for k, answers in enumerate(sets) for answer in answers]
        result = facts_in_memory(
            read_facts(csv([*told, ("c", "r", "w")]), several="any"), memory=table, d=16
        )
        assert result.recall == 1
        assert result.several == sum(len(answers) > 1 for answers in sets)
