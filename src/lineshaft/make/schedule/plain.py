"""Fast kernels for the plain flexible job shop: one lane an operation, no calendars, setups, overlaps or fixed work.

They do what `graph.heads`, `graph.tails` and `tabu.choose` do, an order of magnitude faster:
along a lane, heads rise and tails fall, so the best place lies between the last neighbour that ends before v is ready
and the first whose tail is no longer than v's own (Mastrolilli and Gambardella 2000, theorems 1 to 4).
"""

from __future__ import annotations

import numpy as np
from numba import njit

BIG = np.int64(1) << 60


@njit(cache=True, nogil=True)
def heads(net, sol, first):
    """As `graph.heads`."""
    order, option, where, seq, base = sol.order, sol.option, sol.where, sol.seq, net.lane_base
    start, end, ready_s = sol.start_s, sol.end_s, sol.ready_s
    release, pred_ptr, pred_op, pred_lag = net.release_s, net.pred_ptr, net.pred_op, net.pred_lag_s
    lane_of, work = net.option_lane, net.option_s
    for i in range(first, len(order)):
        v = order[i]
        ready = release[v]
        for j in range(pred_ptr[v], pred_ptr[v + 1]):
            ready = max(ready, end[pred_op[j]] + pred_lag[j])
        ready_s[v] = ready
        o = option[v]
        if where[v] > 0:
            ready = max(ready, end[seq[base[lane_of[o]] + where[v] - 1]])
        start[v] = ready
        end[v] = ready + work[o]


@njit(cache=True, nogil=True)
def tails(net, sol, last):
    """As `graph.tails`."""
    order, option, where, seq, base = sol.order, sol.option, sol.where, sol.seq, net.lane_base
    tail_s, front, after_s, size = sol.tail_s, sol.front_s, sol.after_s, sol.lane_len
    succ_ptr, succ_op, succ_lag = net.succ_ptr, net.succ_op, net.succ_lag_s
    lane_of, work = net.option_lane, net.option_s
    for i in range(last, -1, -1):
        v = order[i]
        tail = np.int64(0)
        for j in range(succ_ptr[v], succ_ptr[v + 1]):
            tail = max(tail, front[succ_op[j]] + succ_lag[j])
        after_s[v] = tail
        o = option[v]
        lane = lane_of[o]
        if where[v] + 1 < size[lane]:
            tail = max(tail, front[seq[base[lane] + where[v] + 1]])
        tail_s[v] = tail
        front[v] = tail + work[o]


@njit(cache=True, nogil=True)
def choose(net, sol, room, many, now, target, rng):
    """As `tabu.choose`: the best move of the path's operations that is not tabu, or that promises < `target`."""
    option, where, seq, base, size = sol.option, sol.where, sol.seq, net.lane_base, sol.lane_len
    start, end, front, ready_s, after_s = sol.start_s, sol.end_s, sol.front_s, sol.ready_s, sol.after_s
    pred_ptr, pred_op, succ_ptr, succ_op = net.pred_ptr, net.pred_op, net.succ_ptr, net.succ_op
    option_ptr, lane_of, work, tabu_until = net.option_ptr, net.option_lane, net.option_s, room.tabu_until
    path, x = room.path, np.uint64(rng[0])
    best, seen, best_v, best_option, best_place = BIG, 0, -1, -1, 0
    for i in range(many):
        v = path[i]
        ready, after = ready_s[v], after_s[v]
        high = BIG
        for j in range(succ_ptr[v], succ_ptr[v + 1]):
            high = min(high, end[succ_op[j]])
        low = -BIG
        for j in range(pred_ptr[v], pred_ptr[v + 1]):
            low = max(low, start[pred_op[j]])
        for o in range(option_ptr[v], option_ptr[v + 1]):
            limit = target - 1 if tabu_until[o] > now else best
            least = ready + work[o] + after
            if least > limit or least > best:
                continue
            lane = lane_of[o]
            way, place = BIG, 0
            if o == option[v]:
                way, place = _own_lane(
                    sol, seq, base[lane], size[lane], v, where[v], work, option, low, high, ready, after
                )
            else:
                way, place = _other_lane(
                    seq, base[lane], size[lane], start, end, front, high, ready, after, work[o]
                )
            if way > limit or way > best or way >= BIG:
                continue
            seen = 1 if way < best else seen + 1
            x ^= x << np.uint64(13)
            x ^= x >> np.uint64(7)
            x ^= x << np.uint64(17)
            if (x >> np.uint64(11)) % np.uint64(seen) == 0:
                best, best_v, best_option, best_place = way, v, o, place
    rng[0] = np.int64(x)
    room.best_place[0] = best_place
    return best_v, best_option


@njit(cache=True, nogil=True)
def _other_lane(seq, base, size, start, end, front, high, ready, after, work):
    """(longest way through v, place) at the best place of a lane on which v is not."""
    first, last = 0, size
    while first < last:
        middle = (first + last) >> 1
        if end[seq[base + middle]] > ready:
            last = middle
        else:
            first = middle + 1
    best, place = BIG, first
    p = first
    while True:
        before = max(ready, end[seq[base + p - 1]]) if p > 0 else ready
        behind = front[seq[base + p]] if p < size else 0
        way = before + work + max(after, behind)
        if way < best:
            best, place = way, p
        if behind <= after or start[seq[base + p]] >= high:
            break
        p += 1
    return best, place


@njit(cache=True, nogil=True)
def _own_lane(sol, seq, base, size, v, own, work, option, low, high, ready, after):
    """(longest way through v, place) at the best other place of v's own lane, counted without v."""
    start, end, front, ready_s, after_s = sol.start_s, sol.end_s, sol.front_s, sol.ready_s, sol.after_s
    best, place, own_work = BIG, 0, work[option[v]]
    now = end[seq[base + own - 1]] if own > 0 else 0
    p = own + 1
    while p < size and start[seq[base + p]] < high:
        u = seq[base + p]
        now = max(now, ready_s[u]) + work[option[u]]
        behind = front[seq[base + p + 1]] if p + 1 < size else 0
        way = max(ready, now) + own_work + max(after, behind)
        if way < best:
            best, place = way, p
        if behind <= after:
            break
        p += 1
    ahead = front[seq[base + own + 1]] if own + 1 < size else 0
    p = own - 1
    while p >= 0 and end[seq[base + p]] > low:
        u = seq[base + p]
        ahead = max(ahead, after_s[u]) + work[option[u]]
        before = end[seq[base + p - 1]] if p > 0 else 0
        way = max(ready, before) + own_work + max(after, ahead)
        if way < best:
            best, place = way, p
        if before <= ready:
            break
        p -= 1
    return best, place
