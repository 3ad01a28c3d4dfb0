"""A job shop whose steps each have one lane: sequences as linked lists, and times that are kept up as they change.

Where no step has a choice, a plan is its sequences. After a move only what lies between the first and the last rank
that it reaches is timed anew.

Sources: Balas 1969 (disjunctive graph); Nowicki and Smutnicki 2005, doi:10.1007/s10951-005-6364-5 (times kept up along
a topological order); Pearce and Kelly 2007, doi:10.1145/1187436.1210590 (repair of such an order).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lineshaft.make.schedule.shop import ALWAYS, END_START, NEVER_S, Ints, Shop, Timetable

Steps = NDArray[np.uint32]
Ints32 = NDArray[np.int32]


class Line(NamedTuple):
    """A plan of such a shop, changed in place: for each step its neighbours in job and lane (n: nobody), and times.

    `end` s; `front`, the longest way from its start to the end of the plan, s; `rank` in `order`, which is
    topological. Row n stands for nobody: it ends at 0 and nothing follows it. `last` are the last steps of the jobs;
    `spare` is room for n steps, or lanes, which are numbered by use; the latest mark is behind.
    """

    job_before: Steps
    job_after: Steps
    lane_before: Steps
    lane_after: Steps
    lane: Steps
    release_s: Ints
    work_s: Ints
    end: Ints
    front: Ints
    rank: Ints32
    mark: Ints32
    order: Steps
    last: Steps
    spare: Steps


def suits(shop: Shop) -> bool:
    """True for plain job shops: steps in chains without lags, one lane around the clock each, no setups, nothing fixed."""
    n = shop.n_ops
    single = (np.diff(shop.mode_ptr) == 1).all() and (np.diff(shop.demand_ptr) == 1).all()
    if n == 0 or shop.fixed.any() or not single or not (np.diff(shop.pool_ptr)[shop.demand_pool] == 1).all():
        return False
    chained = (np.diff(shop.pred_ptr) <= 1).all() and (np.bincount(shop.pred_op, minlength=n) <= 1).all()
    ends = (shop.pred_kind == END_START) & (shop.pred_lag_s == 0) & (shop.pred_lag_max_s == NEVER_S)
    lanes = held_lanes(shop)
    open_all_day = (shop.lane_calendar[lanes] == ALWAYS).all()
    set_up = shop.setup_s.size and shop.setup_s.any() and (shop.lane_group[lanes] >= 0).any()
    whole = (shop.demand_quantity == 1).all() and (shop.mode_s > 0).all() and (shop.mode_from < 0).all()
    alone = not (shop.lane_load_max[lanes] > 0).any() and not len(shop.budget)
    return bool(chained and ends.all() and open_all_day and whole and alone and not set_up)


def held_lanes(shop: Shop) -> Ints:
    """The lane of each step of a shop that `suits`."""
    return shop.pool_lane[shop.pool_ptr[shop.demand_pool]]


def make_line(shop: Shop) -> Line:
    """A shop that `suits`, without sequences yet."""
    n = shop.n_ops
    later = np.repeat(np.arange(n), np.diff(shop.pred_ptr))
    neighbours = np.full((4, n + 1), n, dtype=np.uint32)
    neighbours[0, later], neighbours[1, shop.pred_op] = shop.pred_op, later
    times = np.zeros((4, n + 1), dtype=np.int64)
    times[0, :n], times[1, :n] = shop.op_release_s, shop.mode_s
    return Line(
        *neighbours,
        np.append(np.unique(held_lanes(shop), return_inverse=True)[1], 0).astype(np.uint32),
        *times,
        *np.zeros((2, n + 1), dtype=np.int32),
        order=np.zeros(n, dtype=np.uint32),
        last=np.flatnonzero(neighbours[1, :n] == n).astype(np.uint32),
        spare=np.zeros(n + 1, dtype=np.uint32),
    )


def timetable(shop: Shop, line: Line) -> Timetable:
    """The plan as it stands."""
    n = shop.n_ops
    end_s = line.end[:n].copy()
    return Timetable(np.arange(n), end_s - shop.mode_s, end_s, np.arange(n + 1), held_lanes(shop))


@njit(cache=True, nogil=True, _nrt=False)
def lay(line, order):
    """Take the sequences of a topological order."""
    n, latest = len(line.order), line.spare
    for lane in range(n):
        latest[lane] = n
    for i in range(n):
        v = order[i]
        line.order[i], line.rank[v] = v, i
        u = latest[line.lane[v]]
        line.lane_before[v], line.lane_after[v], line.lane_after[u] = u, n, v
        latest[line.lane[v]] = v
    line.end[n] = line.front[n] = 0
    for i in range(n):
        v = line.order[i]
        line.end[v] = ready(line, v) + line.work_s[v]
    for i in range(n - 1, -1, -1):
        v = line.order[i]
        line.front[v] = tail(line, v) + line.work_s[v]


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def ready(line, v):
    """When v can start, s."""
    return max(line.release_s[v], line.end[line.job_before[v]], line.end[line.lane_before[v]])


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def tail(line, v):
    """The longest way from v's end to the end of the plan, s."""
    return max(line.front[line.job_after[v]], line.front[line.lane_after[v]])


