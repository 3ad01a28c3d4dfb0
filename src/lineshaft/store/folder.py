"""Tables as a folder: one CSV or Parquet file for each, named after the table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import dataframely as dy
import polars as pl

from lineshaft.core.errors import BadInput, Fault, Missing, Words
from lineshaft.core.frames import Frames, sort_by_key
from lineshaft.store.delimited import escape, write_csv
from lineshaft.store.importing import read_tables
from lineshaft.tables import TABLES


def write_folder(
    frames: Mapping[str, pl.DataFrame],
    path: Path,
    kind: Literal["csv", "parquet"] = "csv",
    schemas: Mapping[str, type[dy.Schema]] = TABLES,
) -> None:
    """Write each table into `path` as `work_order.csv` or `work_order.parquet`; times in UTC.

    Raises
    ------
    BadInput
        A text holds a null byte, which CSV cannot keep.
    """
    path.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        columns = list(schemas[name].columns())
        rows = sort_by_key(frame.select(columns), schemas[name])
        if kind == "parquet":
            rows.write_parquet(path / f"{name}.parquet")
        else:
            _refuse_null_bytes(name, rows, schemas[name])
            write_csv(
                path / f"{name}.csv", columns, [[_field(cell) for cell in row] for row in rows.iter_rows()]
            )


def read_folder(path: Path, schemas: Mapping[str, type[dy.Schema]] = TABLES) -> Frames:
    """The tables that `write_folder` wrote.

    Raises
    ------
    Missing
        No such folder, or nothing in it.
    BadInput
        With every fault found.
    """
    if not path.is_dir():
        raise Missing(f"There is no folder {path}.", f"文件夹 {path} 不存在。")
    return read_tables(path, schemas)


def _field(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return None if cell is None else escape(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    return repr(cell) if isinstance(cell, float) else str(cell)


def _refuse_null_bytes(name: str, frame: pl.DataFrame, schema: type[dy.Schema]) -> None:
    words = Words("holds a null byte, which CSV cannot keep", "含有 CSV 无法保存的空字节")
    faults = [
        Fault(name, frame.select(schema.primary_key()).row(row), column, text, "unwritable", words)
        for column in frame.select(pl.col(pl.String)).columns
        for row, text in enumerate(frame[column])
        if text is not None and "\x00" in text
    ]
    if faults:
        raise BadInput(faults)
