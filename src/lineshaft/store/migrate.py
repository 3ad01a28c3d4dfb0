"""Bring an older works to today's tables; a works that is up to date is only read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import sqlalchemy as sa

from lineshaft.core import Refused
from lineshaft.core.digest import frame_digest
from lineshaft.store import state
from lineshaft.store.sql import Catalog, signature, sql_table
from lineshaft.store.system import APPEND_ONLY, META, SYSTEM, TABLE, VERSION

Step = Callable[[sa.Connection], None]


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
    for number in range(version, VERSION):
        STEPS[number](connection)
    connection.execute(META.update().where(META.c.key == "version").values(value=str(VERSION)))
    fit_tables(connection, catalog)


def create(connection: sa.Connection, catalog: Catalog, meta: dict[str, str]) -> None:
    """Make the bookkeeping and all tables in an empty database."""
    SYSTEM.create_all(connection)
    for trigger in APPEND_ONLY:
        connection.exec_driver_sql(trigger)
    connection.execute(
        META.insert(),
        [{"key": key, "value": value} for key, value in {**meta, "version": str(VERSION)}.items()],
    )
    fit_tables(connection, catalog)


def stored_version(connection: sa.Connection) -> int:
    """The version of the works' bookkeeping.

    Raises
    ------
    Refused
        Newer than this Lineshaft knows.
    """
    version = int(connection.execute(sa.select(META.c.value).where(META.c.key == "version")).scalar_one())
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
            empty = pl.DataFrame(schema.create_empty())
            row = {"name": name, "digest": frame_digest(empty, schema), "rows": 0, "columns": wanted}
            connection.execute(TABLE.insert(), row)
        elif known[name] != wanted:
            _rebuild(connection, catalog, name, known[name])
            connection.execute(TABLE.update().where(TABLE.c.name == name).values(columns=wanted))
            state.note(connection, catalog, name, state.read(connection, catalog, name))


def _rebuild(connection: sa.Connection, catalog: Catalog, name: str, stored: str) -> None:
    """Move a table's rows into its new form: columns gone are dropped, new ones are empty."""
    schema = catalog.schemas[name]
    old_columns = {column for column, *_ in json.loads(stored)}
    shared = [column for column in schema.columns() if column in old_columns]
    added = {
        column for column, rule in schema.columns().items() if column not in old_columns and not rule.nullable
    }
    filled = connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one()
    if added and filled:
        raise _unfit(name, ", ".join(sorted(added)))
    fresh = sql_table(f"ls_new_{name}", schema, sa.MetaData())
    fresh.create(connection)
    names = ", ".join(f'"{column}"' for column in shared)
    copy = sa.text(f'INSERT INTO "{fresh.name}" ({names}) SELECT {names} FROM "{name}"')  # noqa: S608
    try:
        connection.execute(copy)
    except sa.exc.IntegrityError as error:
        raise _unfit(name, str(error.orig)) from error
    connection.exec_driver_sql(f'DROP TABLE "{name}"')
    connection.exec_driver_sql(f'ALTER TABLE "{fresh.name}" RENAME TO "{name}"')


def _unfit(name: str, what: str) -> Refused:
    return Refused(
        f"The rows of {name} do not fit its new columns ({what}); export the table with the older Lineshaft, "
        "complete it and import it again.",
        f"表 {name} 的数据不符合新的列定义({what});请用旧版导出、补全后重新导入。",
    )


def _add_basis(connection: sa.Connection) -> None:
    """Form 0 knew a run's inputs only, not the tables that accepting it replaces."""
    connection.exec_driver_sql("ALTER TABLE ls_run ADD COLUMN basis TEXT NOT NULL DEFAULT '{}'")
    connection.exec_driver_sql("UPDATE ls_run SET basis = inputs")


STEPS: tuple[Step, ...] = (_add_basis,)
assert len(STEPS) == VERSION


def scalar(connection: sa.Connection, key: str) -> Any:
    """A value of the works' own facts: name, time zone, id."""
    return connection.execute(sa.select(META.c.value).where(META.c.key == key)).scalar_one()
