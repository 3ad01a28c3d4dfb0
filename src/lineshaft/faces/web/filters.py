"""What people type above a column, as conditions: `>5`, `5..10`, `=W-1043`, `!=`, `2026-03-05`, or part of a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

import dataframely as dy

from lineshaft.core import BadInput, Fault
from lineshaft.faces.desk.paging import Filter
from lineshaft.faces.web.grid import Column, read_text
from lineshaft.store.cells import BadCell, narrow

PREFIX = "f_"
SIGNS = {"≥": "ge", ">=": "ge", "≤": "le", "<=": "le", "≠": "ne", "!=": "ne", ">": "gt", "<": "lt", "=": "eq"}
_SIGNED = re.compile(r"(>=|<=|!=|[<>=≥≤≠])\s*(.*)", re.DOTALL)


def typed_filters(query: Mapping[str, str], columns: Iterable[Column]) -> dict[str, str]:
    """Column → what was typed above it."""
    return {
        column.name: query[PREFIX + column.name].strip()
        for column in columns
        if query.get(PREFIX + column.name, "").strip()
    }


def conditions(
    typed: Mapping[str, str], columns: Iterable[Column], schema: type[dy.Schema], zone: str
) -> tuple[tuple[Filter, ...], list[Fault]]:
    """The conditions, and a fault for each that cannot be understood."""
    found: list[Filter] = []
    faults: list[Fault] = []
    rules = schema.columns()
    for column in columns:
        if column.name not in typed:
            continue
        try:
            found += _of_column(typed[column.name], column, rules[column.name], zone)
        except BadCell as bad:
            faults.append(Fault("", (), column.name, typed[column.name], bad.rule, bad.words))
    return tuple(found), faults


def _of_column(text: str, column: Column, rule: dy.Column, zone: str) -> list[Filter]:
    signed = _SIGNED.fullmatch(narrow(text))
    operator, rest = (SIGNS[signed[1]], signed[2].strip()) if signed else ("", narrow(text))
    if signed and not rest:
        return [Filter(column.name, "filled" if operator == "ne" else "empty")]
    if column.kind == "text":
        return [Filter(column.name, operator or "has", rest)]
    if ".." in rest and not signed:
        low, high = (part.strip() for part in rest.split("..", 1))
        return [
            Filter(column.name, sign, _value(part, column, rule, zone, last))
            for sign, part, last in (("ge", low, False), ("le", high, True))
            if part
        ]
    if column.kind == "moment" and _is_day(rest):
        return _on_day(operator, rest, column, rule, zone)
    return [Filter(column.name, operator or "eq", _value(rest, column, rule, zone, False))]


def _value(text: str, column: Column, rule: dy.Column, zone: str, last: bool) -> str:
    if column.kind == "real" or (column.is_number and column.factor):
        return _number(text, column)
    value = read_text(text, rule, zone)
    if column.kind == "moment":
        late = timedelta(days=1, microseconds=-1) if last and _is_day(text) else timedelta()
        return (value + late).isoformat().replace("+00:00", "Z")
    return "true" if value is True else "false" if value is False else str(value)


def _number(text: str, column: Column) -> str:
    """A bound may fall between two values that the column can hold."""
    try:
        return repr(float(Fraction(text) * (column.factor or 1)))
    except (ValueError, ZeroDivisionError):
        raise BadCell("dtype", f"is {text!r}, must be a number", f"为“{text}”,须为数字") from None


def _is_day(text: str) -> bool:
    return ":" not in text and "时" not in text


def _on_day(operator: str, text: str, column: Column, rule: dy.Column, zone: str) -> list[Filter]:
    """A day stands for all its moments."""
    first: datetime = read_text(text, rule, zone)
    after = first + timedelta(days=1)
    bounds: dict[str, list[tuple[str, datetime]]] = {
        "": [("ge", first), ("lt", after)],
        "eq": [("ge", first), ("lt", after)],
        "ge": [("ge", first)],
        "gt": [("ge", after)],
        "lt": [("lt", first)],
        "le": [("lt", after)],
    }
    if operator not in bounds:
        raise BadCell("operator", "a day can be compared with =, <, >, ≤, ≥", "日期可用 =、<、>、≤、≥ 比较")
    return [Filter(column.name, sign, at.isoformat().replace("+00:00", "Z")) for sign, at in bounds[operator]]


def refuse(faults: list[Fault]) -> None:
    """Raise what could not be understood.

    Raises
    ------
    BadInput
        Any fault at all.
    """
    if faults:
        raise BadInput(faults)
