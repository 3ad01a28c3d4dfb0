"""Tools that propose: plan, progress, cancel, what-if, edit. None of them changes a table."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
from mcp_types import CallToolResult
from pydantic import Field

from lineshaft.core import Result, Words
from lineshaft.faces.desk.comparing import compare_results
from lineshaft.faces.mcp import answers, asks
from lineshaft.faces.mcp.comparing import comparison_out
from lineshaft.faces.mcp.seat import Ctx, Seat, off_loop, seat
from lineshaft.faces.mcp.telling import (
    answer,
    codes,
    faults_out,
    fitted,
    kpis_out,
    kpis_said,
    member_of,
    reason_out,
    said_out,
)
from lineshaft.faces.saying import STATUS, STOPPED, reason_words
from lineshaft.store.records import RunRecord, fault_of

FIRST_LOOK_S = 0.05
LOOK_S = 0.5
SOME = 3_000
UNDER_WAY = ("queued", "running")
STATES = {
    "queued": Words("waits for a worker", "排队中"),
    "running": Words("is under way", "运行中"),
    "cancelled": Words("was cancelled before a first answer", "在得出首个方案前已取消"),
    "failed": Words("failed", "失败"),
}


async def plan(
    works: asks.WorksId,
    engine: asks.EngineName,
    ctx: Ctx,
    params: asks.Params = {},  # noqa: B006
    limits: asks.MaybeLimits = None,
    cells: asks.Cells = [],  # noqa: B006
    wait_s: asks.WaitS = 20,
) -> Annotated[CallToolResult, answers.RunOut]:
    """Make a proposal: run an engine on the present tables. Nothing is changed; a run id comes back, with figures
    (each with its proven bound) once it is done. If it is still under way after `wait_s`, ask progress.

    Use limits.work_limit for an answer that can be repeated to the byte, limits.time_limit_s for "as good as you can
    in so many seconds". With `cells` the run is a what-if: it sees those cells otherwise and can never be accepted; to
    compare a what-if with the plan in force at once, use what_if. To move single operations of a plan, use edit.
    """
    here = await off_loop(seat, ctx, works)
    overlay = [cell.cell() for cell in cells]
    run = await off_loop(here.desk.plan, engine, params, asks.limits_of(limits), overlay)
    record = await waited(here, run, wait_s, ctx)
    data, said = await off_loop(run_out, here, record)
    return answer(data, said, here.language)


async def progress(
    works: asks.WorksId, run: asks.RunId, ctx: Ctx, wait_s: asks.WaitS = 0
) -> Annotated[CallToolResult, answers.RunOut]:
    """How far a run is, and what came of it when it is done. Waits up to `wait_s` seconds for the end."""
    here = await off_loop(seat, ctx, works)
    record = await waited(here, run, wait_s, ctx)
    data, said = await off_loop(run_out, here, record)
    return answer(data, said, here.language)


async def cancel(
    works: asks.WorksId, run: asks.RunId, ctx: Ctx, wait_s: asks.WaitS = 10
) -> Annotated[CallToolResult, answers.RunOut]:
    """Ask a run to stop now. It ends with the best answer it has so far, which is a proposal like any other."""
    here = await off_loop(seat, ctx, works)
    await off_loop(here.desk.cancel, run)
    record = await waited(here, run, wait_s, ctx)
    data, said = await off_loop(run_out, here, record)
    return answer(data, said, here.language)


async def what_if(
    works: asks.WorksId,
    cells: Annotated[asks.Cells, Field(min_length=1)],
    ctx: Ctx,
    against: asks.MaybeRun = "",
    engine: asks.MaybeEngine = "",
    params: Annotated[
        dict[str, asks.Value] | None, Field(description="Default: those of the run it is compared with.")
    ] = None,
    limits: Annotated[
        asks.LimitsAsked | None, Field(description="Default: those of the run it is compared with.")
    ] = None,
    wait_s: asks.WaitS = 30,
) -> Annotated[CallToolResult, answers.WhatIf]:
    """Ask "what if?": plan again with some cells changed (one more machine hour, an earlier delivery, another due
    date, a smaller quantity) and compare the figures with the plan in force or with another run. The tables stay as
    they are, and a what-if can never be accepted: if it is good, people change the cells in the tables and plan again.
    """
    here = await off_loop(seat, ctx, works)
    base = await off_loop(here.run_or_in_force, against, engine)
    given = asks.with_an_end(base.limits) if limits is None else asks.limits_of(limits)
    chosen = base.params if params is None else params
    run = await off_loop(here.desk.plan, base.engine, chosen, given, [cell.cell() for cell in cells])
    record = await waited(here, run, wait_s, ctx)
    data, said = await off_loop(_what_if, here, base, record)
    return answer(data, said, here.language)


def _what_if(here: Seat, base: RunRecord, record: RunRecord) -> tuple[answers.WhatIf, Words]:
    told, said = run_out(here, record)
    data = answers.WhatIf(run=told, against=base.run_id, next=told.next)
    if record.status == "done":
        data.comparison, words = comparison_out(here, base, record, limit=3)
        said = Words(f"{said.en} {words.en}", f"{said.zh}{words.zh}")
        data.next = f'explain(works, "{record.run_id}") tells why; compare(works, "{base.run_id}", "{record.run_id}") shows every row that differs.'
    told.next = ""
    return data, said


def edit(
    works: asks.WorksId,
    engine: asks.EngineName,
    changes: asks.Changes,
    ctx: Ctx,
    basis: asks.MaybeRun = "",
    propose: Annotated[
        bool, Field(description="Store the result as a proposal (a run) that can be previewed and accepted.")
    ] = False,
) -> Annotated[CallToolResult, answers.EditOut]:
    """Change single rows of a plan by hand and see at once what follows: move an operation to another time or machine,
    lock it or free it. The answer says whether it is possible, what else moves and why, and the new figures; when it
    is not possible it names the nearest time that is. Try first; then call again with the same changes and
    propose=true to get a run for preview and accept. For changed circumstances (another due date) use what_if instead.
    """
    here = seat(ctx, works)
    manifest = here.desk.works.engine(engine)
    asked = [change.change(member_of(manifest, change.table)) for change in changes]
    result = here.desk.edit(engine, asked, basis or None)
    possible = result.status != "infeasible"
    run = here.desk.propose_edit(engine, asked, basis or None) if propose and possible else None
    said = [reason for reason in result.reasons if reason.code.startswith("edit_")]
    data = answers.EditOut(
        possible=possible,
        said=fitted(reason_out(manifest, reason, here.zone) for reason in said),
        kpis=kpis_out(result.kpis),
        comparison=_from_basis(here, engine, basis, result) if possible else None,
        run=run,
        next=_after_edit(possible, run),
    )
    words = [reason_words(manifest, reason) for reason in said[:1]]
    verdict = Words("Possible. ", "可行。") if possible else Words("Not possible. ", "不可行。")
    en = verdict.en + " ".join(word.en for word in words)
    return answer(data, Words(en, verdict.zh + "".join(word.zh for word in words)), here.language)


def _from_basis(here: Seat, engine: str, basis: str, result: Result[Any]) -> answers.ComparisonOut | None:
    """What the edit changes in the plan it began with, where a run stands for that plan."""
    base = here.desk.run(basis) if basis else here.desk.in_force(engine)
    if base is None:
        return None
    comparison = compare_results(here.desk.result(base.run_id), result)
    return comparison_out(here, base, None, limit=10, made=comparison)[0]


def _after_edit(possible: bool, run: str | None) -> str:
    if run:
        return f'preview(works, "{run}") shows what accepting it would change.'
    if possible:
        return "Call edit again with propose=true to make it a proposal, or change something else."
    return "Ask for the nearest possible time that is named, another resource, or another operation."


async def waited(here: Seat, run: str, wait_s: float, ctx: Ctx) -> RunRecord:
    """The run when it has ended or the time is up; progress is reported on the way."""
    until, told, pause_s = anyio.current_time() + wait_s, -1.0, FIRST_LOOK_S
    while True:
        record = await off_loop(here.desk.run, run)
        left_s = until - anyio.current_time()
        if record.status not in UNDER_WAY or left_s <= 0:
            return record
        job = await off_loop(here.desk.progress, run)
        if job.words.en and job.fraction > told:
            told = job.fraction
            await ctx.report_progress(told, 1.0, job.words.say(here.language))
        await anyio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, LOOK_S)


def run_out(here: Seat, record: RunRecord) -> tuple[answers.RunOut, Words]:
    """A run as tools tell it."""
    data = answers.RunOut(
        run=record.run_id,
        engine=record.engine,
        status=record.status,  # type: ignore[arg-type]
        what_if=bool(record.overlay),
        fraction=0.0 if record.status in UNDER_WAY else 1.0,
        answer=record.result_status,
        stopped_by=record.stopped_by,
        work=record.work,
        kpis=kpis_out(record.kpis),
        result_digest=record.result_digest,
    )
    if record.status in UNDER_WAY:
        job = here.desk.progress(record.run_id)
        data.fraction, data.doing = job.fraction, said_out(job.words) if job.words.en else None
        data.next = f'progress(works, "{record.run_id}", wait_s=30) waits for it; cancel stops it with its best answer.'
    if record.error:
        faults = [fault_of(row) for row in record.error["faults"]]
        shown = faults_out(faults)
        data.error = answers.ErrorOut(
            en=record.error["en"], zh=record.error["zh"], faults=shown, left_out=len(faults) - len(shown)
        )
        data.next = (
            "The faults name the place: correct parameters here; tables are put right by people (check_data)."
        )
    if record.status == "done" and record.is_plan:
        result, engine = here.desk.result(record.run_id), here.engine_of(record)
        data.digest = result.digest
        data.reasons_by_code = codes(result.reasons)
        data.warnings = fitted((reason_out(engine, one, here.zone) for one in result.warnings), SOME)
    if record.status == "done":
        data.next = _after_run(record)
    return data, _run_said(record)


def _after_run(record: RunRecord) -> str:
    run = record.run_id
    why = f'explain(works, "{run}") gives reasons; read_table(works, table, run="{run}") reads the plan; '
    if record.overlay:
        return why + "a what-if cannot be accepted: people change the cells in the tables, then plan again."
    return why + f'preview(works, "{run}") shows what accepting would change.'


def _run_said(record: RunRecord) -> Words:
    run = record.run_id
    if record.status in STATES:
        error = record.error or {"en": "", "zh": ""}
        state = STATES[record.status]
        en, zh = f"Run {run} {state.en}.", f"运行 {run} {state.zh}。"
        return Words(f"{en} {error['en']}".rstrip(), zh + error["zh"])
    status, stopped = STATUS[record.result_status or "unknown"], STOPPED[record.stopped_by or "done"]
    figures = kpis_said(record.kpis)
    return Words(
        f"Run {run}: {status.en}, {stopped.en}. {figures}.",
        f"运行 {run}:{status.zh},{stopped.zh}。{figures}。",
    )
