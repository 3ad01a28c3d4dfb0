"""Beam search for plain job shops: the plans of many list schedulings grow side by side, the most promising go on.

Every plan starts next what can start soonest. Where several steps wait for that lane, the plan branches. Plans of as
many steps are compared by how far their bound is beyond that of the whole shop, then by how long lanes stood idle: where
a shop could be full to the last minute, a wrong turn soon shows as idle time.

Sources: Ow and Morton 1988, doi:10.1080/00207548808947840 (filtered beam search); Sabuncuoglu and Bayiz 1999,
doi:10.1016/S0377-2217(98)00319-1 (for job shops).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.lines import Line, Places
from lineshaft.make.schedule.shop import Ints

BRANCHES = 3
EXCESS = 1000
NEVER = 1 << 40


class Task(NamedTuple):
    """What all plans share, by place of a step in `Line`: `rest_s` is the work of its job from there on; `bound_s` of
    the makespan.
    """

    job_after: Places
    lane: Places
    release_s: Ints
    work_s: Ints
    rest_s: Ints
    bound_s: int


class Plans(NamedTuple):
    """Plans in progress, a row each: the next step of each job and when it is ready; when each lane is free and the
    work it has left; `bound_s` of the makespan and `idle_s`, which lanes stood idle.
    """

    step: Ints
    ready_s: Ints
    free_s: Ints
    left_s: Ints
    bound_s: Ints
    idle_s: Ints


def cells(line: Line) -> int:
    """What a beam of width 1 looks at: each job and lane once for each step."""
    return len(line.job) * (line.n_jobs + line.n_lanes)


def search(line: Line, width: int) -> Places:
    """The steps in the order of starts of the shortest plan that `width` plans at a time come to.

    Parameters
    ----------
    line
        Any plan; its sequences do not matter.
    """
    n, jobs, lanes = len(line.job), line.n_jobs, line.n_lanes
    lane = line.lane[line.step[:n]]
    rest_s, first = np.zeros(len(line.end), dtype=np.int64), np.zeros(jobs, dtype=np.int64)
    rests(line, rest_s, first)
    load_s = np.bincount(lane, line.work_s[:n], minlength=lanes).astype(np.int64)
    bound_s = int(max(load_s.max(), (line.release_s[first] + rest_s[first]).max()))
    task = Task(line.job_after, lane, line.release_s, line.work_s, rest_s, bound_s)
    now, new = blank(width, jobs, lanes), blank(width, jobs, lanes)
    now.step[0], now.ready_s[0], now.left_s[0], now.bound_s[0] = first, line.release_s[first], load_s, bound_s
    parent, chosen = np.zeros((n, width), dtype=np.int32), np.zeros((n, width), dtype=np.int32)
    grow(task, now, new, parent, chosen)
    last, places = 0, np.zeros(n, dtype=np.int64)
    for i in range(n - 1, -1, -1):
        places[i], last = chosen[i, last], parent[i, last]
    return line.step[places]


def blank(width: int, jobs: int, lanes: int) -> Plans:
    """Room for plans."""
    rows = [np.zeros((width, k), dtype=np.int64) for k in (jobs, jobs, lanes, lanes)]
    return Plans(*rows, *np.zeros((2, width), dtype=np.int64))


@njit(cache=True, nogil=True, _nrt=False)
def rests(line, rest_s, first):
    """Fill `rest_s` by place, and `first` with the place of each job's first step."""
    n = len(line.job)
    for job in range(len(first)):
        i, left_s = line.job_before[n + job], 0
        while i < n:
            left_s += line.work_s[i]
            rest_s[i], first[job] = left_s, i
            i = line.job_before[i]


