"""Runs: ask an engine, watch, read the answer and its reasons, accept with a preview, take back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.concurrency import run_in_threadpool

from lineshaft.core import BadInput, Engine, Limits, LineshaftError, Reason
from lineshaft.core.solve import table_name
from lineshaft.faces.desk.comparing import frames_of
from lineshaft.faces.saying import reason_words
from lineshaft.faces.web import figures, forms, rail, urls
from lineshaft.faces.web.grid import Linker, columns_of, texts
from lineshaft.faces.web.islands import ISLANDS, islands_of
from lineshaft.faces.web.pages_table import XLSX, shown_change
from lineshaft.faces.web.report import report_html
from lineshaft.faces.web.view import View, WorksView, go
from lineshaft.store.records import RunRecord
from lineshaft.store.workbook import write_workbook

router = APIRouter(include_in_schema=False)
T = TypeVar("T")
REASONS_SHOWN, ROWS_SHOWN, RUNS_SHOWN = 50, 50, 100


@router.get("/w/{works}/wings/{wing}")
def wing(view: WorksView, wing: str) -> Response:
    """The engines of a wing."""
    own = [engine for engine in view.desk.engines() if rail.wing_of(engine) == wing]
    return view.page("wing.html", wing, words=rail.WINGS.get(wing, rail.OTHER), engines=own)


@router.get("/w/{works}/engines/{engine}")
def form(view: WorksView, engine: str) -> Response:
    """The form that asks an engine, and what it answered before."""
    query = view.request.query_params
    typed: dict[str, str] = {}
    if query.get("run"):
        typed = _as_typed(view.desk.run(query["run"]))
    if query.get("table"):
        typed |= {"c0.place": query["table"] + ".", "c0.key": query.get("key", "").replace("/", " ")}
    return _form(view, view.desk.works.engine(engine), typed, [])


@router.post("/w/{works}/engines/{engine}")
async def ask(request: Request, view: WorksView, engine: str) -> Response:
    """Queue a run, or show the form again with what is wrong."""
    typed = {name: str(text) for name, text in (await request.form()).items()}
    return await run_in_threadpool(_ask, view, view.desk.works.engine(engine), typed)


def _ask(view: View, engine: Engine, typed: dict[str, str]) -> Response:
    desk, speech = view.desk, view.speech
    cells, faults = forms.cells(typed, desk.works.catalog.schemas, speech)
    if not faults:
        params = forms.given(typed, forms.PARAM, engine.load("params"), speech)
        limits = forms.given(typed, forms.LIMIT, Limits, speech)
        try:
            return go(urls.run(view.works_id, desk.plan(engine.name, params, limits, cells)))
        except BadInput as error:
            faults = error.faults
    return _form(view, engine, typed, faults)


def _form(view: View, engine: Engine, typed: dict[str, str], faults: list[Any]) -> Response:
    desk = view.desk
    desk.runs()
    return view.page(
        "engine.html",
        rail.wing_of(engine),
        status=422 if faults else 200,
        engine=engine,
        params=forms.parameter_fields(engine, typed, faults, view.speech),
        limits=forms.limit_fields(typed, faults, view.speech),
        typed=typed,
        faults=[fault for fault in faults if fault.table != "parameters"],
        choices=forms.cell_choices(engine, desk.works.catalog.schemas),
        cells=range(forms.CELLS),
        runs=_listed(view, [record for record in desk.runs() if record.engine == engine.name][:12]),
        held=desk.in_force(engine.name),
        views=[name for name in islands_of(engine) if ISLANDS[name].page],
    )


@router.get("/w/{works}/runs")
def runs(view: WorksView) -> Response:
    """Every run and every decision, newest first."""
    return view.page(
        "runs.html",
        "runs",
        runs=_listed(view, view.desk.runs()[:RUNS_SHOWN]),
        accepts=view.desk.accepts()[:RUNS_SHOWN],
        last=next((one.accept_id for one in view.desk.accepts() if not one.undone), ""),
    )


def _listed(view: View, records: list[RunRecord]) -> list[dict[str, Any]]:
    held = {record.run_id for engine in view.desk.engines() if (record := view.desk.in_force(engine.name))}
    return [
        {
            "record": record,
            "title": figures.run_title(view.desk, record, view.speech),
            "outcome": figures.outcome(record, view.speech),
            "figures": figures.figures(record.kpis, view.speech),
            "mark": figures.STATE_MARKS[record.status],
            "held": record.run_id in held,
        }
        for record in records
    ]


@router.get("/w/{works}/runs/{run}")
def run(view: WorksView, run: str) -> Response:
    """One run: progress while it runs, then figures, pictures, reasons and tables."""
    desk = view.desk
    record = desk.run(run)
    engine = desk.works.engine(record.engine)
    held = desk.in_force(record.engine)
    content: dict[str, Any] = {
        "record": record,
        "engine": engine,
        "title": figures.run_title(desk, record, view.speech),
        "outcome": figures.outcome(record, view.speech),
        "figures": figures.figures(record.kpis, view.speech),
        "open": record in desk.open_proposals([record]),
        "held": held,
        "is_held": held is not None and held.run_id == run,
        "accept": next((one for one in desk.accepts() if one.run_id == run and not one.undone), None),
        "params": _said_params(view, record, engine),
    }
    if record.result_blob is None or not record.is_plan:
        return view.page(
            "run.html", rail.wing_of(engine), reasons=None, tables=[], warnings=[], views=[], **content
        )
    result = desk.result(run)
    return view.page(
        "run.html",
        rail.wing_of(engine),
        reasons=_reasons_content(view, record, engine, result.reasons),
        warnings=[
            view.speech.local(view.speech.say(reason_words(engine, warning))) for warning in result.warnings
        ],
        tables=_as_shown(view, record, "tables", lambda: _tables(view, result)),
        views=sorted(islands_of(engine), key=lambda name: ISLANDS[name].page),
        islands=ISLANDS,
        **content,
    )


@router.get("/w/{works}/runs/{run}/progress")
def progress(view: WorksView, run: str, brief: bool = False) -> Response:
    """How far a run is, as a part of a page that asks again until it has ended."""
    record = view.desk.run(run)
    job = view.desk.progress(run) if record.status in ("queued", "running") else None
    response = view.page("_progress.html", record=record, job=job, brief=brief, states=figures.RUN_STATES)
    if job is None:
        response.headers["HX-Refresh"] = "true"
    return response


@router.post("/w/{works}/runs/{run}/cancel")
def cancel(view: WorksView, run: str) -> Response:
    """Stop with the best answer so far."""
    view.desk.cancel(run)
    return go(urls.run(view.works_id, run))


@router.get("/w/{works}/runs/{run}/reasons")
def reasons(view: WorksView, run: str) -> Response:
    """The reasons that match, as a part of the page."""
    record = view.desk.run(run)
    engine = view.desk.works.engine(record.engine)
    found = _reasons_content(view, record, engine, view.desk.result(run).reasons)
    return view.page("_reasons.html", record=record, reasons=found)


def _as_shown(view: View, record: RunRecord, part: Hashable, make: Callable[[], T]) -> T:
    """A part of the page of a finished run, which stays as it is for all who read this language."""
    return view.desk.remember(("shown", record.run_id, record.result_blob, view.language, part), make)


def _reasons_content(view: View, record: RunRecord, engine: Engine, reasons: Any) -> dict[str, Any]:
    query = view.request.query_params
    code, find = query.get("code", ""), query.get("find", "").strip().lower()
    at = int(query.get("at", "0")) if query.get("at", "0").isdecimal() else 0
    codes: dict[str, int] = {}
    for reason in reasons:
        codes[reason.code] = codes.get(reason.code, 0) + 1
    chosen = [reason for reason in reasons if not code or reason.code == code]
    if find:
        chosen = [one for one in chosen if find in view.speech.say(reason_words(engine, one)).lower()]

    def rows() -> list[tuple[str, str, str, str]]:
        schemas = view.desk.works.catalog.schemas
        members = _member_tables(engine)
        linkers = {
            name: Linker(view.works_id, table, schemas)
            for name, table in [*members.items(), *zip(members.values(), members.values())]
            if table in schemas
        }
        return [_reason(view, engine, reason, linkers) for reason in chosen[at : at + REASONS_SHOWN]]

    return {
        "total": len(reasons),
        "found": len(chosen),
        "codes": codes,
        "code": code,
        "find": query.get("find", ""),
        "at": at,
        "size": REASONS_SHOWN,
        "rows": rows() if find else _as_shown(view, record, ("reasons", code, at), rows),
    }


def _reason(
    view: View, engine: Engine, reason: Reason, linkers: dict[str, Linker]
) -> tuple[str, str, str, str]:
    key = " ".join(map(str, reason.key))
    address = linkers[reason.table].root(reason.key) if reason.key and reason.table in linkers else ""
    return key, address, view.speech.local(view.speech.say(reason_words(engine, reason))), reason.code


def _member_tables(engine: Engine) -> dict[str, str]:
    parts = {**engine.load("inputs").member_schemas(), **engine.load("outputs").member_schemas()}
    return {member: table_name(schema) for member, schema in parts.items()}


def _tables(view: View, result: Any) -> list[dict[str, Any]]:
    schemas = view.desk.works.catalog.schemas
    shown = []
    for name, frame in frames_of(result).items():
        columns, linker = columns_of(schemas[name]), Linker(view.works_id, name, schemas)
        rows = frame.head(ROWS_SHOWN)
        shown.append(
            {
                "name": name,
                "title": getattr(schemas[name], "title", (name, name)),
                "columns": columns,
                "found": len(frame),
                "rows": [
                    (linker.cells(row), text)
                    for row, text in zip(rows.iter_rows(named=True), texts(rows, columns, view.speech))
                ],
            }
        )
    return shown


def _said_params(view: View, record: RunRecord, engine: Engine) -> list[tuple[str, str]]:
    """Parameters and limits as they were given."""
    if not record.is_plan:
        return [(name, str(value)) for name, value in record.params.items()]
    typed = _as_typed(record)
    fields = forms.parameter_fields(engine, typed, [], view.speech) + forms.limit_fields(
        typed, [], view.speech
    )
    return [(view.speech.say(one.words), one.said(view.speech)) for one in fields if one.value]


def _as_typed(record: RunRecord) -> dict[str, str]:
    """A run's parameters and limits as the form would hold them."""
    said: dict[str, Any] = {forms.PARAM + name: value for name, value in record.params.items()}
    said |= {forms.LIMIT + name: value for name, value in record.limits.items()}
    return {name: "" if value is None else str(value) for name, value in said.items()}


