"""Moves on the disjunctive graph: take a critical operation off and put it where it hurts least.

A move takes one operation of a critical path off its lanes and inserts it at another place of any of its options.
Its effect is estimated by the longest way through the operation, from the heads and tails around the place.

Sources: Mastrolilli and Gambardella 2000 (insertion); Dauzère-Pérès and Paulli 1997 (which places keep the graph
free of cycles); Balas and Vazacopoulos 1998 (heads along a shifted block).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lineshaft.make.schedule import hours, plain
from lineshaft.make.schedule.graph import Net, Sol, free_at, heads, insert, remove, reorder, setup, tails
from lineshaft.make.schedule.shop import START_START, Ints

BIG = np.int64(1) << 60


@njit(cache=True, nogil=True)
def draw(rng: Ints, below: int) -> int:
    """The next random whole number in [0, below) of an own xorshift stream."""
    x = np.uint64(rng[0])
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    rng[0] = np.int64(x)
    return np.int64((x >> np.uint64(11)) % np.uint64(below))


@njit(cache=True, nogil=True)
def critical_path(net: Net, sol: Sol, span: int, rng: Ints, path: Ints) -> int:
    """Fill `path` with one random critical path, last operation first; its length."""
    v, seen = -1, 0
    for u in range(len(sol.end_s)):
        if sol.end_s[u] == span:
            seen += 1
            if draw(rng, seen) == 0:
                v = u
    many = 0
    while v >= 0:
        path[many] = v
        many += 1
        v = _binding(net, sol, v, rng)
    return many


@njit(cache=True, nogil=True)
def _binding(net: Net, sol: Sol, v: int, rng: Ints) -> int:
    """A random one of the operations whose end lets v start no sooner; -1 when it is v's release."""
    if net.fixed[v]:
        return -1
    latest, seen, out = max(net.release_s[v], 1), 0, -1
    for j in range(net.pred_ptr[v], net.pred_ptr[v + 1]):
        u = net.pred_op[j]
        base = sol.start_s[u] if net.pred_kind[j] == START_START else sol.end_s[u]
        at = base + net.pred_lag_s[j]
        if at > latest:
            latest, seen = at, 0
        if at == latest:
            seen += 1
            if draw(rng, seen) == 0:
                out = u
    o = sol.option[v]
    begin = net.option_lane_ptr[o]
    for k in range(net.option_lane_ptr[o + 1] - begin):
        lane = net.option_lane[begin + k]
        place = net.lane_base[lane] + sol.where[v * net.width + k]
        if place > net.lane_base[lane]:
            u = sol.seq[place - 1]
            at = free_at(net, lane, u, v, sol.end_s[u])
            if at > latest:
                latest, seen = at, 0
            if at == latest:
                seen += 1
                if draw(rng, seen) == 0:
                    out = u
    return out


@njit(cache=True, nogil=True)
def window(net: Net, sol: Sol, v: int) -> tuple[int, int]:
    """(from, to): v goes without a cycle after lane neighbours that start before `to` and before those that end
    (with overlapping steps: start) after `from`."""
    low, high = -BIG, BIG
    for j in range(net.pred_ptr[v], net.pred_ptr[v + 1]):
        low = max(low, sol.start_s[net.pred_op[j]])
    for j in range(net.succ_ptr[v], net.succ_ptr[v + 1]):
        s = net.succ_op[j]
        high = min(high, sol.start_s[s] if net.overlaps else sol.end_s[s])
    return low, high


@njit(cache=True, nogil=True)
def lane_places(
    net: Net, sol: Sol, v: int, lane: int, own: int, low: int, high: int, before: Ints, after: Ints
) -> tuple[int, int]:
    """Range of places where v, taken off, may go on `lane`; `own` is where it was, -1 if it was not here.

    For each place p of the range, `before[p]` is when the lane is ready for v and `after[p]` the longest way on
    from the end of v through the lane's next operation.
    """
    base, size = net.lane_base[lane], sol.lane_len[lane]
    clock = sol.start_s if net.overlaps else sol.end_s
    first, last = 0, size
    while first < last:
        middle = (first + last) >> 1
        if clock[sol.seq[base + middle]] > low:
            last = middle
        else:
            first = middle + 1
    last = first
    while last < size and sol.start_s[sol.seq[base + last]] < high:
        last += 1
    for p in range(first, last + 1):
        a = sol.seq[base + p - 1] if p > 0 else -1
        b = sol.seq[base + p] if p < size else -1
        if a >= 0 or net.setups:
            before[p] = free_at(net, lane, a, v, sol.end_s[a] if a >= 0 else 0)
        else:
            before[p] = 0
        after[p] = 0 if b < 0 else sol.front_s[b] + (setup(net, lane, v, b) if net.setups else 0)
    if own >= 0:
        _close_gap(net, sol, v, lane, own, first, last, before, after)
    return first, last


