"""From tables to arrays: a `ShopBook` becomes a `Shop`, with the frames needed to come back.

Choices made here: the plan starts at the earliest release (rounded up to a second) unless the planner says when;
orders without steps are left out; receipts go to the requirements of the earliest due order first; a requirement
that no receipt ever meets is an error. Steps that have started need no material any more. Of alternative routes one
is laid out: the steps of the others are not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, LineshaftError, Words
from lineshaft.make.schedule.layout.calendars import Calendars, pointers
from lineshaft.make.schedule.layout.fixing import STEP, Previous, fix, fixed_steps, read_previous
from lineshaft.make.schedule.layout.lanes import (
    Lanes,
    Weeks,
    is_budget,
    lane_calendars,
    make_lanes,
    meet,
    pool_lanes,
    seconds,
    seconds_up,
    setup_times,
    table,
    weeks,
)
from lineshaft.make.schedule.layout.material import allocate
from lineshaft.make.schedule.layout.modes import by_machine, demand_pools, make_modes
from lineshaft.make.schedule.layout.routes import last_of_order, longest_chain, predecessors, taken_routes
from lineshaft.make.schedule.layout.tariffs import Tariffs, make_tariffs
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.shop import NEVER_S, Ints, Shop
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables.columns import LATEST

DAY_S = 86_400
NEVER_AFTER_S = 400 * DAY_S


@dataclass(frozen=True)
class Compiled:
    """A shop and the names of its numbers.

    Parameters
    ----------
    start
        Second 0 of the shop.
    orders, ops, modes, demands, lanes
        Row i has the keys of number i: `order_id`; `order_id, op_no`; `op, mode_no, power_kw`;
        `mode, demand_no, unit_no` (its first); `resource_id, place_no` and its `kind`.
    families
        Setup families by number.
    material
        `op, item_id, receipt_id, ready_s`: the receipt that completes each requirement.
    ways
        Why a fixed operation is fixed: "finished", "running", "locked", "frozen".
    stepless
        Orders left out because they have no steps.
    routes
        Order → the alternative route laid out, of orders that have any.
    previous
        The plan in force by operation and lane.
    weeks, hours, tariffs
        Working time by calendar of the tables, and by calendar of the shop, also before its start; what work costs when.
    """

    shop: Shop
    start: datetime
    orders: pl.DataFrame
    ops: pl.DataFrame
    modes: pl.DataFrame
    demands: pl.DataFrame
    lanes: pl.DataFrame
    families: tuple[str, ...]
    material: pl.DataFrame
    ways: Mapping[int, str]
    stepless: tuple[str, ...]
    routes: Mapping[str, int]
    previous: Previous
    weeks: Weeks
    hours: Calendars
    tariffs: Tariffs


def compile_shop(
    book: ShopBook,
    params: ScheduleParams,
    horizon_s: int | None = None,
    as_planned: bool = False,
    routes: Mapping[str, int] | None = None,
    earlier: Compiled | None = None,
) -> Compiled:
    """Lay out the book as arrays.

    Parameters
    ----------
    horizon_s
        Seconds from the plan's start after which nothing is planned; estimated when not given.
    as_planned
        Receipts go to whom the previous plan gave them: in order of its starts.
    routes
        Order → alternative route to take, where it may be chosen; else as begun, as planned, or the first.
    earlier
        A layout of nearly the same book: what has not changed is taken from it.

    Raises
    ------
    BadInput
        A requirement is never met, a locked step names an unknown mode, steps wait for each other in a circle,
        a step is longer than any working time of its resources.
    LineshaftError
        Running work never ends because its resources have no working time.
    """
    start = plan_start(book, params)
    taken = taken_routes(book, routes or {})
    orders = make_orders(book, start)
    ops = make_ops(book, orders, start, taken)
    tabled = make_modes(book, ops)
    steps = fixed_steps(book, ops, start, params.frozen_min)
    preds = predecessors(book, orders, ops, steps)
    material = allocate(book, orders, ops, steps, start, as_planned)
    release_s = op_release(ops, material)
    low_s = min(0, steps["start_s"].min() or 0)
    modes, lanes = by_machine(book, tabled, make_lanes(book))
    uses = demand_pools(modes, lanes)
    previous = read_previous(book, ops, lanes, start)
    if horizon_s is None:
        horizon_s = first_horizon(ops, modes, uses, lanes, preds, release_s, steps, start)
    worked = earlier.weeks if earlier else None
    while True:
        hours = Calendars(low_s, horizon_s)
        worked = weeks(book, start, hours, worked)
        works_by = lane_calendars(book, lanes, worked, start, hours)
        too_long = never_fit(modes, uses, lanes, works_by, hours, ops, steps)
        held = fix(previous, steps, ops, modes, uses, lanes, works_by, hours)
        if held is not None and not len(too_long):
            break
        if horizon_s >= NEVER_AFTER_S and len(too_long):
            raise BadInput([no_time(key) for key in ops.select(STEP)[too_long].iter_rows()])
        horizon_s = longer(horizon_s, start)
    mode_ptr = pointers(np.bincount(modes["op"].to_numpy(), minlength=len(ops)))
    cal_ptr, cal_start, cal_end, cal_before, cal_both = hours.arrays()
    arrays = dict(
        order_release_s=orders["release_s"].to_numpy(),
        order_due_s=orders["due_s"].to_numpy(),
        order_weight=orders["weight"].to_numpy(),
        order_counts=orders["counts"].to_numpy(),
        op_order=ops["order"].to_numpy(),
        op_release_s=release_s,
        op_family=ops.select(family_number(lanes)).to_series().to_numpy(),
        op_pausable=ops["pausable"].to_numpy(),
        op_last=last_of_order(preds, ops, held.fixed),
        op_mix=ops["mix"].to_numpy(),
        op_load=ops["load_milli"].to_numpy(),
        **preds.arrays(len(ops)),
        topo=preds.order(ops),
        mode_ptr=mode_ptr,
        **{
            name: modes[name].to_numpy()
            for name in ("mode_s", "mode_first_s", "mode_last_s", "mode_from", "mode_to")
        },
        demand_ptr=pointers(np.bincount(uses["mode"].to_numpy(), minlength=len(modes))),
        demand_quantity=uses["quantity"].to_numpy(),
        demand_pool=uses["pool"].to_numpy(),
        pool_ptr=lanes.pool_ptr,
        pool_lane=lanes.pool_lane,
        lane_resource=lanes.frame["resource"].cast(pl.Int64).to_numpy(),
        lane_place=lanes.frame["place_no"].to_numpy(),
        lane_calendar=works_by,
        lane_group=lanes.frame["group"].to_numpy(),
        lane_family=lanes.frame["family"].to_numpy(),
        lane_load_max=lanes.frame["load_max"].to_numpy(),
        setup_s=setup_times(book, lanes),
        cal_ptr=cal_ptr,
        cal_start=cal_start,
        cal_end=cal_end,
        cal_before=cal_before,
        cal_both=cal_both,
        **{name: getattr(held, name) for name in held.__dataclass_fields__ if name != "ways"},
        **budgets(book, modes),
    )
    return Compiled(
        shop=Shop(horizon_s=hours.high_s, **{name: np.array(array) for name, array in arrays.items()}),
        start=start,
        orders=orders.select("order_id"),
        ops=ops.select(STEP),
        modes=modes.select("op", "mode_no", "power_kw"),
        demands=uses.select("mode", "demand_no", "unit_no"),
        lanes=lanes.frame.select("resource_id", "place_no", "kind"),
        families=lanes.families,
        material=material,
        ways=held.ways,
        stepless=tuple(table(book, "work_orders").join(orders, on="order_id", how="anti")["order_id"].sort()),
        routes=taken,
        previous=previous,
        weeks=worked,
        hours=hours,
        tariffs=make_tariffs(book, lanes, hours, start),
    )


def plan_start(book: ShopBook, params: ScheduleParams) -> datetime:
    """The moment that is second 0: the parameter (UTC when it names no zone) or the earliest release, rounded up."""
    start = params.start
    if start is None:
        start = table(book, "work_orders")["release"].min() or datetime(2026, 1, 1, tzinfo=UTC)
    start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    return start.replace(microsecond=0) + timedelta(seconds=1 if start.microsecond else 0)


def make_orders(book: ShopBook, start: datetime) -> pl.DataFrame:
    """Orders that have steps, numbered by their id."""
    return (
        table(book, "work_orders")
        .join(table(book, "operations"), on="order_id", how="semi")
        .sort("order_id")
        .with_row_index("order")
        .select(
            pl.col("order").cast(pl.Int64),
            "order_id",
            "quantity",
            "weight",
            "parent_order_id",
            "parent_op_no",
            release_s=seconds_up(pl.col("release"), start),
            due_s=seconds(pl.col("due"), start).fill_null(int(NEVER_S)),
            counts=pl.col("parent_order_id").is_null(),
        )
    )


def make_ops(book: ShopBook, orders: pl.DataFrame, start: datetime, taken: Mapping[str, int]) -> pl.DataFrame:
    """Steps of the routes taken in order of their keys; `lot` are the pieces handed on at a time, if fewer than all."""
    mixes = table(book, "recipes").select(
        "recipe_id",
        mix=pl.coalesce(pl.lit("group ") + pl.col("mix_group"), pl.lit("only ") + pl.col("recipe_id")),
    )
    names = mixes["mix"].unique().sort().to_list()
    route = pl.col("order_id").replace_strict(dict(taken), default=None, return_dtype=pl.Int64)
    return (
        table(book, "operations")
        .filter(pl.col("route_no").is_null() | (pl.col("route_no") == route))
        .join(orders.select("order_id", "order", "quantity", "release_s"), on="order_id")
        .join(mixes, on="recipe_id", how="left")
        .sort(STEP)
        .with_row_index("op")
        .with_columns(
            pl.col("op").cast(pl.Int64),
            earliest_s=seconds_up(pl.col("earliest"), start),
            mix=pl.col("mix").replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int64),
            load_milli=(pl.col("load").fill_null(0) * 1_000).ceil().cast(pl.Int64),
            lot=pl.when(pl.col("transfer_quantity") < pl.col("quantity")).then("transfer_quantity"),
        )
    )


def budgets(book: ShopBook, modes: pl.DataFrame) -> dict[str, Ints]:
    """`budget` and `mode_spend` of a Shop that has budgets."""
    named = table(book, "resources").filter(is_budget()).sort("resource_id").with_row_index("budget")
    if named.is_empty():
        return {}
    spends = (
        table(book, "demands")
        .join(modes.select(*STEP, "mode_no", "mode"), on=[*STEP, "mode_no"])
        .join(named.select("resource_id", "budget"), on="resource_id")
    )
    spend = np.zeros((len(modes), len(named)), dtype=np.int64)
    np.add.at(spend, (spends["mode"].to_numpy(), spends["budget"].to_numpy()), spends["quantity"].to_numpy())
    return {"budget": named["capacity"].cast(pl.Int64).to_numpy(), "mode_spend": spend}


def never_fit(modes, uses, lanes, works_by, hours, ops, steps) -> Ints:
    """Operations that no mode can do within the window: too little working time together, or none unbroken."""
    longest, total = meet(hours, works_by, lanes, uses, len(modes))
    of_op = modes["op"].to_numpy()
    room = np.where(ops["pausable"].to_numpy()[of_op], total, longest)
    fits = np.zeros(len(ops), dtype=np.bool_)
    fits[of_op[modes["mode_s"].to_numpy() <= room]] = True
    fits[steps["op"].to_numpy()] = True
    return np.flatnonzero(~fits)


def no_time(key: tuple[str, int]) -> Fault:
    """The fault of a step that fits nowhere."""
    words = Words(
        "its resources never work together long enough for it; let it pause, or change calendars or time",
        "所需资源从未同时工作足够长的时间;请允许跨班中断,或修改日历或工时",
    )
    return Fault("operation", key, "", None, "no_working_time", words)


def op_release(ops: pl.DataFrame, material: pl.DataFrame) -> Ints:
    """Earliest start of each step: its order's release, its own "not before", its material, the plan's start."""
    ready = material.group_by("op").agg(pl.col("ready_s").max())
    return (
        ops.join(ready, on="op", how="left", maintain_order="left")
        .select(pl.max_horizontal(pl.lit(0, pl.Int64), "release_s", "earliest_s", "ready_s"))
        .to_series()
        .to_numpy()
    )


def family_number(lanes: Lanes) -> pl.Expr:
    """Number of each operation's setup family, -1 for none."""
    names = list(lanes.families)
    return pl.col("family_id").replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int64)


