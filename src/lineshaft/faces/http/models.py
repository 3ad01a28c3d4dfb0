"""What travels: requests and answers of the API, documented where they are declared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from lineshaft.core import Engine, Fault, Kpi, Reason
from lineshaft.faces.desk.paging import Page
from lineshaft.faces.saying import kpi_name, reason_words
from lineshaft.store.state import Preview, TableChange

INT64 = 2**63
Whole = Annotated[int, Field(ge=-INT64, le=INT64 - 1)]
Text = Annotated[str, Field(max_length=32_767)]
Value = bool | Whole | Annotated[float, Field(allow_inf_nan=False)] | Text | None
Row = dict[str, Value]
KeyPart = Text | Whole
ROWS_MAX = 1_000


class Asked(BaseModel):
    """What a client sends; unknown fields are refused, so that a slip of the pen is not silently ignored."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """What the server answers."""


class Said(Told):
    """A sentence in both languages."""

    en: str
    zh: str


class FaultTold(Told):
    """One thing wrong with one place."""

    table: str = Field(
        description="Table, or the part of the request: body, query, path, header, parameters."
    )
    key: list[str] = Field(description="Primary key of the row; empty for the whole table.")
    column: str = Field(description="Column or field; empty for the whole row.")
    value: str | None = Field(description="What stands there.")
    rule: str = Field(description="Short code of the rule that is broken.")
    en: str
    zh: str
    source: str = Field(description="File, sheet and cell it was read from.")


class Problem(Told):
    """What went wrong (RFC 9457), in both languages."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/v1/problems#missing",
                "title": "There is nothing at this address.",
                "status": 404,
                "detail": "There is no run r99.",
                "en": "There is no run r99.",
                "zh": "没有运行 r99。",
                "faults": [],
            }
        }
    )
    type: str
    title: str
    status: int
    detail: str
    en: str
    zh: str
    faults: list[FaultTold]
    incident: str = Field("", description="Number of a failure of ours, for the log.")


class Unit(Told):
    """A column's place in the vocabulary."""

    name: str
    type: str
    key: bool
    required: bool
    unit: str
    en: str
    zh: str
    ref: str = Field(description="`table.column` whose value this column repeats.")
    refers: dict[str, Any] | None = Field(description="The reference as a whole: table and columns.")
    choices: dict[str, str] = Field(description="Allowed values with their Chinese names.")


class TableTold(Told):
    """What a table is."""

    table: str
    en: str
    zh: str
    columns: list[Unit]


class TableCount(Told):
    """A table and how many rows of it may be seen."""

    table: str
    en: str
    zh: str
    rows: int


class RowsTold(Told):
    """One page of rows. Times are UTC text, dates are ISO text."""

    table: str
    rows: list[Row]
    found: int = Field(description="Rows that match.")
    total: int = Field(description="Rows of the table.")
    offset: int


class ChangeTold(Told):
    """What a write does to one table; the rows are the first of each kind."""

    inserted: int
    changed: int
    removed: int
    inserted_rows: list[Row] = []
    changed_rows: list[Row] = Field([], description="As they become.")
    was_rows: list[Row] = Field([], description="The changed rows as they were.")
    removed_rows: list[Row] = []


class ChangesTold(Told):
    """What a write would do or did, table by table."""

    tables: dict[str, ChangeTold]


class Written(Told):
    """What a write did."""

    seq: int = Field(description="Its entry in the works' event log.")
    tables: dict[str, dict[str, int]] = Field(
        description="Rows inserted, changed and removed by table.",
        examples=[{"work_order": {"inserted": 0, "changed": 1, "removed": 0}}],
    )


class KpiTold(Told):
    """A figure with its unit and what is proven about it."""

    name: str
    en: str
    zh: str
    value: float | None
    unit: str
    better: Literal["low", "high"]
    bound: float | None = Field(description="Proven: no feasible answer is better.")
    gap: float | None = Field(description="Relative distance between value and bound.")
    status: str


class ReasonTold(Told):
    """Why a row is as it is."""

    table: str
    key: list[str]
    code: str
    facts: dict[str, Any]
    en: str
    zh: str


def fault_told(fault: Fault) -> FaultTold:
    """A fault for the wire."""
    return FaultTold(**fault.as_dict())


def kpi_told(kpi: Kpi) -> KpiTold:
    """A figure for the wire."""
    return KpiTold(
        name=kpi.name,
        en=kpi_name(kpi, "en"),
        zh=kpi_name(kpi, "zh"),
        value=finite(kpi.value),
        unit=kpi.unit,
        better=kpi.better,
        bound=finite(kpi.bound),
        gap=finite(kpi.gap),
        status=kpi.status,
    )


def reasons_told(engine: Engine, reasons: Iterable[Reason]) -> list[ReasonTold]:
    """Reasons with their words."""
    told = []
    for reason in reasons:
        en, zh = reason_words(engine, reason)
        key, facts = [str(part) for part in reason.key], plain(dict(reason.facts))
        told.append(ReasonTold(table=reason.table, key=key, code=reason.code, facts=facts, en=en, zh=zh))
    return told


def page_told(page: Page) -> RowsTold:
    """A page of a table for the wire."""
    return RowsTold(
        table=page.table, rows=rows_told(page.rows), found=page.found, total=page.total, offset=page.offset
    )


def changes_told(preview: Preview, most: int) -> ChangesTold:
    """What a write does, with the first `most` rows of each kind."""
    return ChangesTold(tables={name: _change_told(change, most) for name, change in preview.tables.items()})


def _change_told(change: TableChange, most: int) -> ChangeTold:
    return ChangeTold(
        **change.counts,
        inserted_rows=rows_told(change.inserted.head(most)),
        changed_rows=rows_told(change.changed.head(most)),
        was_rows=rows_told(change.was.head(most)),
        removed_rows=rows_told(change.removed.head(most)),
    )


def rows_told(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them."""
    ready = frame.with_columns(_wire(pl.col(name), dtype) for name, dtype in frame.schema.items())
    return ready.to_dicts()


def row_told(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row as JSON has it."""
    told: dict[str, Any] = plain(dict(row))
    return told


def plain(value: Any) -> Any:
    """A value made of what JSON has: times as UTC text, other things as their text, no infinities."""
    if isinstance(value, bool | int | str | None):
        return value
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    return str(value)


def moment(value: datetime) -> str:
    """UTC text as tables have it: `2026-03-02T06:00:00Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def finite(value: float | None) -> float | None:
    """None for what JSON cannot hold."""
    return value if value is not None and math.isfinite(value) else None


def _wire(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return (column.dt.convert_time_zone("UTC") if dtype.time_zone else column).dt.strftime(
            "%Y-%m-%dT%H:%M:%S%.fZ"
        )
    if isinstance(dtype, pl.Date):
        return column.dt.strftime("%Y-%m-%d")
    if dtype.is_float():
        return pl.when(column.is_finite()).then(column)
    return column