@njit(cache=True, nogil=True)
def _close_gap(
    net: Net, sol: Sol, v: int, lane: int, own: int, first: int, last: int, before: Ints, after: Ints
) -> None:
    """Correct `before` and `after` for the operations that move up once v has left place `own`."""
    base = net.lane_base[lane]
    a = sol.seq[base + own - 1] if own > 0 else -1
    end = sol.end_s[a] if a >= 0 else 0
    for p in range(own + 1, last + 1):
        x = sol.seq[base + p - 1]
        if net.fixed[x]:
            break
        ready = max(_ready_elsewhere(net, sol, x, lane), free_at(net, lane, a, x, end))
        a, end = (
            x,
            hours.run(
                net, net.option_cal[sol.option[x]], ready, net.option_s[sol.option[x]], net.pausable[x]
            )[1],
        )
        if end >= sol.end_s[x]:
            break
        before[p] = free_at(net, lane, x, v, end)
    b = sol.seq[base + own] if own < sol.lane_len[lane] else -1
    front = sol.front_s[b] if b >= 0 else 0
    for p in range(own - 1, first - 1, -1):
        x = sol.seq[base + p]
        if net.fixed[x]:
            break
        tail = max(sol.after_s[x], front + (setup(net, lane, x, b) if net.setups and b >= 0 else 0))
        b, front = x, tail + sol.front_s[x] - sol.tail_s[x]
        if front >= sol.front_s[x]:
            break
        after[p] = front + (setup(net, lane, v, x) if net.setups else 0)


@njit(cache=True, nogil=True)
def _ready_elsewhere(net: Net, sol: Sol, x: int, lane: int) -> int:
    """When x may start but for `lane`."""
    ready = sol.ready_s[x]
    if net.width == 1:
        return ready
    begin = net.option_lane_ptr[sol.option[x]]
    for k in range(net.option_lane_ptr[sol.option[x] + 1] - begin):
        other = net.option_lane[begin + k]
        at = net.lane_base[other] + sol.where[x * net.width + k]
        if other != lane and at > net.lane_base[other]:
            ready = max(ready, free_at(net, other, sol.seq[at - 1], x, sol.end_s[sol.seq[at - 1]]))
    return ready


class Room(NamedTuple):
    """Working memory of one search: `before[k, p]` and `after[k, p]` per lane of an option, chosen places, paths."""

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


