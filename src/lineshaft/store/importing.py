"""Import with a preview: what would come in, and every bad cell by its address, before anything is written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import dataframely as dy
import polars as pl

from lineshaft.core.errors import BadInput, Fault, Words
from lineshaft.core.frames import SOURCE, CrossRule, Frames, check_tables, references
from lineshaft.store.cells import has_offset, read_cells
from lineshaft.store.guard import column_number, file_fault
from lineshaft.store.mapping import HeadingMap
from lineshaft.store.matching import Matched, Matching, find_zone, match_tables
from lineshaft.store.sheets import KINDS, RawSheet, read_source
from lineshaft.tables import TABLES
from lineshaft.tables.rules import RULES

Schemas = Mapping[str, type[dy.Schema]]
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")


@dataclass(frozen=True)
class ImportPreview:
    """What an import would bring.

    Parameters
    ----------
    frames
        Table → good rows of the file, typed, sorted by key; rows with a fault, and rows that refer to them, left out.
    faults
        Everything wrong, each with file, sheet and cell where it came from the file. Faults that only follow from
        others (a row refers to a faulty row) stand last.
    warnings
        What was left out or understood in a way the user should know: unknown sheets and headings, encodings.
    rows_read
        Table → rows in the file.
    digest
        SHA-256 of the file's bytes (of all files of a folder).
    headings
        The heading map used, for the works to remember.
    """

    frames: Frames
    faults: list[Fault]
    warnings: list[Fault]
    rows_read: dict[str, int]
    digest: str
    headings: HeadingMap = field(default_factory=HeadingMap)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Table → rows read, good and left out."""
        return {
            name: {"read": many, "good": len(self.frames[name]), "left_out": many - len(self.frames[name])}
            for name, many in self.rows_read.items()
        }

    def take(self, *, partial: bool = False) -> Frames:
        """The rows to write.

        Raises
        ------
        BadInput
            There are faults and `partial` is not asked for, or a fault is in rows that the works already has,
            or no good row is left.
        """
        outside = [fault for fault in self.faults if fault.table not in self.rows_read]
        if self.faults and (not partial or outside or not any(map(len, self.frames.values()))):
            raise BadInput(self.faults)
        return self.frames


def preview_import(
    path: Path,
    schemas: Schemas = TABLES,
    existing: Mapping[str, pl.DataFrame] | None = None,
    headings: HeadingMap | None = None,
    *,
    mode: Literal["upsert", "replace"] = "upsert",
    time_zone: str = "",
    rules: Iterable[CrossRule] = RULES,
    fixes: Mapping[str, str] | None = None,
) -> ImportPreview:
    """Read a workbook, CSV, Parquet file or folder and check it together with what the works already has.

    Parameters
    ----------
    existing
        Table → rows of the works. `upsert` lets rows of the file take the place of those with the same key;
        `replace` lets the file's tables take the place of the works'.
    time_zone
        Zone of times that say none; by default that of the calendars, else UTC with a warning.
    fixes
        Address of a cell, as the faults' `source` gives it → text that is read in its place.

    Raises
    ------
    Missing
        No such file.
    BadInput
        The file as a whole cannot be taken, or no table is recognised in it.
    """
    matching = match_tables(with_fixes(read_source(path), fixes or {}), schemas, headings)
    if matching.faults and not matching.matched:
        raise BadInput(matching.faults)
    if not matching.matched:
        raise BadInput([_nothing_found(path, schemas, matching)])
    known = dict(existing or {})
    zone = time_zone or _calendar_zone(matching, schemas, known)
    tables = {found.table: _read_table(found, schemas[found.table], zone) for found in matching.matched}
    if not matching.faults and not any(table.rows_read for table in tables.values()):
        raise file_fault(path, "no_rows", "holds headings but no rows", "只有表头,没有数据行")
    together = {**known, **{name: table.frame for name, table in tables.items()}}
    if mode == "upsert":
        together |= {
            name: _merge(known[name], tables[name].frame, schemas[name]) for name in tables if name in known
        }
    good, found = check_tables(together, schemas, rules)
    faults = [fault for table in tables.values() for fault in table.faults]
    faults += [_with_address(fault, tables, schemas) for fault in found]
    return ImportPreview(
        {name: _only_rows_of(good[name], tables[name].frame, schemas[name]) for name in tables},
        matching.faults + sorted(faults, key=lambda fault: fault.rule == "ref_faulty"),
        matching.warnings + _zone_warnings(tables, schemas, zone),
        {name: table.rows_read for name, table in tables.items()},
        file_digest(path),
        headings or HeadingMap(),
    )


