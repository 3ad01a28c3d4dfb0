"""Decisions: what accepting would change, accept, undo; changes by hand and the proposal made of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from lineshaft.faces.desk import boards
from lineshaft.faces.http.asking import ApiRoute, AtDesk, EngineName, Operation, RunId, WorksId
from lineshaft.faces.http.models import ChangesTold, Told, changes_told, plain
from lineshaft.faces.http.run_models import EditAsked, EditTold, RunBegun
from lineshaft.faces.http.runs import LOCATION

router = APIRouter(prefix="/works/{works}", route_class=ApiRoute, tags=["decisions"])


class AcceptTold(Told):
    """An accept."""

    accept: str
    run: str


class AcceptRecordTold(AcceptTold):
    """An accept with who, when, and whether it still holds."""

    actor: str
    at: datetime
    seq: int = Field(description="Its entry in the event log.")
    tables: list[str]
    undone: bool


class UndoneTold(Told):
    """An undo. With `proposal` nothing has changed yet: that run shows what would, and can be accepted."""

    accept: str
    proposal: str | None


@router.get("/runs/{run}/preview", summary="What accepting would change / 采纳预览")
def preview_accept(
    desk: AtDesk,
    run: RunId,
    rows: Annotated[int, Query(ge=0, le=1_000, description="Rows to show of each kind.")] = 50,
) -> ChangesTold:
    """Rows inserted, changed and removed by table; refused where the run has no result."""
    return changes_told(desk.preview(run), rows)


@router.post("/runs/{run}/accept", summary="Accept a proposal / 采纳")
def accept_run(desk: AtDesk, run: RunId, request: Operation) -> AcceptTold:
    """Makes the proposal the works' tables. Refused when its inputs have changed since, and for what-ifs."""
    return AcceptTold(accept=desk.accept(run, request=request), run=run)


@router.get("/accepts", summary="List the accepts / 采纳记录")
def list_accepts(desk: AtDesk) -> list[AcceptRecordTold]:
    """Every accept, newest first, and whether it still holds."""
    return [
        AcceptRecordTold(
            accept=record.accept_id,
            run=record.run_id,
            actor=record.actor,
            at=record.at,
            seq=record.seq,
            tables=sorted(record.tables),
            undone=record.undone,
        )
        for record in desk.accepts()
    ]


@router.post("/accepts/{accept}/undo", summary="Take an accept back / 撤销采纳")
def undo_accept(
    desk: AtDesk,
    accept: Annotated[str, Path(description="An accept, or `last`.", examples=["a1"], max_length=20)],
    request: Operation,
) -> UndoneTold:
    """Puts the tables back; where something was accepted on top, the undo becomes a proposal of its own."""
    done = desk.undo(accept, request=request)
    return UndoneTold(accept=done.accept_id, proposal=done.proposal)


@router.post("/engines/{engine}/edit", summary="Try changes by hand / 试调整")
def try_edit(desk: AtDesk, engine: EngineName, asked: EditAsked) -> EditTold:
    """Whether rows of the plan may have these values, why not, and what else moves; nothing is stored."""
    told = boards.answer(desk, engine, [change.change() for change in asked.changes], asked.basis_run)
    return EditTold(**plain(told))


@router.post(
    "/engines/{engine}/proposals",
    status_code=201,
    summary="Propose changes by hand / 提交调整方案",
    responses={201: {"description": "The run that holds the proposal.", "headers": LOCATION}},
)
def propose_edit(
    desk: AtDesk,
    works: WorksId,
    engine: EngineName,
    asked: EditAsked,
    response: Response,
    request: Operation,
) -> RunBegun:
    """The plan with these changes as a proposal that can be compared and accepted."""
    changes = [change.change() for change in asked.changes]
    run = desk.propose_edit(engine, changes, asked.basis_run, request=request)
    response.headers["Location"] = f"/v1/works/{works}/runs/{run}"
    return RunBegun(run=run, status=desk.run(run).status)
