"""What a theorem is made of here: hypotheses, claims, findings and verdicts."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from assoc.arrays import Floats
from assoc.facts.recall_task import RecallTask

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sims.knowledge.trials import Told
    from theory.outlook import Outlook

__all__ = [
    "Claim",
    "Condition",
    "Finding",
    "Hypothesis",
    "Kind",
    "Problem",
    "Side",
    "Standing",
    "Theorem",
    "Verdict",
    "deviation_text",
    "spaced",
]


class Kind(StrEnum):
    """What sort of statement a claim is, and so how it is judged."""

    EXACT = "exact"
    """Symbolic, or certified in floating point."""
    SUFFICIENT = "sufficient"
    """A condition guarantees success with probability at least 1 - delta."""
    NECESSARY = "necessary"
    """No model may beat the bound."""
    SCALING = "scaling"
    """The exponent of a law."""
    CONSTANT = "constant"
    """A sharp constant, or a prediction without fitted parameters."""
    TRAJECTORY = "trajectory"
    """Holds along a whole solution."""
    OBSERVED = "observed"
    """What the runs that are named came to, within limits chosen after them."""


class Standing(StrEnum):
    """What a claim rests on, besides its check."""

    PROVED = "proved"
    """All that it states has a proof, and the check tests the implementation."""
    CERTIFIED = "certified"
    """What the check looks at is settled, without sampling error and without a fitted law."""
    MEASURED = "measured"
    """A prediction is compared with what is found at the sizes that are named."""


class Verdict(StrEnum):
    """What a check concludes."""

    HOLDS = "holds"
    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"


class Side(StrEnum):
    """On which side of what is predicted the measured value has to be."""

    EITHER = "either"
    """As near as the tolerance says, whichever way it is off."""
    LEAST = "at least"
    """Not below."""
    MOST = "at most"
    """Not above."""


def spaced(value: object) -> str:
    """Return a name for people: without underscores."""
    return str(value).replace("_", " ")


def deviation_text(deviation: float | None, *, relative: bool) -> str:
    """Return a deviation for people: a share if it is the logarithm of a ratio.

    Examples
    --------
    >>> deviation_text(0.1, relative=True), deviation_text(0.1, relative=False)
    ('11%', '0.1')
    """
    if deviation is None:
        return ""
    text = f"{100 * math.expm1(deviation):.2g}%" if relative else f"{deviation:.2g}"
    return text.replace("e-0", "e-")


@dataclass(frozen=True)
class Condition:
    """One hypothesis, checked: whether it holds, by how much, and a suggested fix.

    Of a size that was not given ``holds`` is None, and the value says what to give.
    """

    name: str
    holds: bool | None
    value: str
    required: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the condition as a record that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Problem:
    """The sizes, and possibly the vectors, on which hypotheses are checked.

    Parameters
    ----------
    d, N : dimension and number of facts; None when they are not given.
    rank : m, for rank-limited memories.
    width, degree : m and k, for networks.
    facts, outputs : law of the fact map, where one was named, and M.
    vectors : the user's embeddings (n, d); None stands for the theorem's own law.
    names : names of the vectors, used to point at offenders.
    task : facts of the factual recall task, for theorems about transformers.
    heads, head_dim : H and d_h of a transformer.
    told, fine_tuned : sizes of what is told in sentences, and N_f, for theorems about knowledge.
    delta : probability of failing that is allowed, in (0, 1).
    """

    d: int | None = None
    N: int | None = None
    rank: int | None = None
    width: int | None = None
    degree: int | None = None
    facts: str | None = None
    outputs: int | None = None
    vectors: Floats | None = None
    names: tuple[str, ...] | None = None
    task: RecallTask | None = None
    heads: int | None = None
    head_dim: int | None = None
    told: "Told | None" = None
    fine_tuned: int | None = None
    delta: float = 0.01

    @property
    def map(self) -> str:
        """Law of the fact map; one answer each where none was named."""
        return self.facts or "identity"

    @property
    def injective(self) -> bool:
        """Whether every input has an answer of its own, as far as the sizes allow one."""
        room = self.N is None or self.outputs is None or self.outputs >= self.N
        return room and self.map in ("identity", "permutation")

    @property
    def crowded(self) -> bool:
        """Whether some outputs are no fact's answer, but compete."""
        return self.N is not None and self.outputs is not None and self.outputs > self.N


@dataclass(frozen=True)
class Hypothesis:
    """A numbered hypothesis of a theorem, executable.

    Parameters
    ----------
    text : the hypothesis in words.
    check : gives the conditions it comes to on a problem; none where it is taken for granted, as
        the law of embeddings is that are drawn.
    """

    text: str
    check: Callable[[Problem], tuple[Condition, ...]]