def read_tables(path: Path, schemas: Schemas = TABLES, time_zone: str = "UTC") -> Frames:
    """Every table of a workbook, file or folder, typed and valid by its own schema; references are not looked at.

    Raises
    ------
    Missing, BadInput
        As `preview_import`; any fault at all refuses the whole.
    """
    matching = match_tables(read_source(path), schemas)
    tables = {found.table: _read_table(found, schemas[found.table], time_zone) for found in matching.matched}
    faults = matching.faults + [fault for table in tables.values() for fault in table.faults]
    frames: Frames = {}
    for name, table in tables.items():
        good, found = check_tables({name: table.frame}, {name: schemas[name]})
        faults += [_with_address(fault, tables, schemas) for fault in found]
        frames |= good
    if faults:
        raise BadInput(faults)
    return frames


def with_fixes(sheets: list[RawSheet], fixes: Mapping[str, str]) -> list[RawSheet]:
    """The sheets with other text in some cells, by address ("file sheet C7"); what is no address is left aside."""
    for sheet in sheets:
        start = sheet.place() + " "
        for place, text in fixes.items():
            hit = _CELL.fullmatch(place.removeprefix(start)) if place.startswith(start) else None
            if hit and int(hit[2]) <= len(sheet.rows):
                row, at = sheet.rows[int(hit[2]) - 1], column_number(hit[1]) - 1
                row += [None] * (at + 1 - len(row))
                row[at] = text or None
    return sheets


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a folder's readable files."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256()
    for file in sorted(file for file in path.iterdir() if file.suffix.lower() in KINDS and file.is_file()):
        total.update(f"{file.name}={hashlib.sha256(file.read_bytes()).hexdigest()};".encode())
    return total.hexdigest()


@dataclass(frozen=True)
class _Table:
    """A sheet after typing: rows without a bad cell, with their row number as source; what fell out, and why."""

    matched: Matched
    frame: pl.DataFrame
    faults: list[Fault]
    rejected: list[dict[str, Any]]
    rows_read: int


def _read_table(found: Matched, schema: type[dy.Schema], zone: str) -> _Table:
    numbers = [
        index
        for index, row in enumerate(found.sheet.rows[found.first :], start=found.first)
        if any(cell is not None for cell in row)
    ]
    rows = [found.sheet.rows[index] for index in numbers]
    rules = schema.columns()
    values: dict[str, list[Any]] = {}
    bad: list[tuple[int, str, Any]] = []
    for column, at in found.columns.items():
        cells = [row[at] if at < len(row) else None for row in rows]
        values[column], wrong = read_cells(
            cells, rules[column], factor=found.factors.get(column), zone=found.zones.get(column, zone)
        )
        bad += [(index, column, fault) for index, fault in wrong.items()]
    dropped = {index for index, _, _ in bad}
    keep = [index for index in range(len(rows)) if index not in dropped]
    frame = pl.DataFrame(
        [
            pl.Series(column, [read[index] for index in keep], dtype=rules[column].dtype)
            for column, read in values.items()
        ]
        + [pl.Series(SOURCE, [str(numbers[index] + 1) for index in keep], dtype=pl.String)]
    )
    faults = [
        Fault(
            found.table,
            tuple(_shown(found, rows[index], values, index, key) for key in schema.primary_key()),
            column,
            rows[index][found.columns[column]],
            fault.rule,
            fault.words,
            found.place(numbers[index] + 1, column),
        )
        for index, column, fault in sorted(bad, key=lambda entry: (entry[0], found.columns[entry[1]]))
    ]
    rejected = [{column: read[index] for column, read in values.items()} for index in sorted(dropped)]
    return _Table(found, frame, faults, rejected, len(rows))


