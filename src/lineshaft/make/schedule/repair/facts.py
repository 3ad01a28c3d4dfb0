"""What happened, as changes of input tables: a breakdown, a sick person, late material, rework, a rush order, an event.

`with_facts` puts changes into a book; `what_happened` finds the changes between two books, such as the tables when
the plan in force was accepted and the tables now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core import BadInput, Change, Fault, Words
from lineshaft.core.frames import Reference, cast_column, check_alone, references
from lineshaft.core.solve import table_name
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.tables import ShopBook

GONE = "gone"
PLAN = ("previous", "previous_resources")


@cache
def members() -> dict[str, str]:
    """Table → member of everything in a book that is not the plan in force."""
    return {
        table_name(schema): member
        for member, schema in ShopBook.member_schemas().items()
        if member not in PLAN
    }


def with_facts(book: ShopBook, changes: Sequence[Change]) -> ShopBook:
    """The book with rows changed, added or, where a change says `gone`, taken out.

    Raises
    ------
    BadInput
        With every fault in the rows: no such table or column, a value out of bounds, a name of nothing.
    """
    known = members()
    by_table: dict[str, list[Change]] = {}
    for change in changes:
        by_table.setdefault(change.table, []).append(change)
    frames, touched, faults = {}, {}, []
    for name, rows in by_table.items():
        if name not in known:
            words = Words("no such table tells what happened", "没有可记录变动的此表")
            faults.append(Fault(name, tuple(rows[0].key), "", None, "unknown_table", words))
            continue
        schema = ShopBook.member_schemas()[known[name]]
        faults += list(strange(schema, rows))
        frames[known[name]], touched[known[name]], found = patched(schema, table(book, known[name]), rows)
        faults += found
    if faults:
        raise BadInput(faults)
    now = copy(book)
    for member, frame in frames.items():
        setattr(now, member, frame)
    if faults := list(lost(now, touched)):
        raise BadInput(faults)
    return now


def strange(schema: type[dy.Schema], changes: Sequence[Change]) -> Iterator[Fault]:
    """A fault for every value of a column that the table does not have."""
    known = {*schema.column_names(), GONE}
    for change in changes:
        for column in set(change.values) - known:
            words = Words("the table has no such column", "该表没有此列")
            yield Fault(change.table, change.key, column, change.values[column], "unknown_column", words)


def patched(
    schema: type[dy.Schema], frame: pl.DataFrame, changes: Sequence[Change]
) -> tuple[pl.DataFrame, pl.DataFrame, list[Fault]]:
    """The frame with the changes; the rows that share the first column of their keys with one; faults. Of two changes of a row both count."""
    keys, columns = schema.primary_key(), schema.column_names()
    types = {name: column.dtype for name, column in schema.columns().items()}
    asked = [
        pl.Series(key, [change.key[i] for change in changes], strict=False) for i, key in enumerate(keys)
    ]
    asked = [cast_column(values, types[values.name]) for values in asked]
    frame = frame if frame.columns == columns else frame.select(columns)
    frame = frame if frame[keys[0]].is_sorted() else frame.sort(keys)
    spans = spans_of(frame[keys[0]], asked[0])
    rows: dict[tuple[Any, ...], dict[str, Any]] = {
        tuple(row[key] for key in keys): row
        for low, high in spans
        for row in frame[low:high].iter_rows(named=True)
    }
    for key, change in zip(zip(*asked), changes):
        if change.values.get(GONE):
            rows.pop(key, None)
        else:
            blank = dict.fromkeys(columns) | dict(zip(keys, key))
            rows[key] = rows.get(key, blank) | {c: v for c, v in change.values.items() if c in types}
    told = pl.DataFrame({name: [row[name] for row in rows.values()] for name in columns}, strict=False)
    good, faults = check_alone(table_name(schema), told, schema)
    pieces, at = [], 0
    for (low, high), (first, last) in zip(spans, spans_of(good[keys[0]], asked[0])):
        pieces += [frame[at:low], good[first:last]]
        at = high
    return pl.concat([*pieces, frame[at:]], how="vertical_relaxed", rechunk=True), good, faults


def spans_of(column: pl.Series, values: Iterable[Any]) -> list[tuple[int, int]]:
    """From which row to which each of some values, in their order, stands in a sorted column."""
    each = pl.Series(sorted(set(values)), dtype=column.dtype)
    low, high = (column.search_sorted(each, side).to_list() for side in ("left", "right"))
    return list(zip(low, high))


def lost(book: ShopBook, touched: dict[str, pl.DataFrame]) -> Iterator[Fault]:
    """A fault for every row, of those touched, that names a row of another table which is not there."""
    for member, rows in touched.items():
        schema = ShopBook.member_schemas()[member]
        for reference in references(schema):
            if reference.target in members() and rows[reference.columns[-1]].null_count() < len(rows):
                yield from lost_names(book, schema, rows, reference)


def lost_names(
    book: ShopBook, schema: type[dy.Schema], rows: pl.DataFrame, reference: Reference
) -> Iterator[Fault]:
    """A fault for every row that names, by this reference, what is not there."""
    own = list(reference.columns)
    named = [names if None not in names else None for names in zip(*(rows[column] for column in own))]
    target = table(book, members()[reference.target])
    its = [target[column] for column in reference.target_columns]
    spans = [(0, len(target))]
    if its[0].is_sorted():
        spans = spans_of(its[0], (names[0] for names in named if names))
    there = {names for low, high in spans for names in zip(*(column[low:high] for column in its))}
    missing = [names is not None and names not in there for names in named]
    for row in rows.filter(missing).iter_rows(named=True) if any(missing) else ():
        value = " ".join(str(row[column]) for column in own)
        words = Words(
            f"names {value}, which is not in {reference.target}",
            f"引用的 {value} 在 {reference.target} 中不存在",
        )
        key = tuple(row[key] for key in schema.primary_key())
        yield Fault(table_name(schema), key, own[-1], value, "ref", words)


def what_happened(before: ShopBook, after: ShopBook) -> tuple[Change, ...]:
    """The changes that make `after` of `before`, the plan in force left aside: `with_facts(before, …)` is `after`.

    Rows are compared by key: a new row comes with all its values, a changed one with those that changed, one that is
    no longer there as `gone`.
    """
    return tuple(
        change for name, member in members().items() for change in differences(name, before, after, member)
    )


def differences(name: str, before: ShopBook, after: ShopBook, member: str) -> Iterator[Change]:
    """The changes of one table."""
    schema = ShopBook.member_schemas()[member]
    keys = schema.primary_key()
    was, now = (table(book, member).select(schema.column_names()) for book in (before, after))
    for key in was.join(now, on=keys, how="anti").select(keys).sort(keys).iter_rows():
        yield Change(name, key, {GONE: True})
    others = [column for column in schema.column_names() if column not in keys]
    both = now.join(was.with_columns(_known=True), on=keys, how="left", suffix="@was", maintain_order="left")
    differ = [pl.col(column).ne_missing(pl.col(f"{column}@was")) for column in others]
    for row in both.filter(pl.any_horizontal(pl.col("_known").is_null(), *differ)).iter_rows(named=True):
        new = row["_known"] is None
        values = {c: row[c] for c in others if (row[c] is not None if new else row[c] != row[f"{c}@was"])}
        yield Change(name, tuple(row[key] for key in keys), values)
