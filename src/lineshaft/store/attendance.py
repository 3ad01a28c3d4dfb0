"""When people were there, read from what they worked on: pauses, attended stretches, typical weeks, places.

All times here are wall-clock seconds since 1970 in the zone of the log, so that midnight is where people see it.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from statistics import median
from typing import NamedTuple

DAY_S = 86_400
DAY_MIN = 1_440
HOUR_S = 3_600
EPOCH = date(1970, 1, 1).toordinal()

BREAK_S = 4 * HOUR_S
QUIET_S = 6 * HOUR_S
QUIET_EVENTS = 20
STRAY_SHARE = 0.01
PAUSED_LEAST = 3
USUAL_SHARE = 0.5

Span = tuple[int, int]
Week = dict[int, list[Span]]


class Presence(NamedTuple):
    """What the log shows of one person.

    `quiet`: seconds after midnight between which this person starts and ends nothing, though three or more operations
    run through that time (the end may lie past midnight);
    `pieces`: for each of the person's operations the spans in which it was worked on;
    `stretches`: attended time, whole minutes, sorted and disjoint.
    """

    quiet: Span | None
    pieces: list[list[Span]]
    stretches: list[Span]


def read_presence(spans: Sequence[Span], works_quiet: Span | None) -> Presence:
    """Attendance of one person from the spans of his operations.

    Parameters
    ----------
    works_quiet
        Quiet hours of the whole works, used where this person has too few entries to show his own.
    """
    times = sorted(at for span in spans for at in span)
    quiet = quiet_hours(times) if len(times) >= QUIET_EVENTS else works_quiet
    if quiet and sum(bool(nights(span, quiet)) for span in spans) < PAUSED_LEAST:
        quiet = None
    pieces = [worked_pieces(span, quiet, times) for span in spans]
    return Presence(quiet, pieces, attended(piece for some in pieces for piece in some))


def quiet_hours(times: Sequence[int]) -> Span | None:
    """The longest part of the day, 6 h or more, in which at most one in a hundred entries starts or ends.

    People who worked through it would start or end something in it; so an operation that spans it was paused.
    """
    if len(times) < QUIET_EVENTS:
        return None
    of_day = sorted(at % DAY_S for at in times)
    strays = int(len(of_day) * STRAY_SHARE)
    around = [*of_day, *(at + DAY_S for at in of_day)]
    gaps = [(around[i + 1 + strays] - around[i], around[i]) for i in range(len(of_day))]
    longest_s, begin_s = max(gaps, key=lambda gap: (gap[0], -gap[1]))
    return (begin_s, begin_s + longest_s) if longest_s >= QUIET_S else None


def worked_pieces(span: Span, quiet: Span | None, times: Sequence[int]) -> list[Span]:
    """The operation without the quiet hours it runs through and without days between on which nothing is logged.

    At least the minute before its end was worked: somebody was there to end it.
    """
    if quiet is None:
        return [span]
    cuts = [(begin, min(end, span[1] - 60)) for begin, end in nights(span, quiet)]
    edges = [span[0], *(edge for cut in cuts for edge in cut), span[1]]
    pieces = list(zip(edges[::2], edges[1::2]))
    middle = [piece for piece in pieces[1:-1] if seen_within(piece, times)]
    return [pieces[0], *middle, pieces[-1]] if len(pieces) > 1 else pieces


def nights(span: Span, quiet: Span) -> list[Span]:
    """The quiet hours of each day that an operation runs through from beginning to end."""
    days = range(span[0] // DAY_S - 1, span[1] // DAY_S + 1)
    times = [(day * DAY_S + quiet[0], day * DAY_S + quiet[1]) for day in days]
    return [(begin, end) for begin, end in times if span[0] <= begin and end <= span[1]]


def seen_within(span: Span, times: Sequence[int]) -> bool:
    """True when any of the sorted times lies in [start, end]."""
    at = bisect_left(times, span[0])
    return at < len(times) and times[at] <= span[1]


def attended(pieces: Iterable[Span]) -> list[Span]:
    """Stretches of attendance: pieces joined over gaps of up to 4 h, rounded outwards to minutes."""
    joined: list[Span] = []
    for start, end in sorted(pieces):
        start, end = start // 60 * 60, max(-(-end // 60) * 60, start // 60 * 60 + 60)
        if joined and start - joined[-1][1] <= BREAK_S:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def busy_times(pieces: Iterable[Span]) -> list[tuple[int, int, int]]:
    """(start, end, how many at once) over all time with at least one."""
    steps: dict[int, int] = defaultdict(int)
    for start, end in pieces:
        steps[start] += 1
        steps[end] -= 1
    out, at_once = [], 0
    for at, until in pairwise(sorted(steps)):
        at_once += steps[at]
        if at_once:
            out.append((at, until, at_once))
    return out


def sustained_places(pieces: Iterable[Span], share: float) -> int:
    """The largest number of operations that the person had in hand at once for at least `share` of the busy time."""
    hours: dict[int, int] = defaultdict(int)
    for start, end, at_once in busy_times(pieces):
        hours[at_once] += end - start
    total_s, above_s = sum(hours.values()), 0
    for at_once in sorted(hours, reverse=True):
        above_s += hours[at_once]
        if above_s >= share * total_s:
            return at_once
    return 1


def held_until(span: Span) -> int:
    """When a place is free again: an operation of no length holds it for a minute."""
    return max(span[1], span[0] + 60)


def take_places(spans: Sequence[Span]) -> list[int]:
    """A place, from 1, for each operation, the lowest that is free at its start; spans sorted by start and end."""
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    taken = []
    for span in spans:
        while busy and busy[0][0] <= span[0]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        place = heapq.heappop(free) if free else len(busy) + 1
        heapq.heappush(busy, (held_until(span), place))
        taken.append(place)
    return taken


def raised(spans: Sequence[Span], places: Sequence[int], usual: int) -> list[tuple[int, int, int]]:
    """(start, end, places) of the times at which more places than usual were in use, disjoint and sorted."""
    extra = [(span[0], held_until(span), place) for span, place in zip(spans, places) if place > usual]
    edges = sorted({edge for start, end, _ in extra for edge in (start, end)})
    out: list[tuple[int, int, int]] = []
    for at, until in pairwise(edges):
        most = max((place for start, end, place in extra if start <= at < end), default=0)
        if most and out and out[-1][1] == at and out[-1][2] == most:
            out[-1] = (out[-1][0], until, most)
        elif most:
            out.append((at, until, most))
    return out


def typical_week(stretches: Sequence[Span]) -> Week:
    """Weekday (1 Monday) → the one stretch, in minutes after midnight, that is most like the others of that weekday.

    Only weekdays attended in at least half of the weeks between the person's first and last day; a stretch that runs
    into the next weekday's is cut there.
    """
    longest: dict[int, Span] = {}
    for start, end in stretches:
        day = start // DAY_S
        span = ((start - day * DAY_S) // 60, (end - day * DAY_S) // 60)
        if (
            span[1] - span[0] <= DAY_MIN
            and span[1] - span[0] > longest.get(day, (0, 0))[1] - longest.get(day, (0, 0))[0]
        ):
            longest[day] = span
    week: Week = {}
    for weekday in range(1, 8):
        of_day = [span for day, span in sorted(longest.items()) if weekday_of(day) == weekday]
        due = sum(
            weekday_of(day) == weekday for day in range(min(longest, default=0), max(longest, default=-1) + 1)
        )
        if of_day and len(of_day) >= USUAL_SHARE * due:
            week[weekday] = [
                min(of_day, key=lambda span: sum(abs(span[0] - s) + abs(span[1] - e) for s, e in of_day))
            ]
    return without_overlap(week)


def without_overlap(week: Week) -> Week:
    """Each shift ends no later than the next one of the week begins; the week is a circle."""
    spans = sorted((weekday, span) for weekday, some in week.items() for span in some)
    out: Week = defaultdict(list)
    for (weekday, (start, end)), (next_day, (next_start, _)) in zip(spans, [*spans[1:], *spans[:1]]):
        days = (next_day - weekday) % 7 or (0 if next_start > start else 7)
        out[weekday].append((start, min(end, days * DAY_MIN + next_start)))
    return dict(out)


def works_week(stretches: Iterable[Span], first_day: int, last_day: int) -> Week:
    """Weekday → spans of whole hours in which, on at least half of such days, somebody was there."""
    there: set[tuple[int, int]] = set()
    for start, end in stretches:
        there |= {divmod(hour, 24) for hour in range(start // HOUR_S, -(-end // HOUR_S))}
    days = defaultdict(list)
    for day in range(first_day, last_day + 1):
        days[weekday_of(day)].append(day)
    week: Week = {}
    for weekday, some in days.items():
        usual = [
            hour for hour in range(24) if sum((day, hour) in there for day in some) >= USUAL_SHARE * len(some)
        ]
        if usual:
            week[weekday] = attended_hours(usual)
    return week


def attended_hours(hours: Sequence[int]) -> list[Span]:
    """Spans in minutes of sorted hours of the day."""
    spans: list[Span] = []
    for hour in hours:
        if spans and spans[-1][1] == hour * 60:
            spans[-1] = (spans[-1][0], hour * 60 + 60)
        else:
            spans.append((hour * 60, hour * 60 + 60))
    return spans


def weekday_of(day: int) -> int:
    """Weekday, 1 Monday to 7 Sunday, of a day counted from 1970."""
    return (day + 3) % 7 + 1


def days_of(stretches: list[Span]) -> set[int]:
    """Days, counted from 1970, on which a stretch begins."""
    return {start // DAY_S for start, _ in stretches}


def usual_hours(stretches: Sequence[Span]) -> tuple[float, float]:
    """Median length of a stretch in hours, and the share of attended time that lies in the person's typical week."""
    week = typical_week(stretches)
    inside_s = total_s = 0
    for start, end in stretches:
        total_s += end - start
        for day in range(start // DAY_S - 1, end // DAY_S + 1):
            for from_min, to_min in week.get(weekday_of(day), []):
                inside_s += max(
                    0, min(end, day * DAY_S + to_min * 60) - max(start, day * DAY_S + from_min * 60)
                )
    return median((end - start) / HOUR_S for start, end in stretches), inside_s / total_s
