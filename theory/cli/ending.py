"""How the command ends: whatever happens is one line on stderr and an exit status."""

import errno
import gc
import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType

from assoc.errors import InputError
from assoc.imports import told
from theory.cli.terminal import OutputError, say, writing

__all__ = ["TRACEBACK", "ended"]

TRACEBACK = "--traceback"
"""The option that shows where an error comes from."""

BAD_INPUT = 2

FAULT = 70
"""Our own fault: EX_SOFTWARE of sysexits.h."""

KILLED = 128
"""A shell's status of a process that a signal ended, less the signal's number."""

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask for an end."""

SELDOM = 100_000
"""Objects made between two looks for those that nothing refers to any more."""

GRACE = 1.0
"""Seconds that a computation has to heed a signal; then the process ends in spite of it."""

CURSOR = b"\r\x1b[?25h\x1b[K"
"""Shows a terminal's cursor on an empty line."""

ENVIRONMENT = {
    # Workers are not to find their Python's own modules in the current folder.
    "PYTHONSAFEPATH": "1",
    # Figures are drawn to files, whatever a notebook or a desktop needs.
    "MPLBACKEND": "agg",
    # The kernels are made to be compiled, and some of them cannot run otherwise.
    "NUMBA_DISABLE_JIT": "0",
}


class _Signalled(BaseException):
    """The process was asked to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def ended(work: Callable[[], int]) -> int:
    """Do the work of a command and return its exit status; what goes wrong is told in one line.

    If threads are still computing, which nothing could wait for, the process ends here.

    Parameters
    ----------
    work : returns the exit status.
    """
    with _surroundings():
        before = set(threading.enumerate())
        status = _status(work)
        if status >= KILLED and set(threading.enumerate()) - before:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            os._exit(status)
    return status


def _status(work: Callable[[], int]) -> int:
    try:
        status = work()
        with writing():
            # The last of it arrives here, while it can still be told if it does not.
            return status
    except BaseException as error:
        if threading.current_thread() is threading.main_thread():
            # Whoever asks twice gets no second answer.
            for number in ASKING:
                signal.signal(number, signal.SIG_IGN)
        status, line = _told(error)
        if TRACEBACK in sys.argv and line:
            traceback.print_exc()
        if line:
            say(f"recall: {line}")
        return status


def _told(error: BaseException) -> tuple[int, str]:
    """Return the exit status of an error, and what is said of it, if anything."""
    import typer

    if isinstance(error, _Signalled):
        return KILLED + error.number, "terminated"
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return KILLED + signal.SIGINT, "interrupted"
    if isinstance(error, OutputError):
        return _of_stdout(error)
    if isinstance(error, typer.TyperException):
        # Without arguments the help was the message.
        return error.exit_code, " ".join(error.format_message().split())
    said = " ".join(str(error).split())
    if isinstance(error, InputError):
        return BAD_INPUT, said
    if isinstance(error, MemoryError):
        return BAD_INPUT, f"not enough memory: {said}".removesuffix(": ")
    theirs = told(error)
    if theirs is not None:
        return BAD_INPUT, theirs
    if isinstance(error, SystemExit):
        # Rich leaves so when the reader of a help is gone.
        return KILLED + signal.SIGPIPE, ""
    if isinstance(error, OSError) and error.strerror:
        named = () if error.filename is None else (str(error.filename),)
        return BAD_INPUT, ": ".join((*named, error.strerror))
    said = f"{type(error).__name__}: {said}".removesuffix(": ")
    return FAULT, f"{said} (a fault of recall itself; `recall {TRACEBACK} ...` shows where)"


def _of_stdout(error: OutputError) -> tuple[int, str]:
    if error.errno == errno.EPIPE:
        # The reader of our output has gone; there is nobody left to tell.
        return KILLED + signal.SIGPIPE, ""
    return BAD_INPUT, f"stdout cannot be written ({error.strerror})"


# --- what a command finds around it -------------------------------------------------------------


@contextmanager
def _surroundings() -> Iterator[None]:
    """Give a command the same surroundings wherever it runs, and restore them."""
    with ExitStack() as stack:
        # What start-up makes stays, and need not be looked through again and again.
        stack.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(SELDOM)
        _open_streams()
        stack.enter_context(_quiet())
        stack.enter_context(_set(ENVIRONMENT))
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(_signals())
        yield


def _open_streams() -> None:
    """See to it that no file of ours gets the number of a stream that is closed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _quiet() -> Iterator[None]:
    """Print no logs and, unless Python was asked for them, no warnings, here and in workers.

    What a library has to say is told by our own messages, or means nothing to a user.
    """
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings():
            if sys.warnoptions:
                yield
            else:
                warnings.simplefilter("ignore")
                with _set({"PYTHONWARNINGS": "ignore"}):
                    yield
    finally:
        logging.disable(before)


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment while the context is open."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _signals() -> Iterator[None]:
    """Turn signals that ask for an end into exceptions, and end if these are not heeded.

    Python tells of a signal between two of its own steps; an optimiser or a decomposition may run
    for a minute before the next one. So another thread looks on.
    """
    before = {number: signal.getsignal(number) for number in ASKING}
    heard, told_of = os.pipe()
    os.set_blocking(told_of, False)
    over = threading.Event()
    woken = signal.set_wakeup_fd(told_of, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(heard, over), daemon=True)
    watch.start()
    try:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:
                signal.signal(number, _raise)
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            # One that is not Python's own is None, and stays.
            if handler is not None:
                signal.signal(number, handler)
        os.close(told_of)
        watch.join()
        os.close(heard)


def _raise(number: int, frame: FrameType | None) -> None:
    raise _Signalled(number)


def _watch(heard: int, over: threading.Event) -> None:
    """End the process a while after a signal that asks for it, unless the command is over."""
    while told_of := os.read(heard, 1):
        number = told_of[0]
        if number in ASKING and not over.wait(GRACE):
            if sys.stderr.isatty():
                # A progress bar hides the cursor, and cannot give it back any more.
                os.write(sys.stderr.fileno(), CURSOR)
            say("recall: interrupted" if number == signal.SIGINT else "recall: terminated")
            os._exit(KILLED + number)
