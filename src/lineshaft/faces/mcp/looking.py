"""Tools that look: works, engines, tables, faults, the thread of an object."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from mcp_types import CallToolResult
from pydantic import Field

from lineshaft.core import BadInput, Engine, Fault, Limits, Words
from lineshaft.core.params import describe as describe_params
from lineshaft.core.solve import table_name
from lineshaft.faces.desk.attention import LateOrder, Overload
from lineshaft.faces.desk.paging import Query
from lineshaft.faces.mcp import answers, asks
from lineshaft.faces.mcp.seat import Ctx, Seat, language, seat, who
from lineshaft.faces.mcp.telling import (
    answer,
    faults_out,
    fitted,
    plain,
    row_out,
    rows_out,
    run_head,
)
from lineshaft.store.log import Event

LATE_SHOWN = 10
EVENT_MOST = 800
LINK_MOST = 1_500


def list_works(ctx: Ctx) -> Annotated[CallToolResult, answers.WorksList]:
    """Start here: the works (plants) you may see, and what you may do in each (read, write, plan, accept).

    Every other tool takes one of these ids as `works`.
    """
    person, server = who(ctx), ctx.mcp_server
    works = [
        answers.WorksOut(works=entry.works_id, title=entry.title, may=sorted(person.actions(entry.works_id)))
        for entry in server.site.works(person)  # type: ignore[attr-defined]
    ]
    names = ", ".join(f"{one.works} ({one.title})" for one in works) or "-"
    data = answers.WorksList(
        works=works,
        next="describe(works) tells what needs attention today; list_engines(works) what can be planned.",
    )
    return answer(data, Words(f"Works: {names}.", f"工厂:{names}。"), language(ctx))


def list_engines(works: asks.WorksId, ctx: Ctx) -> Annotated[CallToolResult, answers.EngineList]:
    """What can be planned or computed here: each engine reads tables and proposes others; nothing is changed until
    somebody accepts. Tells whether an engine has the data it needs and which run's plan is in force.
    """
    here = seat(ctx, works)
    rows = here.desk.tables()
    engines = [_engine_out(here, engine, rows) for engine in here.desk.engines()]
    names = ", ".join(engine.engine for engine in engines)
    data = answers.EngineList(
        engines=engines,
        next="describe(works, engine) lists tables and parameters; plan(works, engine) runs it.",
    )
    return answer(data, Words(f"Engines: {names}.", f"功能:{names}。"), here.language)


def _engine_out(here: Seat, engine: Engine, rows: dict[str, int]) -> answers.EngineOut:
    members = engine.load("inputs").members().values()
    needed = [table_name(info.schema) for info in members if not info.is_optional]
    missing = [table for table in needed if not rows.get(table)]
    held = here.desk.in_force(engine.name) if here.desk.sees_all else None
    return answers.EngineOut(
        engine=engine.name,
        version=engine.version,
        en=engine.title[0],
        zh=engine.title[1],
        ready=not missing,
        missing=missing,
        in_force=held.run_id if held else None,
        edits=bool(engine.edit),
    )


def describe(
    works: asks.WorksId,
    ctx: Ctx,
    name: Annotated[
        str, Field(description="An engine or a table; leave empty for the works itself, as it stands today.")
    ] = "",
) -> Annotated[CallToolResult, answers.Description]:
    """Describe the works as it stands today, an engine, or a table.

    Without `name`: tables with their rows, late orders, overloaded resources, faults, proposals that wait for a
    decision, runs under way. With an engine: tables it reads and proposes, parameters with units and defaults. With a
    table: columns with type, unit, key, and the table a column refers to.
    """
    here = seat(ctx, works)
    if not name:
        data, said = _works_today(here)
    elif name in here.desk.works.catalog.schemas:
        data, said = _table(here, name)
    else:
        data, said = _engine(here, name)
    return answer(data, said, here.language)


def _works_today(here: Seat) -> tuple[answers.Description, Words]:
    desk, today = here.desk, here.desk.attention()
    rows = {name: many for name, many in desk.tables().items() if many}
    entry = next(one for one in desk.site.works(desk.who) if one.works_id == desk.works_id)
    told = answers.WorksDescription(
        works=desk.works_id,
        title=entry.title,
        time_zone=here.zone.key,
        tables=[_head(here, name, many) for name, many in rows.items()],
        orders_found=today.orders_found,
        late_found=today.late_found,
        late=[_late(order, here) for order in today.late[:LATE_SHOWN]],
        overloads_found=len(today.overloads),
        overloads=[_overload(one, here) for one in today.overloads[:LATE_SHOWN]],
        faults_found=len(today.faults),
        to_decide=[run_head(record, here.zone) for record in today.to_decide[:LATE_SHOWN]],
        running=[run_head(record, here.zone) for record in today.running[:LATE_SHOWN]],
    )
    some = today.orders_found and f"{today.late_found} of {today.orders_found} planned orders end late"
    en = f"{entry.title}: {some or 'no plan in force'}; {len(today.faults)} faults; {len(today.to_decide)} to decide."
    late = f"计划内 {today.orders_found} 个工单中 {today.late_found} 个拖期" if some else "尚无生效计划"
    zh = f"{entry.title}:{late};数据错误 {len(today.faults)} 处;待决定方案 {len(today.to_decide)} 个。"
    todo = "check_data(works) lists the faults. " if today.faults else ""
    todo += _first_steps(bool(some))
    return answers.Description(works=told, next=todo), Words(en, zh)


def _first_steps(planned: bool) -> str:
    if planned:
        return "explain(works, key=[order]) tells why an order is late; preview(works, run) what a proposal would change."
    return "list_engines(works) tells what can be planned; plan(works, engine) makes a proposal."


def _late(order: LateOrder, here: Seat) -> answers.LateOut:
    return answers.LateOut(
        order_id=order.order_id,
        item_id=order.item_id,
        due=plain(order.due, here.zone),
        end=plain(order.end, here.zone),
        late_min=order.late_min,
    )


def _overload(one: Overload, here: Seat) -> answers.OverloadOut:
    return answers.OverloadOut(
        resource_id=one.resource_id,
        week=plain(one.week, here.zone)[:10],
        planned_h=round(one.planned_h, 1),
        open_h=round(one.open_h, 1),
    )


def _head(here: Seat, name: str, rows: int, required: bool | None = None) -> answers.TableHead:
    told = here.desk.describe_table(name)
    return answers.TableHead(table=name, en=told["en"], zh=told["zh"], rows=rows, required=required)


def _table(here: Seat, name: str) -> tuple[answers.Description, Words]:
    told = here.desk.describe_table(name)
    columns = [
        answers.ColumnOut(**{**column, "refers": (column["refers"] or {}).get("table")})
        for column in told["columns"]
    ]
    rows = len(here.desk.frames(name)[name])
    table = answers.TableDescription(table=name, en=told["en"], zh=told["zh"], rows=rows, columns=columns)
    todo = (
        f'read_table(works, "{name}") reads it; trace(works, "{name}", key) shows all that touches one row.'
    )
    words = Words(f"{told['en']}: {rows:,} rows.", f"{told['zh']}:{rows:,} 行。")
    return answers.Description(table=table, next=todo), words


def _engine(here: Seat, name: str) -> tuple[answers.Description, Words]:
    told, rows = here.desk.describe(name), here.desk.tables()
    engine = here.desk.works.engine(name)
    limits = [{**one, "type": one["type"].__name__} for one in describe_params(Limits)]
    heads = {
        side: [_head(here, one["table"], rows.get(one["table"], 0), one["required"]) for one in told[side]]
        for side in ("inputs", "outputs")
    }
    described = answers.EngineDescription(
        engine=name,
        version=told["version"],
        en=told["en"],
        zh=told["zh"],
        reads=heads["inputs"],
        proposes=heads["outputs"],
        params=[_param(one) for one in told["params"]],
        limits=[_param(one) for one in limits],
        edits=bool(engine.edit),
        sources=told["sources"],
    )
    todo = f'plan(works, "{name}", params, limits) proposes; describe(works, table) lists the columns of a table.'
    return answers.Description(engine=described, next=todo), engine.words_title


def _param(told: dict[str, Any]) -> answers.ParamOut:
    default = told["default"]
    shown = default if isinstance(default, str | int | float | None) else str(default)
    return answers.ParamOut(**{**told, "choices": list(told["choices"]), "default": shown})


def read_table(
    works: asks.WorksId,
    table: asks.TableName,
    ctx: Ctx,
    where: Annotated[list[asks.Condition], Field(description="Conditions that all hold.")] = [],  # noqa: B006
    find: Annotated[str, Field(description="Text to find in any column, whatever its case.")] = "",
    sort: Annotated[
        list[str], Field(description='Columns to sort by; "-end" is descending. Default: by key.')
    ] = [],  # noqa: B006
    columns: Annotated[list[str], Field(description="Only these columns; default all.")] = [],  # noqa: B006
    offset: asks.Offset = 0,
    limit: asks.Limit = 20,
    run: Annotated[
        str, Field(description="Read the table as this run proposes it, instead of as it is.")
    ] = "",
) -> Annotated[CallToolResult, answers.Rows]:
    """Read rows of a table: filtered, sorted, a page at a time. Small by default: narrow it down with `where` and
    `columns` before you page. Times come in the works' time zone with their offset; other units are in the column
    descriptions (describe). With `run`, reads a proposal that nobody has accepted yet.
    """
    here = seat(ctx, works)
    query = Query(tuple(one.filter() for one in where), find, tuple(sort), offset, limit)
    found = here.desk.result_page(run, table, query) if run else here.desk.page(table, query)
    unknown = [name for name in columns if name not in found.rows.columns]
    if unknown:
        words = Words("there is no such column", "没有此列")
        raise BadInput([Fault(table, (), name, None, "unknown_column", words) for name in unknown])
    rows = rows_out(found.rows.select(columns) if columns else found.rows, here.zone)
    left = max(0, found.found - offset - len(rows))
    data = answers.Rows(
        table=table,
        run=run or None,
        rows=rows,
        found=found.found,
        total=found.total,
        offset=offset,
        left_out=left,
        next=f"{left} more match: read on with offset={offset + len(rows)}, or narrow it down with where."
        if left
        else "",
    )
    en = f"{table}: {len(rows)} of {found.found:,} matching rows ({found.total:,} in all)."
    zh = f"{table}:显示 {len(rows)} 行,符合 {found.found:,} 行(共 {found.total:,} 行)。"
    return answer(data, Words(en, zh), here.language)


def check_data(
    works: asks.WorksId,
    ctx: Ctx,
    table: asks.MaybeTable = "",
    offset: asks.Offset = 0,
    limit: asks.Limit = 20,
) -> Annotated[CallToolResult, answers.Faults]:
    """Check every rule of every table and name each fault with table, row, column and value, in Chinese and English.
    Do this before you plan: engines refuse broken data. Faults are put right by people in the tables, not here.
    """
    here = seat(ctx, works)
    faults = [fault for fault in here.desk.faults() if fault.table == table or not table]
    shown = faults_out(faults[offset : offset + limit])
    left = max(0, len(faults) - offset - len(shown))
    data = answers.Faults(
        found=len(faults),
        by_table=dict(Counter(fault.table for fault in faults).most_common()),
        faults=shown,
        left_out=left,
        next=f"{left} more: read on with offset={offset + len(shown)}." if left else "",
    )
    said = Words(f"{len(faults)} faults in the data.", f"数据中有 {len(faults)} 处错误。")
    return answer(data, said, here.language)


def trace(
    works: asks.WorksId,
    ctx: Ctx,
    table: asks.MaybeTable = "",
    key: asks.Key = [],  # noqa: B006
    offset: asks.Offset = 0,
    limit: asks.Limit = 10,
) -> Annotated[CallToolResult, answers.Trace]:
    """Follow the thread of one object (an order, machine, item: `table` and `key`): its row, what it names, and
    everything that names it. Without table and key: the event log, newest first: who planned, accepted, undid or
    imported what, and when.
    """
    here = seat(ctx, works)
    if table:
        data, said = _thread(here, table, tuple(key), limit)
    else:
        data, said = _log(here, offset, limit)
    return answer(data, said, here.language)


def _thread(here: Seat, table: str, key: tuple[Any, ...], limit: int) -> tuple[answers.Trace, Words]:
    found = here.desk.thread(table, key)
    links = [
        answers.LinkOut(
            table=link.table,
            columns=list(link.columns),
            role=link.role,  # type: ignore[arg-type]
            found=link.found,
            rows=rows_out(link.rows.head(limit), here.zone, LINK_MOST),
        )
        for link in found.links
    ]
    left = sum(link.found - len(link.rows) for link in links)
    said = " ".join(str(part) for part in found.key)
    todo = "read_table with where on the linking column reads the rows that are left out. " if left else ""
    data = answers.Trace(
        table=table,
        key=[plain(part, here.zone) for part in found.key],
        row=row_out(found.row, here.zone),
        links=links,
        left_out=left,
        next=todo + "explain(works, key=key) tells why it is planned as it is.",
    )
    tables = ", ".join(f"{link.table} ({link.found})" for link in links)
    return data, Words(f"{table} {said} touches: {tables or '-'}.", f"{table} {said} 关联:{tables or '-'}。")


def _log(here: Seat, offset: int, limit: int) -> tuple[answers.Trace, Words]:
    events = here.desk.history()
    shown = fitted(_event(event, here) for event in events[offset : offset + limit])
    left = max(0, len(events) - offset - len(shown))
    todo = f"{left} older entries: read on with offset={offset + len(shown)}." if left else ""
    words = Words(f"{len(events)} entries in the event log.", f"事件日志共 {len(events)} 条。")
    return answers.Trace(events=shown, left_out=left, next=todo), words


def _event(event: Event, here: Seat) -> answers.EventOut:
    """An entry without digests, and with the rows of tables that changed only."""
    facts = {
        name: value for name, value in event.payload.items() if name not in ("tables", "after", "result")
    }
    if isinstance(facts.get("rows"), dict):
        facts["rows"] = {
            table: {kind: many for kind, many in counts.items() if many}
            for table, counts in facts["rows"].items()
            if any(counts.values())
        }
    if len(str(facts)) > EVENT_MOST:
        facts = {"left_out": sorted(facts)}
    return answers.EventOut(
        seq=event.seq,
        at=plain(event.recorded, here.zone),
        by=event.actor,
        action=event.action,
        run=event.run_id,
        facts=facts,
    )
