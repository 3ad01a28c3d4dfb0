"""Operations put into a plan that stands: into gaps, where nobody gives way, or in front, where the others do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import (
    FIRST_SLOT,
    MODE,
    START,
    TAIL_S,
    Deck,
)
from lineshaft.make.schedule.dispatch.desk import choose, place, ready_at
from lineshaft.make.schedule.dispatch.hours import NEVER
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.repair.laid import lay, take_off, taken_from
from lineshaft.make.schedule.repair.shift import room
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import Bools, Ints, Shop

UNKNOWN = -1
Floats = NDArray[np.float64]


def longest_ahead_first(shop: Shop, deck: Deck, ops: Ints) -> Ints:
    """`ops` with the longest chain of work ahead first, none before what it follows."""
    return in_turn(shop, ops, deck.op[:-1, TAIL_S])


def in_turn(shop: Shop, ops: Ints, worth: Ints | Floats) -> Ints:
    """`ops` with the greatest `worth` (one value an operation of the shop) first, none before what it follows."""
    raised = as_what_follows(shop.topo, shop.pred_ptr, shop.pred_op, worth.astype(np.float64))
    turn = np.empty(shop.n_ops, dtype=np.int64)
    turn[shop.topo] = np.arange(shop.n_ops)
    return ops[np.lexsort((turn[ops], -raised[ops]))]


def insert(deck: Deck, standing: Standing, ops: Ints, there: Bools, own: Bools) -> Standing | None:
    """Place `ops` one after the other, each where it ends first in the gaps that those `there` leave on lanes.

    Parameters
    ----------
    ops
        In an order in which predecessors come first; none of them is `there`.
    there
        What stands on its lanes; all others are looked through.
    own
        Operations that keep their lanes; the others take any that they may. None comes sooner than it stood.

    Returns
    -------
    None where one finds no room before the horizon.
    """
    desk = lay(deck, standing, there)
    stuck = fill(deck, desk, ops, standing.start_s, standing.mode, standing.team, own)
    return None if stuck >= 0 else taken_from(standing, desk, ops)


def give_way(deck: Deck, standing: Standing, out: Bools, turn: Ints) -> Standing | None:
    """Those `out` go into gaps, no sooner than they stood, and so does whoever must then start later; nobody else moves.

    Parameters
    ----------
    turn
        Operations that may move in an order in which predecessors come first.

    Returns
    -------
    None where one finds no room before the horizon.
    """
    desk = lay(deck, standing, ~out)
    desk.job[out, MODE] = UNKNOWN
    stuck = into_gaps(deck, desk, turn, standing.start_s, out)
    return None if stuck >= 0 else taken_from(standing, desk, turn)


def overlapped(standing: Standing, by: Bools) -> Bools:
    """Operations not `by` that hold a lane while one of `by` does."""
    op = np.repeat(np.arange(len(by)), np.diff(standing.slot_ptr))
    held = (standing.team >= 0) & (standing.start_s[op] < standing.end_s[op])
    op, lane = op[held], standing.team[held]
    span_s = int(standing.end_s.max(initial=0)) - min(0, int(standing.start_s.min(initial=0))) + 1
    order = np.argsort(lane * 2 * span_s + standing.start_s[op])
    op, lane = op[order], lane[order]
    start_s, end_s = (lane * 2 * span_s + at_s[op] for at_s in (standing.start_s, standing.end_s))
    mine = np.flatnonzero(by[op])
    hits = np.zeros(len(by), dtype=np.bool_)
    if len(mine):
        last_end_s = np.maximum.accumulate(end_s[mine])
        before = np.searchsorted(start_s[mine], end_s, side="left") - 1
        hits[op[(before >= 0) & (last_end_s[before] > start_s)]] = True
    return hits & ~by


@njit(cache=True, nogil=True)
def as_what_follows(topo, pred_ptr, pred_op, worth):
    """`worth`, raised to that of whatever follows."""
    for op in topo[::-1]:
        for a in range(pred_ptr[op], pred_ptr[op + 1]):
            worth[pred_op[a]] = max(worth[pred_op[a]], worth[op])
    return worth


@njit(cache=True, nogil=True)
def fill(d, w, ops, start_s, mode, team, own):
    """Place `ops` in their order into gaps; -1, or the first without room."""
    for op in ops:
        w.job[op, MODE] = mode[op] if own[op] else UNKNOWN
    for op in ops:
        ready_s = ready_at(d, w, op, start_s)
        if own[op]:
            start, end, width = room(d, w, op, mode[op], team, ready_s, True)
            chosen = mode[op] if start < NEVER else -1
        else:
            chosen, start, end, _, width = choose(d, w, op, ready_s)
        if chosen < 0:
            return op
        place(d, w, op, chosen, start, end, width, True)
    return -1


@njit(cache=True, nogil=True)
def into_gaps(d, w, turn, start_s, out):
    """Place those `out`, and take off and place again whoever can no longer start in time; -1, or one without room."""
    for op in turn:
        ready_s = ready_at(d, w, op, start_s)
        if not out[op]:
            if ready_s <= w.job[op, START]:
                continue
            take_off(w, d.op[op, FIRST_SLOT], d.op[op + 1, FIRST_SLOT])
            w.job[op, MODE] = UNKNOWN
        mode, start, end, _, width = choose(d, w, op, ready_s)
        if mode < 0:
            return op
        place(d, w, op, mode, start, end, width, True)
    return -1
