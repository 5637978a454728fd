"""Finished points of a sweep in one SQLite file: what is stored there survives a kill.

A point is in the file, whole, or not at all: each is one transaction of a database in write-ahead
mode. The file says which request it answers and which code answered it. While a sweep writes, a
lock file beside it keeps other sweeps out; the lock ends with the process, however that ends.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from assoc.errors import InputError
from assoc.files import place_of, size_of

__all__ = ["SCHEMA", "Point", "Store", "stored_points", "stored_request"]

SCHEMA = 1
"""Version of the tables in the file."""

APPLICATION = 0x52_43_4C_53
"""Marks the file as one of ours, for SQLite and for ``file``: "RCLS"."""

PATIENCE = 5.0
"""Seconds to wait for another program that holds the file."""

TABLES = """
CREATE TABLE request (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE points (
    key TEXT PRIMARY KEY, task TEXT NOT NULL, value TEXT NOT NULL, checksum TEXT NOT NULL,
    seconds REAL NOT NULL, finished REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Point:
    """A finished point.

    Parameters
    ----------
    key : its name, unique in the sweep.
    task : what was computed, as JSON text.
    value : what came out, as JSON text.
    seconds : how long it took.
    finished : when, in seconds since 1970.
    """

    key: str
    task: str
    value: str
    seconds: float
    finished: float

    @property
    def checksum(self) -> str:
        """Digest of everything in the point."""
        content = [self.key, self.task, self.value, self.seconds, self.finished]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Store:
    """A file that finished points are added to; a context, which holds the file's lock.

    Parameters
    ----------
    path : of the file; it is made if it does not exist.
    request : what the sweep is, by name. A file that answers another request is refused.
    patience : seconds to wait for another program that holds the file.

    Raises
    ------
    InputError
        On entering: if the file is no sweep store, is damaged, has another version or request
        (which is named), is in use, or cannot be written. The file stays as it was.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with Store(f"{folder}/a.sqlite", {"sweep": "example"}) as store:
    ...         store.add(Point("d=8", "{}", "0.5", 0.1, 0.0))
    ...     with Store(f"{folder}/a.sqlite", {"sweep": "example"}) as store:
    ...         store.points()["d=8"].value
    '0.5'
    """

    def __init__(
        self, path: str | Path, request: Mapping[str, str], *, patience: float = PATIENCE
    ) -> None:
        self.path = Path(path)
        self.request = dict(request)
        self._patience = patience
        self._lock: FileIO | None = None
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        self._lock = _locked(self.path)
        try:
            with _errors_named(self.path):
                self._connection = connection = _connected(self.path, "rwc", self._patience)
                if _is_new(connection):
                    _create(connection, self.request)
                _check_sound(self.path, connection)
                _check_request(self.path, _request(connection), self.request)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            # What is committed is in the file or its log; a full disk does not change that.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        if self._lock is not None:
            Path(self._lock.name).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def points(self) -> dict[str, Point]:
        """Return every finished point by its key.

        Raises
        ------
        InputError
            If a point is not what was stored.
        """
        assert self._connection is not None, "the store is not open"
        with _errors_named(self.path):
            return _points(self.path, self._connection)

    def add(self, point: Point) -> None:
        """Store a point; it is in the file when this returns.

        Raises
        ------
        InputError
            If it cannot be stored; what was stored before still is.
        """
        assert self._connection is not None, "the store is not open"
        with _errors_named(self.path), self._connection:
            self._connection.execute(
                "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)",
                (
                    point.key, point.task, point.value, point.checksum,
                    point.seconds, point.finished,
                ),
            )  # fmt: skip


def stored_request(path: str | Path) -> dict[str, str]:
    """Read which request a store answers, also while a sweep writes to it.

    Raises
    ------
    InputError
        If the file is missing, no sweep store, of another version, or damaged.
    """
    path = Path(path)
    with _reading(path) as connection:
        return _request(connection)


def stored_points(path: str | Path) -> dict[str, Point]:
    """Read the finished points of a store by their keys, also while a sweep writes to it.

    Raises
    ------
    InputError
        If the file is missing, no sweep store, of another version, or damaged.
    """
    path = Path(path)
    with _reading(path) as connection:
        return _points(path, connection)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    size_of(path)
    # Opened for writing, where that is allowed, a reader tidies up after itself when it closes.
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK) else "ro"
    if mode == "ro" and not path.with_name(path.name + "-wal").exists():
        # Nobody writes there, and SQLite cannot put its own files beside it.
        mode = "ro&immutable=1"
    with _errors_named(path), contextlib.closing(_connected(path, mode, PATIENCE)) as connection:
        connection.execute("PRAGMA query_only = 1")
        _check_sound(path, connection)
        yield connection


@contextlib.contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", None) or ""
        said = {
            "SQLITE_FULL": "the disk is full; what was stored before still is",
            "SQLITE_BUSY": "another program has locked it",
            "SQLITE_NOTADB": "not a sweep store",
            "SQLITE_CORRUPT": "damaged",
            "SQLITE_READONLY": "cannot be written (read-only)",
            "SQLITE_CANTOPEN": "cannot be opened",
            "SQLITE_IOERR": "cannot be read or written; what was stored before still is",
        }
        short = next((text for name, text in said.items() if code.startswith(name)), "damaged")
        raise InputError(f"{path}: {short} ({_printable(error)})") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def _connected(path: Path, mode: str, patience: float) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path.resolve()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=patience)
    # What is no text fails by its checksum.
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    return connection


