"""Sequences of a plan that change by one step at a time, and what such a change does to every order.

A plan is, per step, a mode with its lanes and, per lane, a sequence. Every step starts as early as its predecessors,
its lanes and its calendar allow (a semi-active timetable). When a step has moved, only what its change reaches is
computed again, in a topological order that is repaired on the way; a change that is not wanted is taken back.

Sources: Balas 1969 (disjunctive graph); Pearce and Kelly 2007, doi:10.1145/1187436.1210590 (repair of a topological
order); Mati, Dauzère-Pérès and Lahlou 2011, doi:10.1016/j.ejor.2011.01.030 (any regular measure of the orders).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import KIND, LAG_MAX_S, LAG_S, OP, SET_FOR, WORK_S, Deck
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, run, setup_between
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.score import COUNTS, DUE_S, NEVER_DONE, RELEASED_S, WEIGHT
from lineshaft.make.schedule.shop import END_START, Ints

Table = NDArray[np.int64]
Narrow = NDArray[np.int32]
# Columns of Field.step (a last row holds only the ends of pointers); Plan.time, .job, .held, .done, .lane, .log; rows of .now
FIRST_SLOT, FAMILY, FIXED, PAUSABLE, FIRST_PRED, FIRST_SUCC, FIRST_MODE, ORDER, LAST = range(9)
START, END, WORK = range(3)
MODE, OPEN, RANK, MARK = range(4)
LANE, PLACE, AFTER = range(3)
ENDED, TOUCHED = range(2)
FREE_S, SET = range(2)
WHO, FROM, UNTIL = range(3)
MAKESPAN, TARDINESS, FLOW, SETUP, WAITING, STAMP, OPENED, HARM, BEARABLE = range(9)
# Columns of Plan.change
STEP, OLD_MODE, OLD_OPEN, OLD_SPAN, LOGGED, ENDINGS, FIRST_MOVED, LAST_MOVED = range(8)
CHAIN = 4


class Field(NamedTuple):
    """What a search does not change.

    `step`: what is read of a step with every look, in half of a cache line; `release_s` per step (with what keeps greatest lags); `holder`, `free_s` per slot: its step and, of fixed work,
    when its lane is free again; `base[l]` the room for the sequence of lane l; `last_op[last_ptr[o]:…]` the last steps
    of order o; `orders` as `score.order_rows`; `owner` per step: the counted order it works for (-1: none); `outer` the steps that no other outlasts;
    `timely`: tardiness alone leads the goal; `summed`: it or flow time does; `frozen`: some are fixed; `tight`: there are greatest lags.
    """

    deck: Deck
    step: Narrow
    release_s: Ints
    holder: Ints
    free_s: Ints
    base: Ints
    last_ptr: Ints
    last_op: Ints
    orders: Table
    owner: Ints
    outer: Ints
    timely: bool
    summed: bool
    frozen: bool
    tight: bool


class Plan(NamedTuple):
    """A plan under change.

    `time[v]`: START, END, WORK (working time) in s; `job[v]`: MODE, calendar (OPEN), RANK in `order` (a topological
    order), MARK. `held[slot]`: LANE (-1: not
    used) and PLACE on it. `seq[base[l] + place]`: the slot there; `size[l]` how many. `done[o]`: end of an order.
    `lane[l]`: when free and set up for what, while all is timed. `now`: the four figures (s) and counters. `waiting[rank]`: to be timed again.

    Up to CHAIN changes can be open, that is not yet kept for good: of each, `change` holds the step and what it was,
    `log` and `endings` times and ends of orders before it, `moved` the stretch of `order` before it, `old[:, k]`
    lane and place of the step's k-th slot before it.
    """

    time: Table
    job: Narrow
    held: Narrow
    seq: Ints
    size: Ints
    order: Ints
    done: Table
    lane: Table
    now: Ints
    waiting: NDArray[np.bool_]
    change: Table
    log: NDArray[np.int64]
    endings: NDArray[np.int64]
    moved: Table
    old: NDArray[np.int64]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def lane_ready(f, p, lane, place, family):
    """When `lane` is free and set up for `family` at `place` (s)."""
    d = f.deck
    free_s, before = 0, d.lane[lane, SET_FOR]
    if place > 0:
        slot = p.seq[f.base[lane] + place - 1]
        u = f.holder[slot]
        free_s, before = f.free_s[slot] if f.step[u, FIXED] else p.time[u, END], f.step[u, FAMILY]
    return after_setup(d, lane, free_s, before, family)


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def work_ready(f, p, v):
    """When release and predecessors let v start (s)."""
    d = f.deck
    ready_s = f.release_s[v]
    for a in range(f.step[v, FIRST_PRED], f.step[v + 1, FIRST_PRED]):
        u = d.pred[a, OP]
        since_s = p.time[u, END] if d.pred[a, KIND] == END_START else p.time[u, START]
        ready_s = max(ready_s, since_s + d.pred[a, LAG_S])
    return ready_s


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def timed(f, p, v):
    """Earliest (start, end) of v in s."""
    d = f.deck
    ready_s = work_ready(f, p, v)
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        lane = p.held[slot, LANE]
        if lane < 0:
            break
        ready_s = max(ready_s, lane_ready(f, p, lane, p.held[slot, PLACE], f.step[v, FAMILY]))
    return run(d, p.job[v, OPEN], ready_s, p.time[v, WORK], f.step[v, PAUSABLE])


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def follower(f, p, slot):
    """The step after a slot on its lane; -1 where there is none."""
    lane = p.held[slot, LANE]
    if lane < 0 or p.held[slot, PLACE] + 1 >= p.size[lane]:
        return -1
    return f.holder[p.seq[f.base[lane] + p.held[slot, PLACE] + 1]]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def holds(f, p, v, start_s, end_s):
    """True when v at these times runs into no fixed work and exceeds no greatest lag."""
    d = f.deck
    if end_s >= NEVER:
        return False
    if f.frozen:
        for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
            w = follower(f, p, slot)
            if w >= 0 and f.step[w, FIXED]:
                lane = p.held[slot, LANE]
                if after_setup(d, lane, end_s, f.step[v, FAMILY], f.step[w, FAMILY]) > p.time[w, START]:
                    return False
    if f.tight:
        for a in range(f.step[v, FIRST_PRED], f.step[v + 1, FIRST_PRED]):
            u = d.pred[a, OP]
            since_s = p.time[u, END] if d.pred[a, KIND] == END_START else p.time[u, START]
            if start_s - since_s > d.pred[a, LAG_MAX_S]:
                return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def everything(f, p):
    """Time all steps anew in their order and count the figures; True when the plan holds.

    In that order a lane's state is all that a step needs to know of those ahead of it there.
    """
    d = f.deck
    sound, checked = True, f.frozen or f.tight
    for lane in range(len(p.size)):
        p.lane[lane, FREE_S], p.lane[lane, SET] = 0, d.lane[lane, SET_FOR]
    for v in p.order:
        first, last, family = f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT], f.step[v, FAMILY]
        fixed = f.step[v, FIXED] > 0
        if not fixed:
            ready_s = work_ready(f, p, v)
            for slot in range(first, last):
                lane = p.held[slot, LANE]
                if lane < 0:
                    break
                ready_s = max(ready_s, after_setup(d, lane, p.lane[lane, FREE_S], p.lane[lane, SET], family))
            p.time[v, START], p.time[v, END] = run(
                d, p.job[v, OPEN], ready_s, p.time[v, WORK], f.step[v, PAUSABLE]
            )
            if checked:
                sound &= holds(f, p, v, p.time[v, START], p.time[v, END])
            else:
                sound &= p.time[v, END] < NEVER
        for slot in range(first, last):
            lane = p.held[slot, LANE]
            if lane < 0:
                break
            p.lane[lane, FREE_S], p.lane[lane, SET] = f.free_s[slot] if fixed else p.time[v, END], family
    count_all(f, p)
    return sound


@njit(cache=True, nogil=True, _nrt=False)
def count_all(f, p):
    """Note when orders end and count the makespan, tardiness and flow time."""
    for order in range(len(p.done)):
        p.done[order, ENDED] = ended(f, p, order)
    p.now[MAKESPAN], p.now[TARDINESS], p.now[FLOW] = last_end(f, p), 0, 0
    for order in range(len(p.done)):
        count(f, p, order, 1)


@njit(cache=True, nogil=True, _nrt=False)
def last_end(f, p):
    """The makespan (s)."""
    end_s = 0
    for v in f.outer:
        end_s = max(end_s, p.time[v, END])
    return end_s


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def ended(f, p, order):
    """When all last steps of an order have ended (s)."""
    end_s = NEVER_DONE
    for i in range(f.last_ptr[order], f.last_ptr[order + 1]):
        end_s = max(end_s, p.time[f.last_op[i], END])
    return end_s


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def count(f, p, order, sign):
    """Add (or take away) an order's share of tardiness and flow time."""
    end_s = p.done[order, ENDED]
    if f.orders[order, COUNTS] and end_s > NEVER_DONE:
        p.now[TARDINESS] += sign * f.orders[order, WEIGHT] * max(0, end_s - f.orders[order, DUE_S])
        p.now[FLOW] += sign * (end_s - f.orders[order, RELEASED_S])


