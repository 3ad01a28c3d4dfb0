"""Operations put into a plan that stands: into gaps, where nobody gives way, or in front, where the others do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba import njit

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    END,
    FIRST_SLOT,
    FIXED,
    LANE,
    MODE,
    PAUSABLE,
    RELEASE_S,
    START,
    TAIL_S,
    WORK_S,
    Deck,
)
from lineshaft.make.schedule.dispatch.desk import choose, place, ready_at
from lineshaft.make.schedule.dispatch.hours import joint, run
from lineshaft.make.schedule.repair.shift import lay
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


def insert(
    deck: Deck, standing: Standing, ops: Ints, there: Bools, not_before_s: Ints | None = None
) -> Standing | None:
    """Place `ops` one after the other, each where it ends first in the gaps that those `there` leave on lanes.

    Parameters
    ----------
    ops
        In an order in which predecessors come first; none of them is `there`.
    there
        What stands on its lanes; all others are looked through.
    not_before_s
        Earliest starts beside releases and predecessors.

    Returns
    -------
    None where one finds no room before the horizon.
    """
    n = len(standing.mode)
    slot_op = np.repeat(np.arange(n), np.diff(standing.slot_ptr))
    desk = lay(standing, there, slot_op, deck)
    desk.job[:, START], desk.job[:, END] = standing.start_s, standing.end_s
    if fill(deck, desk, ops, np.zeros(n, np.int64) if not_before_s is None else not_before_s) >= 0:
        return None
    mode, start_s, end_s, team = (x.copy() for x in (standing.mode, standing.start_s, standing.end_s, standing.team))
    mode[ops], start_s[ops], end_s[ops] = desk.job[ops, MODE], desk.job[ops, START], desk.job[ops, END]
    put = np.zeros(n, dtype=np.bool_)
    put[ops] = True
    mine = put[slot_op]
    team[mine] = desk.slot[mine, LANE]
    return replace(standing, mode=mode, start_s=start_s, end_s=end_s, team=team)


@njit(cache=True, nogil=True)
def fill(d, w, ops, not_before_s):
    """Place `ops` in their order into gaps; -1, or the first without room."""
    for op in ops:
        mode, start, end, _, width = choose(d, w, op, ready_at(d, w, op, not_before_s))
        if mode < 0:
            return op
        place(d, w, op, mode, start, end, width, True)
    return -1


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
