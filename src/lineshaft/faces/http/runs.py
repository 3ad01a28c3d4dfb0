"""Runs: ask an engine for a proposal, watch it, read its tables and reasons, compare two."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from lineshaft.faces.desk.describing import title_of
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.http.asking import (
    ApiRoute,
    AtDesk,
    EngineName,
    Language,
    Limit,
    Offset,
    Operation,
    RunId,
    TableName,
    WorksId,
)
from lineshaft.faces.http.files import FILE, XLSX, Kind, table_file, workbook_file
from lineshaft.faces.http.models import (
    ReasonTold,
    RowsTold,
    TableCount,
    Told,
    page_told,
    reasons_told,
)
from lineshaft.faces.http.run_models import (
    ComparisonTold,
    Progress,
    RunAsked,
    RunBegun,
    RunNow,
    RunsTold,
    comparison_told,
    progress_told,
    run_now,
    run_told,
)
from lineshaft.faces.http.tables import Asking
from lineshaft.store.records import RunRecord

router = APIRouter(prefix="/works/{works}", route_class=ApiRoute, tags=["runs"])
COMPARED_ROWS = 100
LOCATION = {"Location": {"schema": {"type": "string"}, "description": "The run."}}


class ReasonsTold(Told):
    """A page of reasons and warnings."""

    reasons: list[ReasonTold]
    found: int


@router.post(
    "/engines/{engine}/runs",
    status_code=202,
    summary="Ask an engine for a proposal / 排产",
    responses={202: {"description": "It waits for a worker.", "headers": LOCATION}},
)
def begin_run(
    desk: AtDesk,
    works: WorksId,
    engine: EngineName,
    response: Response,
    request: Operation,
    asked: Annotated[RunAsked, Body()] = RunAsked(),  # noqa: B008
) -> RunBegun:
    """Queues a run on the tables as they are now, which stay with it; with `overlay` a what-if.

    A finished run of the same inputs and `work_limit` is given back instead: its answer would be the same.
    """
    cells = [cell.cell() for cell in asked.overlay]
    run = desk.plan(engine, asked.params, asked.limits, cells, request=request)
    response.headers["Location"] = f"/v1/works/{works}/runs/{run}"
    return RunBegun(run=run, status=desk.run(run).status)


@router.get("/runs", summary="List the runs / 运行列表")
def list_runs(
    desk: AtDesk,
    engine: Annotated[str, Query(max_length=80, description="Only this engine.")] = "",
    status: Annotated[
        str, Query(pattern="^(|queued|running|done|cancelled|failed)$", description="Only this status.")
    ] = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> RunsTold:
    """Every run with its figures, newest first."""
    found = [run for run in desk.runs() if engine in ("", run.engine) and status in ("", run.status)]
    return RunsTold(runs=[run_told(run) for run in found[offset : offset + limit]], found=len(found))


@router.get("/runs/{run}", summary="One run / 运行概况")
def read_run(desk: AtDesk, run: RunId) -> RunNow:
    """Its parameters, figures with proven bounds, how far it is, and whether it was accepted."""
    record = desk.run(run)
    held = [a.accept_id for a in desk.accepts() if a.run_id == record.run_id and not a.undone]
    return run_now(record, progress_of(desk, record), held[0] if held else None)


@router.post("/runs/{run}/cancel", status_code=202, summary="Stop a run / 取消运行")
def cancel_run(desk: AtDesk, run: RunId, _request: Operation) -> RunBegun:
    """Asks it to stop with the best answer it has; a run that is finished stays as it is."""
    desk.cancel(run)
    return RunBegun(run=run, status=desk.run(run).status)


@router.get("/runs/{run}/tables", summary="Tables of a result / 结果数据表")
def list_result_tables(desk: AtDesk, run: RunId) -> list[TableCount]:
    """What the run proposes, table by table."""
    told = []
    for name, frame in desk.result_tables(run).items():
        en, zh = title_of(name, desk.works.catalog.schemas[name])
        told.append(TableCount(table=name, en=en, zh=zh, rows=len(frame)))
    return told


@router.get("/runs/{run}/tables/{table}", summary="One page of a result / 结果分页")
def read_result_rows(desk: AtDesk, run: RunId, table: TableName, query: Asking) -> RowsTold:
    """Rows that the run proposes, filtered, searched and sorted as those of tables."""
    return page_told(desk.result_page(run, table, query))


@router.get(
    "/runs/{run}/tables/{table}/file",
    summary="Download a table of a result / 下载结果",
    response_class=Response,
    responses=FILE,
)
def result_download(
    desk: AtDesk, run: RunId, table: TableName, kind: Kind = "parquet", language: Language = "zh"
) -> Response:
    """The whole table that the run proposes."""
    frame = desk.result_table(run, table)
    return table_file(table, frame, desk.works.catalog.schemas[table], kind, language, desk.works.time_zone)


@router.get(
    "/runs/{run}/file",
    summary="Download a result / 下载全部结果",
    response_class=Response,
    responses={200: {"description": "A workbook.", "content": {XLSX: FILE[200]["content"][XLSX]}}},
)
def result_workbook(desk: AtDesk, run: RunId, language: Language = "zh") -> Response:
    """Everything that the run proposes, a sheet for each table."""
    frames = dict(desk.result_tables(run))
    schemas = {name: desk.works.catalog.schemas[name] for name in frames}
    return workbook_file(run, frames, schemas, language, desk.works.time_zone)


@router.get("/runs/{run}/reasons", summary="Why it is so / 原因")
def read_reasons(
    desk: AtDesk,
    run: RunId,
    table: Annotated[
        str, Query(max_length=80, description="Only of this table.", examples=["order_plan"])
    ] = "",
    key: Annotated[
        list[str], Query(max_length=8, description="Only of this row, or of rows whose key begins so.")
    ] = [],  # noqa: B006
    code: Annotated[str, Query(max_length=80, description="Only this kind.", examples=["late"])] = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> ReasonsTold:
    """Typed reasons with their sentences in both languages."""
    engine = desk.works.engine(desk.run(run).engine)
    found = [one for one in desk.explain(run, table, tuple(key)) if code in ("", one.code)]
    return ReasonsTold(reasons=reasons_told(engine, found[offset : offset + limit]), found=len(found))


@router.get("/compare", summary="Compare two runs / 对比")
def compare_runs(
    desk: AtDesk,
    first: Annotated[str, Query(max_length=20, description="A run.", examples=["r1"])],
    second: Annotated[str, Query(max_length=20, description="Another.", examples=["r2"])],
    rows: Annotated[int, Query(ge=0, le=1_000, description="Rows to show of each kind.")] = COMPARED_ROWS,
) -> ComparisonTold:
    """Figures side by side, and rows that differ from the first to the second."""
    return comparison_told(desk.compare(first, second), rows)


def progress_of(desk: Desk, record: RunRecord) -> Progress:
    """How far a run is; proposals to undo and edits are finished when they appear."""
    return progress_told(record, desk.progress(record.run_id) if record.kind == "run" else None)
