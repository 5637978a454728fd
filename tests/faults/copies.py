"""Copies of a checkout, in which faults are planted and what could notice them is run."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.listed import FLOORS, Fault, PlantError

PATIENCE = 7200.0
"""Seconds after which claims, or tests, that have not ended count as having noticed."""

KEPT_OUT = ("PYTEST_", "JAX_COMPILATION_CACHE_DIR")
"""Beginnings of the names of environment variables that are not handed on."""

Noticed = tuple[str, str]
"""The claim or test that noticed a fault, and how."""


@dataclass(frozen=True)
class Project:
    """A checkout.

    Parameters
    ----------
    root : where it is.
    files : those that git has, relative to the root.
    """

    root: Path
    files: tuple[str, ...]

    @classmethod
    def at(cls, root: Path) -> "Project":
        """Return the project whose checkout is here.

        Raises
        ------
        PlantError
            If it is no git checkout.
        """
        if not (root / ".git").exists():
            raise PlantError(f"{root} is no git checkout, and what is copied is what git has")
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
        )
        names = [name for name in listed.stdout.split("\0") if name]
        return cls(root, tuple(name for name in names if (root / name).is_file()))

    def code(self) -> str:
        """Digest of the packages."""
        return self._digest(name for name in self.files if name.partition("/")[0] in FLOORS)

    def tests_of(self, fault: Fault) -> str:
        """Digest of the tests that a fault names, and of what tests share."""
        shared = ("tests", "tests/helpers")
        return self._digest(
            name
            for name in self.files
            if name in fault.tests or (name.rpartition("/")[0] in shared and "test_" not in name)
        )

    def _digest(self, files: Iterable[str]) -> str:
        digest = hashlib.sha256()
        for name in sorted(files):
            if name.endswith(".py"):
                digest.update(f"{name}\0".encode() + (self.root / name).read_bytes() + b"\0")
        return digest.hexdigest()[:12]


class Copy:
    """A copy of a project, in which faults are planted and taken out again.

    Parameters
    ----------
    project : the checkout.
    folder : where the copy goes.

    Raises
    ------
    PlantError
        If the packages that Python imports there are not those of the copy.
    """

    def __init__(self, project: Project, folder: Path) -> None:
        self.folder = folder.resolve()
        for name in project.files:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.root / name, target)
        self._planted, self._ended = 0, False
        self._process: subprocess.Popen[str] | None = None
        self.judge(())

    @contextlib.contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """Plant a fault for the length of a ``with``."""
        path = self.folder / fault.file
        before, times = path.read_bytes(), path.stat()
        path.write_bytes(fault.planted(before.decode()).encode())
        # Compiled code is known by time and size of its source: no two states have the same time.
        self._planted += 1
        later = times.st_mtime_ns + self._planted * 10**9
        os.utime(path, ns=(later, later))
        try:
            yield
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def judge(self, claims: Sequence[str]) -> Noticed | None:
        """Judge claims up to the first that notices something.

        Raises
        ------
        PlantError
            If they cannot be judged.
        """
        script = str(Path(__file__).with_name("judge.py"))
        status, out, said = self._run("-P", script, str(self.folder), *claims)
        found = [json.loads(line) for line in out.splitlines()]
        if found and found[-1]["how"] is not None:
            return found[-1]["claim"], found[-1]["how"]
        if status == 0:
            return None
        if status is not None and status > 0:
            raise PlantError(f"claims cannot be judged: {_last(said)}")
        return claims[len(found)], _cut_off(status)

    def test(self, tests: Sequence[str]) -> Noticed | None:
        """Run tests up to the first that fails.

        Raises
        ------
        PlantError
            If they cannot be run.
        """
        status, out, said = self._run(
            "-m", "pytest", "-x", "-q", "-m", "not theory", "-p", "no:cacheprovider", *tests
        )
        if status in (0, 5):  # 5: every test is one of the claims'
            return None
        failed = [line for line in out.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        if status in (1, 2) and failed:  # 2: a module of tests breaks down before its tests
            place, _, how = failed[0].partition(" ")[2].partition(" - ")
            return place, how
        if status is not None and status > 0:
            raise PlantError(f"tests cannot be run, status {status}: {_last(said) or _last(out)}")
        return tests[0], _cut_off(status)

    def end(self) -> None:
        """End what runs in the copy; nothing is concluded from it."""
        self._ended = True
        if self._process is not None:
            _kill(self._process)

    def _run(self, *arguments: str) -> tuple[int | None, str, str]:
        """Run Python on the copy; the status is None if it had to be cut off."""
        if self._ended:
            raise PlantError("interrupted")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(KEPT_OUT)}
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=self.folder, text=True, start_new_session=True,
            env={**environment, "PYTHONPATH": str(self.folder)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            self._process = process
            status = None
            try:
                out, said = process.communicate(timeout=PATIENCE)
                status = process.returncode
            except subprocess.TimeoutExpired:
                _kill(process)
                out, said = process.communicate()
        if self._ended:
            raise PlantError("interrupted")
        return status, out, said


def _kill(process: "subprocess.Popen[str]") -> None:
    """End a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _cut_off(status: int | None) -> str:
    return "does not end" if status is None else f"ends with signal {-status}"


def _last(text: str) -> str:
    """Last line of what a process said."""
    return text.strip().rpartition("\n")[2]
