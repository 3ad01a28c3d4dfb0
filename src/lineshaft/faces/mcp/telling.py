"""From values to bounded, plain answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import polars as pl
from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel

from lineshaft.core import Engine, Fault, Kpi, LineshaftError, Reason, Words
from lineshaft.core.solve import table_name
from lineshaft.faces.desk.comparing import KpiPair
from lineshaft.faces.mcp.answers import (
    Answer,
    Counts,
    Difference,
    FaultOut,
    KpiOut,
    KpiPairOut,
    ReasonOut,
    Row,
    RunHead,
    Said,
)
from lineshaft.faces.saying import amount, reason_words
from lineshaft.store.records import RunRecord
from lineshaft.store.sql import Schemas
from lineshaft.store.state import TableChange

ANSWER_MOST = 24_000
LIST_MOST = 12_000
T = TypeVar("T")


def answer(data: Answer, said: Words, language: str) -> CallToolResult:
    """Short text, then the data: structured, and as text for clients that show nothing else.

    Raises
    ------
    LineshaftError
        The answer is too large to be of use to anybody.
    """
    body = data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if len(text) > ANSWER_MOST:
        raise LineshaftError(
            f"The answer has {len(text):,} characters, more than {ANSWER_MOST:,}: ask for fewer rows or columns.",
            f"结果共 {len(text):,} 个字符,超过上限 {ANSWER_MOST:,}:请减少行数或列数。",
        )
    short = said.say(language) + (f"\n→ {data.next}" if data.next else "")
    return CallToolResult(
        content=[TextContent(type="text", text=part) for part in (short, text)], structured_content=body
    )


def fitted(items: Iterable[T], most: int = LIST_MOST) -> list[T]:
    """The first items that together stay below `most` characters in an answer, at least one."""
    kept: list[T] = []
    for item in items:
        most -= size_of(item)
        if most < 0 and kept:
            break
        kept.append(item)
    return kept


def size_of(item: Any) -> int:
    """Characters of an item in an answer."""
    plain = (
        item.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        if isinstance(item, BaseModel)
        else item
    )
    return len(json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=str)) + 1


def plain(value: Any, zone: ZoneInfo) -> Any:
    """A cell as JSON has it; times in the works' zone with their offset."""
    if isinstance(value, datetime):
        local = value.astimezone(zone) if value.tzinfo else value
        return local.isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return value.isoformat() if isinstance(value, date) else value


def row_out(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    """A row without its empty cells."""
    return {name: plain(value, zone) for name, value in row.items() if value is not None}


def rows_out(frame: pl.DataFrame, zone: ZoneInfo, most: int = LIST_MOST) -> list[Row]:
    """The first rows that fit into an answer."""
    return fitted((row_out(row, zone) for row in frame.iter_rows(named=True)), most)


def said_out(words: Words) -> Said:
    """Words as an answer has them."""
    return Said(en=words.en, zh=words.zh)


def kpis_out(kpis: Iterable[Kpi]) -> list[KpiOut]:
    """Figures."""
    return [
        KpiOut(name=k.name, value=k.value, unit=k.unit, better=k.better, bound=k.bound, gap=k.gap)
        for k in kpis
    ]


def kpis_said(kpis: Iterable[Kpi]) -> str:
    """Figures in one line."""
    return "; ".join(f"{kpi.name} {amount(kpi.value, kpi.unit)}" for kpi in kpis) or "-"


def pairs_out(pairs: Iterable[KpiPair]) -> list[KpiPairOut]:
    """Figures side by side."""
    return [
        KpiPairOut(
            name=pair.name,
            unit=pair.unit,
            first=None if pair.first is None else pair.first.value,
            second=None if pair.second is None else pair.second.value,
            difference=pair.difference,
            better=pair.better,  # type: ignore[arg-type]
        )
        for pair in pairs
    ]


def reason_out(engine: Engine, reason: Reason, zone: ZoneInfo) -> ReasonOut:
    """A reason with its words."""
    words = reason_words(engine, reason)
    return ReasonOut(
        table=table_of(engine, reason.table),
        key=[str(part) for part in reason.key],
        code=reason.code,
        facts=row_out(reason.facts, zone),
        en=words.en,
        zh=words.zh,
    )


def table_of(engine: Engine, member: str) -> str:
    """The table of a member: agents know tables by one name only."""
    for part in ("outputs", "inputs"):
        schema = engine.load(part).member_schemas().get(member)
        if schema is not None:
            return table_name(schema)
    return member


def member_of(engine: Engine, table: str) -> str:
    """The output member of an engine that is this table; the name itself when there is none."""
    members = engine.load("outputs").member_schemas().items()
    return next((member for member, schema in members if table in (member, table_name(schema))), table)


def codes(reasons: Iterable[Reason]) -> dict[str, int]:
    """How many of each code, most first."""
    return dict(Counter(reason.code for reason in reasons).most_common())


def faults_out(faults: Iterable[Fault], most: int = LIST_MOST) -> list[FaultOut]:
    """The first faults that fit into an answer."""
    return fitted((FaultOut(**fault.as_dict()) for fault in faults), most)


def run_head(record: RunRecord, zone: ZoneInfo) -> RunHead:
    """A run in short."""
    return RunHead(
        run=record.run_id,
        engine=record.engine,
        status=record.status,
        by=record.actor,
        created=plain(record.created, zone),
        what_if=bool(record.overlay),
    )


def counts_out(tables: Mapping[str, TableChange]) -> dict[str, Counts]:
    """Rows that differ, by table; tables that are the same are left out."""
    return {name: Counts(**change.counts) for name, change in tables.items() if not change.is_empty}


def differences(
    tables: Mapping[str, TableChange], schemas: Schemas, zone: ZoneInfo, offset: int, limit: int
) -> tuple[list[Difference], int]:
    """Rows that differ, `limit` of each table from `offset` on; and how many are not shown."""
    found = sum(sum(change.counts.values()) for change in tables.values())
    rows = [
        row
        for name, change in tables.items()
        for row in _rows_that_differ(name, change, schemas[name].primary_key(), zone, offset, limit)
    ]
    shown = fitted(rows)
    return shown, found - len(shown)


def _rows_that_differ(
    name: str, change: TableChange, keys: Sequence[str], zone: ZoneInfo, offset: int, limit: int
) -> list[Difference]:
    pairs = zip(change.was.sort(keys).iter_rows(named=True), change.changed.sort(keys).iter_rows(named=True))
    rows: list[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]] = [
        *(("changed", was, becomes) for was, becomes in pairs),
        *(("inserted", None, row) for row in change.inserted.iter_rows(named=True)),
        *(("removed", row, None) for row in change.removed.iter_rows(named=True)),
    ]
    out = []
    for kind, was, becomes in rows[offset : offset + limit]:
        key = [plain((becomes or was or {})[column], zone) for column in keys]
        other = [name for name in was if was[name] != becomes[name]] if was and becomes else None
        out.append(
            Difference(
                table=name,
                key=key,
                change=kind,  # type: ignore[arg-type]
                was=_cells(was, other, zone),
                becomes=_cells(becomes, other, zone),
            )
        )
    return out


def _cells(row: Mapping[str, Any] | None, names: list[str] | None, zone: ZoneInfo) -> Row | None:
    """The named cells, empty ones too; without names all that are filled."""
    if row is None:
        return None
    return row_out(row, zone) if names is None else {name: plain(row[name], zone) for name in names}
