"""Working time of lanes as arrays: calendars, where they meet, and the clock time that work takes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from lineshaft.core import LineshaftError
from lineshaft.make.schedule.shop import ALWAYS, NEVER_S, Ints
from lineshaft.tables.worktime import Intervals, intersect

MOST_CALENDARS = 20_000
MOST_PAIRS = 1 << 62


class Calendars:
    """Calendars by number, each a pair of arrays (starts, ends) in seconds; the same times get the same number.

    Parameters
    ----------
    low_s, high_s
        The window: calendar 0 works through all of it.
    """

    def __init__(self, low_s: int, high_s: int) -> None:
        self.low_s, self.high_s = low_s, high_s
        self.spans: list[Intervals] = []
        self._number: dict[tuple[bytes, bytes], int] = {}
        self._both: dict[tuple[int, int], int] = {}
        self.add(np.array([low_s], dtype=np.int64), np.array([high_s], dtype=np.int64))

    def add(self, starts: Ints, ends: Ints) -> int:
        """Number of the calendar with these intervals (sorted, disjoint, not touching), cut to the window."""
        starts, ends = np.maximum(starts, self.low_s), np.minimum(ends, self.high_s)
        open_ = starts < ends
        starts, ends = np.ascontiguousarray(starts[open_]), np.ascontiguousarray(ends[open_])
        key = (starts.tobytes(), ends.tobytes())
        if key not in self._number:
            if len(self.spans) >= MOST_CALENDARS:
                raise LineshaftError(
                    f"More than {MOST_CALENDARS:,} different combinations of working times; use fewer calendars.",
                    f"不同工作时间的组合超过 {MOST_CALENDARS:,} 种,请减少日历种类。",
                )
            self._number[key] = len(self.spans)
            self.spans.append((starts, ends))
        return self._number[key]

    def both(self, a: int, b: int) -> int:
        """Number of the calendar that works when both do."""
        key = (min(a, b), max(a, b))
        if key not in self._both:
            if a == b or key[0] == ALWAYS:
                self._both[key] = key[1]
            else:
                self._both[key] = self.add(*intersect(self.spans[a], self.spans[b]))
        return self._both[key]

    def all_of(self, calendars: Iterable[int]) -> int:
        """Number of the calendar that works when all of them do."""
        together = ALWAYS
        for calendar in calendars:
            together = self.both(together, calendar)
        return together

    def copy(self) -> Calendars:
        """The same calendars, to which more can be added."""
        other = Calendars(self.low_s, self.high_s)
        other.spans, other._number, other._both = [*self.spans], {**self._number}, {**self._both}
        return other

    def arrays(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """`cal_ptr`, `cal_start`, `cal_end`, `cal_before`, `cal_both` of a Shop: only the time from 0 on."""
        spans = [(np.maximum(starts, 0)[ends > 0], ends[ends > 0]) for starts, ends in self.spans]
        cal_ptr = pointers(np.array([len(starts) for starts, _ in spans], dtype=np.int64))
        cal_start = np.concatenate([starts for starts, _ in spans])
        cal_end = np.concatenate([ends for _, ends in spans])
        cal_before = np.concatenate([np.cumsum(ends - starts) - (ends - starts) for starts, ends in spans])
        cal_both = np.full((len(spans), len(spans)), -1, dtype=np.int64)
        numbers = np.arange(len(spans))
        cal_both[numbers, numbers] = cal_both[ALWAYS] = cal_both[:, ALWAYS] = numbers
        for (a, b), both in self._both.items():
            cal_both[a, b] = cal_both[b, a] = both
        return cal_ptr, cal_start, cal_end, cal_before, cal_both


def pointers(counts: Ints) -> Ints:
    """CSR pointers from row lengths."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def ranges(first: Ints, count: Ints) -> Ints:
    """All numbers of the ranges [first, first + count), one range after the other."""
    begin = pointers(count)
    return np.arange(begin[-1], dtype=np.int64) + np.repeat(first - begin[:-1], count)


