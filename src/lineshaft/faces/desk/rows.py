"""Rows as people and programs send them: loose values, and only the columns that are to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.core.frames import cast_column


@dataclass(frozen=True)
class Written:
    """What a write did: its entry in the works' log; rows inserted, changed and removed by table."""

    seq: int
    counts: dict[str, dict[str, int]]


def whole_rows(
    table: str, rows: Sequence[Mapping[str, Any]], frame: pl.DataFrame, schema: type[dy.Schema]
) -> pl.DataFrame:
    """Rows of a table with all their columns: what a row does not name, a row of that key in `frame` lends it.

    Parameters
    ----------
    rows
        Column → value (text, number, truth or None) each; values are checked where the frame is written.
    frame
        The table as it is.

    Raises
    ------
    BadInput
        A column that the table does not have.
    """
    columns, keys = schema.columns(), schema.primary_key()
    named = list(dict.fromkeys(name for row in rows for name in row))
    unknown = [name for name in named if name not in columns]
    if unknown:
        words = Words("there is no such column", "没有此列")
        raise BadInput([Fault(table, (), name, None, "unknown_column", words) for name in unknown])
    given = pl.DataFrame([_column(name, [row.get(name) for row in rows]) for name in named])
    if not set(keys) <= set(named):
        return given
    wanted = given.select(cast_column(given[name], columns[name].dtype) for name in keys)
    before = wanted.join(frame, on=keys, how="left", maintain_order="left")
    out = []
    for name in columns:
        mask = pl.Series([name in row for row in rows])
        if mask.all():
            out.append(given[name])
        elif mask.any():
            out.append(as_text(given[name]).zip_with(mask, as_text(before[name])))
        else:
            out.append(before[name])
    return pl.DataFrame(out)


def as_text(series: pl.Series) -> pl.Series:
    """Values as text that tables read back without loss."""
    if isinstance(series.dtype, pl.Datetime):
        return series.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    return series.cast(pl.String)


def _column(name: str, values: list[Any]) -> pl.Series:
    """A column of one type; values of several kinds become text, which the table then reads as it would a file."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) < 2:
        return pl.Series(name, values)
    if kinds == {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    texts = [None if value is None else str(value) for value in values]
    return pl.Series(name, texts, dtype=pl.String)