def _is_new(connection: sqlite3.Connection) -> bool:
    """Whether nothing is in the file, as a kill while it is made leaves it."""
    marks = (connection.execute(f"PRAGMA {name}") for name in ("application_id", "user_version"))
    tables = connection.execute("SELECT count(*) FROM sqlite_master")
    return not any(row.fetchone()[0] for row in (*marks, tables))


def _check_sound(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse what is not a sound store of this version."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise InputError(f"{path}: an SQLite file, but not a sweep store")
    if schema != SCHEMA:
        raise InputError(f"{path}: has schema {schema}, and this version reads {SCHEMA}")
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise InputError(f"{path}: damaged ({_printable(found)})")


def _create(connection: sqlite3.Connection, request: Mapping[str, str]) -> None:
    # In one transaction, so that a kill leaves an empty database or a whole one.
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(statement)
        connection.executemany("INSERT INTO request VALUES (?, ?)", request.items())
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _request(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, value FROM request"))


def _check_request(path: Path, found: Mapping[str, str], asked: Mapping[str, str]) -> None:
    for name in {**found, **asked}:
        if found.get(name) != asked.get(name):
            cure = "name another file"
            if name == "code":
                redraw = asked.get("sweep") == "appendix"
                cure += " or remove this one" + (", or draw what it has (--redraw)" * redraw)
                cure += ": the code, or what it imports, has changed since"
            said = (
                f"holds a sweep with {name} = {found.get(name, 'nothing')}, and this one has "
                f"{name} = {asked.get(name, 'nothing')}; {cure}"
            )
            raise InputError(f"{path}: {_printable(said)}")


def _points(path: Path, connection: sqlite3.Connection) -> dict[str, Point]:
    points = {}
    for key, task, value, checksum, seconds, finished in connection.execute(
        "SELECT key, task, value, checksum, seconds, finished FROM points ORDER BY key"
    ):
        point = Point(key, task, value, seconds, finished)
        texts = all(isinstance(text, str) for text in (key, task, value))
        if not texts or point.checksum != checksum:
            raise InputError(f"{path}: damaged (point {key!r} is not what was stored)")
        points[key] = point
    return points


def _printable(text: object) -> str:
    """Return a message on one line; a damaged file may have put anything into it."""
    line = " ".join(str(text).split())
    return "".join(c if c.isprintable() else "?" for c in line)


def _locked(path: Path) -> FileIO:
    """Hold the lock file of a store, which says who holds it."""
    import fcntl

    # Through a link it is the same file, and is to have the same lock.
    place = place_of(path)
    name = place.with_name(place.name + ".lock")
    while True:
        try:
            lock = name.open("a+b", buffering=0)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror})") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().decode(errors="replace").strip() or "another process"
            lock.close()
            raise InputError(f"{path}: in use by {holder}; wait for it, or stop it") from None
        except OSError as error:
            lock.close()
            raise InputError(f"{name}: cannot be locked ({error.strerror})") from None
        # Whoever held it may have taken it away before we got it; then it is not the lock.
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(lock.fileno()).st_ino == name.stat().st_ino:
                break
        lock.close()
    with contextlib.suppress(OSError):
        # Only says who; on a full disk the lock holds all the same.
        lock.truncate(0)
        lock.write(f"process {os.getpid()}".encode())
    return lock
