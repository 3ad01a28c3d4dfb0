"""Moves on the disjunctive graph: take a critical operation off and put it where it hurts least.

A move takes one operation of a critical path off its lanes and inserts it at another place of any of its options.
Its effect is estimated by the longest way through the operation, from the heads and tails around the place.

Sources: Mastrolilli and Gambardella 2000 (insertion); Dauzère-Pérès and Paulli 1997 (which places keep the graph
free of cycles); Balas and Vazacopoulos 1998 (heads along a shifted block).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch import hours
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search import plain, wide
from lineshaft.make.schedule.search.graph import (
    AFTER,
    CALENDAR_OF,
    END,
    FIRST_HELD,
    FIRST_OPTION,
    FIRST_PRED,
    FIXED,
    FRONT,
    KIND,
    LAG_S,
    OP,
    OPTION,
    PAUSABLE,
    READY,
    RELEASE_S,
    START,
    TAIL,
    WORK_S,
    Net,
)
from lineshaft.make.schedule.search.times import (
    free_from,
    heads,
    insert,
    remove,
    reorder,
    set_up,
    setup,
    tails,
)
from lineshaft.make.schedule.shop import START_START, Ints

BIG = 1 << 60


class Room(NamedTuple):
    """Working memory of one search.

    `before[k, p]`, `after[k, p]`: when lane k of an option is ready for an operation at place p, and the longest way
    on from there; `first[k]`, `last[k]` the places that may be taken; `trial`, `place`, `best_place`, `old_place`
    places per lane; `path` a critical path; `tabu_until` per option. For `wide`: what a step meets at the places
    `from_place` … `to_place` of a lane is in `ahead`, `behind` from `base[lane]` on, `least` the shortest way through
    one of them; all that while `stamp[lane]` is `stamp[-1]`.
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    first: Ints
    last: Ints
    trial: Ints
    place: Ints
    best_place: Ints
    old_place: Ints
    path: Ints
    tabu_until: Ints
    ahead: Ints
    behind: Ints
    from_place: Ints
    to_place: Ints
    least: Ints
    stamp: Ints


def make_room(net: Net) -> Room:
    """Working memory for searches on this net."""
    long = int(np.diff(net.base).max(initial=0)) + 2
    width = max(net.width, 1)
    broad = [np.zeros((width, long), dtype=np.int64) for _ in range(2)]
    few = [np.zeros(width, dtype=np.int64) for _ in range(6)]
    sizes = (len(net.op), len(net.option), int(net.base[-1]), int(net.base[-1]), *[len(net.base)] * 4)
    return Room(*broad, *few, *(np.zeros(size, dtype=np.int64) for size in sizes))


@njit(cache=True, nogil=True, _nrt=False)
def draw(rng, below):
    """The next random whole number in [0, below) of an own xorshift stream."""
    x = plain.stir(np.uint64(rng[0]))
    rng[0] = np.int64(x)
    return plain.below(x, below)


@njit(cache=True, nogil=True, _nrt=False)
def critical_path(net, sol, span, rng, path):
    """Fill `path` with one random critical path, last operation first; its length."""
    v, seen, many = -1, 0, 0
    for u in range(len(sol.job)):
        if sol.job[u, END] == span:
            seen += 1
            if draw(rng, seen) == 0:
                v = u
    while v >= 0:
        path[many] = v
        many += 1
        v = _binding(net, sol, v, rng)
    return many


@njit(cache=True, nogil=True, _nrt=False)
def _binding(net, sol, v, rng):
    """A random one of the operations whose end lets v start no sooner; -1 when it is v's release."""
    if net.op[v, FIXED]:
        return -1
    latest, seen, out = max(net.op[v, RELEASE_S], 1), 0, -1
    for j in range(net.op[v, FIRST_PRED], net.op[v + 1, FIRST_PRED]):
        u = net.pred[j, OP]
        base = sol.job[u, START] if net.pred[j, KIND] == START_START else sol.job[u, END]
        at = base + net.pred[j, LAG_S]
        if at > latest:
            latest, seen = at, 0
        if at == latest:
            seen += 1
            if draw(rng, seen) == 0:
                out = u
    begin = net.option[sol.job[v, OPTION], FIRST_HELD]
    for k in range(net.option[sol.job[v, OPTION] + 1, FIRST_HELD] - begin):
        lane = net.held[begin + k]
        if sol.where[v * net.width + k] > 0:
            u = sol.seq[net.base[lane] + sol.where[v * net.width + k] - 1]
            at = free_from(net, sol, lane, u, v)
            if at > latest:
                latest, seen = at, 0
            if at == latest:
                seen += 1
                if draw(rng, seen) == 0:
                    out = u
    return out


