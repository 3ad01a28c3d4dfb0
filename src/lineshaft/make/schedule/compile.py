"""From tables to arrays: a `ShopBook` becomes a `Shop`, with the frames needed to come back.

Choices made here: the plan starts at the earliest release (rounded up to a second) unless the planner says when;
orders without steps are left out; receipts go to the requirements of the earliest due order first; a requirement
that no receipt ever meets is an error. Steps that have started need no material any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numba import njit

from lineshaft.core import BadInput, Fault, LineshaftError, Words
from lineshaft.make.schedule.calendars import Calendars, pointers
from lineshaft.make.schedule.fixing import fix, fixed_steps
from lineshaft.make.schedule.lanes import (
    Lanes,
    make_lanes,
    meet,
    pool_lanes,
    seconds,
    seconds_up,
    setup_times,
    table,
)
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.shop import END_START, NEVER_S, START_START, Ints, Shop
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables.columns import LATEST

STEP = ["order_id", "op_no"]
DAY_S = 86_400


@dataclass(frozen=True)
class Compiled:
    """A shop and the names of its numbers.

    Parameters
    ----------
    start
        Second 0 of the shop.
    orders, ops, modes, demands, lanes
        Row i has the keys of number i: `order_id`; `order_id, op_no`; `op, mode_no`; `mode, demand_no`;
        `resource_id, place_no`.
    families
        Setup families by number.
    material
        `op, item_id, receipt_id, ready_s`: the receipt that completes each requirement.
    ways
        Why a fixed operation is fixed: "finished", "running", "locked", "frozen".
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


