"""Repair the plan in force: keep it as well as what happened allows, then better it without moving much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from lineshaft.core import Cancelled, Checked, Kpi, Result, Run
from lineshaft.core.result import StoppedBy
from lineshaft.make.schedule.checks import check as checks
from lineshaft.make.schedule.checks.hours import rows
from lineshaft.make.schedule.checks.steps import find_pins
from lineshaft.make.schedule.layout.fixing import STEP
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.params import RepairParams
from lineshaft.make.schedule.repair.edit import State, mend, propose
from lineshaft.make.schedule.repair.improve import Mender
from lineshaft.make.schedule.repair.settle import shifted
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

USUAL_ROUNDS = 12
OFFER_ROUNDS = 20


def solve(book: ShopBook, params: RepairParams, run: Run) -> Result[ShopPlan]:
    """The plan in force (`previous`) with what happened since: breakdowns, events, new orders, late material.

    Returns
    -------
    Result[ShopPlan]
        KPIs as of a schedule, without bounds, and `moved_operations`: steps of the plan in force that have another
        start, mode or place now. Reasons say what moved and why.

    Raises
    ------
    BadInput, LineshaftError
        As a schedule.
    Refused
        The plan cannot be kept even when steps are shifted.
    """
    run.progress(0.0, "shifting what cannot stay", "顺延无法保持的工序")
    state = mend(book, params, params.moved_min)
    result = repaired(state, state.standing, 0, "done")
    if run.cancelled():
        raise Cancelled
    run.offer(result)
    mender = Mender(state.force, shifted(state.force, state.standing), run.seed)
    stop = improve(state, mender, run)
    return repaired(state, mender.best.standing, mender.rounds, stop)


def improve(state: State, mender: Mender, run: Run) -> StoppedBy:
    """Rounds until a limit, a cancel, or until nothing is left to try."""
    limit = run.work_limit
    if limit is None and run.time_limit_s is None:
        limit = USUAL_ROUNDS
    round_s = 0.0
    while True:
        if run.cancelled():
            return "cancel"
        if limit is not None and mender.rounds >= limit:
            return "work"
        if run.time_limit_s is not None and run.time_limit_s - run.elapsed_s() <= 2 * round_s:
            return "time"
        begun_s, value = run.elapsed_s(), mender.best.value[0]
        if not mender.next():
            return "done"
        round_s = run.elapsed_s() - begun_s
        moved = int(state.force.moved(mender.best.standing).sum())
        done = mender.rounds / limit if limit else run.elapsed_s() / (run.time_limit_s or 1.0)
        run.progress(
            min(1.0, done),
            f"round {mender.rounds}: {moved} steps moved",
            f"第 {mender.rounds} 轮:移动 {moved} 道工序",
        )
        if mender.rounds % OFFER_ROUNDS == 0 and mender.best.value[0] < value:
            run.offer(repaired(state, mender.best.standing, mender.rounds, "done"))


def repaired(state: State, standing: Standing, work: int, stopped_by: StoppedBy) -> Result[ShopPlan]:
    """The proposal."""
    planned = set(table(state.book, "previous").select(STEP).iter_rows())
    ousted = sum(state.names.keys[op] in planned for op in np.flatnonzero(state.force.homeless).tolist())
    moved = Kpi("moved_operations", float(state.force.moved(standing).sum() + ousted), "1", "low")
    result = propose(state, standing, [], False)
    joined = tuple(warning for warning in result.warnings if warning.code == "edit_plan_joined")
    return replace(result, kpis=(*result.kpis, moved), warnings=joined, work=work, stopped_by=stopped_by)


def check(book: ShopBook, plan: ShopPlan, params: RepairParams) -> Checked:
    """As of a schedule, which names every finished, running, locked or frozen step that moved; and what moved is counted again."""
    found = checks.check(book, plan, params)
    pins = find_pins(book, params, checks.plan_start_s(book, params))
    was, now = (
        {key_of(row): (row["mode_no"], row["start"], places[key_of(row)]) for row in rows(steps)}
        for steps, places in (
            (book.previous, places_of(book.previous_resources)),
            (plan.operation_plan, places_of(plan.resource_plan)),
        )
    )
    moved = sum(was.get(key, place) != place for key, place in now.items() if key not in pins)
    return Checked(found.violations, {**found.kpis, "moved_operations": float(moved)})


def key_of(row: Mapping[str, Any]) -> tuple[str, int]:
    """Order and number of a step."""
    return row["order_id"], row["op_no"]


def places_of(frame: pl.DataFrame | None) -> dict[tuple[str, int], set[tuple[Any, ...]]]:
    """Which places each step holds, for which demand."""
    places: dict[tuple[str, int], set[tuple[Any, ...]]] = defaultdict(set)
    for row in rows(frame):
        unit = (row["demand_no"], row["unit_no"], row["resource_id"], row["place_no"])
        places[key_of(row)].add(unit)
    return places
