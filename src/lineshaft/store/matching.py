"""Which sheet is which table, which heading which column, and in which units the cells are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import dataframely as dy

from lineshaft.core.errors import Fault, Words
from lineshaft.store.mapping import (
    IGNORE,
    HeadingMap,
    column_labels,
    normal,
    split_unit,
    table_label_zh,
    table_labels,
)
from lineshaft.store.sheets import RawSheet
from lineshaft.store.units import factor, find_unit

HEAD_ROWS = 10
_MACHINE = re.compile(r"^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$")


@dataclass(frozen=True)
class Matched:
    """A sheet taken for a table.

    Parameters
    ----------
    first
        Index of the first data row.
    columns
        Column → index of its cell in a row.
    factors
        Column → exact factor from the unit in the file to the column's unit, where they differ.
    zones
        Column → IANA zone in which its times are written, where the file says so.
    """

    sheet: RawSheet
    table: str
    first: int
    columns: Mapping[str, int]
    factors: Mapping[str, Fraction]
    zones: Mapping[str, str]

    def place(self, row: int, column: str = "") -> str:
        """Address of a cell; `row` counts from 1."""
        return self.sheet.place(row, self.columns[column] + 1 if column in self.columns else None)


@dataclass
class Matching:
    """What `match_tables` found: matched sheets, faults and warnings."""

    matched: list[Matched] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def match_tables(
    sheets: Iterable[RawSheet], schemas: Mapping[str, type[dy.Schema]], headings: HeadingMap | None = None
) -> Matching:
    """Find the table of each sheet, the column of each heading and the unit of each column.

    A sheet that is nobody's is left out with a warning, and so is a heading; two sheets of one table, two headings of
    one column and units that measure something else are faults.
    """
    headings = headings or HeadingMap()
    out = Matching(faults=headings.faults(schemas))
    if out.faults:
        return out
    for sheet in sheets:
        for note in sheet.notes:
            out.warnings.append(Fault(sheet.name, (), "", None, "note", note, sheet.place()))
        found = _find_table(sheet, schemas, headings)
        if found == IGNORE:
            continue
        if not found:
            words = Words(
                f"is left out: no table has this name; known: {', '.join(schemas)}",
                f"未导入:没有此名称的表;可用:{'、'.join(map(table_label_zh, schemas.values()))}",
            )
            out.warnings.append(Fault(sheet.name, (), "", None, "unknown_table", words, sheet.place()))
            continue
        twin = next((other for other in out.matched if other.table == found), None)
        if twin:
            words = Words(
                f"is there twice: {twin.sheet.place()} and {sheet.place()}",
                f"出现两次:{twin.sheet.place()} 与 {sheet.place()}",
            )
            out.faults.append(Fault(found, (), "", None, "duplicate_table", words, sheet.place()))
            continue
        _match_columns(out, sheet, found, schemas[found], headings.columns.get(found, {}))
    return out


def machine_row(sheet: RawSheet) -> int | None:
    """Index of the hidden row of a Lineshaft template that names table and column of each cell."""
    for index, row in enumerate(sheet.rows[:HEAD_ROWS]):
        cells = [cell for cell in row if cell is not None]
        if cells and all(isinstance(cell, str) and _MACHINE.match(cell) for cell in cells):
            return index
    return None


def _find_table(sheet: RawSheet, schemas: Mapping[str, type[dy.Schema]], headings: HeadingMap) -> str:
    remembered = headings.tables.get(normal(sheet.name))
    if remembered:
        return remembered
    row = machine_row(sheet)
    if row is not None:
        named = next(cell for cell in sheet.rows[row] if cell is not None).partition(".")[0]
        if named in schemas:
            return str(named)
    for name, schema in schemas.items():
        if normal(sheet.name) in map(normal, table_labels(name, schema)):
            return name
    return _guess_table(sheet, schemas, headings)


def _guess_table(sheet: RawSheet, schemas: Mapping[str, type[dy.Schema]], headings: HeadingMap) -> str:
    """The one table whose required columns are all among the headings and that explains most of them."""
    scores = []
    for name, schema in schemas.items():
        labels = column_labels(schema) | dict(headings.columns.get(name, {}))
        required = {column for column, rule in schema.columns().items() if not rule.nullable}
        for row in sheet.rows[:HEAD_ROWS]:
            cells = [cell for cell in row if isinstance(cell, str)]
            hits = {labels.get(normal(cell)) or labels.get(normal(split_unit(cell)[0])) for cell in cells}
            hits.discard(None)
            if cells and required <= hits:
                scores.append((len(hits) / len(cells), len(hits), name))
    scores.sort(reverse=True)
    if not scores or (len(scores) > 1 and scores[0][:2] == scores[1][:2] and scores[0][2] != scores[1][2]):
        return ""
    return scores[0][2]


def _match_columns(
    out: Matching, sheet: RawSheet, table: str, schema: type[dy.Schema], own: Mapping[str, str]
) -> None:
    labels = column_labels(schema) | dict(own)
    machine = machine_row(sheet)
    head = _heading_row(sheet, labels) if machine is None else machine + 1
    heading_cells = sheet.rows[head] if head < len(sheet.rows) else []
    columns: dict[str, int] = {}
    units: dict[str, tuple[str, str]] = {}
    for index, heading in enumerate(heading_cells):
        ours, unit = _column_of(sheet, machine, index, heading, table, labels)
        if ours in ("", IGNORE):
            if heading is not None and ours == "":
                words = Words(f"heading {heading!r} is left out", f"列“{heading}”未导入")
                place = sheet.place(head + 1, index + 1)
                out.warnings.append(Fault(table, (), str(heading), heading, "unknown_column", words, place))
            continue
        if ours in columns:
            places = f"{column_place(sheet, columns[ours])}, {column_place(sheet, index)}"
            words = Words(f"two headings stand for this column: {places}", f"有两列对应此列:{places}")
            out.faults.append(
                Fault(table, (), ours, heading, "duplicate_column", words, sheet.place(head + 1, index + 1))
            )
            continue
        columns[ours] = index
        if unit:
            units[ours] = (unit, sheet.place(head + 1, index + 1))
    first = head + 1
    under = _unit_row(sheet, first, columns, schema, certain=machine is not None)
    if under is not None:
        units |= {name: (text, sheet.place(first + 1, columns[name] + 1)) for name, text in under.items()}
        first += 1
    factors, zones = _read_units(out, table, schema, units)
    out.matched.append(Matched(sheet, table, first, columns, factors, zones))


def column_place(sheet: RawSheet, index: int) -> str:
    """Address of a whole column."""
    return sheet.place(column=index + 1)


def _column_of(
    sheet: RawSheet, machine: int | None, index: int, heading: Any, table: str, labels: Mapping[str, str]
) -> tuple[str, str]:
    """Column and unit that a heading stands for; ("", "") when it is nobody's."""
    if machine is not None and index < len(sheet.rows[machine]) and sheet.rows[machine][index] is not None:
        named_table, _, named = sheet.rows[machine][index].partition(".")
        if named_table == table and normal(named) in labels:
            return labels[normal(named)], ""
    if heading is None:
        return "", ""
    if normal(heading) in labels:
        return labels[normal(heading)], ""
    bare, unit = split_unit(heading)
    return (labels[normal(bare)], unit) if normal(bare) in labels else ("", "")


