"""The factual recall task: facts, vocabulary, prompts."""

import numpy as np
import pytest

from assoc import InputError, example_path, read_facts
from assoc.facts.recall_task import RecallTask, balanced_task, check_length, grid_task, table_task
from assoc.facts.tables import FactTable
from tests.helpers.oracles import one_line

FACTS = np.array([[0, 0, 0], [0, 1, 2], [1, 0, 1], [2, 1, 2]])


def task_of(facts=FACTS, *, noise=3, **options):
    return RecallTask(3, 2, 3, np.asarray(facts), noise, **options)


def test_tokens_are_numbered_subjects_relations_answers_noise_end():
    task = task_of()
    assert task.vocabulary == 3 + 2 + 3 + 3 + 1
    assert task.cues.tolist() == [[0, 3], [0, 4], [1, 3], [2, 4]]
    assert task.labels.tolist() == [5, 7, 6, 7]
    assert task.noise_tokens.tolist() == [8, 9, 10]
    assert task.end == 11
    assert task.prompted.tolist() == [0, 1, 2, 3, 4, 8, 9, 10, 11]


def test_answer_sets_and_bits():
    task = task_of()
    assert task.answer_sets == [{0, 1}, {2}]
    assert task.largest_answer_set == 2
    assert task.shared_answers == {}
    # Two facts of a relation with two answers; where there is one answer nothing is to be told.
    assert task.bits == 2
    assert len(task) == 4
    assert repr(task) == "RecallTask(4 facts: S=3, R=2, A=3, 3 noise tokens)"


def test_shared_answers_are_named_with_their_relations():
    task = task_of([[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1], [2, 0, 2]])
    assert task.shared_answers == {0: (0, 1), 1: (0, 1)}


@pytest.mark.parametrize("length", [3, 4, 9])
def test_a_prompt_holds_its_cues_once_noise_and_the_end(length):
    task = task_of()
    prompts = task.prompts(length, rng=np.random.default_rng(0))
    assert prompts.shape == (4, length)
    assert (prompts[:, -1] == task.end).all()
    for prompt, cues in zip(prompts.tolist(), task.cues.tolist(), strict=True):
        rest = [token for token in prompt[:-1] if token not in cues]
        assert len(rest) == length - 3
        assert set(rest) <= set(task.noise_tokens.tolist())


def test_every_pair_of_places_occurs_equally_often():
    task = RecallTask(1, 1, 1, np.array([[0, 0, 0]]), 2)
    rng = np.random.default_rng(1)
    counts = {}
    for _ in range(1200):
        prompt = task.prompts(5, rng=rng)[0].tolist()
        key = prompt.index(0), prompt.index(1)
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 4 * 3
    # 100 each; five standard deviations are 48.
    assert all(52 <= count <= 148 for count in counts.values())


def test_prompts_of_some_facts_only():
    task = task_of()
    prompts = task.prompts(3, rng=np.random.default_rng(0), facts=[2])
    assert sorted(prompts[0].tolist()) == [1, 3, 11]


