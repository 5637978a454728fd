"""Plants faults in a copy of the project, one at a time, and sees whether anything notices.

    python -m tests.faults.plant [--only NAME ...] [--claims-only] [--jobs 1]
    python -m tests.faults.plant --summary

Every line of ``faults.jsonl`` is a fault: one place of the code, changed as a careful adversary
would change the mathematics. For each, the claims that could notice are judged, in the quick regime
and in both controls, up to the first that does: by another verdict than expected, by a control that
is not violated, or by breaking down. If none does, the tests that the fault names are run.

What notices a fault must be content without it: it is run again in the unharmed copy, once for each
claim and each set of tests, for otherwise nothing would follow.

Results go to ``build/faults/results.jsonl``, a line for each fault as soon as it is judged. A run
that was interrupted goes on where it ended; what was found with other code, or for another fault of
the same name, does not count. The checkout itself is never changed.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.faults.copies import Copy, Project
from tests.faults.listed import LIST, Fault, PlantError, chosen, read_faults
from tests.faults.results import RESULTS, Keys, Ledger, summary

ROOT = Path(__file__).parents[2]


class Run:
    """Judges faults in copies of a project.

    Parameters
    ----------
    project : the checkout.
    ledger : where results go.
    claims_only : whether tests are left out.
    """

    def __init__(self, project: Project, ledger: Ledger, *, claims_only: bool) -> None:
        self.project, self.ledger, self.claims_only = project, ledger, claims_only
        self.code = project.code()

    def keys(self, fault: Fault) -> Keys:
        """Return what a result for this fault would rest on."""
        return Keys.of(fault, self.project, self.code)

    def state(self, fault: Fault) -> str:
        """Return what is known of a fault, one of :data:`tests.faults.results.STATES`."""
        return self.ledger.state(fault, self.keys(fault))

    def pending(self, faults: Sequence[Fault]) -> list[Fault]:
        """Return the faults that are still to be judged.

        Raises
        ------
        PlantError
            If one of the given faults cannot be planted.
        """
        for fault in faults:
            fault.planted((self.project.root / fault.file).read_text(encoding="utf-8"))
        wanted = ("unknown",) if self.claims_only else ("unknown", "no claim")
        return [fault for fault in faults if self.state(fault) in wanted]

    def judge(self, faults: Sequence[Fault], *, jobs: int) -> None:
        """Judge faults, as many at a time as there are jobs, and say what was found.

        Raises
        ------
        PlantError
            If claims or tests cannot be run, or notice something without a fault.
        """
        with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
            count = min(jobs, len(faults))
            copies = [Copy(self.project, Path(temporary, str(job))) for job in range(count)]
            free: SimpleQueue[Copy] = SimpleQueue()
            for copy in copies:
                free.put(copy)

            def work(fault: Fault) -> str:
                copy = free.get()
                try:
                    return self._judged(fault, copy)
                finally:
                    free.put(copy)

            with ThreadPoolExecutor(jobs) as pool:
                try:
                    for line in pool.map(work, faults):
                        print(line, flush=True)
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    for copy in copies:
                        copy.end()
                    raise

    def _judged(self, fault: Fault, copy: Copy) -> str:
        """Judge a fault, write down the result, and return it as a line."""
        start, keys, caught, found = time.monotonic(), self.keys(fault), "nothing", None
        with copy.planted(fault):
            if self.state(fault) == "unknown" and (found := copy.judge(fault.claims)):
                caught = "claims"
            tested = found is None and not self.claims_only
            if tested and (found := copy.test(fault.tests)):
                caught = "tests"
        seconds = round(time.monotonic() - start, 1)
        by, how = found or (None, None)
        if by is not None:
            self._control(copy, caught, [by] if caught == "claims" else list(fault.tests))
        self.ledger.add({
            "name": fault.name, "caught_by": caught, "by": by, "how": how, "seconds": seconds,
            "keys": {"claims": keys.claims, "tests": keys.tests if tested else None},
        })  # fmt: skip
        said = f"{caught}, {by}, {how}" if by else "nothing" if tested else "no claim"
        return f"{fault.name}: {said} ({seconds:g} s)"

    def _control(self, copy: Copy, kind: str, what: Sequence[str]) -> None:
        """See that what noticed a fault notices nothing without one."""
        control = {"control": kind, "of": list(what), "code": self.code}
        if control not in self.ledger.records:
            found = copy.judge(what) if kind == "claims" else copy.test(what)
            if found is not None:
                raise PlantError(f"{found[0]} notices something without any fault: {found[1]}")
            self.ledger.add(control)


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> None:
    """Run the command line; what makes a run meaningless ends it with one line and status 2."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.plant", description="Plant faults and see what notices them."
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these faults and no others")
    parser.add_argument("--claims-only", action="store_true", help="run no tests")
    parser.add_argument("--results", type=Path, help=f"file of results; {RESULTS} if not given")
    parser.add_argument("--jobs", type=int, default=1, help="faults at a time, each in a copy")
    parser.add_argument("--summary", action="store_true", help="say what was found; run nothing")
    given = parser.parse_args(arguments)
    try:
        faults = chosen(read_faults(root / LIST), given.only)
        if given.jobs < 1:
            raise PlantError(f"jobs = {given.jobs} is not a positive number")
        ledger = Ledger(given.results or root / RESULTS)
        run = Run(Project.at(root), ledger, claims_only=given.claims_only)
        if not given.summary:
            left = run.pending(faults)
            print(f"{len(left)} of {len(faults)} faults to judge", flush=True)
            run.judge(left, jobs=given.jobs)
        print("\n".join(summary(faults, {fault.name: run.state(fault) for fault in faults})))
    except PlantError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    # Ended from outside, a run takes with it what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)
