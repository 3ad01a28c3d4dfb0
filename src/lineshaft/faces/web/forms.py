"""An engine's parameters as a form: every field from its declaration, and what was typed back to parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lineshaft.core import Engine, Fault, Limits, Words
from lineshaft.core.params import describe
from lineshaft.core.solve import table_name
from lineshaft.faces.web import urls
from lineshaft.faces.web.grid import columns_of, read_text
from lineshaft.faces.web.words import Speech
from lineshaft.store.cells import BadCell, narrow, to_utc
from lineshaft.store.overlay import Cell
from lineshaft.store.sql import Schemas

PARAM, LIMIT, CELLS = "p.", "l.", 4
OFFERED_LIMITS = {"time_limit_s": "30", "workers": "2"}


@dataclass(frozen=True)
class Field:
    """One input of the form; `kind` is "text", "number", "moment", "bool" or "choice"."""

    name: str
    words: Words
    help: Words
    kind: str
    value: str
    unit: str
    low: Any
    high: Any
    choices: tuple[str, ...]
    suggest: tuple[tuple[str, Words], ...]
    fault: str
    optional: bool

    def said(self, speech: Speech) -> str:
        """The value as people read it: a usual one by its name."""
        usual = dict(self.suggest)
        return speech.say(usual[self.value]) if self.value in usual else f"{self.value} {self.unit}".strip()


def parameter_fields(
    engine: Engine, typed: Mapping[str, str], faults: list[Fault], speech: Speech
) -> list[Field]:
    """The engine's own parameters, with what was typed or their defaults."""
    return _fields(engine.load("params"), PARAM, typed, faults, speech, {})


def limit_fields(typed: Mapping[str, str], faults: list[Fault], speech: Speech) -> list[Field]:
    """What every run understands."""
    return _fields(Limits, LIMIT, typed, faults, speech, OFFERED_LIMITS)


def _fields(
    kind: type[Any] | None,
    prefix: str,
    typed: Mapping[str, str],
    faults: list[Fault],
    speech: Speech,
    offered: Mapping[str, str],
) -> list[Field]:
    said = {fault.column: speech.say(fault.words) for fault in faults if fault.table == "parameters"}
    return [
        Field(
            name=prefix + one["name"],
            words=Words(one["en"], one["zh"]),
            help=Words(*one["help"]),
            kind=_kind(one),
            value=typed.get(prefix + one["name"], offered.get(one["name"], _shown(one["default"], speech))),
            unit=speech.unit(one["unit"]) if one["unit"] else "",
            low=one["min"],
            high=one["max"],
            choices=one["choices"],
            suggest=tuple((value, Words(en, zh)) for value, en, zh in one["suggest"]),
            fault=said.get(one["name"], ""),
            optional=one["default"] is None,
        )
        for one in describe(kind)
    ]


def _kind(one: Mapping[str, Any]) -> str:
    if one["choices"]:
        return "choice"
    return {int: "number", float: "number", bool: "bool", datetime: "moment"}.get(one["type"], "text")


def _shown(value: Any, speech: Speech) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return speech.moment(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def given(typed: Mapping[str, str], prefix: str, kind: type[Any] | None, speech: Speech) -> dict[str, Any]:
    """Parameters as typed, empty ones left to their defaults; times are local."""
    kinds = {one["name"]: _kind(one) for one in describe(kind)}
    values: dict[str, Any] = {}
    for name, text in typed.items():
        own = name.removeprefix(prefix)
        if name.startswith(prefix) and own in kinds and narrow(text):
            values[own] = _moment(narrow(text), speech) if kinds[own] == "moment" else narrow(text)
    return values


def _moment(text: str, speech: Speech) -> Any:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return text
    return stamp if stamp.tzinfo else to_utc(stamp, ZoneInfo(speech.zone))


def cell_choices(engine: Engine, schemas: Schemas) -> list[tuple[str, tuple[str, str], list[Any]]]:
    """Tables that an engine reads, each with the columns that a what-if may change."""
    tables = [table_name(schema) for schema in engine.load("inputs").member_schemas().values()]
    return [
        (
            name,
            getattr(schemas[name], "title", (name, name)),
            [c for c in columns_of(schemas[name]) if not c.key],
        )
        for name in dict.fromkeys(tables)
        if name in schemas
    ]


def cells(typed: Mapping[str, str], schemas: Schemas, speech: Speech) -> tuple[list[Cell], list[Fault]]:
    """The what-if cells of the form, and what is wrong with them."""
    found: list[Cell] = []
    faults: list[Fault] = []
    for number in range(CELLS):
        place, key, text = (typed.get(f"c{number}.{part}", "").strip() for part in ("place", "key", "value"))
        table, _, column = place.partition(".")
        if not place or table not in schemas or column not in schemas[table].columns():
            continue
        try:
            value = read_text(text, schemas[table].columns()[column], speech.zone)
        except BadCell as bad:
            faults.append(Fault("what-if", (key,), f"c{number}.value", text, bad.rule, bad.words))
            continue
        found.append(Cell(table, urls.key_parts(key.replace(" ", "/")), column, value))
    return found, faults
