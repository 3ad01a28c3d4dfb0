"""Working time: invariants, and agreement with a plain minute-by-minute reading of the tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.tables.worktime import intersect, merged, subtract, total_s, working_intervals

QUARTER_MIN = 15
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
CHANGES = (date(2025, 3, 30), date(2025, 10, 26), date(2025, 3, 9), date(2025, 11, 2), date(2025, 4, 6))

Frames = tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None, pl.DataFrame | None]


def frame_of(rows: list[dict[str, object]]) -> pl.DataFrame | None:
    return pl.DataFrame(rows, infer_schema_length=None) if rows else None


@st.composite
def spans(draw: st.DrawFn, low: int = 0, high: int = 2880, latest: int = 1425) -> tuple[int, int]:
    start = draw(st.integers(low // QUARTER_MIN, latest // QUARTER_MIN)) * QUARTER_MIN
    end = draw(st.integers(start // QUARTER_MIN + 1, high // QUARTER_MIN)) * QUARTER_MIN
    return start, end


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Frames, date]:
    near = draw(st.sampled_from(CHANGES))
    shifts: list[dict[str, object]] = []
    breaks: list[dict[str, object]] = []
    for weekday in range(1, 8):
        for no in range(1, draw(st.integers(0, 2)) + 1):
            key = {"calendar_id": "C", "weekday": weekday, "shift_no": no}
            start, end = draw(spans())
            shifts.append(key | {"start_min": start, "end_min": end})
            if draw(st.booleans()):
                rest, until = draw(spans(high=2880, latest=2865))
                breaks.append(key | {"break_no": 1, "start_min": rest, "end_min": until})
    exceptions: list[dict[str, object]] = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(("holiday", "work_as", "overtime", "closed")))
        start, end = draw(spans()) if kind in ("overtime", "closed") else (None, None)
        exceptions.append(
            {
                "calendar_id": "C",
                "date": near + timedelta(draw(st.integers(-3, 3))),
                "exception_no": number + 1,
                "kind": kind,
                "as_weekday": draw(st.integers(1, 7)) if kind == "work_as" else None,
                "start_min": start,
                "end_min": end,
            }
        )
    zone = draw(st.sampled_from(ZONES))
    calendar = pl.DataFrame([{"calendar_id": "C", "name": "C", "time_zone": zone}])
    return (calendar, frame_of(shifts), frame_of(breaks), frame_of(exceptions)), near


def works_at(frames: Frames, moment: datetime) -> bool:
    """Whether the wall-clock minute of `moment` is worked, read straight from the tables."""
    zone = ZoneInfo(frames[0]["time_zone"][0])
    now = moment.astimezone(zone)
    wall = now.replace(tzinfo=None, fold=0)
    if now.fold:
        while wall.replace(tzinfo=zone, fold=1).astimezone(UTC) != wall.replace(tzinfo=zone).astimezone(UTC):
            wall += timedelta(minutes=QUARTER_MIN)
        wall -= timedelta(minutes=QUARTER_MIN)
    rows = [[] if frame is None else frame.to_dicts() for frame in frames[1:]]
    worked = False
    for back in range(3):
        day = wall.date() - timedelta(back)
        minute = (wall - datetime.combine(day, datetime.min.time())).total_seconds() / 60
        weekday = day.isoweekday()
        today = [row for row in rows[2] if row["date"] == day]
        for row in sorted(today, key=lambda row: row["exception_no"]):
            if row["kind"] in ("holiday", "work_as"):
                weekday = row["as_weekday"] or 0

        def within(row: dict[str, int], minute: float = minute) -> bool:
            return row["start_min"] <= minute < row["end_min"]

        if any(row["kind"] == "closed" and within(row) for row in today):
            return False
        worked |= any(row["kind"] == "overtime" and within(row) for row in today)
        for shift in rows[0]:
            if shift["weekday"] != weekday or not within(shift):
                continue
            key = (shift["weekday"], shift["shift_no"])
            worked |= not any((row["weekday"], row["shift_no"]) == key and within(row) for row in rows[1])
    return worked


@settings(max_examples=60, deadline=None)
@given(calendars())
def test_every_quarter_hour_is_worked_as_the_tables_say(case: tuple[Frames, date]) -> None:
    frames, near = case
    start = datetime.combine(near - timedelta(2), datetime.min.time(), UTC)
    starts, ends = working_intervals("C", *frames, start, start + timedelta(4))
    for quarter in range(4 * 24 * 4):
        moment = start + timedelta(minutes=quarter * QUARTER_MIN)
        second = int(moment.timestamp())
        assert bool(((starts <= second) & (second < ends)).any()) == works_at(frames, moment), moment


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 10 * 86_400))
def test_intervals_are_sorted_disjoint_and_add_up_when_the_period_is_split(
    case: tuple[Frames, date], cut_s: int
) -> None:
    frames, near = case
    start = datetime.combine(near - timedelta(5), datetime.min.time(), UTC)
    cut, end = start + timedelta(seconds=cut_s), start + timedelta(10)
    whole, before, after = (
        working_intervals("C", *frames, *period) for period in ((start, end), (start, cut), (cut, end))
    )
    assert (whole[0] < whole[1]).all()
    assert (whole[1][:-1] < whole[0][1:]).all()
    assert total_s(whole) == total_s(before) + total_s(after)
    joined = merged((np.r_[before[0], after[0]], np.r_[before[1], after[1]]))
    assert all(np.array_equal(one, other) for one, other in zip(whole, joined))


sets = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12).map(
    lambda pairs: merged(
        (np.array([a for a, _ in pairs], np.int64), np.array([b for _, b in pairs], np.int64))
    )
)


def seconds(intervals: tuple[np.ndarray, np.ndarray]) -> set[int]:
    return {second for a, b in zip(*intervals) for second in range(a, b)}


@given(sets, sets)
def test_intersection_and_difference_are_those_of_sets(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]
) -> None:
    both, swapped = intersect(a, b), intersect(b, a)
    assert all(np.array_equal(one, other) for one, other in zip(both, swapped))
    assert seconds(both) == seconds(a) & seconds(b)
    assert seconds(subtract(a, b)) == seconds(a) - seconds(b)
    assert total_s(both) == len(seconds(both))
