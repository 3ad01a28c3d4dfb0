"""What the two databases do not do alike; everything else is SQLAlchemy Core and the same for both."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from lineshaft.core import Missing

Connect = Callable[[Path], Any]
BUSY_S = 30
IDLE_MAX = 5
FILE_IDLE_MAX = 40


class Dialect(Protocol):
    """How to connect, to read one moment, and to take one's turn as the only writer."""

    def engine(self) -> sa.Engine:
        """Connections: at most `IDLE_MAX` stay open unused, and no thread ever waits for another's."""
        ...

    def snapshot(self, connection: sa.Connection) -> sa.RootTransaction:
        """Begin to read: everything read belongs to the moment of the first reading."""
        ...

    def turn(self, connection: sa.Connection) -> str | None:
        """In the transaction just begun become the only writer; a mark to ask `came_through` for."""
        ...

    def stamp(self) -> int | None:
        """A number that another commit changes, cheap to ask for; None where there is no such thing."""
        ...

    def close(self) -> None:
        """Give back what `stamp` holds."""
        ...

    def came_through(self, connection: sa.Connection, mark: str) -> bool:
        """True when the write with this mark is there, though its connection broke before it said so."""
        ...

    def damage(self, connection: sa.Connection) -> Iterator[str]:
        """What the database itself finds broken."""
        ...


def connect_sqlite(path: Path) -> sqlite3.Connection:
    """A connection that leaves transactions to us and may be handed from thread to thread."""
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


class Sqlite:
    """One file in WAL with ``synchronous=FULL`` (NORMAL loses acknowledged commits in a power cut).

    A write takes the lock at once (``BEGIN IMMEDIATE``): a deferred transaction that turns into a write fails without
    waiting.

    Parameters
    ----------
    path : Path
        The file; it is made when absent.
    connect : callable, optional
        From path to a DB-API connection in autocommit mode; tests slip a faulty file system in here.
    """

    def __init__(self, path: Path, connect: Connect = connect_sqlite) -> None:
        self._path, self._connect = path, connect
        self._watch: Any = None
        self._watching = threading.Lock()

    def engine(self) -> sa.Engine:
        """Connections from the factory."""
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: self._connect(self._path),
            poolclass=sa.QueuePool,
            pool_size=FILE_IDLE_MAX,
            max_overflow=-1,
        )
        sa.event.listen(engine, "connect", _set_pragmas)
        return engine

    def snapshot(self, connection: sa.Connection) -> sa.RootTransaction:
        """WAL keeps what a reader began with; nothing can be written by mistake."""
        transaction = connection.begin()
        driver = connection.connection.dbapi_connection
        assert driver is not None
        for statement in ("PRAGMA query_only=ON", "BEGIN"):
            driver.cursor().execute(statement)
        return transaction

    def turn(self, connection: sa.Connection) -> str | None:
        """Who holds the file's lock writes."""
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return None

    def stamp(self) -> int | None:
        """`PRAGMA data_version` of a connection that never writes: any commit changes it."""
        with self._watching:
            try:
                if self._watch is None:
                    self._watch = self._connect(self._path)
                cursor = self._watch.cursor()
                cursor.execute("PRAGMA data_version")
                version: int = cursor.fetchone()[0]
            except sqlite3.Error:
                return None
            return version

    def close(self) -> None:
        """Close the connection of `stamp`."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None

    def came_through(self, connection: sa.Connection, mark: str) -> bool:  # noqa: ARG002
        """A commit to a file that failed has not happened."""
        return False

    def damage(self, connection: sa.Connection) -> Iterator[str]:
        """What is wrong with the structure of the file."""
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
        return (said for said in found if said != "ok")


def _set_pragmas(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


class Postgres:
    """One schema of a PostgreSQL database (13 or later).

    Writers of one works take turns by an advisory lock, so that each sees what the one before has done; a commit is
    on the server's disk when acknowledged, whatever the server's own default (``synchronous_commit``); a client that
    vanished with its machine gives its turn back in less than `BUSY_S`.

    Parameters
    ----------
    url : sqlalchemy.URL
        Server and database; further options go to libpq.
    schema : str
        Where the tables are.
    """

    def __init__(self, url: sa.URL, schema: str) -> None:
        self._url, self._schema = url, schema
        self._turn = int.from_bytes(hashlib.sha256(f"lineshaft {schema}".encode()).digest()[:8], signed=True)

    def engine(self) -> sa.Engine:
        """Connections of psycopg; one that broke while it lay idle is noticed and replaced.

        Raises
        ------
        Missing
            psycopg is not installed.
        """
        try:
            engine = sa.create_engine(self._url, pool_pre_ping=True, pool_size=IDLE_MAX, max_overflow=-1)
        except ImportError as error:
            raise Missing(
                f"PostgreSQL needs a package that is not here: pip install 'lineshaft[postgres]' ({error})",
                f"连接 PostgreSQL 需要先安装:pip install 'lineshaft[postgres]'({error})",
            ) from None
        sa.event.listen(engine, "connect", self._settle)
        return engine

    def snapshot(self, connection: sa.Connection) -> sa.RootTransaction:
        """Repeatable read; nothing can be written by mistake."""
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return connection.begin()

    def turn(self, connection: sa.Connection) -> str | None:
        """Wait for the works' lock, which ends with the transaction; its number is the mark."""
        statement = sa.text("SELECT pg_advisory_xact_lock(:turn), pg_current_xact_id()::text")
        mark: str = connection.execute(statement, {"turn": self._turn}).one()[1]
        return mark

    def stamp(self) -> int | None:
        """The server has none that costs less than reading."""
        return None

    def close(self) -> None:
        """Nothing is held."""

    def came_through(self, connection: sa.Connection, mark: str) -> bool:
        """The server knows how each transaction ended; to be asked in one's turn, when it surely has ended."""
        statement = sa.text("SELECT pg_xact_status(CAST(:mark AS xid8)) = 'committed'")
        return bool(connection.execute(statement, {"mark": mark}).scalar_one())

    def damage(self, connection: sa.Connection) -> Iterator[str]:  # noqa: ARG002
        """The server looks after its files itself (``initdb --data-checksums``, ``pg_amcheck``)."""
        return iter(())

    def _settle(self, connection: Any, _record: object) -> None:
        settings = {
            "search_path": f"'{self._schema}'",
            "synchronous_commit": "CASE current_setting('synchronous_commit') WHEN 'remote_apply' "
            "THEN 'remote_apply' ELSE 'on' END",
            "lock_timeout": f"'{BUSY_S}s'",
            "tcp_keepalives_idle": "'10'",
            "tcp_keepalives_interval": "'5'",
            "tcp_keepalives_count": "'3'",
        }
        connection.autocommit = True
        connection.execute(
            "SELECT " + ", ".join(f"set_config('{key}', {to}, false)" for key, to in settings.items())
        )
        connection.autocommit = False
