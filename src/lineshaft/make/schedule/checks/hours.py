"""Working time for the checker, re-derived the plain way: lists of [start, end) in whole seconds of UTC."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import polars as pl

from lineshaft.make.schedule.tables import ShopBook

Span = tuple[int, int]
Place = tuple[str, int]
DAY_S = 86_400


@dataclass(frozen=True)
class Hours:
    """Working time as sorted spans that neither overlap nor touch; `before[i]` is the work done before span i."""

    starts: list[int]
    ends: list[int]
    before: list[int]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Hours:
        """Merge spans that overlap or touch."""
        merged: list[list[int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            elif end > start:
                merged.append([start, end])
        lengths = accumulate((end - start for start, end in merged), initial=0)
        return cls([s for s, _ in merged], [e for _, e in merged], list(lengths))

    def spans(self) -> list[Span]:
        """The spans as pairs."""
        return list(zip(self.starts, self.ends))

    def worked_until(self, at_s: int) -> int:
        """Working seconds before `at_s`."""
        i = bisect_right(self.starts, at_s) - 1
        return 0 if i < 0 else self.before[i] + min(at_s, self.ends[i]) - self.starts[i]

    def worked(self, start_s: int, end_s: int) -> int:
        """Working seconds in [start, end); none when the end comes first."""
        return max(0, self.worked_until(end_s) - self.worked_until(start_s))

    def can_begin(self, at_s: int) -> bool:
        """True when there is work right after `at_s`."""
        i = bisect_right(self.starts, at_s) - 1
        return i >= 0 and at_s < self.ends[i]

    def can_finish(self, at_s: int) -> bool:
        """True when there is work right before `at_s`."""
        i = bisect_left(self.starts, at_s) - 1
        return i >= 0 and at_s <= self.ends[i]

    def unbroken(self, start_s: int, end_s: int) -> bool:
        """True when one span holds all of [start, end]."""
        i = bisect_right(self.starts, start_s) - 1
        return i >= 0 and end_s <= self.ends[i]

    def both(self, other: Hours) -> Hours:
        """Time that is working time in both."""
        out, i, j = [], 0, 0
        while i < len(self.starts) and j < len(other.starts):
            start, end = max(self.starts[i], other.starts[j]), min(self.ends[i], other.ends[j])
            if start < end:
                out.append((start, end))
            if self.ends[i] < other.ends[j]:
                i += 1
            else:
                j += 1
        return Hours.of(out)

    def without(self, other: Hours) -> Hours:
        """Time that is working time here and not there."""
        low = min([*self.starts, *other.starts], default=0) - 1
        high = max([*self.ends, *other.ends], default=0) + 1
        edges = [low, *(edge for span in other.spans() for edge in span), high]
        return self.both(Hours.of(zip(edges[::2], edges[1::2])))


class LaneHours:
    """Working time of every place of every resource of a book, between two times, made when asked for."""

    def __init__(self, book: ShopBook, low_s: int, high_s: int) -> None:
        self.window = (low_s - 3 * DAY_S, high_s + 3 * DAY_S)
        self.resources = {row["resource_id"]: row for row in book.resources.iter_rows(named=True)}
        self.periods: dict[str, list[tuple[int, int, int]]] = {}
        for row in rows(book.capacities):
            period = (to_s(row["start"]), to_s(row["end"]), row["capacity"])
            self.periods.setdefault(row["resource_id"], []).append(period)
        self.calendars = {row["calendar_id"]: CalendarRows(book, row) for row in rows(book.calendars)}
        self._made: dict[tuple[object, ...], Hours] = {}

    def of(self, places: Iterable[Place]) -> Hours:
        """Time when all these places work; without places the clock itself."""
        kinds = sorted({self._kind(resource_id, place_no) for resource_id, place_no in places}, key=repr)
        if ("both", *kinds) not in self._made:
            hours = Hours.of([self.window])
            for kind in kinds:
                hours = hours.both(self._one(kind))
            self._made[("both", *kinds)] = hours
        return self._made[("both", *kinds)]

    def _kind(self, resource_id: str, place_no: int) -> tuple[object, ...]:
        """What the working time of a place depends on: places that agree in it share their hours."""
        resource = self.resources[resource_id]
        if resource_id in self.periods:
            return (resource["calendar_id"], resource_id, place_no)
        return (resource["calendar_id"], "", place_no <= resource["capacity"])

    def _one(self, kind: tuple[object, ...]) -> Hours:
        if kind not in self._made:
            calendar_id, resource_id, place = kind
            always = Hours.of([self.window])
            hours = self.calendars[str(calendar_id)].between(*self.window) if calendar_id else always
            there = (
                self._open(str(resource_id), int(str(place)))
                if resource_id
                else Hours.of([self.window] * bool(place))
            )
            self._made[kind] = hours.both(there)
        return self._made[kind]

    def _open(self, resource_id: str, place_no: int) -> Hours:
        """Time when the capacity reaches up to this place; of two periods at once the later start holds."""
        low, high = self.window
        periods = sorted(self.periods[resource_id])
        edges = {
            low,
            high,
            *(edge for start, end, _ in periods for edge in (start, end) if low < edge < high),
        }
        times = sorted(edges)
        spans = []
        for start, end in pairwise(times):
            holding = [capacity for a, b, capacity in periods if a <= start < b]
            if (holding[-1] if holding else self.resources[resource_id]["capacity"]) >= place_no:
                spans.append((start, end))
        return Hours.of(spans)


class CalendarRows:
    """One calendar's shifts, breaks and exceptions."""

    def __init__(self, book: ShopBook, calendar: dict[str, object]) -> None:
        mine = calendar["calendar_id"]
        self.zone = ZoneInfo(str(calendar["time_zone"]))
        self.shifts = [row for row in rows(book.shifts) if row["calendar_id"] == mine]
        self.breaks = [row for row in rows(book.breaks) if row["calendar_id"] == mine]
        self.exceptions = [row for row in rows(book.exceptions) if row["calendar_id"] == mine]

    def between(self, low_s: int, high_s: int) -> Hours:
        """Shifts less their breaks, holidays and make-up days minded; then overtime added, closed times taken out."""
        first, last = (datetime.fromtimestamp(at_s, self.zone).date() for at_s in (low_s, high_s))
        open_spans: list[Span] = []
        for day in (first + timedelta(days=n) for n in range(-2, (last - first).days + 2)):
            weekday = self._worked_as(day)
            for shift in self.shifts:
                if shift["weekday"] == weekday:
                    open_spans += self._shift_on(day, shift)
        timed = {
            kind: [self._span(row["date"], row) for row in self.exceptions if row["kind"] == kind]
            for kind in KINDS
        }
        hours = Hours.of(open_spans + timed["overtime"]).without(Hours.of(timed["closed"]))
        return hours.both(Hours.of([(low_s, high_s)]))

    def costed(self) -> list[tuple[int, int, int]]:
        """(start, end, fen per hour) of the overtime that costs something."""
        return [
            (*self._span(row["date"], row), row["cost_fen_h"])
            for row in self.exceptions
            if row["kind"] == "overtime" and row["cost_fen_h"]
        ]

    def _worked_as(self, day: date) -> int | None:
        """Weekday whose shifts begin on this day; None on a holiday."""
        kinds = {row["kind"]: row for row in self.exceptions if row["date"] == day}
        if "work_as" in kinds:
            return int(kinds["work_as"]["as_weekday"])
        return None if "holiday" in kinds else day.isoweekday()

    def _shift_on(self, day: date, shift: dict[str, object]) -> list[Span]:
        pauses = [
            self._span(day, row)
            for row in self.breaks
            if (row["weekday"], row["shift_no"]) == (shift["weekday"], shift["shift_no"])
        ]
        return Hours.of([self._span(day, shift)]).without(Hours.of(pauses)).spans()

    def _span(self, day: date, row: dict[str, object]) -> Span:
        midnight = datetime(day.year, day.month, day.day)
        start, end = (midnight + timedelta(minutes=int(str(row[name]))) for name in ("start_min", "end_min"))
        return self._wall_to_s(start), self._wall_to_s(end)

    def _wall_to_s(self, wall: datetime) -> int:
        """UTC seconds of a time on the wall clock; one that the clock skips is the moment of the skip."""
        at = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != wall:
            while (at - MINUTE).astimezone(self.zone).utcoffset() == at.astimezone(self.zone).utcoffset():
                at -= MINUTE
        return to_s(at)


MINUTE = timedelta(minutes=1)
KINDS = ("overtime", "closed")


def rows(frame: pl.DataFrame | None) -> list[dict[str, object]]:
    """Rows as dictionaries; none of a table that is absent."""
    return [] if frame is None else list(frame.iter_rows(named=True))


def to_s(at: datetime) -> int:
    """Whole seconds of UTC since 1970, rounded down."""
    return int((at.astimezone(UTC) - EPOCH) // timedelta(seconds=1))


def to_s_up(at: datetime) -> int:
    """Whole seconds of UTC since 1970, rounded up."""
    return -int((EPOCH - at.astimezone(UTC)) // timedelta(seconds=1))


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
