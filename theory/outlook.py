"""What is known of a theorem's conclusion at given sizes: proved, predicted, or proved false.

A table of hypotheses does not yet say what one came for. An :class:`Outlook` does: the probability
with which the conclusion is proved to hold, the probability that a law predicts, or that with which
it is proved to fail; and the sizes that would do.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any, Protocol, TypeVar

__all__ = ["EVEN", "NEVER", "Outlook", "chance_text", "of_drawn"]

DRAWN = "this is for embeddings that are drawn, not for those of a file"

EVEN = 0.5
"""Proved probability of failing from which sizes are said to be guaranteed to fail."""


NEVER = 1e-9
"""A chance below this is said to be below it: nobody will see it happen."""


class Given(Protocol):
    """What may bring vectors of its own; None stands for drawn ones."""

    @property
    def vectors(self) -> Any:
        """Vectors of a file."""


Asked = TypeVar("Asked", bound=Given)


@dataclass(frozen=True)
class Outlook:
    """What is known of a conclusion.

    Parameters
    ----------
    event : the conclusion, as a clause: "all 40 facts are recalled".
    guaranteed : its probability is proved to be at least this; None if nothing is proved, or sizes
        are missing.
    predicted : its probability by a law, which is not proved; None if there is none.
    failing : the probability that it fails is proved to be at least this; None if nothing is.
    sizes : sizes that are guaranteed to do (or predicted, which they say then), as clauses.
    note : what else there is to say.

    Examples
    --------
    >>> outlook = Outlook("all 40 facts are recalled", guaranteed=0.9999)
    >>> outlook.verdict(0.01)
    'guaranteed'
    >>> outlook.sentence(0.01)
    'guaranteed: all 40 facts are recalled with probability at least 0.9999 (proved)'
    """

    event: str
    guaranteed: float | None = None
    predicted: float | None = None
    failing: float | None = None
    sizes: tuple[str, ...] = ()
    note: str = ""

    def verdict(self, delta: float) -> str:
        """Say ``guaranteed`` (with probability 1 - delta), ``guaranteed to fail`` or the like."""
        if self.guaranteed is not None and self.guaranteed >= 1 - delta:
            return "guaranteed"
        if self.failing is not None and self.failing >= EVEN:
            return "guaranteed to fail"
        return "open" if self.predicted is None else "predicted"

    def sentence(self, delta: float) -> str:
        """Say the verdict in one line."""
        verdict = self.verdict(delta)
        if verdict == "guaranteed":
            assert self.guaranteed is not None
            chance = f" with probability at least {chance_text(self.guaranteed)}"
            said = f"{self.event}{chance if self.guaranteed < 1 else ''} (proved)"
        elif verdict == "guaranteed to fail":
            assert self.failing is not None
            said = (
                f"the probability that {self.event} is at most {chance_text(1 - self.failing)} "
                "(proved)"
            )
        elif verdict == "predicted":
            assert self.predicted is not None
            said = f"{self.event} with probability {chance_text(self.predicted)} (law, not proved)"
            verdict = "not guaranteed, predicted"
        elif self.guaranteed:
            chance = chance_text(self.guaranteed)
            said, verdict = f"{self.event} with probability at least {chance}", "proved"
        else:
            said, verdict = f"whether {self.event}", "not decided"
        parts = [f"{verdict}: {said}"]
        if self.sizes:
            parts.append(f"guaranteed at delta = {delta:g}: {', or '.join(self.sizes)}")
        return "; ".join([*parts, *([self.note] if self.note else [])])

    def to_dict(self, delta: float) -> dict[str, Any]:
        """Return the outlook as a record that JSON can hold."""
        return {
            "verdict": self.verdict(delta), "delta": delta, "sentence": self.sentence(delta),
            **asdict(self), "sizes": list(self.sizes),
        }  # fmt: skip


def of_drawn(outlook: Callable[[Asked], Outlook | None]) -> Callable[[Asked], Outlook | None]:
    """Let an outlook take back what is proved of drawn embeddings where vectors are given."""

    @wraps(outlook)
    def told(problem: Asked) -> Outlook | None:
        found = outlook(problem)
        if found is None or problem.vectors is None:
            return found
        note = "; ".join(filter(None, [found.note, DRAWN]))
        return replace(found, guaranteed=None, failing=None, note=note)

    return told


def chance_text(chance: float) -> str:
    """Write a probability: by its digits, or where it is all but 1 by what it lacks of that.

    Examples
    --------
    >>> chance_text(0.25), chance_text(1 - 2e-9), chance_text(1.0), chance_text(1.29e-31)
    ('0.25', '1 - 2e-09', '1', 'below 1e-9')
    """
    if 0 < chance < NEVER:
        return f"below {NEVER:.0e}".replace("e-0", "e-")
    lacks = 1 - chance
    return f"1 - {lacks:.2g}" if 0 < lacks <= 5e-5 else f"{chance:.4g}"
