"""From a timetable back to tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from lineshaft.make.schedule.layout.calendars import latest_with, ranges, worked_until
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.shop import NEVER_S, Bools, Ints, Shop, Timetable
from lineshaft.make.schedule.tables import ShopPlan


def make_plan(compiled: Compiled, timetable: Timetable, use: LaneUse | None = None) -> ShopPlan:
    """The rows of a timetable (and its `lane_use`, if known): steps with their setups, the places they hold, orders."""
    shop = compiled.shop
    frames = {
        "operation_plan": operation_plan(compiled, timetable, use or lane_use(shop, timetable)),
        "resource_plan": resource_plan(compiled, timetable),
        "order_plan": order_plan(compiled, shop, timetable),
    }
    return ShopPlan.cast({name: frame.lazy() for name, frame in frames.items()})


def operation_plan(compiled: Compiled, timetable: Timetable, use: LaneUse) -> pl.DataFrame:
    """One row a step. What is finished or running shows no setup."""
    shop = compiled.shop
    setup_start_s = first_setup_s(shop, timetable, use)
    begun = [op for op, way in compiled.ways.items() if way in ("finished", "running")]
    setup_start_s[np.array(begun, dtype=np.int64)] = NEVER_S
    locked = np.zeros(shop.n_ops, dtype=np.bool_)
    locked[np.array([op for op, way in compiled.ways.items() if way == "locked"], dtype=np.int64)] = True
    setup = pl.Series(setup_start_s, dtype=pl.Int64)
    return compiled.ops.with_columns(
        mode_no=compiled.modes["mode_no"].gather(timetable.mode),
        setup_start=moments(compiled, setup.set(setup == int(NEVER_S), None)),
        start=moments(compiled, timetable.start_s),
        end=moments(compiled, timetable.end_s),
        locked=pl.Series(locked),
    )


def resource_plan(compiled: Compiled, timetable: Timetable) -> pl.DataFrame:
    """One row a place held."""
    shop = compiled.shop
    first, count = shop.demand_ptr[timetable.mode], np.diff(shop.demand_ptr)[timetable.mode]
    demand = ranges(first, count)
    quantity = shop.demand_quantity[demand]
    held = np.diff(timetable.lane_ptr)
    assert np.array_equal(
        held, np.add.reduceat(np.append(quantity, 0), np.cumsum(count) - count) * (count > 0)
    )
    steps = compiled.ops[np.repeat(np.arange(shop.n_ops), held)]
    return steps.with_columns(
        demand_no=compiled.demands["demand_no"].gather(np.repeat(demand, quantity)),
        unit_no=pl.Series(ranges(compiled.demands["unit_no"].to_numpy()[demand], quantity), dtype=pl.Int64),
        resource_id=compiled.lanes["resource_id"].gather(timetable.lane),
        place_no=compiled.lanes["place_no"].gather(timetable.lane),
    )


def order_plan(compiled: Compiled, shop: Shop, timetable: Timetable) -> pl.DataFrame:
    """One row an order: from its first start to its last end."""
    start_s, end_s = np.full(shop.n_orders, NEVER_S), np.full(shop.n_orders, -NEVER_S)
    np.minimum.at(start_s, shop.op_order, timetable.start_s)
    np.maximum.at(end_s, shop.op_order, timetable.end_s)
    return compiled.orders.with_columns(
        start=moments(compiled, start_s),
        end=moments(compiled, end_s),
        tardiness_s=pl.Series(np.maximum(end_s - shop.order_due_s, 0), dtype=pl.Int64),
    )


def moments(compiled: Compiled, at_s: Ints | pl.Series) -> pl.Series:
    """Moments in UTC of seconds from the plan's start."""
    us = (pl.Series(at_s, dtype=pl.Int64) + round(compiled.start.timestamp())) * 1_000_000
    return us.cast(pl.Datetime("us", "UTC"))


@dataclass(frozen=True)
class LaneUse:
    """Every lane held, sorted by lane and time: `op`, `lane`, `setup_s` before it, `opens` (first of its lane)."""

    op: Ints
    lane: Ints
    setup_s: Ints
    opens: Bools


def lane_use(shop: Shop, timetable: Timetable) -> LaneUse:
    """Who holds each lane after whom, and the setup between them (s)."""
    op = np.repeat(np.arange(shop.n_ops), np.diff(timetable.lane_ptr))
    span_s = int(timetable.end_s.max(initial=0)) - int(timetable.start_s.min(initial=0)) + 1
    order = np.lexsort((timetable.end_s[op], timetable.lane * span_s + timetable.start_s[op]))
    op, lane = op[order], timetable.lane[order]
    family = shop.op_family[op]
    opens = np.append(True, lane[1:] != lane[:-1])[: len(lane)]
    before = np.where(opens, shop.lane_family[lane], np.append(-1, family[:-1])[: len(lane)])
    setup_s = np.zeros(len(op), dtype=np.int64)
    changes = (shop.lane_group[lane] >= 0) & (before >= 0) & (family >= 0)
    setup_s[changes] = shop.setup_s[shop.lane_group[lane][changes], before[changes], family[changes]]
    return LaneUse(op, lane, setup_s, opens)


def first_setup_s(shop: Shop, timetable: Timetable, use: LaneUse) -> Ints:
    """When the first setup of each step must start (s): just in time on each lane; NEVER_S without a setup."""
    first = np.full(shop.n_ops, NEVER_S, dtype=np.int64)
    needs = use.setup_s > 0
    op, lane, setup_s = use.op[needs], use.lane[needs], use.setup_s[needs]
    for calendar in np.unique(shop.lane_calendar[lane]):
        row = slice(shop.cal_ptr[calendar], shop.cal_ptr[calendar + 1])
        span = (shop.cal_start[row], shop.cal_end[row])
        here = shop.lane_calendar[lane] == calendar
        worked_s = worked_until(span, timetable.start_s[op[here]]) - setup_s[here]
        begins_s = np.where(worked_s >= 0, latest_with(span, worked_s), NEVER_S)
        np.minimum.at(first, op[here], begins_s)
    return first