def compile_shop(book: ShopBook, params: ScheduleParams, horizon_s: int | None = None) -> Compiled:
    """Lay out the book as arrays.

    Parameters
    ----------
    horizon_s
        Seconds from the plan's start after which nothing is planned; estimated when not given.

    Raises
    ------
    BadInput
        A requirement is never met, a locked step names an unknown mode, steps wait for each other in a circle.
    LineshaftError
        Running work never ends because its resources have no working time.
    """
    start = plan_start(book, params)
    orders = make_orders(book, start)
    ops = make_ops(book, orders, start)
    modes = make_modes(book, ops)
    steps = fixed_steps(book, ops, start, params.frozen_min)
    preds = predecessors(book, orders, ops, steps)
    material = allocate(book, orders, ops, steps, start)
    demands = table(book, "demands").join(
        modes.select(*STEP, "mode_no", "mode", "mode_s"), on=[*STEP, "mode_no"]
    )
    n_modes = len(modes)
    release_s = op_release(ops, material)
    while True:
        guess_s = horizon_s or 0
        low_s = min(0, steps["start_s"].min() or 0)
        hours = Calendars(low_s, max(guess_s, DAY_S))
        lanes = make_lanes(book, start, hours)
        uses = (
            demands.join(lanes.pools, on=["resource_id", "class_id"], nulls_equal=True)
            .select(
                pl.col("mode").cast(pl.Int64),
                "demand_no",
                pl.col("pool").cast(pl.Int64),
                "quantity",
                "mode_s",
            )
            .sort("mode", "demand_no")
        )
        if horizon_s is None:
            horizon_s = first_horizon(ops, modes, uses, lanes, preds, release_s, steps, start)
            continue
        meet(hours, lanes.frame["calendar"].to_numpy(), lanes, uses)
        held = fix(book, steps, ops, modes, uses, lanes, hours, start)
        if held is not None:
            break
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
        **preds.arrays(len(ops)),
        topo=preds.order(ops),
        mode_ptr=mode_ptr,
        mode_s=modes["mode_s"].to_numpy(),
        demand_ptr=pointers(np.bincount(uses["mode"].to_numpy(), minlength=n_modes)),
        demand_quantity=uses["quantity"].to_numpy(),
        demand_pool=uses["pool"].to_numpy(),
        pool_ptr=lanes.pool_ptr,
        pool_lane=lanes.pool_lane,
        lane_resource=lanes.frame["resource"].cast(pl.Int64).to_numpy(),
        lane_place=lanes.frame["place_no"].to_numpy(),
        lane_calendar=lanes.frame["calendar"].to_numpy(),
        lane_group=lanes.frame["group"].to_numpy(),
        lane_family=lanes.frame["family"].to_numpy(),
        setup_s=setup_times(book, lanes),
        cal_ptr=cal_ptr,
        cal_start=cal_start,
        cal_end=cal_end,
        cal_before=cal_before,
        cal_both=cal_both,
        **{name: getattr(held, name) for name in held.__dataclass_fields__ if name != "ways"},
    )
    return Compiled(
        shop=Shop(horizon_s=hours.high_s, **{name: np.array(array) for name, array in arrays.items()}),
        start=start,
        orders=orders.select("order_id"),
        ops=ops.select(STEP),
        modes=modes.select("op", "mode_no"),
        demands=uses.select("mode", "demand_no"),
        lanes=lanes.frame.select("resource_id", "place_no"),
        families=lanes.families,
        material=material,
        ways=held.ways,
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


def make_ops(book: ShopBook, orders: pl.DataFrame, start: datetime) -> pl.DataFrame:
    """Steps in order of their keys."""
    return (
        table(book, "operations")
        .join(orders.select("order_id", "order", "quantity", "release_s"), on="order_id")
        .sort(STEP)
        .with_row_index("op")
        .with_columns(pl.col("op").cast(pl.Int64), earliest_s=seconds_up(pl.col("earliest"), start))
    )


def make_modes(book: ShopBook, ops: pl.DataFrame) -> pl.DataFrame:
    """Modes in order of their keys with their working seconds."""
    modes = (
        table(book, "modes")
        .join(ops.select(*STEP, "op", "quantity"), on=STEP)
        .sort("op", "mode_no")
        .with_columns(mode_s=pl.col("lot_s") + pl.col("piece_s") * pl.col("quantity"))
        .with_row_index("mode")
        .with_columns(pl.col("mode").cast(pl.Int64))
    )
    without = ops.join(modes, on="op", how="anti")
    if len(without):
        words = Words("the step has no operation mode", "该工序没有任何工序方案")
        raise BadInput(
            [Fault("operation", key, "", None, "no_mode", words) for key in without.select(STEP).iter_rows()]
        )
    return modes


@dataclass(frozen=True)
class Arcs:
    """Precedence: operation `op` follows `before` (kind, least and greatest lag), sorted by op then before."""

    op: Ints
    before: Ints
    kind: Ints
    lag_s: Ints
    lag_max_s: Ints

    def arrays(self, n_ops: int) -> dict[str, Ints]:
        """The predecessor arrays of a Shop."""
        return {
            "pred_ptr": pointers(np.bincount(self.op, minlength=n_ops)),
            "pred_op": self.before,
            "pred_kind": self.kind,
            "pred_lag_s": self.lag_s,
            "pred_lag_max_s": self.lag_max_s,
        }

    def order(self, ops: pl.DataFrame) -> Ints:
        """One topological order, or the fault that there is none."""
        topo = topological(len(ops), self.arrays(len(ops))["pred_ptr"], self.before)
        if len(topo) < len(ops):
            key = ops.select(STEP).row(int(np.setdiff1d(np.arange(len(ops)), topo)[0]))
            words = Words("the step waits for itself through others", "该工序经由其他工序等待自身")
            raise BadInput([Fault("operation", key, "", None, "step_cycle", words)])
        return topo


def predecessors(book: ShopBook, orders: pl.DataFrame, ops: pl.DataFrame, steps: pl.DataFrame) -> Arcs:
    """Step after step by number unless the step names a step of its own order; named ones; component orders."""
    keys = ops.select(*STEP, "op")
    named = (
        table(book, "dependencies")
        .join(keys, on=STEP)
        .join(keys.rename({"op": "before"}), left_on=["after_order_id", "after_op_no"], right_on=STEP)
        .select(
            "op",
            "before",
            own=pl.col("order_id") == pl.col("after_order_id"),
            kind=pl.when(pl.col("kind").cast(pl.String) == "end_start")
            .then(END_START)
            .otherwise(START_START),
            lag_s="lag_s",
            lag_max_s=pl.col("lag_max_s").fill_null(int(NEVER_S)),
        )
    )
    own = named.filter("own").select("op").unique()
    plain = {
        "kind": pl.lit(END_START),
        "lag_s": pl.lit(0, pl.Int64),
        "lag_max_s": pl.lit(int(NEVER_S), pl.Int64),
    }
    route = (
        ops.filter(pl.col("order") == pl.col("order").shift())
        .select("op", before=pl.col("op") - 1, **plain)
        .join(own, on="op", how="anti")
    )
    within = pl.concat([route, named.filter("own").drop("own")])
    waited = within.filter(pl.col("kind") == END_START).join(steps, on="op", how="anti")
    ends = ops.join(waited, left_on="op", right_on="before", how="anti")
    component = (
        orders.select("order", "parent_order_id", "parent_op_no")
        .join(keys, left_on=["parent_order_id", "parent_op_no"], right_on=STEP)
        .join(ends.select("order", before="op"), on="order")
        .select("op", "before", **plain)
    )
    arcs = pl.concat([within, named.filter(~pl.col("own")).drop("own"), component]).sort(
        "op", "before", "kind", "lag_s"
    )
    return Arcs(
        *(arcs[name].cast(pl.Int64).to_numpy() for name in ("op", "before", "kind", "lag_s", "lag_max_s"))
    )


def last_of_order(preds: Arcs, ops: pl.DataFrame, fixed: Ints) -> Ints:
    """Operations that no free step of the same order waits to end: the order is complete only after them."""
    order = ops["order"].to_numpy()
    waits = (preds.kind == END_START) & (order[preds.op] == order[preds.before]) & ~fixed[preds.op]
    last = np.ones(len(ops), dtype=np.bool_)
    last[preds.before[waits]] = False
    return last


def allocate(
    book: ShopBook, orders: pl.DataFrame, ops: pl.DataFrame, steps: pl.DataFrame, start: datetime
) -> pl.DataFrame:
    """Give receipts to requirements, fixed steps and then earliest due orders first: `op, item_id, receipt_id, ready_s`.

    The receipt that lifts the running supply of an item over the running need completes a requirement.

    Raises
    ------
    BadInput
        Naming each requirement that is never met.
    """
    begun = steps.filter(pl.col("way").is_in(["running", "finished"]))
    placed = steps.select("op", placed=True)
    needs = (
        table(book, "requirements")
        .join(ops.select(*STEP, "op", "order"), on=STEP)
        .join(begun, on="op", how="anti")
        .join(orders.select("order", "due_s"), on="order")
        .join(placed, on="op", how="left")
        .sort("placed", "due_s", *STEP, "item_id", nulls_last=True)
        .with_columns(needed=pl.col("quantity").cum_sum().over("item_id") * (1 - 1e-9))
    )
    supply = (
        table(book, "receipts")
        .sort("available", "receipt_id")
        .with_columns(supplied=pl.col("quantity").cum_sum().over("item_id"))
        .select("item_id", "supplied", "receipt_id", ready_s=seconds_up(pl.col("available"), start))
    )
    met = needs.sort("needed").join_asof(
        supply.sort("supplied", maintain_order=True),
        left_on="needed",
        right_on="supplied",
        by="item_id",
        strategy="forward",
        check_sortedness=False,
    )
    unmet = met.filter(pl.col("receipt_id").is_null()).sort(*STEP, "item_id")
    if len(unmet):
        words = Words(
            "stock and receipts never cover this need; add a receipt with its expected date",
            "库存与到货始终不能满足该需求;请补充预计到货",
        )
        raise BadInput(
            [
                Fault("material_requirement", row[:3], "quantity", row[3], "unmet", words)
                for row in unmet.select(*STEP, "item_id", "quantity").iter_rows()
            ]
        )
    return met.select("op", "item_id", "receipt_id", "ready_s").sort("op", "item_id")


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
    of_pool = np.zeros(len(lanes.pools))
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


@njit(cache=True, nogil=True)
def topological(n, pred_ptr, pred_op):
    """One topological order (smallest numbers first in each layer); shorter than `n` when there is a cycle."""
    succ_ptr = np.zeros(n + 1, dtype=np.int64)
    for before in pred_op:
        succ_ptr[before + 1] += 1
    succ_ptr = np.cumsum(succ_ptr)
    succ, fill = np.empty(len(pred_op), dtype=np.int64), succ_ptr.copy()
    waiting = np.empty(n, dtype=np.int64)
    order, tail = np.empty(n, dtype=np.int64), 0
    for op in range(n):
        waiting[op] = pred_ptr[op + 1] - pred_ptr[op]
        if waiting[op] == 0:
            order[tail] = op
            tail += 1
        for i in range(pred_ptr[op], pred_ptr[op + 1]):
            succ[fill[pred_op[i]]] = op
            fill[pred_op[i]] += 1
    head = 0
    while head < tail:
        op = order[head]
        head += 1
        for i in range(succ_ptr[op], succ_ptr[op + 1]):
            waiting[succ[i]] -= 1
            if waiting[succ[i]] == 0:
                order[tail] = succ[i]
                tail += 1
    return order[:tail]


@njit(cache=True, nogil=True)
def longest_chain(topo, pred_ptr, pred_op, pred_kind, pred_lag_s, _pred_lag_max_s, work_s):
    """Longest chain of work and lags (s), calendars and resources left aside."""
    start_s, longest = np.zeros(len(topo), dtype=np.int64), 0
    for op in topo:
        for i in range(pred_ptr[op], pred_ptr[op + 1]):
            before = pred_op[i]
            ready = start_s[before] + pred_lag_s[i] + (work_s[before] if pred_kind[i] == END_START else 0)
            start_s[op] = max(start_s[op], ready)
        longest = max(longest, start_s[op] + work_s[op])
    return longest
