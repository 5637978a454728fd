"""Asking a stored transformer for a fact, by names."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assoc.errors import InputError
from assoc.facts.maps import rows_of
from assoc.facts.recall_task import check_length
from assoc.facts.tables import folded
from assoc.transformers.certificates import certify
from sims.engine.randomness import PROMPTS, Source
from sims.engine.results import Result
from sims.transformers.prompts import prompt_outputs
from theory.facts.model_files import StoredModel

__all__ = ["Answer", "ask"]


@dataclass(frozen=True, repr=False)
class Answer(Result):
    """What a transformer said to one prompt.

    Parameters
    ----------
    subject, relation : what it was asked.
    answer : text of the token that scored highest; for a noise token its name.
    token : name of that token, with its relation where several answers have one text.
    taught : the answer among the facts that it was built from; None where there is none.
    right : all answers that are right by these, ``taught`` first; more than one where the table
        was read so that any answer of a fact will do.
    certified : whether one of these answers is proved for every prompt of so many tokens.
    margin : score of the token less that of the next.
    length, seed : of the prompt.
    """

    subject: str
    relation: str
    answer: str
    token: str
    taught: str | None
    right: tuple[str, ...]
    certified: bool
    margin: float
    length: int
    seed: int

    def __repr__(self) -> str:
        return f"Answer({self.subject}, {self.relation}: {self.answer})"

    def rows(self) -> list[dict[str, Any]]:
        """Return the one record."""
        return [self.to_dict()]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "subject": self.subject,
            "relation": self.relation,
            "answer": self.answer,
            "token": self.token,
            "taught": self.taught,
            "right": list(self.right),
            "certified": self.certified,
            "margin": self.margin,
            "length": self.length,
            "seed": self.seed,
        }


def ask(
    stored: StoredModel, subject: str, relation: str, *, length: int | None = None, seed: int = 0
) -> Answer:
    """Ask by one prompt: the two names at random places among noise tokens.

    Parameters
    ----------
    stored : from :func:`theory.facts.model_files.load_model`.
    subject, relation : names, as the table has them; case, Unicode form and spaces around are
        forgiven where only one name is meant.
    length : T of the prompt; None means the longest that the model was certified for.
    seed : draws places and noise.

    Raises
    ------
    InputError
        If a name is unknown, and then which are close; or the length is out of range.
    """
    task = stored.task
    length = stored.length if length is None else length
    check_length(length, task.noise)
    s = _position(subject, stored.subjects, "subject")
    r = _position(relation, stored.relations, "relation")
    row = np.flatnonzero((task.facts[:, 0] == s) & (task.facts[:, 1] == r))
    facts = task.facts[row] if row.size else np.array([[s, r, 0]])
    asked = replace(task, facts=facts, also=rows_of(task.also, row))
    prompt = asked.prompts(length, rng=Source(seed, "ask", (s, r)).generator(0, PROMPTS))
    Phi = stored.model.embeddings.astype(np.float64)
    scores = Phi @ prompt_outputs(stored.model, prompt)[0]
    second, first = np.argsort(scores)[-2:].tolist()
    names = task.names or ()
    right = [stored.texts[label] for label in (asked.labels[0], *asked.also_labels[:, 1])]
    return Answer(
        subject=stored.subjects[s],
        relation=stored.relations[r],
        answer=(*stored.texts, *names[len(stored.texts) :])[first],
        token=names[first],
        taught=right[0] if row.size else None,
        right=tuple(right) if row.size else (),
        certified=bool(row.size and certify(stored.model, asked, length=length).certified[0]),
        margin=float(scores[first] - scores[second]),
        length=length,
        seed=seed,
    )


def _position(name: str, known: Sequence[str], what: str) -> int:
    """Place of a name among those known."""
    if name in known:
        return known.index(name)
    plain, wanted = [folded(text).strip() for text in known], folded(name).strip()
    meant = [place for place, text in enumerate(plain) if text == wanted]
    if len(meant) == 1:
        return meant[0]
    near = [known[plain.index(text)] for text in difflib.get_close_matches(wanted, plain, 3)]
    near = [known[place] for place in meant] or near
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    if not hint and what == "relation":
        hint = f"; known: {', '.join(known)}"
    raise InputError(f"unknown {what} {name!r}{hint}")
