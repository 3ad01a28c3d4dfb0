"""Moves of one step for a late order: what it waited for, where the step could go, and chains of such moves.

A move picks a late order, walks back from its end along what each step waited for, and takes one step that waited
for a lane (or the step it waited for) to another time, another lane or another way of doing it. Where that makes the
plan worse, up to three more follow, each for the order hurt most by the one before. A chain of moves that leaves the
plan worse passes within a random allowance; any other is taken back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    FIRST_DEMAND,
    HIGH,
    KIND,
    LAG_S,
    LOW,
    OP,
    QUANTITY,
    WORK_S,
)
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.gaps import taken
from lineshaft.make.schedule.search.moves import draw
from lineshaft.make.schedule.search.propagate import (
    BEARABLE,
    CHAIN,
    END,
    ENDED,
    ENDINGS,
    FAMILY,
    FIRST_MODE,
    FIRST_PRED,
    FIRST_SLOT,
    FIXED,
    FROM,
    LANE,
    MODE,
    OPEN,
    OPENED,
    PAUSABLE,
    PLACE,
    START,
    WHO,
    WORK,
    drop,
    lane_ready,
    lift,
    place_at,
    take_back,
    work_ready,
)
from lineshaft.make.schedule.search.score import COUNTS, DUE_S, WEIGHT
from lineshaft.make.schedule.shop import END_START, Ints

Floats = NDArray[np.float64]
BACK = 12
COPIES = 100
DRAWS = 32
LOOKS = 5


class Room(NamedTuple):
    """Working memory: `path` and `slot` (what a late order waited for: step, and the slot on whose lane; -1 where it
    waited for another step), `team` lanes being tried, `value` of the present plan and `trial` of the one tried;
    `best`, `best_time`, `best_mode`, `best_held` the best so far; `rng` an own random stream.
    """

    path: Ints
    slot: Ints
    team: Ints
    value: Floats
    trial: Floats
    best: Floats
    best_time: Ints
    best_mode: Ints
    best_held: Ints
    rng: Ints


@njit(cache=True, nogil=True, _nrt=False)
def rate(levels, now, value):
    """What the goal minimises, from the figures."""
    for k in range(levels.shape[0]):
        value[k] = 0.0
        for i in range(4):
            value[k] += levels[k, i] * now[i]


@njit(cache=True, nogil=True, _nrt=False)
def pick_order(f, p, counted, earliest_s, rng):
    """A random counted order that could end earlier, a late one if need be; -1 where the draw found none."""
    for turn in range(2 * DRAWS):
        order = counted[draw(rng, len(counted))]
        due_s = f.orders[order, DUE_S] if f.timely and turn < DRAWS else 0
        if p.done[order, ENDED] > max(earliest_s[order], due_s):
            return order
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def trace(f, p, order, room):
    """Walk back from the end of an order along what each step waited for; how many steps."""
    d = f.deck
    v, many = -1, 0
    for i in range(f.last_ptr[order], f.last_ptr[order + 1]):
        if p.time[f.last_op[i], END] == p.done[order, ENDED]:
            v = f.last_op[i]
    while v >= 0 and not f.step[v, FIXED] and many < len(room.path):
        room.path[many] = v
        room.slot[many] = -1
        latest_s, before = f.release_s[v], -1
        for a in range(f.step[v, FIRST_PRED], f.step[v + 1, FIRST_PRED]):
            u = d.pred[a, OP]
            since_s = p.time[u, END] if d.pred[a, KIND] == END_START else p.time[u, START]
            if since_s + d.pred[a, LAG_S] > latest_s:
                latest_s, before = since_s + d.pred[a, LAG_S], u
        for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
            lane, place = p.held[slot, LANE], p.held[slot, PLACE]
            if lane < 0:
                break
            if place > 0:
                ready_s = lane_ready(f, p, lane, place, f.step[v, FAMILY])
                if ready_s > latest_s:
                    latest_s, before = ready_s, f.holder[p.seq[f.base[lane] + place - 1]]
                    room.slot[many] = slot
        many += 1
        v = before
    return many


@njit(cache=True, nogil=True, _nrt=False)
def gather(f, p, v, mode, t_s, keep, room):
    """Find a team for v, lifted, in `mode` at `t_s`; lane `keep` (-1: none) is to be in it. Its calendar, or -1."""
    d = f.deck
    ready_s, calendar, chosen = work_ready(f, p, v), 0, 0
    for k in range(f.step[v + 1, FIRST_SLOT] - f.step[v, FIRST_SLOT]):
        room.team[k] = -1
    for demand in range(d.mode[mode, FIRST_DEMAND], d.mode[mode + 1, FIRST_DEMAND]):
        for _ in range(d.demand[demand, QUANTITY]):
            lane, ready_s = best_lane(f, p, v, mode, demand, t_s, ready_s, calendar, chosen, keep, room)
            if lane < 0:
                return -1
            room.team[chosen] = lane
            calendar = joint(d, calendar, d.lane[lane, CALENDAR])
            chosen += 1
    return calendar


@njit(cache=True, nogil=True, _nrt=False)
def best_lane(f, p, v, mode, demand, t_s, ready_s, calendar, chosen, keep, room):
    """(lane, s) of the lane on which v, inserted at `t_s`, and what it pushes end best; when v is ready there."""
    d = f.deck
    best, best_cost, best_ready, best_free = -1, NEVER, ready_s, -NEVER
    for i in range(d.demand[demand, LOW], d.demand[demand, HIGH]):
        lane = d.pool_lane[i]
        if taken(room.team, chosen, lane):
            continue
        both = joint(d, calendar, d.lane[lane, CALENDAR])
        if both < 0:
            continue
        place = place_at(f, p, lane, t_s)
        free_s = lane_ready(f, p, lane, place, f.step[v, FAMILY])
        if free_s >= NEVER:
            continue
        at_s = max(ready_s, free_s)
        end_s = run(d, both, at_s, d.mode[mode, WORK_S], f.step[v, PAUSABLE])[1]
        if end_s >= NEVER:
            continue
        cost = 2 * end_s
        if place < p.size[lane]:
            w = f.holder[p.seq[f.base[lane] + place]]
            clear_s = after_setup(d, lane, end_s, f.step[v, FAMILY], f.step[w, FAMILY])
            push_s = max(0, clear_s - p.time[w, START])
            if push_s > 0 and f.step[w, FIXED]:
                continue
            cost += push_s
        if lane == keep:
            return lane, at_s
        if cost < best_cost or (cost == best_cost and free_s > best_free):
            best, best_cost, best_ready, best_free = lane, cost, at_s, free_s
    return best, best_ready


@njit(cache=True, nogil=True, _nrt=False)
def own_team(f, p, v, room):
    """Have v, before it is lifted, keep its lanes."""
    for k in range(f.step[v + 1, FIRST_SLOT] - f.step[v, FIRST_SLOT]):
        room.team[k] = p.held[f.step[v, FIRST_SLOT] + k, LANE]


@njit(cache=True, nogil=True, _nrt=False)
def earlier_on(f, p, v, slot, rng):
    """A start on the lane of `slot` before which v could go to gain time (s)."""
    lane, place = p.held[slot, LANE], p.held[slot, PLACE]
    ready_s = work_ready(f, p, v)
    many = 0
    while many < BACK and many < place:
        u = f.holder[p.seq[f.base[lane] + place - 1 - many]]
        if f.step[u, FIXED] or p.time[u, END] <= ready_s:
            break
        many += 1
    if many == 0:
        return -1
    back = 1 + draw(rng, many)
    return p.time[f.holder[p.seq[f.base[lane] + place - back]], START]


@njit(cache=True, nogil=True, _nrt=False)
def later_on(f, p, slot, rng):
    """A moment after the start of the step at `slot` or of one of the next two on its lane (s)."""
    lane, place = p.held[slot, LANE], p.held[slot, PLACE]
    place = min(p.size[lane] - 1, place + draw(rng, 3))
    return p.time[f.holder[p.seq[f.base[lane] + place]], START] + 1


@njit(cache=True, nogil=True, _nrt=False)
def most_promising(f, p, room, many):
    """Of a few random places of the path the one where exchanging the step and what it waited for promises most."""
    best, most = draw(room.rng, many), -NEVER
    for _ in range(LOOKS):
        i = draw(room.rng, many)
        if room.slot[i] < 0:
            continue
        v, lane, place = room.path[i], p.held[room.slot[i], LANE], p.held[room.slot[i], PLACE]
        u = f.holder[p.seq[f.base[lane] + place - 1]]
        gain = hurt(f, p, v) * p.time[u, WORK] - hurt(f, p, u) * p.time[v, WORK]
        if gain > most:
            best, most = i, gain
    return best


@njit(cache=True, nogil=True, _nrt=False)
def hurt(f, p, v):
    """Weight of the order that v works for where that is late, 1 where it is not."""
    order = f.owner[v]
    if order < 0 or p.done[order, ENDED] <= f.orders[order, DUE_S]:
        return 1
    return f.orders[order, WEIGHT]


@njit(cache=True, nogil=True, _nrt=False)
def urgent(f, p, counted, earliest_s, rng):
    """Of two random orders the one that loses more."""
    one = pick_order(f, p, counted, earliest_s, rng)
    other = pick_order(f, p, counted, earliest_s, rng)
    if one < 0 or other < 0:
        return max(one, other)
    return one if lost(f, p, one, earliest_s) >= lost(f, p, other, earliest_s) else other


@njit(cache=True, nogil=True, _nrt=False)
def lost(f, p, order, earliest_s):
    """Delay of an order that might be avoided, weighted where due dates count (s)."""
    return lost_by(f, order, p.done[order, ENDED], earliest_s)


@njit(cache=True, nogil=True, _nrt=False)
def lost_by(f, order, end_s, earliest_s):
    """The same for an order that ends at `end_s`."""
    since_s = max(earliest_s[order], f.orders[order, DUE_S] if f.timely else 0)
    return (f.orders[order, WEIGHT] if f.timely else 1) * max(0, end_s - since_s)


@njit(cache=True, nogil=True, _nrt=False)
def attempt(f, p, room, many):
    """Make a random move on the path; False when it cannot be (`take_back` undoes both)."""
    rng = room.rng
    i = most_promising(f, p, room, many)
    v, slot, keep = room.path[i], room.slot[i], -1
    kind = draw(rng, 100)
    t_s = -1
    if slot >= 0 and kind < 80:
        lane = p.held[slot, LANE]
        u = f.holder[p.seq[f.base[lane] + p.held[slot, PLACE] - 1]]
        if kind < 40:
            t_s = earlier_on(f, p, v, slot, rng)
            keep = lane
        elif not f.step[u, FIXED]:
            if kind < 60:
                t_s = later_on(f, p, slot, rng)
                keep = lane
            else:
                t_s = p.time[u, START]
            v = u
    if t_s < 0:
        t_s = work_ready(f, p, v)
        keep = -1
    mode, calendar = p.job[v, MODE], p.job[v, OPEN]
    own_team(f, p, v, room)
    lift(f, p, v)
    if keep < 0 or draw(rng, 2) == 0:
        if keep < 0:
            mode = f.step[v, FIRST_MODE] + draw(rng, f.step[v + 1, FIRST_MODE] - f.step[v, FIRST_MODE])
        calendar = gather(f, p, v, mode, t_s, keep, room)
        if calendar < 0:
            return False
    return drop(f, p, v, mode, calendar, room.team, t_s)


@njit(cache=True, nogil=True, _nrt=False)
def below(a, b):
    """True when `a` is below `b` at the first level where they differ."""
    for k in range(len(a)):
        if a[k] != b[k]:
            return a[k] < b[k]
    return False


@njit(cache=True, nogil=True, _nrt=False)
def accepted(room, heat):
    """True when the trial is no worse at the first level where it differs, or not by more than a random allowance."""
    for k in range(len(heat)):
        if room.trial[k] != room.value[k]:
            u = (draw(room.rng, 1 << 30) + 1) / (1 << 30)
            return room.trial[k] <= room.value[k] - heat[k] * np.log(u)
    return True


@njit(cache=True, nogil=True, _nrt=False)
def adopt(room):
    """The plan tried is the present one."""
    for k in range(len(room.value)):
        room.value[k] = room.trial[k]


@njit(cache=True, nogil=True, _nrt=False)
def keep_best(p, room):
    """Keep the present plan when it is the best so far."""
    if not below(room.value, room.best):
        return
    for k in range(len(room.value)):
        room.best[k] = room.value[k]
    for v in range(len(p.job)):
        room.best_time[v, START], room.best_time[v, END] = p.time[v, START], p.time[v, END]
        room.best_mode[v] = p.job[v, MODE]
    for slot in range(len(p.held)):
        room.best_held[slot] = p.held[slot, LANE]


@njit(cache=True, nogil=True, _nrt=False)
def most_hurt(f, p, earliest_s):
    """The order that the last change has hurt most; -1 where it has hurt none."""
    level, hurt_most, most = p.now[OPENED] - 1, -1, 0
    for i in range(p.change[level, ENDINGS]):
        order = p.endings[level, i, WHO]
        if not f.orders[order, COUNTS]:
            continue
        before = lost_by(f, order, p.endings[level, i, FROM], earliest_s)
        more = lost(f, p, order, earliest_s) - before
        if more > most:
            hurt_most, most = order, more
    return hurt_most


@njit(cache=True, nogil=True, _nrt=False)
def chain(f, p, room, levels, order, earliest_s, heat):
    """Move a step for `order`, then one for the order hurt most by that, and so on until the plan is accepted.

    (accepted, moves tried); a chain that is not accepted is taken back.
    """
    if f.summed:
        p.now[BEARABLE] = lost(f, p, order, earliest_s)
    for link in range(CHAIN):
        many = trace(f, p, order, room)
        if many == 0:
            break
        if not attempt(f, p, room, many):
            take_back(f, p)
            break
        rate(levels, p.now, room.trial)
        if accepted(room, heat):
            p.now[OPENED] = 0
            return True, link + 1
        order = most_hurt(f, p, earliest_s)
        if order < 0:
            break
    tried = p.now[OPENED] + 1
    while p.now[OPENED] > 0:
        take_back(f, p)
    return False, tried


@njit(cache=True, nogil=True, _nrt=False)
def climb(f, p, room, levels, counted, earliest_s, heat, moves):
    """Try about `moves` moves; the number of chains accepted."""
    many_accepted, seldom, kept, turn = 0, 1 + len(p.job) // COPIES, 0, 0
    while turn < moves:
        order = urgent(f, p, counted, earliest_s, room.rng)
        if order < 0:
            turn += 1
            continue
        good, tried = chain(f, p, room, levels, order, earliest_s, heat)
        turn += tried
        if not good:
            continue
        many_accepted += 1
        adopt(room)
        if turn - kept >= seldom:
            keep_best(p, room)
            kept = turn
    keep_best(p, room)
    return many_accepted