def first_horizon(ops, modes, uses, lanes, preds, release_s, steps, start) -> int:
    """A generous guess (s): releases, then six times (one shift a day) the longest chain and the fullest lane."""
    shortest = modes.group_by("op").agg(pl.col("mode_s").min()).sort("op")["mode_s"].to_numpy()
    first = modes.sort("mode_s", "mode").group_by("op", maintain_order=True).agg(pl.col("mode").first())
    load = uses.join(first, on="mode").select("pool", load=pl.col("mode_s") * pl.col("quantity"))
    of_pool = np.zeros(len(lanes.pool_ptr) - 1)
    np.add.at(of_pool, load["pool"].to_numpy(), load["load"].to_numpy())
    size = np.maximum(np.diff(lanes.pool_ptr), 1)
    where, lane = pool_lanes(lanes, np.arange(len(of_pool)))
    of_lane = np.bincount(lane, weights=(of_pool / size)[where], minlength=1)
    chain_s = longest_chain(preds.order(ops), *preds.arrays(len(ops)).values(), shortest)
    latest_s = max([0, *release_s.tolist(), *steps["end_s"].drop_nulls().to_list()])
    return min(latest_s + 6 * int(chain_s + of_lane.max()) + 60 * DAY_S, most_s(start))


def most_s(start: datetime) -> int:
    """Seconds from the plan's start to the last moment a table can hold."""
    return int((LATEST - start).total_seconds()) - 1


def longer(horizon_s: int, start: datetime) -> int:
    """Twice the horizon.

    Raises
    ------
    LineshaftError
        It reaches past the last moment a table can hold.
    """
    if horizon_s >= most_s(start):
        raise LineshaftError(
            "The work does not end before 2099: some resource has too little working time for it.",
            "工作在 2099 年之前无法完成:某些资源的工作时间不足。",
        )
    return min(2 * horizon_s, most_s(start))
