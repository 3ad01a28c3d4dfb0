"""Tables as they are and as they were: what an engine reads, and contents kept for good by digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from lineshaft.core import Engine
from lineshaft.store import state
from lineshaft.store.pack import parquet
from lineshaft.store.system import VERSIONS
from lineshaft.tables import table_name

if TYPE_CHECKING:
    from lineshaft.store.works import Works

Frames = dict[str, pl.DataFrame]


def input_frames(works: Works, connection: sa.Connection, engine: Engine) -> Frames:
    """The tables that an engine reads, by table name."""
    names = {table_name(schema) for schema in engine.load("inputs").member_schemas().values()}
    return {name: state.read(connection, works.catalog, name) for name in sorted(names)}


def member_frames(works: Works, connection: sa.Connection, engine: Engine) -> Frames:
    """The tables that an engine reads, by member; empty optional ones are left out."""
    tables = input_frames(works, connection, engine)
    return by_member(engine, tables)


def by_member(engine: Engine, tables: Mapping[str, pl.DataFrame]) -> Frames:
    """Input member → frame, without empty optional members."""
    members = engine.load("inputs").members()
    given = {member: tables[table_name(info.schema)] for member, info in members.items()}
    return {member: frame for member, frame in given.items() if len(frame) or not members[member].is_optional}


def replaced_tables(engine: Engine) -> list[str]:
    """The output tables that accepting a result replaces as a whole."""
    members = engine.load("outputs").member_schemas()
    return [
        table_name(schema)
        for member, schema in members.items()
        if engine.accept.get(member, "replace") == "replace"
    ]


def keep_versions(
    works: Works, connection: sa.Connection, frames: Mapping[str, pl.DataFrame], digests: Mapping[str, str]
) -> None:
    """Keep the content of tables for good, each once."""
    known = set(connection.execute(sa.select(VERSIONS.c.digest)).scalars())
    for name, frame in frames.items():
        if digests[name] not in known:
            known.add(digests[name])
            blob = works.blobs.keep(parquet(frame))
            connection.execute(VERSIONS.insert(), {"digest": digests[name], "blob": blob, "table": name})


def version(works: Works, connection: sa.Connection, name: str, digest: str) -> pl.DataFrame:
    """A table as it was."""
    blob = connection.execute(sa.select(VERSIONS.c.blob).where(VERSIONS.c.digest == digest)).scalar_one()
    frame = pl.read_parquet(works.blobs.read(blob))
    return frame.select(works.catalog.schemas[name].column_names())