@njit(cache=True, nogil=True, _nrt=False)
def place_at(f, p, lane, t_s):
    """The first place on `lane` whose step starts at `t_s` or later."""
    low, high = 0, p.size[lane]
    while low < high:
        middle = (low + high) >> 1
        if p.time[f.holder[p.seq[f.base[lane] + middle]], START] < t_s:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, _nrt=False)
def changeover(f, p, lane, place, sign):
    """Add (or take away) the setups before and after what is at `place` of `lane`, against those without it."""
    d = f.deck
    first = f.base[lane]
    before = d.lane[lane, SET_FOR] if place == 0 else f.step[f.holder[p.seq[first + place - 1]], FAMILY]
    mine = f.step[f.holder[p.seq[first + place]], FAMILY]
    more_s = setup_between(d, lane, before, mine)
    if place + 1 < p.size[lane]:
        later = f.step[f.holder[p.seq[first + place + 1]], FAMILY]
        more_s += setup_between(d, lane, mine, later) - setup_between(d, lane, before, later)
    p.now[SETUP] += sign * more_s


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def wait(f, p, v):
    """Have v timed again."""
    rank = p.job[v, RANK]
    if not f.step[v, FIXED] and not p.waiting[rank]:
        p.waiting[rank] = True
        p.now[WAITING] += 1


