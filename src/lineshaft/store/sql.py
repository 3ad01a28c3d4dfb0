"""From dataframely schemas to SQL tables, and from frames to rows and back without losing a bit.

Enums are stored as text, dates as ``2026-01-05``, moments as UTC text ``2026-01-05T00:00:00.000000Z`` (SQLite forgets
time zones, so the text says it) and come back in the zone of their column.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import dataframely as dy
import polars as pl
import sqlalchemy as sa

DATE = "%Y-%m-%d"
DIGITS = {"ms": 3, "us": 6, "ns": 9}
Schemas = dict[str, type[dy.Schema]]


class Catalog:
    """The schemas a works knows and their SQL tables."""

    def __init__(self) -> None:
        self.schemas: Schemas = {}
        self.tables: dict[str, sa.Table] = {}
        self._metadata = sa.MetaData()

    def add(self, name: str, schema: type[dy.Schema]) -> None:
        """Know one more table; the first schema of a name stays."""
        if name not in self.schemas:
            self.tables[name] = sql_table(name, schema, self._metadata)
            self.schemas[name] = schema


def sql_table(name: str, schema: type[dy.Schema], metadata: sa.MetaData) -> sa.Table:
    """The SQL table of a schema; types, keys and required columns come along, bounds and rules stay with the schema."""
    keys = schema.primary_key()
    assert keys, f"{name} needs a primary key to be stored"
    columns = [
        sa.Column(
            column, _sql_type(name, column, rule.dtype), nullable=rule.nullable, primary_key=column in keys
        )
        for column, rule in schema.columns().items()
    ]
    return sa.Table(name, metadata, *columns, sqlite_with_rowid=False)


def signature(schema: type[dy.Schema]) -> str:
    """What must stay the same for stored rows to fit the schema, as JSON: columns, types, keys, required."""
    keys = schema.primary_key()
    return json.dumps(
        [
            [name, str(_sql_type("", name, rule.dtype)), rule.nullable, name in keys]
            for name, rule in schema.columns().items()
        ]
    )


def to_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as SQL holds them."""
    return frame.with_columns(
        _encode(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items()
    ).to_dicts()


def from_rows(rows: Sequence[sa.Row[Any]], schema: type[dy.Schema]) -> pl.DataFrame:
    """Rows from SQL as a frame with the schema's types, sorted by primary key."""
    types = {name: rule.dtype for name, rule in schema.columns().items()}
    stored = {name: _stored(dtype) for name, dtype in types.items()}
    raw = pl.DataFrame([tuple(row) for row in rows], schema=stored, orient="row")
    return raw.select(_decode(pl.col(name), dtype).alias(name) for name, dtype in types.items()).sort(
        schema.primary_key()
    )


def without_negative_zero(frame: pl.DataFrame) -> pl.DataFrame:
    """SQLite keeps −0.0 as 0: make it so before digests are taken."""
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    return frame.with_columns(
        pl.when(pl.col(name) == 0).then(0.0).otherwise(pl.col(name)).cast(frame.schema[name]).alias(name)
        for name in floats
    )


def insert_rows(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert a frame's rows."""
    if len(frame):
        connection.execute(table.insert(), to_rows(frame))


def delete_rows(connection: sa.Connection, table: sa.Table, keys: pl.DataFrame) -> None:
    """Delete the rows with these primary keys."""
    if len(keys):
        matches = (table.c[name] == sa.bindparam(f"k_{name}") for name in keys.columns)
        connection.execute(
            table.delete().where(*matches),
            [{f"k_{name}": value for name, value in row.items()} for row in to_rows(keys)],
        )


def select_all(connection: sa.Connection, table: sa.Table, schema: type[dy.Schema]) -> pl.DataFrame:
    """The whole table as a frame."""
    columns: Iterable[sa.Column[Any]] = (table.c[name] for name in schema.columns())
    return from_rows(connection.execute(sa.select(*columns)).all(), schema)


def _sql_type(table: str, column: str, dtype: pl.DataType) -> sa.types.TypeEngine[Any]:
    stored = _stored(dtype)
    kinds: dict[type[pl.DataType], sa.types.TypeEngine[Any]] = {
        pl.String: sa.Text(),
        pl.Int64: sa.BigInteger(),
        pl.Float64: sa.Double(),
        pl.Boolean: sa.Boolean(),
    }
    assert type(stored) in kinds, f"{table}.{column}: {dtype} cannot be stored"
    return kinds[type(stored)]


def _stored(dtype: pl.DataType) -> pl.DataType:
    """The type of a column's values in SQL."""
    if dtype == pl.Boolean:
        return pl.Boolean()
    if dtype.is_integer():
        return pl.Int64()
    if dtype.is_float():
        return pl.Float64()
    if isinstance(dtype, pl.String | pl.Enum | pl.Datetime | pl.Date):
        return pl.String()
    return dtype


def _encode(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        moment = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        return moment.dt.strftime(_moment_format(dtype))
    if isinstance(dtype, pl.Date):
        return column.dt.strftime(DATE)
    return column.cast(_stored(dtype))


def _decode(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        moment = column.str.to_datetime(_moment_format(dtype), time_unit=dtype.time_unit)
        if not dtype.time_zone:
            return moment
        return moment.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    if isinstance(dtype, pl.Date):
        return column.str.to_date(DATE)
    return column.cast(dtype)


def _moment_format(dtype: pl.Datetime) -> str:
    return f"%Y-%m-%dT%H:%M:%S.%{DIGITS[dtype.time_unit]}f" + ("Z" if dtype.time_zone else "")