@njit(cache=True, nogil=True, _nrt=False)
def choose(net, sol, room, many, now, target, rng):
    """The best move of the operations on the path that is not tabu or promises less than `target`: (v, option).

    Its places are left in `room.best_place`; (-1, -1) when there is none.
    """
    if net.plain:
        return plain.choose(net, sol, room, many, now, target, rng)
    if net.wide:
        return wide.choose(net, sol, room, many, now, target, rng)
    best, seen, best_v, best_option = BIG, 0, -1, -1
    for i in range(many):
        v = room.path[i]
        if net.op[v, FIXED]:
            continue
        take_off(net, sol, room, v)
        for option in range(net.op[v, FIRST_OPTION], net.op[v + 1, FIRST_OPTION]):
            limit = min(best, target - 1) if room.tabu_until[option] > now else best
            if sol.job[v, READY] + net.option[option, WORK_S] + sol.job[v, AFTER] > limit:
                continue
            way = best_places(net, sol, room, v, option)
            if way > limit or way >= BIG:
                continue
            seen = 1 if way < best else seen + 1
            if draw(rng, seen) == 0:
                best, best_v, best_option = way, v, option
                for k in range(net.width):
                    room.best_place[k] = room.place[k]
        insert(net, sol, v, sol.job[v, OPTION], room.old_place)
    return best_v, best_option


@njit(cache=True, nogil=True, _nrt=False)
def any_move(net, sol, room, many, rng):
    """A random possible move of a random operation on the path, tabu or not: (v, option) as in `choose`."""
    for _ in range(many):
        v = room.path[draw(rng, many)]
        if net.op[v, FIXED]:
            continue
        first = net.op[v, FIRST_OPTION]
        option = first + draw(rng, net.op[v + 1, FIRST_OPTION] - first)
        take_off(net, sol, room, v)
        way = best_places(net, sol, room, v, option)
        insert(net, sol, v, sol.job[v, OPTION], room.old_place)
        if way < BIG:
            for k in range(net.width):
                room.best_place[k] = room.place[k]
            return v, option
    return -1, -1


@njit(cache=True, nogil=True, _nrt=False)
def move(net, sol, room, v, option):
    """Make a move and renew heads and tails; False, with nothing changed, when it would close a cycle."""
    old = sol.job[v, OPTION]
    take_off(net, sol, room, v)
    insert(net, sol, v, option, room.best_place)
    first, last = reorder(net, sol, v)
    if first < 0:
        remove(net, sol, v)
        insert(net, sol, v, old, room.old_place)
        return False
    heads(net, sol, first)
    tails(net, sol, last)
    return True


@njit(cache=True, nogil=True, _nrt=False)
def take_off(net, sol, room, v):
    """Remove v and remember its places."""
    option = sol.job[v, OPTION]
    for k in range(net.option[option + 1, FIRST_HELD] - net.option[option, FIRST_HELD]):
        room.old_place[k] = sol.where[v * net.width + k]
    remove(net, sol, v)


@njit(cache=True, nogil=True, _nrt=False)
def best_places(net, sol, room, v, option):
    """Best estimate of the longest way through v, taken off, in `option`; fills `room.place`; BIG without a place.

    `room.old_place` holds the places that v has left; they are not offered again.
    """
    begin = net.option[option, FIRST_HELD]
    lanes = net.option[option + 1, FIRST_HELD] - begin
    same = option == sol.job[v, OPTION]
    if lanes == 0:
        return BIG if same else _way(net, v, option, sol.job[v, READY], sol.job[v, AFTER])
    for k in range(lanes):
        _lane_places(net, sol, room, v, k, net.held[begin + k])
    best = BIG
    for p in range(room.first[0], room.last[0] + 1):
        room.trial[0] = p
        ready, after = max(sol.job[v, READY], room.before[0, p]), max(sol.job[v, AFTER], room.after[0, p])
        for k in range(1, lanes):
            ready, after = _partner(net, sol, room, begin, k, ready, after)
        if ready >= BIG or (same and _unmoved(room, lanes)):
            continue
        way = _way(net, v, option, ready, after)
        if way < best:
            best = way
            for k in range(lanes):
                room.place[k] = room.trial[k]
    return best


@njit(cache=True, nogil=True, _nrt=False)
def _way(net, v, option, ready, after):
    start_end = hours.run(
        net, net.option[option, CALENDAR_OF], ready, net.option[option, WORK_S], net.op[v, PAUSABLE]
    )
    return start_end[1] + after


