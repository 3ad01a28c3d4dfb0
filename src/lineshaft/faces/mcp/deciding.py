"""Tools that judge and decide: explain, compare, preview, accept, undo."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import polars as pl
from mcp_types import CallToolResult
from pydantic import Field

from lineshaft.core import BadInput, Fault, Missing, Reason, Refused, Words
from lineshaft.core.digest import canonical, frame_digest
from lineshaft.core.solve import table_name
from lineshaft.faces.mcp import answers, asks
from lineshaft.faces.mcp.comparing import comparison_out
from lineshaft.faces.mcp.seat import Ctx, Seat, seat
from lineshaft.faces.mcp.telling import (
    answer,
    codes,
    counts_out,
    differences,
    fitted,
    kpis_out,
    reason_out,
    said_out,
)
from lineshaft.faces.saying import reason_words
from lineshaft.store.records import RunRecord
from lineshaft.store.state import Preview


def explain(
    works: asks.WorksId,
    ctx: Ctx,
    run: asks.MaybeRun = "",
    engine: asks.MaybeEngine = "",
    table: asks.MaybeTable = "",
    key: Annotated[
        list[str | int],
        Field(
            description='Reasons about this object: the first key values are enough, so ["WO-1043"] '
            "finds those of the order and of its steps. Leave empty for the whole plan."
        ),
    ] = [],  # noqa: B006
    code: Annotated[str, Field(description="Only reasons of this code; by_code lists the codes.")] = "",
    sort: Annotated[
        str, Field(description='A fact to sort by; "-late_min" puts the latest first. Default: as given.')
    ] = "",
    offset: asks.Offset = 0,
    limit: asks.Limit = 10,
) -> Annotated[CallToolResult, answers.Explanation]:
    """Why a plan is as it is: reasons with facts, in words in both languages. Ask for one object with `key` ("why is
    WO-1043 late?"), or for the whole plan with `code` and `sort`. The reasons come from the engine, computed from the
    plan, not guessed: quote them. An order without reasons is on time.
    """
    here = seat(ctx, works)
    record = here.run_or_in_force(run, engine)
    manifest = here.engine_of(record)
    if key:
        _must_be_there(here, record, table, tuple(key))
    about = here.desk.explain(record.run_id, table, tuple(key))
    chosen = _sorted([reason for reason in about if reason.code == code or not code], sort)
    shown = fitted(reason_out(manifest, reason, here.zone) for reason in chosen[offset : offset + limit])
    left = max(0, len(chosen) - offset - len(shown))
    todo = f"{left} more: read on with offset={offset + len(shown)}. " if left else ""
    data = answers.Explanation(
        run=record.run_id,
        engine=record.engine,
        found=len(chosen),
        by_code=codes(about),
        reasons=shown,
        left_out=left,
        next=todo + "trace(works, table, key) shows what touches an object; what_if or edit tries a remedy.",
    )
    return answer(data, _explained(record, chosen[offset:], here), here.language)


def _explained(record: RunRecord, reasons: list[Reason], here: Seat) -> Words:
    if not reasons:
        return Words(
            f"Run {record.run_id} gives no such reason: nothing is late or held up there.",
            f"运行 {record.run_id} 未给出相关原因:此处没有拖期或受阻。",
        )
    return reason_words(here.engine_of(record), reasons[0])


def _sorted(reasons: list[Reason], sort: str) -> list[Reason]:
    fact = sort.removeprefix("-")
    if not fact:
        return reasons
    having = [reason for reason in reasons if isinstance(reason.facts.get(fact), int | float)]
    if reasons and not having:
        words = Words("no reason has such a number among its facts", "原因中没有此数值")
        raise BadInput([Fault("reasons", (), "sort", sort, "unknown_fact", words)])
    return sorted(having, key=lambda reason: reason.facts[fact], reverse=sort.startswith("-"))


def _must_be_there(here: Seat, record: RunRecord, table: str, key: tuple[Any, ...]) -> None:
    """What is asked about is in the plan or in what it was made from: no reasons must not mean no such order."""
    engine, said = here.engine_of(record), [str(part) for part in key]
    result = here.desk.result(record.run_id)
    sides = (
        (
            result.tables.member_schemas(),
            {name: getattr(result.tables, name) for name in result.tables.members()},
        ),
        (engine.load("inputs").member_schemas(), here.desk.inputs(record.run_id)),
    )
    for schemas, frames in sides:
        for member, frame in frames.items():
            keys = schemas[member].primary_key()[: len(said)]
            known = not table or table in (member, table_name(schemas[member]))
            if known and frame is not None and len(keys) == len(said):
                same = [pl.col(name).cast(pl.String) == part for name, part in zip(keys, said)]
                if frame.select(pl.all_horizontal(same).any()).item():
                    return
    what = " ".join([table, *said]).strip()
    raise Missing(
        f"Run {record.run_id} knows no {what}: read_table or trace finds the right key.",
        f"运行 {record.run_id} 中没有 {what}:请用 read_table 或 trace 查找正确的编号。",
    )


def compare(
    works: asks.WorksId,
    second: asks.RunId,
    ctx: Ctx,
    first: asks.MaybeRun = "",
    table: asks.MaybeTable = "",
    offset: asks.Offset = 0,
    limit: Annotated[
        int, Field(ge=1, le=asks.ROWS_MOST, description="At most this many rows of each table.")
    ] = 5,
) -> Annotated[CallToolResult, answers.ComparisonOut]:
    """Two plans side by side: every figure with which of the two is better, and the rows that differ. By default from
    the plan in force to `second`.
    """
    here = seat(ctx, works)
    other = here.desk.run(second)
    data, said = comparison_out(
        here,
        here.run_or_in_force(first, other.engine),
        other,
        limit=limit,
        offset=offset,
        table=table,
    )
    if data.left_out:
        data.next = f"{data.left_out} differing rows are not shown: name a table and page with offset."
    return answer(data, said, here.language)


def preview(
    works: asks.WorksId,
    run: asks.RunId,
    ctx: Ctx,
    table: asks.MaybeTable = "",
    offset: asks.Offset = 0,
    limit: Annotated[
        int, Field(ge=1, le=asks.ROWS_MOST, description="At most this many rows of each table.")
    ] = 5,
) -> Annotated[CallToolResult, answers.PreviewOut]:
    """What accepting a proposal would change, table by table, and whether it can be accepted now. `confirm` is the
    digest of exactly these changes: show the changes to the person who decides, then pass it to accept.
    """
    here = seat(ctx, works)
    record, change = here.desk.run(run), here.desk.preview(run)
    tables = {name: one for name, one in change.tables.items() if name == table or not table}
    rows, left = differences(tables, here.desk.works.catalog.schemas, here.zone, offset, limit)
    why_not = _why_not(here, record)
    todo = f"{left} changed rows are not shown: name a table and page with offset. " if left else ""
    if why_not is None:
        todo += f'accept(works, "{run}", confirm) makes it the plan, once a person has agreed.'
    data = answers.PreviewOut(
        run=run,
        engine=record.engine,
        by=record.actor,
        acceptable=why_not is None,
        why_not=None if why_not is None else said_out(why_not),
        kpis=kpis_out(record.kpis),
        tables=counts_out(change.tables),
        rows=rows,
        left_out=left,
        confirm=confirm_digest(here, run, change),
        next=todo,
    )
    told = "; ".join(
        f"{name}: +{one['inserted']} ~{one['changed']} -{one['removed']}"
        for name, one in change.counts.items()
        if any(one.values())
    )
    words = Words(
        f"Accepting {run} would change: {told or 'nothing'}.", f"采纳 {run} 将更改:{told or '无'}。"
    )
    return answer(data, words, here.language)


def _why_not(here: Seat, record: RunRecord) -> Words | None:
    """Why a run cannot be accepted now, if so."""
    if here.desk.open_proposals([record]):
        return None
    if record.overlay:
        return Words("It is a what-if.", "这是假设分析。")
    if any(one.run_id == record.run_id and not one.undone for one in here.desk.accepts()):
        return Words("It is accepted already.", "该方案已采纳。")
    return Words("Its tables have changed since: plan again.", "相关数据表此后已更改:请重新排产。")


def confirm_digest(here: Seat, run: str, change: Preview) -> str:
    """A digest of everything that accepting would change."""
    schemas = here.desk.works.catalog.schemas
    parts = [
        [name, *(frame_digest(frame, schemas[name]) for frame in (one.inserted, one.changed, one.removed))]
        for name, one in sorted(change.tables.items())
    ]
    return hashlib.sha256(canonical([run, parts])).hexdigest()[:32]


def accept(
    works: asks.WorksId,
    run: asks.RunId,
    confirm: Annotated[str, Field(description="The `confirm` of a preview of this run.")],
    ctx: Ctx,
) -> Annotated[CallToolResult, answers.Accepted]:
    """Make a proposal the plan: its tables replace those of the works. Only after preview, with its `confirm`, and
    when the person you work for has agreed. Refused when the tables have changed since. It can be taken back with
    undo. Repeating the call is harmless.
    """
    here = seat(ctx, works)
    here.desk.must("accept")
    _must_be_confirmed(here, run, confirm)
    accept_id = here.desk.accept(run)
    data = answers.Accepted(accept=accept_id, run=run, next=f'undo(works, "{accept_id}") takes it back.')
    said = Words(f"Run {run} is accepted as {accept_id}.", f"已采纳运行 {run}(编号 {accept_id})。")
    return answer(data, said, here.language)


def _must_be_confirmed(here: Seat, run: str, confirm: str) -> None:
    """Nobody accepts what he has not looked at; what holds already needs no second look."""
    if any(one.run_id == run and not one.undone for one in here.desk.accepts()):
        return
    if confirm != confirm_digest(here, run, here.desk.preview(run)):
        raise Refused(
            f"`confirm` does not stand for what accepting {run} would change now: call preview and look again.",
            f"confirm 与采纳 {run} 将作的更改不符:请重新调用 preview 并核对。",
        )


def undo(
    works: asks.WorksId,
    accept: Annotated[str, Field(description='Which accept, such as "a3"; accept and trace name it.')],
    ctx: Ctx,
) -> Annotated[CallToolResult, answers.UndoneOut]:
    """Take an accept back: the tables become what they were before it. When something was accepted on top, nothing is
    changed yet; a proposal comes back that can be previewed and accepted.
    """
    here = seat(ctx, works)
    done = here.desk.undo(accept)
    todo, said = "", Words(f"{done.accept_id} is taken back.", f"已撤销 {done.accept_id}。")
    if done.proposal:
        todo = f'preview(works, "{done.proposal}") shows what undoing would change now.'
        said = Words(
            f"Something was accepted after {done.accept_id}: the undo is proposal {done.proposal}.",
            f"{done.accept_id} 之后另有采纳:撤销已成为方案 {done.proposal}。",
        )
    data = answers.UndoneOut(accept=done.accept_id, proposal=done.proposal, next=todo)
    return answer(data, said, here.language)
