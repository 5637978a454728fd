"""Trials of telling and asking with a GPT-2: pre-trained, fine-tuned, asked, and ablated."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assoc.errors import InputError
from assoc.facts.knowledge import Knowledge
from sims.engine.parallel import Workers
from sims.engine.randomness import MEMORY, SAMPLE, Source
from sims.engine.results import finite
from sims.knowledge.gpt2.network import (
    Gpt2,
    State,
    build,
    checked_parts,
    libraries,
    one_thread,
    state_of,
    tunable,
)
from sims.knowledge.gpt2.training import (
    FINE_TUNING,
    LOW_RANK,
    PRE_TRAINING,
    Targets,
    answers,
    completed,
    train,
)
from sims.knowledge.gpt2.writing import Sentences, Writing, in_names
from sims.knowledge.training import Descent
from sims.knowledge.verdicts import held_out, shares, split_facts

__all__ = [
    "READ_OUT",
    "TOKENS",
    "Learnt",
    "Writer",
    "ablated",
    "extract",
    "loaded",
    "pretrain",
    "superposed",
]

TOKENS, READ_OUT = "transformer.wte.weight", "lm_head.weight"
"""Names of the embeddings of tokens, which are the read-out too."""

Writer: TypeAlias = Callable[[Knowledge, int], Writing]
"""Says how the facts of a trial, by its number, are written."""

SEEDS = 2**63
"""One more than the largest seed of PyTorch that is drawn."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """A GPT-2 that has read a trial's sentences.

    Parameters
    ----------
    writing : how facts are written.
    state : weights by name.
    steps, losses : when training was looked at (L,), and the losses then (L, 2), before the answer
        and of it.
    floor : (2,) the least that they can be.
    """

    writing: Writing
    state: State
    steps: NDArray[np.intp]
    losses: NDArray[np.float64]
    floor: NDArray[np.float64]


def pretrain(
    given: Sequence[Knowledge],
    source: Source,
    *,
    network: Gpt2,
    pre_training: Descent = PRE_TRAINING,
    writing: Writer | None = None,
    parts: Sequence[str] | None = None,
    threads: int | None = None,
) -> list[Learnt]:
    """Train a GPT-2 on all sentences of each trial.

    Parameters
    ----------
    given : facts of each trial.
    source : of weights and batches.
    network, pre_training : sizes, and how.
    writing : how facts are written; None means in names of as many tokens as the network says.
    parts : that are trained; see :func:`sims.knowledge.gpt2.network.checked_parts`.
    threads : trials trained at a time; None means all available.
    """
    libraries()
    checked_parts(parts, network)

    def one(trial: int) -> Learnt:
        if writing is None:
            how = in_names(given[trial], network.name_tokens)
        else:
            how = writing(given[trial], trial)
            how.check_asked(given[trial])
        often = given[trial].often
        targets, floor = Targets.told(
            how.sentences(given[trial]), how.vocabulary,
            None if often is None else given[trial].chances,
        )  # fmt: skip
        rng, seed = source.generator(trial, SAMPLE), _seed(source, trial, 0)
        start = state_of(build(network, how.vocabulary, how.length, seed))
        model = tunable(
            network, how.vocabulary, how.length, start, parts=parts, rank=None, seed=seed
        )
        steps, found = train(model, targets, pre_training, rng=rng)
        return Learnt(how, state_of(model), steps, found, floor)

    with one_thread():
        return Workers.of(threads).run(one, range(len(given)))


def _seed(source: Source, trial: int, block: int) -> int:
    return int(source.generator(trial, MEMORY, block).integers(SEEDS))


def extract(
    given: Sequence[Knowledge],
    source: Source,
    *,
    fine_tuned: Sequence[int],
    network: Gpt2,
    pre_training: Descent = PRE_TRAINING,
    fine_tuning: Descent | None = None,
    parts: Sequence[str] | None = None,
    rank: int | None = None,
    asked: int | None = None,
    learnt: Sequence[Learnt] | None = None,
    writing: Writer | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Pre-train and fine-tune on given facts, one trial for each.

    Parameters
    ----------
    given, source, network, pre_training, writing, threads : as for :func:`pretrain`.
    fine_tuned : N_f.
    fine_tuning : how; None means the default of full changes, or of low-rank ones.
    parts, rank : of the fine-tuning; see :func:`sims.knowledge.gpt2.network.tunable`.
    asked : how many attributes, the first ones, questions are about; None means all.
    learnt : what :func:`pretrain` returned for the same arguments, or None.

    Returns
    -------
    The record that :func:`sims.knowledge.trials.extract` has for the small model, without what
    only that has: positions are those before the answer and of it, ``cosines`` are of the
    embeddings of templates of one word, and nothing is said of ``attention`` and ``spectra``.

    Raises
    ------
    InputError
        If no fact is left to fine-tune on or to ask for, a part is none, or the extra is missing.
    """
    libraries()
    checked_parts(parts, network, rank)
    chosen = {
        (number, t): split_facts(one, number, asked)
        for number in fine_tuned for t, one in enumerate(given)
    }  # fmt: skip
    if not all(len(rows) and len(held) for rows, held in chosen.values()):
        raise InputError(f"N_f = {list(fine_tuned)}: no fact is fine-tuned, or none is left to ask")
    if learnt is None:
        learnt = pretrain(
            given, source, network=network, pre_training=pre_training, writing=writing,
            threads=threads,
        )  # fmt: skip
    rule = fine_tuning or (FINE_TUNING if rank is None else LOW_RANK)

    def tuned(pair: tuple[int, int]) -> dict[str, Any]:
        number, t = pair
        seed = _seed(source, t, 1 + number)
        rng = source.generator(t, SAMPLE, 1 + number)
        change = partial(tunable, network, parts=parts, rank=rank, seed=seed)
        return _fine_tuned(given[t], learnt[t], *chosen[pair], change, rule, rng)

    with one_thread():
        records = dict(zip(chosen, Workers.of(threads).run(tuned, chosen), strict=True))
        value = _told_record(given, learnt, network)
    for number in fine_tuned:
        record: dict[str, Any] = {"subjects": number}
        for t in range(len(given)):
            for name, part in records[number, t].items():
                record.setdefault(name, []).append(part)
        value["tuned"].append(record)
    return value


