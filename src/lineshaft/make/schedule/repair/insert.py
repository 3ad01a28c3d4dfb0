"""Operations put into a plan that stands: into gaps, where nobody gives way, or in front, where the others do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import njit

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    END,
    FIRST,
    FIRST_SLOT,
    FIXED,
    LANE,
    MODE,
    NEXT,
    PAUSABLE,
    RELEASE_S,
    START,
    TAIL_S,
    WORK_S,
    Deck,
    Desk,
)
from lineshaft.make.schedule.dispatch.desk import choose, place, ready_at
from lineshaft.make.schedule.dispatch.hours import NEVER, joint, run
from lineshaft.make.schedule.repair.shift import lay, room
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import Bools, Ints, Shop

FITS, CLOSED, NOT_READY = range(3)


def longest_ahead_first(shop: Shop, deck: Deck, ops: Ints) -> Ints:
    """`ops` in an order in which predecessors come first: the longest chain of work ahead, then `topo`."""
    return ops[np.lexsort((turns(shop)[ops], -deck.op[ops, TAIL_S]))]


def turns(shop: Shop) -> Ints:
    """The place of every operation in `topo`."""
    turn = np.empty(shop.n_ops, dtype=np.int64)
    turn[shop.topo] = np.arange(shop.n_ops)
    return turn


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
    desk = with_all_times(deck, standing, there)
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
    desk = with_all_times(deck, standing, ~out)
    stuck = into_gaps(deck, desk, turn, standing.start_s, out)
    return None if stuck >= 0 else taken_from(standing, desk, turn)


def with_all_times(deck: Deck, standing: Standing, there: Bools) -> Desk:
    """A desk with those `there` on their lanes and the times of all."""
    slot_op = np.repeat(np.arange(len(there)), np.diff(standing.slot_ptr))
    desk = lay(standing, there, slot_op, deck)
    desk.job[:, START], desk.job[:, END] = standing.start_s, standing.end_s
    return desk


def taken_from(standing: Standing, desk: Desk, ops: Ints) -> Standing:
    """The standing with the times and lanes that some operations have on a desk."""
    put = np.zeros(len(standing.mode), dtype=np.bool_)
    put[ops] = True
    mine = np.repeat(put, np.diff(standing.slot_ptr))
    return replace(
        standing,
        mode=np.where(put, desk.job[:, MODE], standing.mode),
        start_s=np.where(put, desk.job[:, START], standing.start_s),
        end_s=np.where(put, desk.job[:, END], standing.end_s),
        team=np.where(mine, desk.slot[:, LANE], standing.team),
    )


def overlapped(standing: Standing, by: Bools) -> Bools:
    """Operations not `by` that hold a lane while one of `by` does."""
    op = np.repeat(np.arange(len(by)), np.diff(standing.slot_ptr))
    held = (standing.team >= 0) & (standing.start_s[op] < standing.end_s[op])
    op, lane = op[held], standing.team[held]
    order = np.lexsort((standing.start_s[op], lane))
    op, lane = op[order], lane[order]
    span_s = int(standing.end_s.max(initial=0)) - min(0, int(standing.start_s.min(initial=0))) + 1
    start_s, end_s = (lane * 2 * span_s + at_s[op] for at_s in (standing.start_s, standing.end_s))
    mine = np.flatnonzero(by[op])
    hits = np.zeros(len(by), dtype=np.bool_)
    if len(mine):
        last_end_s = np.maximum.accumulate(end_s[mine])
        before = np.searchsorted(start_s[mine], end_s, side="left") - 1
        hits[op] |= (before >= 0) & (last_end_s[before] > start_s)
    return hits & ~by


@njit(cache=True, nogil=True)
def fill(d, w, ops, start_s, mode, team, own):
    """Place `ops` in their order into gaps; -1, or the first without room."""
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
        mode, start, end, _, width = choose(d, w, op, ready_s)
        if mode < 0:
            return op
        place(d, w, op, mode, start, end, width, True)
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def take_off(w, low, high):
    """Take some slots off their lanes."""
    for here in range(low, high):
        lane = w.slot[here, LANE]
        if lane < 0:
            continue
        slot = w.lane[lane, FIRST]
        if slot == here:
            w.lane[lane, FIRST] = w.slot[here, NEXT]
        while slot != here:
            if w.slot[slot, NEXT] == here:
                w.slot[slot, NEXT] = w.slot[here, NEXT]
                break
            slot = w.slot[slot, NEXT]
        w.slot[here, LANE] = -1


@njit(cache=True, nogil=True)
def fits(d, mode, start_s, end_s, team):
    """Per operation that is not fixed: whether its own release and its lanes' hours still let it stand where it does."""
    found = np.zeros(mode.size, np.int64)
    for op in range(mode.size):
        if d.op[op, FIXED]:
            continue
        calendar = 0
        for i in range(d.op[op, FIRST_SLOT], d.op[op + 1, FIRST_SLOT]):
            if team[i] >= 0:
                calendar = joint(d, calendar, d.lane[team[i], CALENDAR])
        pausable = d.op[op, PAUSABLE]
        if start_s[op] < max(0, d.op[op, RELEASE_S]):
            found[op] = NOT_READY
        elif run(d, calendar, start_s[op], d.mode[mode[op], WORK_S], pausable) != (start_s[op], end_s[op]):
            found[op] = CLOSED
    return found
