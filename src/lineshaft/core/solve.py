"""One run of one engine: check the tables, sort them, take the digest, solve, validate and stamp the result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core.digest import book_digest, digest_of
from lineshaft.core.engine import Engine
from lineshaft.core.errors import BadInput, Fault, Missing, Words
from lineshaft.core.frames import is_valid, make_book, read_values, sort_by_key
from lineshaft.core.params import make
from lineshaft.core.result import Change, Result
from lineshaft.core.run import Run


def table_name(schema: type[dy.Schema]) -> str:
    """The table of a schema: `WorkOrder` → "work_order"."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", schema.__name__).lower()


def read_book(engine: Engine, frames: Mapping[str, pl.DataFrame | None]) -> Any:
    """The engine's input collection, checked and sorted by primary key.

    Raises
    ------
    BadInput
        With every fault found.
    """
    return make_book(engine.load("inputs"), frames, table_name, engine.load("rules") or ())


def solve(
    engine: Engine,
    frames: Mapping[str, pl.DataFrame | None],
    params: Any = None,
    run: Run | None = None,
) -> Result[Any]:
    """Run `engine` on member frames.

    Parameters
    ----------
    frames
        Input member → frame.
    params
        The engine's parameters: an object, a mapping of names to text or values, or None for the defaults.

    Raises
    ------
    BadInput
        Broken tables or parameters.
    """
    run = run or Run()
    params = given_params(engine, params)
    book = read_book(engine, frames)
    digest = book_digest(book, engine.name, engine.version, params, run.seed, run.workers)

    def offer(result: Result[Any]) -> None:
        run.offer(stamp(engine, digest, result))

    inner = replace(run, on_offer=offer if run.on_offer else None)
    return stamp(engine, digest, engine.load("solve")(book, params, inner))


def stamp(engine: Engine, digest: str, result: Result[Any], known: Any = None) -> Result[Any]:
    """A result with its tables sorted and validated, and the names of who decided what.

    Parameters
    ----------
    known
        Valid tables of the same engine: rows that stand there just so are not validated again.
    """
    tables = result.tables
    members = {
        member: _valid(pl.DataFrame(getattr(tables, member)), schema, getattr(known, member, None))
        for member, schema in tables.member_schemas().items()
        if getattr(tables, member) is not None
    }
    return replace(
        result, tables=type(tables).cast(members), engine=engine.name, version=engine.version, digest=digest
    )


def _valid(frame: pl.DataFrame, schema: type[dy.Schema], known: pl.DataFrame | None) -> pl.LazyFrame:
    """The frame sorted by key and validated, or an exception; a mistake of the engine, not of the user."""
    keys, columns = schema.primary_key(), schema.column_names()
    if known is None or not frame.select(keys).equals(known.select(keys)):
        frame = sort_by_key(frame, schema)
        return frame.lazy() if is_valid(frame, schema) else schema.validate(frame).lazy()
    changed = frame.filter(
        pl.any_horizontal(frame[name].ne_missing(known[name]) for name in columns if name not in keys)
    )
    if len(changed) and not is_valid(changed, schema):
        schema.validate(changed)
    return frame.lazy()


def given_params(engine: Engine, params: Any) -> Any:
    """Parameters as the engine's own type, from an object, a mapping or None."""
    kind = engine.load("params")
    if params is None or isinstance(params, Mapping):
        return make(kind, params or {})
    return params


# Changes by hand


@dataclass(frozen=True)
class Prepared:
    """An engine's state for edits of one plan: read once, asked many times.

    `digest` covers tables, parameters and version; `state` is the engine's own and never changes;
    `unchanged` is the answer to no change at all.
    """

    engine: Engine
    digest: str
    state: Any
    unchanged: Result[Any]


def on_plan(engine: Engine, frames: Mapping[str, pl.DataFrame | None], plan: Any) -> dict[str, Any]:
    """Input frames with `plan`, an output collection of the engine, as the plan in force wherever it reads that table."""
    made = {table_name(schema): getattr(plan, member) for member, schema in plan.member_schemas().items()}
    members = engine.load("inputs").member_schemas()
    planned = {
        member: made[table_name(schema)] for member, schema in members.items() if table_name(schema) in made
    }
    return {
        **frames,
        **{member: pl.DataFrame(frame) for member, frame in planned.items() if frame is not None},
    }


def prepare_edit(engine: Engine, frames: Mapping[str, pl.DataFrame | None], params: Any = None) -> Prepared:
    """Read the tables, with the plan in force among them, and lay them out for `edit`.

    Raises
    ------
    Missing
        Answers of this engine cannot be edited.
    BadInput, Refused
        Broken tables or parameters; a plan that cannot be edited.
    """
    if not engine.prepare:
        raise Missing(
            f"Answers of {engine.name} cannot be changed by hand.", f"{engine.name} 的结果不支持手工调整。"
        )
    params = given_params(engine, params)
    book = read_book(engine, frames)
    digest = book_digest(book, engine.name, engine.version, params)
    state = engine.load("prepare")(book, params)
    return Prepared(engine, digest, state, stamp(engine, digest, engine.load("edit")(state, ())))


def edit(prepared: Prepared, changes: Sequence[Change], explained: bool = False) -> Result[Any]:
    """What the plan becomes with these changes; when they cannot be, the plan as it is, "infeasible", and why.

    Parameters
    ----------
    changes
        Applied in order. Keys and values may be text, as they come from a form or JSON. Rows of the engine's `facts`
        tables say what happened.
    explained
        With the reasons that `solve` would give.

    Raises
    ------
    BadInput
        No such table, row or column, or a value that cannot be read.
    """
    engine = prepared.engine
    changes = read_changes(engine, changes)
    digest = digest_of(prepared.digest, [(c.table, c.key, c.values) for c in changes])
    result = engine.load("edit")(prepared.state, changes, explained=explained)
    if result.status == "infeasible":
        result = replace(result, tables=prepared.unchanged.tables, kpis=prepared.unchanged.kpis)
        return replace(result, engine=engine.name, version=engine.version, digest=digest)
    return stamp(engine, digest, result, prepared.unchanged.tables)


def read_changes(engine: Engine, changes: Sequence[Change]) -> list[Change]:
    """Changes with keys and values of the types of their columns; columns that the table does not have are left to the engine.

    Raises
    ------
    BadInput
        With every fault found.
    """
    inputs = {table_name(schema): schema for schema in engine.load("inputs").member_schemas().values()}
    schemas = {table: inputs[table] for table in engine.facts} | engine.load("outputs").member_schemas()
    read, faults = [], []
    for change in changes:
        schema = schemas.get(change.table)
        keys = schema.primary_key() if schema else []
        if schema is None or len(change.key) != len(keys):
            words = Words("there is no such row to change", "没有可修改的此行")
            faults.append(Fault(change.table, tuple(change.key), "", None, "unknown_row", words))
            continue
        given = {name: value for name, value in change.values.items() if name in schema.columns()}
        key, key_faults = read_values(change.table, schema, dict(zip(keys, change.key)), change.key)
        values, value_faults = read_values(change.table, schema, given, change.key)
        faults += key_faults + value_faults
        read.append(Change(change.table, tuple(key.values()), {**change.values, **values}))
    if faults:
        raise BadInput(faults)
    return read
