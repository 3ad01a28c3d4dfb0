"""From proposal to decision and back: preview, accept and undo, one transaction each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

import lineshaft
from lineshaft.core import Missing, Refused
from lineshaft.core.digest import canonical
from lineshaft.store import log, runs, state, versions
from lineshaft.store.pack import pack_frames
from lineshaft.store.records import RunRecord, find, insert, number, run_id
from lineshaft.store.requests import once
from lineshaft.store.system import ACCEPT

if TYPE_CHECKING:
    from lineshaft.store.works import Works


@dataclass(frozen=True)
class AcceptRecord:
    """An accepted run. `tables` maps each table to its digests {"before", "after"}; `seq` is the log entry."""

    accept_id: str
    run_id: str
    actor: str
    at: datetime
    seq: int
    tables: dict[str, dict[str, str]]
    undone: bool


@dataclass(frozen=True)
class Undone:
    """An undo. With `proposal` set nothing has changed yet: that run shows what would, and can be accepted."""

    accept_id: str
    proposal: str | None


def preview(works: Works, run: str) -> state.Preview:
    """What accepting a run would change."""
    with works.database.reading() as connection:
        record = find(connection, run)
        return _plan(works, connection, record).preview(works.catalog.schemas)


def accept(works: Works, run: str, actor: str, request: str = "") -> str:
    """Make a run's proposal the works' tables; accepting it again while it holds returns the same id.

    A `request` that was acted on before gets the answer it got then.

    Raises
    ------
    Refused
        No result, a what-if, or tables have changed since the run.
    BadInput
        The tables would no longer fit each other.
    """

    return works.database.write(
        lambda connection: once(connection, request, lambda: decide(works, connection, run, actor))[0]
    )


def decide(works: Works, connection: sa.Connection, run: str, actor: str) -> str:
    """The accept within a transaction that is under way; see `accept`."""
    record = find(connection, run)
    no = number(record.run_id, "r")
    held = sa.select(ACCEPT.c.no).where(ACCEPT.c.run == no, ACCEPT.c.undone_seq.is_(None))
    before = connection.execute(held).scalar_one_or_none()
    if before is not None:
        return f"a{before}"
    _refuse_what_if(record)
    _refuse_stale(connection, record)
    future = _plan(works, connection, record)
    was = {name: digest for name, digest in state.digests(connection).items() if name in future.before}
    versions.keep_versions(works, connection, future.before, was)
    changed = state.apply(connection, works.catalog, future)
    now = state.digests(connection)
    tables = {name: {"before": was[name], "after": now[name]} for name in was}
    payload = {"tables": tables, "rows": changed.counts, "result": record.result_digest}
    seq = log.append(connection, works.now(), actor, "accept", payload, run_id=record.run_id)
    if record.kind == "undo":
        _mark_undone(connection, number(record.params["accept_id"], "a"), seq)
    return _insert(works, connection, no, seq, actor, tables)


def undo(works: Works, accept_id: str, actor: str, request: str = "") -> Undone:
    """Put the tables back as they were before an accept ("last": the latest that still holds).

    When the tables have changed since, nothing is overwritten: the undo becomes a proposal. A `request` that was
    acted on before gets the answer it got then.

    Raises
    ------
    Missing
        No such accept.
    Refused
        Already undone.
    BadInput
        The former tables no longer fit the others.
    """

    def decide(connection: sa.Connection) -> tuple[str, str | None]:
        record = _find(connection, accept_id)
        if record.undone:
            raise Refused(
                f"Accept {record.accept_id} has already been undone.", f"采纳 {record.accept_id} 已经撤销过。"
            )
        current = state.digests(connection)
        if any(current[name] != digests["after"] for name, digests in record.tables.items()):
            return record.accept_id, _propose_undo(works, connection, record, actor)
        former = {
            name: versions.version(works, connection, name, digests["before"])
            for name, digests in record.tables.items()
        }
        future = state.plan(connection, works.catalog, former, dict.fromkeys(former, "replace"))
        changed = state.apply(connection, works.catalog, future)
        payload = {"accept": record.accept_id, "rows": changed.counts}
        seq = log.append(
            connection, works.now(), actor, "undo", payload, cause=record.seq, run_id=record.run_id
        )
        _mark_undone(connection, number(record.accept_id, "a"), seq)
        return record.accept_id, None

    return Undone(
        *works.database.write(lambda connection: once(connection, request, lambda: decide(connection))[0])
    )


def every(connection: sa.Connection) -> list[AcceptRecord]:
    """All accepts, oldest first."""
    return [_record(row) for row in connection.execute(sa.select(ACCEPT).order_by(ACCEPT.c.no))]


def _plan(works: Works, connection: sa.Connection, record: RunRecord) -> state.Next:
    tables = runs.result_tables(works, record)
    frames = {name: frame for name, (frame, _) in tables.items()}
    return state.plan(connection, works.catalog, frames, {name: mode for name, (_, mode) in tables.items()})


def _refuse_what_if(record: RunRecord) -> None:
    if record.overlay:
        raise Refused(
            f"Run {record.run_id} is a what-if; make its changes in the tables and run again to accept the plan.",
            f"运行 {record.run_id} 是假设分析;请先在数据表中作相应修改,重新运行后再采纳。",
        )


def _refuse_stale(connection: sa.Connection, record: RunRecord) -> None:
    current = state.digests(connection)
    changed = [name for name, digest in record.basis.items() if current.get(name) != digest]
    if changed:
        names = ", ".join(changed)
        raise Refused(
            f"These tables have changed since run {record.run_id}: {names}. Run again on the present tables.",
            f"运行 {record.run_id} 之后以下数据表已更改:{names}。请按当前数据重新运行。",
        )


def _propose_undo(works: Works, connection: sa.Connection, record: AcceptRecord, actor: str) -> str:
    """A finished run whose result is the former tables."""
    former = {
        name: versions.version(works, connection, name, digests["before"])
        for name, digests in record.tables.items()
    }
    run = find(connection, record.run_id)
    current = state.digests(connection)
    moment = log.moment_text(works.now())
    blob = works.blobs.keep(pack_frames(former))
    row = {
        "kind": "undo",
        "engine": run.engine,
        "engine_version": run.engine_version,
        "lineshaft_version": lineshaft.__version__,
        "actor": actor,
        "params": canonical({"accept_id": record.accept_id}).decode(),
        "limits": "{}",
        "overlay": "[]",
        "inputs": "{}",
        "basis": canonical({name: current[name] for name in former}).decode(),
        "input_digest": "",
        "key": "",
        "status": "done",
        "started": moment,
        "ended": moment,
        "stopped_by": "done",
        "work": 0.0,
        "result_status": "feasible",
        "result_blob": blob,
        "result_digest": blob,
    }
    proposal = run_id(insert(connection, row, moment))
    payload = {"accept": record.accept_id}
    log.append(connection, works.now(), actor, "propose undo", payload, cause=record.seq, run_id=proposal)
    return proposal


def _insert(
    works: Works, connection: sa.Connection, run: int, seq: int, actor: str, tables: dict[str, dict[str, str]]
) -> str:
    no = connection.execute(sa.select(sa.func.coalesce(sa.func.max(ACCEPT.c.no), 0) + 1)).scalar_one()
    row = {
        "no": no,
        "run": run,
        "seq": seq,
        "actor": actor,
        "at": log.moment_text(works.now()),
        "tables": canonical(tables).decode(),
    }
    connection.execute(ACCEPT.insert(), row)
    return f"a{no}"


def _mark_undone(connection: sa.Connection, no: int, seq: int) -> None:
    connection.execute(ACCEPT.update().where(ACCEPT.c.no == no).values(undone_seq=seq))


def _find(connection: sa.Connection, accept_id: str) -> AcceptRecord:
    wanted = sa.select(ACCEPT)
    if accept_id == "last":
        wanted = wanted.where(ACCEPT.c.undone_seq.is_(None)).order_by(ACCEPT.c.no.desc()).limit(1)
    else:
        wanted = wanted.where(ACCEPT.c.no == number(accept_id, "a"))
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise Missing(
            f"There is no accept to undo: {accept_id}; nothing was changed.",
            f"没有可撤销的采纳:{accept_id},未作任何更改。",
        )
    return _record(row)


def _record(row: sa.Row[Any]) -> AcceptRecord:
    return AcceptRecord(
        f"a{row.no}",
        f"r{row.run}",
        row.actor,
        datetime.fromisoformat(row.at),
        row.seq,
        json.loads(row.tables),
        row.undone_seq is not None,
    )
