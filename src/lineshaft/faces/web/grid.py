"""A table as people see it: columns with labels and people's units, cells as text, and text back to values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl
from markupsafe import Markup, escape

from lineshaft.core import Words
from lineshaft.core.frames import Reference, key_columns, references
from lineshaft.faces.web import urls
from lineshaft.faces.web.words import Speech
from lineshaft.store.cells import BadCell, narrow, read_cells
from lineshaft.store.sql import Schemas
from lineshaft.store.units import factor as unit_factor
from lineshaft.store.units import find_unit

PEOPLE = {"s": "min", "fen": "yuan"}
YES, NO = Words("yes", "是"), Words("no", "否")
_AMOUNT = re.compile(r"([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([^\d\s.].*)", re.IGNORECASE)
_KINDS = {dy.String: "text", dy.Bool: "bool", dy.Datetime: "moment", dy.Date: "date", dy.Enum: "choice"}


@dataclass(frozen=True)
class Column:
    """One column on a page.

    `unit` is the one people use and `factor` what one of it is in the table's own unit (none: the same). `sums` says
    that a total means something. `limits` are the least and greatest value, as the table holds them.
    """

    name: str
    words: Words
    kind: str
    unit: str
    factor: Fraction | None
    key: bool
    required: bool
    isa95: str
    choices: tuple[tuple[str, Words], ...]
    refers: str
    limits: tuple[Any, Any]
    sums: bool

    @property
    def is_number(self) -> bool:
        """True when cells stand to the right."""
        return self.kind in ("whole", "real")


@cache
def columns_of(schema: type[dy.Schema]) -> tuple[Column, ...]:
    """The columns of a table."""
    target = {name: reference.target for reference in references(schema) for name in reference.columns}
    return tuple(_column(name, rule, target.get(name, "")) for name, rule in schema.columns().items())


def _column(name: str, rule: dy.Column, refers: str) -> Column:
    about = rule.metadata or {}
    unit = about.get("unit", "")
    kind = _KINDS.get(type(rule)) or ("real" if rule.dtype.is_float() else "whole")
    shown = PEOPLE.get(unit, unit)
    labels = about.get("choices_zh", {})
    return Column(
        name=name,
        words=Words(rule.description or name, about.get("zh", name)),
        kind=kind,
        unit="" if kind == "moment" else shown,
        factor=unit_factor(shown, unit) if shown != unit else None,
        key=rule.primary_key,
        required=not rule.nullable,
        isa95=about.get("isa95", ""),
        choices=tuple((one, Words(one.replace("_", " "), labels.get(one, one))) for one in rule.categories)
        if isinstance(rule, dy.Enum)
        else (),
        refers=refers,
        limits=(getattr(rule, "min", None), getattr(rule, "max", None)),
        sums=kind in ("whole", "real") and not rule.primary_key and unit not in ("", "1"),
    )


def texts(frame: pl.DataFrame, columns: Sequence[Column], speech: Speech) -> list[tuple[str, ...]]:
    """Rows as people read them; nothing for an empty cell."""
    shown = []
    for column in columns:
        say = _said_by(column, speech)
        shown.append(["" if value is None else say(value) for value in frame[column.name].to_list()])
    return list(zip(*shown)) if shown else [()] * len(frame)


def cells_html(
    columns: Sequence[Column],
    links: Mapping[str, str],
    shown: Sequence[str],
    attributes: str = "",
    link_attributes: str = "",
    marked: str = "",
) -> Markup:
    """The cells of one row, those that name an object as links to it; `marked` is the column of a cell to point at."""
    parts = []
    for column, text in zip(columns, shown):
        number = ' class="number"' if column.is_number else ""
        mark = " data-marked" if column.name == marked else ""
        said = escape(text)
        if text and column.name in links:
            said = f'<a href="{escape(links[column.name])}"{link_attributes}>{said}</a>'
        parts.append(f"<td{attributes}{number}{mark}>{said}</td>")
    return Markup("".join(parts))  # noqa: S704 - every part is escaped above or our own


def _said_by(column: Column, speech: Speech) -> Callable[[Any], str]:
    """How a cell of a column is written."""
    if column.kind == "moment":
        zone = ZoneInfo(speech.zone)
        return lambda at: at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S" if at.second else "%Y-%m-%d %H:%M")
    if column.kind == "bool":
        words = {True: speech.say(YES), False: speech.say(NO)}
        return lambda truth: words[truth]
    if column.kind == "choice":
        labels = {one: speech.say(words) for one, words in column.choices}
        return lambda choice: labels.get(choice, choice)
    if column.is_number and column.factor:
        up, down = column.factor.denominator, column.factor.numerator
        return lambda value: str(round(value * up / down, 4)).removesuffix(".0")
    return str


def totals(frame: pl.DataFrame, columns: Sequence[Column], speech: Speech) -> dict[str, str]:
    """Column → sum of its cells, where a sum means something."""
    named = [column for column in columns if column.sums]
    if frame.is_empty() or not named:
        return {}
    sums = frame.select(pl.col(column.name).sum() for column in named).row(0)
    return {
        column.name: speech.number(float(Fraction(value) / (column.factor or 1)))
        for column, value in zip(named, sums)
        if value is not None
    }


class Linker:
    """Addresses of the objects that the cells of a table name."""

    def __init__(self, works: str, table: str, schemas: Schemas) -> None:
        self._works = works
        self._table = table
        self._keys = key_columns(schemas[table])
        self._groups = [
            (reference, _key_order(reference, key_columns(schemas[reference.target])))
            for reference in references(schemas[table])
            if reference.target in schemas
        ]

    def row(self, row: Mapping[str, Any]) -> str:
        """The page of the row itself."""
        return urls.object_(self._works, self._table, [row[name] for name in self._keys])

    def root(self, key: Sequence[Any]) -> str:
        """The page of what a row is about: a plan's row leads to the order or step that it plans."""
        for reference, order in self._groups:
            if order is not None and set(reference.columns) == set(self._keys):
                values = dict(zip(self._keys, key))
                named = [values[reference.columns[at]] for at in order]
                return urls.object_(self._works, reference.target, named)
        return urls.object_(self._works, self._table, key)

    def cells(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Column → page of what its cell names; of two references the narrower one."""
        found: dict[str, str] = {}
        for reference, order in self._groups:
            values = [row.get(name) for name in reference.columns]
            if any(value is None for value in values):
                continue
            if order is not None:
                target = urls.object_(self._works, reference.target, [values[at] for at in order])
            else:
                target = urls.cell(self._works, reference.target, reference.target_columns, values)
            for name in reference.columns:
                found.setdefault(name, target)
        return found


def _key_order(reference: Reference, keys: Sequence[str]) -> list[int] | None:
    """Where each part of the target's key stands among the reference's columns; none when they are not its key."""
    if sorted(reference.target_columns) != sorted(keys):
        return None
    return [reference.target_columns.index(name) for name in keys]


def read_text(text: str, rule: dy.Column, zone: str) -> Any:
    """What was typed as a value of the column; a number may name its unit, else it counts in people's unit.

    Raises
    ------
    BadCell
        It cannot be taken; the words say why.
    """
    unit = (rule.metadata or {}).get("unit", "")
    shown = PEOPLE.get(unit, unit)
    number = _AMOUNT.fullmatch(narrow(text)) if rule.dtype.is_numeric() and unit else None
    if number and find_unit(number[2]):
        text, shown = number[1], find_unit(number[2])
    factor = unit_factor(shown, unit) if shown != unit else None
    if shown != unit and factor is None:
        raise BadCell("unit", f"is in {shown}, must be in {unit}", f"单位为 {shown},须为 {unit}")
    values, bad = read_cells([text or None], rule, factor=factor, zone=zone)
    if bad:
        raise bad[0]
    return values[0]
