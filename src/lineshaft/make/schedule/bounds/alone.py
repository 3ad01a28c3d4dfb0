"""Each step as if it were alone in the shop: the earliest it can be done, and the least time that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.bounds.groups import pool_calendars
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import END_END, END_START, NEVER_S, Bools, Ints, Shop

NEVER = int(NEVER_S)


class Net(NamedTuple):
    """Arrays of a Shop that the kernels here read; same names, same meaning."""

    order_counts: Bools
    op_order: Ints
    op_release_s: Ints
    op_pausable: Bools
    pred_ptr: Ints
    pred_op: Ints
    pred_kind: Ints
    pred_lag_s: Ints
    topo: Ints
    mode_ptr: Ints
    mode_s: Ints
    demand_ptr: Ints
    demand_pool: Ints
    cal_ptr: Ints
    cal_start: Ints
    cal_end: Ints
    cal_before: Ints
    cal_both: Ints
    horizon_s: int
    fixed: Bools
    fixed_start_s: Ints
    fixed_end_s: Ints


@dataclass(frozen=True)
class Alone:
    """Each step without the others: earliest start and end, least time from its end to the end of all and to the
    end of the counted order it works for (`owner`, -1 without), all in s.
    """

    start_s: Ints
    end_s: Ints
    tail_s: Ints
    owner: Ints
    owner_tail_s: Ints


def each_alone(shop: Shop) -> Alone:
    """Heads and tails of every step."""
    net = Net(**{name: getattr(shop, name) for name in Net._fields})
    cal_ptr, cal = pool_calendars(shop)
    start_s, end_s = np.zeros(shop.n_ops, dtype=np.int64), np.zeros(shop.n_ops, dtype=np.int64)
    earliest(net, cal_ptr, cal, start_s, end_s)
    tail_s, owner, owner_tail_s = tails(net)
    return Alone(start_s, end_s, tail_s, owner, owner_tail_s)


def earliest_orders(shop: Shop, alone: Alone) -> Ints:
    """The earliest completion of each order (s)."""
    end_s = np.full(shop.n_orders, -NEVER_S, dtype=np.int64)
    np.maximum.at(end_s, shop.op_order[shop.op_last], alone.end_s[shop.op_last])
    return end_s


@njit(cache=True, nogil=True, _nrt=False)
def earliest(d: Net, cal_ptr: Ints, cal: Ints, start_s: Ints, end_s: Ints) -> None:
    """Earliest start and end of every step (s) when no lane is ever taken."""
    for op in d.topo:
        if d.fixed[op]:
            start_s[op], end_s[op] = d.fixed_start_s[op], d.fixed_end_s[op]
            continue
        ready = d.op_release_s[op]
        for i in range(d.pred_ptr[op], d.pred_ptr[op + 1]):
            before = d.pred_op[i]
            if d.pred_kind[i] == END_START:
                ready = max(ready, end_s[before] + d.pred_lag_s[i])
            elif d.pred_kind[i] != END_END:
                ready = max(ready, start_s[before] + d.pred_lag_s[i])
        start_s[op] = end_s[op] = NEVER
        for mode in range(d.mode_ptr[op], d.mode_ptr[op + 1]):
            start, end = earliest_in(d, cal_ptr, cal, mode, ready, d.op_pausable[op])
            start_s[op], end_s[op] = min(start_s[op], start), min(end_s[op], end)
        if end_s[op] >= NEVER:
            start_s[op], end_s[op] = ready, ready


@njit(cache=True, nogil=True, _nrt=False)
def earliest_in(d: Net, cal_ptr: Ints, cal: Ints, mode: int, ready: int, pausable: bool) -> tuple[int, int]:
    """Earliest start and end in one mode: the calendars sure to be met together, and each pool's best calendar."""
    work = d.mode_s[mode]
    sure = 0
    for i in range(d.demand_ptr[mode], d.demand_ptr[mode + 1]):
        pool = d.demand_pool[i]
        if cal_ptr[pool + 1] - cal_ptr[pool] == 1:
            both = joint(d, sure, cal[cal_ptr[pool]])
            sure = both if both >= 0 else cal[cal_ptr[pool]]
    start, end = run(d, sure, ready, work, pausable)
    for i in range(d.demand_ptr[mode], d.demand_ptr[mode + 1]):
        pool = d.demand_pool[i]
        if cal_ptr[pool + 1] - cal_ptr[pool] > 1:
            pool_start = pool_end = NEVER
            for k in range(cal_ptr[pool], cal_ptr[pool + 1]):
                both = joint(d, sure, cal[k])
                one_start, one_end = run(d, both if both >= 0 else cal[k], ready, work, pausable)
                pool_start, pool_end = min(pool_start, one_start), min(pool_end, one_end)
            start, end = max(start, pool_start), max(end, pool_end)
    return start, end


@njit(cache=True, nogil=True)
def tails(d: Net) -> tuple[Ints, Ints, Ints]:
    """Least clock time from each step's end to the end of all; its counted order; the time to that order's end."""
    n = len(d.topo)
    tail_s, owner_tail_s = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    owner = np.full(n, -1, dtype=np.int64)
    for op in d.topo:
        if d.order_counts[d.op_order[op]]:
            owner[op] = d.op_order[op]
    for at in range(n - 1, -1, -1):
        later = d.topo[at]
        if d.fixed[later]:
            continue
        work = d.mode_s[d.mode_ptr[later]]
        for mode in range(d.mode_ptr[later] + 1, d.mode_ptr[later + 1]):
            work = min(work, d.mode_s[mode])
        for i in range(d.pred_ptr[later], d.pred_ptr[later + 1]):
            op = d.pred_op[i]
            if d.pred_kind[i] != END_START:
                continue
            tail_s[op] = max(tail_s[op], d.pred_lag_s[i] + work + tail_s[later])
            if owner[op] < 0:
                owner[op] = owner[later]
            if owner[op] == owner[later]:
                owner_tail_s[op] = max(owner_tail_s[op], d.pred_lag_s[i] + work + owner_tail_s[later])
    return tail_s, owner, owner_tail_s


@njit(cache=True, nogil=True, _nrt=False)
def joint(d: Net, a: int, b: int) -> int:
    """Calendar in which both work; -1 when the shop does not know it."""
    if a == b or b == 0:
        return a
    return b if a == 0 else d.cal_both[a, b]


@njit(cache=True, nogil=True, _nrt=False)
def run(d: Net, calendar: int, ready: int, work: int, pausable: bool) -> tuple[int, int]:
    """Start and end of work on a calendar, not before `ready`; NEVER beyond its end."""
    low, high = d.cal_ptr[calendar], d.cal_ptr[calendar + 1]
    i = low + np.searchsorted(d.cal_end[low:high], ready, side="right")
    while i < high:
        start = max(ready, d.cal_start[i])
        if start + work <= d.cal_end[i]:
            return start, start + work
        if pausable:
            done = d.cal_before[i] + start - d.cal_start[i] + work
            last = low + np.searchsorted(d.cal_before[low:high], done, side="left") - 1
            end = d.cal_start[last] + done - d.cal_before[last]
            return (start, end) if end <= d.cal_end[last] else (NEVER, NEVER)
        i += 1
    return NEVER, NEVER
