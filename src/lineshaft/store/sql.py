"""From dataframely schemas to SQL tables, and from frames to rows and back without losing a bit.

Enums are stored as text, dates as ``2026-01-05``, moments as UTC text ``2026-01-05T00:00:00.000000Z`` (SQLite forgets
time zones, so the text says it) and come back in the zone of their column.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl
import sqlalchemy as sa

from lineshaft.store.kept import Kept

CONTENTS = 128
DATE = "%Y-%m-%d"
DIGITS = {"ms": 3, "us": 6, "ns": 9}
Schemas = Mapping[str, type[dy.Schema]]
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "TEXT": TEXT,
    "BIGINT": sa.BigInteger(),
    "DOUBLE": sa.Double(),
    "BOOLEAN": sa.Boolean(),
}


class Catalog:
    """The schemas a works knows and their SQL tables; threads that read it are not disturbed by one that adds."""

    def __init__(self) -> None:
        self.schemas: Schemas = {}
        self.tables: Mapping[str, sa.Table] = {}
        self.kept = Kept(CONTENTS)
        self._lock = threading.Lock()

    def add(self, name: str, schema: type[dy.Schema]) -> None:
        """Know one more table; the first schema of a name stays."""
        with self._lock:
            if name not in self.schemas:
                self.tables = {**self.tables, name: sql_table(name, schema)}
                self.schemas = {**self.schemas, name: schema}


@cache
def sql_table(name: str, schema: type[dy.Schema]) -> sa.Table:
    """The SQL table of a schema; types, keys and required columns come along, bounds and rules stay with the schema."""
    return stored_table(name, signature(schema))


@cache
def signature(schema: type[dy.Schema]) -> str:
    """What must stay the same for stored rows to fit the schema, as JSON: columns, types, required, keys."""
    keys = schema.primary_key()
    return json.dumps(
        [
            [name, _sql_type(schema.__name__, name, rule.dtype), rule.nullable, name in keys]
            for name, rule in schema.columns().items()
        ]
    )


def stored_table(name: str, columns: str) -> sa.Table:
    """The SQL table with a stored signature, be its schema known here or not. Text sorts by its bytes everywhere."""
    described = json.loads(columns)
    assert any(key for *_, key in described), f"{name} needs a primary key to be stored"
    return sa.Table(
        name,
        sa.MetaData(),
        *(
            sa.Column(column, TYPES[kind], nullable=nullable, primary_key=key, autoincrement=False)
            for column, kind, nullable, key in described
        ),
        sqlite_with_rowid=False,
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
    """SQLite keeps −0.0 as 0: make it so everywhere, before digests are taken."""
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


def _sql_type(table: str, column: str, dtype: pl.DataType) -> str:
    kinds: dict[type[pl.DataType], str] = {
        pl.String: "TEXT",
        pl.Int64: "BIGINT",
        pl.Float64: "DOUBLE",
        pl.Boolean: "BOOLEAN",
    }
    stored = type(_stored(dtype))
    assert stored in kinds, f"{table}.{column}: {dtype} cannot be stored"
    return kinds[stored]


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
