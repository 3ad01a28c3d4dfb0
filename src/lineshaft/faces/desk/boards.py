"""What islands draw, and what a change by hand does to the picture: for pages and the API alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from lineshaft.core import Change, Engine, Missing, Reason, Result
from lineshaft.core.solve import table_name
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.saying import kpi_name, reason_words
from lineshaft.faces.web.islands import ISLANDS, islands_of

Frames = dict[str, pl.DataFrame]


def board(desk: Desk, engine: str, run: str | None = None, view: str = "") -> bytes:
    """What an island of an engine (the first, unless `view` names one) draws, as JSON: the plan in force, or a run's.

    Raises
    ------
    Missing
        No such run, or the engine names no such island.
    """
    manifest = desk.works.engine(engine)
    names = [name for name in islands_of(manifest) if view in ("", name)]
    if not names:
        raise Missing(f"{engine} has no board.", f"{engine} 没有看板。")
    island = ISLANDS[names[0]]

    def draw() -> bytes:
        book, plan = _book(desk, manifest, run), _plan(desk, manifest, run)
        data = island.data(manifest, book, plan, _reasons(desk, manifest, run), desk.works.time_zone)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    drawn = desk.remember(_key(desk, manifest, names[0], run), draw) if desk.sees_all else draw()
    return drawn[:-1] + b',"now":%d}' % desk.works.now().timestamp()


def answer(
    desk: Desk, engine: str, changes: Sequence[Change], basis_run: str | None = None
) -> dict[str, Any]:
    """What a board is told when somebody changes rows by hand: whether it can be, why, and what else moves.

    Returns
    -------
    dict
        `possible`; `said` [{en, zh, code}]; `kpis` [{name {en, zh}, was, value, unit, better}]; `bars` that differ,
        as the engine's first island draws them.
    """
    manifest = desk.works.engine(engine)
    result = desk.edit(engine, changes, basis_run)
    said = [
        {**reason_words(manifest, reason)._asdict(), "code": reason.code}
        for reason in result.reasons
        if reason.code.startswith("edit_")
    ]
    possible = result.status != "infeasible"
    bars: list[Any] = []
    changed = next((ISLANDS[name].changed for name in islands_of(manifest)), None)
    if possible and changed:
        book, before = _book(desk, manifest, basis_run), _plan(desk, manifest, basis_run)
        bars = changed(book, before, members_of(result))
    return {
        "possible": possible,
        "said": said,
        "kpis": _figures(desk, engine, result, basis_run) if possible else [],
        "bars": bars,
    }


def members_of(result: Result[Any]) -> Frames:
    """Output member → frame of a result."""
    tables = {member: getattr(result.tables, member) for member in type(result.tables).members()}
    return {member: pl.DataFrame(frame) for member, frame in tables.items() if frame is not None}


def _figures(desk: Desk, engine: str, result: Result[Any], basis_run: str | None) -> list[dict[str, Any]]:
    basis = desk.run(basis_run) if basis_run else desk.in_force(engine)
    was: Mapping[str, float] = {kpi.name: kpi.value for kpi in basis.kpis} if basis else {}
    return [
        {
            "name": {"en": kpi_name(kpi, "en"), "zh": kpi_name(kpi, "zh")},
            "was": was.get(kpi.name),
            "value": kpi.value,
            "unit": kpi.unit,
            "better": kpi.better,
        }
        for kpi in result.kpis
    ]


def _book(desk: Desk, engine: Engine, run: str | None) -> Frames:
    if run is not None:
        return desk.inputs(run)
    return _members(desk, engine, "inputs")


def _plan(desk: Desk, engine: Engine, run: str | None) -> Frames:
    if run is not None:
        return members_of(desk.result(run))
    return _members(desk, engine, "outputs")


def _members(desk: Desk, engine: Engine, part: str) -> Frames:
    tables = {member: table_name(schema) for member, schema in engine.load(part).member_schemas().items()}
    frames = desk.frames(*set(tables.values()))
    return {member: frames[table] for member, table in tables.items()}


def _reasons(desk: Desk, engine: Engine, run: str | None) -> Sequence[Reason]:
    if run is not None:
        return desk.result(run).reasons
    force = desk.in_force(engine.name) if desk.sees_all else None
    return desk.result(force.run_id).reasons if force else ()


def _key(desk: Desk, engine: Engine, view: str, run: str | None) -> tuple[Any, ...]:
    if run is not None:
        return ("board", engine.name, view, run, desk.run(run).result_blob)
    return ("board", engine.name, view, *sorted(desk.digests().items()))
