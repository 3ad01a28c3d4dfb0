"""What-if: cells that a run sees otherwise than the works has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.core.frames import check_tables
from lineshaft.store.sql import Schemas


@dataclass(frozen=True)
class Cell:
    """One cell: the row of `table` with primary key `key` has `value` in `column`."""

    table: str
    key: tuple[Any, ...]
    column: str
    value: Any


def lay_over(
    frames: Mapping[str, pl.DataFrame], cells: Sequence[Cell], schemas: Schemas
) -> dict[str, pl.DataFrame]:
    """Frames by table with the cells changed; the frames themselves stay as they are.

    Raises
    ------
    BadInput
        A table, row or column is not there, or a value does not fit its column.
    """
    out = dict(frames)
    faults: list[Fault] = []
    for cell in cells:
        fault = _misplaced(cell, out, schemas)
        if fault:
            faults.append(fault)
            continue
        schema = schemas[cell.table]
        there = _is_row(cell, schemas)
        row = out[cell.table].filter(there).with_columns(pl.lit(cell.value).alias(cell.column))
        good, found = check_tables({cell.table: row}, {cell.table: schema})
        faults += found
        if not found:
            out[cell.table] = pl.concat([out[cell.table].filter(~there), good[cell.table]]).sort(
                schema.primary_key()
            )
    if faults:
        raise BadInput(faults)
    return out


def _misplaced(cell: Cell, frames: Mapping[str, pl.DataFrame], schemas: Schemas) -> Fault | None:
    if cell.table not in frames:
        words = Words("the engine reads no such table", "该功能不读取此表")
        return Fault(cell.table, cell.key, cell.column, cell.value, "unknown_table", words)
    columns, keys = schemas[cell.table].columns(), schemas[cell.table].primary_key()
    if cell.column not in columns or cell.column in keys:
        words = Words("there is no such column to change", "没有可修改的此列")
        return Fault(cell.table, cell.key, cell.column, cell.value, "unknown_column", words)
    if len(cell.key) != len(keys) or frames[cell.table].filter(_is_row(cell, schemas)).is_empty():
        words = Words("there is no such row", "没有此行")
        return Fault(cell.table, cell.key, cell.column, cell.value, "unknown_row", words)
    return None


def _is_row(cell: Cell, schemas: Schemas) -> pl.Expr:
    """A key may come as text (command line, JSON): it is read as the column's type."""
    columns, keys = schemas[cell.table].columns(), schemas[cell.table].primary_key()
    return pl.all_horizontal(
        pl.col(name) == as_type(value, columns[name].dtype)
        for name, value in zip(keys, cell.key, strict=True)
    )


def as_type(value: Any, dtype: pl.DataType) -> pl.Expr:
    """A value, or null when it cannot be read as this type."""
    if isinstance(value, str) and isinstance(dtype, pl.Datetime):
        return pl.lit(value).str.to_datetime("%+", strict=False, time_zone="UTC").cast(dtype)
    if isinstance(value, str) and dtype == pl.Date:
        return pl.lit(value).str.to_date(strict=False)
    return pl.lit(value).cast(dtype, strict=False)
