"""A works: a plant's tables, its decisions and everything that led to them, in a folder or in PostgreSQL."""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl
import sqlalchemy as sa

from lineshaft.core import (
    BadInput,
    Engine,
    Fault,
    LineshaftError,
    Missing,
    Refused,
    Result,
    Words,
    engines,
    find_engine,
)
from lineshaft.core import Change as HandChange
from lineshaft.core.solve import Prepared
from lineshaft.core.solve import edit as answer_edit
from lineshaft.store import (
    accept,
    edits,
    executors,
    jobs,
    log,
    migrate,
    runs,
    state,
    versions,
    worker,
    writes,
)
from lineshaft.store.accept import AcceptRecord, Undone
from lineshaft.store.companion import OnProgress
from lineshaft.store.dialects import Connect, connect_sqlite
from lineshaft.store.home import FolderHome, Home, Place, home_of
from lineshaft.store.jobs import Job
from lineshaft.store.kept import Kept
from lineshaft.store.log import Event
from lineshaft.store.overlay import Cell
from lineshaft.store.records import RunRecord, every, find, number
from lineshaft.store.requests import answered
from lineshaft.store.sql import Catalog
from lineshaft.store.state import Change, Mode, Preview
from lineshaft.tables import TABLES, table_name
from lineshaft.tables.worktime import is_zone

Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Works:
    """Open one with `Works.open`, make one with `Works.create`; close it, or use it in a `with` statement.

    Threads may share one. Another process opens `place`; messages say `said`, which hides a password.

    Parameters
    ----------
    home : Home
        Database, blobs and offers.
    clock : callable, optional
        The present moment, with a time zone.
    """

    def __init__(self, home: Home, clock: Clock = now_utc) -> None:
        self._home = home
        self.place, self.said = home.place, home.said
        self.now = clock
        self.database, self.blobs, self.offers = home.database, home.blobs, home.offers
        self.catalog = Catalog()
        self.prepared_states = Kept(edits.PREPARED)
        self._engines: Mapping[str, Engine] = {}
        self._knowing = threading.Lock()
        for name, schema in TABLES.items():
            self.catalog.add(name, schema)
        for name in engines():
            self._know(find_engine(name))

    @classmethod
    def create(
        cls,
        place: Place,
        name: str,
        time_zone: str = "Asia/Shanghai",
        connect: Connect = connect_sqlite,
        clock: Clock = now_utc,
    ) -> Works:
        """A new, empty works.

        Parameters
        ----------
        place : Path or str
            A folder, or ``postgresql://user:password@host/database?schema=NAME`` (see `lineshaft.store.home.home_of`).

        Raises
        ------
        Refused
            There is a works already.
        BadInput
            No such time zone, or no place for a works.
        """
        _check_zone(time_zone)
        works = cls(home_of(place, connect), clock)
        meta = {"works_id": uuid.uuid4().hex, "name": name, "time_zone": time_zone}

        def make(connection: sa.Connection) -> None:
            if migrate.is_there(connection):
                raise Refused(f"There is already a works in {works.said}.", f"{works.said} 中已有工厂数据。")
            migrate.create(connection, works.catalog, meta)
            log.append(connection, clock(), "lineshaft", "create", meta)

        with works._closed_on_failure():
            works._home.prepare()
            works.database.write(make)
            works._home.settle()
        return works

    @classmethod
    def open(cls, place: Place, connect: Connect = connect_sqlite, clock: Clock = now_utc) -> Works:
        """The works at a place, brought up to date when an older Lineshaft wrote it.

        Raises
        ------
        Missing
            There is none.
        Refused
            A newer Lineshaft wrote it.
        """
        works = cls(home_of(place, connect), clock)
        with works._closed_on_failure():
            if not works._home.has_works():
                raise Missing(
                    f"There is no works in {works.said}; `lineshaft init` makes one.",
                    f"{works.said} 中没有工厂数据;可用 lineshaft init 新建。",
                )
            works._bring_up_to_date()
        return works

    @classmethod
    def transient(cls, name: str = "transient") -> Works:
        """A works in a folder that goes when it is closed."""
        folder = tempfile.TemporaryDirectory(prefix="lineshaft-")
        works = cls.create(Path(folder.name) / "works", name)
        works._folder = folder
        return works

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Let go of the database."""
        self._home.close()
        if self._folder:
            self._folder.cleanup()

    def __enter__(self) -> Works:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The folder.

        Raises
        ------
        Refused
            The works lives in a database.
        """
        if not isinstance(self._home, FolderHome):
            raise Refused(f"{self.said} is no folder.", f"{self.said} 不是文件夹。")
        return self._home.path

    @cached_property
    def name(self) -> str:
        """What the works is called."""
        return self._fact("name")

    @cached_property
    def time_zone(self) -> str:
        """The zone its screens show times in (IANA name)."""
        return self._fact("time_zone")

    def use(self, engine: Engine) -> None:
        """Know an engine that is not installed, and make the tables it needs."""
        self._know(engine)
        self._bring_up_to_date()

    def engine(self, name: str) -> Engine:
        """An engine this works knows, or an installed one."""
        return self._engines.get(name) or find_engine(name)

    def tables(self) -> dict[str, int]:
        """Table → rows."""
        with self.database.reading() as connection:
            return state.rows(connection)

    def read(self, table: str) -> pl.DataFrame:
        """A table with its schema's types, sorted by primary key.

        Raises
        ------
        Missing
            No such table.
        """
        if table not in self.catalog.schemas:
            raise Missing(f"There is no table {table!r}.", f"没有名为 {table!r} 的数据表。")
        with self.database.reading() as connection:
            return state.read(connection, self.catalog, table)

    def frames(self, engine: Engine | str) -> dict[str, pl.DataFrame]:
        """What an engine reads, by member, all of one moment; empty optional members are left out."""
        with self.database.reading() as connection:
            return versions.member_frames(self, connection, self._manifest(engine))

    def write(
        self,
        frames: Mapping[str, pl.DataFrame],
        actor: str,
        action: str,
        mode: Mode = "replace",
        source: str = "",
        request: str = "",
    ) -> Change:
        """Replace whole tables, or insert and update rows by primary key; all or nothing, and noted in the log.

        A `request` that was acted on before changes nothing again: the answer is its log entry, without tables.

        Raises
        ------
        BadInput
            The tables would break a rule or a reference; nothing has changed.
        """
        return writes.write(self, frames, actor, action, mode, source, request)

    def preview_write(self, frames: Mapping[str, pl.DataFrame], mode: Mode = "replace") -> Preview:
        """What `write` would change, checked the same way."""
        return writes.preview(self, frames, mode)

    def propose(
        self,
        engine: Engine | str,
        params: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        overlay: Sequence[Cell] = (),
        actor: str = "",
        on_progress: OnProgress | None = None,
        executor: str = "inline",
        again: bool = False,
    ) -> str:
        """Run an engine on the present tables and store what it proposes; the run's id.

        Parameters
        ----------
        executor
            Where to search: see `lineshaft.store.executors.executor`.

        Raises
        ------
        BadInput
            Broken tables, parameters or limits.
        Cancelled
            Stopped before a first answer.
        """
        with executors.executor(executor) as place:
            run, new = runs.submit(
                self, self._manifest(engine), params or {}, limits or {}, overlay, actor, again
            )
            if new:
                place.do(self, run, on_progress)
        return run

    def submit(
        self,
        engine: Engine | str,
        params: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        overlay: Sequence[Cell] = (),
        actor: str = "",
        again: bool = False,
        request: str = "",
    ) -> str:
        """Queue a run for whoever calls `work` next; the run's id, the same one for the same `request`."""
        manifest = self._manifest(engine)
        return runs.submit(self, manifest, params or {}, limits or {}, overlay, actor, again, request)[0]

    def work(self, on_progress: OnProgress | None = None) -> str | None:
        """Do the next run of the queue; its id, or None when nothing waits."""
        return worker.work_one(self, on_progress=on_progress)

    def cancel(self, run: str) -> None:
        """Ask a run to stop with the best answer it has."""
        runs.cancel(self, run)

    def recover(self) -> list[str]:
        """Make results of the offers of runs whose process has died; the runs that now have one."""
        return worker.recover(self)

    def job(self, run: str) -> Job:
        """How far a run is and who works on it."""
        with self.database.reading() as connection:
            job = jobs.find(connection, number(run, "r"))
        if job is None:
            raise Missing(f"Run {run} is no job.", f"运行 {run} 不是任务。")
        return job

    def run(self, run: str) -> RunRecord:
        """What is known of a run."""
        with self.database.reading() as connection:
            return find(connection, run)

    def runs(self) -> list[RunRecord]:
        """All runs, oldest first."""
        return list(self.database.standing("runs", every))

    def result(self, run: str) -> Result[Any]:
        """The stored result of a run."""
        return runs.load_result(self, self.run(run))

    def inputs(self, run: str) -> dict[str, pl.DataFrame]:
        """What a run read, by input member, as it was then and with its what-if cells."""
        return runs.inputs(self, self.run(run))

    def replay(self, run: str) -> bool:
        """Compute a run again from its stored inputs; True when the result has the same bytes."""
        return runs.replay(self, self.run(run))

    def preview(self, run: str) -> Preview:
        """What accepting a run would change."""
        return accept.preview(self, run)

    def accept(self, run: str, actor: str, request: str = "") -> str:
        """Make a run's proposal the works' tables; the accept's id. See `lineshaft.store.accept.accept`."""
        return accept.accept(self, run, actor, request)

    def accepts(self) -> list[AcceptRecord]:
        """All accepts, oldest first."""
        return list(self.database.standing("accepts", accept.every))

    def undo(self, accept_id: str = "last", actor: str = "", request: str = "") -> Undone:
        """Take an accept back. See `lineshaft.store.accept.undo`."""
        return accept.undo(self, accept_id, actor, request)

    def answered(self, request: str) -> Any:
        """The answer that a request got, None for one that was not acted on."""
        with self.database.reading() as connection:
            return answered(connection, request)

    def log(self) -> list[Event]:
        """The event log, oldest first."""
        return list(self.database.standing("log", log.entries))

    def recall(self, key: str) -> str | None:
        """A text that `remember` kept with the works, or None."""
        with self.database.reading() as connection:
            return migrate.noted(connection, key)

    def remember(self, key: str, text: str) -> None:
        """Keep a text with the works (headings of its files, say) in the place of the one before."""
        self.database.write(lambda connection: migrate.note(connection, key, text))

    def root(self) -> tuple[int, str]:
        """Number of log entries and the root hash over them."""
        with self.database.reading() as connection:
            return log.root(connection)

    def prepared(self, engine: Engine | str, basis_run: str | None = None) -> Prepared:
        """The engine's state for edits of the plan in force, or of a run's; kept, so that the next call is quick."""
        return edits.prepared(self, self._manifest(engine), basis_run)[1]

    def make_ready(self, engine: Engine | str, basis_run: str | None = None) -> None:
        """Lay out what edits need, where there is a plan."""
        with suppress(LineshaftError):
            self.prepared(engine, basis_run)

    def edit(
        self, engine: Engine | str, changes: Sequence[HandChange], basis_run: str | None = None
    ) -> Result[Any]:
        """What the plan in force, or of a run, becomes with these changes; nothing is stored."""
        return answer_edit(self.prepared(engine, basis_run), changes)

    def propose_edit(
        self,
        engine: Engine | str,
        changes: Sequence[HandChange],
        basis_run: str | None = None,
        actor: str = "",
        request: str = "",
    ) -> str:
        """Store the edited plan as a proposal like any other; the run's id. See `lineshaft.store.edits.propose`."""
        return edits.propose(self, self._manifest(engine), changes, basis_run, actor, request)

    def _manifest(self, engine: Engine | str) -> Engine:
        if isinstance(engine, str):
            return self.engine(engine)
        if engine.name not in self._engines:
            self.use(engine)
        return engine

    def _know(self, engine: Engine) -> None:
        with self._knowing:
            self._engines = {**self._engines, engine.name: engine}
        collections: Iterable[Any] = (engine.load("inputs"), engine.load("outputs"))
        for collection in collections:
            for schema in collection.member_schemas().values():
                self.catalog.add(table_name(schema), schema)

    def _bring_up_to_date(self) -> None:
        with self.database.reading() as connection:
            current = migrate.is_current(connection, self.catalog)
        if not current:
            self.database.write(lambda connection: migrate.bring_up_to_date(connection, self.catalog))

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _fact(self, key: str) -> str:
        with self.database.reading() as connection:
            value: str = migrate.scalar(connection, key)
        return value


def _check_zone(time_zone: str) -> None:
    if not is_zone(time_zone):
        words = Words("there is no such time zone; try Asia/Shanghai", "没有此时区,例如 Asia/Shanghai")
        raise BadInput([Fault("works", (), "time_zone", time_zone, "time_zone", words)])
