"""How facts are written in tokens, and what can be predicted of them at best."""

from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge
from assoc.facts.telling import draw_knowledge, popular, tell_facts
from sims.knowledge.gpt2.phrasings import Phrasings, in_phrasings, read_phrasings
from sims.knowledge.gpt2.writing import Writing, in_names, in_words, laws, sizes_in_names
from tests.helpers.oracles import one_line


@pytest.fixture
def given():
    return draw_knowledge(10, 3, 4, 2, 6, shared=True, rng=np.random.default_rng(0))


def test_words_are_the_tokens_of_the_small_model(given):
    how = in_words(given)
    assert how.vocabulary == given.vocabulary
    assert how.sentences(given).tokens.tolist() == given.sentences.tolist()
    facts = np.array([3, 5])
    assert how.questions(given, facts)[0].tokens.tolist() == given.questions(facts).tolist()
    assert len(how.untold(given)[0]) == 30 * 2


def test_the_floor_of_words_is_that_of_the_small_model(given):
    rows = in_words(given).sentences(given)
    table, places, floor = laws(rows, given.vocabulary)
    assert floor == pytest.approx(given.floor)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=1e-6)
    at = np.arange(rows.tokens.shape[1])
    assert (places >= 0).tolist() == ((at >= 1) & (at < rows.ends[:, None])).tolist()


def test_the_floor_of_names_is_the_entropy_counted_by_hand():
    """-log of each row's probability, by the rows that begin like it; some subjects lack facts."""
    facts = np.array([[s, b, (s + b) % 4] for s in range(7) for b in range(3) if s % 3 >= b])
    given = tell_facts(facts, templates=4, multiplicity=2, rng=np.random.default_rng(1))
    how = in_names(given, 2)
    rows = how.sentences(given)
    listed = [tuple(row) for row in rows.tokens.tolist()]
    total = np.zeros(2)
    for row in listed:
        for i in range(1, len(row)):
            alike = [other for other in listed if other[:i] == row[:i]]
            share = sum(other[i] == row[i] for other in alike) / len(alike)
            total[int(i >= 3)] -= np.log(share)
    assert laws(rows, how.vocabulary)[2] == pytest.approx(total / len(listed))


def test_the_floor_counts_tellings_and_every_right_answer(given):
    """That of the small model, whose law is counted otherwise."""
    also = np.array([[0, int(given.facts[0, 2] + 1) % 6], [7, int(given.facts[7, 2] + 2) % 6]])
    told = popular(replace(given, also=also), 1.0, rng=np.random.default_rng(2))
    how = in_words(told)
    rows = how.sentences(told)
    assert rows.tokens.tolist() == told.sentences.tolist()
    table, _, floor = laws(rows, told.vocabulary, told.chances)
    assert floor == pytest.approx(told.floor)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=1e-6)
    asked, which = how.questions(told, np.array([7, 3]))
    assert which.tolist() == [0, 1, 0]
    values = [*told.facts[[7, 3], 2].tolist(), also[1, 1]]
    assert (asked.tokens[:, 2] - told.first_value).tolist() == values


def test_answers_are_the_names_of_values(given):
    rows = in_names(given, 2).questions(given, np.arange(30))[0]
    asked = rows.tokens[rows.answer].reshape(30, 2).tolist()
    assert [tuple(name) for name in asked] == [
        in_names(given, 2).values[v] for v in given.facts[:, 2]
    ]
    assert (rows.starts == 3).all()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_names_are_different_and_of_the_sizes_that_are_said(given, length):
    how = in_names(given, length)
    assert len(set(how.subjects)) == given.subjects
    assert (how.vocabulary, how.length) == sizes_in_names(10, 6, 15, length)
    assert how.sentences(given).tokens.max() < how.vocabulary
    assert {len(name) for name in (*how.subjects, *how.values)} == {length}


def test_writings_that_cannot_be_told_apart_are_refused():
    for names, said in (
        ({"subjects": ((0,), (0,))}, "two subjects have one name"),
        ({"values": ((0, 1), (0,))}, "the beginning of another's"),
        ({"after": ((5,), (5,)), "before": ((), ())}, "written like another"),
    ):
        usual = {"subjects": ((0,),), "values": ((1,),), "before": ((),), "after": ((2,),)}
        with pytest.raises(InputError, match=said):
            Writing(9, **{**usual, **names})
    told = draw_knowledge(4, 1, 2, 1, 2, fillers=1, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="fillers"):
        in_words(told)


# --- phrasings ----------------------------------------------------------------------------------

HEAD = "relation,use,phrasing\n"
GOOD = "home,told,{subject} lives in\nhome,asked,where does {subject} live ?\n"


def test_phrasings_are_read_and_written_in_words(tmp_path):
    path = tmp_path / "phrasings.csv"
    path.write_text(HEAD + GOOD)
    assert read_phrasings(path) == {
        "home": Phrasings(("{subject} lives in",), "where does {subject} live ?")
    }
    how = in_phrasings(["A B", "C"], ["X", "X Y"], [["{subject} lives in"]], ["of {subject} :"])
    assert [len(name) for name in how.subjects] == [2, 1]
    assert how.values[0][0] == how.values[1][0]
    assert [len(words) for words in how.before] == [0, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "home,told,lives in\nhome,asked,{subject} ?", "has no place for the subject"),
        (HEAD + "home,told,{subject} {subject}\nhome,asked,{subject} ?", "has 2 places"),
        (HEAD + "home,told,{subject}'s home is\nhome,asked,{subject} ?", "has no place"),
        (HEAD + GOOD + "home,told,where  does {subject} live ?", "is also a phrasing that is told"),
        (HEAD + GOOD + "home,told,{subject} lives in", "occurs twice"),
        (HEAD + "home,told,{subject} lives in", "home: 0 questions"),
        (HEAD + "home,said,{subject} lives in", "line 2: use 'said' is not told or asked"),
        (HEAD + "home,told", "line 2: 2 columns"),
        ("a,b,c\n", "the first line must be relation,use,phrasing"),
        ("", "the first line must be"),
        ("\udc80", "phrasings.csv: "),
    ],
)
def test_bad_phrasings_are_refused_in_one_line(tmp_path, text, said):
    path = tmp_path / "phrasings.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError) as caught:
        read_phrasings(path)
    assert said in one_line(caught.value)


def test_phrasings_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_phrasings(tmp_path / "none.csv")


@pytest.mark.parametrize(("told", "collides"), [((1, 0), False), ((0, 1), True)])
def test_a_question_that_is_told_of_a_longer_name_is_refused(told, collides):
    """Only if that sentence is among the drawn ones."""
    how = in_phrasings(
        ["York", "York of old"], ["A", "B"],
        [["in {subject} lies", "is {subject} ?"]], ["is {subject} of old ?"],
    )  # fmt: skip
    facts = np.array([[0, 0, 0], [1, 0, 1]])
    given = Knowledge(2, 1, 2, facts, np.array([0, 0]), np.array([[True, False], told]) > 0)
    if collides:
        with pytest.raises(InputError, match="question about subject 0 and relation 0 is written"):
            how.check_asked(given)
    else:
        how.check_asked(given)
