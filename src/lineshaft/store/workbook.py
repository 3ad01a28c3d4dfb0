"""Excel out: a sheet a table with labels, units, notes, drop-downs and, where wanted, the rows themselves.

Row 1 is hidden and names table and column, so that a workbook in either language, with columns moved or added, reads
back; row 2 has the labels, row 3 the units, or the zone in which times are shown; rows begin at 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl
import xlsxwriter

from lineshaft.core.engine import Engine
from lineshaft.core.errors import BadInput, Fault, Refused, Words
from lineshaft.core.frames import references, sort_by_key
from lineshaft.store.cells import BadCell, to_utc
from lineshaft.store.guard import ROWS_MAX, column_letters
from lineshaft.store.units import unit_label
from lineshaft.tables import TABLES, table_name

HEAD = 3
EMPTY = "'"
_SPARE_ROWS = 2_000
_TEXT_MAX = 32_767
_LIST_MAX = 255
_EXACT_MAX = 2**53
_UNWRITABLE = re.compile(r"[\ufffe\uffff]|_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_")
_CREATED = datetime(2026, 1, 1)


class _Exact(float):
    """A float that is written with all its digits: XlsxWriter rounds to 16, some values need 17."""

    def __format__(self, spec: str) -> str:
        return repr(float(self))


def engine_schemas(engine: Engine) -> dict[str, type[dy.Schema]]:
    """Table → schema of everything an engine reads, in the order of its inputs, and of the tables these refer to."""
    members = engine.load("inputs").members().values()
    found = {table_name(member.schema): member.schema for member in members}
    waiting = list(found.values())
    while waiting:
        targets = {reference.target for reference in references(waiting.pop())}
        for name in sorted(targets & set(TABLES) - set(found)):
            found[name] = TABLES[name]
            waiting.append(TABLES[name])
    return found


def write_example(
    engine: Engine, frames: Mapping[str, pl.DataFrame], path: Path, language: str = "en"
) -> None:
    """A template with an engine's example rows (by table), and bare rows for what these refer to beyond its inputs."""
    schemas = engine_schemas(engine)
    rows = dict(frames)
    for name in (name for name in schemas if name not in frames):
        named = _named_rows(name, schemas, rows)
        if len(named):
            rows[name] = named
    write_workbook(rows, path, language, schemas=schemas)


