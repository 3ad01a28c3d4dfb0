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
from lineshaft.make.schedule.layout.fixing import (
    STEP,
    Previous,
    fix,
    fixed_steps,
    held_places,
    planned_places,
    read_previous,
    warm,
)
from lineshaft.make.schedule.layout.lanes import (
    Places,
    Times,
    is_budget,
    kinds_of_team,
    make_lanes,
    make_places,
    meet,
    pool_lanes,
    seconds,
    seconds_up,
    setup_times,
    table,
    weeks,
)
from lineshaft.make.schedule.layout.material import allocate, needed
from lineshaft.make.schedule.layout.modes import by_machine, demand_pools, make_modes
from lineshaft.make.schedule.layout.routes import last_of_order, longest_chain, predecessors, taken_routes
from lineshaft.make.schedule.layout.stages import Stages
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
    hours, tariffs
        Working time by calendar, also before the shop's start; what work costs when.
    stages
        How it was made, for the next layout of nearly the same book.
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
    hours: Calendars
    tariffs: Tariffs
    stages: Stages


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
        A layout of nearly the same book: stages that read nothing that has changed are taken from it.

    Raises
    ------
    BadInput
        A requirement is never met, a locked step names an unknown mode, steps wait for each other in a circle,
        a step is longer than any working time of its resources.
    LineshaftError
        Running work never ends because its resources have no working time.
    """
    start = plan_start(book, params)
    stage = Stages(book, earlier.stages if earlier else None)
    taken = stage(taken_routes, book, routes or {})
    orders = stage(make_orders, book, start)
    ops = stage(make_ops, book, orders.select("order_id", "order", "quantity", "release_s"), start, taken)
    keys = ops.select(*STEP, "op", "order")
    tabled = stage(make_modes, book, ops.select(*STEP, "op", "order", "quantity", "lot"))
    staying = stage(fixed_steps, book, start, params.frozen_min)
    steps = staying.join(keys.select(*STEP, "op"), on=STEP, maintain_order="left")
    stay = steps.select("op", "way")
    parents = orders.select("order", "parent_order_id", "parent_op_no")
    preds = stage(predecessors, book, parents, ops.select(*STEP, "op", "order", "lot"), stay)
    needs = stage(needed, book, orders.select("order_id", "order", "parent_order_id", "due_s"), keys)
    receipts = stage(allocate, book, needs, staying.select(*STEP, "way"), start, as_planned)
    material = receipts.join(keys.select(*STEP, "op"), on=STEP, maintain_order="left")
    material = material.select("op", "item_id", "receipt_id", "ready_s")
    release_s = op_release(ops, material)
    low_s = min(0, steps["start_s"].min() or 0)
    places = stage(make_places, book)
    modes, lanes = stage(by_machine, book, tabled, stage(make_lanes, book, places))
    ways = modes.select(*STEP, "op", "mode_no", "mode", "pool", "first", "count")
    uses = stage(demand_pools, ways, lanes)
    teams = stage(kinds_of_team, uses, lanes, len(modes))
    previous = stage(read_previous, book, keys, stage(planned_places, book, places), start)
    held = stage(held_places, previous, steps, ways, uses, lanes)
    if horizon_s is None:
        horizon_s = first_horizon(ops, modes, uses, lanes, preds, release_s, steps, start)
    while True:
        spans = stage(weeks, book, start, low_s, horizon_s)
        times = stage(meet, book, places, spans, teams.kinds, start, low_s, horizon_s)
        hours, works_by = times.hours.copy(), times.works_by
        too_long = never_fit(modes, teams.team, times, ops, steps)
        fixed = fix(held, steps, modes, works_by, hours)
        if fixed is not None and not len(too_long):
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
        op_family=ops.select(family_number(places)).to_series().to_numpy(),
        op_pausable=ops["pausable"].to_numpy(),
        op_last=last_of_order(preds, ops, fixed.fixed),
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
        lane_resource=places.frame["resource"].cast(pl.Int64).to_numpy(),
        lane_place=places.frame["place_no"].to_numpy(),
        lane_calendar=works_by,
        lane_group=places.frame["group"].to_numpy(),
        lane_family=places.frame["family"].to_numpy(),
        lane_load_max=places.frame["load_max"].to_numpy(),
        setup_s=stage(setup_times, book, places),
        cal_ptr=cal_ptr,
        cal_start=cal_start,
        cal_end=cal_end,
        cal_before=cal_before,
        cal_both=cal_both,
        **fixed._asdict(),
        fixed_ptr=held.ptr,
        fixed_lane=held.lane,
        **dict(zip(("warm_mode", "warm_start_s"), stage(warm, previous, ways, lanes, fixed.fixed))),
        **stage(budgets, book, ways.select(*STEP, "mode_no", "mode")),
    )
    return Compiled(
        shop=Shop(horizon_s=hours.high_s, **{name: np.array(array) for name, array in arrays.items()}),
        start=start,
        orders=orders.select("order_id"),
        ops=ops.select(STEP),
        modes=modes.select("op", "mode_no", "power_kw"),
        demands=uses.select("mode", "demand_no", "unit_no"),
        lanes=places.frame.select("resource_id", "place_no", "kind"),
        families=places.families,
        material=material,
        ways=dict(stay.iter_rows()),
        stepless=tuple(table(book, "work_orders").join(orders, on="order_id", how="anti")["order_id"].sort()),
        routes=taken,
        previous=previous,
        hours=hours,
        tariffs=stage(make_tariffs, book, places, low_s, hours.high_s, start),
        stages=stage,
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
        .join(orders, on="order_id")
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


def never_fit(modes: pl.DataFrame, team: Ints, times: Times, ops: pl.DataFrame, steps: pl.DataFrame) -> Ints:
    """Operations that no mode can do within the window: too little working time together, or none unbroken."""
    of_op = modes["op"].to_numpy()
    longest_s, total_s = (
        np.append(some, times.hours.high_s)[team] for some in (times.longest_s, times.total_s)
    )
    room = np.where(ops["pausable"].to_numpy()[of_op], total_s, longest_s)
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


def family_number(places: Places) -> pl.Expr:
    """Number of each operation's setup family, -1 for none."""
    names = list(places.families)
    return pl.col("family_id").replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int64)


def first_horizon(ops, modes, uses, lanes, preds, release_s, steps, start) -> int:
    """A generous guess (s): releases, then six times (one shift a day) the longest chain and the fullest lane."""
    shortest = modes.group_by("op").agg(pl.col("mode_s").min()).sort("op")["mode_s"].to_numpy()
    first = modes.sort("mode_s", "mode").group_by("op", maintain_order=True).agg(pl.col("mode").first())
    work = modes.select("mode", "mode_s")
    load = uses.join(first, on="mode").join(work, on="mode")
    load = load.select("pool", load=pl.col("mode_s") * pl.col("quantity"))
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
