"""From an event log to a works: orders, routes as performed, skills, hours and places, and history as a plan of it.

The model must hold history itself: every inferred limit (hours, places, who can do what, how far steps overlap) is at
least what the log shows, so that the checker that judges a plan can judge history by the same tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from lineshaft.store.attendance import BREAK_S, DAY_S, raised
from lineshaft.store.eventlog import EventLog, find_zone
from lineshaft.store.findings import Finding, findings
from lineshaft.store.people import People, Step, as_steps, as_table, moment, order_spans, read_people
from lineshaft.store.roster import calendar_tables
from lineshaft.tables import TABLES
from lineshaft.tables.worktime import working_intervals

SUSTAINED_SHARE = 0.10
CLASS_MODE, PERSON_MODE = 1, 2
Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Inferred:
    """A works read from a log.

    Parameters
    ----------
    frames
        Table → rows, ready for a works or an engine.
    history
        `operation_plan`, `resource_plan`, `order_plan`, `actual_event`: what happened, under the same tables.
    report
        What was inferred, from how much, and how sure it is.
    """

    frames: Tables
    history: Tables
    report: tuple[Finding, ...]


def infer_works(log: EventLog, *, zone: str = "UTC", sustained: float = SUSTAINED_SHARE) -> Inferred:
    """Infer a works from a log.

    Orders are released at their first real start and due at their real end. Steps follow each other as performed; steps
    that overlapped may overlap as far as they did (start-start lag in clock time) and no further. Each step needs the
    working time it was worked on, by anybody who does that activity regularly or by the person who did it.
    People work the hours they attended while the log runs and their typical week afterwards. A person has as many
    places as he had operations in hand at once for at least `sustained` of his busy time, and more when the log shows
    more. Work may pause when the log shows work going on after a night.

    Parameters
    ----------
    zone
        IANA zone of the works: where its midnights and weekdays are.
    sustained
        Share of busy time, 0 to 1.

    Raises
    ------
    BadInput
        Unknown zone.
    """
    find_zone(zone)
    steps = as_steps(log.frame, zone)
    people = read_people(steps, sustained)
    frames = calendar_tables(people, zone)
    hours = {person: Hours.of(person, frames, people.days) for person in people.steps}
    pausing = goes_on_after_nights(steps) or any(
        len(p) > 1 for some in people.presence.values() for p in some.pieces
    )
    frames |= resource_tables(people) | order_tables(steps, people, hours, pausing)
    return Inferred(
        frames={name: frames[name] for name in TABLES if name in frames},
        history=history_tables(steps, people),
        report=findings(log, steps, people, frames, zone, sustained),
    )


def goes_on_after_nights(steps: list[Step]) -> bool:
    """True when the log shows an order's activity going on after hours without work: work is put down and taken up."""
    return any(
        before.order_id == after.order_id
        and before.activity == after.activity
        and after.start - before.end > BREAK_S
        for before, after in pairwise(steps)
    )


@dataclass(frozen=True)
class Hours:
    """Working time of one calendar in UTC seconds, as the tables say it."""

    starts: Any
    ends: Any
    before: Any

    @classmethod
    def of(cls, calendar_id: str, frames: Mapping[str, pl.DataFrame], days: tuple[int, int]) -> Hours:
        """The hours of a calendar over the days of the log."""
        low, high = (datetime.fromtimestamp(day * DAY_S, UTC) for day in (days[0] - 2, days[1] + 3))
        starts, ends = working_intervals(
            calendar_id, frames["calendar"], frames["shift"], None, frames["calendar_exception"], low, high
        )
        return cls(starts, ends, np.concatenate([[0], np.cumsum(ends - starts)]))

    def worked_s(self, start: int, end: int) -> int:
        """Working seconds in [start, end)."""
        return self._until(end) - self._until(start)

    def _until(self, at: int) -> int:
        i = int(np.searchsorted(self.starts, at, side="right")) - 1
        return 0 if i < 0 else int(self.before[i] + min(at, self.ends[i]) - self.starts[i])


def order_tables(steps: list[Step], people: People, hours: Mapping[str, Hours], pausing: bool) -> Tables:
    """Work orders, operations, modes, demands and dependencies."""
    operations, modes, demands = [], [], []
    for step in steps:
        key = {"order_id": step.order_id, "op_no": step.op_no}
        work_s = step.end - step.start
        if step.person is not None:
            work_s = hours[step.person].worked_s(step.start, step.end)
        pausable = pausing and step.person is not None
        operations.append(key | {"name": step.activity, "pausable": pausable})
        for mode_no, held in ways(step, people).items():
            modes.append(key | {"mode_no": mode_no, "lot_s": work_s, "piece_s": 0})
            if held:
                demands.append(key | {"mode_no": mode_no, "demand_no": 1, "quantity": 1} | held)
    orders: list[dict[str, Any]] = [
        {"order_id": order_id, "quantity": 1, "release": moment(start), "due": moment(end), "weight": 1}
        for order_id, (start, end) in order_spans(steps).items()
    ]
    return {
        "work_order": as_table("work_order", orders),
        "operation": as_table("operation", operations),
        "operation_mode": as_table("operation_mode", modes),
        "resource_demand": as_table("resource_demand", demands),
        "segment_dependency": as_table("segment_dependency", dependencies(steps)),
    }


