"""Work calendars (ISA-95 WorkCalendar): weekly shifts with breaks, and dated exceptions, in local time."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import choice, ident, whole, words

EXCEPTION_KINDS = {
    "holiday": "休息日",
    "work_as": "调休上班",
    "overtime": "加班",
    "closed": "停工时段",
}


class Calendar(dy.Schema):
    """A pattern of working time in one time zone."""

    title = ("Calendars", "日历")
    calendar_id = ident("calendar", "日历编号", key=True)
    name = words("name", "名称")
    time_zone = ident("IANA time zone of its hours", "时区")


class Shift(dy.Schema):
    """Working time that begins on a weekday; past 1440 minutes it runs into the next day."""

    title = ("Shifts", "班次")
    rule_words = {
        "ends_after_start": (
            "the end must be after the start; past midnight add 1440 min",
            "结束须晚于开始;跨零点请加 1440 min",
        ),
    }
    calendar_id = ident("calendar", "日历编号", key=True, ref="calendar.calendar_id")
    weekday = whole("weekday, 1 Monday to 7 Sunday", "星期", "1", min=1, max=7, key=True)
    shift_no = whole("shift number", "班次号", "1", min=1, max=9, key=True)
    start_min = whole("start after local midnight", "开始", "min", max=1_439)
    end_min = whole("end after local midnight", "结束", "min", min=1, max=2_880)

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """The end is after the start."""
        return pl.col("end_min") > pl.col("start_min")


class ShiftBreak(dy.Schema):
    """Time in a shift when nobody works."""

    title = ("Breaks", "休息")
    rule_words = {
        "ends_after_start": (
            "the end must be after the start; past midnight add 1440 min",
            "结束须晚于开始;跨零点请加 1440 min",
        ),
    }
    calendar_id = ident("calendar", "日历编号", key=True, ref="shift.calendar_id")
    weekday = whole("weekday, 1 Monday to 7 Sunday", "星期", "1", min=1, max=7, key=True, ref="shift.weekday")
    shift_no = whole("shift number", "班次号", "1", min=1, max=9, key=True, ref="shift.shift_no")
    break_no = whole("break number", "休息序号", "1", min=1, max=9, key=True)
    start_min = whole("start after local midnight of the shift's day", "开始", "min", max=2_879)
    end_min = whole("end after local midnight of the shift's day", "结束", "min", min=1, max=2_880)

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """The end is after the start."""
        return pl.col("end_min") > pl.col("start_min")


class CalendarException(dy.Schema):
    """A date on which the week's pattern does not hold.

    `holiday`: no shift begins that day. `work_as`: the shifts of `as_weekday` begin that day (make-up days).
    `overtime`: work from `start_min` to `end_min` as well. `closed`: no work from `start_min` to `end_min`.
    """

    title = ("Calendar exceptions", "日历例外")
    rule_words = {
        "work_as_names_a_weekday": (
            "a make-up day (work_as) needs as_weekday, other kinds must not have it",
            "调休上班须填“按星期”,其他类型不可填",
        ),
        "period_complete": (
            "overtime and closed need start_min and a later end_min, other kinds must have neither",
            "加班与停工时段须填开始和更晚的结束,其他类型不可填",
        ),
    }
    calendar_id = ident("calendar", "日历编号", key=True, ref="calendar.calendar_id")
    date = dy.Date(primary_key=True, description="local date", metadata={"zh": "日期"})
    exception_no = whole("number on that date", "序号", "1", min=1, max=9, key=True)
    kind = choice("kind", "类型", EXCEPTION_KINDS)
    as_weekday = whole("work as this weekday", "按星期", "1", min=1, max=7, optional=True)
    start_min = whole("start after local midnight", "开始", "min", max=1_439, optional=True)
    end_min = whole("end after local midnight", "结束", "min", min=1, max=2_880, optional=True)
    name = words("what for", "说明")
    cost_fen_h = whole("extra cost of an hour worked", "加班费", "fen/h", max=10**7, optional=True)

    @dy.rule()
    def work_as_names_a_weekday(cls) -> pl.Expr:
        """A make-up day names the weekday it is worked as, and nothing else does."""
        return (pl.col("kind") == "work_as") == pl.col("as_weekday").is_not_null()

    @dy.rule()
    def period_complete(cls) -> pl.Expr:
        """Overtime and closed times have a start and a later end; holidays and make-up days have none."""
        timed = pl.col("kind").cast(pl.String).is_in(["overtime", "closed"])
        given = pl.col("start_min").is_not_null() & pl.col("end_min").is_not_null()
        none = pl.col("start_min").is_null() & pl.col("end_min").is_null()
        return pl.when(timed).then(given & (pl.col("end_min") > pl.col("start_min"))).otherwise(none)
