"""Whole orders placed anew: a late one first, then those that it waited for, into the gaps that all of them leave.

What moves of one step cannot do in many turns, to bring an order forward on all its lanes at once, is one change here:
the steps of a few orders from some moment on are taken off their lanes, with the rest of the plan standing still, and
placed again order by order, each step where it ends first. Then all steps close up in their new sequence.

Sources: ruin and recreate, Schrimpf et al. 2000, doi:10.1006/jcph.1999.6413; job insertion, Kis 2003,
doi:10.1016/S0377-2217(02)00835-1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.dispatch.deck import WORK_S
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.search.closing import (
    Trail,
    close_up,
    note,
    reopen,
    sort,
    trail_of,
)
from lineshaft.make.schedule.search.gaps import lay_down, place_first, prices
from lineshaft.make.schedule.search.late_moves import (
    accepted,
    adopt,
    keep_best,
    lost,
    lost_by,
    rate,
    trace,
    urgent,
)
from lineshaft.make.schedule.search.moves import draw
from lineshaft.make.schedule.search.propagate import (
    END,
    ENDED,
    FIRST_MODE,
    FIRST_SLOT,
    FIXED,
    FLOW,
    LANE,
    MODE,
    OPEN,
    PLACE,
    START,
    TARDINESS,
    WORK,
    Field,
    Plan,
    ended,
    follower,
    put_on,
    take_off,
    wait,
    wait_after,
)
from lineshaft.make.schedule.shop import Ints, Shop

MOST = 4
LOOKS = 12
MUCH, TINY = 4.0, 1e-30
OLD_MODE, OLD_OPEN, OLD_START, OLD_END = range(4)


class Bench(NamedTuple):
    """Working memory: the steps of each order (CSR `ptr`, `mine`, in their order); `orders` and `steps` taken up, what
    `was` their mode, calendar, start and end, where they were `held`, what they `left` behind them there; the `trail` back
    to the plan before; `team` and `best` lanes being tried; `price_s` of each lane.
    """

    ptr: Ints
    mine: Ints
    orders: Ints
    steps: Ints
    was: Ints
    held: Ints
    left: Ints
    trail: Trail
    team: Ints
    best: Ints
    price_s: Ints


def bench_of(shop: Shop, field: Field, plan: Plan) -> Bench:
    """Room for a shop."""
    mine = shop.topo[np.argsort(field.owner[shop.topo], kind="stable")].astype(np.int64)
    mine = mine[field.owner[mine] >= 0]
    team, best = np.full((2, plan.old.shape[1]), -1, dtype=np.int64)
    return Bench(
        ptr=pointers(np.bincount(field.owner[mine], minlength=shop.n_orders)),
        mine=mine,
        orders=np.zeros(MOST, dtype=np.int64),
        steps=np.zeros(shop.n_ops, dtype=np.int64),
        was=np.zeros((shop.n_ops, 4), dtype=np.int64),
        held=np.zeros(plan.held.shape, dtype=np.int64),
        left=np.zeros(len(plan.held) + 1, dtype=np.int64),
        trail=trail_of(plan),
        team=team,
        best=best,
        price_s=prices(field),
    )


@njit(cache=True, nogil=True, _nrt=False)
def pick(f, p, room, b, order, many):
    """Orders to place anew: `order`, then some that it waited for on its path; how many."""
    b.orders[0] = order
    chosen, wanted = 1, 1 + draw(room.rng, MOST)
    for _ in range(LOOKS):
        if chosen == wanted:
            break
        slot = room.slot[draw(room.rng, many)]
        if slot < 0:
            continue
        u = f.holder[p.seq[f.base[p.held[slot, LANE]] + p.held[slot, PLACE] - 1]]
        other, new = f.owner[u], f.owner[u] >= 0
        for k in range(chosen):
            new &= b.orders[k] != other
        if new:
            b.orders[chosen] = other
            chosen += 1
    return chosen


@njit(cache=True, nogil=True, _nrt=False)
def gather(f, p, b, low, high, many, from_s):
    """Add to `many` steps those of chosen orders `low` to `high` that start at `from_s` or later; how many then."""
    for k in range(low, high):
        for i in range(b.ptr[b.orders[k]], b.ptr[b.orders[k] + 1]):
            v = b.mine[i]
            if not f.step[v, FIXED] and p.time[v, START] >= from_s:
                b.steps[many] = v
                many += 1
    return many


@njit(cache=True, nogil=True, _nrt=False)
def take_up(f, p, b, many):
    """Note what was, then take the steps off their lanes; how many others came after them there."""
    note(p, b.trail)
    left = 0
    for i in range(many):
        v = b.steps[i]
        b.was[i, OLD_MODE], b.was[i, OLD_OPEN] = p.job[v, MODE], p.job[v, OPEN]
        b.was[i, OLD_START], b.was[i, OLD_END] = p.time[v, START], p.time[v, END]
        for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
            b.held[slot, LANE], b.held[slot, PLACE] = p.held[slot, LANE], p.held[slot, PLACE]
            b.left[left] = follower(f, p, slot)
            left += b.left[left] >= 0
        lay_down(f, p, v)
    return left


@njit(cache=True, nogil=True, _nrt=False)
def put_back(f, p, b, many, placed):
    """Undo it all, with the first `placed` of the steps on lanes."""
    for i in range(placed):
        take_off(f, p, b.steps[i])
    for i in range(many - 1, -1, -1):
        v = b.steps[i]
        for slot in range(f.step[v + 1, FIRST_SLOT] - 1, f.step[v, FIRST_SLOT] - 1, -1):
            p.held[slot, LANE] = -1
            if b.held[slot, LANE] >= 0:
                put_on(f, p, slot, b.held[slot, LANE], b.held[slot, PLACE])
    reopen(p, b.trail)
    for i in range(many):
        v, mode = b.steps[i], b.was[i, OLD_MODE]
        p.job[v, MODE], p.job[v, OPEN], p.time[v, WORK] = mode, b.was[i, OLD_OPEN], f.deck.mode[mode, WORK_S]
        p.time[v, START], p.time[v, END] = b.was[i, OLD_START], b.was[i, OLD_END]


@njit(cache=True, nogil=True, _nrt=False)
def settle_down(f, p, b, many, left):
    """Put the steps placed anew in order and time what comes after them, or came after where they were; False where that fails."""
    if not sort(f, p, b.trail, b.steps, many):
        return False
    for i in range(left):
        wait(f, p, b.left[i])
    for i in range(many):
        wait(f, p, b.steps[i])
        wait_after(f, p, b.steps[i])
    return close_up(f, p, b.trail)


@njit(cache=True, nogil=True, _nrt=False)
def place_again(f, p, b, low, high):
    """Place the steps from number `low` on in any of their modes; the number of the first that finds no room, else `high`."""
    for i in range(low, high):
        v = b.steps[i]
        first, last = f.step[v, FIRST_MODE], f.step[v + 1, FIRST_MODE]
        if not place_first(f, p, v, first, last, b.team, b.best, b.price_s):
            return i
    return high


@njit(cache=True, nogil=True, _nrt=False)
def more_lost(f, p, b, chosen, earliest_s):
    """What the first of the orders, placed, lose more than before, weighted where due dates count (s)."""
    more = 0
    for k in range(chosen):
        order = b.orders[k]
        before = lost_by(f, order, p.done[order, ENDED], earliest_s)
        more += lost_by(f, order, ended(f, p, order), earliest_s) - before
    return more


@njit(cache=True, nogil=True, _nrt=False)
def exchange(f, p, room, b, levels, counted, earliest_s, heat, times):
    """Try that `times` times; how often the plan was accepted.

    The rest of the plan can only gain, by closing up. So, where one sum leads the goal, a try for an order that loses is
    over when that comes out no better, or all that were placed much worse than what may pass.
    """
    kept, bearable = 0, MUCH * heat[0] / max(levels[0, TARDINESS], levels[0, FLOW], TINY)
    for _ in range(times):
        order = urgent(f, p, counted, earliest_s, room.rng)
        many = trace(f, p, order, room) if order >= 0 else 0
        if many == 0:
            continue
        chosen = pick(f, p, room, b, order, many)
        from_s = p.time[room.path[draw(room.rng, many)], START] if draw(room.rng, 4) else 0
        first = gather(f, p, b, 0, 1, 0, from_s)
        steps = gather(f, p, b, 1, chosen, first, from_s)
        judged = f.summed and lost(f, p, order, earliest_s) > 0
        left = take_up(f, p, b, steps)
        placed = place_again(f, p, b, 0, first)
        good = placed == first and not (judged and more_lost(f, p, b, 1, earliest_s) >= 0)
        if good:
            placed = place_again(f, p, b, first, steps)
            good = placed == steps and not (judged and more_lost(f, p, b, chosen, earliest_s) > bearable)
        good = good and settle_down(f, p, b, steps, left)
        if good:
            rate(levels, p.now, room.trial)
            good = accepted(room, heat)
        if not good:
            put_back(f, p, b, steps, placed)
            continue
        kept += 1
        adopt(room)
        keep_best(p, room)
    return kept