@dataclass(frozen=True)
class Finding:
    """What one run of a check found.

    Parameters
    ----------
    verdict : the conclusion.
    measured, interval, predicted, tolerance : the comparison that decided, in ``quantity``'s units.
    side : where what is measured has to be; beyond what is predicted by the tolerance at most.
    quantity : what these numbers are.
    conditions : the hypotheses that were checked first.
    note : one line on how the verdict came about.
    table : every comparison made, one record each.
    arms : verdicts of the parts that must all hold, by name, if there are several.
    would_notice : deviation that, planted in all predictions at once, in either direction, shows:
        what holds would be violated with what was measured; None where that is not worked out.
    relative : whether this is the logarithm of a ratio, and not a difference.
    """

    verdict: Verdict
    quantity: str
    measured: float | None = None
    interval: tuple[float, float] | None = None
    predicted: float | None = None
    tolerance: float | None = None
    conditions: tuple[Condition, ...] = ()
    note: str = ""
    table: tuple[Mapping[str, Any], ...] = ()
    arms: Mapping[str, Verdict] = field(default_factory=dict)
    would_notice: float | None = None
    relative: bool = False
    side: Side = Side.EITHER

    @property
    def sign(self) -> str:
        """How what is measured compares with what is predicted: nothing if it is to be as near."""
        return {Side.EITHER: "", Side.LEAST: ">=", Side.MOST: "<="}[self.side]

    @property
    def noticed(self) -> str:
        """What would be noticed, in words; nothing where that is not worked out."""
        return deviation_text(self.would_notice, relative=self.relative)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a record that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Return the finding of a record, also of one that went through JSON."""
        interval = record["interval"]
        return cls(
            **{
                **record,
                "verdict": Verdict(record["verdict"]),
                "interval": None if interval is None else tuple(interval),
                "conditions": tuple(Condition(**condition) for condition in record["conditions"]),
                "table": tuple(record["table"]),
                # A store that is only drawn anew may be from before there were sides and arms.
                "side": Side(record.get("side", Side.EITHER)),
                "arms": {name: Verdict(found) for name, found in record.get("arms", {}).items()},
            }
        )


Check = Callable[..., Finding]


@dataclass(frozen=True)
class Claim:
    """One checkable statement of a theorem.

    Parameters
    ----------
    name : short name, unique within the theorem.
    kind : how it is judged.
    source : where it stands, and whether it is restated or derived here.
    statement : the claim in words.
    check : ``check(seed=..., **regime) -> Finding``.
    quick, full : regimes in which it must hold.
    must_fail : a regime in which its conclusion is false, so that the check must not say "holds".
    why_fail : why it must fail there.
    fault : changes to the quick regime that plant a fault in the construction (or formula).
    fault_text : what was damaged.
    near_misses : further controls, by what is wrong in each: small mistakes, and one for each part
        of a verdict that no other control violates alone; changes to the quick regime.
    expected : verdict of the quick regime.
    proof : where all that is stated is proved: a page and its section; empty if a part is not.
    """

    name: str
    kind: Kind
    source: str
    statement: str
    check: Check
    quick: Mapping[str, Any]
    must_fail: Mapping[str, Any]
    why_fail: str
    fault: Mapping[str, Any]
    fault_text: str
    near_misses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    full: Mapping[str, Any] = field(default_factory=dict)
    expected: Verdict = Verdict.HOLDS
    proof: str = ""

    @property
    def standing(self) -> Standing:
        """What the claim rests on."""
        if self.proof:
            return Standing.PROVED
        return Standing.CERTIFIED if self.kind is Kind.EXACT else Standing.MEASURED

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of the regimes in which the claim must be violated."""
        return ("must_fail", "fault", *self.near_misses)

    def control_text(self, name: str) -> str:
        """Say what is wrong in a control."""
        texts = {"must_fail": self.why_fail, "fault": f"fault: {self.fault_text}"}
        return texts.get(name, f"near miss: {name}")

    def regime(self, name: str, own: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        """Return the regime of a name: ``quick``, ``full`` or one of the :attr:`controls`.

        Parameters
        ----------
        name : of the regime.
        own : sizes of the user's in place of the claim's; what a control changes it changes of
            these too.
        """
        controls = {"must_fail": self.must_fail, "fault": self.fault, **self.near_misses}
        sizes = {"quick": {}, "full": self.full}
        return {**self.quick, **sizes.get(name, {}), **own, **controls.get(name, {})}


@dataclass(frozen=True)
class Theorem:
    """A theorem as a checkable object.

    Parameters
    ----------
    name : the name it has on the command line.
    title : one line.
    source : paper and number, and how far the statement follows it.
    statement : the statement, in Markdown with TeX.
    constants : what is known of the constants that the paper leaves open.
    deviations : where this project's reading differs from the paper.
    hypotheses : numbered, executable.
    claims : what is judged.
    figure : draws the theorem's picture from findings (claim name -> finding); None where they
        have nothing to draw.
    outlook : says what is known of the conclusion on a problem; None where it cannot say.
    origin : where one that is not ours is imported from, ``module:NAME``; filled in when found.
    extra : one of :data:`theory.extras.EXTRAS`, without which no claim is applicable; None for the
        core.
    caption : of the picture: what is drawn in each panel, what the symbols are, and what the bars
        and lines are; Markdown with TeX between dollars. If empty, the names of the axes say it.
    """

    name: str
    title: str
    source: str
    statement: str
    constants: str
    deviations: str
    hypotheses: tuple[Hypothesis, ...]
    claims: tuple[Claim, ...]
    figure: "Callable[[Mapping[str, Finding]], Figure | None]"
    outlook: "Callable[[Problem], Outlook | None] | None" = None
    origin: str = ""
    extra: str | None = None
    caption: str = ""

    def conditions(self, problem: Problem) -> tuple[Condition, ...]:
        """Check every hypothesis on a problem."""
        return tuple(
            condition for hypothesis in self.hypotheses for condition in hypothesis.check(problem)
        )