@njit(cache=True, nogil=True, _nrt=False)
def wait_after(f, p, v):
    """Have all that comes just after v timed again."""
    for a in range(f.step[v, FIRST_SUCC], f.step[v + 1, FIRST_SUCC]):
        wait(f, p, f.deck.succ[a])
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        w = follower(f, p, slot)
        if w >= 0:
            wait(f, p, w)


@njit(cache=True, nogil=True, _nrt=False)
def take_off(f, p, v):
    """Take v off its lanes (times and order stay as they are)."""
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        lane, place = p.held[slot, LANE], p.held[slot, PLACE]
        if lane < 0:
            break
        changeover(f, p, lane, place, -1)
        p.size[lane] -= 1
        for i in range(place, p.size[lane]):
            other = p.seq[f.base[lane] + i + 1]
            p.seq[f.base[lane] + i] = other
            p.held[other, PLACE] = i


@njit(cache=True, nogil=True, _nrt=False)
def put_on(f, p, slot, lane, place):
    """Put a slot on a lane (times and order stay as they are)."""
    for i in range(p.size[lane], place, -1):
        other = p.seq[f.base[lane] + i - 1]
        p.seq[f.base[lane] + i] = other
        p.held[other, PLACE] = i
    p.size[lane] += 1
    p.seq[f.base[lane] + place] = slot
    p.held[slot, LANE], p.held[slot, PLACE] = lane, place
    changeover(f, p, lane, place, 1)


@njit(cache=True, nogil=True, _nrt=False)
def propagate(f, p):
    """Time again what waits for it and all that this changes; False when the plan no longer holds or that is too much."""
    level, rank = p.now[OPENED] - 1, 0
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
        row = p.change[level, LOGGED]
        if row == p.log.shape[1]:
            forget(p, rank)
            return False
        p.log[level, row, WHO], p.log[level, row, FROM] = v, p.time[v, START]
        p.log[level, row, UNTIL] = p.time[v, END]
        p.change[level, LOGGED] += 1
        p.time[v, START], p.time[v, END] = start_s, end_s
        wait_after(f, p, v)
        if f.step[v, LAST]:
            order = f.step[v, ORDER]
            touch(p, order)
            p.now[HARM] += harm(f, p, order, end_s)
            if p.now[HARM] > p.now[BEARABLE]:
                forget(p, rank)
                return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def harm(f, p, order, end_s):
    """What an order that now ends at `end_s` has lost since the change began, weighted where due dates count (s)."""
    if not f.orders[order, COUNTS]:
        return 0
    if f.timely:
        return f.orders[order, WEIGHT] * max(0, end_s - max(p.done[order, ENDED], f.orders[order, DUE_S]))
    return max(0, end_s - p.done[order, ENDED])


