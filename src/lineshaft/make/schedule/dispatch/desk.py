"""A timetable in the making: where on which lanes the next operation fits, with every constraint of `Shop`.

Lanes are chosen greedily: earliest end, then earliest start, then the lane least sought after. A team of several
lanes is tried with each lane of its first demand in turn.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    END,
    FAMILY,
    FAMILY_OF,
    FIRST,
    FIRST_DEMAND,
    FIRST_MODE,
    FIRST_PRED,
    FIRST_SLOT,
    FIXED,
    HIGH,
    KIND,
    LAG_S,
    LANE,
    LOAD,
    LOW,
    MODE,
    NEXT,
    OP,
    OPENS,
    PAUSABLE,
    PICK_AFTER,
    PICK_LANE,
    QUANTITY,
    RELEASE_S,
    SET_FOR,
    START,
    TAIL,
    TEAM_AFTER,
    TEAM_LANE,
    WORK_S,
)
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run, setup_between
from lineshaft.make.schedule.shop import END_START


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def free_from(d, w, lane, after):
    """(s, family) from when and for what `lane` stands ready once the work in slot `after` is done."""
    if after < 0:
        return 0, d.lane[lane, SET_FOR]
    return max(0, w.slot[after, END]), w.slot[after, FAMILY_OF]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def fit(d, w, lane, after, calendar, t_s, work_s, pausable, family):
    """(start_s, end_s, slot after which it goes): first place on `lane` behind `after` and not before `t_s`."""
    while True:
        later = w.lane[lane, FIRST] if after < 0 else w.slot[after, NEXT]
        if later >= 0 and w.slot[later, START] < t_s:
            after = later
            continue
        free_s, before = free_from(d, w, lane, after)
        ready_s = after_setup(d, lane, free_s, before, family)
        if ready_s >= NEVER:
            return NEVER, NEVER, after
        start, end = run(d, calendar, max(ready_s, t_s), work_s, pausable)
        if later < 0 or start >= NEVER:
            return start, end, after
        if end <= w.slot[later, START]:
            clear_s = after_setup(d, lane, end, family, w.slot[later, FAMILY_OF])
            if clear_s <= w.slot[later, START]:
                return start, end, after
        after = later


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def is_taken(w, chosen, lane):
    """True when `lane` is among the first `chosen` of the team."""
    for k in range(chosen):
        if w.team[TEAM_LANE, k] == lane:
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False)
def best_lane(d, w, low, high, chosen, calendar, t_s, work_s, pausable, family):
    """(lane, slot, start_s, end_s) of the lane in `pool_lane[low:high]` on which the team so far ends first."""
    lane, slot, start, end, load = (
        -1,
        -1,
        NEVER,
        NEVER,
        0,
    )  # `known`: calendar of a best lane without setup or gap
    known, known_from_s = -1, 0
    for i in range(low, high):
        other = d.pool_lane[i]
        from_s = max(t_s, w.lane[other, OPENS])
        if from_s + work_s > end:
            continue
        both = joint(d, calendar, d.lane[other, CALENDAR])
        if both == known and (from_s, d.lane[other, LOAD]) >= (known_from_s, load):
            continue
        if both < 0 or is_taken(w, chosen, other):
            continue
        tail = w.lane[other, TAIL]
        s, e, after = fit(d, w, other, tail, both, t_s, work_s, pausable, family)
        if e < end or (e == end and e < NEVER and (s, d.lane[other, LOAD]) < (start, load)):
            lane, slot, start, end, load = other, after, s, e, d.lane[other, LOAD]
            plain = after == tail and setup_between(d, other, free_from(d, w, other, tail)[1], family) == 0
            known, known_from_s = both if plain else -1, from_s
    return lane, slot, start, end


@njit(cache=True, nogil=True, _nrt=False)
def settle(d, w, chosen, calendar, t_s, work_s, pausable, family):
    """(start_s, end_s) once every lane of the team has room at the same time, at `t_s` or later."""
    start, end = run(d, calendar, t_s, work_s, pausable)
    stable = 0
    k = 0
    while stable < chosen and start < NEVER:
        lane = w.team[TEAM_LANE, k]
        s, e, after = fit(d, w, lane, w.team[TEAM_AFTER, k], calendar, start, work_s, pausable, family)
        w.team[TEAM_AFTER, k] = after
        stable = stable + 1 if s == start else 1
        start, end = s, e
        k = (k + 1) % chosen
    return start, end


@njit(cache=True, nogil=True, _nrt=False)
def any_later(w, chosen):
    """True when a lane of the team has work after the place found: the others must look whether they still fit."""
    for k in range(chosen):
        after = w.team[TEAM_AFTER, k]
        if (w.lane[w.team[TEAM_LANE, k], FIRST] if after < 0 else w.slot[after, NEXT]) >= 0:
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False)
def gather(d, w, mode, low, high, t_s, pausable, family):
    """(start_s, end_s, lanes) of a team for `mode` whose first lane is in `pool_lane[low:high]`, into `team_*`."""
    work_s = d.mode[mode, WORK_S]
    calendar = 0
    chosen = 0
    start, end = t_s, NEVER
    first = d.mode[mode, FIRST_DEMAND]
    for demand in range(first, d.mode[mode + 1, FIRST_DEMAND]):
        for turn in range(d.demand[demand, QUANTITY]):
            if demand == first and turn == 0:
                a, b = low, high
            else:
                a, b = d.demand[demand, LOW], d.demand[demand, HIGH]
            lane, after, s, e = best_lane(d, w, a, b, chosen, calendar, start, work_s, pausable, family)
            if lane < 0:
                return NEVER, NEVER, 0
            w.team[TEAM_LANE, chosen] = lane
            w.team[TEAM_AFTER, chosen] = after
            calendar = joint(d, calendar, d.lane[lane, CALENDAR])
            chosen += 1
            start, end = s, e
    if chosen > 1 and any_later(w, chosen):
        start, end = settle(d, w, chosen, calendar, start, work_s, pausable, family)
    return start, end, chosen


@njit(cache=True, nogil=True, _nrt=False)
def choose(d, w, op, t_s):
    """(mode, start_s, end_s, setup_s, lanes) of the earliest end of `op` from `t_s` on, the team into `pick_*`."""
    best, start, end, setup_s, width = -1, NEVER, NEVER, 0, 0
    for mode in range(d.op[op, FIRST_MODE], d.op[op + 1, FIRST_MODE]):
        first = d.mode[mode, FIRST_DEMAND]
        demands = d.mode[mode + 1, FIRST_DEMAND] - first
        if demands == 0:
            s, e = run(d, 0, t_s, d.mode[mode, WORK_S], True)
            if e < end:
                best, start, end, setup_s, width = mode, s, e, 0, 0
            continue
        low, high = d.demand[first, LOW], d.demand[first, HIGH]
        step = 1 if demands > 1 and d.demand[first, QUANTITY] == 1 else high - low
        for i in range(low, high, max(step, 1)):
            if step == 1 and max(t_s, w.lane[d.pool_lane[i], OPENS]) + d.mode[mode, WORK_S] > end:
                continue
            s, e, chosen = gather(d, w, mode, i, i + step, t_s, d.op[op, PAUSABLE], d.op[op, FAMILY])
            if e >= end:
                continue
            best, start, end, setup_s, width = mode, s, e, 0, chosen
            for k in range(chosen):
                w.team[PICK_LANE, k] = w.team[TEAM_LANE, k]
                w.team[PICK_AFTER, k] = w.team[TEAM_AFTER, k]
                before = free_from(d, w, w.team[TEAM_LANE, k], w.team[TEAM_AFTER, k])[1]
                setup_s += setup_between(d, w.team[TEAM_LANE, k], before, d.op[op, FAMILY])
    return best, start, end, setup_s, width


@njit(cache=True, nogil=True, _nrt=False)
def opening(d, w, op):
    """No team for `op` has all its lanes free and at work before this moment (s)."""
    opens_s = NEVER
    for mode in range(d.op[op, FIRST_MODE], d.op[op + 1, FIRST_MODE]):
        all_s = 0
        for demand in range(d.mode[mode, FIRST_DEMAND], d.mode[mode + 1, FIRST_DEMAND]):
            first_s = NEVER
            for i in range(d.demand[demand, LOW], d.demand[demand, HIGH]):
                first_s = min(first_s, w.lane[d.pool_lane[i], OPENS])
            all_s = max(all_s, first_s)
        opens_s = min(opens_s, all_s)
    return opens_s


@njit(cache=True, nogil=True, _nrt=False)
def undelayed(d, w, op, t_s, mode, width):
    """Start in s that the team picked for `op` could have if it needed no setup: the moment to decide."""
    calendar = 0
    for k in range(width):
        t_s = max(t_s, free_from(d, w, w.team[PICK_LANE, k], w.team[PICK_AFTER, k])[0])
        calendar = joint(d, calendar, d.lane[w.team[PICK_LANE, k], CALENDAR])
    return run(d, calendar, t_s, d.mode[mode, WORK_S], d.op[op, PAUSABLE])[0]


@njit(cache=True, nogil=True, _nrt=False)
def place(d, w, op, mode, start_s, end_s, width, insert):
    """Write the team picked last into the timetable; with `insert` gaps before it stay open."""
    w.job[op, MODE] = mode
    w.job[op, START] = start_s
    w.job[op, END] = end_s
    for k in range(width):
        slot = d.op[op, FIRST_SLOT] + k
        lane = w.team[PICK_LANE, k]
        after = w.team[PICK_AFTER, k]
        w.slot[slot, LANE] = lane
        w.slot[slot, START] = start_s
        w.slot[slot, END] = end_s
        w.slot[slot, FAMILY_OF] = d.op[op, FAMILY]
        if after < 0:
            w.slot[slot, NEXT] = w.lane[lane, FIRST]
            w.lane[lane, FIRST] = slot
        else:
            w.slot[slot, NEXT] = w.slot[after, NEXT]
            w.slot[after, NEXT] = slot
        if not insert:
            w.lane[lane, TAIL] = slot
            w.lane[lane, OPENS] = run(d, d.lane[lane, CALENDAR], max(0, w.slot[slot, END]), 0, True)[0]


@njit(cache=True, nogil=True, _nrt=False)
def ready_at(d, w, op, not_before_s):
    """Earliest start in s that release, predecessors and `not_before_s` allow."""
    t_s = max(0, d.op[op, RELEASE_S], not_before_s[op])
    for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
        before = d.pred[a, OP]
        base_s = w.job[before, END] if d.pred[a, KIND] == END_START else w.job[before, START]
        t_s = max(t_s, base_s + d.pred[a, LAG_S])
    return t_s


@njit(cache=True, nogil=True)
def waits_for(d):
    """Per operation the number of predecessors still to be placed."""
    n = d.op.shape[0] - 1
    missing = np.zeros(n, np.int64)
    for op in range(n):
        for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
            missing[op] += 1 - d.op[d.pred[a, OP], FIXED]
    return missing
