"""Chinese public holidays and make-up working days, as the State Council's General Office announced them.

The notices say which days are off and which weekend days are worked instead; they do not say which weekday's shifts
a make-up day takes. The house's reading: the weekday beside it, Friday for a Saturday and Monday for a Sunday.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from lineshaft.core.errors import Missing
from lineshaft.tables.calendar import CalendarException


class Festival(NamedTuple):
    """One holiday: its days (month, day) first to last, and the weekend days worked instead."""

    zh: str
    en: str
    first: tuple[int, int]
    last: tuple[int, int]
    worked: tuple[tuple[int, int], ...] = ()


NOTICES: dict[int, tuple[str, date]] = {
    2024: ("国办发明电〔2023〕7号", date(2023, 10, 25)),
    2025: ("国办发明电〔2024〕12号", date(2024, 11, 12)),
    2026: ("国办发明电〔2025〕7号", date(2025, 11, 4)),
}

FESTIVALS: dict[int, tuple[Festival, ...]] = {
    2024: (
        Festival("元旦", "New Year", (1, 1), (1, 1)),
        Festival("春节", "Spring Festival", (2, 10), (2, 17), ((2, 4), (2, 18))),
        Festival("清明节", "Qingming", (4, 4), (4, 6), ((4, 7),)),
        Festival("劳动节", "Labour Day", (5, 1), (5, 5), ((4, 28), (5, 11))),
        Festival("端午节", "Dragon Boat Festival", (6, 10), (6, 10)),
        Festival("中秋节", "Mid-Autumn", (9, 15), (9, 17), ((9, 14),)),
        Festival("国庆节", "National Day", (10, 1), (10, 7), ((9, 29), (10, 12))),
    ),
    2025: (
        Festival("元旦", "New Year", (1, 1), (1, 1)),
        Festival("春节", "Spring Festival", (1, 28), (2, 4), ((1, 26), (2, 8))),
        Festival("清明节", "Qingming", (4, 4), (4, 6)),
        Festival("劳动节", "Labour Day", (5, 1), (5, 5), ((4, 27),)),
        Festival("端午节", "Dragon Boat Festival", (5, 31), (6, 2)),
        Festival("国庆节、中秋节", "National Day and Mid-Autumn", (10, 1), (10, 8), ((9, 28), (10, 11))),
    ),
    2026: (
        Festival("元旦", "New Year", (1, 1), (1, 3), ((1, 4),)),
        Festival("春节", "Spring Festival", (2, 15), (2, 23), ((2, 14), (2, 28))),
        Festival("清明节", "Qingming", (4, 4), (4, 6)),
        Festival("劳动节", "Labour Day", (5, 1), (5, 5), ((5, 9),)),
        Festival("端午节", "Dragon Boat Festival", (6, 19), (6, 21)),
        Festival("中秋节", "Mid-Autumn", (9, 25), (9, 27)),
        Festival("国庆节", "National Day", (10, 1), (10, 7), ((9, 20), (10, 10))),
    ),
}


def china_holidays(year: int, calendar_id: str = "CN") -> pl.DataFrame:
    """A year's public holidays and make-up working days of mainland China as calendar exceptions.

    Parameters
    ----------
    year
        2024 to 2026.
    calendar_id
        The calendar they are for.

    Returns
    -------
    frame
        Rows of `CalendarException` by date: `holiday` for each day off (weekend days in the holiday as well, for
        shops that work on them), `work_as` for each make-up day. The name is bilingual.

    Raises
    ------
    Missing
        The year's notice is not in this version.

    Notes
    -----
    Source: notices of the General Office of the State Council, number and date in `NOTICES`.
    """
    if year not in FESTIVALS:
        raise Missing(
            f"Chinese public holidays are known for {min(FESTIVALS)} to {max(FESTIVALS)}, not for {year}.",
            f"内置的中国法定节假日为 {min(FESTIVALS)} 至 {max(FESTIVALS)} 年,不含 {year} 年。",
        )
    days = sorted(day for festival in FESTIVALS[year] for day in festival_days(year, festival))
    frame = pl.DataFrame(
        {
            "calendar_id": [calendar_id] * len(days),
            "date": [day for day, _, _ in days],
            "exception_no": [1] * len(days),
            "kind": ["work_as" if weekday else "holiday" for _, weekday, _ in days],
            "as_weekday": [weekday or None for _, weekday, _ in days],
            "start_min": [None] * len(days),
            "end_min": [None] * len(days),
            "name": [name for _, _, name in days],
            "cost_fen_h": [None] * len(days),
        }
    )
    return CalendarException.validate(frame, cast=True)


def festival_days(year: int, festival: Festival) -> Iterator[tuple[date, int, str]]:
    """(date, weekday it is worked as or 0, name) of a festival's days off and make-up days."""
    first, last = date(year, *festival.first), date(year, *festival.last)
    for number in range((last - first).days + 1):
        yield first + timedelta(number), 0, f"{festival.zh} / {festival.en}"
    for month_day in festival.worked:
        day = date(year, *month_day)
        as_weekday = 5 if day.isoweekday() == 6 else 1
        yield day, as_weekday, f"{festival.zh}调休上班 / make-up day, {festival.en}"
