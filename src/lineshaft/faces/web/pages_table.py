"""Tables: the list of them, one of them with filter, sort, edit and paste, and files in and out."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from fastapi import APIRouter, BackgroundTasks, Response
from fastapi.responses import FileResponse, JSONResponse

from lineshaft.core import BadInput, Missing, find_engine
from lineshaft.core.frames import key_columns
from lineshaft.core.solve import table_name
from lineshaft.faces.desk.paging import PAGE_MOST, Page, Query
from lineshaft.faces.web import editing, urls
from lineshaft.faces.web.filters import conditions, typed_filters
from lineshaft.faces.web.grid import Column, Linker, columns_of, texts, totals
from lineshaft.faces.web.view import View, WorksView, go
from lineshaft.store.workbook import write_example, write_template, write_workbook

router = APIRouter(include_in_schema=False)
ROWS = 100
CHANGES_SHOWN = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/w/{works}/tables")
def tables(view: WorksView) -> Response:
    """Every table with its size; import and export."""
    desk = view.desk
    rows = desk.tables()
    made = {
        table_name(schema)
        for engine in desk.engines()
        for schema in engine.load("outputs").member_schemas().values()
    }
    listed = [
        (
            name,
            getattr(schema, "title", (name, name)),
            rows.get(name, 0),
            (schema.__doc__ or "").split("\n")[0],
        )
        for name, schema in desk.works.catalog.schemas.items()
    ]
    return view.page(
        "tables.html",
        "tables",
        given=[one for one in listed if one[0] not in made],
        made=[one for one in listed if one[0] in made],
        total=sum(rows.values()),
        engines=desk.engines(),
    )


@router.get("/w/{works}/tables/{table}")
def table(view: WorksView, table: str) -> Response:
    """One page of a table, or only its rows where htmx asks."""
    found = _Asked(view, table)
    linker = Linker(view.works_id, table, view.desk.works.catalog.schemas)
    keys = key_columns(found.schema)
    rows = [
        (
            [urls.part_text(row[name]) for name in keys],
            linker.row(row),
            linker.cells(row),
            shown,
        )
        for row, shown in zip(
            found.page.rows.iter_rows(named=True), texts(found.page.rows, found.columns, view.speech)
        )
    ]
    return view.page(
        "_rows.html" if view.is_fragment else "table.html",
        "tables",
        table=table,
        title=getattr(found.schema, "title", (table, table)),
        columns=found.columns,
        rows=rows,
        page=found.page,
        size=found.query.limit,
        typed=found.typed,
        find=found.query.find,
        sort=found.query.sort[0] if found.query.sort else "",
        faults=found.faults,
        totals=totals(found.matching, found.columns, view.speech),
        marked=view.request.query_params.get("cell", ""),
        fixed=view.request.query_params.get("fixed", ""),
    )


@router.post("/w/{works}/tables/{table}/changes")
def changes(view: WorksView, table: str, edit: editing.Edit) -> Response:
    """What an edit would change, with every fault at its cell; written when the page says so."""
    desk, schema = view.desk, _schema(view, table)
    made = editing.draft(desk, table, edit, view.speech)
    preview = editing.check(desk, made)
    if preview is None:
        faults = [
            {"row": row, "column": column, "words": view.speech.say(words)}
            for row, column, words in made.faults
        ]
        return JSONResponse({"faults": faults, "html": "", "saved": False})
    if edit.save:
        done = desk.write(made.frames, made.mode, source="page")
        return JSONResponse({"faults": [], "html": "", "saved": True, "counts": done.counts[table]})
    body = view.page("_changes.html", changes=[shown_change(view, table, schema, preview.tables[table])])
    return JSONResponse({"faults": [], "html": bytes(body.body).decode(), "saved": False})


def shown_change(view: View, table: str, schema: Any, change: Any) -> dict[str, Any]:
    """A table's change as rows of text: cells that differ have what they were beside what they become."""
    columns = columns_of(schema)
    keys = schema.primary_key()
    was = {
        tuple(row[key] for key in keys): row
        for row in change.was.head(CHANGES_SHOWN * 4).iter_rows(named=True)
    }
    changed = change.changed.head(CHANGES_SHOWN)
    before = pl.DataFrame(
        [was.get(tuple(row[key] for key in keys), row) for row in changed.iter_rows(named=True)],
        schema=changed.schema,
        orient="row",
    )
    return {
        "title": getattr(schema, "title", (table, table)),
        "table": table,
        "columns": columns,
        "counts": change.counts,
        "inserted": texts(change.inserted.head(CHANGES_SHOWN), columns, view.speech),
        "removed": texts(change.removed.head(CHANGES_SHOWN), columns, view.speech),
        "changed": list(zip(texts(before, columns, view.speech), texts(changed, columns, view.speech))),
    }


