"""The list of faults: what can be planted, where, and what could notice it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIST = "tests/faults/faults.jsonl"

FLOORS = ("assoc", "sims", "theory")


class PlantError(Exception):
    """Something that makes a run meaningless, in one line."""


@dataclass(frozen=True)
class Fault:
    """A fault that can be planted.

    Parameters
    ----------
    name : says what is wrong.
    file : where, relative to the root.
    old, new : text that occurs once in the file, and what it is replaced by.
    what : the fault in a sentence.
    claims : claims that could notice, as theorem/claim, cheap ones first.
    tests : paths of the tests that could.
    """

    name: str
    file: str
    old: str
    new: str
    what: str
    claims: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def floor(self) -> str:
        """Package that the fault is in."""
        return self.file.partition("/")[0]

    def planted(self, text: str) -> str:
        """Return the text of the file with the fault in it.

        Raises
        ------
        PlantError
            If the old text does not occur exactly once.
        """
        times = text.count(self.old)
        if times != 1:
            raise PlantError(f"{self.name}: its old text occurs {times} times in {self.file}")
        return text.replace(self.old, self.new)


def read_faults(path: Path) -> list[Fault]:
    """Read a list of faults, one JSON object a line."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Fault(**{**record, "claims": tuple(record["claims"]), "tests": tuple(record["tests"])})
        for record in records
    ]


def chosen(faults: Sequence[Fault], only: Sequence[str] | None) -> list[Fault]:
    """Return the faults of these names, or all.

    Raises
    ------
    PlantError
        If a name is unknown.
    """
    unknown = sorted(set(only or ()) - {fault.name for fault in faults})
    if unknown:
        raise PlantError(f"unknown fault {unknown[0]!r}: {LIST} has the names")
    return [fault for fault in faults if only is None or fault.name in only]
