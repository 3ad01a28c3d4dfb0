"""Proven lower bounds: what no plan of this shop can beat.

Three relaxations, each valid with calendars, setups, lags and fixed steps:

* every step alone: the earliest completion along the precedence graph with its best mode and its lanes' calendars;
* a group of lanes as one machine that works as fast as all of them together, in the group's working time, with heads
  and tails (Jackson's preemptive schedule; Carlier 1982, doi:10.1016/S0377-2217(82)80007-6): the makespan;
* the same machine with one job an order and the shortest remaining work first (Schrage 1968,
  doi:10.1287/opre.16.3.687), which makes every k-th completion as early as it can be: flow time, and by matching
  completions with orders weighted tardiness.

Setups are taken as none.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from lineshaft.make.schedule.bounds.alone import Alone, each_alone, earliest_orders
from lineshaft.make.schedule.bounds.groups import Group, lane_groups
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import NEVER_S, Ints, Score, Shop

MOST_MATCHED = 500


def lower_bounds(shop: Shop, alone: Alone | None = None) -> Score:
    """Bounds (s) of makespan, Σ weighted tardiness and Σ flow time of counted orders; of setup always 0.

    Parameters
    ----------
    alone
        Each step without the others, where that is known.
    """
    if shop.n_ops == 0:
        return Score(0, 0, 0, 0)
    alone = alone or each_alone(shop)
    counted = np.flatnonzero(shop.order_counts)
    order_end_s = earliest_orders(shop, alone)[counted]
    due_s, weight = shop.order_due_s[counted], shop.order_weight[counted]
    makespan_s = max(0, int(alone.end_s.max()))
    flow_s = int(order_end_s.sum())
    late_s = int((weight * np.maximum(order_end_s - due_s, 0)).sum())
    for group in lane_groups(shop):
        makespan_s = group_makespan(group, alone, makespan_s)
        orders = group_orders(group, alone, counted, order_end_s)
        flow_s = max(flow_s, orders.flow())
        late_s = max(late_s, orders.tardiness(due_s, weight, late_s))
    return Score(makespan_s, late_s, flow_s - int(shop.order_release_s[counted].sum()), 0)


def group_makespan(group: Group, alone: Alone, least_s: int) -> int:
    """The least makespan (s), at least `least_s`, in which the group's machine can do its steps between heads and tails."""
    op = group.op
    head = group.worked(alone.start_s[op])
    by_head = np.argsort(head, kind="stable")
    head, work, tail_s = head[by_head], group.work_s[by_head], alone.tail_s[op][by_head]

    def possible(makespan_s: int) -> bool:
        return bool(in_time(head, work, group.worked(makespan_s - tail_s)))

    if possible(least_s):
        return least_s
    low, high = least_s, least_s + 1
    while not possible(high):
        low, high = high, high + 2 * (high - least_s)
        if high > group.last_s:
            return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high


@njit(cache=True, nogil=True)
def in_time(head: Ints, work: Ints, deadline: Ints) -> bool:
    """True when one machine that may interrupt work, earliest deadline first, does all work in time.

    `head` is sorted; all in working time of the machine.
    """
    left = work.copy()
    waiting = [(deadline[0], 0)]
    waiting.clear()
    now, i = head[0], 0
    while i < len(head) or len(waiting):
        if not len(waiting):
            now = max(now, head[i])
        while i < len(head) and head[i] <= now:
            heapq.heappush(waiting, (deadline[i], i))
            i += 1
        due, job = waiting[0]
        until = now + left[job]
        if i < len(head) and head[i] < until:
            left[job] -= head[i] - now
            now = head[i]
            continue
        if until > due:
            return False
        now = until
        heapq.heappop(waiting)
    return True


@dataclass(frozen=True)
class GroupOrders:
    """Counted orders with work in a group.

    `mine` are their positions among the counted orders, `tail_s` the least time from the end of an order's work in
    the group to its completion, `before_tail_s` its earliest completion less that tail; `end_s[k]` the least k-th
    end of an order's work in the group; `others_end_s` Σ earliest completions of the other orders.
    """

    mine: Ints
    tail_s: Ints
    before_tail_s: Ints
    end_s: Ints
    order_end_s: Ints

    def flow(self) -> int:
        """Least Σ completion of all counted orders (s)."""
        other = np.delete(self.order_end_s, self.mine)
        nth = np.maximum(self.end_s, np.sort(self.before_tail_s))
        return int(other.sum() + nth.sum() + self.tail_s.sum())

    def tardiness(self, due_s: Ints, weight: Ints, least_s: int) -> int:
        """Least Σ weighted tardiness of all counted orders (s); `least_s` where more cannot be shown."""
        other = np.delete(weight * np.maximum(self.order_end_s - due_s, 0), self.mine).sum()
        due_s, weight = due_s[self.mine], weight[self.mine]
        has_due = due_s < NEVER_S
        if not len(self.mine) or not has_due.any() or len(self.mine) > MOST_MATCHED:
            return least_s
        end_s = np.maximum(self.end_s[:, None], self.before_tail_s[None, :]) + self.tail_s[None, :]
        cost = weight[None, :] * np.maximum(end_s - due_s[None, :], 0)
        rows, columns = linear_sum_assignment(cost)
        return int(other + cost[rows, columns].sum())


def group_orders(group: Group, alone: Alone, counted: Ints, order_end_s: Ints) -> GroupOrders:
    """The orders' work in a group as one job each, shortest remaining work first."""
    position = np.full(max(int(counted.max(initial=0)), int(alone.owner.max())) + 1, -1, dtype=np.int64)
    position[counted] = np.arange(len(counted))
    known = alone.owner[group.op] >= 0
    op, work_s = group.op[known], group.work_s[known]
    mine, job = np.unique(position[alone.owner[op]], return_inverse=True)
    work = np.bincount(job, weights=work_s, minlength=len(mine)).astype(np.int64)
    head_s, tail_s = np.full(len(mine), NEVER_S), np.full(len(mine), NEVER_S)
    np.minimum.at(head_s, job, alone.start_s[op])
    np.minimum.at(tail_s, job, alone.owner_tail_s[op])
    head = group.worked(head_s)
    by_head = np.argsort(head, kind="stable")
    ends = np.sort(shortest_first(head[by_head], work[by_head])) if len(mine) else head
    return GroupOrders(mine, tail_s, order_end_s[mine] - tail_s, group.time_of(ends), order_end_s)


@njit(cache=True, nogil=True)
def shortest_first(head: Ints, work: Ints) -> Ints:
    """Completion times on one machine that may interrupt, shortest remaining work first; `head` is sorted."""
    left = work.copy()
    end = np.zeros(len(head), dtype=np.int64)
    waiting = [(left[0], 0)]
    waiting.clear()
    now, i = head[0], 0
    while i < len(head) or len(waiting):
        if not len(waiting):
            now = max(now, head[i])
        while i < len(head) and head[i] <= now:
            heapq.heappush(waiting, (left[i], i))
            i += 1
        rest, job = heapq.heappop(waiting)
        until = now + rest
        if i < len(head) and head[i] < until:
            heapq.heappush(waiting, (until - head[i], job))
            now = head[i]
        else:
            end[job] = now = until
    return end
