"""From what stands in a cell to a value of its column, exactly, or to words about why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy

from lineshaft.core.errors import Words
from lineshaft.store.sheets import ERROR
from lineshaft.store.units import factor as unit_factor

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}([, ]\d{3})+(\.\d+)?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]\s*(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})(?:\.(\d{1,12}))?秒?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_DIGITS_MAX = 400
_EXACT_MAX = 2**53
_EXCEL_DIGITS = 10**15
_INT64 = 2**63
_TRUE = {"true", "yes", "y", "1", "是", "真", "√"}
_FALSE = {"false", "no", "n", "0", "否", "假", "×"}


_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as ordinary ones, without blanks around."""
    return text.translate(_WIDE).strip()


class BadCell(ValueError):
    """The cell cannot be taken; `rule` is a short code."""

    def __init__(self, rule: str, en: str, zh: str) -> None:
        super().__init__(en)
        self.rule = rule
        self.words = Words(en, zh)


def read_cells(
    values: Iterable[Any], column: dy.Column, *, factor: Fraction | None = None, zone: str = "UTC"
) -> tuple[list[Any], dict[int, BadCell]]:
    """Values of one column and, by position, the cells that could not be taken (None stands in their place).

    Parameters
    ----------
    factor
        Exact factor from the file's unit to the column's.
    zone
        IANA zone of times that say none themselves.
    """
    read = _reader(column, factor, zone)
    out: list[Any] = []
    bad: dict[int, BadCell] = {}
    for index, value in enumerate(values):
        try:
            out.append(None if value is None else read(value))
        except BadCell as fault:
            bad[index] = fault
            out.append(None)
    return out, bad


def _reader(column: dy.Column, factor: Fraction | None, zone: str) -> Callable[[Any], Any]:
    unit = (column.metadata or {}).get("unit", "")
    if isinstance(column, dy.Enum):
        return _choice_reader(column)
    if isinstance(column, dy.Bool):
        return _blank_is_none(_truth)
    if isinstance(column, dy.Datetime):
        local = ZoneInfo(zone)
        return _blank_is_none(lambda value: _moment(value, local))
    if isinstance(column, dy.Date):
        return _blank_is_none(_day)
    if column.dtype.is_integer():
        return _blank_is_none(lambda value: _whole(value, factor, unit))
    if column.dtype.is_float():
        return _blank_is_none(lambda value: _real(value, factor, unit))
    return _text


def _blank_is_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def reader(value: Any) -> Any:
        _refuse_error(value)
        if isinstance(value, str):
            value = narrow(value)
            if not value:
                return None
        return read(value)

    return reader


def _refuse_error(value: Any) -> None:
    if value is ERROR or value in ("#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"):
        raise BadCell(
            "formula_error",
            "holds a formula error such as #REF!; put the value in",
            "是公式错误(如 #REF!);请填入数值",
        )


