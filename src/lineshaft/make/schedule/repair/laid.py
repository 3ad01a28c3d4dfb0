"""A plan in force on a desk: what stands on the lanes, shared loads, first transfer lots; what is taken off and read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    END,
    FAMILY,
    FAMILY_OF,
    FIRST,
    FIRST_S,
    FIRST_SLOT,
    FIXED,
    LANE,
    LOT,
    LOTS,
    MASS,
    MASS_MAX,
    MIX,
    MIX_OF,
    MODE,
    NEEDS,
    NEXT,
    PAUSABLE,
    RELEASE_S,
    ROOM,
    START,
    WORK_S,
    Deck,
    Desk,
    untried,
)
from lineshaft.make.schedule.dispatch.hours import joint, run
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import Bools, Ints

FITS, CLOSED, NOT_READY = range(3)


def lay(deck: Deck, standing: Standing, there: Bools, order: Ints | None = None) -> Desk:
    """A desk with the modes and times of all, and those `there` on their lanes.

    Operations of one mix from the same start to the same end are one load, of which the longest has the place. What is
    fixed and does not work by its calendar lets nobody join, and hands nothing on before its end. `order`: `by_start`,
    where it is known.
    """
    n = len(there)
    job = np.empty((n, LOT + 1), dtype=np.int64)
    job[:, START], job[:, END], job[:, MODE] = standing.start_s, standing.end_s, standing.mode
    job[:, LOT] = standing.end_s
    slot = np.full((int(standing.slot_ptr[-1]), ROOM + 1), -1, dtype=np.int64)
    lanes = np.full((len(deck.lane), 3), -1, dtype=np.int64)
    width = int(np.diff(standing.slot_ptr).max(initial=1))
    desk = Desk(job, slot, lanes, np.zeros((4, width), dtype=np.int64), untried(len(deck.cal_ptr) - 1))
    put_down(deck, desk, standing.team, by_start(deck, standing) if order is None else order, there)
    return desk


def by_start(deck: Deck, standing: Standing) -> Ints:
    """Operations by start, then end; where loads are shared, of those from the same start to the same end the longest first."""
    length_s = standing.end_s - standing.start_s
    at = standing.start_s * (int(length_s.max(initial=0)) + 1) + length_s
    if (deck.op[:, MIX] < 0).all():
        return np.argsort(at, kind="stable")
    return np.lexsort((-deck.mode[standing.mode, WORK_S], at))


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


@njit(cache=True, nogil=True)
def put_down(d, w, team, order, there):
    """Put those `there` on their lanes, in `order` (by start), and tell when the first lots of all are done."""
    last = np.full(w.lane.shape[0], -1, np.int64)
    for op in order:
        low, high = d.op[op, FIRST_SLOT], d.op[op + 1, FIRST_SLOT]
        opens = not d.op[op, FIXED]
        if d.op[op, MIX] >= 0 or d.op[op, NEEDS] & LOTS:
            calendar, start, pausable = 0, w.job[op, START], d.op[op, PAUSABLE]
            for here in range(low, high):
                if team[here] >= 0 and calendar >= 0:
                    calendar = joint(d, calendar, d.lane[team[here], CALENDAR])
            mode, known = w.job[op, MODE], calendar >= 0 and start >= 0
            if known and run(d, calendar, start, d.mode[mode, WORK_S], pausable) == (start, w.job[op, END]):
                opens = True
                w.job[op, LOT] = run(d, calendar, start, d.mode[mode, FIRST_S], pausable)[1]
        for here in range(low, high):
            if there[op] and team[here] >= 0:
                hang(d, w, op, here, team[here], opens, last)


@njit(cache=True, nogil=True, _nrt=False)
def hang(d, w, op, here, lane, opens, last):
    """Put one slot on its lane behind the `last` there, or into the load that this is; no slot ends before the one ahead.

    `opens`: whether others may join it.
    """
    start, end, mix, ahead = w.job[op, START], w.job[op, END], d.op[op, MIX], last[lane]
    w.slot[here, LANE], w.slot[here, FAMILY_OF] = lane, d.op[op, FAMILY]
    w.slot[here, START], w.slot[here, END] = start, end
    if ahead >= 0 and mix >= 0 and w.slot[ahead, MIX_OF] == mix and same_time(w, ahead, here):
        w.slot[ahead, ROOM] -= d.op[op, MASS]
        return
    w.slot[here, MIX_OF] = mix if opens and d.lane[lane, MASS_MAX] > 0 else -1
    w.slot[here, ROOM] = d.lane[lane, MASS_MAX] - d.op[op, MASS]
    if ahead < 0:
        w.lane[lane, FIRST] = here
    else:
        w.slot[here, END] = max(end, w.slot[ahead, END])
        w.slot[ahead, NEXT] = here
    last[lane] = here


@njit(cache=True, nogil=True, _nrt=False)
def take_off(w, low, high):
    """Take some slots off their lanes; of a load that loses its first, another takes the place."""
    for here in range(low, high):
        lane = w.slot[here, LANE]
        if lane < 0:
            continue
        before, slot = -1, w.lane[lane, FIRST]
        while slot >= 0 and slot != here:
            before, slot = slot, w.slot[slot, NEXT]
        after = -1
        if slot == here:
            after = mate(w, here)
            if after < 0:
                after = w.slot[here, NEXT]
            else:
                w.slot[after, NEXT] = w.slot[here, NEXT]
                w.slot[after, MIX_OF], w.slot[after, ROOM] = w.slot[here, MIX_OF], w.slot[here, ROOM]
            if before < 0:
                w.lane[lane, FIRST] = after
            else:
                w.slot[before, NEXT] = after
        w.slot[here, LANE] = -1


@njit(cache=True, nogil=True, _nrt=False)
def mate(w, here):
    """Another slot of the load of `here`; -1 for none."""
    if w.slot[here, MIX_OF] < 0:
        return -1
    for slot in range(w.slot.shape[0]):
        if slot != here and w.slot[slot, LANE] == w.slot[here, LANE] and same_time(w, slot, here):
            return slot
    return -1


@njit(cache=True, nogil=True, _nrt=False)
def same_time(w, one, other):
    """True when two slots are held from the same start to the same end, for one family."""
    for column in (START, END, FAMILY_OF):
        if w.slot[one, column] != w.slot[other, column]:
            return False
    return True


@njit(cache=True, nogil=True)
def fits(d, mode, start_s, end_s, team):
    """Per operation that is not fixed: whether its own release and its lanes' hours still let it stand where it does.

    Who shares a load may stay in it longer than its own work takes.
    """
    found = np.zeros(mode.size, np.int64)
    for op in range(mode.size):
        if d.op[op, FIXED]:
            continue
        calendar = 0
        for i in range(d.op[op, FIRST_SLOT], d.op[op + 1, FIRST_SLOT]):
            if team[i] >= 0:
                calendar = joint(d, calendar, d.lane[team[i], CALENDAR])
        if start_s[op] < max(0, d.op[op, RELEASE_S]):
            found[op] = NOT_READY
            continue
        start, end = run(d, calendar, start_s[op], d.mode[mode[op], WORK_S], d.op[op, PAUSABLE])
        if start != start_s[op] or end > end_s[op] or (end < end_s[op] and d.op[op, MIX] < 0):
            found[op] = CLOSED
    return found