@router.get("/w/{works}/tables/{table}/export")
def export(view: WorksView, table: str, background: BackgroundTasks, format: str = "xlsx") -> Response:
    """The rows that the page shows, all of them, as a workbook, CSV or tab-separated text."""
    found = _Asked(view, table)
    if format == "xlsx":
        return _workbook(view, {table: found.matching}, table, background)
    if format not in ("csv", "tsv"):
        raise Missing(f"There is no format {format!r}.", f"没有格式 {format!r}。")
    text = io.StringIO()
    writer = csv.writer(text, delimiter="," if format == "csv" else "\t", lineterminator="\r\n")
    writer.writerow(_heading(column, view) for column in found.columns)
    writer.writerows(
        [_inert(cell) for cell in row] for row in texts(found.matching, found.columns, view.speech)
    )
    kind = "text/csv; charset=utf-8" if format == "csv" else "text/tab-separated-values; charset=utf-8"
    name = {"Content-Disposition": f'attachment; filename="{table}.{format}"'}
    return Response("\ufeff" * (format == "csv") + text.getvalue(), media_type=kind, headers=name)


@router.get("/w/{works}/export.xlsx")
def export_all(view: WorksView, background: BackgroundTasks) -> Response:
    """Every table that has rows, as one workbook that reads back the same."""
    named = [name for name, many in view.desk.tables().items() if many]
    return _workbook(view, view.desk.frames(*named), view.works_id, background)


@router.get("/w/{works}/template/{engine}")
def template(view: WorksView, engine: str, background: BackgroundTasks, example: bool = False) -> Response:
    """The workbook that an engine wants to have filled in, empty or with its example."""
    manifest = find_engine(engine)
    path = _temporary(background)
    if example:
        write_example(manifest, _example(manifest), path, view.language)
    else:
        write_template(manifest, path, view.language)
    return FileResponse(path, media_type=XLSX, filename=f"{engine}.xlsx", background=background)


@router.post("/w/{works}/example/{engine}")
def fill(view: WorksView, engine: str) -> Response:
    """Write an engine's example into the works."""
    manifest = find_engine(engine)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.xlsx"
        write_example(manifest, _example(manifest), path, "en")
        view.desk.import_(path, "upsert", partial=False, source=f"example {engine}")
    return go(urls.home(view.works_id))


class _Asked:
    """A table's page as the address asks for it."""

    def __init__(self, view: View, table: str) -> None:
        query = view.request.query_params
        self.schema = _schema(view, table)
        self.columns = columns_of(self.schema)
        self.typed = typed_filters(query, self.columns)
        self.filters, self.faults = conditions(self.typed, self.columns, self.schema, view.speech.zone)
        limit = _number(query.get("size"), ROWS, PAGE_MOST)
        self.query = Query(
            self.filters,
            query.get("find", "").strip(),
            tuple(
                name
                for name in [query.get("sort", "")]
                if name.removeprefix("-") in self.schema.column_names()
            ),
            (_number(query.get("page"), 1, 1_000_000) - 1) * limit,
            limit,
        )
        self._view, self._table = view, table
        self.page: Page = self._read(self.query)

    @property
    def matching(self) -> pl.DataFrame:
        """Every row that matches."""
        return self.page.matching

    def _read(self, query: Query) -> Page:
        try:
            return self._view.desk.page(self._table, query)
        except BadInput as error:
            self.faults = [*self.faults, *error.faults]
            return self._view.desk.page(self._table, replace(query, filters=()))


def _number(text: str | None, default: int, most: int) -> int:
    return min(most, max(1, int(text))) if text and text.isdecimal() and len(text) < 9 else default


def _schema(view: View, table: str) -> Any:
    schemas = view.desk.works.catalog.schemas
    if table not in schemas:
        raise Missing(f"There is no table {table!r}.", f"没有名为 {table!r} 的数据表。")
    return schemas[table]


def _heading(column: Column, view: View) -> str:
    unit = view.speech.unit(column.unit)
    return view.speech.say(column.words) + (f" [{unit}]" if unit else "")


def _inert(text: str) -> str:
    """A cell that a spreadsheet takes as text, never as a formula."""
    risky = text[:1] in "=+-@\t\r" and not text.replace(".", "", 1).lstrip("+-").isdigit()
    return "'" + text if text and risky else text


def _example(manifest: Any) -> dict[str, pl.DataFrame]:
    members = manifest.load("inputs").members()
    given = manifest.load("example")().items()
    return {table_name(members[member].schema): frame for member, frame in given if frame is not None}


def _workbook(
    view: View, frames: dict[str, pl.DataFrame], name: str, background: BackgroundTasks
) -> Response:
    path = _temporary(background)
    works = view.desk.works
    schemas = {table: works.catalog.schemas[table] for table in frames}
    write_workbook(frames, path, view.language, schemas=schemas, time_zone=works.time_zone)
    return FileResponse(path, media_type=XLSX, filename=f"{name}.xlsx", background=background)


def _temporary(background: BackgroundTasks) -> Path:
    folder = tempfile.TemporaryDirectory()
    background.add_task(folder.cleanup)
    return Path(folder.name) / "file.xlsx"
