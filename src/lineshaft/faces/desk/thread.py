"""The thread of one object: its row, what it refers to, and everything that refers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from lineshaft.core import Missing
from lineshaft.core.frames import Reference, key_columns, references
from lineshaft.store.overlay import as_type
from lineshaft.store.sql import Schemas

MOST = 200


@dataclass(frozen=True)
class Link:
    """Rows of `table` that touch the object through `columns`; `role` "to": it refers to them, "from": they to it."""

    table: str
    columns: tuple[str, ...]
    role: str
    rows: pl.DataFrame
    found: int


@dataclass(frozen=True)
class Thread:
    """One row and its links, most telling tables first as the vocabulary lists them."""

    table: str
    key: tuple[Any, ...]
    row: dict[str, Any]
    links: list[Link]


def touching(table: str, schemas: Schemas) -> set[str]:
    """The tables that a thread of `table` may show."""
    near = {reference.target for reference in references(schemas[table])} & set(schemas)
    return near | {table} | {name for name, _ in naming(table, schemas)}


def naming(table: str, schemas: Schemas) -> list[tuple[str, Reference]]:
    """Every way in which rows of some table name a row of `table`: directly, or through what they name.

    A planned step names a step, whose key holds its order: so it names the order as well.
    """
    key = key_columns(schemas[table])
    found: dict[tuple[str, tuple[str, ...]], Reference] = {}
    waiting = [(table, key)]
    while waiting:
        target, held = waiting.pop(0)
        for name, schema in schemas.items():
            for reference in references(schema):
                if reference.target != target:
                    continue
                if target == table and not set(key) <= set(reference.target_columns):
                    found.setdefault((name, reference.columns), reference)
                elif set(held) <= set(reference.target_columns):
                    columns = tuple(reference.columns[reference.target_columns.index(c)] for c in held)
                    if (name, columns) not in found:
                        found[name, columns] = Reference(columns, table, key)
                        waiting.append((name, columns))
    place = {name: at for at, name in enumerate(schemas)}
    return sorted(
        ((name, reference) for (name, _), reference in found.items()), key=lambda way: place[way[0]]
    )


def read_thread(
    table: str, key: tuple[Any, ...], frames: Mapping[str, pl.DataFrame], schemas: Schemas
) -> Thread:
    """The thread of a row; `frames` has the tables that `touching` names.

    Raises
    ------
    Missing
        No such row.
    """
    row = find_row(table, key, frames[table], schemas)
    links = [
        link
        for reference in references(schemas[table])
        if reference.target in frames
        for link in [_to(reference, row, frames)]
        if link
    ]
    links += [
        link
        for name, reference in naming(table, schemas)
        if name in frames
        for link in [_from(name, reference, row, frames)]
        if link
    ]
    return Thread(table, tuple(row[name] for name in key_columns(schemas[table])), row, links)


def find_row(table: str, key: tuple[Any, ...], frame: pl.DataFrame, schemas: Schemas) -> dict[str, Any]:
    """The row with this key, whose parts may be text.

    Raises
    ------
    Missing
        No such row.
    """
    names = key_columns(schemas[table])
    if len(key) == len(names):
        columns = schemas[table].columns()
        found = frame.filter(
            pl.col(name) == as_type(part, columns[name].dtype) for name, part in zip(names, key)
        )
        if len(found):
            return found.row(0, named=True)
    said = " ".join(map(str, key))
    raise Missing(f"{table} has no row {said}.", f"{table} 中没有 {said}。")


def _to(reference: Reference, row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> Link | None:
    values = [row[name] for name in reference.columns]
    if any(value is None for value in values):
        return None
    return _link(reference.target, reference.target_columns, values, "to", frames)


def _from(
    name: str, reference: Reference, row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]
) -> Link | None:
    return _link(
        name, reference.columns, [row[target] for target in reference.target_columns], "from", frames
    )


def _link(
    table: str, columns: tuple[str, ...], values: list[Any], role: str, frames: Mapping[str, pl.DataFrame]
) -> Link | None:
    rows = frames[table].filter(pl.col(name) == value for name, value in zip(columns, values))
    return Link(table, columns, role, rows.head(MOST), len(rows)) if len(rows) else None
