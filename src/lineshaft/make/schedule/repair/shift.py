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

from lineshaft.make.schedule.dispatch.deck import (
    BAYS,
    CALENDAR,
    END,
    ENDS,
    FAMILY,
    FAMILY_OF,
    FIRST,
    FIRST_PRED,
    FIRST_SLOT,
    FIRST_SUCC,
    KIND,
    LAG_MAX_S,
    LAG_S,
    LAST_S,
    LOT,
    MASS_MAX,
    MIX,
    MODE,
    NEEDS,
    NEXT,
    OP,
    PAUSABLE,
    PICK_AFTER,
    PICK_LANE,
    START,
    TAIL,
    WORK_S,
    Deck,
    Desk,
)
from lineshaft.make.schedule.dispatch.desk import follows, free_from, least_end, load_to_join, place, ready_at
from lineshaft.make.schedule.dispatch.heaps import open_agenda, put, take
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.repair.laid import FITS, by_start, fits, lay
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import END_END, END_START, OVERLAP

NONE, NO_ROOM, TOO_SOON, TOO_LATE, NO_SETUP, ELSEWHERE, OVERDRAWN = range(7)

GIVEN_UP = -2
MANY = 1 << 40


class Trouble(NamedTuple):
    """Why things cannot stand so: what kind, the operation that cannot be, the one it conflicts with (-1 none)."""

    kind: int
    op: int
    other: int


FINE = Trouble(NONE, -1, -1)


def shift_right(
    deck: Deck, standing: Standing, placed: int = -1, was: Standing | None = None, most: int = MANY
) -> tuple[Standing, Desk, Trouble]:
    """Settle `standing`, in which operation `placed` (-1: none) was put somewhere by hand and stays there.

    Parameters
    ----------
    was
        As it stood before: what the book fixes may come no nearer to what it must follow. None: that is not judged.
    most
        So many may start later; with more of them it is given up (NO_ROOM).

    Returns
    -------
    The new standing, the desk it stands on and what is wrong with it, if anything.
    """
    judged = was is not None
    was = was or standing
    stays = standing.stays
    if placed >= 0:
        stays[placed] = True
    order = by_start(deck, standing)
    slot_op = np.repeat(np.arange(len(stays)), np.diff(standing.slot_ptr))
    wary = np.zeros(len(stays), dtype=np.bool_)
    stands = fits(deck, standing.mode, standing.start_s, standing.end_s, standing.team) == FITS
    stands &= (deck.op[:-1, MIX] < 0) & (deck.op[:-1, NEEDS] & ENDS == 0)
    times = standing.fixed, was.start_s, was.end_s, judged
    if (stands | stays).all():
        desk, everyone = lay(deck, standing, np.ones_like(stays), order), np.ones_like(stays)
        if trouble(deck, desk, slot_op, everyone, *times)[0] == NONE:
            return standing, desk, FINE
    while True:
        desk = lay(deck, standing, stays, order)
        stuck = push(deck, desk, standing.start_s, standing.team, stays, order, wary, stands, most)
        if stuck >= 0 or stuck == GIVEN_UP:
            return standing, desk, Trouble(NO_ROOM, stuck, -1)
        kind, op, other = trouble(deck, desk, slot_op, stays, *times)
        if kind == NO_SETUP and other >= 0 and not stays[other] and not wary[other]:
            wary[other] = True
            continue
        start_s, end_s = (np.ascontiguousarray(desk.job[:, column]) for column in (START, END))
        return replace(standing, start_s=start_s, end_s=end_s), desk, Trouble(kind, op, other)


@njit(cache=True, nogil=True)
def push(d, w, start_s, team, stays, order, wary, stands, most):
    """Place every operation that does not stay, at `start_s` or as soon after as it can; -1, or one without room.

    They come in `order` (by start); only who cannot start then waits on the agenda. Of those that have the times of
    the plan in force and keep hours in them (`stands`) only the lanes are looked at. GIVEN_UP once more than `most` are
    later than they stood.
    """
    n = stays.size
    missing, rank = np.zeros(n, np.int64), np.empty(n, np.float64)
    for turn in range(n):
        op = order[turn]
        rank[op] = turn
        for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
            missing[op] += not stays[d.pred[a, OP]]
    g, turn, later_ones = open_agenda(n), 0, 0
    while True:
        while turn < n and (stays[order[turn]] or missing[order[turn]] > 0):
            turn += 1
        waiting = g.size[0] > 0
        if turn < n and (not waiting or is_before(g, start_s[order[turn]], rank[order[turn]])):
            op = order[turn]
            turn += 1
            t_s = ready_at(d, w, op, start_s)
            if t_s > start_s[op]:
                put(g, op, t_s, rank[op])
                continue
        elif waiting:
            op = take(g)
            t_s = g.time[op]
        else:
            return -1
        mode, start, end = w.job[op, MODE], t_s, w.job[op, END]
        width = (
            clear(d, w, op, team, start, end) if stands[op] and t_s == start_s[op] and not wary[op] else -1
        )
        if width < 0:
            start, end, width = room(d, w, op, mode, team, t_s, wary[op])
            if start >= NEVER:
                return op
            if start > t_s:
                put(g, op, start, rank[op])
                continue
        later_ones += start > start_s[op]
        if later_ones > most:
            return GIVEN_UP
        place(d, w, op, mode, start, end, width, True)
        for k in range(width):
            if w.team[PICK_AFTER, k] >= -1:
                w.lane[w.team[PICK_LANE, k], TAIL] = d.op[op, FIRST_SLOT] + k
        for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
            later = d.succ[a]
            missing[later] -= 1
            if missing[later] == 0 and rank[later] < turn and not stays[later]:
                put(g, later, ready_at(d, w, later, start_s), rank[later])


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def is_before(g, time_s, value):
    """True when this comes before the first on the agenda."""
    first = g.items[0]
    return (time_s, value) < (g.time[first], g.value[first])