@njit(cache=True, nogil=True)
def grow(task, now, new, parent, chosen):
    """Grow plans from the one in row 0 of `now` to the end; the best is in row 0.

    `chosen[i, row]` is the step that was placed as the i-th, `parent[i, row]` the row of the plan before.
    """
    width = len(now.idle_s)
    worth, of = np.empty(width * BRANCHES), np.empty((3, width * BRANCHES), dtype=np.int64)
    best, many = np.empty(BRANCHES + 1, dtype=np.int64), 1
    for i in range(len(parent)):
        count = 0
        for row in range(many):
            start_s, lane = soonest(task, now, row)
            waiting = longest_waiting(task, now, row, start_s, lane, best)
            for k in range(min(waiting, BRANCHES)):
                bound_s = bound(task, now, row, start_s, lane, best, waiting, k)
                idle_s = now.idle_s[row] + start_s - now.free_s[row, lane]
                worth[count] = EXCESS * (bound_s - task.bound_s) + idle_s
                of[0, count], of[1, count], of[2, count] = row, best[k], bound_s
                count += 1
        ranked = np.argsort(worth[:count], kind="mergesort")
        many = min(count, width)
        for row in range(many):
            x = ranked[row]
            parent[i, row] = of[0, x]
            chosen[i, row] = place(task, now, of[0, x], of[1, x], of[2, x], new, row)
        now, new = new, now


@njit(cache=True, nogil=True, _nrt=False)
def soonest(task, now, row):
    """(start s, lane) of the step that can start first; of several that of the job with most work left."""
    start_s, lane, rest_s = NEVER, -1, -1
    for job in range(now.step.shape[1]):
        v = now.step[row, job]
        if task.rest_s[v] == 0:
            continue
        at_s = max(now.ready_s[row, job], now.free_s[row, task.lane[v]])
        if at_s < start_s or (at_s == start_s and task.rest_s[v] > rest_s):
            start_s, lane, rest_s = at_s, task.lane[v], task.rest_s[v]
    return start_s, lane


@njit(cache=True, nogil=True, _nrt=False)
def longest_waiting(task, now, row, start_s, lane, best):
    """How many jobs wait for the lane; those with most work left go to `best`, one more than may branch."""
    waiting = 0
    for job in range(now.step.shape[1]):
        v = now.step[row, job]
        if task.rest_s[v] == 0 or task.lane[v] != lane or now.ready_s[row, job] > start_s:
            continue
        k = min(waiting, len(best) - 1)
        if waiting < len(best) or task.rest_s[v] > task.rest_s[now.step[row, best[k]]]:
            while k > 0 and task.rest_s[now.step[row, best[k - 1]]] < task.rest_s[v]:
                best[k] = best[k - 1]
                k -= 1
            best[k] = job
        waiting += 1
    return waiting


@njit(cache=True, nogil=True, _nrt=False)
def bound(task, now, row, start_s, lane, best, waiting, k):
    """The bound of the plan once the job `best[k]` is on the lane from `start_s` and the others wait."""
    v = now.step[row, best[k]]
    bound_s = max(now.bound_s[row], start_s + max(now.left_s[row, lane], task.rest_s[v]))
    if waiting > 1:
        other = now.step[row, best[1 if k == 0 else 0]]
        bound_s = max(bound_s, start_s + task.work_s[v] + task.rest_s[other])
    return bound_s


@njit(cache=True, nogil=True, _nrt=False)
def place(task, now, old, job, bound_s, new, row):
    """Copy the plan in row `old` of `now` to a row of `new` and place the next step of a job; the step."""
    for j in range(now.step.shape[1]):
        new.step[row, j], new.ready_s[row, j] = now.step[old, j], now.ready_s[old, j]
    for lane in range(now.free_s.shape[1]):
        new.free_s[row, lane], new.left_s[row, lane] = now.free_s[old, lane], now.left_s[old, lane]
    v = now.step[old, job]
    lane = task.lane[v]
    start_s = max(now.ready_s[old, job], now.free_s[old, lane])
    end_s, after = start_s + task.work_s[v], task.job_after[v]
    new.idle_s[row] = now.idle_s[old] + start_s - now.free_s[old, lane]
    new.bound_s[row] = bound_s
    new.step[row, job], new.ready_s[row, job] = after, max(end_s, task.release_s[after])
    new.free_s[row, lane], new.left_s[row, lane] = end_s, now.left_s[old, lane] - task.work_s[v]
    return v
