"""A table as people see it: columns with labels and people's units, cells as text, and text back to values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core import Words
from lineshaft.core.frames import Reference, references
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
    return frame.select(
        _text(column, frame.schema[column.name], speech).fill_null("").alias(column.name)
        for column in columns
    ).rows()


def _text(column: Column, dtype: pl.DataType, speech: Speech) -> pl.Expr:
    cell = pl.col(column.name)
    if column.kind == "moment":
        local = cell.dt.convert_time_zone(speech.zone)
        whole = local.dt.strftime("%Y-%m-%d %H:%M")
        return pl.when(cell.dt.second() == 0).then(whole).otherwise(local.dt.strftime("%Y-%m-%d %H:%M:%S"))
    if column.kind == "bool":
        return pl.when(cell).then(pl.lit(speech.say(YES))).when(~cell).then(pl.lit(speech.say(NO)))
    if column.kind == "choice":
        labels = {one: speech.say(words) for one, words in column.choices}
        return cell.cast(pl.String).replace(labels)
    if column.is_number:
        return _number_text(cell, column.factor)
    return cell.cast(pl.String) if dtype != pl.String else cell


def _number_text(cell: pl.Expr, factor: Fraction | None) -> pl.Expr:
    shown = cell.cast(pl.Float64) * factor.denominator / factor.numerator if factor else cell
    return shown.round(4).cast(pl.String).str.strip_suffix(".0") if factor else shown.cast(pl.String)


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
        self._keys = schemas[table].primary_key()
        self._groups = [
            (reference, _key_order(reference, schemas[reference.target].primary_key()))
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