def _heading_row(sheet: RawSheet, labels: Mapping[str, str]) -> int:
    """The row among the first that holds most known headings; titles above it are passed over."""
    hits = [
        sum(
            isinstance(cell, str) and (normal(cell) in labels or normal(split_unit(cell)[0]) in labels)
            for cell in row
        )
        for row in sheet.rows[:HEAD_ROWS]
    ]
    most = max(hits, default=0)
    if most:
        return hits.index(most)
    return next((i for i, row in enumerate(sheet.rows) if any(cell is not None for cell in row)), 0)


def _unit_row(
    sheet: RawSheet, index: int, columns: Mapping[str, int], schema: type[dy.Schema], *, certain: bool
) -> dict[str, str] | None:
    """Units that stand under the headings, or None when the row is data.

    Without a template it is a unit row when it has nothing but unit or zone words, all under columns with a unit.
    """
    if index >= len(sheet.rows):
        return None
    row = sheet.rows[index]
    at = {place: name for name, place in columns.items()}
    given = {i: cell for i, cell in enumerate(row) if cell is not None}
    if certain:
        return {at[i]: str(cell) for i, cell in given.items() if i in at and column_unit(schema, at[i])}
    if not given:
        return None
    words = all(isinstance(cell, str) and (find_unit(cell) or find_zone(cell)) for cell in given.values())
    if words and all(i in at and column_unit(schema, at[i]) not in ("", "1") for i in given):
        return {at[i]: str(cell) for i, cell in given.items()}
    return None


def column_unit(schema: type[dy.Schema], column: str) -> str:
    """The unit of a column, "UTC" for times, "" without one."""
    return str((schema.columns()[column].metadata or {}).get("unit", ""))


def find_zone(text: str) -> str:
    """The IANA zone that a text names, or ""."""
    word = text.strip()
    if word.upper() in ("UTC", "Z", "GMT"):
        return "UTC"
    if word in ("北京时间", "中国标准时间"):
        return "Asia/Shanghai"
    return word if word in available_timezones() and ZoneInfo(word) else ""


def _read_units(
    out: Matching, table: str, schema: type[dy.Schema], units: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, Fraction], dict[str, str]]:
    factors: dict[str, Fraction] = {}
    zones: dict[str, str] = {}
    for name, (text, place) in units.items():
        wanted = column_unit(schema, name)
        if isinstance(schema.columns()[name], dy.Datetime):
            zone = find_zone(text)
            if zone:
                zones[name] = zone
            else:
                words = Words(
                    f"{text!r} is no time zone, such as Asia/Shanghai",
                    f"“{text}”不是时区名(如 Asia/Shanghai)",
                )
                out.faults.append(Fault(table, (), name, text, "unit", words, place))
            continue
        if wanted in ("", "1") or text == wanted:
            continue
        ratio = factor(find_unit(text), wanted)
        if ratio is None:
            words = Words(f"unit {text!r} cannot be turned into {wanted}", f"单位“{text}”无法换算为 {wanted}")
            out.faults.append(Fault(table, (), name, text, "unit", words, place))
        elif ratio != 1:
            factors[name] = ratio
    return factors, zones
