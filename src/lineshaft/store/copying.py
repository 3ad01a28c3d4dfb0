"""All rows of one database into another, whichever kinds they are."""

from __future__ import annotations

import sqlalchemy as sa

from lineshaft.store.sql import stored_table
from lineshaft.store.system import SYSTEM, TABLE

ROWS_AT_ONCE = 5_000


def copy_rows(source: sa.Connection, target: sa.Connection) -> None:
    """Make every table of the source in an empty target, those of engines that are not installed here too, and fill it."""
    SYSTEM.create_all(target)
    known = source.execute(sa.select(TABLE.c.name, TABLE.c.columns)).all()
    tables = [stored_table(row.name, row.columns) for row in known]
    for table in tables:
        table.create(target)
    for table in (*SYSTEM.sorted_tables, *tables):
        found = source.execute(sa.select(table).execution_options(yield_per=ROWS_AT_ONCE)).mappings()
        for rows in found.partitions():
            target.execute(table.insert(), [dict(row) for row in rows])