@njit(cache=True, nogil=True, _nrt=False)
def forget(p, rank):
    """Nothing waits any more; what did is at `rank` or later."""
    while p.now[WAITING] > 0:
        p.now[WAITING] -= p.waiting[rank]
        p.waiting[rank] = False
        rank += 1


@njit(cache=True, nogil=True, _nrt=False)
def touch(p, order):
    """Note that the end of an order may have changed."""
    if p.done[order, TOUCHED] != p.now[STAMP]:
        p.done[order, TOUCHED] = p.now[STAMP]
        level = p.now[OPENED] - 1
        row = p.change[level, ENDINGS]
        p.endings[level, row, WHO], p.endings[level, row, FROM] = order, p.done[order, ENDED]
        p.change[level, ENDINGS] += 1


@njit(cache=True, nogil=True, _nrt=False)
def settle(f, p):
    """Bring the figures up to date after `propagate`."""
    level = p.now[OPENED] - 1
    for i in range(p.change[level, ENDINGS]):
        order = p.endings[level, i, WHO]
        count(f, p, order, -1)
        p.done[order, ENDED] = ended(f, p, order)
        count(f, p, order, 1)
    p.now[MAKESPAN] = last_end(f, p)


@njit(cache=True, nogil=True, _nrt=False)
def between(f, p, v):
    """Ranks of the last step just before v and of the first just after it."""
    d = f.deck
    low, high = -1, len(p.order)
    for a in range(f.step[v, FIRST_PRED], f.step[v + 1, FIRST_PRED]):
        low = max(low, p.job[d.pred[a, OP], RANK])
    for a in range(f.step[v, FIRST_SUCC], f.step[v + 1, FIRST_SUCC]):
        if not f.step[d.succ[a], FIXED]:
            high = min(high, p.job[d.succ[a], RANK])
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        lane = p.held[slot, LANE]
        if lane >= 0 and p.held[slot, PLACE] > 0:
            low = max(low, p.job[f.holder[p.seq[f.base[lane] + p.held[slot, PLACE] - 1]], RANK])
        w = follower(f, p, slot)
        if w >= 0:
            high = min(high, p.job[w, RANK])
    return low, high


@njit(cache=True, nogil=True, _nrt=False)
def mark_after(f, p, x, stamp):
    """Mark what comes just after x."""
    d = f.deck
    for a in range(f.step[x, FIRST_SUCC], f.step[x + 1, FIRST_SUCC]):
        if not f.step[d.succ[a], FIXED]:
            p.job[d.succ[a], MARK] = stamp
    for slot in range(f.step[x, FIRST_SLOT], f.step[x + 1, FIRST_SLOT]):
        w = follower(f, p, slot)
        if w >= 0:
            p.job[w, MARK] = stamp


@njit(cache=True, nogil=True, _nrt=False)
def reorder(f, p, v):
    """Repair the order after v has moved; False, with the order as it was, when the move made a cycle."""
    low, high = between(f, p, v)
    rank = p.job[v, RANK]
    if low < rank < high:
        return True
    first, last = min(high, rank), max(low, rank)
    stamp = p.now[STAMP]
    if low >= high:
        p.job[v, MARK] = 0
        mark_after(f, p, v, stamp)
        for i in range(high, last + 1):
            if p.job[p.order[i], MARK] == stamp and p.order[i] != v:
                mark_after(f, p, p.order[i], stamp)
        if p.job[v, MARK] == stamp:
            return False
    level = p.now[OPENED] - 1
    p.change[level, FIRST_MOVED], p.change[level, LAST_MOVED] = first, last
    for i in range(first, last + 1):
        p.moved[level, i] = p.order[i]
    at = first
    for i in range(first, last + 1):
        x = p.moved[level, i]
        if x != v and not goes_after(p, x, low, high, rank, stamp):
            rank_as(p, x, at)
            at += 1
    rank_as(p, v, at)
    for i in range(first, last + 1):
        x = p.moved[level, i]
        if x != v and goes_after(p, x, low, high, rank, stamp):
            at += 1
            rank_as(p, x, at)
    return True


