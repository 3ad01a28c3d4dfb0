"""The only door to the SQL database: consistent reading, and writing in groups that share one sync to disk.

SQLite runs in WAL with ``synchronous=FULL`` (NORMAL loses acknowledged commits in a power cut) and every write takes
the lock at once (``BEGIN IMMEDIATE``: a deferred transaction that turns into a write fails without waiting).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from lineshaft.core import LineshaftError

T = TypeVar("T")
Connect = Callable[[Path], Any]
BUSY_S = 30


class StorageFailed(LineshaftError):
    """The disk or the database refused: full, broken, locked for too long. Nothing of the write has happened."""

    exit_code = 8

    def __init__(self, cause: BaseException) -> None:
        detail = self.cause = str(getattr(cause, "orig", cause))
        super().__init__(
            f"The works could not be stored ({detail}); nothing was changed.",
            f"无法保存工厂数据({detail}),未作任何更改。",
        )


def connect_sqlite(path: Path) -> sqlite3.Connection:
    """A connection that leaves transactions to us and may be handed from thread to thread."""
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


class Database:
    """One SQLite file.

    Parameters
    ----------
    path : Path
        The file; it is made when absent.
    connect : callable, optional
        From path to a DB-API connection in autocommit mode; tests slip a faulty file system in here.
    """

    def __init__(self, path: Path, connect: Connect = connect_sqlite) -> None:
        self._engine = sa.create_engine("sqlite://", creator=lambda: connect(path), poolclass=sa.QueuePool)
        sa.event.listen(self._engine, "connect", _on_connect)
        sa.event.listen(self._engine, "begin", _on_begin)
        self._writer = threading.Lock()
        self._queue: list[_Ticket[Any]] = []
        self._queue_lock = threading.Lock()

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A snapshot: everything read inside belongs to one moment."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except sa.exc.DBAPIError as error:
            raise StorageFailed(error) from error

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction and return its value once the commit is on disk.

        Threads that wait for the lock meanwhile are served together: one transaction, one sync, each in a savepoint
        of its own, so that one that raises takes nothing from the others.

        Raises
        ------
        StorageFailed
            The database refused; nothing of `work` has happened.
        """
        ticket = _Ticket(work)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._writer:
            if not ticket.settled:
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._commit(group)
        return ticket.answer()

    def _commit(self, group: list[_Ticket[Any]]) -> None:
        failure: BaseException | None = None
        try:
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                for ticket in group:
                    ticket.run(connection)
        except BaseException as error:
            failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            for ticket in group:
                ticket.settle(failure)

    def backup(self, target: Path) -> None:
        """Copy the whole database as of one moment while others go on writing (SQLite's backup API)."""
        with self._engine.connect() as connection, sqlite3.connect(target) as copy:
            source = connection.connection.dbapi_connection
            assert isinstance(source, sqlite3.Connection)
            source.backup(copy)
        copy.close()


class _Ticket(Generic[T]):
    """One caller's work, waiting for its place in a group."""

    def __init__(self, work: Callable[[sa.Connection], T]) -> None:
        self._work = work
        self._value: T | None = None
        self._error: BaseException | None = None
        self.settled = False

    def run(self, connection: sa.Connection) -> None:
        """Do the work in a savepoint. A database error may have undone the whole transaction: it ends the group."""
        try:
            with connection.begin_nested():
                self._value = self._work(connection)
        except sa.exc.IntegrityError as error:
            self._error = StorageFailed(error)
        except sa.exc.DBAPIError:
            raise
        except Exception as error:
            self._error = error

    def settle(self, failure: BaseException | None) -> None:
        """The group's commit is on disk, or failed."""
        if failure is not None and self._error is None:
            self._error = StorageFailed(failure)
            self._error.__cause__ = failure
        self.settled = True

    def answer(self) -> T:
        """What the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


def _on_connect(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