@njit(cache=True, nogil=True, _nrt=False)
def _unmoved(room, lanes):
    for k in range(lanes):
        if room.trial[k] != room.old_place[k]:
            return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def _lane_places(net, sol, room, v, k, lane):
    """Fill the room's row k for `lane`: the places where v, taken off, may go, and what it would meet there."""
    base, size, job = net.base[lane], sol.size[lane], sol.job
    clock = START if net.overlaps else END
    low, high, leader, follower = plain.window(net, sol, v)
    first = plain.first_after(sol.seq, base, size, job, clock, low)
    if first < size and sol.seq[base + first] == leader:
        first += 1
    if net.frozen:
        for p in range(size - 1, first - 1, -1):
            if net.op[sol.seq[base + p], FIXED]:
                first = p + 1
                break
    last = first
    while last < size and job[sol.seq[base + last], START] < high and sol.seq[base + last] != follower:
        last += 1
    for p in range(first, last + 1):
        room.before[k, p] = free_from(net, sol, lane, sol.seq[base + p - 1] if p > 0 else -1, v)
        b = sol.seq[base + p] if p < size else -1
        room.after[k, p] = 0 if b < 0 else job[b, FRONT] + setup(net, lane, v, b)
    room.first[k], room.last[k] = first, last
    begin = net.option[job[v, OPTION], FIRST_HELD]
    for i in range(net.option[job[v, OPTION] + 1, FIRST_HELD] - begin):
        if net.held[begin + i] == lane:
            _close_gap(net, sol, room, v, k, lane, room.old_place[i])


@njit(cache=True, nogil=True, _nrt=False)
def _close_gap(net, sol, room, v, k, lane, own):
    """Correct the room's row k for the operations that move up once v has left place `own`."""
    base, job = net.base[lane], sol.job
    a = sol.seq[base + own - 1] if own > 0 else -1
    end = 0 if a < 0 else (free_from(net, sol, lane, a, a) if net.op[a, FIXED] else job[a, END])
    for p in range(own + 1, room.last[k] + 1):
        x = sol.seq[base + p - 1]
        if net.op[x, FIXED]:
            break
        ready = max(_ready_elsewhere(net, sol, x, lane), set_up(net, lane, a, x, end))
        o = job[x, OPTION]
        a, end = (
            x,
            hours.run(net, net.option[o, CALENDAR_OF], ready, net.option[o, WORK_S], net.op[x, PAUSABLE])[1],
        )
        if end >= job[x, END]:
            break
        if p >= room.first[k]:
            room.before[k, p] = set_up(net, lane, x, v, end)
    b = sol.seq[base + own] if own < sol.size[lane] else -1
    front = job[b, FRONT] if b >= 0 else 0
    for p in range(own - 1, room.first[k] - 1, -1):
        x = sol.seq[base + p]
        if net.op[x, FIXED]:
            break
        tail = max(job[x, AFTER], front + (setup(net, lane, x, b) if b >= 0 else 0))
        b, front = x, tail + job[x, FRONT] - job[x, TAIL]
        if front >= job[x, FRONT]:
            break
        if p <= room.last[k]:
            room.after[k, p] = front + setup(net, lane, v, x)


@njit(cache=True, nogil=True, _nrt=False)
def _ready_elsewhere(net, sol, x, lane):
    """When x may start but for `lane`."""
    ready = sol.job[x, READY]
    begin = net.option[sol.job[x, OPTION], FIRST_HELD]
    for k in range(net.option[sol.job[x, OPTION] + 1, FIRST_HELD] - begin):
        other, at = net.held[begin + k], sol.where[x * net.width + k]
        if other != lane and at > 0:
            ready = max(ready, free_from(net, sol, other, sol.seq[net.base[other] + at - 1], x))
    return ready


@njit(cache=True, nogil=True, _nrt=False)
def _partner(net, sol, room, begin, k, ready, after):
    """Choose the place on lane k that goes with those chosen before it; the new (ready, after), or BIG."""
    best, out_ready, out_after = BIG, BIG, BIG
    if ready >= BIG:
        return BIG, BIG
    for p in range(room.first[k], room.last[k] + 1):
        new_ready, new_after = max(ready, room.before[k, p]), max(after, room.after[k, p])
        if new_ready + new_after < best and _agree(net, sol, room, begin, k, p):
            best, out_ready, out_after = new_ready + new_after, new_ready, new_after
            room.trial[k] = p
    return out_ready, out_after


@njit(cache=True, nogil=True, _nrt=False)
def _agree(net, sol, room, begin, k, p):
    """No way leads from what would follow v on one lane to what would precede it on the other."""
    clock = START if net.overlaps else END
    lane = net.held[begin + k]
    for i in range(k):
        other, q = net.held[begin + i], room.trial[i]
        if p > 0 and q < sol.size[other]:
            b, a = sol.seq[net.base[other] + q], sol.seq[net.base[lane] + p - 1]
            if sol.job[b, clock] <= sol.job[a, START]:
                return False
        if q > 0 and p < sol.size[lane]:
            b, a = sol.seq[net.base[lane] + p], sol.seq[net.base[other] + q - 1]
            if sol.job[b, clock] <= sol.job[a, START]:
                return False
    return True