def _shown(found: Matched, row: list[Any], values: Mapping[str, list[Any]], index: int, column: str) -> Any:
    """A part of the row's key: its value, or the cell as it stands where it could not be read."""
    if column not in found.columns:
        return None
    value = values[column][index]
    at = found.columns[column]
    return value if value is not None or at >= len(row) else row[at]


def _with_address(fault: Fault, tables: Mapping[str, _Table], schemas: Schemas) -> Fault:
    """The fault with the cell it came from; a reference to a row that was itself left out says so."""
    if fault.table not in tables:
        return fault
    table = tables[fault.table]
    source = (
        table.matched.place(int(fault.source), fault.column)
        if fault.source.isdigit()
        else table.matched.sheet.place()
    )
    if fault.rule != "ref":
        return replace(fault, source=source)
    reference = next(r for r in references(schemas[fault.table]) if fault.column == r.columns[-1])
    target = tables.get(reference.target)
    named = str(fault.value)
    lost = target is not None and any(
        " ".join(str(row.get(column)) for column in reference.target_columns) == named
        for row in target.rejected
    )
    if not lost:
        return replace(fault, source=source)
    words = Words(
        f"names {named} in {reference.target}, which has a fault itself",
        f"引用的 {reference.target} {named} 本身有错误",
    )
    return replace(fault, rule="ref_faulty", words=words, source=source)


def _merge(before: pl.DataFrame, frame: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    """Rows of the works that the file does not name by key, and those of the file."""
    keys = schema.primary_key()
    if not set(keys) <= set(frame.columns):
        return frame
    return pl.concat([before.join(frame, on=keys, how="anti"), frame], how="diagonal")


def _only_rows_of(good: pl.DataFrame, frame: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    keys = schema.primary_key()
    return good.join(frame, on=keys, how="semi") if set(keys) <= set(frame.columns) else good.clear()


def _calendar_zone(matching: Matching, schemas: Schemas, existing: Mapping[str, pl.DataFrame]) -> str:
    """The one zone of the calendars in the file, else of those in the works, else UTC."""
    found = next((m for m in matching.matched if m.table == "calendar"), None)
    if found and "calendar" in schemas and "time_zone" in found.columns:
        at = found.columns["time_zone"]
        zones = {row[at] for row in found.sheet.rows[found.first :] if at < len(row)} - {None}
    else:
        zones = set(existing["calendar"]["time_zone"]) if "calendar" in existing else set()
    zone = str(zones.pop()) if len(zones) == 1 else ""
    return find_zone(zone) or "UTC"


def _zone_warnings(tables: Mapping[str, _Table], schemas: Schemas, zone: str) -> list[Fault]:
    words = Words(f"times that name no zone were read as {zone}", f"未注明时区的时间按 {zone} 读取")
    return [
        Fault(name, (), column, None, "zone", words, table.matched.place(table.matched.first, column))
        for name, table in tables.items()
        for column in table.matched.columns
        if isinstance(schemas[name].columns()[column], dy.Datetime)
        and column not in table.matched.zones
        and _has_bare_times(table.matched, column)
    ]


def _has_bare_times(found: Matched, column: str) -> bool:
    """True when some time of the column says nothing of its zone."""
    at = found.columns[column]
    for row in found.sheet.rows[found.first :]:
        cell = row[at] if at < len(row) else None
        if cell is None:
            continue
        if isinstance(cell, str):
            if not has_offset(cell):
                return True
        elif getattr(cell, "tzinfo", None) is None:
            return True
    return False


def _nothing_found(path: Path, schemas: Schemas, matching: Matching) -> Fault:
    seen = ", ".join(fault.table for fault in matching.warnings if fault.rule == "unknown_table")
    names = ", ".join(schemas)
    return Fault(
        path.name,
        (),
        "",
        None,
        "nothing_recognised",
        Words(
            f"holds no table that is known (found: {seen or 'nothing'}); name sheets or files after one of: {names}",
            f"未识别出任何表(发现:{seen or '无'});请将工作表或文件命名为以下之一:{names}",
        ),
    )
