"""A plan closes up after some of its steps were placed anew: their places in the order, then all times that change.

What begins before those steps, or has nothing to do with them, is not looked at. All of it can be undone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.dispatch.deck import OP
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.propagate import (
    END,
    ENDED,
    FIRST_PRED,
    FIRST_SLOT,
    FIXED,
    LANE,
    PLACE,
    RANK,
    START,
    WAITING,
    Plan,
    count_all,
    follower,
    forget,
    holds,
    rank_as,
    timed,
    wait_after,
)
from lineshaft.make.schedule.shop import Ints

LOW, HIGH, LOGGED = range(3)


class Trail(NamedTuple):
    """What was before: `order` from rank LOW to HIGH, LOGGED steps (`who`) with start and end (`times`), `done`, `now`.

    `span` holds LOW, HIGH and LOGGED; `moved` the steps that others gave way to.
    """

    order: Ints
    who: Ints
    times: Ints
    done: Ints
    now: Ints
    span: Ints
    moved: Ints


def trail_of(plan: Plan) -> Trail:
    """Room for a plan."""
    n = len(plan.order)
    order, who, moved = np.zeros((3, n), dtype=np.int64)
    times = np.zeros((n, 2), dtype=np.int64)
    return Trail(
        order, who, times, np.zeros_like(plan.done), np.zeros_like(plan.now), np.array([0, -1, 0]), moved
    )


@njit(cache=True, nogil=True, _nrt=False)
def note(p, t):
    """Note ends and figures."""
    for order in range(len(p.done)):
        t.done[order, ENDED] = p.done[order, ENDED]
    for k in range(len(p.now)):
        t.now[k] = p.now[k]
    t.span[LOW], t.span[HIGH], t.span[LOGGED] = 0, -1, 0


@njit(cache=True, nogil=True, _nrt=False)
def after_all(f, p, v):
    """True when v, unless it is fixed, comes after all that it follows, and either way after what is before it on lanes."""
    rank = p.job[v, RANK]
    last = f.step[v, FIRST_PRED] if f.step[v, FIXED] else f.step[v + 1, FIRST_PRED]
    for a in range(f.step[v, FIRST_PRED], last):
        if p.job[f.deck.pred[a, OP], RANK] > rank:
            return False
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        lane, place = p.held[slot, LANE], p.held[slot, PLACE]
        if lane >= 0 and place > 0 and p.job[f.holder[p.seq[f.base[lane] + place - 1]], RANK] > rank:
            return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def sort(f, p, t, steps, many):
    """Order by starts, from the first of the first `many` steps on; False where that is no order of what goes before what."""
    low, high, moved = len(p.order), -1, 0
    for i in range(many):
        low = min(low, p.job[steps[i], RANK])
    for rank in range(low, len(p.order)):
        t.order[rank] = p.order[rank]
    for i in range(max(1, low), len(p.order)):
        v, at = p.order[i], i
        start_s = p.time[v, START]
        while at > 0 and p.time[p.order[at - 1], START] > start_s:
            at -= 1
            if at < low:
                low = at
                t.order[at] = p.order[at]
            p.order[at + 1] = p.order[at]
        if at < i:
            p.order[at] = v
            t.moved[moved] = v
            moved += 1
            high = i
    t.span[LOW], t.span[HIGH] = low, high
    for rank in range(low, high + 1):
        p.job[p.order[rank], RANK] = rank
    for i in range(moved):
        if not after_all(f, p, t.moved[i]):
            return False
    for i in range(many):
        v = steps[i]
        if not after_all(f, p, v):
            return False
        for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
            w = follower(f, p, slot)
            if w >= 0 and p.job[w, RANK] < p.job[v, RANK]:
                return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def close_up(f, p, t):
    """Time what waits for it, and all that this changes, anew and count the figures; False when the plan does not hold."""
    rank = 0
    while p.now[WAITING] > 0:
        while not p.waiting[rank]:
            rank += 1
        p.waiting[rank] = False
        p.now[WAITING] -= 1
        v = p.order[rank]
        start_s, end_s = timed(f, p, v)
        if not holds(f, p, v, start_s, end_s):
            forget(p, rank)
            return False
        if start_s == p.time[v, START] and end_s == p.time[v, END]:
            continue
        i = t.span[LOGGED]
        t.who[i], t.times[i, START], t.times[i, END] = v, p.time[v, START], p.time[v, END]
        t.span[LOGGED] += 1
        p.time[v, START], p.time[v, END] = start_s, end_s
        wait_after(f, p, v)
    count_all(f, p)
    return True


@njit(cache=True, nogil=True, _nrt=False)
def reopen(p, t):
    """Undo `sort` and `close_up`."""
    for i in range(t.span[LOGGED]):
        p.time[t.who[i], START], p.time[t.who[i], END] = t.times[i, START], t.times[i, END]
    for rank in range(t.span[LOW], t.span[HIGH] + 1):
        rank_as(p, t.order[rank], rank)
    for order in range(len(p.done)):
        p.done[order, ENDED] = t.done[order, ENDED]
    for k in range(len(p.now)):
        p.now[k] = t.now[k]
