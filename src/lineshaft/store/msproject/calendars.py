"""Calendars of a Microsoft Project file as tables: the week, what a calendar takes from its base, and exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from lineshaft.store.msproject.xml import Node

Spans = tuple[tuple[int, int], ...]
Row = tuple[object, ...]

USUAL: Spans = ((480, 720), (780, 1_020))
"""Project's own standard: 8–12 and 13–17 from Monday to Friday."""

DAILY, WEEKLY = (0, 1, 7, 9), 6
FAR_DAYS, DEEPEST = 4_000, 20


class Week:
    """A calendar's week (weekday 1 Monday to 7 Sunday → working spans in minutes) and dates that differ from it."""

    def __init__(self, days: dict[int, Spans], dates: dict[date, tuple[Spans, str]]) -> None:
        self.days, self.dates = days, dates


def weeks(
    calendars: dict[int, Node], first: date, last: date, note: Callable[[str, str], None]
) -> dict[int, Week]:
    """Every calendar with what it takes from its base, dates from the first to the last.

    Parameters
    ----------
    note
        Called with "recurring" and a name for exceptions that cannot be laid out.
    """
    made: dict[int, Week] = {}

    def make(uid: int, above: frozenset[int] = frozenset()) -> Week:
        if uid in made:
            return made[uid]
        if uid not in calendars or uid in above or len(above) > DEEPEST:
            return Week({day: USUAL if day < 6 else () for day in range(1, 8)}, {})
        node = calendars[uid]
        base = make(node.whole("BaseCalendarUID", -1), above | {uid})
        days = base.days | dict(of_week(node))
        dates = base.dates | {
            day: said for day, said in differing(node, note, first, last) if first <= day <= last
        }
        made[uid] = Week(days, dates)
        return made[uid]

    for uid in calendars:
        make(uid)
    return made


def of_week(node: Node) -> Iterator[tuple[int, Spans]]:
    """(weekday, spans) that a calendar or a work week says itself; Project counts from Sunday = 1."""
    for day in node.all("WeekDays/WeekDay"):
        number = day.whole("DayType")
        if 1 <= number <= 7:
            yield (number + 5) % 7 + 1, spans(day)


def spans(node: Node) -> Spans:
    """Working times of a day; none on a day off, the usual ones where it only says that it is worked."""
    if not node.flag("DayWorking"):
        return ()
    found = [
        (minute(time.text("FromTime")), minute(time.text("ToTime")) or 1_440)
        for time in node.all("WorkingTimes/WorkingTime")
    ]
    return tuple(sorted((start, end) for start, end in found if end > start)) or USUAL


def minute(clock: str) -> int:
    """Minutes after midnight of 08:30:00."""
    parts = clock.split(":")
    return int(parts[0]) * 60 + int(parts[1]) if len(parts) > 1 and "".join(parts[:2]).isdigit() else 0


def differing(
    node: Node, note: Callable[[str, str], None], first: date, last: date
) -> Iterator[tuple[date, tuple[Spans, str]]]:
    """(date, what holds instead) of work weeks, then of exceptions in the old and in the new way to write them."""
    for week in node.all("WorkWeeks/WorkWeek"):
        days = dict(of_week(week))
        for day in period(week, first, last):
            if day.isoweekday() in days:
                yield day, (days[day.isoweekday()], week.text("Name"))
    for old in node.all("WeekDays/WeekDay"):
        if old.whole("DayType") == 0:
            for day in period(old, first, last):
                yield day, (spans(old), "")
    for exception in node.all("Exceptions/Exception"):
        kind = exception.whole("Type", 1)
        if kind not in (*DAILY, WEEKLY):
            note("recurring", exception.text("Name") or node.text("Name"))
            continue
        for day in period(exception, first, last):
            if falls_on(exception, kind, day):
                yield day, (spans(exception), exception.text("Name"))


def period(node: Node, first: date, last: date) -> Iterator[date]:
    """The days of its time period within the first and the last."""
    begin, end = next(node.all("TimePeriod"), node).when("FromDate"), None
    if begin:
        end = next(node.all("TimePeriod"), node).when("ToDate") or begin
    if begin and end:
        start = max(begin.date(), first)
        for number in range(min((min(end.date(), last) - start).days + 1, FAR_DAYS)):
            yield start + timedelta(days=number)


def falls_on(exception: Node, kind: int, day: date) -> bool:
    """Whether an exception of every n days or weeks falls on a day of its period."""
    begin = next(exception.all("TimePeriod"), exception).when("FromDate")
    every = max(exception.whole("Period", 1), 1)
    since = (day - begin.date()).days if begin else 0
    if kind != WEEKLY:
        return since % every == 0
    bit = 1 << day.isoweekday() % 7
    weeks_since = (since + (begin.isoweekday() % 7 if begin else 0)) // 7
    return bool(exception.whole("DaysOfWeek") & bit) and weeks_since % every == 0


def calendar_rows(name: str, week: Week, zone: str) -> dict[str, list[Row]]:
    """Rows of `calendar`, `shift` and `calendar_exception` of a calendar."""
    exceptions: list[Row] = []
    for day, (worked, what) in sorted(week.dates.items()):
        exceptions.append((name, day, 1, "holiday", None, None, None, what or None))
        exceptions += [
            (name, day, no, "overtime", None, *span, what or None) for no, span in enumerate(worked, 2)
        ]
    return {
        "calendar": [(name, name, zone)],
        "shift": [
            (name, day, no, *span)
            for day, worked in sorted(week.days.items())
            for no, span in enumerate(worked, 1)
        ],
        "calendar_exception": exceptions,
    }
