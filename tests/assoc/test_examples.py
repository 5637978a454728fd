"""Example data: all of it is there, and its origin and licence are said."""

from collections import Counter

import pytest

from assoc import InputError, read_facts
from assoc.examples import EXAMPLES, example_path
from assoc.facts.maps import class_sizes


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_there_and_its_origin_is_said(name):
    path = example_path(name)
    assert path.is_file()
    assert f"`{name}`" in path.with_name("README.md").read_text(encoding="utf-8")


def test_nothing_else_is_shipped():
    shipped = {path.name for path in example_path("countries.csv").parent.iterdir()}
    assert shipped == {*EXAMPLES, "README.md", "LICENCES.txt"}


def test_an_example_that_is_not_shipped():
    with pytest.raises(InputError, match=r"no example 'cities.csv'; shipped: countries.csv"):
        example_path("cities.csv")


def triples(table):
    """The facts in words."""
    names = (table.subjects, table.relations, table.answers)
    return [tuple(known[k] for known, k in zip(names, fact, strict=True)) for fact in table.facts]


def test_the_shipped_table_with_several_answers_and_skew():
    # Counted without the reader, by a dictionary of the lines.
    told: dict[tuple[str, str], list[str]] = {}
    for line in example_path("territories.csv").read_text(encoding="utf-8").splitlines()[1:]:
        subject, relation, answer = line.split(",")
        told.setdefault((subject, relation), []).append(answer)
    first = Counter(answers[0] for answers in told.values())
    lines = sum(map(len, told.values()))
    several = sum(len(answers) > 1 for answers in told.values())
    assert (lines, len(told), several, max(first.values())) == (861, 753, 87, 173)
    assert told["Switzerland", "official language"][:2] == ["German", "Swiss German"]
    assert told["Panama", "currency"] == ["Panamanian Balboa", "US Dollar"]

    with pytest.raises(InputError, match=r"87 of 753 pairs have several answers"):
        read_facts(example_path("territories.csv"))
    kept = read_facts(example_path("territories.csv"), several="first")
    assert triples(kept) == [(*pair, answers[0]) for pair, answers in told.items()]
    assert class_sizes(kept.facts[:, 2], len(kept.answers)).max() == first["Monday"] == 173
    assert (len(kept.subjects), len(kept.relations), len(kept.answers)) == (256, 3, len(first))
    dropped = read_facts(example_path("territories.csv"), several="drop")
    single = [(*pair, answers[0]) for pair, answers in told.items() if len(answers) == 1]
    assert triples(dropped) == single
    assert len(single) == 666
