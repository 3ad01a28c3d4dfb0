"""The four figures of a timetable, and which of two is better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import (
    END,
    FAMILY_OF,
    FIRST,
    GROUP,
    LAST,
    MODE,
    NEXT,
    ORDER,
    SET_FOR,
    START,
    TAIL_S,
    WORK_S,
)
from lineshaft.make.schedule.dispatch.hours import NEVER, setup_between
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import Bools, Goal, Ints, Score, Shop, Timetable

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
NEVER_DONE = -(1 << 60)
RELEASED_S, DUE_S, WEIGHT, COUNTS = range(4)


def score(shop: Shop, timetable: Timetable, setup_s: int | None = None) -> Score:
    """Makespan, Σ weight·tardiness, Σ flow time (counted orders) and Σ setup of `timetable`, all in s.

    Setups (unless their sum is given) are counted between neighbours on a lane in order of (start, end, operation), from the lane's first family.
    """
    done_s = order_end_s(shop.n_orders, shop.op_order, shop.op_last, timetable.end_s)
    counts = shop.order_counts & (done_s > NEVER_DONE)
    flow_s = (done_s - shop.order_release_s)[counts]
    late_s = np.maximum(done_s - shop.order_due_s, 0)[counts]
    return Score(
        makespan_s=int(timetable.end_s.max(initial=0)),
        weighted_tardiness_s=int((late_s * shop.order_weight[counts]).sum()),
        flow_s=int(flow_s.sum()),
        setup_s=setup_total_s(shop, timetable) if setup_s is None else setup_s,
    )


def order_end_s(n_orders: int, op_order: Ints, op_last: Bools, end_s: Ints) -> Ints:
    """Completion of each order (s); NEVER_DONE for an order without a last operation."""
    done_s = np.full(n_orders, NEVER_DONE, dtype=np.int64)
    np.maximum.at(done_s, op_order[op_last], end_s[op_last])
    return done_s


def setup_total_s(shop: Shop, timetable: Timetable) -> int:
    """Seconds of setup on all lanes."""
    if not (shop.lane_group >= 0).any():
        return 0
    op = np.repeat(np.arange(shop.n_ops), np.diff(timetable.lane_ptr))
    order = np.lexsort((op, timetable.end_s[op], timetable.start_s[op], timetable.lane))
    lane, family = timetable.lane[order], shop.op_family[op[order]]
    opens = np.concatenate(([True], lane[1:] != lane[:-1]))[: len(lane)]
    before = np.where(opens, shop.lane_family[lane], np.concatenate(([-1], family[:-1]))[: len(lane)])
    needed = (shop.lane_group[lane] >= 0) & (before >= 0) & (family >= 0)
    return int(shop.setup_s[shop.lane_group[lane][needed], before[needed], family[needed]].sum())


def level_values(goal: Goal, figures: Score) -> Floats:
    """What `goal` minimises, one number a level."""
    return goal.levels @ figures.as_array()


def better(goal: Goal, a: Score, b: Score) -> bool:
    """True when `a` is better than `b`: lower at the first level where they differ."""
    return bool(lower(level_values(goal, a), level_values(goal, b)))


@njit(cache=True, nogil=True)
def lower(a, b):
    """True when vector `a` is lexicographically below `b`; differences within rounding are none."""
    for i in range(a.size):
        if abs(a[i] - b[i]) > TOLERANCE * max(1.0, abs(a[i]), abs(b[i])):
            return a[i] < b[i]
    return False


@njit(cache=True, nogil=True)
def desk_figures(d, orders, w):
    """The four figures (float64, s) of a finished desk, as `score` gives them; `orders` from `order_rows`."""
    done_s = np.full(orders.shape[0], NEVER_DONE, np.int64)
    result = np.zeros(4, np.float64)
    for op in range(w.job.shape[0]):
        result[0] = max(result[0], w.job[op, END])
        if d.op[op, LAST]:
            order = d.op[op, ORDER]
            done_s[order] = max(done_s[order], w.job[op, END])
    for order in range(orders.shape[0]):
        if orders[order, COUNTS] and done_s[order] > NEVER_DONE:
            result[1] += orders[order, WEIGHT] * max(0, done_s[order] - orders[order, DUE_S])
            result[2] += done_s[order] - orders[order, RELEASED_S]
    for lane in range(d.lane.shape[0]):
        if d.lane[lane, GROUP] >= 0:
            family = d.lane[lane, SET_FOR]
            slot = w.lane[lane, FIRST]
            while slot >= 0:
                result[3] += setup_between(d, lane, family, w.slot[slot, FAMILY_OF])
                family = w.slot[slot, FAMILY_OF]
                slot = w.slot[slot, NEXT]
    return result


@njit(cache=True, nogil=True)
def projected(d, orders, owner, w):
    """The figures of an unfinished desk if nothing waited from here on: makespan, tardiness and flow, no setup."""
    done_s = np.full(orders.shape[0], NEVER_DONE, np.int64)
    result = np.zeros(4, np.float64)
    for op in range(w.job.shape[0]):
        if w.job[op, END] < NEVER and owner[op] >= 0:
            rest_s = d.op[op, TAIL_S] - d.mode[w.job[op, MODE], WORK_S]
            done_s[owner[op]] = max(done_s[owner[op]], w.job[op, END] + max(0, rest_s))
    for order in range(orders.shape[0]):
        if done_s[order] > NEVER_DONE:
            result[0] = max(result[0], done_s[order])
            result[1] += orders[order, WEIGHT] * max(0, done_s[order] - orders[order, DUE_S])
            result[2] += done_s[order] - orders[order, RELEASED_S]
    return result


@njit(cache=True, nogil=True)
def same_so_far(a, b, changed):
    """True when two unfinished desks hold the same times and all of `changed` is on them."""
    for op in changed:
        if a.job[op, END] >= NEVER:
            return False
    for op in range(a.job.shape[0]):
        if a.job[op, START] != b.job[op, START] or a.job[op, END] != b.job[op, END]:
            return False
    return True


def order_rows(shop: Shop) -> Ints:
    """Release, due date, weight and whether it counts, one row an order."""
    return np.column_stack(
        (shop.order_release_s, shop.order_due_s, shop.order_weight, shop.order_counts)
    ).astype(np.int64)
