"""Filter, sort and page a table as a person asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from lineshaft.core import BadInput, Fault, Words

PAGE_MOST = 1_000
OPERATORS = {
    "eq": Words("is", "等于"),
    "ne": Words("is not", "不等于"),
    "has": Words("contains", "包含"),
    "lt": Words("below", "小于"),
    "le": Words("at most", "不大于"),
    "gt": Words("above", "大于"),
    "ge": Words("at least", "不小于"),
    "empty": Words("is empty", "为空"),
    "filled": Words("is filled", "非空"),
}


@dataclass(frozen=True)
class Filter:
    """One condition on one column; `value` is text as it was typed."""

    column: str
    operator: str
    value: str = ""


@dataclass(frozen=True)
class Query:
    """Which rows of a table: conditions that all hold, text to find in any column, order (-name: descending), page."""

    filters: tuple[Filter, ...] = ()
    find: str = ""
    sort: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True)
class Page:
    """Rows `offset` to `offset + len(rows)` of the `found` that match, of `total` in the table; `matching` is all of them."""

    table: str
    rows: pl.DataFrame
    found: int
    total: int
    offset: int
    matching: pl.DataFrame


def page(name: str, frame: pl.DataFrame, schema: type[dy.Schema], query: Query) -> Page:
    """One page of a table.

    Raises
    ------
    BadInput
        An unknown column or operator, or a value that cannot be compared with the column.
    """
    faults = [fault for one in query.filters for fault in _faults(name, frame, one)]
    faults += [
        _fault(name, column, "unknown_column", "there is no such column", "没有此列")
        for column in (key.removeprefix("-") for key in query.sort)
        if column not in frame.columns
    ]
    if faults:
        raise BadInput(faults)
    rows = frame.filter(*(condition(one, frame.schema[one.column]) for one in query.filters))
    if query.find:
        rows = rows.filter(contains(rows, query.find))
    order = [key.removeprefix("-") for key in query.sort] + schema.primary_key()
    descending = [key.startswith("-") for key in query.sort] + [False] * len(schema.primary_key())
    rows = rows.sort(order, descending=descending, nulls_last=True) if query.sort else rows
    limit = max(1, min(query.limit, PAGE_MOST))
    return Page(name, rows.slice(query.offset, limit), len(rows), len(frame), query.offset, rows)


def condition(one: Filter, dtype: pl.DataType) -> pl.Expr:
    """A filter as an expression; text is compared as the column's type."""
    column = pl.col(one.column)
    if one.operator == "empty":
        return column.is_null()
    if one.operator == "filled":
        return column.is_not_null()
    if one.operator == "has":
        return column.cast(pl.String).str.to_lowercase().str.contains(one.value.lower(), literal=True)
    value = as_value(one.value, dtype)
    left = column.cast(pl.String) if isinstance(dtype, pl.Enum) else column
    compare = {
        "eq": left.eq_missing(value),
        "ne": left.ne_missing(value),
        "lt": left < value,
        "le": left <= value,
        "gt": left > value,
        "ge": left >= value,
    }
    return compare[one.operator]


def as_value(text: str, dtype: pl.DataType) -> pl.Expr:
    """Typed text as the column's type; null when it cannot be read so."""
    if isinstance(dtype, pl.Datetime):
        return pl.lit(text).str.to_datetime(strict=False, time_zone="UTC").cast(dtype)
    if isinstance(dtype, pl.Date):
        return pl.lit(text).str.to_date(strict=False)
    if dtype == pl.Boolean:
        return pl.lit(text.lower() in ("true", "1", "yes", "是"))
    if dtype.is_numeric():
        return pl.lit(text).cast(pl.Float64, strict=False)
    return pl.lit(text)


def contains(frame: pl.DataFrame, text: str) -> pl.Expr:
    """True where any column holds the text, whatever its case."""
    return pl.any_horizontal(
        pl.col(name)
        .cast(pl.String)
        .str.to_lowercase()
        .str.contains(text.lower(), literal=True)
        .fill_null(False)
        for name in frame.columns
    )


def filters_of(texts: Sequence[str]) -> tuple[Filter, ...]:
    """Filters as an address writes them: `column:operator:value`."""
    parts = (text.split(":", 2) for text in texts if text)
    return tuple(Filter(*([*part, "eq"])[:2], *part[2:]) for part in parts)


def _faults(name: str, frame: pl.DataFrame, one: Filter) -> list[Fault]:
    if one.column not in frame.columns:
        return [_fault(name, one.column, "unknown_column", "there is no such column", "没有此列")]
    if one.operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        words = (
            f"there is no comparison {one.operator!r}; known: {known}",
            f"没有比较方式 {one.operator!r};可用:{known}",
        )
        return [_fault(name, one.column, "unknown_operator", *words)]
    if one.operator in ("has", "empty", "filled"):
        return []
    dtype = frame.schema[one.column]
    if pl.select(as_value(one.value, dtype)).item() is None:
        return [
            _fault(
                name,
                one.column,
                "type",
                f"{one.value!r} cannot be compared with it",
                f"{one.value!r} 无法与该列比较",
            )
        ]
    return []


def _fault(table: str, column: str, rule: str, en: str, zh: str) -> Fault:
    return Fault(table, (), column, None, rule, Words(en, zh))
