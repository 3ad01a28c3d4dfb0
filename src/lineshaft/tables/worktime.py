"""Working time: from a calendar's shifts, breaks and exceptions in local time to intervals in UTC.

A calendar is first laid out on the wall clock, where every day has 24 hours, and then mapped to UTC by a monotone
function: the hour that the clock skips in spring has no length, the hour it shows twice in autumn is worked twice
by the shift that works at its end (a shift from 22:00 to 06:00 lasts 7 h in spring and 9 h in autumn). A wall time
that occurs twice means its first occurrence, as `fold=0` of PEP 495.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lineshaft.core.errors import BadInput, Fault, Missing, Words

DAY_S = 86_400
DAY_MIN = 1_440
WEEK_MIN = 7 * DAY_MIN
LONGEST_SHIFT_DAYS = 2
EPOCH = date(1970, 1, 1).toordinal()

Times = NDArray[np.int64]
Intervals = tuple[Times, Times]
Pieces = dict[int, list[tuple[int, int]]]

NOTHING: Intervals = (np.empty(0, np.int64), np.empty(0, np.int64))


def working_intervals(
    calendar_id: str,
    calendars: pl.DataFrame | None,
    shifts: pl.DataFrame | None,
    breaks: pl.DataFrame | None,
    exceptions: pl.DataFrame | None,
    start: datetime,
    end: datetime,
) -> Intervals:
    """When a calendar works between two moments.

    A shift belongs to the day it begins, also past midnight: a holiday takes the shifts that begin on it and leaves
    the night shift that runs into it. Overtime is added to that, closed times are taken away from both. A date's
    last holiday or work_as row decides.

    Parameters
    ----------
    calendar_id
        Which calendar.
    calendars, shifts, breaks, exceptions
        The tables `calendar`, `shift`, `shift_break` and `calendar_exception`; none where the works has none.
    start, end
        The period [start, end), with time zones.

    Returns
    -------
    starts, ends
        UTC seconds since 1970, sorted, disjoint, not touching, within the period.

    Raises
    ------
    Missing
        The calendar is not there.
    BadInput
        Its time zone is unknown.
    """
    zone_key = time_zone(calendar_id, calendars)
    zone = ZoneInfo(zone_key)
    first_day = start.astimezone(zone).toordinal() - EPOCH - LONGEST_SHIFT_DAYS
    last_day = end.astimezone(zone).toordinal() - EPOCH + 1
    mine = [rows_of(calendar_id, frame) for frame in (shifts, breaks, exceptions)]
    wall = wall_intervals(weekly_pieces(mine[0], mine[1]), mine[2], first_day, last_day)
    offsets = zone_offsets(zone_key, first_day, last_day + LONGEST_SHIFT_DAYS)
    utc = wall_to_utc(wall[0], *offsets), wall_to_utc(wall[1], *offsets)
    return clipped(merged(utc), int(start.timestamp() // 1), int(end.timestamp() // 1))


def time_zone(calendar_id: str, calendars: pl.DataFrame | None) -> str:
    """The IANA time zone of a calendar; raises Missing or BadInput."""
    rows = rows_of(calendar_id, calendars)
    if not rows:
        raise Missing(f"There is no calendar {calendar_id}.", f"没有日历 {calendar_id}。")
    key = str(rows[0]["time_zone"])
    if not is_zone(key):
        raise BadInput([zone_fault(calendar_id, key)])
    return key


def rows_of(calendar_id: str, frame: pl.DataFrame | None) -> list[dict[str, Any]]:
    """The rows of one calendar in a table that may be absent."""
    if frame is None or frame.is_empty():
        return []
    return frame.filter(pl.col("calendar_id") == calendar_id).to_dicts()


def weekly_pieces(shifts: list[dict[str, Any]], breaks: list[dict[str, Any]]) -> Pieces:
    """Working pieces by weekday in seconds after local midnight: each shift without its breaks."""
    resting: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in breaks:
        resting.setdefault((row["weekday"], row["shift_no"]), []).append((row["start_min"], row["end_min"]))
    pieces: Pieces = {}
    for row in shifts:
        weekday, at, until = row["weekday"], row["start_min"], row["end_min"]
        for rest_from, rest_to in sorted(resting.get((weekday, row["shift_no"]), [])):
            if at < min(rest_from, until):
                pieces.setdefault(weekday, []).append((at * 60, min(rest_from, until) * 60))
            at = max(at, rest_to)
        if at < until:
            pieces.setdefault(weekday, []).append((at * 60, until * 60))
    return pieces


def wall_intervals(
    pieces: Pieces, exceptions: list[dict[str, Any]], first_day: int, last_day: int
) -> Intervals:
    """Working intervals on the wall clock (seconds since 1970 local) of the shifts that begin first_day … last_day."""
    days = np.arange(first_day, last_day + 1)
    worked_as = (days + 3) % 7 + 1
    overtime: list[tuple[int, int]] = []
    closed: list[tuple[int, int]] = []
    for row in sorted(exceptions, key=lambda row: (row["date"], row["exception_no"])):
        day = row["date"].toordinal() - EPOCH
        if not first_day <= day <= last_day:
            continue
        if row["kind"] in ("holiday", "work_as"):
            worked_as[day - first_day] = row["as_weekday"] or 0
        else:
            midnight = day * DAY_S
            timed = overtime if row["kind"] == "overtime" else closed
            timed.append((midnight + row["start_min"] * 60, midnight + row["end_min"] * 60))
    starts, ends = [as_intervals(overtime)[0]], [as_intervals(overtime)[1]]
    for weekday, of_day in pieces.items():
        midnights = days[worked_as == weekday, None] * DAY_S
        bounds = np.array(of_day, np.int64)
        starts.append((midnights + bounds[:, 0]).ravel())
        ends.append((midnights + bounds[:, 1]).ravel())
    work = merged((np.concatenate(starts), np.concatenate(ends)))
    return subtract(work, merged(as_intervals(closed)))


def as_intervals(pairs: list[tuple[int, int]]) -> Intervals:
    """Pairs (start, end) as two arrays."""
    bounds = np.array(pairs, np.int64).reshape(-1, 2)
    return bounds[:, 0], bounds[:, 1]


@lru_cache(maxsize=256)
def zone_offsets(zone_key: str, first_day: int, last_day: int) -> Intervals:
    """Pieces of constant offset of a time zone over some days.

    Returns
    -------
    since, offset
        UTC second from which each piece holds, and local time minus UTC in it (s). Found by looking at every UTC
        midnight and halving the days between which the offset differs.
    """
    zone = ZoneInfo(zone_key)
    since, offset = [np.iinfo(np.int64).min // 2], [offset_s(zone, (first_day - 1) * DAY_S)]
    for day in range(first_day, last_day + 2):
        now = offset_s(zone, day * DAY_S)
        if now == offset[-1]:
            continue
        low, high = (day - 1) * DAY_S, day * DAY_S
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset_s(zone, middle) == offset[-1] else (low, middle)
        since.append(high)
        offset.append(now)
    return np.array(since, np.int64), np.array(offset, np.int64)


def offset_s(zone: ZoneInfo, utc_s: int) -> int:
    """Local time minus UTC at a UTC second."""
    offset = datetime.fromtimestamp(utc_s, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def wall_to_utc(wall: Times, since: Times, offset: Times) -> Times:
    """UTC of wall times: the first moment at which the wall clock shows them or, if it skips them, the skip."""
    piece_ends = since[1:] + offset[:-1]
    piece = np.searchsorted(piece_ends, wall, side="right")
    utc: Times = np.maximum(wall - offset[piece], since[piece])
    return utc


def merged(intervals: Intervals) -> Intervals:
    """Sorted, disjoint, not touching, none empty: the same set of moments."""
    starts, ends = intervals
    keep = ends > starts
    order = np.argsort(starts[keep], kind="stable")
    starts, ends = starts[keep][order], np.maximum.accumulate(ends[keep][order])
    if not len(starts):
        return NOTHING
    gap = starts[1:] > ends[:-1]
    return starts[np.r_[True, gap]], ends[np.r_[gap, True]]


def clipped(intervals: Intervals, start_s: int, end_s: int) -> Intervals:
    """The part of sorted disjoint intervals within [start_s, end_s)."""
    starts, ends = np.maximum(intervals[0], start_s), np.minimum(intervals[1], end_s)
    keep = ends > starts
    return starts[keep], ends[keep]


def intersect(a: Intervals, b: Intervals) -> Intervals:
    """Moments in both of two sets of sorted disjoint intervals."""
    if not len(a[0]) or not len(b[0]):
        return NOTHING
    first = np.searchsorted(b[1], a[0], side="right")
    count = np.maximum(np.searchsorted(b[0], a[1], side="left") - first, 0)
    mine = np.repeat(np.arange(len(a[0])), count)
    theirs = np.arange(len(mine)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return np.maximum(a[0][mine], b[0][theirs]), np.minimum(a[1][mine], b[1][theirs])


def subtract(a: Intervals, b: Intervals) -> Intervals:
    """Moments in `a` and not in `b`, both sorted and disjoint."""
    far = np.iinfo(np.int64).max // 2
    return intersect(a, (np.r_[-far, b[1]], np.r_[b[0], far]))


def total_s(intervals: Intervals) -> int:
    """Length of all intervals together (s)."""
    return int((intervals[1] - intervals[0]).sum())


def calendar_faults(frames: Mapping[str, pl.DataFrame]) -> list[Fault]:
    """What is wrong with calendars beyond single rows.

    Unknown time zones, shifts of one calendar that overlap (also over midnight and from Sunday into Monday), breaks
    outside their shift or overlapping, and dates with two patterns (holiday or work_as more than once).

    Parameters
    ----------
    frames
        The tables that are there, by name; each passes its own schema.
    """
    shifts, breaks = table(frames, "shift"), table(frames, "shift_break")
    zones = ((row["calendar_id"], row["time_zone"]) for row in table(frames, "calendar"))
    return [
        *(zone_fault(calendar, key) for calendar, key in zones if not is_zone(key)),
        *overlapping_shifts(shifts),
        *misplaced_breaks(shifts, breaks),
        *two_patterns(table(frames, "calendar_exception")),
    ]


def table(frames: Mapping[str, pl.DataFrame], name: str) -> list[dict[str, Any]]:
    """Rows of a table sorted by all columns that identify them, or none."""
    if name not in frames or frames[name].is_empty():
        return []
    names = ("calendar_id", "weekday", "shift_no", "break_no", "date", "exception_no")
    return frames[name].sort([key for key in names if key in frames[name].columns]).to_dicts()


@lru_cache(maxsize=1024)
def is_zone(key: str) -> bool:
    """Whether the IANA data base knows this time zone."""
    try:
        ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_fault(calendar_id: str, key: str) -> Fault:
    """An unknown time zone."""
    words = Words(
        f"{key} is not an IANA time zone; write for example Asia/Shanghai",
        f"{key} 不是 IANA 时区,请填写例如 Asia/Shanghai",
    )
    return Fault("calendar", (calendar_id,), "time_zone", key, "time_zone", words)


def overlapping_shifts(shifts: Iterable[dict[str, Any]]) -> Iterator[Fault]:
    """Shifts that begin before another of the same calendar ends; the week is a circle."""
    by_calendar: dict[str, list[tuple[int, int, dict[str, Any]]]] = {}
    for row in shifts:
        midnight = (row["weekday"] - 1) * DAY_MIN
        span = (midnight + row["start_min"], midnight + row["end_min"], row)
        by_calendar.setdefault(row["calendar_id"], []).append(span)
    for spans in by_calendar.values():
        spans.sort(key=lambda span: span[0])
        before = [(start - WEEK_MIN, end - WEEK_MIN, row) for start, end, row in spans]
        latest = max(before, key=lambda span: span[1])
        for span in spans:
            if span[0] < latest[1] and span[2] is not latest[2]:
                yield overlap_fault(span[2], latest[2])
            latest = max(latest, span, key=lambda span: span[1])


def overlap_fault(row: dict[str, Any], other: dict[str, Any]) -> Fault:
    """A shift that begins before another ends."""
    name = f"{other['weekday']}-{other['shift_no']}"
    until = clock(other["end_min"])
    words = Words(
        f"begins before shift {name} (weekday-number) ends at {until}",
        f"开始时班次 {name}(星期-班次号)尚未结束({until} 止)",
    )
    key = (row["calendar_id"], row["weekday"], row["shift_no"])
    return Fault("shift", key, "start_min", row["start_min"], "shift_overlap", words)


def misplaced_breaks(shifts: Iterable[dict[str, Any]], breaks: Iterable[dict[str, Any]]) -> Iterator[Fault]:
    """Breaks that are not within their shift, or begin before the break before them ends."""
    of_shift = {(row["calendar_id"], row["weekday"], row["shift_no"]): row for row in shifts}
    rested: dict[tuple[str, int, int], int] = {}
    for row in sorted(breaks, key=lambda row: (row["calendar_id"], row["weekday"], row["start_min"])):
        key = (row["calendar_id"], row["weekday"], row["shift_no"])
        shift = of_shift.get(key)
        if shift is None:
            continue
        if row["start_min"] < shift["start_min"] or row["end_min"] > shift["end_min"]:
            span = f"{clock(shift['start_min'])}–{clock(shift['end_min'])}"
            words = Words(f"the break is not within its shift, {span}", f"休息不在其班次 {span} 之内")
            yield Fault(
                "shift_break", (*key, row["break_no"]), "start_min", row["start_min"], "break_outside", words
            )
        elif row["start_min"] < rested.get(key, 0):
            words = Words(
                "the break begins before another break of its shift ends",
                "该休息开始时,同班次的另一休息尚未结束",
            )
            yield Fault(
                "shift_break", (*key, row["break_no"]), "start_min", row["start_min"], "break_overlap", words
            )
        rested[key] = max(rested.get(key, 0), row["end_min"])


def two_patterns(exceptions: Iterable[dict[str, Any]]) -> Iterator[Fault]:
    """Dates that are a holiday or a make-up day more than once."""
    seen: set[tuple[str, date]] = set()
    words = Words(
        "the date is already a holiday or a make-up day of this calendar; keep one of the rows",
        "该日期已是此日历的休息日或调休上班日,请只保留一行",
    )
    for row in exceptions:
        if row["kind"] not in ("holiday", "work_as"):
            continue
        if (row["calendar_id"], row["date"]) in seen:
            key = (row["calendar_id"], row["date"], row["exception_no"])
            yield Fault("calendar_exception", key, "kind", row["kind"], "two_patterns", words)
        seen.add((row["calendar_id"], row["date"]))


def clock(minutes: int) -> str:
    """Minutes after midnight as on a clock, past midnight with +1: "06:00+1"."""
    days, rest = divmod(minutes, DAY_MIN)
    return f"{rest // 60:02}:{rest % 60:02}" + (f"+{days}" if days else "")
