"""What a partner sees: some rows of one table, what belongs to them, and what those name.

Four kinds of tables, told apart by the references that columns declare:

- the base table: rows whose column holds one of the values;
- tables below it, which refer to it directly or through others: rows that hang on a visible row by at least one
  reference and name no hidden row by any (operations of a visible order, their plans, component orders);
- tables that the base table must name (`above`), and all others: rows that a visible row below names, and rows that
  those in turn cannot do without. Everything else stays hidden.

An optional reference to a hidden row is emptied, so that no key of a hidden row is ever shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from lineshaft.core.frames import Reference, references

Schemas = Mapping[str, type[dy.Schema]]
Frames = Mapping[str, pl.DataFrame]
HIT = "@hit"


@dataclass(frozen=True)
class RowFilter:
    """Of `table` only the rows whose `column`, as text, is one of `values`; other tables follow."""

    table: str
    column: str
    values: tuple[str, ...]

    def needs(self, names: Iterable[str], schemas: Schemas) -> set[str]:
        """The tables to be read so that `names` can be filtered, `names` among them."""
        lineage = _Lineage(self.table, schemas)
        needed: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += lineage.depends(name)
        return needed

    def is_circular(self, schemas: Schemas) -> bool:
        """True when rows of the table must name, directly or not, rows of the same table: none can be shown then."""
        return _Lineage(self.table, schemas).circular

    def visible(self, frames: Frames, schemas: Schemas) -> dict[str, pl.DataFrame]:
        """The same tables without hidden rows; `frames` holds all that `needs` names, or more."""
        lineage = _Lineage(self.table, schemas)
        seen = self._below(frames, lineage)
        if self.table in frames:
            seen[self.table] = _emptied(self.table, seen[self.table], seen, lineage)
        return seen | _named(frames, seen, lineage)

    def _below(self, frames: Frames, lineage: _Lineage) -> dict[str, pl.DataFrame]:
        """Base rows, and again and again the rows that hang on visible ones, until nothing more appears."""
        seen = {name: frames[name].clear() for name in lineage.below if name in frames}
        if self.table in frames and not lineage.circular:
            mine = pl.col(self.column).cast(pl.String).is_in(list(self.values))
            seen[self.table] = frames[self.table].filter(mine)
        grows = True
        while grows:
            grows = False
            for name in seen:
                if name != self.table:
                    rows = _hanging(frames[name], seen, lineage.refers(name, lineage.below))
                    grows = grows or len(rows) > len(seen[name])
                    seen[name] = rows
        return seen


class _Lineage:
    """How the tables stand to the base table."""

    def __init__(self, base: str, schemas: Schemas) -> None:
        self._schemas = schemas
        self._refers = {
            name: [ref for ref in references(schema) if ref.target in schemas]
            for name, schema in schemas.items()
        }
        self.base = base
        above = self._reach(base)
        self.circular = base in above
        self.below = [base]
        for name in self.below:
            self.below += [
                other
                for other in schemas
                if other not in above
                and other not in self.below
                and any(ref.target == name for ref in self._refers[other])
            ]

    def refers(self, name: str, targets: Iterable[str]) -> list[Reference]:
        """References of a table to any of these tables."""
        return [ref for ref in self._refers[name] if ref.target in targets]

    def optional(self, name: str) -> list[Reference]:
        """References by which a visible row may name a hidden one: only those that may be left empty."""
        targets = self.below if name == self.base else self._schemas
        return [ref for ref in self.refers(name, targets) if not self._required(name, ref)]

    def nullable(self, name: str, ref: Reference) -> list[str]:
        """The columns of a reference that can be emptied."""
        columns = self._schemas[name].columns()
        return [column for column in ref.columns if columns[column].nullable]

    def naming(self, name: str) -> list[tuple[str, Reference]]:
        """References by which a visible row makes a row of `name` visible, each with its table."""
        return [
            (other, ref)
            for other, refs in self._refers.items()
            for ref in refs
            if ref.target == name and (other in self.below or self._required(other, ref))
        ]

    def depends(self, name: str) -> set[str]:
        """The tables that decide directly which rows and cells of `name` are seen."""
        if name in self.below:
            return {ref.target for ref in self.refers(name, self.below)} | {self.base}
        return {other for other, _ in self.naming(name)} | {ref.target for ref in self.optional(name)}

    def _required(self, name: str, ref: Reference) -> bool:
        return not self.nullable(name, ref)

    def _reach(self, base: str) -> set[str]:
        """What the base table cannot do without."""
        found: set[str] = set()
        waiting = [base]
        while waiting:
            name = waiting.pop()
            for ref in self._refers[name]:
                if self._required(name, ref) and ref.target not in found:
                    found.add(ref.target)
                    waiting.append(ref.target)
        return found


def _hanging(frame: pl.DataFrame, seen: Frames, refs: list[Reference]) -> pl.DataFrame:
    """Rows with at least one of these references given and every one that is given visible."""
    verdicts = pl.DataFrame({f"{HIT}{n}": _verdict(frame, seen, ref) for n, ref in enumerate(refs)})
    return frame.filter(verdicts.select(pl.min_horizontal(pl.all())).to_series())


def _verdict(frame: pl.DataFrame, seen: Frames, ref: Reference) -> pl.Series:
    """For each row: true where the named row is visible, null where none is named, else false."""
    if ref.target not in seen:
        hit = pl.lit(None, dtype=pl.Boolean)
        found = frame.select(ref.columns).with_columns(hit.alias(HIT))
    else:
        there = seen[ref.target].select(ref.target_columns).unique().with_columns(pl.lit(True).alias(HIT))
        found = frame.select(ref.columns).join(
            there, left_on=ref.columns, right_on=ref.target_columns, how="left", maintain_order="left"
        )
    given = pl.any_horizontal(pl.col(column).is_not_null() for column in ref.columns)
    return found.select(pl.when(given).then(pl.col(HIT).fill_null(False))).to_series()


def _emptied(name: str, rows: pl.DataFrame, seen: Frames, lineage: _Lineage) -> pl.DataFrame:
    """Rows of one table with optional references to hidden rows emptied."""
    for ref in lineage.optional(name):
        hidden = _verdict(rows, seen, ref).eq_missing(False)
        rows = rows.with_columns(
            pl.when(~hidden).then(pl.col(column)).alias(column) for column in lineage.nullable(name, ref)
        )
    return rows


def _named(frames: Frames, seen: Frames, lineage: _Lineage) -> dict[str, pl.DataFrame]:
    """Rows of the other tables that visible rows name."""
    others = [name for name in frames if name not in seen]
    named = {name: frames[name].clear() for name in others}
    grows = True
    while grows:
        grows = False
        for name in others:
            rows = _called(frames[name], {**seen, **named}, lineage.naming(name))
            grows = grows or len(rows) > len(named[name])
            named[name] = rows
    shown = {**seen, **named}
    return {name: _emptied(name, rows, shown, lineage) for name, rows in named.items()}


def _called(frame: pl.DataFrame, seen: Frames, naming: list[tuple[str, Reference]]) -> pl.DataFrame:
    """Rows that a row of `seen` names by one of these references."""
    hit = pl.Series([False]).new_from_index(0, len(frame))
    for table, ref in naming:
        if table in seen:
            back = Reference(ref.target_columns, table, ref.columns)
            hit = hit | _verdict(frame, seen, back).fill_null(False)
    return frame.filter(hit)
