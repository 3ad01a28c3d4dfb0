"""The operations and the people of a log: routes as performed, attendance, places, skills."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from lineshaft.store.attendance import (
    DAY_S,
    Presence,
    Span,
    days_of,
    quiet_hours,
    read_presence,
    sustained_places,
    take_places,
)
from lineshaft.tables import TABLES

SURE_OPERATIONS = 5
VISITOR_SHARE = 0.10


class Step(NamedTuple):
    """One operation of the log: its place in the route, its times in UTC seconds and on the wall clock."""

    order_id: str
    op_no: int
    activity: str
    person: str | None
    start: int
    end: int
    wall: Span


@dataclass(frozen=True)
class People:
    """Who was there and who can do what.

    Parameters
    ----------
    steps
        Person → the person's steps, sorted by start and end.
    presence, places
        Person → attendance; place of each step; `usual` places.
    visitors
        People seen on so few days that their hours cannot be told.
    members
        Activity → people who can do it.
    days
        First and last day of the log, counted from 1970.
    """

    steps: dict[str, list[Step]]
    presence: dict[str, Presence]
    places: dict[str, list[int]]
    usual: dict[str, int]
    visitors: frozenset[str]
    members: dict[str, list[str]]
    days: tuple[int, int]

    def is_regular(self, person: str, operations: int) -> bool:
        """True when `operations` of one activity show that this person does it regularly."""
        return operations >= SURE_OPERATIONS and person not in self.visitors


def as_steps(log: pl.DataFrame, zone: str) -> list[Step]:
    """The operations of each order numbered by start, ties as the log has them."""
    wall = [
        pl.col(name).dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.epoch("s").alias(f"wall_{name}")
        for name in ("start", "end")
    ]
    rows = log.sort("case_id", "start", maintain_order=True).select(
        "case_id",
        pl.int_range(1, pl.len() + 1).over("case_id").alias("op_no"),
        "activity",
        "resource",
        pl.col("start", "end").dt.epoch("s"),
        *wall,
    )
    return [Step._make([*row[:6], row[6:]]) for row in rows.iter_rows()]


def read_people(steps: list[Step], sustained: float) -> People:
    """Attendance, places and skills of everybody the log names."""
    by_person: dict[str, list[Step]] = defaultdict(list)
    for step in sorted(steps, key=lambda step: (step.start, step.end)):
        if step.person is not None:
            by_person[step.person].append(step)
    works_quiet = quiet_hours([at for step in steps for at in step.wall])
    presence = {
        person: read_presence([step.wall for step in mine], works_quiet)
        for person, mine in sorted(by_person.items())
    }
    places = {person: take_places([(s.start, s.end) for s in by_person[person]]) for person in presence}
    usual = {
        person: sustained_places((piece for pieces in some.pieces for piece in pieces), sustained)
        for person, some in presence.items()
    }
    days = (min(step.wall[0] for step in steps) // DAY_S, max(step.wall[1] for step in steps) // DAY_S)
    there = {person: days_of(some.stretches) for person, some in presence.items()}
    open_days = set().union(*there.values()) if there else set()
    visitors = frozenset(
        person for person, some in there.items() if len(some) < VISITOR_SHARE * len(open_days)
    )
    members = who_can(steps, visitors)
    return People(dict(by_person), presence, places, usual, visitors, members, days)


def who_can(steps: list[Step], visitors: frozenset[str]) -> dict[str, list[str]]:
    """Activity → its regular people: not visitors, 5 operations or more; where there are none, everybody seen on it."""
    seen = Counter((step.activity, step.person) for step in steps if step.person is not None)
    everybody: dict[str, list[str]] = defaultdict(list)
    regular: dict[str, list[str]] = defaultdict(list)
    for (activity, person), count in sorted(seen.items()):
        everybody[activity].append(person)
        if count >= SURE_OPERATIONS and person not in visitors:
            regular[activity].append(person)
    return {activity: regular.get(activity, some) for activity, some in everybody.items()}


def order_spans(steps: list[Step]) -> dict[str, Span]:
    """Order → first start and last end (UTC seconds)."""
    spans: dict[str, Span] = {}
    for step in steps:
        start, end = spans.get(step.order_id, (step.start, step.end))
        spans[step.order_id] = (min(start, step.start), max(end, step.end))
    return spans


def as_table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of this table; columns not given are empty."""
    schema = TABLES[name]
    dtypes = {column: rule.dtype for column, rule in schema.columns().items()}
    return pl.DataFrame(rows, schema=dtypes).sort(schema.primary_key())


def moment(at_s: int) -> datetime:
    """UTC seconds since 1970 as a moment."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_s)
