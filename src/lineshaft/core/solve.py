"""One run of one engine: check the tables, sort them, take the digest, solve, validate and stamp the result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core.digest import book_digest
from lineshaft.core.engine import Engine
from lineshaft.core.frames import make_book, sort_by_key
from lineshaft.core.params import make
from lineshaft.core.result import Result
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

    def stamp(result: Result[Any]) -> Result[Any]:
        tables = result.tables
        sorted_members = {
            member: sort_by_key(pl.DataFrame(getattr(tables, member)), schema).lazy()
            for member, schema in tables.member_schemas().items()
            if getattr(tables, member) is not None
        }
        valid = type(tables).validate(sorted_members)
        return replace(result, tables=valid, engine=engine.name, version=engine.version, digest=digest)

    inner = replace(run, on_offer=(lambda r: run.offer(stamp(r))) if run.on_offer else None)
    return stamp(engine.load("solve")(book, params, inner))


def given_params(engine: Engine, params: Any) -> Any:
    """Parameters as the engine's own type, from an object, a mapping or None."""
    kind = engine.load("params")
    if params is None or isinstance(params, Mapping):
        return make(kind, params or {})
    return params
