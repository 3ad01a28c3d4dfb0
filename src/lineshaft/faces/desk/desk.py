"""`Desk`: every read and every act of one person on one works, with permission, row filters and audit in one place."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import polars as pl

from lineshaft.core import (
    Change,
    Engine,
    Fault,
    Missing,
    NotAllowed,
    Reason,
    Result,
    Words,
    engines,
    find_engine,
)
from lineshaft.core.frames import check_tables
from lineshaft.core.solve import table_name
from lineshaft.faces.desk import attention, thread
from lineshaft.faces.desk.attention import Attention, LateOrder, Overload
from lineshaft.faces.desk.comparing import Comparison, compare_results, frames_of
from lineshaft.faces.desk.describing import describe_engine, describe_table
from lineshaft.faces.desk.paging import Page, Query, page
from lineshaft.faces.desk.reading import Reader
from lineshaft.faces.desk.rows import Written, whole_rows
from lineshaft.faces.desk.thread import Thread, read_thread
from lineshaft.store.accept import AcceptRecord, Undone
from lineshaft.store.importing import ImportPreview, preview_import
from lineshaft.store.jobs import Job
from lineshaft.store.log import Event
from lineshaft.store.overlay import Cell
from lineshaft.store.records import RunRecord
from lineshaft.store.state import Preview
from lineshaft.tables.rules import RULES

if TYPE_CHECKING:
    from lineshaft.store.site import Site, Who

Action = Literal["read", "write", "plan", "accept", "admin"]
FULL_LISTS = 50
T = TypeVar("T")


class Desk:
    """One person at one works.

    Parameters
    ----------
    site : Site
        Where people, permissions and the audit trail live.
    works_id : str
        Which works of the site.
    who : Who
        The person or token.

    Raises
    ------
    Missing
        No such works, or none that this person may see.
    """

    def __init__(self, site: Site, works_id: str, who: Who) -> None:
        if not who.may(works_id, "read"):
            raise Missing(f"There is no works {works_id!r}.", f"没有名为 {works_id!r} 的工厂。")
        self.site, self.works_id, self.who = site, works_id, who
        self.works = site.open_works(works_id)
        self._reader = Reader(self.works, site.kept(works_id))
        self._filter = who.row_filter(works_id)

    def may(self, action: Action) -> bool:
        """True when this person may do it here."""
        return self.who.may(self.works_id, action)

    # What there is

    def engines(self) -> list[Engine]:
        """Every installed engine."""
        return [find_engine(name) for name in engines()]

    def describe(self, engine: str) -> dict[str, Any]:
        """An engine's tables, parameters and sources."""
        return describe_engine(self.works.engine(engine))

    def describe_table(self, table: str) -> dict[str, Any]:
        """A table's titles and columns."""
        self._known(table)
        return describe_table(table, self.works.catalog.schemas[table])

    def tables(self) -> dict[str, int]:
        """Table → rows that may be seen."""
        if self._filter is None:
            return self.works.tables()
        return {name: len(frame) for name, frame in self.frames(*self.works.catalog.schemas).items()}

    def frames(self, *names: str) -> dict[str, pl.DataFrame]:
        """Some tables of one moment, without rows that this person may not see."""
        schemas = self.works.catalog.schemas
        if self._filter is None:
            return self._reader.tables(*names)
        self._known(*names)
        needed = self._filter.needs(names, schemas)
        seen = self._filter.visible(self._reader.tables(*sorted(needed | set(names))), schemas)
        return {name: seen[name] for name in names}

    def page(self, table: str, query: Query) -> Page:
        """One page of a table, filtered and sorted."""
        self._known(table)
        return page(table, self.frames(table)[table], self.works.catalog.schemas[table], query)

    def row(self, table: str, key: tuple[Any, ...]) -> dict[str, Any]:
        """One row by its key, whose parts may be text.

        Raises
        ------
        Missing
            No such row.
        """
        self._known(table)
        return thread.find_row(table, key, self.frames(table)[table], self.works.catalog.schemas)

    def thread(self, table: str, key: tuple[Any, ...]) -> Thread:
        """One row with everything that touches it."""
        self._known(table)
        schemas = self.works.catalog.schemas
        return read_thread(table, key, self.frames(*sorted(thread.touching(table, schemas))), schemas)

    # Tables in and out

    def preview_write(
        self, frames: Mapping[str, pl.DataFrame], mode: Literal["replace", "upsert"]
    ) -> Preview:
        """What writing these rows would change."""
        self.must("write")
        return self.works.preview_write(frames, mode)

    def write(
        self,
        frames: Mapping[str, pl.DataFrame],
        mode: Literal["replace", "upsert"],
        *,
        source: str = "",
        request: str = "",
    ) -> Written:
        """Write rows; all or nothing, and once for one `request`."""
        return self._write("write", frames, mode, source, request)

    def rows(self, table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Loose rows as whole ones, to be written: columns that a row does not name stay as they are."""
        self.must("write")
        self._known(table)
        return whole_rows(table, rows, self._reader.table(table), self.works.catalog.schemas[table])

    def preview_remove(self, table: str, keys: Sequence[tuple[Any, ...]]) -> Preview:
        """What taking rows out would change. Raises as `remove`."""
        return self.preview_write({table: self._without(table, keys)}, "replace")

    def remove(self, table: str, keys: Sequence[tuple[Any, ...]], *, request: str = "") -> Written:
        """Take rows out by key.

        Raises
        ------
        Missing
            One of them is not there.
        BadInput
            Other rows refer to them.
        """
        self.must("write")
        if self.works.answered(request) is not None:
            return self._write("remove", {}, "replace", "", request)
        return self._write("remove", {table: self._without(table, keys)}, "replace", "", request)

    def preview_import(
        self,
        file: Path,
        mode: Literal["upsert", "replace"] = "upsert",
        fixes: Mapping[str, str] | None = None,
    ) -> ImportPreview:
        """What a workbook, CSV or Parquet file would bring, with every bad cell named; `fixes` mend cells by address."""
        self.must("write")
        existing = {name: self.works.read(name) for name in self.works.tables()}
        schemas, zone = self.works.catalog.schemas, self.works.time_zone
        return preview_import(file, schemas, existing, mode=mode, time_zone=zone, fixes=fixes)

    def import_(
        self,
        file: Path,
        mode: Literal["upsert", "replace"],
        *,
        partial: bool,
        source: str,
        request: str = "",
        fixes: Mapping[str, str] | None = None,
    ) -> Written:
        """Take in a file; with `partial` the good rows only."""
        frames = self.preview_import(file, mode, fixes).take(partial=partial)
        return self._write("import", frames, mode, source, request)

    def faults(self) -> list[Fault]:
        """Everything wrong with the tables as they are."""
        self._whole()
        schemas = self.works.catalog.schemas
        digests = tuple(sorted(self._reader.digests().items()))
        return self._reader.remember(
            ("faults", digests), lambda: check_tables(self._reader.tables(*schemas), schemas, RULES)[1]
        )

    # Decisions

    def plan(
        self,
        engine: str,
        params: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        overlay: Sequence[Cell] = (),
        *,
        request: str = "",
    ) -> str:
        """Queue a run (a what-if when cells are laid over); its id, the same one for the same `request`."""
        self.must("plan")
        self._whole()
        run = self.works.submit(engine, params or {}, limits or {}, overlay, self.who.name, request=request)
        self._audit("plan", run=run, engine=engine)
        return run

    def runs(self) -> list[RunRecord]:
        """All runs, newest first."""
        self._whole()
        return self.works.runs()[::-1]

    def run(self, run: str) -> RunRecord:
        """What is known of a run."""
        self._whole()
        return self.works.run(run)

    def progress(self, run: str) -> Job:
        """How far a run is."""
        self._whole()
        return self.works.job(run)

    def cancel(self, run: str) -> None:
        """Ask a run to stop with the best answer it has."""
        self.must("plan")
        self._whole()
        self.works.cancel(run)
        self._audit("cancel", run=run)

    def result(self, run: str) -> Result[Any]:
        """The result of a run."""
        record = self.run(run)
        return self._reader.remember(("result", run, record.result_blob), lambda: self.works.result(run))

    def result_tables(self, run: str) -> Mapping[str, pl.DataFrame]:
        """Table → rows that a run proposes."""
        return frames_of(self.result(run))

    def result_page(self, run: str, table: str, query: Query) -> Page:
        """One page of a table that a run proposes, filtered and sorted."""
        return page(table, self.result_table(run, table), self.works.catalog.schemas[table], query)

    def result_table(self, run: str, table: str) -> pl.DataFrame:
        """What a run proposes for one table."""
        proposed = self.result_tables(run)
        if table not in proposed:
            raise Missing(
                f"Run {run} proposes no table {table!r}.", f"运行 {run} 的结果中没有数据表 {table!r}。"
            )
        return proposed[table]

    def inputs(self, run: str) -> dict[str, pl.DataFrame]:
        """What a run read, by member."""
        record = self.run(run)
        return self._reader.remember(("inputs", run, record.input_digest), lambda: self.works.inputs(run))

    def explain(self, run: str, table: str = "", key: tuple[Any, ...] = ()) -> list[Reason]:
        """The reasons of a result, all or those of one row; `table` is a table or a member of the engine."""
        result = self.result(run)
        members = self._members(self.works.engine(self.run(run).engine), table)
        said = tuple(str(part) for part in key)
        return [
            reason
            for reason in result.reasons
            if (not table or reason.table in members) and tuple(map(str, reason.key))[: len(said)] == said
        ]

    def compare(self, first: str, second: str) -> Comparison:
        """Two results side by side."""
        return compare_results(self.result(first), self.result(second))

    def edit(self, engine: str, changes: Sequence[Change], basis_run: str | None = None) -> Result[Any]:
        """What the plan (in force, or of a run) becomes with these changes; nothing is stored."""
        self.must("plan")
        self._whole()
        edited: Result[Any] = self._at_bench("edit", engine, changes, basis_run)
        return edited

    def make_ready(self, engine: str, basis_run: str | None = None) -> None:
        """Begin to lay out what edits of a plan need, so that the first is answered as quickly as the second."""
        self.must("plan")
        self._whole()
        if self.site.bench is not None:
            self.site.bench.begin(self.works_id, "make_ready", engine, basis_run)

    def propose_edit(
        self, engine: str, changes: Sequence[Change], basis_run: str | None = None, *, request: str = ""
    ) -> str:
        """The same as a proposal that can be accepted; the run's id, the same one for the same `request`."""
        self.must("plan")
        self._whole()
        run: str = self._at_bench("propose_edit", engine, changes, basis_run, self.who.name, request)
        self._audit("edit", run=run, engine=engine, changes=len(changes))
        return run

    def preview(self, run: str) -> Preview:
        """What accepting a run would change."""
        self._whole()
        digests = tuple(sorted(self._reader.digests().items()))
        return self.remember(("preview", run, digests), lambda: self.works.preview(run))

    def accept(self, run: str, *, request: str = "") -> str:
        """Make a proposal the works' tables, once for one `request`; the accept's id."""
        self.must("accept")
        self._whole()
        accept_id = self.works.accept(run, self.who.name, request)
        self._audit("accept", run=run, accept=accept_id)
        return accept_id

    def accepts(self) -> list[AcceptRecord]:
        """All accepts, newest first."""
        self._whole()
        return self.works.accepts()[::-1]

    def in_force(self, engine: str) -> RunRecord | None:
        """The run whose proposal the tables of this engine hold now; None when they came about otherwise."""
        now = self._reader.digests()
        for accept in self.accepts():
            if not accept.undone and all(
                now[name] == digest["after"] for name, digest in accept.tables.items()
            ):
                record = self.works.run(accept.run_id)
                if record.is_plan and record.engine == engine:
                    return record
        return None

    def undo(self, accept_id: str = "last", *, request: str = "") -> Undone:
        """Take an accept back, or propose to when something was accepted on top; once for one `request`."""
        self.must("accept")
        self._whole()
        done = self.works.undo(accept_id, self.who.name, request)
        self._audit("undo", accept=done.accept_id, proposal=done.proposal)
        return done

    def history(self) -> list[Event]:
        """The works' event log, newest first."""
        self._whole()
        return self.works.log()[::-1]

    # The day

    def attention(self, *, with_faults: bool = True) -> Attention:
        """What needs somebody today; looking for faults takes longest where tables have just changed."""
        frames = self.frames(*PLAN_TABLES)
        late = attention.late_orders(frames)
        records = [] if self._filter else self.works.runs()[::-1]
        return Attention(
            late=[LateOrder(**row) for row in late.head(FULL_LISTS).iter_rows(named=True)],
            late_found=len(late),
            orders_found=len(frames["order_plan"]),
            overloads=[]
            if self._filter
            else [Overload(**row) for row in self._load(frames).iter_rows(named=True)],
            faults=self.faults() if with_faults and not self._filter else [],
            to_decide=[] if self._filter else self.open_proposals(records),
            running=[record for record in records if record.status in ("queued", "running")],
        )

    def open_proposals(self, records: Iterable[RunRecord]) -> list[RunRecord]:
        """Finished runs that could be accepted now: not accepted yet, no what-if, their inputs unchanged."""
        now = self._reader.digests()
        accepted = {record.run_id for record in self.works.accepts() if not record.undone}
        return [
            record
            for record in records
            if record.status == "done"
            and not record.overlay
            and record.run_id not in accepted
            and all(now.get(name) == digest for name, digest in record.basis.items())
        ]

    def _load(self, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Resources planned to the full, week by week; not for those who see part of the tables."""

        def full() -> pl.DataFrame:
            load = attention.weekly_load(frames).with_columns(load=pl.col("planned_h") / pl.col("open_h"))
            tight = load.filter(pl.col("load") >= attention.FULL)
            return tight.sort("load", "resource_id", descending=[True, False]).head(FULL_LISTS).drop("load")

        digests = self._reader.digests()
        return self._reader.remember(("load", *(digests[name] for name in PLAN_TABLES)), full)

    def digests(self) -> dict[str, str]:
        """Table → digest of its present content: keys for `remember`."""
        return self._reader.digests()

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """Something made of tables that this person may see whole, kept by a key that names their digests."""
        return self._reader.remember(key, make)

    @property
    def sees_all(self) -> bool:
        """False for a person who sees some rows only, and so no runs and decisions."""
        return self._filter is None

    def _at_bench(self, method: str, *args: Any) -> Any:
        if self.site.bench is not None:
            return self.site.bench.do(self.works_id, method, *args)
        return getattr(self.works, method)(*args)

    def _without(self, table: str, keys: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        self._known(table)
        frame, schemas = self._reader.table(table), self.works.catalog.schemas
        rows = [thread.find_row(table, key, frame, schemas) for key in keys]
        gone = pl.DataFrame(rows, schema=frame.schema)
        return frame.join(gone, on=schemas[table].primary_key(), how="anti")

    def _write(
        self,
        action: str,
        frames: Mapping[str, pl.DataFrame],
        mode: Literal["replace", "upsert"],
        source: str,
        request: str,
    ) -> Written:
        self.must("write")
        done = self.works.write(frames, self.who.name, action, mode, source=source, request=request)
        counts = done.counts or self.works.log()[done.seq - 1].payload["rows"]
        self._audit(action, tables=counts, source=source)
        return Written(done.seq, counts)

    # Permission

    def must(self, action: Action) -> None:
        """Raise `NotAllowed` when this person may not do it here."""
        if not self.may(action):
            raise NotAllowed(
                f"You may not {ACTIONS[action].en} here; ask an administrator.",
                f"您在此没有{ACTIONS[action].zh}的权限,请联系管理员。",
            )

    def _whole(self) -> None:
        """Runs and decisions show whole tables: not for those who see part of them."""
        if self._filter is not None:
            raise Missing("There is nothing here.", "此处没有内容。")

    def _known(self, *names: str) -> None:
        for name in names:
            if name not in self.works.catalog.schemas:
                raise Missing(f"There is no table {name!r}.", f"没有名为 {name!r} 的数据表。")

    def _members(self, engine: Engine, table: str) -> set[str]:
        """Members of the engine whose table this is, beside the name itself."""
        schemas = {**engine.load("inputs").member_schemas(), **engine.load("outputs").member_schemas()}
        return {table, *(member for member, schema in schemas.items() if table_name(schema) == table)}

    def _audit(self, action: str, **details: Any) -> None:
        token = {"token": self.who.token} if self.who.token else {}
        self.site.audit.append(self.who.name, action, self.works_id, details | token)


ACTIONS: dict[Action, Words] = {
    "read": Words("look at this", "查看"),
    "write": Words("change tables", "修改数据"),
    "plan": Words("plan", "排产与试算"),
    "accept": Words("accept or undo", "采纳或撤销方案"),
    "admin": Words("administer", "管理"),
}
PLAN_TABLES = (
    "calendar",
    "calendar_exception",
    "operation_plan",
    "order_plan",
    "resource",
    "resource_plan",
    "shift",
    "shift_break",
    "work_order",
)