@njit(cache=True, nogil=True, _nrt=False)
def goes_after(p, x, low, high, rank, stamp):
    """True when x, between, comes after the step that has moved from `rank`."""
    return p.job[x, MARK] == stamp if low >= high else high <= rank


@njit(cache=True, nogil=True, _nrt=False)
def rank_as(p, v, rank):
    """Give v its place in the order."""
    p.order[rank] = v
    p.job[v, RANK] = rank


@njit(cache=True, nogil=True, _nrt=False)
def lift(f, p, v):
    """Open a change: take v off its lanes, having noted where it was."""
    level = p.now[OPENED]
    first = f.step[v, FIRST_SLOT]
    slots = f.step[v + 1, FIRST_SLOT] - first
    for k in range(slots):
        p.old[level, k, LANE], p.old[level, k, PLACE] = p.held[first + k, LANE], p.held[first + k, PLACE]
        p.old[level, k, AFTER] = follower(f, p, first + k)
    p.change[level, STEP], p.change[level, OLD_SPAN] = v, p.now[MAKESPAN]
    p.change[level, OLD_MODE], p.change[level, OLD_OPEN] = p.job[v, MODE], p.job[v, OPEN]
    p.change[level, LOGGED] = p.change[level, ENDINGS] = 0
    p.change[level, FIRST_MOVED], p.change[level, LAST_MOVED] = 0, -1
    p.now[OPENED] += 1
    p.now[STAMP] += 1
    p.now[WAITING] = p.now[HARM] = 0
    take_off(f, p, v)
    for k in range(slots):
        p.held[first + k, LANE] = -1


@njit(cache=True, nogil=True, _nrt=False)
def drop(f, p, v, mode, calendar, team, t_s):
    """Put v, lifted, on the lanes of `team` before all that starts there at `t_s` or later, and time everything anew.

    False when that cannot be. Either way `take_back` undoes it.
    """
    d = f.deck
    first = f.step[v, FIRST_SLOT]
    slots = f.step[v + 1, FIRST_SLOT] - first
    p.job[v, MODE], p.job[v, OPEN], p.time[v, WORK] = mode, calendar, d.mode[mode, WORK_S]
    for k in range(slots):
        if team[k] >= 0:
            put_on(f, p, first + k, team[k], place_at(f, p, team[k], t_s))
    if not reorder(f, p, v):
        return False
    wait(f, p, v)
    for k in range(slots):
        if p.old[p.now[OPENED] - 1, k, AFTER] >= 0:
            wait(f, p, p.old[p.now[OPENED] - 1, k, AFTER])
        w = follower(f, p, first + k)
        if w >= 0:
            wait(f, p, w)
    if not propagate(f, p):
        return False
    settle(f, p)
    return True


@njit(cache=True, nogil=True, _nrt=False)
def take_back(f, p):
    """Undo the change opened last."""
    p.now[OPENED] -= 1
    level = p.now[OPENED]
    v = p.change[level, STEP]
    for i in range(p.change[level, LOGGED]):
        x = p.log[level, i, WHO]
        p.time[x, START], p.time[x, END] = p.log[level, i, FROM], p.log[level, i, UNTIL]
    for i in range(p.change[level, ENDINGS]):
        order = p.endings[level, i, WHO]
        count(f, p, order, -1)
        p.done[order, ENDED] = p.endings[level, i, FROM]
        count(f, p, order, 1)
    for i in range(p.change[level, FIRST_MOVED], p.change[level, LAST_MOVED] + 1):
        rank_as(p, p.moved[level, i], i)
    take_off(f, p, v)
    mode = p.change[level, OLD_MODE]
    p.job[v, MODE], p.job[v, OPEN], p.time[v, WORK] = (
        mode,
        p.change[level, OLD_OPEN],
        f.deck.mode[mode, WORK_S],
    )
    p.now[MAKESPAN] = p.change[level, OLD_SPAN]
    first = f.step[v, FIRST_SLOT]
    for k in range(f.step[v + 1, FIRST_SLOT] - first):
        if p.old[level, k, LANE] < 0:
            p.held[first + k, LANE] = -1
        else:
            put_on(f, p, first + k, p.old[level, k, LANE], p.old[level, k, PLACE])
