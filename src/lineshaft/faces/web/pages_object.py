"""One row with everything that touches it; and the search for any key."""

from __future__ import annotations

from typing import Any

import polars as pl
from fastapi import APIRouter, Response

from lineshaft.core.solve import table_name
from lineshaft.faces.desk.thread import Link, touching
from lineshaft.faces.saying import reason_words
from lineshaft.faces.web import figures, urls
from lineshaft.faces.web.grid import Linker, columns_of, texts
from lineshaft.faces.web.timeline import has_span, timeline
from lineshaft.faces.web.view import View, WorksView, go

router = APIRouter(include_in_schema=False)
ROWS_SHOWN, HITS_SHOWN, HITS_MOST = 50, 8, 200


@router.get("/w/{works}/objects/{table}/{key:path}")
def object_(view: WorksView, table: str, key: str) -> Response:
    """The thread of a row."""
    desk, schemas = view.desk, view.desk.works.catalog.schemas
    thread = desk.thread(table, urls.key_parts(key))
    schema, columns = schemas[table], columns_of(schemas[table])
    frame = pl.DataFrame([thread.row], schema=desk.frames(table)[table].schema, orient="row")
    links = Linker(view.works_id, table, schemas).cells(thread.row)
    spans = [name for name in touching(table, schemas) if has_span(schemas[name])]
    spans += [name for name in schemas if has_span(schemas[name]) and name not in spans]
    return view.page(
        "object.html",
        "tables",
        table=table,
        title=getattr(schema, "title", (table, table)),
        key=thread.key,
        name=thread.row.get("name") or "",
        facts=[
            (column, text, links.get(column.name, ""))
            for column, text in zip(columns, texts(frame, columns, view.speech)[0])
        ],
        address=urls.cell(view.works_id, table, schema.primary_key(), thread.key),
        line=timeline(thread, desk.frames(*spans), schemas, view.works_id, view.speech),
        reasons=_reasons(view, table, thread.key) if desk.sees_all else [],
        links=[_linked(view, link, thread.key) for link in thread.links],
        engines=_readers(view, table),
        events=_events(view, table) if desk.sees_all else [],
    )


@router.get("/w/{works}/search")
def search(view: WorksView, q: str = "") -> Response:
    """Rows of any table whose key or name holds the text; the only row of exactly this key opens at once."""
    asked = q.strip()
    desk, schemas = view.desk, view.desk.works.catalog.schemas
    groups, exact = [], []
    if asked:
        for name, frame in desk.frames(*schemas).items():
            schema = schemas[name]
            keys = schema.primary_key()
            texts_ = [
                c
                for c in schema.column_names()
                if frame.schema[c] == pl.String and (c in keys or c == "name")
            ]
            if not texts_ or frame.is_empty():
                continue
            own = [column for column in columns_of(schema) if column.key and not column.refers]
            if not own and "name" not in texts_:
                continue
            hits = frame.filter(
                pl.any_horizontal(
                    pl.col(c).str.to_lowercase().str.contains(asked.lower(), literal=True) for c in texts_
                )
            )
            if hits.is_empty():
                continue
            shown = hits.head(HITS_SHOWN)
            columns = columns_of(schema)[:6]
            linker = Linker(view.works_id, name, schemas)
            rows = [
                (linker.row(row), text)
                for row, text in zip(shown.iter_rows(named=True), texts(shown, columns, view.speech))
            ]
            groups.append((name, getattr(schema, "title", (name, name)), columns, rows, len(hits)))
            if len(keys) == 1:
                exact += [
                    linker.row(row) for row in hits.filter(pl.col(keys[0]) == asked).iter_rows(named=True)
                ]
    if len(exact) == 1:
        return go(exact[0])
    return view.page("search.html", asked=asked, groups=groups)


def _reasons(view: View, table: str, key: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Why the object stands as it does, by the run in force of each engine, else by its newest run."""
    found = []
    records = [record for record in view.desk.runs() if record.status == "done" and record.is_plan]
    for engine in view.desk.engines():
        newest = next((record for record in records if record.engine == engine.name), None)
        record = view.desk.in_force(engine.name) or newest
        if record is None:
            continue
        said = [
            view.speech.local(view.speech.say(reason_words(engine, reason)))
            for reason in view.desk.explain(record.run_id, table, key)
        ]
        if said:
            title = figures.run_title(view.desk, record, view.speech)
            found.append({"record": record, "title": title, "said": said})
    return found


def _linked(view: View, link: Link, key: tuple[Any, ...]) -> dict[str, Any]:
    schemas = view.desk.works.catalog.schemas
    schema = schemas[link.table]
    columns = [
        column for column in columns_of(schema) if link.role == "to" or column.name not in link.columns
    ]
    linker, shown = Linker(view.works_id, link.table, schemas), link.rows.head(ROWS_SHOWN)
    rows = [
        (linker.row(row), linker.cells(row), text)
        for row, text in zip(shown.iter_rows(named=True), texts(shown, columns, view.speech))
    ]
    return {
        "table": link.table,
        "title": getattr(schema, "title", (link.table, link.table)),
        "by": ", ".join(view.speech.say(c.words) for c in columns_of(schema) if c.name in link.columns),
        "role": link.role,
        "columns": columns,
        "rows": rows,
        "found": link.found,
        "address": urls.cell(view.works_id, link.table, link.columns, key) if link.role == "from" else "",
    }


def _readers(view: View, table: str) -> list[Any]:
    """Engines that read the table: a what-if can change its cells."""
    if not (view.desk.sees_all and view.desk.may("plan")):
        return []
    return [
        engine
        for engine in view.desk.engines()
        if table in {table_name(schema) for schema in engine.load("inputs").member_schemas().values()}
    ]


def _events(view: View, table: str) -> list[Any]:
    """Entries of the works' log that wrote the object's table, newest first."""
    return [event for event in view.desk.history() if _wrote(event.payload, table)][:8]


def _wrote(payload: dict[str, Any], table: str) -> bool:
    return table in payload.get("rows", {}) and any(payload["rows"][table].values())
