"""Fast kernels for the plain flexible job shop: one lane an operation, no calendars, setups, overlaps or fixed work.

They do what `times.heads`, `times.tails` and `moves.choose` do, an order of magnitude faster:
along a lane, heads rise and tails fall, so the best place lies between the last neighbour that ends before v is ready
and the first whose tail is no longer than v's own (Mastrolilli and Gambardella 2000, theorems 1 to 4).
"""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.graph import (
    AFTER,
    END,
    FIRST_OPTION,
    FIRST_PRED,
    FIRST_SUCC,
    FRONT,
    LAG_S,
    OP,
    OPTION,
    READY,
    RELEASE_S,
    START,
    TAIL,
    WORK_S,
)

BIG = 1 << 60


@njit(cache=True, nogil=True, _nrt=False)
def heads(net, sol, first):
    """As `times.heads`."""
    job, op, pred, seq, base, held, where = sol.job, net.op, net.pred, sol.seq, net.base, net.held, sol.where
    for i in range(first, len(sol.order)):
        v = sol.order[i]
        ready = op[v, RELEASE_S]
        for j in range(op[v, FIRST_PRED], op[v + 1, FIRST_PRED]):
            ready = max(ready, job[pred[j, OP], END] + pred[j, LAG_S])
        job[v, READY] = ready
        o = job[v, OPTION]
        if where[v] > 0:
            ready = max(ready, job[seq[base[held[o]] + where[v] - 1], END])
        job[v, START] = ready
        job[v, END] = ready + net.option[o, WORK_S]


@njit(cache=True, nogil=True, _nrt=False)
def tails(net, sol, last):
    """As `times.tails`."""
    job, op, succ, seq, base, held, where = sol.job, net.op, net.succ, sol.seq, net.base, net.held, sol.where
    for i in range(last, -1, -1):
        v = sol.order[i]
        tail = 0
        for j in range(op[v, FIRST_SUCC], op[v + 1, FIRST_SUCC]):
            tail = max(tail, job[succ[j, OP], FRONT] + succ[j, LAG_S])
        job[v, AFTER] = tail
        o = job[v, OPTION]
        if where[v] + 1 < sol.size[held[o]]:
            tail = max(tail, job[seq[base[held[o]] + where[v] + 1], FRONT])
        job[v, TAIL] = tail
        job[v, FRONT] = tail + net.option[o, WORK_S]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def stir(x):
    """The next state of an xorshift stream (Marsaglia 2003, doi:10.18637/jss.v008.i14)."""
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    return x ^ (x << np.uint64(17))


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def below(x, many):
    """A whole number in [0, many) from the state of a stream."""
    return np.int64((x >> np.uint64(11)) % np.uint64(many))


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def first_after(seq, base, size, job, clock, time):
    """The first place on a lane whose `clock` (START or END, which rise along it) is later than `time`."""
    first, last = 0, size
    while first < last:
        middle = (first + last) >> 1
        if job[seq[base + middle], clock] > time:
            last = middle
        else:
            first = middle + 1
    return first


@njit(cache=True, nogil=True, _nrt=False)
def window(net, sol, v):
    """(low, high, leader, follower): where v may go without a cycle.

    After neighbours that start before `high` and are not `follower`, and before those that end (with overlapping
    steps: start) after `low` and are not `leader`. Exact for one predecessor and one successor (-1: none or several).
    """
    low, high, leader, follower = -BIG, BIG, -1, -1
    first, last = net.op[v, FIRST_PRED], net.op[v + 1, FIRST_PRED]
    if last - first == 1:
        leader = net.pred[first, OP]
        low = sol.job[leader, START]
    else:
        for j in range(first, last):
            low = max(low, sol.job[net.pred[j, OP], START if net.overlaps else END])
    first, last = net.op[v, FIRST_SUCC], net.op[v + 1, FIRST_SUCC]
    if last - first == 1:
        follower = net.succ[first, OP]
        high = sol.job[follower, START if net.overlaps else END]
    else:
        for j in range(first, last):
            high = min(high, sol.job[net.succ[j, OP], START])
    return low, high, leader, follower


@njit(cache=True, nogil=True, _nrt=False)
def choose(net, sol, room, many, now, target, rng):
    """As `moves.choose`: the best move of the path's operations that is not tabu, or that promises < `target`."""
    job, op, option, held, x = sol.job, net.op, net.option, net.held, np.uint64(rng[0])
    best, seen, best_v, best_option, best_place = BIG, 0, -1, -1, 0
    for i in range(many):
        v = room.path[i]
        ready, after = job[v, READY], job[v, AFTER]
        low, high, ahead, behind = window(net, sol, v)
        for o in range(op[v, FIRST_OPTION], op[v + 1, FIRST_OPTION]):
            limit = min(best, target - 1) if room.tabu_until[o] > now else best
            work = option[o, WORK_S]
            if ready + work + after > limit:
                continue
            base, size = net.base[held[o]], sol.size[held[o]]
            if o == job[v, OPTION]:
                way, place = _own_lane(
                    sol.seq,
                    base,
                    size,
                    job,
                    option,
                    sol.where[v],
                    work,
                    low,
                    high,
                    ahead,
                    behind,
                    ready,
                    after,
                )
            else:
                way, place = _other_lane(sol.seq, base, size, job, work, high, behind, ready, after)
            if way > limit or way >= BIG:
                continue
            seen = 1 if way < best else seen + 1
            x = stir(x)
            if below(x, seen) == 0:
                best, best_v, best_option, best_place = way, v, o, place
    rng[0] = np.int64(x)
    room.best_place[0] = best_place
    return best_v, best_option


@njit(cache=True, nogil=True, _nrt=False)
def _other_lane(seq, base, size, job, work, high, follower, ready, after):
    """(longest way through v, place) at the best place of a lane on which v is not."""
    first = first_after(seq, base, size, job, END, ready)
    best, place, p = BIG, first, first
    while True:
        before = max(ready, job[seq[base + p - 1], END]) if p > 0 else ready
        behind = job[seq[base + p], FRONT] if p < size else 0
        way = before + work + max(after, behind)
        if way < best:
            best, place = way, p
        if behind <= after or job[seq[base + p], START] >= high or seq[base + p] == follower:
            break
        p += 1
    return best, place


@njit(cache=True, nogil=True, _nrt=False)
def _own_lane(seq, base, size, job, option, own, own_work, low, high, leader, follower, ready, after):
    """(longest way through v, place) at the best other place of v's own lane, counted without v."""
    best, place = BIG, 0
    now = job[seq[base + own - 1], END] if own > 0 else 0
    p = own + 1
    while p < size and job[seq[base + p], START] < high and seq[base + p] != follower:
        u = seq[base + p]
        now = max(now, job[u, READY]) + option[job[u, OPTION], WORK_S]
        behind = job[seq[base + p + 1], FRONT] if p + 1 < size else 0
        way = max(ready, now) + own_work + max(after, behind)
        if way < best:
            best, place = way, p
        if behind <= after:
            break
        p += 1
    ahead = job[seq[base + own + 1], FRONT] if own + 1 < size else 0
    p = own - 1
    while p >= 0 and job[seq[base + p], END] > low and seq[base + p] != leader:
        u = seq[base + p]
        ahead = max(ahead, job[u, AFTER]) + option[job[u, OPTION], WORK_S]
        before = job[seq[base + p - 1], END] if p > 0 else 0
        way = max(ready, before) + own_work + max(after, ahead)
        if way < best:
            best, place = way, p
        if before <= ready:
            break
        p -= 1
    return best, place
