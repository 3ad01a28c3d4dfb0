"""Fast kernels where steps hold several lanes or lanes are set up: no calendars, overlaps or fixed work.

They do what `times.heads`, `times.tails` and `moves.choose` do. What a step would meet on a lane is worked out once
for all options with that lane; the places on the lanes of an option are then found by one sweep over time: a step
put behind all that ends by some moment, on every lane, closes no cycle.

Source: Mastrolilli and Gambardella 2000, doi:10.1002/(SICI)1099-1425(200001/02)3:1<3::AID-JOS32>3.0.CO;2-Y (where on a
lane the best place can be); the sweep is our own.
"""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch import hours
from lineshaft.make.schedule.dispatch.deck import SET_FOR
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.graph import (
    AFTER,
    END,
    FAMILY,
    FIRST_HELD,
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
from lineshaft.make.schedule.search.plain import BIG, below, first_after, stir, window


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def gap(net, lane, u, v):
    """Seconds of setup on `lane` from u (-1: from how it stands at first) to v."""
    if not net.setups:
        return 0
    family = net.lane[lane, SET_FOR] if u < 0 else net.op[u, FAMILY]
    return hours.setup_between(net, lane, family, net.op[v, FAMILY])


@njit(cache=True, nogil=True, _nrt=False)
def heads(net, sol, first):
    """As `times.heads`."""
    job, op, pred = sol.job, net.op, net.pred
    for i in range(first, len(sol.order)):
        v = sol.order[i]
        ready = op[v, RELEASE_S]
        for j in range(op[v, FIRST_PRED], op[v + 1, FIRST_PRED]):
            ready = max(ready, job[pred[j, OP], END] + pred[j, LAG_S])
        job[v, READY] = ready
        ready = lanes_ready(net, sol, v, -1, ready)
        job[v, START] = ready
        job[v, END] = ready + net.option[job[v, OPTION], WORK_S]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def lanes_ready(net, sol, v, but, ready):
    """When v may start after `ready`, for its lanes other than `but`."""
    o = sol.job[v, OPTION]
    begin = net.option[o, FIRST_HELD]
    for k in range(net.option[o + 1, FIRST_HELD] - begin):
        lane, at = net.held[begin + k], sol.where[v * net.width + k]
        if lane == but:
            continue
        u = sol.seq[net.base[lane] + at - 1] if at > 0 else -1
        ready = max(ready, (sol.job[u, END] if u >= 0 else 0) + gap(net, lane, u, v))
    return ready


@njit(cache=True, nogil=True, _nrt=False)
def tails(net, sol, last):
    """As `times.tails`."""
    job, op, succ = sol.job, net.op, net.succ
    for i in range(last, -1, -1):
        v = sol.order[i]
        tail = 0
        for j in range(op[v, FIRST_SUCC], op[v + 1, FIRST_SUCC]):
            tail = max(tail, job[succ[j, OP], FRONT] + succ[j, LAG_S])
        job[v, AFTER] = tail
        tail = lanes_after(net, sol, v, -1, tail)
        job[v, TAIL] = tail
        job[v, FRONT] = tail + net.option[job[v, OPTION], WORK_S]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def lanes_after(net, sol, v, but, tail):
    """The longest way from v's end, `tail` or over its lanes other than `but`."""
    o = sol.job[v, OPTION]
    begin = net.option[o, FIRST_HELD]
    for k in range(net.option[o + 1, FIRST_HELD] - begin):
        lane, at = net.held[begin + k], sol.where[v * net.width + k] + 1
        if lane != but and at < sol.size[lane]:
            w = sol.seq[net.base[lane] + at]
            tail = max(tail, sol.job[w, FRONT] + gap(net, lane, v, w))
    return tail


@njit(cache=True, nogil=True, _nrt=False)
def choose(net, sol, room, many, now, target, rng):
    """As `moves.choose`: the best move of the path's operations that is not tabu, or that promises < `target`."""
    job, op, option, x = sol.job, net.op, net.option, np.uint64(rng[0])
    best, seen, best_v, best_option = BIG, 0, -1, -1
    for i in range(many):
        v = room.path[i]
        ready, after = job[v, READY], job[v, AFTER]
        low, high, ahead, behind = window(net, sol, v)
        room.stamp[-1] += 1
        for o in range(op[v, FIRST_OPTION], op[v + 1, FIRST_OPTION]):
            limit = min(best, target - 1) if room.tabu_until[o] > now else best
            if ready + option[o, WORK_S] + after > limit:
                continue
            least = ready + after
            for k in range(option[o, FIRST_HELD], option[o + 1, FIRST_HELD]):
                lane = net.held[k]
                if room.stamp[lane] != room.stamp[-1]:
                    room.stamp[lane] = room.stamp[-1]
                    _look(net, sol, room, v, lane, low, high, ahead, behind)
                least = max(least, room.least[lane])
            if least + option[o, WORK_S] > limit:
                continue
            way = _sweep(net, sol, room, v, o)
            if way > limit or way >= BIG:
                continue
            seen = 1 if way < best else seen + 1
            x = stir(x)
            if below(x, seen) == 0:
                best, best_v, best_option = way, v, o
                for k in range(net.width):
                    room.best_place[k] = room.place[k]
    rng[0] = np.int64(x)
    return best_v, best_option


@njit(cache=True, nogil=True, _nrt=False)
def _look(net, sol, room, v, lane, low, high, leader, follower):
    """Note the places of a lane worth trying for v, what v meets there, and the shortest way through one of them."""
    begin, own = net.option[sol.job[v, OPTION], FIRST_HELD], -1
    for k in range(net.option[sol.job[v, OPTION] + 1, FIRST_HELD] - begin):
        if net.held[begin + k] == lane:
            own = sol.where[v * net.width + k]
    if own < 0:
        _look_at_other(net, sol, room, v, lane, high, follower)
    else:
        _look_at_own(net, sol, room, v, lane, own, low, high, leader, follower)
    ready, after, least = sol.job[v, READY], sol.job[v, AFTER], BIG
    base = net.base[lane]
    for p in range(room.from_place[lane], room.to_place[lane] + 1):
        least = min(least, max(ready, room.ahead[base + p]) + max(after, room.behind[base + p]))
    room.least[lane] = least


@njit(cache=True, nogil=True, _nrt=False)
def _look_at_other(net, sol, room, v, lane, high, follower):
    """As `_look`, on a lane on which v is not."""
    job, seq, base, size = sol.job, sol.seq, net.base[lane], sol.size[lane]
    first = first_after(seq, base, size, job, END, job[v, READY])
    p = first
    while True:
        a, b = seq[base + p - 1] if p > 0 else -1, seq[base + p] if p < size else -1
        room.ahead[base + p] = (job[a, END] if a >= 0 else 0) + gap(net, lane, a, v)
        room.behind[base + p] = job[b, FRONT] + gap(net, lane, v, b) if b >= 0 else 0
        if room.behind[base + p] <= job[v, AFTER] or job[b, START] >= high or b == follower:
            break
        p += 1
    room.from_place[lane], room.to_place[lane] = first, p


@njit(cache=True, nogil=True, _nrt=False)
def _look_at_own(net, sol, room, v, lane, own, low, high, leader, follower):
    """As `_look`, on a lane on which v stands at place `own`; places count without v."""
    job, seq, base, size = sol.job, sol.seq, net.base[lane], sol.size[lane]
    a, b = seq[base + own - 1] if own > 0 else -1, seq[base + own + 1] if own + 1 < size else -1
    end, front = job[a, END] if a >= 0 else 0, job[b, FRONT] if b >= 0 else 0
    room.ahead[base + own] = end + gap(net, lane, a, v)
    room.behind[base + own] = front + gap(net, lane, v, b) if b >= 0 else 0
    room.from_place[lane], room.to_place[lane] = own, own
    x = a
    for p in range(own + 1, size):
        u = seq[base + p]
        if job[u, START] >= high or u == follower:
            break
        ready = lanes_ready(net, sol, u, lane, job[u, READY])
        end = max(ready, end + gap(net, lane, x, u)) + net.option[job[u, OPTION], WORK_S]
        x = u
        after = 0
        if p + 1 < size:
            after = job[seq[base + p + 1], FRONT] + gap(net, lane, v, seq[base + p + 1])
        room.ahead[base + p], room.behind[base + p] = end + gap(net, lane, u, v), after
        room.to_place[lane] = p
        if after <= job[v, AFTER]:
            break
    x = b
    for p in range(own - 1, -1, -1):
        u = seq[base + p]
        if job[u, END] <= low or u == leader:
            break
        tail = lanes_after(net, sol, u, lane, job[u, AFTER])
        front = (
            max(tail, front + (gap(net, lane, u, x) if x >= 0 else 0)) + net.option[job[u, OPTION], WORK_S]
        )
        x = u
        a = seq[base + p - 1] if p > 0 else -1
        before = (job[a, END] if a >= 0 else 0) + gap(net, lane, a, v)
        room.ahead[base + p], room.behind[base + p] = before, front + gap(net, lane, v, u)
        room.from_place[lane] = p
        if before <= job[v, READY]:
            break


@njit(cache=True, nogil=True, _nrt=False)
def _sweep(net, sol, room, v, o):
    """The longest way through v at the best places of option o, which go to `room.place`; BIG without any.

    From the first places on, always the lane that is ready soonest at its next place goes on to it.
    """
    begin, work, same = net.option[o, FIRST_HELD], net.option[o, WORK_S], o == sol.job[v, OPTION]
    lanes, best = net.option[o + 1, FIRST_HELD] - begin, BIG
    for k in range(lanes):
        room.trial[k] = room.from_place[net.held[begin + k]]
    while True:
        ready, after, moved = sol.job[v, READY], sol.job[v, AFTER], not same
        least, next_k = BIG, -1
        for k in range(lanes):
            lane, p = net.held[begin + k], room.trial[k]
            at = net.base[lane] + p
            ready, after = max(ready, room.ahead[at]), max(after, room.behind[at])
            moved |= p != sol.where[v * net.width + k]
            if p < room.to_place[lane] and room.ahead[at + 1] < least:
                least, next_k = room.ahead[at + 1], k
        if moved and ready + work + after < best:
            best = ready + work + after
            for k in range(lanes):
                room.place[k] = room.trial[k]
        if next_k < 0 or after <= sol.job[v, AFTER] or ready + work + sol.job[v, AFTER] >= best:
            return best
        room.trial[next_k] += 1
