"""Random rows that fit a schema, made from the schema's own columns: nasty texts, extreme numbers, odd times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import dataframely as dy
import polars as pl
from hypothesis import strategies as st

from lineshaft.core.frames import sort_by_key
from lineshaft.tables import TABLES

NASTY = [
    "00123", "1E5", "=A1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "2026-01-02", "'", "''", "'=1", "'-", "TRUE",
    "a,b", 'say "hi"', "a;b", "a\tb", "轴承座", "ＡＢ１", "é", "e\u0301", "😀", "_x000D_", "_x0041_", "<&>", "#REF",
    "null", "None", "NaN", "0", "1.0", "1/2", "\\N", "%s", "{0}", "s", "min", "UTC", "\u00a0x\u00a0"[1:2], "\u200b",
]  # fmt: skip
SPACED = ["", " ", "  x ", "\t", "a\r\nb", "a\rb", "\n", "=1+1\n", "'\t", "\r"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff"), max_size=20)


def one_table() -> st.SearchStrategy[tuple[str, pl.DataFrame]]:
    """A table's name and up to six rows that its schema accepts, sorted by key."""
    return st.sampled_from(sorted(TABLES)).flatmap(
        lambda name: rows(TABLES[name]).map(lambda frame: (name, frame))
    )


def rows(schema: type[dy.Schema]) -> st.SearchStrategy[pl.DataFrame]:
    """Rows of one schema; what breaks a rule of the row is left out, so there may be none."""
    columns = schema.columns()
    types = {name: column.dtype for name, column in columns.items()}
    row = st.fixed_dictionaries({name: values(column) for name, column in columns.items()})
    return st.lists(row, min_size=1, max_size=6).map(
        lambda drawn: sort_by_key(pl.DataFrame(schema.filter(pl.DataFrame(drawn, schema=types))[0]), schema)
    )


def values(column: dy.Column) -> st.SearchStrategy[Any]:
    """Values that one column accepts."""
    made = _present(column)
    return st.none() | made if column.nullable else made


def _present(column: Any) -> st.SearchStrategy[Any]:
    if isinstance(column, dy.Enum):
        return st.sampled_from(list(column.categories))
    if isinstance(column, dy.Bool):
        return st.booleans()
    if isinstance(column, dy.Datetime):
        whole = st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 30), timezones=st.just(UTC))
        return st.one_of(whole.map(lambda t: t.replace(microsecond=0)), whole)
    if isinstance(column, dy.Date):
        return st.dates(date(1990, 1, 1), date(2099, 12, 30))
    if column.dtype.is_integer():
        return st.integers(column.min, column.max)
    if column.dtype.is_float():
        return st.floats(column.min, column.max)
    if column.regex:
        named = st.sampled_from([text for text in NASTY if text.strip() == text]) | TEXT
        return named.filter(lambda text: text and text == text.strip() and "\n" not in text)
    return st.sampled_from(NASTY + SPACED) | TEXT