def _text(value: Any) -> str:
    _refuse_error(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if isinstance(value, float) and abs(value) >= _EXCEL_DIGITS:
            raise BadCell(
                "long_number",
                f"{value:.0f} was typed as a number, of which Excel keeps 15 digits only; format the cell as text",
                f"{value:.0f} 以数字格式输入,Excel 只保留 15 位;请将单元格设为文本格式",
            )
        return str(int(value)) if value == int(value) else repr(value)
    raise BadCell(
        "excel_date",
        f"Excel turned this text into the date or time {value}; format the cell as text and type it again",
        f"Excel 已将此文本变为日期或时间 {value};请将单元格设为文本格式后重新输入",
    )


def _choice_reader(column: dy.Enum) -> Callable[[Any], Any]:
    labels = (column.metadata or {}).get("choices_zh", {})
    among = {name: name for name in column.categories}
    among |= {label: name for name, label in labels.items() if label not in among}
    folded = {key.casefold(): name for key, name in among.items()}
    en = ", ".join(column.categories)
    zh = "、".join(labels.get(name, name) for name in column.categories)

    def read(value: Any) -> Any:
        _refuse_error(value)
        text = value if isinstance(value, str) else _text(value)
        if text in among:
            return among[text]
        bare = narrow(text).casefold()
        if not bare:
            return None
        if bare in folded:
            return folded[bare]
        raise BadCell("choice", f"is {text!r}, must be one of: {en}", f"为“{text}”,须为以下之一:{zh}")

    return read


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(int(value)) if isinstance(value, float) and value in (0, 1) else str(value).casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise BadCell("dtype", f"is {value!r}, must be true or false", f"为“{value}”,须为 是 或 否")


def _number(value: Any, unit: str) -> Fraction | float | int:
    """The number in a cell: exact from text, as it is from a number; a clock time where the column measures time."""
    if isinstance(value, time | timedelta):
        return _clock(value, unit)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadCell("dtype", f"is {value}, must be a number", f"为 {value},须为数字")
    if not isinstance(value, str):
        return value
    if len(value) <= _DIGITS_MAX and _NUMBER.fullmatch(value):
        return Fraction(Decimal(value))
    if _GROUPED.fullmatch(value):
        raise BadCell(
            "dtype",
            f"is {value!r}: write the number without separators between thousands",
            f"为“{value}”:数字请勿使用千位分隔符",
        )
    raise BadCell("dtype", f"is {value!r}, must be a number", f"为“{value}”,须为数字")


def _clock(value: time | timedelta, unit: str) -> Fraction:
    """A cell that Excel holds as time of day or duration, in the column's unit of time."""
    ratio = unit_factor("s", unit) if unit else None
    if ratio is None:
        raise BadCell("dtype", f"is the time {value}, must be a number", f"为时间 {value},须为数字")
    if isinstance(value, time):
        value = timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    return Fraction(value // timedelta(microseconds=1), 1_000_000) * ratio


def _whole(value: Any, factor: Fraction | None, unit: str) -> int:
    plain = _plain_whole(value) if factor is None else None
    if plain is not None:
        return plain
    number = _number(value, unit)
    if isinstance(number, float) and not -_INT64 < number < _INT64:
        raise BadCell("dtype", f"is {value}, too large", f"为 {value},超出范围")
    if isinstance(number, float) and abs(number) > _EXACT_MAX:
        raise BadCell(
            "long_number",
            f"is {value:.0f}: Excel keeps 15 digits of a number only",
            f"为 {value:.0f}:Excel 的数字只保留 15 位",
        )
    exact = _converted(value, number, factor)
    if exact.denominator != 1:
        became = f" (= {float(exact):g} {unit})" if factor is not None else ""
        raise BadCell("whole", f"is {value}{became}, must be a whole number", f"为 {value}{became},须为整数")
    if not -_INT64 < exact < _INT64:
        raise BadCell("dtype", f"is {value}, too large", f"为 {value},超出范围")
    return int(exact)


def _plain_whole(value: Any) -> int | None:
    """The common case, quickly: a whole number as Excel, CSV and Parquet hold it."""
    if isinstance(value, float):
        return int(value) if abs(value) <= _EXACT_MAX and value.is_integer() else None
    if isinstance(value, str):
        return int(value) if len(value) < 19 and value.isascii() and value.isdigit() else None
    return value if type(value) is int and -_INT64 < value < _INT64 else None


def _converted(value: Any, number: Fraction | float, factor: Fraction | None) -> Fraction:
    """The number in the column's unit; a decimal from Excel counts as the decimal that is shown."""
    if factor is None or isinstance(value, time | timedelta):
        return Fraction(number)
    return Fraction(repr(number) if isinstance(number, float) else number) * factor


def _real(value: Any, factor: Fraction | None, unit: str) -> float:
    number = _number(value, unit)
    if isinstance(number, float) and number - number != 0:
        raise BadCell("dtype", f"is {value}, must be a finite number", f"为 {value},须为有限的数")
    try:
        if factor is not None:
            return float(_converted(value, number, factor))
        return _finite(float(value)) if isinstance(value, str) else float(number)
    except OverflowError:
        raise BadCell("dtype", f"is {value}, too large", f"为 {value},超出范围") from None


def _finite(number: float) -> float:
    if number - number != 0:
        raise OverflowError
    return number


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    try:
        if isinstance(value, datetime):
            stamp = value
        elif isinstance(value, date):
            stamp = datetime(value.year, value.month, value.day)
        else:
            stamp = _parse_moment(value)
        return stamp.astimezone(UTC) if stamp.tzinfo else to_utc(stamp, zone)
    except OverflowError:
        raise BadCell("dtype", f"is {value}, out of range", f"为 {value},超出范围") from None


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        stamp = value
    elif isinstance(value, date):
        return value
    else:
        stamp = _parse_moment(value)
    if stamp.tzinfo is not None or stamp.time() != time():
        raise BadCell("dtype", f"is {value}, must be a date without a time", f"为 {value},须为不带时间的日期")
    return stamp.date()


def _parse_moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise BadCell(
            "bare_number",
            f"is {value}, not a date; format the cell as a date or write 2026-01-05 08:00",
            f"为 {value},不是日期;请将单元格设为日期格式,或写成 2026-01-05 08:00",
        )
    hit = _MOMENT.fullmatch(value)
    if not hit:
        raise BadCell(
            "dtype",
            f"is {value!r}, must be a date or time such as 2026-01-05 08:00",
            f"为“{value}”,须为日期或时间(如 2026-01-05 08:00)",
        )
    year, month, day, hour, minute, second, fraction, offset = hit.groups()
    if fraction and len(fraction) > 6 and fraction[6:].strip("0"):
        raise BadCell("precision", f"is {value!r}: finer than a microsecond", f"为“{value}”:精度超过微秒")
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
            tzinfo=_offset(offset) if offset else None,
        )
    except ValueError:
        raise BadCell(
            "no_such_date", f"is {value!r}: there is no such date or time", f"为“{value}”:不存在此日期或时间"
        ) from None


def has_offset(text: str) -> bool:
    """True when a time in text names its distance to UTC."""
    hit = _MOMENT.fullmatch(narrow(text))
    return bool(hit and hit[8])


def _offset(text: str) -> timezone:
    if text.upper() == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if text[0] == "-" else span)


def to_utc(stamp: datetime, zone: ZoneInfo) -> datetime:
    """A local time as UTC.

    Raises
    ------
    BadCell
        The clocks were changed then: the time does not exist, or exists twice.
    """
    first = stamp.replace(tzinfo=zone, fold=0)
    second = stamp.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != stamp:
        raise BadCell(
            "clock_change",
            f"{stamp} does not exist in {zone.key}: the clocks went forward",
            f"{zone.key} 不存在 {stamp}:当时时钟拨快",
        )
    raise BadCell(
        "clock_change",
        f"{stamp} exists twice in {zone.key}: the clocks went back; write it with an offset, such as "
        f"{first.isoformat()}",
        f"{zone.key} 的 {stamp} 出现两次:当时时钟拨慢;请写明时差,如 {first.isoformat()}",
    )
