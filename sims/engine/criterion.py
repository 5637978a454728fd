"""When a set of facts counts as recalled."""

from dataclasses import dataclass
from fractions import Fraction

from assoc.errors import InputError

__all__ = ["Criterion"]


@dataclass(frozen=True)
class Criterion:
    """When a set of facts counts as recalled.

    Parameters
    ----------
    rate : fraction of the inputs that must be recalled, in (0, 1]; 1 means every input. It is
        taken as the decimal number it is written as: 0.55 of 100 inputs are 55.

    Examples
    --------
    >>> Criterion.parse("all"), Criterion.parse("0.99").met(99, 100)
    (Criterion(rate=1.0), True)
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise InputError(f"criterion {self.rate} is neither 'all' nor a rate in (0, 1]")

    @classmethod
    def parse(cls, text: "str | float | Criterion") -> "Criterion":
        """Read ``all`` or a rate."""
        if isinstance(text, Criterion):
            return text
        try:
            return cls(1.0 if text == "all" else float(text))
        except (ValueError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"criterion {text!r} is neither 'all' nor a rate in (0, 1]") from None

    def met(self, count: int, judged: int) -> bool:
        """Whether ``count`` of ``judged`` recalled inputs are enough."""
        return int(count) >= Fraction(str(self.rate)) * int(judged)

    def __str__(self) -> str:
        return "all" if self.rate == 1 else str(self.rate)
