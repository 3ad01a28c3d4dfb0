"""What follows what: routes, named dependencies and orders made for others, as arcs between operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.layout.fixing import STEP
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.shop import END_END, END_START, NEVER_S, OVERLAP, START_START, Bools, Ints
from lineshaft.make.schedule.tables import ShopBook


def taken_routes(book: ShopBook, wished: Mapping[str, int]) -> dict[str, int]:
    """Order → route, of orders with alternative routes: the one begun, else wished for, else planned, else the first."""
    routed = table(book, "operations").drop_nulls("route_no")
    if routed.is_empty():
        return {}
    taken = dict(routed.group_by("order_id").agg(pl.col("route_no").min()).sort("order_id").iter_rows())
    planned = {}
    for member, found in (("previous", planned), ("events", begun := {})):
        known = routed.join(table(book, member).select(STEP).unique(), on=STEP, how="semi")
        found.update(known.sort(STEP).select("order_id", "route_no").iter_rows())
    known_routes = set(routed.select("order_id", "route_no").iter_rows())
    wished = {order: route for order, route in wished.items() if (order, route) in known_routes}
    return taken | planned | wished | begun


KINDS = {"end_start": END_START, "start_start": START_START, "end_end": END_END}


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
            kind=pl.col("kind").cast(pl.String).replace_strict(KINDS, return_dtype=pl.Int64),
            lag_s="lag_s",
            lag_max_s=pl.col("lag_max_s").fill_null(int(NEVER_S)),
        )
    )
    own = named.filter("own").select("op").unique()
    plain = {
        "kind": pl.lit(END_START, pl.Int64),
        "lag_s": pl.lit(0, pl.Int64),
        "lag_max_s": pl.lit(int(NEVER_S), pl.Int64),
    }
    route = (
        ops.filter(pl.col("order") == pl.col("order").shift())
        .select("op", before=pl.col("op") - 1, **plain)
        .join(own, on="op", how="anti")
    )
    route = route.with_columns(
        kind=pl.when(ops["lot"].is_not_null().gather(route["before"]))
        .then(OVERLAP)
        .otherwise(END_START)
        .cast(pl.Int64)
    )
    within = pl.concat([route, named.filter("own").drop("own")])
    waited = within.filter(pl.col("kind") != START_START).join(steps, on="op", how="anti")
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


def last_of_order(preds: Arcs, ops: pl.DataFrame, fixed: Bools) -> Bools:
    """Operations that no free step of the same order waits to end: the order is complete only after them."""
    order = ops["order"].to_numpy()
    waits = (preds.kind != START_START) & (order[preds.op] == order[preds.before]) & ~fixed[preds.op]
    last = np.ones(len(ops), dtype=np.bool_)
    last[preds.before[waits]] = False
    return last


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
            ready = start_s[before] + pred_lag_s[i] + (0 if pred_kind[i] == START_START else work_s[before])
            start_s[op] = max(start_s[op], ready)
        longest = max(longest, start_s[op] + work_s[op])
    return longest
