"""A disk that may lose power: every write and sync of SQLite and of the blob folder is written down as it happens,
and afterwards the disk is rebuilt as a cut at any moment could have left it."""

import os
import random
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


class Trace:
    """What reached the operating system, in order: (kind, place, …)."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.steps: list[tuple[Any, ...]] = []

    def add(self, kind: str, place: str | Path, *more: Any) -> None:
        place = Path(place)
        if place.is_relative_to(self.folder):
            self.steps.append((kind, place.relative_to(self.folder), *more))


class TracedFile(apsw.VFSFile):
    """A file of SQLite's; its syncs are recorded instead of waited for."""

    def __init__(self, trace, name, flags):
        super().__init__("", name, flags)
        self.trace = trace
        self.place = name.filename() if isinstance(name, apsw.URIFilename) else name

    def xWrite(self, data, offset):  # noqa: N802
        super().xWrite(data, offset)
        self.trace.add("write", self.place, offset, bytes(data))

    def xTruncate(self, size):  # noqa: N802
        super().xTruncate(size)
        self.trace.add("truncate", self.place, size)

    def xSync(self, flags):  # noqa: N802
        self.trace.add("sync", self.place)


class TracedDisk(apsw.VFS):
    """SQLite's view of the disk. Shared memory is not offered: there is one connection, in exclusive mode."""

    def __init__(self, trace: Trace, name: str):
        self.trace = trace
        super().__init__(name, "")

    def xOpen(self, name, flags):  # noqa: N802
        return TracedFile(self.trace, name, flags)


class TracedOs:
    """The part of `os` that the blob folder uses."""

    name = os.name
    O_RDONLY = os.O_RDONLY
    open = staticmethod(os.open)
    close = staticmethod(os.close)
    fdopen = staticmethod(os.fdopen)

    def __init__(self, trace: Trace):
        self.trace = trace

    def fsync(self, handle: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{handle}"))
        if place.is_dir():
            self.trace.add("sync folder", place)
        else:
            self.trace.add("sync", place, place.read_bytes())

    def replace(self, old: str, new: Path) -> None:
        os.replace(old, new)
        self.trace.add("rename", new, Path(old).name, new.read_bytes())


class Shim:
    """An APSW connection that SQLAlchemy takes for one of `sqlite3`."""

    def __init__(self, connection: apsw.Connection, disk: apsw.VFS, synchronous: str):
        self._connection, self._disk, self.synchronous = connection, disk, synchronous

    @property
    def in_transaction(self):
        return self._connection.in_transaction

    def cursor(self):
        return ShimCursor(self._connection)

    def execute(self, sql, values=()):
        return self.cursor().execute(
            sql.replace("synchronous=FULL", f"synchronous={self.synchronous}"), values
        )

    def commit(self):
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self):
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self):
        """The one connection stays open for the next who asks."""

    def create_function(self, *_args, **_options):
        """SQLAlchemy's regexp; not used."""


class ShimCursor:
    """DB-API on an APSW cursor."""

    arraysize = 1
    lastrowid = None

    def __init__(self, connection: apsw.Connection):
        self._connection = connection
        self._cursor = connection.cursor()
        self.description = None
        self.rowcount = -1
        self._rows = []

    def execute(self, sql, values=()):
        return self._run(self._cursor.execute, sql, values)

    def executemany(self, sql, rows):
        return self._run(self._cursor.executemany, sql, rows)

    def _run(self, call, sql, values):
        before = self._connection.total_changes()
        try:
            self._cursor.exec_trace = self._describe
            self.description = None
            self._rows = list(call(sql, values))
        except apsw.ConstraintError as error:
            raise sqlite3.IntegrityError(str(error)) from error
        except apsw.Error as error:
            raise sqlite3.OperationalError(str(error)) from error
        self.rowcount = self._connection.total_changes() - before
        return self

    def _describe(self, cursor, _sql, _values):
        self.description = [(name, *[None] * 6) for name, _ in cursor.get_description()] or None
        return True

    def fetchall(self):
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self):
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size=None):
        size = size or self.arraysize
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self):
        self._rows = []


def connector(trace: Trace, name: str, synchronous: str = "FULL", checkpoint_pages: int = 20):
    """A connection factory for `Works` whose file operations end up in the trace."""
    disk = TracedDisk(trace, name)
    shims: list[Shim] = []

    def connect(path: Path) -> Shim:
        if not shims:
            connection = apsw.Connection(str(path), vfs=name)
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}").fetchall()
            shims.append(Shim(connection, disk, synchronous))
        return shims[0]

    return connect


class Disk:
    """What is certainly on disk after the steps so far, and what is only on its way."""

    def __init__(self, files: dict[Path, bytes]):
        self.files = {place: bytearray(content) for place, content in files.items()}
        self.waiting: dict[Path, list[tuple[Any, ...]]] = defaultdict(list)
        self.synced: dict[str, bytes] = {}
        self.renamed: dict[Path, bytes] = {}

    def step(self, kind: str, place: Path, *more: Any) -> None:
        """Take one step of the trace."""
        if kind in ("write", "truncate"):
            self.waiting[place].append((kind, *more))
        elif kind == "sync" and more:
            self.synced[place.name] = more[0]
        elif kind == "sync":
            _apply(self.files.setdefault(place, bytearray()), self.waiting.pop(place, []))
        elif kind == "rename":
            name, content = more
            self.renamed[place] = content if self.synced.get(name) == content else content[:7]
        elif kind == "sync folder":
            for new in [new for new in self.renamed if new.parent == place]:
                self.files[new] = bytearray(self.renamed.pop(new))

    def cut(self, rng: random.Random) -> dict[Path, bytearray]:
        """What a power cut now could leave: all that was synced and some of the rest, shuffled and torn."""
        chance = rng.choice([0.0, 0.3, 0.7, 1.0])
        left = dict(self.files)
        for place, steps in self.waiting.items():
            pieces = [piece for step in steps for piece in _sectors(step)]
            kept = [piece for piece in pieces if rng.random() < chance]
            if rng.random() < 0.5:
                rng.shuffle(kept)
            left[place] = bytearray(left.get(place, b""))
            _apply(left[place], kept)
        return left | {
            place: bytearray(content) for place, content in self.renamed.items() if rng.random() < chance
        }


def _sectors(step):
    if step[0] == "truncate":
        return [step]
    _, offset, data = step
    return [("write", offset + i, data[i : i + SECTOR]) for i in range(0, len(data), SECTOR)]


def _apply(content: bytearray, steps) -> None:
    for kind, offset, *data in steps:
        if kind == "truncate":
            del content[offset:]
        else:
            content.extend(b"\0" * (offset - len(content)))
            content[offset : offset + len(data[0])] = data[0]
