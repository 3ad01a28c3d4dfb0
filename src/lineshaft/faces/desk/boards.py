"""What islands draw, and what a change by hand does to the picture: for pages and the API alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from lineshaft.core import Change, Engine, Missing, Reason, Result
from lineshaft.core.solve import solve, table_name
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.saying import kpi_name, reason_words
from lineshaft.faces.web.islands import ISLANDS, islands_of
from lineshaft.faces.web.lanes import fresh_bars
from lineshaft.make.schedule.copies import READS, copy_order

Frames = dict[str, pl.DataFrame]
PROMISE = "promise"


def board(desk: Desk, engine: str, run: str | None = None, view: str = "") -> bytes:
    """What an island of an engine (the first, unless `view` names one) draws, as JSON: the plan in force, or a run's.

    Raises
    ------
    Missing
        No such run, or the engine names no such island.
    """
    manifest = desk.works.engine(engine)
    names = [name for name in islands_of(manifest) if view in ("", name)]
    if not names:
        raise Missing(f"{engine} has no board.", f"{engine} 没有看板。")
    island = ISLANDS[names[0]]

    def draw() -> bytes:
        book, plan = _book(desk, manifest, run), _plan(desk, manifest, run)
        data = island.data(manifest, book, plan, _reasons(desk, manifest, run), desk.works.time_zone)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    drawn = desk.remember(_key(desk, manifest, names[0], run), draw) if desk.sees_all else draw()
    return drawn[:-1] + b',"now":%d}' % desk.works.now().timestamp()


def answer(
    desk: Desk, engine: str, changes: Sequence[Change], basis_run: str | None = None
) -> dict[str, Any]:
    """What a board is told when somebody changes rows by hand: whether it can be, why, and what else moves.

    Returns
    -------
    dict
        `possible`; `said` [{en, zh, code}]; `kpis` [{name {en, zh}, was, value, unit, better}]; `bars` that differ,
        as the engine's first island draws them.
    """
    manifest = desk.works.engine(engine)
    result = desk.edit(engine, changes, basis_run)
    said = [
        {**reason_words(manifest, reason)._asdict(), "code": reason.code}
        for reason in result.reasons
        if reason.code.startswith("edit_")
    ]
    possible = result.status != "infeasible"
    bars: list[Any] = []
    changed = next((ISLANDS[name].changed for name in islands_of(manifest)), None)
    if possible and changed:
        book, before = _book(desk, manifest, basis_run), _plan(desk, manifest, basis_run)
        bars = changed(book, before, members_of(result))
    return {
        "possible": possible,
        "said": said,
        "kpis": _figures(desk, engine, result, basis_run) if possible else [],
        "bars": bars,
    }


def peers(desk: Desk, engine: str) -> list[Engine]:
    """Other engines that propose a plan for the same island from the same tables: a repair, promises."""
    own = desk.works.engine(engine)
    return [
        one
        for one in desk.engines()
        if one.name != own.name and one.inputs == own.inputs and set(islands_of(one)) & set(islands_of(own))
    ]


def preview(desk: Desk, engine: str, run: str, basis_run: str | None = None) -> dict[str, Any]:
    """What the board would show if a run of a peer were accepted.

    Returns
    -------
    dict
        `status` of the run; of one that is done: `bars` that differ from the board's, `fresh` [lane, start, end, order_id,
        op_no] of orders that are not on it, `kpis` as in `answer`; of one that failed: `said` {en, zh}.
    """
    record = desk.run(run)
    if record.error:
        said = {language: str(record.error[language]) for language in ("en", "zh")}
        return {"status": record.status, "said": said}
    if record.result_blob is None or record.status in ("queued", "running"):
        return {"status": record.status}
    manifest, result = desk.works.engine(engine), desk.result(run)
    book, before = _book(desk, manifest, basis_run), _plan(desk, manifest, basis_run)
    changed = next(ISLANDS[name].changed for name in islands_of(manifest))
    assert changed is not None
    after = members_of(result)
    return {
        "status": record.status,
        "bars": [bar for bar in changed(book, before, after) if None not in bar],
        "fresh": fresh_bars(book, before, after),
        "kpis": _figures(desk, engine, result, basis_run),
    }


@dataclass(frozen=True)
class Wish:
    """An order like `order_id` that somebody asks a date for."""

    order_id: str
    new_id: str
    quantity: int
    release: datetime
    due: datetime | None = None


def promiser(desk: Desk, engine: str) -> Engine | None:
    """The peer that promises dates: the one that proposes rows of `promise`."""
    return next(
        (
            peer
            for peer in peers(desk, engine)
            if PROMISE in (table_name(schema) for schema in peer.load("outputs").member_schemas().values())
        ),
        None,
    )


def must_promise(desk: Desk, engine: str) -> Engine:
    """`promiser`, where there is one.

    Raises
    ------
    Missing
        No engine promises dates for this board.
    """
    found = promiser(desk, engine)
    if found is None:
        raise Missing(f"Nothing promises dates for {engine}.", f"{engine} 没有交期承诺功能。")
    return found


def wished(desk: Desk, wish: Wish) -> Frames:
    """The rows of the wished order, by table."""
    tables = desk.frames(*READS)
    return copy_order(tables, wish.order_id, wish.new_id, wish.quantity, wish.release, wish.due)


def promise(desk: Desk, engine: str, wish: Wish) -> dict[str, Any]:
    """When the wished order could be done beside the plan in force; nothing is stored.

    Returns
    -------
    dict
        `promised`, `start`, `end`, `earliest` (UTC s), `resource` waited for longest or none, `waiting_s`; `fresh`:
        its bars, as in `preview`.

    Raises
    ------
    Missing
        No engine promises dates for this board, or there is no such order.
    """
    desk.must("plan")
    manifest, asked = desk.works.engine(engine), must_promise(desk, engine)
    added = wished(desk, wish)
    tables = {m: table_name(schema) for m, schema in asked.load("inputs").member_schemas().items()}
    book = _members(desk, asked, "inputs")
    frames = {m: pl.concat([f, added[tables[m]]]) if tables[m] in added else f for m, f in book.items()}
    after = members_of(solve(asked, frames))
    row = next(
        row
        for frame in frames_with(after, "promised")
        for row in frame.iter_rows(named=True)
        if row["order_id"] == wish.new_id
    )
    before = _plan(desk, manifest, None)
    return {
        **{name: round(row[name].timestamp()) for name in ("promised", "start", "end", "earliest")},
        "resource": row["resource_id"],
        "waiting_s": 60 * row["waiting_min"],
        "fresh": [
            bar for bar in fresh_bars(_book(desk, manifest, None), before, after) if bar[3] == wish.new_id
        ],
    }


def enter(desk: Desk, engine: str, wish: Wish) -> str:
    """Write the wished order into the tables and queue a run that promises it; the run's id."""
    asked = must_promise(desk, engine)
    desk.write(wished(desk, wish), "upsert", source=f"promise {wish.new_id}")
    return desk.plan(asked.name)


