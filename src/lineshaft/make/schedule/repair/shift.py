"""Right shift in numba: everything stays where it stands or moves to the right, as little as it can.

Operations that stay (and the one just placed by hand) are on their lanes from the beginning. The others are taken in
the order in which they can start, never before they stood: where two want a lane at once, the one that stood first
goes first. So a plan without conflict comes out as it went in, an operation in the way goes behind what takes its
place, machines keep their sequences, and no machine waits for a step that is held up elsewhere beyond the start of
the next one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numba import njit

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    END,
    FAMILY,
    FAMILY_OF,
    FIRST,
    FIRST_PRED,
    FIRST_SLOT,
    FIRST_SUCC,
    KIND,
    LAG_MAX_S,
    LAG_S,
    LANE,
    LOT,
    MODE,
    NEXT,
    OP,
    PAUSABLE,
    PICK_AFTER,
    PICK_LANE,
    ROOM,
    START,
    TAIL,
    WORK_S,
    Deck,
    Desk,
    untried,
)
from lineshaft.make.schedule.dispatch.desk import free_from, place, ready_at
from lineshaft.make.schedule.dispatch.heaps import before, open_agenda, put, take
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import END_START, NEVER_S, Bools, Ints

NONE, NO_ROOM, TOO_SOON, TOO_LATE, NO_SETUP = range(5)


class Trouble(NamedTuple):
    """Why things cannot stand so: what kind, the operation that cannot be, the one it conflicts with (-1 none)."""

    kind: int
    op: int
    other: int


FINE = Trouble(NONE, -1, -1)


def shift_right(
    deck: Deck, standing: Standing, placed: int = -1, was: Standing | None = None
) -> tuple[Standing, Desk, Trouble]:
    """Settle `standing`, in which operation `placed` (-1: none) was put somewhere by hand and stays there.

    Parameters
    ----------
    was
        As it stood before: what the book fixes may come no nearer to what it must follow. None: that is not judged.

    Returns
    -------
    The new standing, the desk it stands on and what is wrong with it, if anything.
    """
    judged = was is not None
    was = was or standing
    stays = standing.stays
    if placed >= 0:
        stays[placed] = True
    rank = np.empty(len(stays), dtype=np.float64)
    rank[np.lexsort((standing.end_s, standing.start_s))] = np.arange(len(stays))
    slot_op = np.repeat(np.arange(len(stays)), np.diff(standing.slot_ptr))
    wary = np.zeros(len(stays), dtype=np.bool_)
    while True:
        desk = lay(standing, stays, slot_op, deck)
        stuck = push(deck, desk, standing.start_s, standing.mode, standing.team, stays, rank, wary)
        if stuck >= 0:
            return standing, desk, Trouble(NO_ROOM, stuck, -1)
        kind, op, other = trouble(deck, desk, slot_op, stays, standing.fixed, was.start_s, was.end_s, judged)
        if kind == NO_SETUP and other >= 0 and not stays[other] and not wary[other]:
            wary[other] = True
            continue
        start_s, end_s = (np.ascontiguousarray(desk.job[:, column]) for column in (START, END))
        return replace(standing, start_s=start_s, end_s=end_s), desk, Trouble(kind, op, other)


def lay(standing: Standing, stays: Bools, slot_op: Ints, deck: Deck) -> Desk:
    """A desk with what stays on it."""
    n, n_slots = len(stays), len(slot_op)
    job = np.full((n, LOT + 1), NEVER_S, dtype=np.int64)
    job[:, MODE] = standing.mode
    job[stays, START], job[stays, END] = standing.start_s[stays], standing.end_s[stays]
    slot = np.full((n_slots, ROOM + 1), -1, dtype=np.int64)
    lanes = np.full((len(deck.lane), 3), -1, dtype=np.int64)
    held = np.flatnonzero(stays[slot_op] & (standing.team >= 0))
    op = slot_op[held]
    order = held[np.lexsort((held, standing.end_s[op], standing.start_s[op]))]
    width = int(np.diff(standing.slot_ptr).max(initial=1))
    team = np.zeros((4, width), dtype=np.int64)
    desk = Desk(job, slot, lanes, team, untried(len(deck.cal_ptr) - 1))
    link(deck, desk, standing.team, slot_op, order)
    return desk


@njit(cache=True, nogil=True)
def link(d, w, team, slot_op, order):
    """Put the slots of `order` (by start) on their lanes; a slot never ends before the slot ahead of it."""
    last = np.full(w.lane.shape[0], -1, np.int64)
    for here in order:
        op, lane = slot_op[here], team[here]
        w.slot[here, LANE] = lane
        w.slot[here, START] = w.job[op, START]
        w.slot[here, END] = w.job[op, END]
        w.slot[here, FAMILY_OF] = d.op[op, FAMILY]
        if last[lane] < 0:
            w.lane[lane, FIRST] = here
        else:
            w.slot[here, END] = max(w.slot[here, END], w.slot[last[lane], END])
            w.slot[last[lane], NEXT] = here
        last[lane] = here


@njit(cache=True, nogil=True)
def push(d, w, start_s, mode, team, stays, rank, wary):
    """Place every operation that does not stay, at `start_s` or as soon after as it can; -1, or one without room."""
    n = stays.size
    missing = np.zeros(n, np.int64)
    g = open_agenda(n)
    for op in range(n):
        for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
            missing[op] += not stays[d.pred[a, OP]]
        if missing[op] == 0 and not stays[op]:
            put(g, op, ready_at(d, w, op, start_s), rank[op])
    while g.size[0] > 0:
        op = take(g)
        start, end, width = room(d, w, op, mode[op], team, g.time[op], wary[op])
        if start >= NEVER:
            return op
        if start > g.time[op]:
            g.time[op] = start
            if g.size[0] > 0 and before(g, g.items[0], op):
                put(g, op, start, rank[op])
                continue
        place(d, w, op, mode[op], start, end, width, False)
        for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
            later = d.succ[a]
            missing[later] -= 1
            if missing[later] == 0 and not stays[later]:
                put(g, later, ready_at(d, w, later, start_s), rank[later])
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def room(d, w, op, mode, team, t_s, wary):
    """(start_s, end_s, lanes) of the first place for `op` on its own lanes from `t_s` on, the team into `pick_*`."""
    calendar, chosen = 0, 0
    first = d.op[op, FIRST_SLOT]
    for i in range(first, d.op[op + 1, FIRST_SLOT]):
        if team[i] >= 0:
            w.team[PICK_LANE, chosen] = team[i]
            w.team[PICK_AFTER, chosen] = w.lane[team[i], TAIL]
            calendar = joint(d, calendar, d.lane[team[i], CALENDAR])
            chosen += 1
    work_s, pausable = d.mode[mode, WORK_S], d.op[op, PAUSABLE]
    start, end = run(d, calendar, t_s, work_s, pausable)
    stable, k = 0, 0
    while stable < chosen and start < NEVER:
        s, e, after = slide(
            d,
            w,
            w.team[PICK_LANE, k],
            w.team[PICK_AFTER, k],
            calendar,
            start,
            work_s,
            pausable,
            d.op[op, FAMILY],
            wary,
        )
        w.team[PICK_AFTER, k] = after
        stable = stable + 1 if s == start else 1
        start, end = s, e
        k = (k + 1) % chosen
    return start, end, chosen


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def slide(d, w, lane, after, calendar, t_s, work_s, pausable, family, wary):
    """(start_s, end_s, slot after which it goes) on one lane; only the wary leave time for the setup of what comes next.

    Others usually still stand between, and then that setup is theirs to mind.
    """
    while True:
        later = w.lane[lane, FIRST] if after < 0 else w.slot[after, NEXT]
        if later >= 0 and w.slot[later, START] < t_s:
            after = later
            continue
        free_s, before_family = free_from(d, w, lane, after)
        ready_s = after_setup(d, lane, free_s, before_family, family)
        if ready_s >= NEVER:
            return NEVER, NEVER, after
        start, end = run(d, calendar, max(ready_s, t_s), work_s, pausable)
        if later < 0 or start >= NEVER:
            return start, end, after
        clear_s = after_setup(d, lane, end, family, w.slot[later, FAMILY_OF]) if wary else end
        if clear_s <= w.slot[later, START]:
            return start, end, after
        after = later


@njit(cache=True, nogil=True)
def trouble(d, w, slot_op, stays, fixed, was_start_s, was_end_s, judged):
    """(kind, operation, other) of the first rule that does not hold, or NONE; what is fixed, only if worse than it was."""
    for op in range(stays.size):
        for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
            other = d.pred[a, OP]
            end_start = d.pred[a, KIND] == END_START
            since = w.job[other, END] if end_start else w.job[other, START]
            was_since = was_end_s[other] if end_start else was_start_s[other]
            gap_s, was_gap_s = w.job[op, START] - since, was_start_s[op] - was_since
            if gap_s < d.pred[a, LAG_S] and (not fixed[op] or (judged and gap_s < was_gap_s)):
                return TOO_SOON, op, other
            if gap_s > d.pred[a, LAG_MAX_S] and (not fixed[op] or (judged and gap_s > was_gap_s)):
                return TOO_LATE, op, other
    for lane in range(w.lane.shape[0]):
        other = -1
        slot = w.lane[lane, FIRST]
        while slot >= 0:
            op = slot_op[slot]
            settled = fixed[op] and (other < 0 or fixed[slot_op[other]])
            if stays[op] and not settled:
                free_s, family = free_from(d, w, lane, other)
                if after_setup(d, lane, free_s, family, d.op[op, FAMILY]) > w.job[op, START]:
                    return NO_SETUP, op, -1 if other < 0 else slot_op[other]
            other = slot
            slot = w.slot[slot, NEXT]
    return NONE, -1, -1
