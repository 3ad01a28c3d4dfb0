"""The plan of one object as a small picture: one line a step where they are few, one line for all where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core.frames import key_columns
from lineshaft.faces.desk.thread import Thread
from lineshaft.faces.web import urls
from lineshaft.faces.web.words import Speech
from lineshaft.store.sql import Schemas

LINES_MOST = 30
SPAN = ("start", "end")


@dataclass(frozen=True)
class Bar:
    """One planned span; `left` and `width` are shares of the picture in percent, `line` counts from 0."""

    label: str
    said: str
    address: str
    left: float
    width: float
    line: int


@dataclass(frozen=True)
class Timeline:
    """Bars, day marks (share, label) and the moment due (share), where the object has one."""

    bars: list[Bar]
    lines: int
    ticks: list[tuple[float, str]]
    due: float | None


def timeline(
    thread: Thread, frames: Mapping[str, pl.DataFrame], schemas: Schemas, works: str, speech: Speech
) -> Timeline | None:
    """The spans that touch an object, or none."""
    name, spans = _spans(thread, frames, schemas)
    if spans is None:
        return None
    due = thread.row.get("due")
    first, last = spans["start"].min(), spans["end"].max()
    edges = [at for at in (first, last, due) if isinstance(at, datetime)]
    start, end = min(edges), max(edges)
    length = max((end - start).total_seconds(), 60.0)

    def share(at: datetime) -> float:
        return 100 * (at - start).total_seconds() / length

    many = len(spans) > LINES_MOST
    keys, held = key_columns(schemas[name]), _held(thread, schemas)
    bars = []
    for number, row in enumerate(spans.sort("start").iter_rows(named=True)):
        own = [str(row[key]) for key in keys if (key, row[key]) not in held]
        label = " ".join(own) or str(row[keys[0]])
        said = f"{' '.join(str(row[key]) for key in keys)}: {speech.moment(row['start'])} – {speech.moment(row['end'])}"
        bars.append(
            Bar(
                label,
                said,
                urls.object_(works, name, [row[key] for key in keys]),
                share(row["start"]),
                max(0.3, share(row["end"]) - share(row["start"])),
                0 if many else number,
            )
        )
    due_share = share(due) if isinstance(due, datetime) else None
    return Timeline(bars, 1 if many else len(bars), _ticks(start, end, share, speech), due_share)


def _spans(
    thread: Thread, frames: Mapping[str, pl.DataFrame], schemas: Schemas
) -> tuple[str, pl.DataFrame | None]:
    """Linked rows with a start and an end; rows that have none borrow them from a table with the same key."""
    found: list[tuple[int, str, pl.DataFrame]] = []
    for link in thread.links:
        if link.role != "from":
            continue
        if has_span(schemas[link.table]):
            found.append((link.found, link.table, link.rows))
            continue
        for name, schema in schemas.items():
            keys = key_columns(schema)
            if name in frames and has_span(schema) and len(keys) > 1 and set(keys) <= set(link.rows.columns):
                spans = frames[name].join(link.rows.select(keys).unique(), on=keys, how="semi")
                found.append((len(spans), name, spans))
    found = [one for one in found if one[0]]
    if not found:
        return "", None
    _, name, spans = max(found, key=lambda one: one[0])
    return name, spans.head(400)


@cache
def has_span(schema: type[dy.Schema]) -> bool:
    """True for a table whose rows say from when to when something is planned, by a key that is not a time itself."""
    columns = schema.columns()
    return all(isinstance(columns.get(name), dy.Datetime) and not columns[name].primary_key for name in SPAN)


def _held(thread: Thread, schemas: Schemas) -> set[tuple[str, Any]]:
    return set(zip(key_columns(schemas[thread.table]), thread.key))


def _ticks(start: datetime, end: datetime, share: Any, speech: Speech) -> list[tuple[float, str]]:
    days = max(1, (end - start).days)
    step = next((one for one in (1, 2, 7, 14, 28, 91, 182, 365) if days / one <= 8), 730)
    first = (start + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    marks = [first + timedelta(days=step * n) for n in range(12)]
    return [(share(at), speech.short(at)[:5]) for at in marks if at < end]