def test_balanced_facts_fill_the_grid_within_their_relation():
    task = balanced_task(200, 3, 4, rng=np.random.default_rng(0))
    assert len(task) == 600
    assert (task.facts[:, 2] // 4 == task.facts[:, 1]).all()
    assert task.shared_answers == {}
    counts = np.bincount(task.facts[:, 2], minlength=12)
    # 50 each, standard deviation about 6.
    assert (np.abs(counts - 50) < 31).all()
    other = balanced_task(200, 3, 4, rng=np.random.default_rng(1))
    assert (other.facts != task.facts).any()


def test_a_grid_is_the_same_without_a_draw():
    task = grid_task(5, 2, 3)
    assert task.facts[:, :2].tolist() == [[s, r] for s in range(5) for r in range(2)]
    assert task.largest_answer_set == 3
    assert task.shared_answers == {}


# --- tables -------------------------------------------------------------------------------------


def test_the_shipped_table():
    table = read_facts(example_path("countries.csv"))
    task = table_task(table, noise=5)
    assert (task.subjects, task.relations, task.answers, len(task)) == (252, 7, 1299, 1747)
    assert task.shared_answers == {}
    assert len(task.names) == task.vocabulary
    # A capital may be called what its country is; no two answers have one name.
    assert len(set(task.names[259 : 259 + 1299])) == 1299
    assert task.names[-1] == "<end>"
    assert task.names[-6] == "<noise 0>"
    assert task.notes == (
        "5 answers occur under several relations and became relation-specific tokens "
        "(1299 in place of 1294)",
    )
    for fact, told in zip(task.facts.tolist(), table.facts.tolist(), strict=True):
        assert fact[:2] == told[:2]
        name = task.names[259 + fact[2]]
        answer, relation = table.answers[told[2]], table.relations[told[1]]
        assert name in (answer, f"{answer} ({relation})")


def test_tokens_stay_shared_if_that_is_asked_for():
    table = FactTable(("a", "b"), ("r", "q"), ("x", "y"), np.array([[0, 0, 0], [1, 1, 0]]))
    assert table_task(table).names[4:6] == ("x (r)", "x (q)")
    shared = table_task(table, specific=False)
    assert shared.answers == 1
    assert shared.shared_answers == {0: (0, 1)}
    assert shared.notes == ()


# --- several right answers ----------------------------------------------------------------------


def test_other_right_answers_are_tokens_and_belong_to_the_answer_sets():
    table = FactTable(
        ("a", "b"), ("r", "q"), ("x", "y", "z"),
        np.array([[0, 0, 0], [1, 0, 1], [0, 1, 1]]),
        also=np.array([[0, 2], [2, 2]]),
    )  # fmt: skip
    task = table_task(table, noise=0)
    assert task.names[4:-1] == ("x", "y (r)", "y (q)", "z (r)", "z (q)")
    assert task.facts.tolist() == [[0, 0, 0], [1, 0, 1], [0, 1, 2]]
    assert task.also.tolist() == [[0, 3], [2, 4]]
    assert task.also_labels.tolist() == [[0, 7], [2, 8]]
    assert task.right.tolist() == [2, 1, 2]
    assert task.answer_sets == [{0, 1, 3}, {2, 4}]
    assert task.bits == pytest.approx(np.log2(3 / 2) + np.log2(3) + np.log2(2 / 2))
    assert table_task(table, specific=False).also.tolist() == [[0, 2], [2, 2]]


# --- what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: task_of(np.zeros((0, 3), int)), "facts: rows (s, r, a) are needed, not shape"),
        (lambda: task_of([[0, 0]]), "facts: rows (s, r, a) are needed, not shape (1, 2)"),
        (lambda: task_of([[0, 0, 3]]), "facts: a number is outside of S, R, A = (3, 2, 3)"),
        (lambda: task_of([[0, -1, 0]]), "facts: a number is outside of S, R, A = (3, 2, 3)"),
        (lambda: task_of([[0, 0, 0], [0, 0, 1]]), "facts: a (subject, relation) occurs twice"),
        (lambda: task_of(also=np.array([[0, 3]])), "also[0] = [0, 3] is no input and output"),
        (lambda: task_of(also=np.array([[0, 0], [0, 0]])), "also: answer 0 of input 0 is given"),
        (lambda: task_of(noise=-1), "noise = -1 is not a number of tokens"),
        (lambda: task_of(names=("a",)), "1 names for 12 tokens"),
        (lambda: check_length(2, 5), "prompt length T = 2: a subject, a relation and the end"),
        (lambda: check_length(4, 0), "prompt length T = 4 without noise tokens to fill it"),
        (lambda: grid_task(0, 1, 1), "S = 0 is not positive"),
        (lambda: grid_task(1, -2, 1), "R = -2 is not positive"),
        (lambda: grid_task(1, 1, 0), "D = 0 is not positive"),
    ],
)
def test_bad_input_is_named(make, said):
    with pytest.raises(InputError) as caught:
        make()
    assert one_line(caught.value).startswith(said)
