"""Claims as tests, in a paper's own repository.

The plugin comes with the package. ``pytest -m theory`` (or ``pytest --recall``) judges the claims
of the theorems that ``[tool.recall]`` of ``pyproject.toml`` names: one test for each claim and one
for each of its controls. ``--recall-theorems`` names further sources, ``--recall-ours`` adds the
theorems of this package, and ``--recall-size quick,full`` says at which sizes. Without these
options nothing is added to what pytest finds.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Every run of pytest where the package is installed imports this: the rest waits until it is used.
if TYPE_CHECKING:
    from theory.claims import Claim, Finding, Theorem

__all__ = ["ClaimTest", "VerdictError"]

SEED = 0
"""As everywhere else where none is given."""


class VerdictError(Exception):
    """A claim that did not come out as it should."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("recall", "claims of theorems")
    group.addoption(
        "--recall", action="store_true", help="judge the claims of the theorems of this project"
    )
    group.addoption(
        "--recall-theorems", action="append", default=[], metavar="SOURCE",
        help="judge those of a module, file or folder as well",
    )  # fmt: skip
    group.addoption("--recall-ours", action="store_true", help="judge those of recall itself too")
    group.addoption(
        "--recall-size", default="quick", metavar="SIZE", help="quick, full, or quick,full"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "theory: judges a claim of a theorem")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the claims, before what is marked otherwise is left out."""
    if not _asked(config):
        return
    found: list[pytest.Item | pytest.Collector] = list(_tests(session, config))
    # What pytest says that it has collected counts these as well.
    report = pytest.CollectReport("recall", "passed", None, found)
    config.hook.pytest_collectreport(report=report)
    items += [each for each in found if isinstance(each, pytest.Item)]


def _asked(config: pytest.Config) -> bool:
    """Whether claims are asked for: by an option, or by their marker where no file is named."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    marked = re.search(r"\btheory\b", config.option.markexpr or "") is not None
    option = config.option
    return bool(
        option.recall or option.recall_theorems or option.recall_ours or (marked and not named)
    )


def _tests(session: pytest.Session, config: pytest.Config) -> Iterator["ClaimTest"]:
    """Yield a test for each claim at each size, and for each of its controls."""
    from assoc.errors import InputError
    from theory.registry import registered
    from theory.running import check_size

    sizes = [size.strip() for size in config.option.recall_size.split(",")]
    try:
        for size in sizes:
            check_size(size)
        theorems = registered(config.option.recall_theorems)
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    for theorem in theorems:
        if theorem.origin or config.option.recall_ours:
            parent = _Source.from_parent(session, path=_file(theorem), name=theorem.name)
            for claim in theorem.claims:
                for regime in (*dict.fromkeys(sizes), *claim.controls):
                    yield ClaimTest.of(parent, theorem, claim, regime)


def _file(theorem: "Theorem") -> Path:
    """Return the file that a theorem is in."""
    import sys

    module = theorem.origin.partition(":")[0] or "theory.theorems"
    return Path(sys.modules[module].__file__ or ".")


class _Source(pytest.File):
    """The file of a theorem, under the theorem's name."""

    def collect(self) -> Iterable[pytest.Item]:
        """Nothing: the tests are made by the plugin."""
        return ()


class ClaimTest(pytest.Item):
    """A claim at one size, or where it must be violated."""

    theorem: "Theorem"
    claim: "Claim"
    regime: str

    @classmethod
    def of(cls, parent: _Source, theorem: "Theorem", claim: "Claim", regime: str) -> "ClaimTest":
        """Make the test of a regime."""
        test: ClaimTest = cls.from_parent(parent, name=f"{claim.name}[{regime}]")
        test.theorem, test.claim, test.regime = theorem, claim, regime
        test.add_marker("theory")
        if parent.config.pluginmanager.hasplugin("xdist"):
            # Where tests are spread over processes those of a claim stay together.
            test.add_marker(pytest.mark.xdist_group(f"{theorem.name}/{claim.name}"))
        return test

    def runtest(self) -> None:
        """Run the check, and compare its verdict with the one that it must have."""
        from sims.engine.parallel import blas_threads
        from theory.claims import Finding, Verdict
        from theory.extras import without
        from theory.running import run_claim

        if missing := without(self.theorem.extra):
            pytest.skip(f"the extra '{self.theorem.extra}' is not installed: {missing}")
        # As in a sweep: threads of the matrix products would be in each other's way.
        with blas_threads(1):
            record = run_claim(
                self.theorem.name, self.claim.name, self.regime, SEED, origin=self.theorem.origin
            )
        found = Finding.from_dict(record)
        held = self.regime not in self.claim.controls
        expected = self.claim.expected if held else Verdict.VIOLATED
        if found.verdict is not expected:
            raise VerdictError(self._told(found, expected))

    def _told(self, found: "Finding", expected: object) -> str:
        from theory.claims import spaced

        what = self.claim.statement
        if self.regime in self.claim.controls:
            what = f"a control was not caught ({self.claim.control_text(self.regime)})"
        lines = [
            f"{self.theorem.name}: {self.claim.name}: {what}",
            f"verdict    {spaced(found.verdict)}, expected {spaced(expected)}",
            f"quantity   {found.quantity}",
            f"measured   {found.measured}, interval {found.interval}",
            f"predicted  {found.sign}{found.predicted}, tolerance {found.tolerance}",
            f"note       {found.note}",
        ]
        return "\n".join(lines)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say what was found; the way there is of interest for other errors only."""
        from assoc.errors import InputError

        if isinstance(excinfo.value, VerdictError | InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the file and the name."""
        return self.path, None, f"{self.theorem.name}: {self.name}"