def alike(*columns: Ints) -> Ints:
    """A number for each row of `columns`: the same for equal rows, by first appearance."""
    n = len(columns[0])
    number, many = np.zeros(n, dtype=np.int64), 1
    for column in columns:
        low = int(column.min(initial=0))
        width = int(column.max(initial=0)) - low + 1
        if many * width > MOST_PAIRS:
            many, number = compact(number)
            width, column = compact(column)
            low = 0
        number, many = number * width + (column - low), many * width
    many, number = compact(number)
    first = np.empty(many, dtype=np.int64)
    first[number[::-1]] = np.arange(n - 1, -1, -1)
    rank = np.empty(many, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(many)
    return rank[number]


def compact(values: Ints) -> tuple[int, Ints]:
    """How many different values there are, and the rank of each."""
    different, rank = np.unique(values, return_inverse=True)
    return len(different), rank


def alike_rows(ptr: Ints, values: Ints) -> Ints:
    """A number for each CSR row: the same for rows with equal values in equal order, by first appearance."""
    count = np.diff(ptr)
    number = np.zeros(len(count), dtype=np.int64)
    for k in range(int(count.max(initial=0))):
        row = np.flatnonzero(count > k)
        number[row] = alike(number[row], values[ptr[row] + k])
    return alike(count, number)


def open_windows(periods: pl.DataFrame, capacity: int, place: int, low_s: int, high_s: int) -> Intervals:
    """When a resource's capacity reaches up to `place`.

    Parameters
    ----------
    periods
        `start_s`, `end_s`, `capacity` of the resource, sorted by start; of two at once the later start holds.
    capacity
        At all other times.
    """
    starts, ends, capacities = (periods[name].to_numpy() for name in ("start_s", "end_s", "capacity"))
    edges = np.unique(np.concatenate([[low_s, high_s], starts, ends]))
    edges = edges[(edges >= low_s) & (edges <= high_s)]
    there = np.full(len(edges) - 1, capacity)
    for start, end, some in zip(starts, ends, capacities):
        there[(edges[:-1] >= start) & (edges[:-1] < end)] = some
    open_ = np.concatenate([[False], there >= place, [False]])
    turns = np.flatnonzero(open_[1:] != open_[:-1])
    return edges[turns[::2]].astype(np.int64), edges[turns[1::2]].astype(np.int64)


def worked_until(span: Intervals, at_s: Ints) -> Ints:
    """Working seconds of a calendar before each time (array)."""
    starts, ends = span
    if not len(starts):
        return np.zeros_like(at_s)
    before = pointers(ends - starts)[:-1]
    i = np.searchsorted(starts, at_s, side="right") - 1
    return np.where(i >= 0, before[i] + np.minimum(at_s, ends[i]) - starts[i], 0)


def latest_with(span: Intervals, worked_s: Ints) -> Ints:
    """The latest times before which exactly `worked_s` working seconds lie (array; the calendar has some)."""
    starts, ends = span
    before = pointers(ends - starts)[:-1]
    i = np.maximum(np.searchsorted(before, worked_s, side="right") - 1, 0)
    return starts[i] + worked_s - before[i]


def finish(span: Intervals, start_s: Ints, work_s: Ints) -> Ints:
    """When `work_s` working seconds after `start_s` are done (arrays; earliest such times); NEVER_S beyond the calendar."""
    starts, ends = span
    none = np.asarray(work_s) == 0
    if not len(starts):
        return np.where(none, start_s, NEVER_S)
    done = worked_until(span, start_s) + work_s
    until = np.cumsum(ends - starts)
    i = np.minimum(np.searchsorted(until, done, side="left"), len(until) - 1)
    return np.where(none, start_s, np.where(done > until[-1], NEVER_S, ends[i] - (until[i] - done)))