@router.get("/w/{works}/runs/{run}/accept")
def look(view: WorksView, run: str) -> Response:
    """What accepting would change; the decision is one press further."""
    desk = view.desk
    record = desk.run(run)
    held = desk.in_force(record.engine)
    schemas = desk.works.catalog.schemas
    problem, changes = None, []
    try:
        changes = [
            shown_change(view, name, schemas[name], one) for name, one in desk.preview(run).tables.items()
        ]
    except LineshaftError as error:
        problem = error.words
    return view.page(
        "accept.html",
        "runs",
        record=record,
        title=figures.run_title(desk, record, view.speech),
        steps=figures.steps(record.kpis, held.kpis if held else (), view.speech),
        changes=changes,
        problem=problem,
        open=record in desk.open_proposals([record]),
    )


@router.post("/w/{works}/runs/{run}/accept")
def accept(view: WorksView, run: str) -> Response:
    """Make the proposal the plan in force."""
    view.desk.accept(run)
    return go(urls.run(view.works_id, run))


@router.post("/w/{works}/accepts/{accept_id}/undo")
def undo(view: WorksView, accept_id: str) -> Response:
    """Take an accept back; where others followed, on to the proposal that would do it."""
    done = view.desk.undo(accept_id)
    if done.proposal:
        return go(urls.run(view.works_id, done.proposal, "accept"))
    return go(f"/w/{view.works_id}/runs#accepts")


@router.get("/w/{works}/runs/{run}/report.html")
def report(view: WorksView, run: str) -> Response:
    """The run as one file that opens anywhere."""
    desk = view.desk
    engine = desk.works.engine(desk.run(run).engine)
    text = report_html(
        engine,
        desk.inputs(run),
        desk.result(run),
        works_name=desk.works.name,
        zone=desk.works.time_zone,
        language=view.language,
        run_id=run,
    )
    name = {"Content-Disposition": f'attachment; filename="{view.works_id}-{run}.html"'}
    return HTMLResponse(text, headers=name)


@router.get("/w/{works}/runs/{run}/result.xlsx")
def result(view: WorksView, run: str, background: BackgroundTasks) -> Response:
    """The proposed tables as a workbook."""
    works = view.desk.works
    frames = dict(frames_of(view.desk.result(run)))
    folder = tempfile.TemporaryDirectory()
    background.add_task(folder.cleanup)
    path = Path(folder.name) / "result.xlsx"
    schemas = {name: works.catalog.schemas[name] for name in frames}
    write_workbook(frames, path, view.language, schemas=schemas, time_zone=works.time_zone)
    return FileResponse(path, media_type=XLSX, filename=f"{view.works_id}-{run}.xlsx", background=background)