def _named_rows(
    name: str, schemas: Mapping[str, type[dy.Schema]], frames: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The rows of a table that others name: key, and the first choice where a choice must be made."""
    schema = schemas[name]
    named = [
        frame.select(reference.columns).drop_nulls().rename(dict(zip(*reference[::2])))
        for other, frame in frames.items()
        for reference in references(schemas[other])
        if reference.target == name and set(reference.target_columns) == set(schema.primary_key())
    ]
    bare = schema.create_empty()
    rows = pl.concat([bare.select(schema.primary_key()), *named]).unique()
    choices = {
        column: rule.categories[0]
        for column, rule in schema.columns().items()
        if isinstance(rule, dy.Enum) and not rule.nullable
    }
    filled = pl.concat([bare, rows], how="diagonal").with_columns(
        pl.lit(value, dtype=bare.schema[column]).alias(column) for column, value in choices.items()
    )
    return pl.DataFrame(schema.filter(filled)[0])


def write_template(engine: Engine, path: Path, language: str = "en", time_zone: str = "UTC") -> None:
    """An empty workbook with a sheet for each table the engine reads or refers to."""
    write_workbook({}, path, language, schemas=engine_schemas(engine), time_zone=time_zone)


def write_workbook(
    frames: Mapping[str, pl.DataFrame],
    path: Path,
    language: str = "en",
    *,
    schemas: Mapping[str, type[dy.Schema]] | None = None,
    time_zone: str = "",
    with_rows: bool = True,
) -> None:
    """Write tables as a workbook that `read_tables` and `preview_import` read back without loss.

    Parameters
    ----------
    frames
        Table → rows that fit the schema.
    language
        "zh" or "en": of sheet names, labels, notes and choices.
    schemas
        Tables to write; by default those in `frames`. A table without frame gets an empty sheet.
    time_zone
        Zone in which times are shown; by default the only zone of the calendars among `frames`, else UTC.
    with_rows
        False writes the same sheets empty.

    Raises
    ------
    BadInput
        A text holds what Excel cannot keep; each is named.
    Refused
        More rows than a sheet has.
    """
    schemas = schemas or {name: schema for name, schema in TABLES.items() if name in frames}
    rows = {
        name: sort_by_key(frames[name], schemas[name]) for name in schemas if name in frames and with_rows
    }
    _refuse_unwritable(rows, schemas)
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": _CREATED, "title": "Lineshaft", "comments": "lineshaft-tables 1"})
    writer = _Writer(book, language, time_zone or works_zone(frames), dict(schemas), rows)
    for name in schemas:
        writer.add(name)
    book.close()


def works_zone(frames: Mapping[str, pl.DataFrame]) -> str:
    """The only time zone of the calendars, or "UTC" when there is none or more than one."""
    zones = frames["calendar"]["time_zone"].unique().to_list() if "calendar" in frames else []
    return str(zones[0]) if len(zones) == 1 else "UTC"


def sheet_titles(schemas: Mapping[str, type[dy.Schema]], language: str) -> dict[str, str]:
    """Table → sheet name: the title in the language, at most 31 characters, each once."""
    titles: dict[str, str] = {}
    for name, schema in schemas.items():
        title = getattr(schema, "title", (name, name))[language == "zh"]
        title = re.sub(r"[\[\]:*?/\\]", " ", title).strip("' ")[:31] or name[:31]
        taken = {other.casefold() for other in titles.values()}
        titles[name] = title if title.casefold() not in taken else name[:31]
    return titles


class _Writer:
    """One workbook on its way: formats, titles and what the sheets need to know of each other."""

    def __init__(
        self,
        book: Any,
        language: str,
        time_zone: str,
        schemas: Mapping[str, type[dy.Schema]],
        rows: Mapping[str, pl.DataFrame],
    ) -> None:
        self.book, self.language, self.schemas, self.rows = book, language, schemas, rows
        self.zone = ZoneInfo(time_zone)
        self.titles = sheet_titles(schemas, language)
        head = {"bold": True, "bg_color": "#E7EDF3", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        self.machine = book.add_format({"font_color": "#7A7A7A", "num_format": "@"})
        self.label = book.add_format(head)
        self.key_label = book.add_format(head | {"bg_color": "#CBD9E6"})
        self.unit = book.add_format({"italic": True, "font_color": "#5A5A5A", "bottom": 1, "num_format": "@"})
        self.text = book.add_format({"num_format": "@"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})

    def add(self, name: str) -> None:
        """The sheet of one table."""
        schema = self.schemas[name]
        sheet = self.book.add_worksheet(self.titles[name])
        sheet.set_row(0, None, None, {"hidden": True})
        sheet.freeze_panes(HEAD, len(schema.primary_key()))
        last = HEAD + _SPARE_ROWS + (len(self.rows[name]) if name in self.rows else 0)
        for at, (column, rule) in enumerate(schema.columns().items()):
            self._head(sheet, at, name, column, rule)
            self._choices(sheet, at, rule, last)
            if name in self.rows:
                self._column(sheet, at, self.rows[name][column].to_list(), rule)

    def _head(self, sheet: Any, at: int, name: str, column: str, rule: dy.Column) -> None:
        label = column_label(column, rule, self.language) + ("" if rule.nullable else " *")
        unit = (rule.metadata or {}).get("unit", "")
        shown = self.zone.key if isinstance(rule, dy.Datetime) else unit_label(unit, self.language)
        sheet.write_string(0, at, f"{name}.{column}", self.machine)
        sheet.write_string(1, at, label, self.key_label if rule.primary_key else self.label)
        sheet.write_string(2, at, shown, self.unit)
        sheet.write_comment(1, at, column_note(column, rule, self.language), {"x_scale": 2, "y_scale": 1.2})
        wide = sum(2 if ord(letter) > 255 else 1 for letter in label)
        moment = isinstance(rule, dy.Datetime)
        formats = {"Datetime": self.moment, "Date": self.day, "String": self.text, "Enum": self.text}
        sheet.set_column(
            at, at, max(21 if moment else 10, min(30, wide + 3)), formats.get(type(rule).__name__)
        )

    def _choices(self, sheet: Any, at: int, rule: dy.Column, last: int) -> None:
        """Drop-downs for choices and references, bounds for numbers."""
        option = _list_option(rule, self.language) or self._reference_option(rule) or _bounds_option(rule)
        if option:
            title = "请检查" if self.language == "zh" else "Please check"
            said = column_note("", rule, self.language)[:_LIST_MAX]
            sheet.data_validation(
                HEAD,
                at,
                last,
                at,
                option | {"error_title": title, "error_message": said, "ignore_blank": True},
            )

    def _reference_option(self, rule: dy.Column) -> dict[str, Any]:
        place = (rule.metadata or {}).get("ref", "").partition("@")[0]
        table, _, column = place.partition(".")
        if table not in self.schemas or not column:
            return {}
        letters = column_letters(list(self.schemas[table].columns()).index(column) + 1)
        last = HEAD + _SPARE_ROWS + (len(self.rows[table]) if table in self.rows else 0)
        title = self.titles[table].replace("'", "''")
        source = f"='{title}'!${letters}${HEAD + 1}:${letters}${last}"
        return {"validate": "list", "source": source, "error_type": "warning"}

    def _column(self, sheet: Any, at: int, values: list[Any], rule: dy.Column) -> None:
        write = self._cell_writer(sheet, rule)
        for row, value in enumerate(values, start=HEAD):
            if value is not None:
                write(row, at, value)

    def _cell_writer(self, sheet: Any, rule: dy.Column) -> Callable[[int, int, Any], object]:
        if isinstance(rule, dy.Enum):
            labels = (rule.metadata or {}).get("choices_zh", {}) if self.language == "zh" else {}
            return lambda row, at, value: sheet.write_string(row, at, labels.get(value, value), self.text)
        if isinstance(rule, dy.Bool):
            return lambda row, at, value: sheet.write_boolean(row, at, value)
        if isinstance(rule, dy.Datetime):
            return lambda row, at, value: self._write_moment(sheet, row, at, value)
        if isinstance(rule, dy.Date):
            return lambda row, at, value: self._write_day(sheet, row, at, value)
        if rule.dtype.is_numeric():
            return lambda row, at, value: _write_number(sheet, row, at, value)
        return lambda row, at, value: sheet.write_string(row, at, quote(value), self.text)

    def _write_moment(self, sheet: Any, row: int, at: int, value: datetime) -> None:
        """A date cell in local time; text with an offset where that would lose anything."""
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        local = aware.astimezone(self.zone)
        if local.microsecond == 0 and local.year >= 1901 and _is_plain(local, self.zone):
            sheet.write_datetime(row, at, local.replace(tzinfo=None), self.moment)
        else:
            sheet.write_string(row, at, local.isoformat(sep=" "), self.text)

    def _write_day(self, sheet: Any, row: int, at: int, value: date) -> None:
        if value.year >= 1901:
            sheet.write_datetime(row, at, value, self.day)
        else:
            sheet.write_string(row, at, value.isoformat(), self.text)


def quote(text: str) -> str:
    """Text for a cell: an empty text, which a cell cannot hold, as an apostrophe; apostrophes alone get one more."""
    return text + EMPTY if not text.strip(EMPTY) else text


def column_label(name: str, rule: dy.Column, language: str) -> str:
    """What a person calls the column."""
    label = (rule.metadata or {}).get("zh") if language == "zh" else rule.description
    return str(label or name)


def column_note(name: str, rule: dy.Column, language: str) -> str:
    """What may stand in the column: meaning, key, unit, bounds, choices, reference."""
    zh = language == "zh"
    about = rule.metadata or {}
    unit = about.get("unit", "")
    lines = [f"{column_label(name, rule, language)} ({name})" if name else column_label(name, rule, language)]
    if rule.primary_key:
        lines.append("主键" if zh else "part of the key")
    lines.append(("可空" if zh else "may be empty") if rule.nullable else ("必填" if zh else "required"))
    if unit_label(unit, language):
        lines.append(("单位:" if zh else "unit: ") + unit_label(unit, language))
    for bound, sign in (("min", "≥"), ("max", "≤")):
        if getattr(rule, bound, None) is not None:
            lines.append(f"{sign} {getattr(rule, bound)}")
    if isinstance(rule, dy.Enum):
        labels = about.get("choices_zh", {})
        lines += [f"{labels.get(value, value)} = {value}" if zh else value for value in rule.categories]
    if about.get("ref"):
        lines.append(("引用:" if zh else "must be in: ") + about["ref"].partition("@")[0])
    return "\n".join(lines)


def _list_option(rule: dy.Column, language: str) -> dict[str, Any]:
    if isinstance(rule, dy.Bool):
        return {"validate": "list", "source": ["TRUE", "FALSE"]}
    if not isinstance(rule, dy.Enum):
        return {}
    labels = (rule.metadata or {}).get("choices_zh", {}) if language == "zh" else {}
    source = [labels.get(value, value) for value in rule.categories]
    fits = len(",".join(source)) <= _LIST_MAX and not any("," in value for value in source)
    return {"validate": "list", "source": source} if fits else {}


def _bounds_option(rule: dy.Column) -> dict[str, Any]:
    low, high = getattr(rule, "min", None), getattr(rule, "max", None)
    if low is None or high is None or not rule.dtype.is_numeric():
        return {}
    kind = "integer" if rule.dtype.is_integer() else "decimal"
    return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high}


def _write_number(sheet: Any, row: int, at: int, value: float) -> None:
    if isinstance(value, int) and abs(value) > _EXACT_MAX:
        sheet.write_string(row, at, str(value))
    else:
        sheet.write_number(row, at, _Exact(value))


def _is_plain(local: datetime, zone: ZoneInfo) -> bool:
    """False for a local time that the clocks show twice."""
    try:
        to_utc(local.replace(tzinfo=None), zone)
    except BadCell:
        return False
    return True


def _refuse_unwritable(rows: Mapping[str, pl.DataFrame], schemas: Mapping[str, type[dy.Schema]]) -> None:
    faults = []
    for name, frame in rows.items():
        if len(frame) + HEAD > ROWS_MAX:
            raise Refused(
                f"{name} has {len(frame)} rows, more than an Excel sheet holds; export CSV or Parquet.",
                f"{name} 有 {len(frame)} 行,超出 Excel 工作表的容量;请导出 CSV 或 Parquet。",
            )
        keys = schemas[name].primary_key()
        words = Words("holds characters that Excel cannot keep", "含有 Excel 无法保存的字符")
        for column, rule in schemas[name].columns().items():
            if not isinstance(rule, dy.String):
                continue
            for row, text in enumerate(frame[column]):
                if text is not None and (len(text) >= _TEXT_MAX or _UNWRITABLE.search(text)):
                    key = tuple(frame.row(row, named=True)[part] for part in keys)
                    faults.append(Fault(name, key, column, text, "unwritable", words))
    if faults:
        raise BadInput(faults)