@njit(cache=True, nogil=True, _nrt=False)
def makespan(line):
    """The last end, s."""
    span = 0
    for v in line.last:
        span = max(span, line.end[v])
    return span


@njit(cache=True, nogil=True, _nrt=False)
def shift(line, u, v, later):
    """Put u right behind v (`later`) or v right before u, where u precedes v on their lane, and renew all times.

    No other way may lead from u to v (see `may_shift`).
    """
    first, last = line.rank[u], line.rank[v]
    before, after = line.lane_before[u], line.lane_after[v]
    if later:
        _relink(line, u, v, after)
        _sort_later(line, u, v)
    else:
        _relink(line, v, before, u)
        _sort_sooner(line, u, v)
    n = len(line.order)
    _renew_ends(line, first, last if after == n else line.rank[after])
    _renew_fronts(line, first if before == n else line.rank[before], last)


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def may_shift(line, u, v, later):
    """True where times prove that no way but over the lane leads from u to v (from u's job, or to v's)."""
    if later:
        return line.front[line.job_after[u]] < line.front[v]
    return line.end[line.job_before[v]] < line.end[u]


@njit(cache=True, nogil=True, _nrt=False)
def _relink(line, x, a, b):
    """Take x out of its lane and put it between the neighbours a and b."""
    before, after = line.lane_before[x], line.lane_after[x]
    line.lane_after[before], line.lane_before[after] = after, before
    line.lane_after[a], line.lane_before[b] = x, x
    line.lane_before[x], line.lane_after[x] = a, b


@njit(cache=True, nogil=True, _nrt=False)
def _sort_later(line, u, v):
    """Between the ranks of u and v: what does not follow u, then u and what follows it."""
    order, mark, spare = line.order, line.mark, line.spare
    at, many = line.rank[u], 1
    spare[-1] += 1
    stamp = spare[-1]
    mark[u], spare[0] = stamp, u
    for i in range(at + 1, line.rank[v] + 1):
        x = order[i]
        if mark[line.job_before[x]] == stamp or mark[line.lane_before[x]] == stamp:
            mark[x], spare[many] = stamp, x
            many += 1
        else:
            order[at], line.rank[x] = x, at
            at += 1
    for i in range(many):
        order[at + i], line.rank[spare[i]] = spare[i], at + i


@njit(cache=True, nogil=True, _nrt=False)
def _sort_sooner(line, u, v):
    """Between the ranks of u and v: what leads to v and v, then the rest."""
    order, mark, spare = line.order, line.mark, line.spare
    at, many = line.rank[v], 1
    spare[-1] += 1
    stamp = spare[-1]
    mark[v], spare[0] = stamp, v
    for i in range(at - 1, line.rank[u] - 1, -1):
        x = order[i]
        if mark[line.job_after[x]] == stamp or mark[line.lane_after[x]] == stamp:
            mark[x], spare[many] = stamp, x
            many += 1
        else:
            order[at], line.rank[x] = x, at
            at -= 1
    for i in range(many):
        order[at - i], line.rank[spare[i]] = spare[i], at - i


@njit(cache=True, nogil=True, _nrt=False)
def _renew_ends(line, first, least):
    """Renew ends from rank `first` on, at least to `least`, then as far as changes reach."""
    order, rank = line.order, line.rank
    rank[-1] = -1
    reach, i = least, first
    while i <= reach:
        v = order[i]
        end = ready(line, v) + line.work_s[v]
        if end != line.end[v]:
            line.end[v] = end
            reach = max(reach, rank[line.job_after[v]], rank[line.lane_after[v]])
        i += 1


@njit(cache=True, nogil=True, _nrt=False)
def _renew_fronts(line, least, last):
    """Renew fronts from rank `last` back, at least to `least`, then as far as changes reach."""
    order, rank = line.order, line.rank
    rank[-1] = len(order)
    reach, i = least, last
    while i >= reach:
        v = order[i]
        front = tail(line, v) + line.work_s[v]
        if front != line.front[v]:
            line.front[v] = front
            reach = min(reach, rank[line.job_before[v]], rank[line.lane_before[v]])
        i -= 1
