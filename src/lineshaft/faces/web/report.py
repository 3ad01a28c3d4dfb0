"""One run as one HTML file: figures with bounds, the lane board, reasons and tables; opens anywhere, needs no server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from lineshaft.core import Engine, Reason, Result
from lineshaft.faces.saying import KPI_NAMES, STATUS, STOPPED, amount, duration, reason_words
from lineshaft.faces.web.lanes import lane_data, why_by_order
from lineshaft.faces.web.scripts import joined_script, static_text

ROWS_SHOWN = 400


def report_html(
    engine: Engine,
    book: Mapping[str, pl.DataFrame | None],
    result: Result[Any],
    *,
    works_name: str,
    zone: str,
    language: str,
    run_id: str = "",
) -> str:
    """The report as text.

    Parameters
    ----------
    book
        Input member → frame, as the run saw it.
    zone
        Time zone of the works, for every time shown.
    """
    from jinja2 import Environment, PackageLoader, select_autoescape

    tables = {
        member: getattr(result.tables, member)
        for member in result.tables.member_schemas()
        if getattr(result.tables, member) is not None
    }
    board = None
    if "lane-board" in engine.views:
        board = lane_data(book, tables, zone, why=why_by_order(engine, result.reasons))
    environment = Environment(loader=PackageLoader("lineshaft.faces.web"), autoescape=select_autoescape())
    return environment.get_template("report.html").render(
        engine=engine,
        result=result,
        works_name=works_name,
        run_id=run_id,
        language=language,
        kpis=[_kpi(kpi) for kpi in result.kpis],
        status=STATUS[result.status],
        stopped=STOPPED[result.stopped_by],
        reasons=[_reason(engine, reason) for reason in result.reasons],
        warnings=[_reason(engine, warning) for warning in result.warnings],
        tables=[
            _table(member, schema, tables[member], zone)
            for member, schema in _schemas(result)
            if member in tables
        ],
        board=_script_json(board) if board else None,
        css="".join(static_text(name) for name in ("tokens.css", "report.css", "lane-board.css")),
        js=joined_script("lane-board.js"),
    )


def _kpi(kpi: Any) -> dict[str, Any]:
    minutes = kpi.unit == "min"
    names = KPI_NAMES.get(kpi.name)
    return {
        "name": names or (kpi.name, kpi.name),
        "value": amount(kpi.value, kpi.unit),
        "said": (duration(kpi.value, "en"), duration(kpi.value, "zh")) if minutes else ("", ""),
        "bound": None if kpi.bound is None else amount(kpi.bound, kpi.unit),
        "gap": None if kpi.gap is None else f"{100 * kpi.gap:.1f}\u202f%",
        "status": STATUS[kpi.status],
    }


def _reason(engine: Engine, reason: Reason) -> dict[str, Any]:
    return {"key": " ".join(map(str, reason.key)), "code": reason.code, "words": reason_words(engine, reason)}


def _schemas(result: Result[Any]) -> list[tuple[str, Any]]:
    return list(result.tables.member_schemas().items())


def _table(member: str, schema: Any, frame: pl.DataFrame, zone: str) -> dict[str, Any]:
    shown = frame.head(ROWS_SHOWN).with_columns(
        pl.col(pl.Datetime).dt.convert_time_zone(str(ZoneInfo(zone))).dt.strftime("%Y-%m-%d %H:%M")
    )
    columns = [
        {
            "en": column.description or name,
            "zh": (column.metadata or {}).get("zh", name),
            "unit": zone if isinstance(frame.schema[name], pl.Datetime) else _unit(column),
            "number": frame.schema[name].is_numeric(),
        }
        for name, column in schema.columns().items()
    ]
    title = getattr(schema, "title", (member, member))
    return {"title": title, "columns": columns, "rows": shown.rows(), "total": len(frame)}


def _unit(column: Any) -> str:
    unit = (column.metadata or {}).get("unit", "")
    return "" if unit == "1" else unit


def _script_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
