"""Any tabular source as raw sheets: what stands in each cell, unjudged, with its address.

Workbooks (`.xlsx`, `.xlsm`; macros are never run, of a formula only the last calculated value is taken), CSV and text
(`.csv`, `.tsv`, `.txt`), Parquet, or a folder of these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import python_calamine as calamine

from lineshaft.core.errors import BadInput, Fault, Missing, Words
from lineshaft.store.delimited import read_csv
from lineshaft.store.guard import (
    CELLS_MAX,
    COLUMNS_MAX,
    ROWS_MAX,
    check_size,
    column_letters,
    column_number,
    file_fault,
    scan_workbook,
)

WORKBOOKS = (".xlsx", ".xlsm")
TEXTS = (".csv", ".tsv", ".txt")
PARQUET = ".parquet"
KINDS = (*WORKBOOKS, *TEXTS, PARQUET)


class CellError:
    """A cell that holds a formula error such as #REF! instead of a value."""

    def __str__(self) -> str:
        return "#ERROR"


ERROR = CellError()
Raw = str | int | float | bool | date | datetime | time | timedelta | CellError | None


@dataclass(frozen=True)
class RawSheet:
    """One sheet or file.

    Parameters
    ----------
    file, name
        File name; sheet name, or the file name without its ending where the file has no sheets.
    rows
        Row → cell → value; `rows[0]` is row 1 and its first cell is in column A. None where nothing stands.
    in_workbook
        True when `name` is a sheet of a workbook.
    notes
        What the reader should be told about it.
    """

    file: str
    name: str
    rows: list[list[Any]]
    in_workbook: bool = False
    notes: tuple[Words, ...] = field(default=())

    def place(self, row: int | None = None, column: int | None = None) -> str:
        """ "file, sheet, C7": row and column count from 1; without them the sheet, or the row, as a whole."""
        parts = [self.file, self.name] if self.in_workbook else [self.file]
        if column is not None and row is not None:
            parts.append(f"{column_letters(column)}{row}")
        elif row is not None:
            parts.append(f"{row}:{row}")
        elif column is not None:
            parts.append(f"{column_letters(column)}:{column_letters(column)}")
        return " ".join(parts)


def read_source(path: Path) -> list[RawSheet]:
    """Every sheet of a workbook, a CSV or Parquet file, or each file of a folder.

    Raises
    ------
    Missing
        There is no such file, or nothing readable in the folder.
    BadInput
        The file as a whole cannot be taken: not what it says it is, damaged, encrypted, too large, a bomb.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in KINDS and file.is_file())
        if not files:
            raise Missing(
                f"There is no .xlsx, .csv or .parquet file in {path.name}.",
                f"{path.name} 中没有 .xlsx、.csv 或 .parquet 文件。",
            )
        return [
            sheet for file in files if not file.name.startswith(("~$", ".")) for sheet in _read_file(file)
        ]
    if not path.exists():
        raise Missing(f"There is no file {path}.", f"文件 {path} 不存在。")
    return _read_file(path)


def _read_file(path: Path) -> list[RawSheet]:
    check_size(path)
    ending = path.suffix.lower()
    if ending in WORKBOOKS or ending == ".xls":
        return _read_workbook(path)
    if ending in TEXTS:
        return [_read_text(path)]
    if ending == PARQUET:
        return [_read_parquet(path)]
    raise file_fault(
        path,
        "unknown_format",
        f"files ending in {ending or 'nothing'} are not read; known: {', '.join(KINDS)}",
        f"不读取以 {ending or '(无)'} 结尾的文件;支持:{'、'.join(KINDS)}",
    )


def _read_workbook(path: Path) -> list[RawSheet]:
    scans = scan_workbook(path)
    try:
        with calamine.load_workbook(path) as book:
            return [
                _read_sheet(path, book.get_sheet_by_name(info.name), scans.get(info.name))
                for info in book.sheets_metadata
                if info.typ == calamine.SheetTypeEnum.WorkSheet
            ]
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise file_fault(
            path,
            "damaged_file",
            f"the workbook cannot be read ({error}); save it again in Excel",
            f"无法读取工作簿({error});请在 Excel 中重新保存",
        ) from None


def _read_sheet(path: Path, sheet: Any, scan: Any) -> RawSheet:
    rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    for place in scan.errors if scan else ():
        letters = place.rstrip("0123456789")
        row, column = int(place[len(letters) :]) - 1, column_number(letters) - 1
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = ERROR
    notes = []
    if scan and scan.formulas:
        many = scan.formulas
        notes.append(
            Words(
                f"{many} formula cell{'s' if many > 1 else ''}: the last calculated values were taken",
                f"有 {many} 个公式单元格:取其上次计算的值",
            )
        )
    return RawSheet(path.name, sheet.name, rows, in_workbook=True, notes=tuple(notes))


def _cell(value: Any) -> Any:
    """An empty cell is None; text of apostrophes alone loses one (see `lineshaft.store.workbook.quote`)."""
    if value == "":
        return None
    return value[1:] if isinstance(value, str) and not value.strip("'") else value


def _read_text(path: Path) -> RawSheet:
    rows, note = read_csv(path)
    return RawSheet(path.name, path.stem, rows, notes=(note,) if note else ())


def _read_parquet(path: Path) -> RawSheet:
    try:
        lazy = pl.scan_parquet(path)
        rows, columns = lazy.select(pl.len()).collect().item(), len(lazy.collect_schema())
        if rows > ROWS_MAX or columns > COLUMNS_MAX or rows * columns > CELLS_MAX:
            raise file_fault(
                path,
                "too_many_rows",
                f"has {rows} rows and {columns} columns; at most {ROWS_MAX} rows, {COLUMNS_MAX} columns and "
                f"{CELLS_MAX} values are read",
                f"有 {rows} 行 {columns} 列;最多读取 {ROWS_MAX} 行、{COLUMNS_MAX} 列、{CELLS_MAX} 个值",
            )
        frame = lazy.collect().with_columns(pl.selectors.decimal().cast(pl.String))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise file_fault(
            path,
            "damaged_file",
            f"this is not a readable Parquet file ({str(error).splitlines()[0]})",
            f"不是可读取的 Parquet 文件({str(error).splitlines()[0]})",
        ) from None
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype == pl.Binary]
    if nested:
        words = Words("holds lists or bytes; only plain values are read", "含有列表或字节;只读取普通值")
        raise BadInput([Fault(path.name, (), name, None, "nested", words) for name in nested])
    return RawSheet(path.name, path.stem, [list(frame.columns), *map(list, frame.iter_rows())])
