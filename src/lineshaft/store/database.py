"""The only door to the SQL database: consistent reading, and writing in groups that share one sync to disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from lineshaft.core import LineshaftError
from lineshaft.store.dialects import BUSY_S, Connect, Dialect, Sqlite, connect_sqlite

T = TypeVar("T")
ASK_AGAIN_S = 0.2


class StorageFailed(LineshaftError):
    """The disk or the database refused: full, broken, locked for too long. Nothing of the write has happened."""

    exit_code = 8
    said = (
        "The works could not be stored ({}); nothing was changed.",
        "无法保存工厂数据({}),未作任何更改。",
    )

    def __init__(self, cause: BaseException) -> None:
        self.cause = " ".join(str(getattr(cause, "orig", cause)).split())
        super().__init__(*(words.format(self.cause) for words in self.said))
        self.__cause__ = cause


class OutcomeUnknown(StorageFailed):
    """The server vanished during a commit and did not come back in time to say how it ended."""

    said = (
        "The database went away while it was storing ({}). Look at the works before you try again: "
        "the change may have been made.",
        "数据库在保存过程中断开({})。更改可能已经生效,请先查看工厂数据再重试。",
    )


class Database:
    """One works' database, shared by the threads of a process.

    Parameters
    ----------
    place : Path or Dialect
        A SQLite file, made when absent; or how to reach another database.
    connect : callable, optional
        From path to a DB-API connection in autocommit mode; tests slip a faulty file system in here.
    """

    def __init__(self, place: Path | Dialect, connect: Connect = connect_sqlite) -> None:
        self.dialect: Dialect = Sqlite(place, connect) if isinstance(place, Path) else place
        self._engine = self.dialect.engine()
        self._standing: dict[Hashable, tuple[int, Any]] = {}
        self._writer = threading.Lock()
        self._queue: list[_Ticket[Any]] = []
        self._queue_lock = threading.Lock()

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()
        self.dialect.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A snapshot: everything read inside belongs to one moment."""
        try:
            with self._engine.connect() as connection, self.dialect.snapshot(connection):
                yield connection
        except sa.exc.DBAPIError as error:
            raise StorageFailed(error) from error

    def standing(self, key: Hashable, read: Callable[[sa.Connection], T]) -> T:
        """What `read` finds in a snapshot, kept in memory until somebody commits; not to be changed by who gets it."""
        stamp = self.dialect.stamp()
        kept = self._standing.get(key)
        if kept is not None and kept[0] == stamp:
            standing: T = kept[1]
            return standing
        with self.reading() as connection:
            found = read(connection)
        if stamp is not None:
            self._standing[key] = (stamp, found)
        return found

    @contextmanager
    def aside(self) -> Iterator[sa.Connection]:
        """A transaction that waits for no turn, on disk when it ends: for rows that only one writer can ever mean.

        Not for a file: it knows one writer at a time.
        """
        assert not isinstance(self.dialect, Sqlite)
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except sa.exc.DBAPIError as error:
            raise StorageFailed(error) from error

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction and return its value once the commit is on disk.

        Threads that wait for their turn meanwhile are served together: one transaction, one sync, each in a savepoint
        of its own, so that one that raises takes nothing from the others.

        Raises
        ------
        StorageFailed
            The database refused; nothing of `work` has happened.
        OutcomeUnknown
            The server went away during the commit and did not come back.
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
        failure: StorageFailed | None = None
        mark = None
        try:
            with self._engine.connect() as connection, connection.begin():
                mark = self.dialect.turn(connection)
                for ticket in group:
                    ticket.run(connection)
        except BaseException as error:
            failure = StorageFailed(error)
            if not isinstance(error, Exception):
                raise
            if mark and isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
                failure = self._ask(mark, error)
        finally:
            for ticket in group:
                ticket.settle(failure)

    def _ask(self, mark: str, error: sa.exc.DBAPIError) -> StorageFailed | None:
        """What became of a write whose connection broke: None when it is there after all."""
        until = time.monotonic() + BUSY_S
        while time.monotonic() < until:
            try:
                with self._engine.connect() as connection, connection.begin():
                    self.dialect.turn(connection)
                    return None if self.dialect.came_through(connection, mark) else StorageFailed(error)
            except sa.exc.DBAPIError:
                time.sleep(ASK_AGAIN_S)
        return OutcomeUnknown(error)


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
        except (sa.exc.IntegrityError, sa.exc.DataError) as error:
            self._error = StorageFailed(error)
        except sa.exc.DBAPIError:
            raise
        except Exception as error:
            self._error = error

    def settle(self, failure: StorageFailed | None) -> None:
        """The group's commit is on disk, or failed."""
        if failure is not None and failure.__cause__ is not None and self._error is None:
            self._error = type(failure)(failure.__cause__)
        self.settled = True

    def answer(self) -> T:
        """What the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]
