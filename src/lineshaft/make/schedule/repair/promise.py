"""Capable to promise: new orders put into the gaps of the plan in force, where nobody gives way to them.

An order is placed step by step, each as early as gaps allow (serial generation; Kolisch 1996), in several orders of
its steps; the soonest end counts. So the promise is kept by the plan that comes with it, and nothing promised before moves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from lineshaft.core import Cancelled, Checked, Reason, Result, Run
from lineshaft.make.schedule.checks import check as checks
from lineshaft.make.schedule.checks.hours import rows, to_s, to_s_up
from lineshaft.make.schedule.params import PromiseParams
from lineshaft.make.schedule.plan import lane_use, moments
from lineshaft.make.schedule.reasons.explain import minutes
from lineshaft.make.schedule.repair.edit import State, mend, propose
from lineshaft.make.schedule.repair.insert import insert, longest_ahead_first
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.repair.tell import follows, held_behind
from lineshaft.make.schedule.shop import Ints
from lineshaft.make.schedule.tables import ShopBook, ShopPromise

STILL_MIN = 1e9


def solve(book: ShopBook, params: PromiseParams, run: Run) -> Result[ShopPromise]:
    """When every order that has steps but no place in the plan in force can be done, with nothing else moved.

    The plan is first kept as well as what happened allows. Orders made for each other are asked for together; those
    due first are placed first.

    Returns
    -------
    Result[ShopPromise]
        A row of `promises` for every order asked for, and the plan with these orders in it; KPIs as of a schedule.

    Raises
    ------
    BadInput, LineshaftError
        As a schedule.
    Refused
        The plan in force cannot be kept, or an order finds no room before the calendars end.
    """
    run.progress(0.0, "looking for gaps", "查找空档")
    state = mend(book, params, STILL_MIN)
    result = promise(state, params.buffer_pct)
    run.offer(result)
    if run.cancelled():
        raise Cancelled
    return result


def asked_for(state: State) -> list[int]:
    """Orders of which no step has a place in the plan in force."""
    shop = state.compiled.shop
    placed = np.zeros(shop.n_orders, dtype=np.bool_)
    placed[shop.op_order[~state.force.homeless]] = True
    return np.flatnonzero(~placed).tolist()


def promise(state: State, buffer_pct: int) -> Result[ShopPromise]:
    """The rows for the orders asked for, with the plan that keeps them."""
    names, shop, standing = state.names, state.compiled.shop, state.standing
    asked = asked_for(state)
    plan = propose(state, standing, [], False)
    start_s, end_s = spans(state, standing)
    alone = insert(
        state.deck,
        replace(standing, start_s=np.zeros_like(standing.start_s)),
        longest_ahead_first(shop, state.deck, np.flatnonzero(np.isin(shop.op_order, asked))),
        np.zeros(shop.n_ops, dtype=np.bool_),
        np.zeros(shop.n_ops, dtype=np.bool_),
    )
    earliest_s = np.minimum(spans(state, alone or standing)[1], end_s)
    buffer_s = np.maximum(end_s - shop.order_release_s, 0)[asked] * buffer_pct // 100
    waits = longest_waits(state, standing)
    frame = pl.DataFrame(
        {
            "order_id": [names.orders[order] for order in asked],
            "promised": moments(state.compiled, end_s[asked] + buffer_s),
            "start": moments(state.compiled, start_s[asked]),
            "end": moments(state.compiled, end_s[asked]),
            "earliest": moments(state.compiled, earliest_s[asked]),
            "resource_id": pl.Series([waits.get(order, (None, 0))[0] for order in asked], dtype=pl.String),
            "waiting_min": pl.Series([waits.get(order, (None, 0))[1] for order in asked], dtype=pl.Int64),
        }
    )
    told = [
        Reason(
            "promises",
            (row["order_id"],),
            "promise",
            {**row, **in_words(row), "resource_id": row["resource_id"] or "-"},
        )
        for row in frame.iter_rows(named=True)
    ]
    frames = {member: getattr(plan.tables, member).lazy() for member in plan.tables.members()}
    tables = ShopPromise.cast({"promises": frame.lazy(), **frames})
    return Result(tables=tables, kpis=plan.kpis, reasons=(*told, *plan.reasons))


def in_words(row: dict[str, object]) -> dict[str, str]:
    """The moments of a promise as people read them."""
    return {name: f"{row[name]:%Y-%m-%d %H:%MZ}" for name in ("promised", "start", "end", "earliest")}


def spans(state: State, standing: Standing) -> tuple[Ints, Ints]:
    """First start and last end of every order (s)."""
    shop = state.compiled.shop
    start_s, end_s = (
        np.full(shop.n_orders, np.iinfo(np.int64).max),
        np.full(shop.n_orders, np.iinfo(np.int64).min),
    )
    np.minimum.at(start_s, shop.op_order, standing.start_s)
    np.maximum.at(end_s, shop.op_order, standing.end_s)
    return start_s, end_s


def longest_waits(state: State, standing: Standing) -> dict[int, tuple[str, int]]:
    """For each order the resource that its steps wait longest for while others hold it, and how long (min)."""
    shop, names = state.compiled.shop, state.names
    use = lane_use(shop, standing.timetable())
    _, lane, free_s = held_behind(standing, use)
    ops = np.arange(shop.n_ops)
    ready_s = np.maximum(np.maximum(follows(names, standing, ops)[1], shop.op_release_s), 0)
    waited_s = np.minimum(free_s, standing.start_s) - ready_s
    total_s: dict[tuple[int, str], int] = {}
    for op in np.flatnonzero((waited_s > 0) & state.force.homeless).tolist():
        key = int(shop.op_order[op]), names.lane_resource[lane[op]]
        total_s[key] = total_s.get(key, 0) + int(waited_s[op])
    longest: dict[int, tuple[str, int]] = {}
    for (order, resource_id), wait_s in sorted(total_s.items()):
        if minutes(wait_s) > longest.get(order, ("", 0))[1]:
            longest[order] = resource_id, minutes(wait_s)
    return longest


def check(book: ShopBook, plan: ShopPromise, params: PromiseParams) -> Checked:
    """As of a schedule; and every promise is kept by the plan, with its buffer, for an order that had no place."""
    found = checks.check(book, plan, params)  # type: ignore[arg-type]
    faults = list(found.violations)
    ends = {row["order_id"]: row for row in rows(plan.order_plan)}
    release_s = {row["order_id"]: to_s_up(row["release"]) for row in rows(book.work_orders)}
    for row in rows(plan.promises):
        name, planned = row["order_id"], ends.get(row["order_id"])
        if planned is None or (row["start"], row["end"]) != (planned["start"], planned["end"]):
            faults.append(f"{name}: the promise says other times than the plan")
        buffer_s = max(0, to_s(row["end"]) - release_s[name]) * params.buffer_pct // 100
        if to_s(row["promised"]) != to_s(row["end"]) + buffer_s:
            faults.append(
                f"{name}: is promised for {row['promised']} with another buffer than {params.buffer_pct} %"
            )
        if row["earliest"] > row["end"]:
            faults.append(f"{name}: would end later in an empty shop than in the plan")
    return Checked(tuple(faults), found.kpis)
