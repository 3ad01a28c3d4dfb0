"""The course of a plan: what runs after what, so that it can be run again with other times.

Sequences, teams and loads are kept. What runs together (a load of a batch machine) is one *unit*; a unit starts when
all before its steps on their routes has ended or come far enough and all its lanes are free and set up.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np

from lineshaft.core import Refused
from lineshaft.make.schedule.dispatch import hours
from lineshaft.make.schedule.dispatch.deck import Deck, lay_out
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.layout.routes import topological
from lineshaft.make.schedule.plan import lane_use
from lineshaft.make.schedule.shop import END_END, NEVER_S, OVERLAP, START_START, Bools, Ints, Shop, Timetable


class Course(NamedTuple):
    """Units in an order in which they can be run; unit u has the steps `step[ptr[u]:ptr[u + 1]]`, alike in `calendar`.

    Step v waits for steps as in Shop (`pred_…`) and on its lanes (`after_ptr`) for step `after` (-1: the lane's start)
    and `setup_s` of the calendar `setup_calendar`. `plan_s`, `first_s`, `last_s`: its working seconds, those of the
    first and last transfer lot. Fixed steps start and end as given. `not_before_s` is its earliest start.
    """

    ptr: Ints
    step: Ints
    calendar: Ints
    pausable: Bools
    not_before_s: Ints
    pred_ptr: Ints
    pred_op: Ints
    pred_kind: Ints
    pred_lag_s: Ints
    after_ptr: Ints
    after: Ints
    setup_s: Ints
    setup_calendar: Ints
    plan_s: Ints
    first_s: Ints
    last_s: Ints
    fixed: Bools
    fixed_start_s: Ints
    fixed_end_s: Ints


def course(shop: Shop, timetable: Timetable, not_before_s: Ints) -> tuple[Course, Deck]:
    """Units, their order and what they wait for.

    Raises
    ------
    Refused
        Steps stand before others that must come first.
    """
    use = lane_use(shop, timetable)
    follows = ~use.opens
    before = np.where(follows, np.append(-1, use.op[:-1])[: len(use.op)], -1)
    unit = shared(shop, timetable, use.op, use.lane, before)
    apart = (before < 0) | (unit[use.op] != unit[before])
    op, lane, before, setup_s = (x[apart] for x in (use.op, use.lane, before, use.setup_s))
    by_op = np.argsort(op, kind="stable")
    units = order_of(shop, unit, op, before)
    members = np.argsort(np.argsort(units)[unit], kind="stable")
    ptr = pointers(np.bincount(np.argsort(units)[unit], minlength=len(units)))
    return Course(
        ptr=ptr,
        step=members,
        calendar=calendars(shop, timetable, members, ptr),
        pausable=shop.op_pausable,
        not_before_s=np.maximum(shop.op_release_s, not_before_s),
        pred_ptr=shop.pred_ptr,
        pred_op=shop.pred_op,
        pred_kind=shop.pred_kind,
        pred_lag_s=shop.pred_lag_s,
        after_ptr=pointers(np.bincount(op, minlength=shop.n_ops)),
        after=before[by_op],
        setup_s=setup_s[by_op],
        setup_calendar=shop.lane_calendar[lane[by_op]],
        plan_s=shop.mode_s[timetable.mode],
        first_s=shop.mode_first_s[timetable.mode],
        last_s=shop.mode_last_s[timetable.mode],
        fixed=shop.fixed,
        fixed_start_s=shop.fixed_start_s,
        fixed_end_s=shop.fixed_end_s,
    ), lay_out(shop)[0]


def shared(shop: Shop, timetable: Timetable, op: Ints, lane: Ints, before: Ints) -> Ints:
    """The unit of each step, numbered without gaps: those that share a load of a batch lane are one.

    `op`, `lane`, `before`: who holds each lane after whom, sorted by lane and time.
    """
    unit = np.arange(shop.n_ops, dtype=np.int64)
    start_s, end_s = timetable.start_s, timetable.end_s
    together = (before >= 0) & (shop.lane_load_max[lane] > 0)
    together &= (start_s[op] == start_s[before]) & (end_s[op] == end_s[before])
    for i in np.flatnonzero(together).tolist():
        unit[op[i]] = unit[before[i]]
    return np.unique(unit, return_inverse=True)[1].astype(np.int64)


def order_of(shop: Shop, unit: Ints, op: Ints, before: Ints) -> Ints:
    """Units in an order in which each comes after all it waits for; nothing comes before what is fixed."""
    owner = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    waits = ~shop.fixed[owner]
    lanes = before >= 0
    later = np.concatenate([unit[owner[waits]], unit[op[lanes]]])
    earlier = np.concatenate([unit[shop.pred_op[waits]], unit[before[lanes]]])
    by_later = np.argsort(later, kind="stable")
    n = int(unit.max(initial=-1)) + 1
    order = topological(n, pointers(np.bincount(later, minlength=n)), earlier[by_later])
    if len(order) < n:
        raise Refused(
            "The plan in force runs steps before others that must come first. Make a new plan first.",
            "当前计划中有工序早于其前序工序,请先重新排产。",
        )
    return order


def calendars(shop: Shop, timetable: Timetable, members: Ints, ptr: Ints) -> Ints:
    """The calendar of each step: when all lanes of its unit work."""

    def both(a: int, lane: int) -> int:
        b = int(shop.lane_calendar[lane])
        return b if shop.cal_both[a, b] < 0 else int(shop.cal_both[a, b])

    lanes = np.split(timetable.lane, timetable.lane_ptr[1:-1]) if len(members) else []
    out = np.array([reduce(both, held.tolist(), 0) for held in lanes], dtype=np.int64)
    for u in np.flatnonzero(np.diff(ptr) > 1).tolist():
        steps = members[ptr[u] : ptr[u + 1]]
        out[steps] = reduce(both, [lane for op in steps.tolist() for lane in lanes[op].tolist()], 0)
    return out


@njit(cache=True, nogil=True, _nrt=False)
def run_course(c, d, work_s, start_s, end_s):
    """Start and end (s) of every step when its work takes `work_s`; ends past the calendars are NEVER or later.

    Nobody knows beforehand how long it will take: what may not pause is begun where it fits as planned, then finished.
    """
    for u in range(len(c.ptr) - 1):
        ready, least_end, work, planned = 0, 0, 0, 0
        for i in range(c.ptr[u], c.ptr[u + 1]):
            v = c.step[i]
            ready = max(ready, ready_at(c, d, v, work_s, start_s, end_s))
            least_end = max(least_end, least_end_at(c, v, end_s))
            work, planned = max(work, work_s[v]), max(planned, c.plan_s[v])
        v = c.step[c.ptr[u]]
        if c.pausable[v]:
            begin, end = hours.run(d, c.calendar[v], ready, work, True)
        else:
            begin = hours.run(d, c.calendar[v], ready, planned, False)[0]
            end = begin + work
        for i in range(c.ptr[u], c.ptr[u + 1]):
            v = c.step[i]
            start_s[v], end_s[v] = begin, max(end, least_end)
            if c.fixed[v]:
                start_s[v], end_s[v] = c.fixed_start_s[v], c.fixed_end_s[v]


@njit(cache=True, nogil=True, _nrt=False)
def ready_at(c, d, v, work_s, start_s, end_s):
    """When everything that step v waits for at its start is there, s."""
    ready = c.not_before_s[v]
    if c.fixed[v]:
        return ready
    for i in range(c.pred_ptr[v], c.pred_ptr[v + 1]):
        u = c.pred_op[i]
        if c.pred_kind[i] == OVERLAP and not c.fixed[u]:
            lot_s = c.first_s[u] * work_s[u] // max(1, c.plan_s[u])
            ready = max(ready, hours.run(d, c.calendar[u], start_s[u], lot_s, c.pausable[u])[1])
        elif c.pred_kind[i] == START_START:
            ready = max(ready, start_s[u] + c.pred_lag_s[i])
        elif c.pred_kind[i] != END_END:
            ready = max(ready, end_s[u] + c.pred_lag_s[i])
    for i in range(c.after_ptr[v], c.after_ptr[v + 1]):
        free = max(0, end_s[c.after[i]]) if c.after[i] >= 0 else 0
        if c.setup_s[i] > 0:
            free = hours.run(d, c.setup_calendar[i], free, c.setup_s[i], True)[1]
        ready = max(ready, free)
    return ready


@njit(cache=True, nogil=True, _nrt=False)
def least_end_at(c, v, end_s):
    """Before when step v cannot end, whatever its own work, s."""
    least = 0
    for i in range(c.pred_ptr[v], c.pred_ptr[v + 1]):
        if c.pred_kind[i] == OVERLAP:
            least = max(least, end_s[c.pred_op[i]] + c.last_s[v])
        elif c.pred_kind[i] == END_END:
            least = max(least, end_s[c.pred_op[i]] + c.pred_lag_s[i])
    return least


@njit(cache=True, nogil=True)
def run_samples(c, d, work_s, op_order, op_last, order_end_s, span_s):
    """Run the course with every row of `work_s`; fills the ends of orders (s, sample by order) and of all work."""
    n = work_s.shape[1]
    start_s, end_s = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for sample in range(work_s.shape[0]):
        run_course(c, d, work_s[sample], start_s, end_s)
        for op in range(n):
            span_s[sample] = max(span_s[sample], end_s[op])
            if op_last[op]:
                order = op_order[op]
                order_end_s[sample, order] = max(order_end_s[sample, order], end_s[op])


def ran_out(shop: Shop, span_s: Ints) -> bool:
    """True when some sample did not end within the calendars."""
    return bool(span_s.max(initial=0) >= min(int(NEVER_S), shop.horizon_s + 1))
