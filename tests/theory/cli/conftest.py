"""Fixtures that run the command, in this process or in one of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from theory.cli import ending, main


@dataclass(frozen=True)
class Ran:
    """What one run of the command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        assert self.status == 0, self.err
        return self._read()

    @property
    def unmet(self) -> dict[str, Any]:
        """The result of a run that found a hypothesis to fail."""
        assert self.status == 3, self.err
        result = self._read()["result"]
        assert isinstance(result, dict)
        assert any(condition["holds"] is False for condition in result["conditions"])
        return result

    def _read(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document

    @property
    def result(self) -> dict[str, Any]:
        return self.document["result"]

    @property
    def complaint(self) -> str:
        """The one line on stderr of a run that failed, with nothing on stdout."""
        assert self.status == 2, self
        assert self.out == ""
        assert self.err.startswith("recall: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err.removeprefix("recall: ").rstrip("\n")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    """Nothing in the environment asks for colours or for a width."""
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS", "PY_COLORS", "COLUMNS",
                 "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR", "TERMINAL_WIDTH"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def recall(monkeypatch, capsys, tmp_path) -> Callable[..., Ran]:
    """Run the command in this process, in an empty folder; what it keeps quiet is an error here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ending, "_quiet", nullcontext)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["recall", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        # A line break in a line is shown as two characters: what has several lines is not one.
        assert "--json" in arguments or r"\n" not in captured.out
        for name in set(sys.modules) - known:
            # A test's own construction must not stay for the next test's of the same name.
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def process(tmp_path) -> Callable[..., Ran]:
    """Run the installed command in a process of its own, in an empty folder."""
    command = Path(sys.executable).with_name("recall")

    def run(*arguments: object, stdout: Any = subprocess.PIPE) -> Ran:
        done = subprocess.run(
            [command, *map(str, arguments)],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=300,
            check=False,
        )
        return Ran(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())

    return run