def make_room(net: Net) -> Room:
    """Working memory for searches on this net."""
    long = int(np.diff(net.lane_base).max(initial=0)) + 2
    width = max(net.width, 1)
    few = [np.zeros(width, dtype=np.int64) for _ in range(6)]
    return Room(
        np.zeros((width, long), dtype=np.int64),
        np.zeros((width, long), dtype=np.int64),
        *few,
        np.zeros(len(net.release_s), dtype=np.int64),
        np.zeros(len(net.option_s), dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def best_places(net: Net, sol: Sol, room: Room, v: int, option: int, low: int, high: int) -> int:
    """Best estimate of the longest way through v, taken off, in `option`; fills `room.place`; BIG without a place.

    `room.old_place` holds the places that v has left; they are not offered again.
    """
    begin = net.option_lane_ptr[option]
    lanes = net.option_lane_ptr[option + 1] - begin
    same = option == sol.option[v]
    for k in range(lanes):
        lane = net.option_lane[begin + k]
        own = _old_place(net, sol, room, v, lane)
        room.first[k], room.last[k] = lane_places(
            net, sol, v, lane, own, low, high, room.before[k], room.after[k]
        )
    if lanes == 0:
        return BIG if same else _way(net, v, option, sol.ready_s[v], sol.after_s[v])
    best = BIG
    for p in range(room.first[0], room.last[0] + 1):
        room.trial[0] = p
        ready, after = max(sol.ready_s[v], room.before[0, p]), max(sol.after_s[v], room.after[0, p])
        for k in range(1, lanes):
            ready, after = _partner(net, sol, room, begin, k, ready, after)
        if ready >= BIG or (same and np.array_equal(room.trial[:lanes], room.old_place[:lanes])):
            continue
        way = _way(net, v, option, ready, after)
        if way < best:
            best = way
            for k in range(lanes):
                room.place[k] = room.trial[k]
    return best


@njit(cache=True, nogil=True)
def _way(net: Net, v: int, option: int, ready: int, after: int) -> int:
    return hours.run(net, net.option_cal[option], ready, net.option_s[option], net.pausable[v])[1] + after


@njit(cache=True, nogil=True)
def _old_place(net: Net, sol: Sol, room: Room, v: int, lane: int) -> int:
    begin = net.option_lane_ptr[sol.option[v]]
    for k in range(net.option_lane_ptr[sol.option[v] + 1] - begin):
        if net.option_lane[begin + k] == lane:
            return room.old_place[k]
    return -1


@njit(cache=True, nogil=True)
def _partner(net: Net, sol: Sol, room: Room, begin: int, k: int, ready: int, after: int) -> tuple[int, int]:
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


@njit(cache=True, nogil=True)
def _agree(net: Net, sol: Sol, room: Room, begin: int, k: int, p: int) -> bool:
    """No way leads from what would follow v on one lane to what would precede it on the other."""
    clock = sol.start_s if net.overlaps else sol.end_s
    lane = net.option_lane[begin + k]
    base = net.lane_base[lane]
    for i in range(k):
        other = net.option_lane[begin + i]
        q, other_base = room.trial[i], net.lane_base[other]
        if (
            p > 0
            and q < sol.lane_len[other]
            and clock[sol.seq[other_base + q]] <= sol.start_s[sol.seq[base + p - 1]]
        ):
            return False
        if (
            q > 0
            and p < sol.lane_len[lane]
            and clock[sol.seq[base + p]] <= sol.start_s[sol.seq[other_base + q - 1]]
        ):
            return False
    return True


@njit(cache=True, nogil=True)
def take_off(net: Net, sol: Sol, room: Room, v: int) -> None:
    """Remove v and remember its places."""
    for k in range(net.option_lane_ptr[sol.option[v] + 1] - net.option_lane_ptr[sol.option[v]]):
        room.old_place[k] = sol.where[v * net.width + k]
    remove(net, sol, v)


@njit(cache=True, nogil=True)
def choose(net: Net, sol: Sol, room: Room, many: int, now: int, target: int, rng: Ints) -> tuple[int, int]:
    """The best move of the operations on the path that is not tabu or promises less than `target`: (v, option).

    Its places are left in `room.best_place`; (-1, -1) when there is none.
    """
    if net.plain:
        return plain.choose(net, sol, room, many, now, target, rng)
    best, seen, best_v, best_option = BIG, 0, -1, -1
    for i in range(many):
        v = room.path[i]
        if net.fixed[v]:
            continue
        low, high = window(net, sol, v)
        take_off(net, sol, room, v)
        for option in range(net.option_ptr[v], net.option_ptr[v + 1]):
            if room.tabu_until[option] > now and best < target:
                continue
            way = best_places(net, sol, room, v, option, low, high)
            if way > best or (room.tabu_until[option] > now and way >= target) or way >= BIG:
                continue
            seen = 1 if way < best else seen + 1
            if draw(rng, seen) == 0:
                best, best_v, best_option = way, v, option
                room.best_place[:] = room.place
        insert(net, sol, v, sol.option[v], room.old_place)
    return best_v, best_option


@njit(cache=True, nogil=True)
def move(net: Net, sol: Sol, room: Room, v: int, option: int) -> bool:
    """Make a move and renew heads and tails; False, with nothing changed, when it would close a cycle."""
    old = sol.option[v]
    take_off(net, sol, room, v)
    insert(net, sol, v, option, room.best_place)
    first, last = reorder(net, sol, v)
    if first < 0:
        remove(net, sol, v)
        insert(net, sol, v, old, room.old_place)
        return False
    heads(net, sol, first)
    tails(net, sol, len(sol.order) - 1 if net.calendars or net.overlaps else last)
    return True


@njit(cache=True, nogil=True)
def any_move(net: Net, sol: Sol, room: Room, many: int, rng: Ints) -> tuple[int, int]:
    """A random possible move of a random operation on the path, tabu or not."""
    for _ in range(many):
        v = room.path[draw(rng, many)]
        if net.fixed[v]:
            continue
        low, high = window(net, sol, v)
        option = net.option_ptr[v] + draw(rng, net.option_ptr[v + 1] - net.option_ptr[v])
        take_off(net, sol, room, v)
        way = best_places(net, sol, room, v, option, low, high)
        insert(net, sol, v, sol.option[v], room.old_place)
        if way < BIG:
            room.best_place[:] = room.place
            return v, option
    return -1, -1
