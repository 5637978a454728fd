"""What is known of faults: a file of results, and what of it stands with the present code."""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.copies import Project
from tests.faults.listed import FLOORS, Fault, PlantError

RESULTS = "build/faults/results.jsonl"

STATES = ("claims", "tests", "nothing", "no claim", "unknown")
"""By what a fault was caught; by no claim, its tests not run; not judged with this code."""


@dataclass(frozen=True)
class Keys:
    """What a result rests on: code, fault and claims; code, fault and tests."""

    claims: str
    tests: str

    @classmethod
    def of(cls, fault: Fault, project: Project, code: str) -> "Keys":
        """Return those of a fault now."""

        def key(*parts: Any) -> str:
            text = json.dumps([code, fault.file, fault.old, fault.new, *parts])
            return hashlib.sha256(text.encode()).hexdigest()[:12]

        return cls(key(fault.claims), key(fault.tests, project.tests_of(fault)))


class Ledger:
    """A file of results, read and added to line by line.

    Parameters
    ----------
    path : the file, which need not exist. A last line that was cut off, when a run was interrupted,
        is passed over and written over.

    Raises
    ------
    PlantError
        If another line is no result.
    """

    def __init__(self, path: Path) -> None:
        self.records: list[dict[str, Any]] = []
        self._path, self._lock = path, threading.Lock()
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        whole, _, _ = text.rpartition("\n")
        self._length = len(whole.encode()) + 1 if whole else 0
        for number, line in enumerate(whole.split("\n") if whole else (), start=1):
            try:
                self.records.append(json.loads(line))
            except ValueError:
                raise PlantError(f"{path}: line {number} is no result") from None

    def add(self, record: dict[str, Any]) -> None:
        """Add a result and have it written."""
        line = json.dumps(record).encode() + b"\n"
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("r+b" if self._path.is_file() else "wb") as file:
                file.truncate(self._length)
                file.seek(self._length)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self._length += len(line)
            self.records.append(record)

    def state(self, fault: Fault, keys: Keys) -> str:
        """Return what is known of a fault, one of :data:`STATES`."""
        found = "unknown"
        for record in self.records:
            if record.get("name") == fault.name and record["keys"]["claims"] == keys.claims:
                caught = record["caught_by"]
                tested = record["keys"]["tests"] == keys.tests
                found = caught if caught == "claims" or tested else "no claim"
        return found


def by_floor(faults: Sequence[Fault], states: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is known of the faults on each floor, and of all."""
    return {
        floor: [states[fault.name] for fault in faults if floor in (fault.floor, "all")]
        for floor in (*FLOORS, "all")
    }


def summary(faults: Sequence[Fault], states: Mapping[str, str]) -> list[str]:
    """Return the lines of a summary: what caught how many on each floor, and what nothing did."""
    lines = [f"{'':8}{'faults':>8}" + "".join(f"{state:>14}" for state in STATES)]
    for floor, here in by_floor(faults, states).items():
        lines.append(f"{floor:8}{len(here):8}" + "".join(_shares(here)))
    for state, heading in (
        ("nothing", "Caught by nothing:"),
        ("no claim", "Caught by no claim, tests not run:"),
    ):
        missed = [fault for fault in faults if states[fault.name] == state]
        lines += ["", heading] if missed else []
        lines += [f"  {fault.name} ({fault.file}): {fault.what}" for fault in missed]
    return lines


def _shares(states: Sequence[str]) -> Iterable[str]:
    for state in STATES:
        times = states.count(state)
        yield f"{f'{times} ({times / max(len(states), 1):.0%})':>14}"
