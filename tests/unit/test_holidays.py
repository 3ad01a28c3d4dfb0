"""Chinese public holidays against the notices and, where installed, an independent peer."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from lineshaft.core.errors import Missing
from lineshaft.tables.calendar import CalendarException
from lineshaft.tables.holidays import FESTIVALS, NOTICES, china_holidays


def split(year: int) -> tuple[set[date], set[date]]:
    frame = china_holidays(year)
    off = pl.col("kind") == "holiday"
    return set(frame.filter(off)["date"]), set(frame.filter(~off)["date"])


def test_spring_festival_2026_is_nine_days_with_two_make_up_saturdays() -> None:
    off, worked = split(2026)
    assert {date(2026, 2, day) for day in range(15, 24)} <= off
    assert date(2026, 2, 24) not in off
    assert {date(2026, 2, 14), date(2026, 2, 28)} <= worked


@pytest.mark.parametrize("year", FESTIVALS)
def test_rows_pass_the_schema_make_up_days_fall_on_weekends_and_the_source_is_dated(year: int) -> None:
    CalendarException.validate(china_holidays(year, "factory"))
    off, worked = split(year)
    assert all(day.isoweekday() > 5 for day in worked)
    assert not off & worked
    number, published = NOTICES[year]
    assert f"〔{year - 1}〕" in number
    assert published.year == year - 1


@pytest.mark.parametrize("year", FESTIVALS)
def test_a_peer_agrees_on_every_day(year: int) -> None:
    peer = pytest.importorskip("chinese_calendar")
    off, worked = split(year)
    day = date(year, 1, 1)
    while day.year == year:
        ours = day in worked or (day.isoweekday() <= 5 and day not in off)
        assert ours == peer.is_workday(day), day
        day += timedelta(1)


def test_a_year_without_a_notice_is_refused_in_both_languages() -> None:
    with pytest.raises(Missing) as error:
        china_holidays(2035)
    assert "2035" in error.value.words.zh
