"""Import: a file comes in, every bad cell is shown in its row and can be mended there, and then all or part is taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from lineshaft.core import BadInput, Fault
from lineshaft.faces.desk.uploads import Upload, Uploads
from lineshaft.faces.web import urls
from lineshaft.faces.web.grid import columns_of
from lineshaft.faces.web.pages_table import shown_change
from lineshaft.faces.web.view import View, WorksView, go
from lineshaft.store.importing import ImportPreview, with_fixes
from lineshaft.store.matching import Matched, match_tables
from lineshaft.store.sheets import read_source
from lineshaft.store.state import Mode

router = APIRouter(include_in_schema=False)
FAULTS_SHOWN = 200
FIX = "fix:"
FOLLOWS = "ref_faulty"


@router.post("/w/{works}/imports")
def send(view: WorksView, file: UploadFile, mode: Annotated[Mode, Form()] = "upsert") -> Response:
    """Take a file in, and on to what it would bring."""
    view.desk.must("write")
    upload = _uploads(view).keep(file.filename or "", file.file, view.works_id, _person(view), mode)
    return go(f"/w/{view.works_id}/imports/{upload.upload_id}")


@router.get("/w/{works}/imports/{upload_id}")
def look(view: WorksView, upload_id: str) -> Response:
    """What a file would bring, with every bad cell in its row."""
    upload = _uploads(view).find(upload_id, view.works_id, _person(view))
    path = _uploads(view).path(upload)
    try:
        found = view.desk.preview_import(path, upload.mode, upload.fixes)
    except BadInput as error:
        return view.page("import.html", "tables", status=422, upload=upload, found=None, faults=error.faults)
    schemas = view.desk.works.catalog.schemas
    change = _change(view, found, upload)
    return view.page(
        "import.html",
        "tables",
        upload=upload,
        found=found,
        faults=found.faults[:FAULTS_SHOWN],
        own=sum(fault.rule != FOLLOWS for fault in found.faults),
        grids=_grids(view, path, found.faults, upload.fixes),
        titles={name: getattr(schemas[name], "title", (name, name)) for name in found.rows_read},
        changes=change,
        can_take=not found.faults,
        can_part=bool(found.faults) and any(map(len, found.frames.values()))
        and all(fault.table in found.rows_read for fault in found.faults),
    )  # fmt: skip


@router.post("/w/{works}/imports/{upload_id}")
async def decide(request: Request, view: WorksView, upload_id: str) -> Response:
    """Check again with mended cells, take everything, take the good rows, or drop the file."""
    form = await request.form()
    fixes = {
        name.removeprefix(FIX): str(text)
        for name, text in form.items()
        if name.startswith(FIX) and isinstance(text, str) and len(text) <= 400
    }
    return await run_in_threadpool(_decided, view, upload_id, str(form.get("do", "")), fixes)


def _decided(view: View, upload_id: str, do: str, fixes: Mapping[str, str]) -> Response:
    uploads = _uploads(view)
    upload = uploads.mend(uploads.find(upload_id, view.works_id, _person(view)), fixes)
    if do in ("all", "part"):
        view.desk.import_(
            uploads.path(upload),
            upload.mode,
            partial=do == "part",
            source=upload.name,
            fixes=upload.fixes,
        )
        uploads.drop(upload)
        return go(urls.home(view.works_id))
    if do == "drop":
        uploads.drop(upload)
        return go(f"/w/{view.works_id}/tables")
    return go(f"/w/{view.works_id}/imports/{upload_id}")


def _grids(view: View, path: Path, faults: list[Fault], fixes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows with a bad cell as they stand in the file; each bad cell with its address and what is wrong.

    Rows that are left out only because they name a bad row are none of them.
    """
    matching = match_tables(with_fixes(read_source(path), fixes), view.desk.works.catalog.schemas)
    by_place: dict[str, Fault] = {}
    for fault in [fault for fault in faults if fault.rule != FOLLOWS][:FAULTS_SHOWN]:
        by_place.setdefault(fault.source, fault)
    return [grid for found in matching.matched if (grid := _grid(found, by_place, view))["rows"]]


def _grid(found: Matched, faults: Mapping[str, Fault], view: View) -> dict[str, Any]:
    schema = view.desk.works.catalog.schemas[found.table]
    columns = [column for column in columns_of(schema) if column.name in found.columns]
    rows = []
    for number in range(found.first + 1, len(found.sheet.rows) + 1):
        whole = faults.get(found.place(number))
        cells = [
            (
                _raw(found, number, column.name),
                found.place(number, column.name),
                faults.get(found.place(number, column.name)),
            )
            for column in columns
        ]
        if whole or any(fault for _, _, fault in cells):
            rows.append({"number": number, "cells": cells, "fault": whole})
    title = getattr(schema, "title", (found.table, found.table))
    return {
        "table": found.table,
        "title": title,
        "columns": columns,
        "rows": rows,
        "sheet": found.sheet.place(),
    }


def _raw(found: Matched, number: int, column: str) -> str:
    row, at = found.sheet.rows[number - 1], found.columns[column]
    value = row[at] if at < len(row) else None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _change(view: View, found: ImportPreview, upload: Upload) -> list[dict[str, Any]]:
    """What the good rows would change, as far as they fit the works."""
    schemas = view.desk.works.catalog.schemas
    try:
        preview = view.desk.preview_write(found.frames, upload.mode)
    except BadInput:
        return []
    return [shown_change(view, name, schemas[name], change) for name, change in preview.tables.items()]


def _uploads(view: View) -> Uploads:
    uploads: Uploads = view.request.app.state.uploads
    return uploads


def _person(view: View) -> str:
    assert view.person is not None
    return view.person.name