def frames_with(frames: Frames, column: str) -> list[pl.DataFrame]:
    """Those that have a column."""
    return [frame for frame in frames.values() if column in frame.columns]


def members_of(result: Result[Any]) -> Frames:
    """Output member → frame of a result."""
    tables = {member: getattr(result.tables, member) for member in type(result.tables).members()}
    return {member: pl.DataFrame(frame) for member, frame in tables.items() if frame is not None}


def _figures(desk: Desk, engine: str, result: Result[Any], basis_run: str | None) -> list[dict[str, Any]]:
    basis = desk.run(basis_run) if basis_run else desk.in_force(engine)
    was: Mapping[str, float] = {kpi.name: kpi.value for kpi in basis.kpis} if basis else {}
    return [
        {
            "name": {"en": kpi_name(kpi, "en"), "zh": kpi_name(kpi, "zh")},
            "was": was.get(kpi.name),
            "value": kpi.value,
            "unit": kpi.unit,
            "better": kpi.better,
        }
        for kpi in result.kpis
    ]


def _book(desk: Desk, engine: Engine, run: str | None) -> Frames:
    if run is not None:
        return desk.inputs(run)
    return _members(desk, engine, "inputs")


def _plan(desk: Desk, engine: Engine, run: str | None) -> Frames:
    if run is not None:
        return members_of(desk.result(run))
    return _members(desk, engine, "outputs")


def _members(desk: Desk, engine: Engine, part: str) -> Frames:
    tables = {member: table_name(schema) for member, schema in engine.load(part).member_schemas().items()}
    frames = desk.frames(*set(tables.values()))
    return {member: frames[table] for member, table in tables.items()}


def _reasons(desk: Desk, engine: Engine, run: str | None) -> Sequence[Reason]:
    if run is not None:
        return desk.result(run).reasons
    force = desk.in_force(engine.name) if desk.sees_all else None
    return desk.result(force.run_id).reasons if force else ()


def _key(desk: Desk, engine: Engine, view: str, run: str | None) -> tuple[Any, ...]:
    if run is not None:
        return ("board", engine.name, view, run, desk.run(run).result_blob)
    return ("board", engine.name, view, *sorted(desk.digests().items()))
