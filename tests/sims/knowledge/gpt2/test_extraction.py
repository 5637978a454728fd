"""Telling and asking with a GPT-2: the same draws and records, seeds, stores, bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest

from assoc.errors import InputError
from assoc.facts.tables import read_facts
from sims.knowledge.extraction import knowledge_extraction
from sims.knowledge.gpt2 import network as gpt2_network
from sims.knowledge.gpt2.extraction import gpt2_extraction, gpt2_table_extraction
from sims.knowledge.gpt2.network import PARTS, Gpt2, build, layer_of, part_of, state_of, tunable
from sims.knowledge.gpt2.phrasings import Phrasings
from sims.knowledge.gpt2.training import FINE_TUNING, PRE_TRAINING, Targets, answers, losses, train
from sims.knowledge.gpt2.trials import ablated, extract, pretrain
from sims.knowledge.gpt2.writing import in_words
from sims.knowledge.training import SCHEDULES, Descent
from sims.knowledge.trials import Told, draw_trials
from sims.knowledge.verdicts import KINDS
from tests.helpers.extras import needs
from tests.helpers.oracles import one_line

torch = needs("lm")

SMALL = Told(subjects=8, attributes=2, templates=3, multiplicity=2, values=4)
NETWORK = Gpt2(layers=1, d=32, heads=2)
BRIEF = {
    "network": NETWORK, "trials": 2,
    "pre_training": replace(PRE_TRAINING, steps=300, learning_rate=5e-3, batch=None),
    "fine_tuning": replace(FINE_TUNING, steps=80, learning_rate=2e-3),
}  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    return gpt2_extraction(SMALL, fine_tuned=(2, 5), **BRIEF)


@pytest.fixture(scope="module")
def learnt():
    source, given = draw_trials(SMALL, trials=1, seed=0, experiment="knowledge")
    found = pretrain(given, source, network=NETWORK, pre_training=BRIEF["pre_training"])
    return source, given, found


def test_the_draws_and_the_records_are_those_of_the_small_model(measured):
    small = knowledge_extraction(
        SMALL, fine_tuned=(2, 5), trials=2, width=8, pre_training=Descent(steps=2)
    )
    for ours, theirs in zip(measured.values[0]["tuned"], small.values[0]["tuned"], strict=True):
        assert ours["facts"] == theirs["facts"]
        assert ours["covered"] == theirs["covered"]
        assert set(theirs) - set(ours) == {"attention"}
        for right, wrong in zip(ours["right"], ours["wrong"], strict=True):
            assert set(wrong) == set(KINDS)
            assert sum(wrong.values()) == right.count(0)
    assert measured.rows()[0].keys() == small.rows()[0].keys()
    assert measured.values[0]["floor"] == pytest.approx(small.values[0]["floor"])
    json.dumps(measured.to_dict())


def test_often_told_subjects_and_several_answers_are_learnt():
    """The floor is that of the small model, and any right answer is one."""
    source, (given,) = draw_trials(SMALL, trials=1, seed=0, experiment="knowledge", popularity=1.0)
    also = np.array([[f, (given.facts[f, 2] + 1) % 4] for f in (0, 14)])
    one = replace(given, also=also)
    value = extract([one], source, fine_tuned=(5,), **{
        name: how for name, how in BRIEF.items() if name != "trials"
    })  # fmt: skip
    assert value["floor"] == pytest.approx([one.floor[:-1].sum(), one.floor[-1]])
    assert np.sum(value["excess"]) < 0.1 * one.floor.sum()
    assert value["told"] == [1.0]
    (record,) = value["tuned"]
    assert record["learnt"] == [1.0]
    assert record["rank"][0] == one.ranks[one.facts[record["facts"][0], 0]].tolist()


def test_it_comes_to_the_floor_and_learns_the_questions(measured):
    for row in measured.rows():
        assert 0 <= row["excess_share"] < 0.05
        assert row["learnt"] == 1.0


def test_the_same_numbers_come_again_and_others_with_another_seed(measured):
    again = gpt2_extraction(SMALL, fine_tuned=(2, 5), **BRIEF)
    assert again.values == measured.values
    other = gpt2_extraction(SMALL, fine_tuned=5, seed=1, **BRIEF)
    assert other.values[0]["excess"] != measured.values[0]["excess"]


def test_what_is_stored_is_not_computed_again(measured, tmp_path, monkeypatch):
    store = tmp_path / "some.sqlite"
    first = gpt2_extraction(SMALL, fine_tuned=(2, 5), store=store, **BRIEF)
    assert first.values[0]["excess"] == measured.values[0]["excess"]
    monkeypatch.setattr("sims.knowledge.gpt2.extraction.extract", None)
    again = gpt2_extraction(SMALL, fine_tuned=(2, 5), store=store, **BRIEF)
    assert again.rows() == first.rows()


def test_losses_are_those_of_every_token_by_itself(learnt):
    _, (given,), (one,) = learnt
    how = in_words(given)
    model = build(NETWORK, how.vocabulary, how.length, 0)
    targets, floor = Targets.told(how.sentences(given), how.vocabulary)
    with torch.no_grad():
        tokens = torch.tensor(given.sentences)
        logs = torch.log_softmax(model(input_ids=tokens).logits, dim=-1).numpy()
    each = [
        -np.mean([logs[i, place, row[place + 1]] for i, row in enumerate(given.sentences)])
        for place in (0, 1)
    ]
    assert losses(model, targets) == pytest.approx(each, rel=1e-5)
    assert one.floor == pytest.approx(floor)


def test_answers_of_several_tokens_count_whole():
    """Right only if every token is; what is written is the most likely token after another."""
    source, given = draw_trials(SMALL, trials=1, seed=0, experiment="knowledge")
    network = replace(NETWORK, name_tokens=2)
    brief = replace(BRIEF["pre_training"], steps=60)
    (one,) = pretrain(given, source, network=network, pre_training=brief)
    how = one.writing
    model = tunable(network, how.vocabulary, how.length, one.state, parts=None, rank=None, seed=0)
    rows = how.sentences(given[0])
    right, found = answers(model, rows)
    assert 0 < right.mean() < 1
    same = (found[:, 3:5] == rows.tokens[:, 3:5]).all(axis=1)
    assert right.tolist() == same.tolist()
    with torch.no_grad():
        logits = model(input_ids=torch.tensor(rows.tokens)).logits.numpy()
    first = logits[:, 2].argmax(axis=1) == rows.tokens[:, 3]
    assert right.sum() < first.sum()


@pytest.mark.parametrize(
    ("how", "trained"),
    [
        ({"parts": None, "rank": None}, set(PARTS)),
        ({"parts": ["mlp"], "rank": None}, {"mlp"}),
        ({"parts": None, "rank": 2}, {"attention", "mlp"}),
        ({"parts": ["attention"], "rank": 1}, {"attention"}),
    ],
)
def test_only_the_parts_that_are_asked_for_are_trained(how, trained):
    start = state_of(build(NETWORK, 20, 3, 0))
    model = tunable(NETWORK, 20, 3, start, seed=0, **how)
    moving = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert {part_of(name) for name in moving} == trained
    if how["rank"] is not None:
        shapes = [tuple(weight.shape) for weight in model.parameters() if weight.requires_grad]
        assert all(min(shape) == how["rank"] for shape in shapes)
    # Before it is trained it is the model that it was.
    tokens = torch.arange(3)[None]
    before = tunable(NETWORK, 20, 3, start, parts=None, rank=None, seed=0)
    with torch.no_grad():
        assert torch.equal(model(input_ids=tokens).logits, before(input_ids=tokens).logits)


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize(
    ("parts", "layers", "kinds"),
    [
        (["layer 0"], "0", {"attention", "mlp", "norms"}),
        (["layer 1"], "1", {"attention", "mlp", "norms"}),
        (["layer 1", "attention"], "01", {"attention", "mlp", "norms"}),
        (["embeddings", "layer 1"], "1", {"attention", "mlp", "norms", "embeddings"}),
    ],
)
def test_only_the_layers_that_are_asked_for_are_trained(parts, layers, kinds, rank):
    network = replace(NETWORK, layers=2)
    start = state_of(build(network, 20, 3, 0))
    model = tunable(network, 20, 3, start, parts=parts, rank=rank, seed=0)
    moving = {name for name, weight in model.named_parameters() if weight.requires_grad}
    inside = {layer_of(name) for name in moving} - {None}
    assert inside == {f"layer {i}" for i in layers}
    assert {part_of(name) for name in moving} == kinds - ({"norms"} if rank else set())
    if parts == ["layer 1", "attention"]:  # of the other layer the attention alone
        first = {part_of(name) for name in moving if layer_of(name) == "layer 0"}
        assert first == {"attention"}


def test_what_is_frozen_stays_as_it_was_in_fine_tuning(learnt, monkeypatch):
    source, given, found = learnt
    models = []
    monkeypatch.setattr(
        "sims.knowledge.gpt2.trials.train",
        lambda model, *how, **more: (models.append(model), train(model, *how, **more))[1],
    )
    extract(given, source, fine_tuned=[2], network=NETWORK, parts=["layer 0"], learnt=found,
            fine_tuning=replace(FINE_TUNING, steps=2))  # fmt: skip
    (model,) = models
    before, after = found[0].state, state_of(model)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert {layer_of(name) for name in moved} == {"layer 0"}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_step_has_the_rate_of_its_schedule(learnt, schedule, monkeypatch):
    """Of a schedule: written out here step by step, and read off the optimiser."""
    _, (given,), (one,) = learnt
    n, rate, used = 40, 0.002, []
    expected = {
        "constant": [rate] * n,
        "step": [rate] * 20 + [rate / 10] * 10 + [rate / 100] * 10,
        "warm-up": [rate * (i + 1) / 4 for i in range(4)]
        + [rate * (1 + np.cos(np.pi * (i - 4) / (n - 4))) / 2 for i in range(4, n)],
    }[schedule]
    step = torch.optim.AdamW.step

    def recorded(self, *closure):
        used.append({group["lr"] for group in self.param_groups})
        return step(self, *closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", recorded)
    how = one.writing
    model = build(NETWORK, how.vocabulary, how.length, 0)
    targets, _ = Targets.told(how.sentences(given), how.vocabulary)
    rule = Descent(steps=n, learning_rate=rate, schedule=schedule, warm_up=0.1)
    train(model, targets, rule, rng=np.random.default_rng(0))
    assert all(len(rates) == 1 for rates in used)
    assert [rates.pop() for rates in used] == pytest.approx(expected)


def test_superposed_templates_of_one_template_are_that_template():
    """With R = 1 the question is put in the place of the template, and all is answered."""
    told = replace(SMALL, templates=1, multiplicity=1)
    value = gpt2_extraction(told, fine_tuned=2, **BRIEF).values[0]
    assert value["told"] == [1.0, 1.0]
    assert np.concatenate(value["tuned"][0]["superposed"]).all()


def test_an_ablation_of_what_the_answer_needs_loses_it(learnt):
    _, (given,), (one,) = learnt
    records = ablated(given, one, NETWORK)
    found = {(record["part"], record["token"]): record["told"] for record in records}
    assert set(found) == {(part, token) for part in ("attention", "mlp")
                          for token in ("subject", "last")}  # fmt: skip
    # The last token sees the subject through attention alone, and in one layer nothing that is
    # said of the subject's own place is read by it but what attention takes before.
    assert found["attention", "last"] < 0.7
    assert found["mlp", "subject"] == found["attention", "subject"] == 1.0


def test_frozen_embeddings_stay_in_pre_training(learnt):
    source, given, _ = learnt
    (one,) = pretrain(
        given, source, network=NETWORK, pre_training=replace(BRIEF["pre_training"], steps=2),
        parts=["attention", "mlp", "norms"],
    )  # fmt: skip
    seed = int(source.generator(0, 3, 0).integers(2**63))
    how = one.writing
    start = state_of(build(NETWORK, how.vocabulary, how.length, seed))
    moved = {part_of(name) for name in start if not torch.equal(start[name], one.state[name])}
    assert moved == {"attention", "mlp", "norms"}


# --- tables -------------------------------------------------------------------------------------

PHRASINGS = {
    "home": Phrasings(("{subject} lives in", "the home of {subject} is"), "where is {subject} ?"),
    "side": Phrasings(("{subject} is in the", "go and see {subject} :"), "the side of {subject}"),
}


@pytest.fixture
def table(tmp_path):
    lines = [f"s {i},home,h {i % 3}" for i in range(8)] + [
        f"s {i},side,{'ns'[i % 2]}" for i in range(9)
    ]
    path = tmp_path / "few.csv"
    path.write_text("subject,relation,answer\n" + "\n".join(lines) + "\n")
    return read_facts(path)


def test_a_table_is_told_in_tokens_and_in_words(table):
    brief = {**BRIEF, "templates": 2, "multiplicities": 2, "fine_tuned": 5}
    in_tokens = gpt2_table_extraction(table, **brief)
    in_phrases = gpt2_table_extraction(table, phrasings=PHRASINGS, **brief)
    for found in (in_tokens, in_phrases):
        (row,) = found.rows()
        assert row["learnt"] == 1.0
        assert row["excess_share"] < 0.1
        assert {one["relation"] for one in found.by_relation()} == {"home", "side"}
        assert found.values[0]["told"] == [1.0, 1.0]
    # A phrasing of several words has no single embedding to put in the question's place.
    assert in_tokens.rows()[0]["superposed"] is not None
    assert in_phrases.rows()[0]["superposed"] is None
    assert {one["superposed"] for one in in_phrases.by_relation()} == {None}
    # In words the subject is to be predicted too, where a phrasing begins with something else.
    assert sum(in_phrases.values[0]["floor"]) > sum(in_tokens.values[0]["floor"])


def test_phrasings_that_are_too_few_or_missing_are_refused(table):
    for phrasings, templates, said in (
        (PHRASINGS, 3, "2 phrasings of relation 'home', where templates"),
        ({"home": PHRASINGS["home"]}, 2, "no phrasings of relation 'side'"),
        ({**PHRASINGS, "side": PHRASINGS["home"]}, 2, "written like another one"),
    ):
        with pytest.raises(InputError) as caught:
            gpt2_table_extraction(
                table, phrasings=phrasings, templates=templates, multiplicities=1, fine_tuned=2
            )
        assert said in one_line(caught.value)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"fine_tuned": 8}, "leaves none of S = 8"),
        ({"fine_tuned": 0}, "N_f"),
        ({"rank": 0}, "rank"),
        ({"rank": 64}, "rank r = 64 is more than d = 32"),
        ({"rank": 1, "parts": ["norms"]}, "no changes of low rank"),
        ({"parts": ["heads"]}, "are not parts of this GPT-2"),
        ({"parts": ["layer 1"]}, "norms, layer 0"),
        ({"asked": 3}, "asked = 3 of A = 2"),
        ({"multiplicities": 4}, "no K of"),
        ({"network": "gpt2"}, "is not a Gpt2"),
        ({"network": Gpt2(layers=1, d=4_000_000, heads=2)}, "GB are free"),
        ({"told": replace(SMALL, fillers=2)}, "fillers"),
    ],
)
def test_bad_input_is_refused_in_one_line_before_anything_is_built(asked, said, monkeypatch):
    monkeypatch.setattr("sims.knowledge.gpt2.extraction.extract", None)
    with pytest.raises(InputError) as caught:
        gpt2_extraction(**{"told": SMALL, "fine_tuned": 2, **BRIEF, **asked})
    assert said in one_line(caught.value)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"layers": 0}, "layers"),
        ({"d": 30, "heads": 4}, "not a multiple"),
        ({"heads": 1.5}, "heads"),
    ],
)
def test_sizes_that_are_none_are_refused(sizes, said):
    with pytest.raises(InputError, match=said):
        Gpt2(**sizes)


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(gpt2_network, "LIBRARIES", ("torch", "no_such_library"))
    source, given = draw_trials(SMALL, trials=1, seed=0, experiment="knowledge")
    with pytest.raises(InputError) as caught:
        extract(given, source, fine_tuned=[2], network=NETWORK)
    assert one_line(caught.value) == (
        "model gpt2 needs no_such_library, which is not installed: pip install 'factual-recall[lm]'"
    )


def test_threads_are_what_they_were_when_the_last_of_several_contexts_closes():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    first, second = gpt2_network.one_thread(), gpt2_network.one_thread()
    try:
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert torch.get_num_threads() == 1
        second.__exit__(None, None, None)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("more", [{"evaluated": 1024}, {"workers": 4}, {"trials": 4}])
def test_memory_is_asked_for_evaluations_trials_and_workers(monkeypatch, more):
    asked = []
    monkeypatch.setattr(gpt2_network, "check_fits", lambda n, *_: asked.append(n))
    sizes = {"vocabulary": 100, "length": 5, "sentences": 64, "laws": 10, "batch": 8,
             "evaluated": 8, "trials": 1, "workers": 1}  # fmt: skip
    for changes in ({}, more):
        gpt2_network.check_memory(NETWORK, **{**sizes, **changes})
    assert asked[1] > 2 * asked[0]
    if "evaluated" not in more:
        assert asked[1] == 4 * asked[0]


def test_the_number_of_weights_is_that_of_the_library():
    model = build(Gpt2(layers=2, d=16, heads=2), 23, 5, 0)
    assert sum(weight.numel() for weight in model.parameters()) == (
        Gpt2(layers=2, d=16, heads=2).parameters(23, 5)
    )
