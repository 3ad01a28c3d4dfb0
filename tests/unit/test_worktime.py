"""Working time against published day counts and hand-computed examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from lineshaft.core.errors import BadInput, Missing
from lineshaft.tables.calendar import Calendar, CalendarException, Shift, ShiftBreak
from lineshaft.tables.holidays import china_holidays
from lineshaft.tables.worktime import (
    calendar_faults,
    intersect,
    subtract,
    total_s,
    working_intervals,
)

ALL_WEEK = range(1, 8)
WORKING_DAYS = {
    2024: (22, 18, 21, 22, 21, 19, 23, 22, 21, 19, 21, 22),
    2025: (19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23),
    2026: (21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23),
}


def calendar(zone: str = "Asia/Shanghai") -> pl.DataFrame:
    return Calendar.validate(
        pl.DataFrame([{"calendar_id": "C", "name": "works", "time_zone": zone}]), cast=True
    )


def shifts(*spans: tuple[int, int], weekdays: range = range(1, 6)) -> pl.DataFrame:
    rows = [
        {"calendar_id": "C", "weekday": day, "shift_no": no, "start_min": start * 60, "end_min": end * 60}
        for day in weekdays
        for no, (start, end) in enumerate(spans, 1)
    ]
    return Shift.validate(pl.DataFrame(rows), cast=True)


def lunch(weekdays: range = range(1, 6)) -> pl.DataFrame:
    rows = [
        {"calendar_id": "C", "weekday": d, "shift_no": 1, "break_no": 1, "start_min": 720, "end_min": 780}
        for d in weekdays
    ]
    return ShiftBreak.validate(pl.DataFrame(rows), cast=True)


def exceptions(*rows: dict[str, object]) -> pl.DataFrame:
    blank = {
        "as_weekday": None,
        "start_min": None,
        "end_min": None,
        "name": None,
        "exception_no": 1,
        "cost_fen_h": None,
    }
    return CalendarException.validate(
        pl.DataFrame([blank | {"calendar_id": "C"} | row for row in rows]), cast=True
    )


def local(zone: str, *at: int) -> datetime:
    return datetime(*at, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type]


def spans_of(intervals: tuple[np.ndarray, np.ndarray], zone: str) -> list[tuple[str, str]]:
    def text(second: int) -> str:
        return f"{datetime.fromtimestamp(second, ZoneInfo(zone)):%m-%d %H:%M}"

    return [(text(int(a)), text(int(b))) for a, b in zip(*intervals)]


@pytest.mark.parametrize("year", WORKING_DAYS)
def test_a_plain_week_with_chinese_holidays_works_the_published_days_of_every_month(year: int) -> None:
    holidays = china_holidays(year, "C")
    hours = []
    for month in range(1, 13):
        start = local("Asia/Shanghai", year, month, 1)
        end = local("Asia/Shanghai", year + month // 12, month % 12 + 1, 1)
        worked = working_intervals("C", calendar(), shifts((8, 17)), lunch(), holidays, start, end)
        hours.append(total_s(worked) / 3600)
    assert hours == [8 * days for days in WORKING_DAYS[year]]


def test_national_day_2025_is_off_for_eight_days_and_worked_on_two_weekend_days() -> None:
    start, end = local("Asia/Shanghai", 2025, 9, 26), local("Asia/Shanghai", 2025, 10, 13)
    worked = working_intervals("C", calendar(), shifts((8, 17)), None, china_holidays(2025, "C"), start, end)
    days = [first.split()[0] for first, _ in spans_of(worked, "Asia/Shanghai")]
    assert days == ["09-26", "09-28", "09-29", "09-30", "10-09", "10-10", "10-11"]


def test_a_make_up_day_takes_the_shifts_of_the_weekday_it_names() -> None:
    short_friday = pl.concat([shifts((8, 17), weekdays=range(1, 5)), shifts((8, 12), weekdays=range(5, 6))])
    make_up = exceptions({"date": datetime(2025, 10, 11).date(), "kind": "work_as", "as_weekday": 5})
    day = local("Asia/Shanghai", 2025, 10, 11), local("Asia/Shanghai", 2025, 10, 12)
    worked = working_intervals("C", calendar(), short_friday, None, make_up, *day)
    assert spans_of(worked, "Asia/Shanghai") == [("10-11 08:00", "10-11 12:00")]


def test_the_night_shift_before_a_holiday_runs_into_it_and_the_holidays_own_nights_are_off() -> None:
    start, end = local("Asia/Shanghai", 2025, 9, 30, 12), local("Asia/Shanghai", 2025, 10, 10)
    nights = shifts((22, 30), weekdays=ALL_WEEK)
    worked = working_intervals("C", calendar(), nights, None, china_holidays(2025, "C"), start, end)
    assert spans_of(worked, "Asia/Shanghai") == [
        ("09-30 22:00", "10-01 06:00"),
        ("10-09 22:00", "10-10 00:00"),
    ]


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        ("Europe/Berlin", (2025, 3, 29), 7),
        ("Europe/Berlin", (2025, 10, 25), 9),
        ("Europe/Berlin", (2025, 6, 14), 8),
        ("America/New_York", (2025, 3, 8), 7),
        ("America/New_York", (2025, 11, 1), 9),
        ("Australia/Lord_Howe", (2025, 4, 5), 8.5),
        ("Asia/Shanghai", (2025, 3, 29), 8),
        ("Asia/Shanghai", (1990, 4, 14), 7),
    ],
)
def test_a_night_shift_lasts_an_hour_less_in_spring_and_more_in_autumn(
    zone: str, evening: tuple[int, int, int], hours: float
) -> None:
    start = local(zone, *evening, 12)
    nights = shifts((22, 30), weekdays=ALL_WEEK)
    worked = working_intervals("C", calendar(zone), nights, None, None, start, start + timedelta(days=1))
    assert total_s(worked) == hours * 3600
    assert spans_of(worked, zone)[0][0].endswith("22:00")
    assert spans_of(worked, zone)[0][1].endswith("06:00")


def test_a_shift_in_the_hour_that_does_not_exist_has_no_length() -> None:
    day = local("Europe/Berlin", 2025, 3, 30), local("Europe/Berlin", 2025, 3, 31)
    worked = working_intervals(
        "C", calendar("Europe/Berlin"), shifts((2, 3), weekdays=ALL_WEEK), None, None, *day
    )
    assert total_s(worked) == 0


def test_the_hour_that_happens_twice_belongs_to_the_shift_that_works_at_its_end() -> None:
    day = local("Europe/Berlin", 2025, 10, 26), local("Europe/Berlin", 2025, 10, 27)
    hours = [
        total_s(
            working_intervals(
                "C", calendar("Europe/Berlin"), shifts(span, weekdays=ALL_WEEK), None, None, *day
            )
        )
        / 3600
        for span in ((0, 2), (0, 3), (2, 3), (3, 6))
    ]
    assert hours == [2, 4, 2, 3]


def test_three_shifts_run_through_from_monday_morning_to_saturday_morning() -> None:
    week = local("Asia/Shanghai", 2026, 3, 2), local("Asia/Shanghai", 2026, 3, 9)
    worked = working_intervals("C", calendar(), shifts((6, 14), (14, 22), (22, 30)), None, None, *week)
    assert spans_of(worked, "Asia/Shanghai") == [("03-02 06:00", "03-07 06:00")]


def test_overtime_is_added_on_a_holiday_and_closed_time_wins_over_everything() -> None:
    day = datetime(2026, 5, 1).date()
    rows = exceptions(
        {"date": day, "kind": "holiday"},
        {"date": day, "exception_no": 2, "kind": "overtime", "start_min": 540, "end_min": 900},
        {"date": day, "exception_no": 3, "kind": "closed", "start_min": 600, "end_min": 660},
    )
    span = local("Asia/Shanghai", 2026, 5, 1), local("Asia/Shanghai", 2026, 5, 2)
    worked = working_intervals("C", calendar(), shifts((8, 17)), lunch(), rows, *span)
    assert spans_of(worked, "Asia/Shanghai") == [
        ("05-01 09:00", "05-01 10:00"),
        ("05-01 11:00", "05-01 15:00"),
    ]


def test_a_break_after_midnight_belongs_to_the_night_shift() -> None:
    rest = ShiftBreak.validate(
        pl.DataFrame(
            [
                {
                    "calendar_id": "C",
                    "weekday": 1,
                    "shift_no": 1,
                    "break_no": 1,
                    "start_min": 1500,
                    "end_min": 1530,
                }
            ]
        ),
        cast=True,
    )
    span = local("Asia/Shanghai", 2026, 3, 2), local("Asia/Shanghai", 2026, 3, 4)
    worked = working_intervals("C", calendar(), shifts((22, 30), weekdays=range(1, 2)), rest, None, *span)
    assert spans_of(worked, "Asia/Shanghai") == [
        ("03-02 22:00", "03-03 01:00"),
        ("03-03 01:30", "03-03 06:00"),
    ]


def test_a_calendar_without_shifts_never_works() -> None:
    span = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert total_s(working_intervals("C", calendar(), None, None, None, *span)) == 0


def test_an_unknown_calendar_and_an_unknown_zone_are_said_in_both_languages() -> None:
    span = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    with pytest.raises(Missing) as missing:
        working_intervals("X", calendar(), None, None, None, *span)
    assert "X" in missing.value.words.zh
    with pytest.raises(BadInput) as bad:
        working_intervals("C", calendar("Asia/Bejing"), None, None, None, *span)
    assert [fault.rule for fault in bad.value.faults] == ["time_zone"]


def test_three_years_of_a_two_shift_calendar_take_less_than_50_ms() -> None:
    span = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    frames = calendar("Europe/Berlin"), shifts((6, 14), (14, 22)), None, china_holidays(2025, "C")
    times = []
    for _ in range(3):
        began = process_time()
        working_intervals("C", *frames, *span)
        times.append(process_time() - began)
    assert min(times) < 0.05


def test_sets_of_intervals_intersect_and_subtract() -> None:
    a = np.array([0, 10, 20]), np.array([5, 15, 30])
    b = np.array([4, 14, 22, 28]), np.array([12, 16, 24, 40])
    both = intersect(a, b)
    assert list(zip(*(side.tolist() for side in both))) == [(4, 5), (10, 12), (14, 15), (22, 24), (28, 30)]
    rest = subtract(a, b)
    assert list(zip(*(side.tolist() for side in rest))) == [(0, 4), (12, 14), (20, 22), (24, 28)]


def overlap_keys(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    faults = calendar_faults({"shift": frame})
    assert {fault.rule for fault in faults} <= {"shift_overlap"}
    return [fault.key for fault in faults]


def shift_rows(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    names = ["weekday", "shift_no", "start_min", "end_min"]
    return pl.DataFrame([{"calendar_id": "C"} | dict(zip(names, row)) for row in rows])


def test_overlapping_shifts_are_found_within_a_day_over_midnight_and_from_sunday_to_monday() -> None:
    assert overlap_keys(shift_rows((1, 1, 480, 960), (1, 2, 900, 1320))) == [("C", 1, 2)]
    assert overlap_keys(shift_rows((1, 1, 1320, 1800), (2, 1, 300, 900))) == [("C", 2, 1)]
    assert overlap_keys(shift_rows((7, 1, 1320, 1860), (1, 1, 360, 900))) == [("C", 1, 1)]
    assert overlap_keys(shift_rows((6, 1, 1320, 2880), (1, 1, 0, 60))) == []


def test_shifts_that_meet_do_not_overlap_and_calendars_do_not_disturb_each_other() -> None:
    meeting = shifts((6, 14), (14, 22), (22, 30), weekdays=ALL_WEEK)
    other = meeting.with_columns(calendar_id=pl.lit("D"))
    assert calendar_faults({"shift": pl.concat([meeting, other]), "calendar": calendar()}) == []


def test_breaks_outside_their_shift_or_overlapping_are_found() -> None:
    rows = [(1, 420, 500), (2, 700, 760), (3, 750, 780)]
    breaks = pl.DataFrame(
        [
            {"calendar_id": "C", "weekday": 1, "shift_no": 1, "break_no": no, "start_min": a, "end_min": b}
            for no, a, b in rows
        ]
    )
    faults = calendar_faults({"shift": shifts((8, 17)), "shift_break": breaks})
    assert [(fault.rule, fault.key[-1]) for fault in faults] == [("break_outside", 1), ("break_overlap", 3)]
    assert "08:00–17:00" in faults[0].words.zh


def test_a_date_with_two_patterns_and_an_unknown_zone_are_found() -> None:
    day = datetime(2026, 5, 1).date()
    rows = exceptions(
        {"date": day, "kind": "holiday"},
        {"date": day, "exception_no": 2, "kind": "work_as", "as_weekday": 1},
    )
    faults = calendar_faults({"calendar": calendar("Mars/Base"), "calendar_exception": rows})
    assert [fault.rule for fault in faults] == ["time_zone", "two_patterns"]
    assert faults[1].key == ("C", day, 2)
