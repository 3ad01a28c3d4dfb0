"""Calendars of people as the log shows them: attended hours while it runs, the usual week afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from lineshaft.store.attendance import DAY_S, EPOCH, Span, Week, typical_week, works_week
from lineshaft.store.people import People, as_table


def calendar_tables(people: People, zone: str) -> dict[str, pl.DataFrame]:
    """One calendar a person, named like the person.

    On every day of the log nobody works but in the stretches attended (holiday and overtime rows); later days have the
    person's typical week. People whose hours cannot be told work when the works usually does, on all days but those
    on which nobody did, and when they were seen.
    """
    calendars, shifts, exceptions = [], [], []
    shared = shared_week(people)
    idle = idle_days(people)
    for person, presence in people.presence.items():
        visitor = person in people.visitors
        week = shared if visitor else typical_week(presence.stretches) or shared
        closed = idle if visitor else range(people.days[0] - 1, people.days[1] + 1)
        calendars.append({"calendar_id": person, "time_zone": zone})
        shifts += week_rows(person, week)
        exceptions += [exception(person, day, 1, "holiday") for day in closed]
        exceptions += attended_rows(person, presence.stretches)
    return {
        "calendar": as_table("calendar", calendars),
        "shift": as_table("shift", shifts),
        "calendar_exception": as_table("calendar_exception", exceptions),
    }


def shared_week(people: People) -> Week:
    """Hours of the week in which somebody is usually there."""
    stretches = (span for presence in people.presence.values() for span in presence.stretches)
    return works_week(stretches, *people.days)


def idle_days(people: People) -> list[int]:
    """Days of the log on which nobody was there at all."""
    busy = {
        day
        for presence in people.presence.values()
        for start, end in presence.stretches
        for day in range(start // DAY_S, (end - 1) // DAY_S + 1)
    }
    return [day for day in range(people.days[0], people.days[1] + 1) if day not in busy]


def week_rows(calendar_id: str, week: Week) -> list[dict[str, Any]]:
    """Rows of `shift`."""
    return [
        {
            "calendar_id": calendar_id,
            "weekday": weekday,
            "shift_no": number,
            "start_min": start,
            "end_min": end,
        }
        for weekday, spans in sorted(week.items())
        for number, (start, end) in enumerate(spans, start=1)
    ]


def attended_rows(calendar_id: str, stretches: list[Span]) -> list[dict[str, Any]]:
    """Rows of `calendar_exception`: every stretch as overtime, cut at midnight."""
    rows: list[dict[str, Any]] = []
    number: dict[int, int] = {}
    for start, end in stretches:
        for day in range(start // DAY_S, (end - 1) // DAY_S + 1):
            number[day] = number.get(day, 1) + 1
            row = exception(calendar_id, day, number[day], "overtime")
            from_s, to_s = max(start - day * DAY_S, 0), min(end - day * DAY_S, DAY_S)
            rows.append(row | {"start_min": from_s // 60, "end_min": to_s // 60})
    return rows


def exception(calendar_id: str, day: int, number: int, kind: str) -> dict[str, Any]:
    """One row of `calendar_exception`."""
    return {
        "calendar_id": calendar_id,
        "date": date.fromordinal(EPOCH + day),
        "exception_no": number,
        "kind": kind,
    }