def _fine_tuned(
    given: Knowledge, learnt: Learnt, rows: Any, held: Any, change: Any, rule: Descent,
    rng: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    """Fine-tune one model on the questions for some facts, and ask for others."""
    how = learnt.writing
    model = change(how.vocabulary, how.length, learnt.state)
    shown, of_shown = how.questions(given, rows)
    _, found = train(model, Targets.asked(shown, how.vocabulary), rule, rng=rng, looks=1)
    asks, of_asks = how.questions(given, held)
    found_right, tokens = answers(model, asks)
    right = _any(found_right, of_asks)
    record = held_out(given, rows, held, right, _values(how, asks, tokens)[: len(held)])
    record["learnt"] = float(_any(completed(model, shown), of_shown).mean())
    record["loss"] = float(found[-1].sum())
    state = superposed(given, learnt, rows)
    record["superposed"] = None
    if state is not None:
        model = change(how.vocabulary, how.length, state)
        record["superposed"] = _any(completed(model, asks), of_asks).astype(int).tolist()
    return record


def _any(right: NDArray[np.bool_], of: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether any of its right answers is found, for each prompt; ``of`` says which they answer."""
    return np.asarray(np.bincount(of, right) > 0)


def _values(writing: Writing, rows: Sentences, tokens: NDArray[np.intp]) -> NDArray[np.intp]:
    """Values whose names were found as answers (N,); -1 where it is none's."""
    longest = max(len(name) for name in writing.values)
    known = {name: v for v, name in enumerate(writing.values)}
    found = []
    for row, start in zip(tokens.tolist(), rows.starts, strict=True):
        names = (tuple(row[start : start + i]) for i in range(1, longest + 1))
        found.append(next((known[name] for name in names if name in known), -1))
    return np.array(found, np.intp)


def superposed(given: Knowledge, learnt: Learnt, rows: Any) -> State | None:
    """Put a mean of templates' embeddings in place of each question's.

    Parameters
    ----------
    given, learnt : the facts, and the model that has read them.
    rows : facts that are fine-tuned on: template t weighs as many of them as are told in it.

    Returns
    -------
    Weights; None where phrasings are more than one word after the subject.
    """
    how = learnt.writing
    if not _single(how):
        return None
    table = learnt.state[TOKENS].clone()
    told = given.told[rows].sum(axis=0)
    for b in range(given.attributes):
        of = np.flatnonzero((given.owner == b) & (told > 0))
        if len(of):
            tokens = [how.after[t][0] for t in of]
            share = table.new_tensor(told[of] / told[of].sum())
            table[how.after[len(given.owner) + b][0]] = share @ table[tokens]
    return {**learnt.state, TOKENS: table, READ_OUT: table}


def _single(writing: Writing) -> bool:
    return not any(writing.before) and all(len(words) == 1 for words in writing.after)


def _told_record(
    given: Sequence[Knowledge], learnt: Sequence[Learnt], network: Gpt2
) -> dict[str, Any]:
    """Return what is known of pre-training."""
    over = np.stack([one.losses - one.floor for one in learnt], axis=1)
    value: dict[str, Any] = {
        "floor": learnt[0].floor.tolist(), "steps": learnt[0].steps.tolist(),
        "excess": over[-1].tolist(), "trace": over.sum(axis=2).T.tolist(),
        "told": [], "untold": [], "elsewhere": [], "cosines": [], "tuned": [],
    }  # fmt: skip
    for facts, one in zip(given, learnt, strict=True):
        model = loaded(network, one)
        said = one.writing.every(facts, *np.nonzero(facts.told))
        value["told"].append(float(_any(completed(model, said[0]), said[1]).mean()))
        others, of, missing = one.writing.untold(facts)
        right = _any(completed(model, others), of)
        if len(missing):
            value["untold"].append(float(right.mean()))
        value["elsewhere"].append(shares(right, missing, len(facts.facts)))
        if _single(one.writing):
            value["cosines"].append(_cosines(facts, one))
    return value


def loaded(network: Gpt2, learnt: Learnt) -> Any:
    """Return the model with the weights that it has learnt."""
    how = learnt.writing
    return tunable(network, how.vocabulary, how.length, learnt.state, parts=None, rank=None, seed=0)


def _cosines(given: Knowledge, learnt: Learnt) -> list[float | None]:
    """Mean cosine of two templates' embeddings, of one attribute and of two."""
    tokens = [learnt.writing.after[t][0] for t in range(len(given.owner))]
    rows = learnt.state[TOKENS][tokens].double().numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    same = given.owner[:, None] == given.owner
    within = same & ~np.eye(len(same), dtype=bool)
    return [finite(float((rows @ rows.T)[pairs].mean())) if pairs.any() else None
            for pairs in (within, ~same)]  # fmt: skip


def ablated(
    given: Knowledge, learnt: Learnt, network: Gpt2, *, parts: Sequence[str] = ("attention", "mlp")
) -> list[dict[str, Any]]:
    """Return what is still completed if a part of a layer says the same in every sentence.

    The output of a layer's attention, or of its network, is replaced by its mean over all
    sentences, at the last token of the subject or at the last one before the answer: facts that
    pass through it are lost.

    Parameters
    ----------
    given, learnt, network : the facts, the model that has read them, and its sizes.
    parts : ``attention``, ``mlp`` or both.

    Returns
    -------
    One record for each ``layer``, ``part`` and ``token``, with ``told``: the share of sentences
    that are rightly completed.
    """
    how = learnt.writing
    rows = how.sentences(given)
    model = loaded(network, learnt)
    frames = np.nonzero(given.told)[1]
    subject = rows.starts - 1 - np.array([len(how.after[t]) for t in frames])
    places = {"subject": subject, "last": rows.starts - 1}
    records = []
    with one_thread():
        for layer, block in enumerate(model.transformer.h):
            for part in parts:
                module = block.attn if part == "attention" else block.mlp
                for token, place in places.items():
                    with _replaced(module, place):
                        right = completed(model, rows, block=len(rows))
                    told = float(right.mean())
                    records.append({"layer": layer, "part": part, "token": token, "told": told})
    return records


@contextmanager
def _replaced(module: Any, place: NDArray[np.intp]) -> Iterator[None]:
    """Replace a module's output at one place of each row by its mean there."""

    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        first = output[0] if isinstance(output, tuple) else output
        here = np.arange(len(first))
        changed = first.clone()
        changed[here, place] = first[here, place].mean(dim=0)
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
