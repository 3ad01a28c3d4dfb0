"""Bring an older works to today's tables, in one transaction; a works that is up to date is only read.

Two things grow old. The works' own bookkeeping (`system.py`) has a form number in `ls_meta` and a chain of steps
written by hand with Alembic's operations (`migrations/`), the same for both databases; there is no second version
table, and the steps run inside the one write transaction of the store. The vocabulary's tables have no steps: each
keeps beside it the columns it was made with, and is fitted to the schema whenever they differ, because firms bring
engines with tables of their own, of whose history this house knows nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import dataframely as dy
import polars as pl
import sqlalchemy as sa

from lineshaft.core import Refused
from lineshaft.core.digest import frame_digest
from lineshaft.store import state
from lineshaft.store.sql import Catalog, signature, stored_table
from lineshaft.store.system import META, SYSTEM, TABLE, VERSION

NOTE = "note."


def is_current(connection: sa.Connection, catalog: Catalog) -> bool:
    """True when the bookkeeping and every known table already have today's form."""
    if stored_version(connection) != VERSION:
        return False
    known = {row.name: row.columns for row in connection.execute(sa.select(TABLE.c.name, TABLE.c.columns))}
    return all(known.get(name) == signature(schema) for name, schema in catalog.schemas.items())


def bring_up_to_date(connection: sa.Connection, catalog: Catalog) -> None:
    """Run the steps that the works has not seen yet, then fit each table to its schema.

    Raises
    ------
    Refused
        The works is from a newer Lineshaft, or a table's rows do not fit its new schema.
    """
    version = stored_version(connection)
    if version < VERSION:
        _take_steps(connection, version)
        connection.execute(META.update().where(META.c.key == "version").values(value=str(VERSION)))
    fit_tables(connection, catalog)


def create(connection: sa.Connection, catalog: Catalog, meta: dict[str, str]) -> None:
    """Make the bookkeeping and all tables in an empty database."""
    SYSTEM.create_all(connection)
    connection.execute(
        META.insert(),
        [{"key": key, "value": value} for key, value in {**meta, "version": str(VERSION)}.items()],
    )
    fit_tables(connection, catalog)


def stored_version(connection: sa.Connection) -> int:
    """The form of the works' bookkeeping.

    Raises
    ------
    Refused
        Newer than this Lineshaft knows.
    """
    version = int(scalar(connection, "version"))
    if version > VERSION:
        raise Refused(
            f"This works was written by a newer Lineshaft (form {version}, known here: {VERSION}); update Lineshaft.",
            f"该工厂数据由更新版本的 Lineshaft 写入(格式 {version},本机支持 {VERSION}),请升级。",
        )
    return version


def fit_tables(connection: sa.Connection, catalog: Catalog) -> None:
    """Create tables that are missing and rebuild those whose columns have changed."""
    known = {row.name: row.columns for row in connection.execute(sa.select(TABLE.c.name, TABLE.c.columns))}
    for name, schema in catalog.schemas.items():
        wanted = signature(schema)
        if name not in known:
            catalog.tables[name].create(connection)
            row = {"name": name, "digest": _empty_digest(schema), "rows": 0, "columns": wanted}
            connection.execute(TABLE.insert(), row)
        elif known[name] != wanted:
            _rebuild(connection, catalog, name, known[name])
            connection.execute(TABLE.update().where(TABLE.c.name == name).values(columns=wanted))
            state.note(connection, catalog, name, state.stored(connection, catalog, name))


def is_there(connection: sa.Connection) -> bool:
    """True when the database holds a works."""
    return sa.inspect(connection).has_table(META.name)


def noted(connection: sa.Connection, key: str) -> str | None:
    """A text that somebody wants kept with the works."""
    value: str | None = connection.execute(
        sa.select(META.c.value).where(META.c.key == NOTE + key)
    ).scalar_one_or_none()
    return value


def note(connection: sa.Connection, key: str, text: str) -> None:
    """Keep a text with the works."""
    connection.execute(META.delete().where(META.c.key == NOTE + key))
    connection.execute(META.insert(), {"key": NOTE + key, "value": text})


def scalar(connection: sa.Connection, key: str) -> Any:
    """A value of the works' own facts: name, time zone, id."""
    return connection.execute(sa.select(META.c.value).where(META.c.key == key)).scalar_one()


@cache
def _empty_digest(schema: type[dy.Schema]) -> str:
    return frame_digest(pl.DataFrame(schema.create_empty()), schema)


def _take_steps(connection: sa.Connection, version: int) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from lineshaft.store.migrations import CHAIN

    assert len(CHAIN) == VERSION
    op = Operations(MigrationContext.configure(connection))
    for upgrade in CHAIN[version:]:
        upgrade(op)


def _rebuild(connection: sa.Connection, catalog: Catalog, name: str, stored: str) -> None:
    """Move a table's rows into its new form: columns gone are dropped, new ones are empty."""
    fresh, old = catalog.tables[name], stored_table(f"ls_old_{name}", stored)
    connection.exec_driver_sql(f'ALTER TABLE "{name}" RENAME TO "{old.name}"')
    fresh.create(connection)
    if connection.execute(sa.select(old).limit(1)).first() is not None:
        _move_rows(connection, name, old, fresh)
    old.drop(connection)


def _move_rows(connection: sa.Connection, name: str, old: sa.Table, fresh: sa.Table) -> None:
    shared = [column.name for column in fresh.columns if column.name in old.c]
    unfit = [column.name for column in fresh.columns if column.name not in old.c and not column.nullable]
    unfit += [column for column in shared if type(old.c[column].type) is not type(fresh.c[column].type)]
    if unfit:
        raise _unfit(name, ", ".join(sorted(unfit)))
    rows = sa.select(*(old.c[column] for column in shared))
    try:
        connection.execute(fresh.insert().from_select(shared, rows))
    except sa.exc.IntegrityError as error:
        raise _unfit(name, str(error.orig)) from error


def _unfit(name: str, what: str) -> Refused:
    return Refused(
        f"The rows of {name} do not fit its new columns ({what}); export the table with the older Lineshaft, "
        "complete it and import it again.",
        f"表 {name} 的数据不符合新的列定义({what});请用旧版导出、补全后重新导入。",
    )