@njit(cache=True, nogil=True, _nrt=False)
def clear(d, w, op, team, start, end):
    """How many lanes `op` holds, if nothing on them is in its way from `start` to `end`, else -1; the team into `pick_*`."""
    chosen = 0
    for i in range(d.op[op, FIRST_SLOT], d.op[op + 1, FIRST_SLOT]):
        lane = team[i]
        if lane < 0:
            continue
        after = w.lane[lane, TAIL]
        later = w.lane[lane, FIRST] if after < 0 else w.slot[after, NEXT]
        while later >= 0 and w.slot[later, START] < start:
            after = later
            later = w.slot[after, NEXT]
        if later >= 0 and w.slot[later, START] < end:
            return -1
        free_s, family = free_from(d, w, lane, after)
        if after_setup(d, lane, free_s, family, d.op[op, FAMILY]) > start:
            return -1
        w.team[PICK_LANE, chosen], w.team[PICK_AFTER, chosen] = lane, after
        chosen += 1
    return chosen


@njit(cache=True, nogil=True, _nrt=False)
def room(d, w, op, mode, team, t_s, wary):
    """(start_s, end_s, lanes) of the first place for `op` on its own lanes from `t_s` on, the team into `pick_*`."""
    least_s = least_end(d, w, op, mode) if d.op[op, NEEDS] & ENDS else 0
    start, end, width = own_lanes(d, w, op, mode, team, t_s, least_s, wary)
    if end < least_s:
        return own_lanes(d, w, op, mode, team, least_s - d.mode[mode, WORK_S], least_s, wary)
    return start, end, width


@njit(cache=True, nogil=True, _nrt=False)
def own_lanes(d, w, op, mode, team, t_s, least_s, wary):
    """As `room`, but only a load that it joins is known to end no sooner than `least_s`."""
    calendar, chosen = 0, 0
    for i in range(d.op[op, FIRST_SLOT], d.op[op + 1, FIRST_SLOT]):
        if team[i] >= 0:
            w.team[PICK_LANE, chosen] = team[i]
            w.team[PICK_AFTER, chosen] = w.lane[team[i], TAIL]
            calendar = joint(d, calendar, d.lane[team[i], CALENDAR])
            chosen += 1
    work_s, pausable = d.mode[mode, WORK_S], d.op[op, PAUSABLE]
    start, end = run(d, calendar, t_s, work_s, pausable)
    stable, k = 0, 0
    while stable < chosen and start < NEVER:
        lane, after = w.team[PICK_LANE, k], w.team[PICK_AFTER, k]
        s, e, after = slide(d, w, lane, after, calendar, start, work_s, pausable, d.op[op, FAMILY], wary)
        w.team[PICK_AFTER, k] = after
        stable = stable + 1 if s == start else 1
        start, end = s, e
        k = (k + 1) % chosen
    if chosen == 1 and d.op[op, MIX] >= 0 and d.lane[w.team[PICK_LANE, 0], MASS_MAX] > 0:
        load = load_to_join(d, w, op, w.team[PICK_LANE, 0], t_s, work_s)
        if load >= 0 and least_s <= w.slot[load, END] <= end:
            w.team[PICK_AFTER, 0] = -2 - load
            return w.slot[load, START], w.slot[load, END], 1
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
            other, kind = d.pred[a, OP], d.pred[a, KIND]
            gap_s = apart_s(kind, w.job[op, START], w.job[op, END], w.job[other, START], w.job[other, END])
            was_s = apart_s(kind, was_start_s[op], was_end_s[op], was_start_s[other], was_end_s[other])
            soon, late = gap_s < d.pred[a, LAG_S], gap_s > d.pred[a, LAG_MAX_S]
            if kind == OVERLAP:
                last_s = d.mode[w.job[op, MODE], LAST_S]
                soon = w.job[op, START] < w.job[other, LOT] or w.job[op, END] < w.job[other, END] + last_s
            if soon and (not fixed[op] or (judged and gap_s < was_s)):
                return TOO_SOON, op, other
            if late and (not fixed[op] or (judged and gap_s > was_s)):
                return TOO_LATE, op, other
            if (
                d.op[op, NEEDS] & BAYS
                and not fixed[op]
                and not follows(d, w.job[other, MODE], w.job[op, MODE])
            ):
                return ELSEWHERE, op, other
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


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def apart_s(kind, start, end, before_start, before_end):
    """Seconds between the two moments that a lag of this kind is about."""
    since = before_end if kind in (END_START, END_END) else before_start
    return (end if kind == END_END else start) - since