def ways(step: Step, people: People) -> dict[int, dict[str, str]]:
    """Mode → what it holds: any regular person of the activity, and the person who did it where not among them."""
    if step.person is None:
        return {CLASS_MODE: {}}
    by_class = {CLASS_MODE: {"class_id": step.activity}}
    if step.person in people.members[step.activity]:
        return by_class
    return by_class | {PERSON_MODE: {"resource_id": step.person}}


def dependencies(steps: list[Step]) -> list[dict[str, Any]]:
    """What follows what within each order, where it is more than "each step after the one before".

    Step B follows the end of every step that had ended when B began, and starts no sooner after the start of an
    overlapping step than it did; what follows from other rows by itself is left out.
    """
    rows: list[dict[str, Any]] = []
    by_order: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_order[step.order_id].append(step)
    for order_id, mine in by_order.items():
        for number, step in enumerate(mine):
            ended = [other for other in mine[:number] if other.end <= step.start]
            running = [other for other in mine[:number] if other.end > step.start]
            latest = ended[-1] if ended else None
            needed = [other for other in ended if latest and (other is latest or other.end > latest.start)]
            links = [(other.op_no, "end_start", 0) for other in needed]
            links += [(other.op_no, "start_start", step.start - other.start) for other in running[-1:]]
            if links != [(step.op_no - 1, "end_start", 0)]:
                key = {"order_id": order_id, "op_no": step.op_no, "after_order_id": order_id}
                rows += [
                    key | {"after_op_no": op_no, "kind": kind, "lag_s": lag_s} for op_no, kind, lag_s in links
                ]
    return rows


def resource_tables(people: People) -> Tables:
    """People, their places over time, and skills."""
    resources, capacities = [], []
    for person, usual in people.usual.items():
        key = {"resource_id": person}
        resources.append(key | {"kind": "person", "calendar_id": person, "capacity": usual})
        spans = [(step.start, step.end) for step in people.steps[person]]
        capacities += [
            key | {"start": moment(start), "end": moment(end), "capacity": places}
            for start, end, places in raised(spans, people.places[person], usual)
        ]
    classes = [{"class_id": activity, "name": activity, "kind": "person"} for activity in people.members]
    members = [
        {"class_id": activity, "resource_id": person}
        for activity, some in people.members.items()
        for person in some
    ]
    return {
        "resource": as_table("resource", resources),
        "resource_capacity": as_table("resource_capacity", capacities),
        "resource_class": as_table("resource_class", classes),
        "class_member": as_table("class_member", members),
    }


def history_tables(steps: list[Step], people: People) -> Tables:
    """What happened, as a plan under the inferred tables and as events."""
    operations, resources, events = [], [], []
    place_of = {
        (step.order_id, step.op_no): place
        for person, mine in people.steps.items()
        for step, place in zip(mine, people.places[person])
    }
    for step in steps:
        key = {"order_id": step.order_id, "op_no": step.op_no}
        mode_no = max(ways(step, people))
        times = {"start": moment(step.start), "end": moment(step.end)}
        operations.append(key | times | {"mode_no": mode_no, "locked": False})
        for kind, at in (("start", times["start"]), ("finish", times["end"])):
            event_id = f"{step.order_id[:60]}/{step.op_no}/{kind}"
            events.append(
                key
                | {
                    "event_id": event_id,
                    "kind": kind,
                    "at": at,
                    "resource_id": step.person,
                    "mode_no": mode_no,
                }
            )
        if step.person is not None:
            held = {"demand_no": 1, "unit_no": 1, "resource_id": step.person}
            resources.append(key | held | {"place_no": place_of[step.order_id, step.op_no]})
    orders: list[dict[str, Any]] = [
        {"order_id": order_id, "start": moment(start), "end": moment(end), "tardiness_s": 0}
        for order_id, (start, end) in order_spans(steps).items()
    ]
    return {
        "operation_plan": as_table("operation_plan", operations),
        "resource_plan": as_table("resource_plan", resources),
        "order_plan": as_table("order_plan", orders),
        "actual_event": as_table("actual_event", events),
    }
