"""A job shop whose steps each have one lane: its plan as a list in topological order, with times kept up as it changes.

Where no step has a choice, a plan is its sequences. All that is known of a step stands at its *place* in the list, where
its neighbours in time stand near by. After a move only what the change reaches is timed anew, straight along the list.

Sources: Balas 1969 (disjunctive graph); Nowicki and Smutnicki 2005, doi:10.1007/s10951-005-6364-5 (times kept up along
a topological order); Pearce and Kelly 2007, doi:10.1145/1187436.1210590 (repair of such an order).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import ALWAYS, END_START, NEVER_S, Ints, Shop, Timetable

Places = NDArray[np.uint32]


class Line(NamedTuple):
    """A plan of such a shop, changed in place.

    By step: `job` and `lane` (numbered by use), `own_release_s`, `own_work_s`. By place: its `step`; the places of its
    neighbours in job and lane; `end` s; `front`, the longest way from its start to the end of the plan, s. Behind the n
    places stands a row for each job and for each lane, which comes after their last steps, and one for nobody, who comes
    before their first: all end at 0 and have nothing in front of them. `goes`, `mark` and spares: room for a move.
    """

    job: Places
    lane: Places
    own_release_s: Ints
    own_work_s: Ints
    step: Places
    job_before: Places
    job_after: Places
    lane_before: Places
    lane_after: Places
    release_s: Ints
    work_s: Ints
    end: Ints
    front: Ints
    goes: Places
    mark: NDArray[np.bool_]
    spare_place: Places
    spare_s: Ints

    @property
    def n_jobs(self) -> int:
        """Chains of steps."""
        return int(self.job.max()) + 1

    @property
    def n_lanes(self) -> int:
        """Lanes that are used."""
        return int(self.lane.max()) + 1


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
    lane = np.unique(held_lanes(shop), return_inverse=True)[1]
    job = np.arange(n)
    before = np.full(n, -1)
    before[np.repeat(np.arange(n), np.diff(shop.pred_ptr))] = shop.pred_op
    for op in shop.topo:
        if before[op] >= 0:
            job[op] = job[before[op]]
    job = np.unique(job, return_inverse=True)[1]
    rows = n + job.max() + lane.max() + 3
    return Line(
        job.astype(np.uint32),
        lane.astype(np.uint32),
        shop.op_release_s.astype(np.int64),
        shop.mode_s.astype(np.int64),
        *np.zeros((5, rows), dtype=np.uint32),
        *np.zeros((4, rows), dtype=np.int64),
        goes=np.zeros(n, dtype=np.uint32),
        mark=np.zeros(rows, dtype=np.bool_),
        spare_place=np.zeros(n, dtype=np.uint32),
        spare_s=np.zeros(n, dtype=np.int64),
    )


def order(line: Line) -> Places:
    """The steps in topological order."""
    return line.step[: len(line.job)].copy()


def timetable(shop: Shop, line: Line) -> Timetable:
    """The plan as it stands."""
    n = shop.n_ops
    end_s = np.zeros(n, dtype=np.int64)
    end_s[line.step[:n]] = line.end[:n]
    return Timetable(np.arange(n), end_s - shop.mode_s, end_s, np.arange(n + 1), held_lanes(shop))


@njit(cache=True, nogil=True, _nrt=False)
def lay(line, steps):
    """Take the sequences of a topological order."""
    n, nobody = len(line.job), len(line.end) - 1
    jobs = n
    for v in range(n):
        jobs = max(jobs, n + line.job[v] + 1)
    for row in range(n, nobody + 1):
        line.job_before[row] = line.lane_before[row] = nobody
    for i in range(n):
        v = steps[i]
        line.step[i] = v
        line.release_s[i], line.work_s[i] = line.own_release_s[v], line.own_work_s[v]
        _append(line.job_before, line.job_after, n + line.job[v], i)
        _append(line.lane_before, line.lane_after, jobs + line.lane[v], i)
    for i in range(n):
        line.end[i] = ready(line, i) + line.work_s[i]
    for i in range(n - 1, -1, -1):
        line.front[i] = tail(line, i) + line.work_s[i]


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def _append(before, after, row, i):
    """Put place i behind all that is before a row."""
    u = before[row]
    before[i], after[i] = u, row
    after[u] = before[row] = i


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def ready(line, i):
    """When the step at place i can start, s; without a branch, which no processor could foretell here."""
    by_job, by_lane = line.end[line.job_before[i]], line.end[line.lane_before[i]]
    return max(by_job + (by_lane - by_job) * np.int64(by_lane > by_job), line.release_s[i])


@njit(cache=True, nogil=True, _nrt=False, inline="always")
def tail(line, i):
    """The longest way from the end of the step at place i to the end of the plan, s."""
    return max(line.front[line.job_after[i]], line.front[line.lane_after[i]])


@njit(cache=True, nogil=True, _nrt=False)
def makespan(line):
    """The last end, s."""
    span = 0
    for row in range(len(line.job), len(line.end)):
        span = max(span, line.end[line.job_before[row]])
    return span


@njit(cache=True, nogil=True, _nrt=False)
def shift(line, u, v, later):
    """Put the step at u right behind that at v (`later`) or that at v right before that at u; renew all times.

    u must be before v on their lane, and no other way lead from u to v (see `may_shift`).
    """
    n, before, after = len(line.job), line.lane_before[u], line.lane_after[v]
    if later:
        _relink(line, u, v, after)
        _what_follows_goes_behind(line, u, v)
    else:
        _relink(line, v, before, u)
        _what_leads_there_goes_ahead(line, u, v)
    _rearrange(line, u, v)
    _renew_ends(line, u, after if after < n else v)
    _renew_fronts(line, before if before < n else u, v)


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
def _what_follows_goes_behind(line, u, v):
    """Where the places u … v go: first what does not follow u, then u and what does."""
    mark, at = line.mark, u
    mark[u] = True
    for x in range(u + 1, v + 1):
        mark[x] = mark[line.job_before[x]] or mark[line.lane_before[x]]
        if not mark[x]:
            line.goes[x] = at
            at += 1
    for x in range(u, v + 1):
        if mark[x]:
            line.goes[x] = at
            mark[x] = False
            at += 1


@njit(cache=True, nogil=True, _nrt=False)
def _what_leads_there_goes_ahead(line, u, v):
    """Where the places u … v go: first what leads to v and v, then the rest."""
    mark, at = line.mark, v
    mark[v] = True
    for x in range(v - 1, u - 1, -1):
        mark[x] = mark[line.job_after[x]] or mark[line.lane_after[x]]
        if not mark[x]:
            line.goes[x] = at
            at -= 1
    for x in range(v, u - 1, -1):
        if mark[x]:
            line.goes[x] = at
            mark[x] = False
            at -= 1


@njit(cache=True, nogil=True, _nrt=False)
def _rearrange(line, first, last):
    """Move all that stands at the places first … last to where it `goes`."""
    _repoint(line.job_before, line.job_after, line.goes, first, last)
    _repoint(line.job_after, line.job_before, line.goes, first, last)
    _repoint(line.lane_before, line.lane_after, line.goes, first, last)
    _repoint(line.lane_after, line.lane_before, line.goes, first, last)
    for places in (line.step, line.job_before, line.job_after, line.lane_before, line.lane_after):
        _carry(places, line.spare_place, line.goes, first, last)
    for times in (line.release_s, line.work_s, line.end, line.front):
        _carry(times, line.spare_s, line.goes, first, last)


@njit(cache=True, nogil=True, _nrt=False)
def _repoint(link, back, goes, first, last):
    """Turn links from places first … last to where those go, and links back from others to where these go."""
    for x in range(first, last + 1):
        y = link[x]
        if first <= y <= last:
            link[x] = goes[y]
        else:
            back[y] = goes[x]


@njit(cache=True, nogil=True, _nrt=False)
def _carry(values, spare, goes, first, last):
    for x in range(first, last + 1):
        spare[x] = values[x]
    for x in range(first, last + 1):
        values[goes[x]] = spare[x]


@njit(cache=True, nogil=True, _nrt=False)
def _renew_ends(line, first, least):
    """Renew ends from place `first` on, at least to `least`, then as far as changes reach.

    Again without branches: where a last step changes, on to the end of the list.
    """
    final, reach, i = len(line.job) - 1, np.int64(least), np.int64(first)
    while i <= min(reach, final):
        at = np.uint64(i)
        end = ready(line, at) + line.work_s[at]
        changed = np.int64(end != line.end[at])
        line.end[at] = end
        reach = max(reach, changed * np.int64(max(line.job_after[at], line.lane_after[at])))
        i += 1


@njit(cache=True, nogil=True, _nrt=False)
def _renew_fronts(line, least, last):
    """Renew fronts from place `last` back, at least to `least`, then as far as changes reach."""
    n, reach, i = len(line.job), np.int64(least), np.int64(last)
    while i >= reach:
        at = np.uint64(i)
        front = tail(line, at) + line.work_s[at]
        same = np.int64(front == line.front[at])
        line.front[at] = front
        reach = min(reach, same * n + np.int64(min(line.job_before[at], line.lane_before[at])))
        i -= 1
