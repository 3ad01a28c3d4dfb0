"""The tables of a works inside one transaction: read, compare, check, change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl
import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Words
from lineshaft.core.digest import frame_digest
from lineshaft.core.frames import check_alone, check_tables, references
from lineshaft.store.sql import Catalog, Schemas, delete_rows, insert_rows, select_all, without_negative_zero
from lineshaft.store.system import TABLE
from lineshaft.tables.rules import READS

Frames = dict[str, pl.DataFrame]
Mode = Literal["replace", "upsert"]


@dataclass(frozen=True)
class TableChange:
    """What a write does to one table: `changed` rows as they become, `was` the same rows as they were."""

    inserted: pl.DataFrame
    changed: pl.DataFrame
    was: pl.DataFrame
    removed: pl.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Rows inserted, changed and removed."""
        return {"inserted": len(self.inserted), "changed": len(self.changed), "removed": len(self.removed)}

    @property
    def is_empty(self) -> bool:
        """True when nothing changes."""
        return not any(self.counts.values())


@dataclass(frozen=True)
class Preview:
    """What a write would do, table by table."""

    tables: dict[str, TableChange]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Rows inserted, changed and removed by table."""
        return {name: change.counts for name, change in self.tables.items()}


@dataclass(frozen=True)
class Change(Preview):
    """What a write did; `seq` is its entry in the event log."""

    seq: int


@dataclass(frozen=True)
class Next:
    """Tables before and after a write that has been checked."""

    before: Frames
    after: Frames

    def preview(self, schemas: Schemas) -> Preview:
        """The difference."""
        return Preview(
            {name: compare(self.before[name], self.after[name], schemas[name]) for name in self.after}
        )


def read(connection: sa.Connection, catalog: Catalog, name: str) -> pl.DataFrame:
    """A table, sorted by primary key; kept in memory by the digest of its content."""
    noted = connection.execute(sa.select(TABLE.c.digest).where(TABLE.c.name == name)).scalar_one()
    return catalog.kept.get((name, noted), lambda: stored(connection, catalog, name))


def stored(connection: sa.Connection, catalog: Catalog, name: str) -> pl.DataFrame:
    """A table as the database holds it, whatever is noted of it; sorted by primary key."""
    return select_all(connection, catalog.tables[name], catalog.schemas[name])


def digests(connection: sa.Connection) -> dict[str, str]:
    """Table → digest of its content."""
    return {row.name: row.digest for row in connection.execute(sa.select(TABLE.c.name, TABLE.c.digest))}


def rows(connection: sa.Connection) -> dict[str, int]:
    """Table → number of rows."""
    found = connection.execute(sa.select(TABLE.c.name, TABLE.c.rows).order_by(TABLE.c.name))
    return {row.name: row.rows for row in found}


def plan(
    connection: sa.Connection, catalog: Catalog, frames: Mapping[str, pl.DataFrame], modes: Mapping[str, Mode]
) -> Next:
    """What the tables would be after a write.

    They are checked with every table that they refer to or that refers to them, and by the rules across tables that
    read one of them.

    Raises
    ------
    BadInput
        Unknown table, a text with a null byte (PostgreSQL, workbooks and CSV cannot hold one), or the resulting tables
        would break a rule or a reference.
    """
    schemas = catalog.schemas
    unknown = [name for name in frames if name not in schemas]
    if unknown:
        words = Words("there is no such table", "没有此表")
        raise BadInput([Fault(name, (), "", None, "unknown_table", words) for name in unknown])
    before = {name: read(connection, catalog, name) for name in frames}
    wanted = {
        name: frame if modes[name] == "replace" else _merge(before[name], frame, name, schemas)
        for name, frame in frames.items()
    }
    rules = [rule for rule, tables in READS.items() if not tables.isdisjoint(frames)]
    near = _neighbours(frames, schemas).union(*(READS[rule] for rule in rules)) - set(frames)
    state = {**wanted, **{name: read(connection, catalog, name) for name in near}}
    good, faults = check_tables(state, {name: schemas[name] for name in state}, rules)
    faults += _null_bytes(good, frames, schemas)
    if faults:
        raise BadInput(faults)
    return Next(before, {name: without_negative_zero(good[name]) for name in frames})


def apply(connection: sa.Connection, catalog: Catalog, future: Next) -> Preview:
    """Make the tables what `plan` said and note their digests."""
    preview = future.preview(catalog.schemas)
    for name, change in preview.tables.items():
        if change.is_empty:
            continue
        table, keys = catalog.tables[name], catalog.schemas[name].primary_key()
        delete_rows(connection, table, pl.concat([change.removed, change.changed]).select(keys))
        insert_rows(connection, table, pl.concat([change.changed, change.inserted]))
        note(connection, catalog, name, future.after[name])
    return preview


def note(connection: sa.Connection, catalog: Catalog, name: str, frame: pl.DataFrame) -> None:
    """Write down the digest and size of a table's content."""
    digest = frame_digest(frame, catalog.schemas[name])
    connection.execute(TABLE.update().where(TABLE.c.name == name).values(digest=digest, rows=len(frame)))


def compare(before: pl.DataFrame, after: pl.DataFrame, schema: type) -> TableChange:
    """The difference between two states of a table, by primary key."""
    keys: list[str] = schema.primary_key()  # type: ignore[attr-defined]
    columns = after.columns
    common = after.join(before, on=keys, how="semi")
    changed = common.join(before, on=columns, how="anti", nulls_equal=True)
    return TableChange(
        inserted=after.join(before, on=keys, how="anti"),
        changed=changed,
        was=before.join(changed, on=keys, how="semi"),
        removed=before.join(after, on=keys, how="anti"),
    )


def _merge(before: pl.DataFrame, frame: pl.DataFrame, name: str, schemas: Schemas) -> pl.DataFrame:
    """Rows as they are, with those of the frame in place of theirs; a row may name one that the frame does not have."""
    good, faults = check_alone(name, frame, schemas[name])
    if faults:
        raise BadInput(faults)
    return pl.concat([before.join(good, on=schemas[name].primary_key(), how="anti"), good])


def _neighbours(names: Iterable[str], schemas: Schemas) -> set[str]:
    """Tables that refer to these or that these refer to."""
    own = set(names)
    near = {reference.target for name in own for reference in references(schemas[name])}
    near |= {name for name, schema in schemas.items() if any(r.target in own for r in references(schema))}
    return {name for name in near - own if name in schemas}


def _null_bytes(frames: Frames, written: Iterable[str], schemas: Schemas) -> list[Fault]:
    words = Words("holds a null byte", "含有空字节")
    return [
        Fault(name, row[:-1], column, row[-1], "null_byte", words)
        for name in written
        for column, dtype in frames[name].schema.items()
        if dtype == pl.String
        for row in frames[name]
        .filter(pl.col(column).str.contains("\0", literal=True))
        .select(*schemas[name].primary_key(), pl.col(column).alias("@value"))
        .iter_rows()
    ]
