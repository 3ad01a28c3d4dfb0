"""A timetable in the making: where on which lanes the next operation fits, with every constraint of `Shop`.

Lanes are chosen greedily: earliest end, then earliest start, then the lane least sought after. A team of several
lanes is tried with each lane of its first demand in turn.
"""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch.deck import (
    BAYS,
    CALENDAR,
    END,
    ENDS,
    FAMILY,
    FAMILY_OF,
    FIRST,
    FIRST_DEMAND,
    FIRST_MODE,
    FIRST_PRED,
    FIRST_S,
    FIRST_SLOT,
    FIRST_SUCC,
    FIXED,
    FROM,
    HIGH,
    KIND,
    LAG_S,
    LANE,
    LANES,
    LAST_S,
    LOAD,
    LOT,
    LOTS,
    LOW,
    MACHINES,
    MASS,
    MASS_MAX,
    MIX,
    MIX_OF,
    MODE,
    NEEDS,
    NEXT,
    OP,
    OPENS,
    PAUSABLE,
    PICK_AFTER,
    PICK_LANE,
    QUANTITY,
    RELEASE_S,
    ROOM,
    SET_FOR,
    START,
    TAIL,
    TEAM_AFTER,
    TEAM_LANE,
    TO,
    WORK_S,
)
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run, setup_between
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.shop import END_END, END_START, OVERLAP, START_START


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
def load_to_join(d, w, op, lane, t_s, work_s):
    """Slot of a load on batch lane `lane` that `op`, ready at `t_s`, may join; -1 for none."""
    slot = w.lane[lane, TAIL]
    if slot < 0:
        slot = w.lane[lane, FIRST]
    while slot >= 0:
        same = w.slot[slot, MIX_OF] == d.op[op, MIX] and w.slot[slot, FAMILY_OF] == d.op[op, FAMILY]
        if same and w.slot[slot, START] >= t_s and w.slot[slot, ROOM] >= d.op[op, MASS]:
            start, end = run(d, d.lane[lane, CALENDAR], w.slot[slot, START], work_s, d.op[op, PAUSABLE])
            if start == w.slot[slot, START] and end <= w.slot[slot, END]:
                return slot
        slot = w.slot[slot, NEXT]
    return -1


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def was_tried(w, which, calendar, from_s):
    """True when a lane of that calendar, which opened no later and needed no setup, has been tried in this search."""
    return w.tried[calendar, which] == w.tried[-1, which] and w.tried[calendar, which + 1] <= from_s


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def note_tried(w, which, calendar, from_s):
    """Note a lane of that calendar that needed no setup."""
    w.tried[calendar, which] = w.tried[-1, which]
    w.tried[calendar, which + 1] = from_s


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def soonest(d, w, low, high, chosen, t_s):
    """Where in `pool_lane[low:high]` the first lane stands of those that open first from `t_s` on."""
    best, opens_s = low, NEVER
    for i in range(low, high):
        from_s = max(t_s, w.lane[d.pool_lane[i], OPENS])
        if from_s < opens_s and not is_taken(w, chosen, d.pool_lane[i]):
            best, opens_s = i, from_s
    return best


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def best_lane(d, w, op, low, high, chosen, calendar, t_s, work_s, alone):
    """(lane, slot, start_s, end_s) of the lane in `pool_lane[low:high]` on which the team so far ends first.

    `alone`: the lane is all that the mode holds, so that it may join a load: the slot is then -2 - that of the load.
    """
    pausable, family = d.op[op, PAUSABLE], d.op[op, FAMILY]
    lane, slot, start, end, load = -1, -1, NEVER, NEVER, 0
    w.tried[-1, LANES] += 1
    first = soonest(d, w, low, high, chosen, t_s)
    for turn in range(low - 1, high):
        if turn == first:
            continue
        other = d.pool_lane[first if turn < low else turn]
        if alone and d.op[op, MIX] >= 0 and d.lane[other, MASS_MAX] > 0:
            joined = load_to_join(d, w, op, other, t_s, work_s)
            if joined >= 0 and w.slot[joined, END] <= end:
                lane, slot, load = other, -2 - joined, d.lane[other, LOAD]
                start, end = w.slot[joined, START], w.slot[joined, END]
                continue
        from_s = max(t_s, w.lane[other, OPENS])
        if from_s + work_s > end:
            continue
        both = joint(d, calendar, d.lane[other, CALENDAR])
        if both < 0 or was_tried(w, LANES, both, from_s) or is_taken(w, chosen, other):
            continue
        if d.lane[other, MASS_MAX] > 0 and d.op[op, MASS] > d.lane[other, MASS_MAX]:
            continue
        tail = w.lane[other, TAIL]
        s, e, after = fit(d, w, other, tail, both, t_s, work_s, pausable, family)
        if e < end or (e == end and e < NEVER and (s, d.lane[other, LOAD]) < (start, load)):
            lane, slot, start, end, load = other, after, s, e, d.lane[other, LOAD]
        if after == tail and setup_between(d, other, free_from(d, w, other, tail)[1], family) == 0:
            note_tried(w, LANES, both, from_s)
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


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def gather(d, w, op, mode, low, high, t_s):
    """(start_s, end_s, lanes) of a team for `mode` whose first lane is in `pool_lane[low:high]`, into `team_*`."""
    work_s = d.mode[mode, WORK_S]
    calendar = 0
    chosen = 0
    start, end = t_s, NEVER
    first = d.mode[mode, FIRST_DEMAND]
    alone = d.mode[mode + 1, FIRST_DEMAND] - first == 1 and d.demand[first, QUANTITY] == 1
    for demand in range(first, d.mode[mode + 1, FIRST_DEMAND]):
        for turn in range(d.demand[demand, QUANTITY]):
            if demand == first and turn == 0:
                a, b = low, high
            else:
                a, b = d.demand[demand, LOW], d.demand[demand, HIGH]
            lane, after, s, e = best_lane(d, w, op, a, b, chosen, calendar, start, work_s, alone)
            if lane < 0:
                return NEVER, NEVER, 0
            w.team[TEAM_LANE, chosen] = lane
            w.team[TEAM_AFTER, chosen] = after
            calendar = joint(d, calendar, d.lane[lane, CALENDAR])
            chosen += 1
            start, end = s, e
    if chosen > 1 and any_later(w, chosen):
        start, end = settle(d, w, chosen, calendar, start, work_s, d.op[op, PAUSABLE], d.op[op, FAMILY])
    return start, end, chosen


@njit(cache=True, nogil=True, _nrt=False)
def choose(d, w, op, t_s):
    """(mode, start_s, end_s, setup_s, lanes) of the earliest end of `op` from `t_s` on, the team into `pick_*`."""
    best, best_rank, start, end, setup_s, width = -1, NEVER, NEVER, NEVER, 0, 0
    needs = d.op[op, NEEDS]
    for mode in range(d.op[op, FIRST_MODE], d.op[op + 1, FIRST_MODE]):
        first = d.mode[mode, FIRST_DEMAND]
        demands = d.mode[mode + 1, FIRST_DEMAND] - first
        from_s = max(t_s, least_end(d, w, op, mode) - d.mode[mode, WORK_S]) if needs & ENDS else t_s
        onward_s = onward(d, w, op, mode) if needs & BAYS else 0
        if onward_s >= NEVER:
            continue
        if demands == 0:
            s, e = run(d, 0, from_s, d.mode[mode, WORK_S], True)
            if e + onward_s < best_rank:
                best, best_rank, start, end, setup_s, width = mode, e + onward_s, s, e, 0, 0
            continue
        low, high = d.demand[first, LOW], d.demand[first, HIGH]
        step = 1 if demands > 1 and d.demand[first, QUANTITY] == 1 else high - low
        w.tried[-1, MACHINES] += 1
        one = soonest(d, w, low, high, 0, from_s) if step == 1 else low
        for turn in range(low - 1, high):
            if turn == one or (step > 1 and turn >= low):
                continue
            i = one if turn < low else turn
            lane = d.pool_lane[i]
            opens_s = max(from_s, w.lane[lane, OPENS])
            if step == 1 and opens_s + d.mode[mode, WORK_S] + onward_s > best_rank:
                continue
            if step == 1 and was_tried(w, MACHINES, d.lane[lane, CALENDAR], opens_s):
                continue
            s, e, chosen = gather(d, w, op, mode, i, i + step, from_s)
            change_s = team_setup(d, w, chosen, d.op[op, FAMILY])
            if step == 1 and change_s == 0 and w.team[TEAM_AFTER, 0] == w.lane[lane, TAIL]:
                note_tried(w, MACHINES, d.lane[lane, CALENDAR], opens_s)
            if e + onward_s >= best_rank:
                continue
            best, best_rank, start, end, setup_s, width = mode, e + onward_s, s, e, change_s, chosen
            for k in range(chosen):
                w.team[PICK_LANE, k] = w.team[TEAM_LANE, k]
                w.team[PICK_AFTER, k] = w.team[TEAM_AFTER, k]
    return best, start, end, setup_s, width


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def team_setup(d, w, chosen, family):
    """Seconds of setup that the team being tried needs."""
    setup_s = 0
    for k in range(chosen):
        if w.team[TEAM_AFTER, k] >= -1:
            before = free_from(d, w, w.team[TEAM_LANE, k], w.team[TEAM_AFTER, k])[1]
            setup_s += setup_between(d, w.team[TEAM_LANE, k], before, family)
    return setup_s


@njit(cache=True, nogil=True, _nrt=False)
def least_end(d, w, op, mode):
    """No sooner may `op` end in `mode`: lots still to come in, least lags between ends (s)."""
    end = 0
    for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
        if d.pred[a, KIND] == OVERLAP:
            end = max(end, w.job[d.pred[a, OP], END] + d.mode[mode, LAST_S])
        elif d.pred[a, KIND] == END_END:
            end = max(end, w.job[d.pred[a, OP], END] + d.pred[a, LAG_S])
    return end


@njit(cache=True, nogil=True, _nrt=False)
def onward(d, w, op, mode):
    """Seconds to add to the end of `op` in `mode` when it is compared: what follows a move where it ends; NEVER where it cannot be."""
    for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
        if not follows(d, w.job[d.pred[a, OP], MODE], mode):
            return NEVER
    for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
        after = w.job[d.succ[a], MODE]
        if after >= 0 and not d.op[d.succ[a], FIXED] and not follows(d, mode, after):
            return NEVER
    if d.mode[mode, FROM] < 0:
        return 0
    rest_s = 0
    for a in range(d.op[op, FIRST_SUCC], d.op[op + 1, FIRST_SUCC]):
        later = d.succ[a]
        for b in range(d.op[later, FIRST_PRED], d.op[later + 1, FIRST_PRED]):
            other = w.job[d.pred[b, OP], MODE]
            moved = other >= 0 and d.pred[b, OP] != op and d.mode[other, FROM] >= 0
            if moved and d.mode[other, TO] != d.mode[mode, TO]:
                return NEVER
        least_s = NEVER
        for after in range(d.op[later, FIRST_MODE], d.op[later + 1, FIRST_MODE]):
            if not follows(d, mode, after):
                continue
            opens_s = NEVER if d.mode[after, FIRST_DEMAND] < d.mode[after + 1, FIRST_DEMAND] else 0
            if opens_s == NEVER:
                demand = d.mode[after, FIRST_DEMAND]
                for i in range(d.demand[demand, LOW], d.demand[demand, HIGH]):
                    opens_s = min(opens_s, w.lane[d.pool_lane[i], OPENS])
            least_s = min(least_s, opens_s + d.mode[after, WORK_S])
        rest_s = max(rest_s, least_s)
    return rest_s


@njit(cache=True, nogil=True, _nrt=False)
def follows(d, before, mode):
    """True when `mode` can be where its predecessor's mode `before` (-1: not known yet) left things."""
    if before < 0 or d.mode[before, TO] < 0:
        return True
    if d.mode[mode, FROM] >= 0:
        return d.mode[mode, FROM] == d.mode[before, TO]
    return d.mode[before, FROM] < 0 or d.mode[mode, TO] < 0 or d.mode[mode, TO] == d.mode[before, TO]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def opening(d, w, op):
    """No team for `op` has all its lanes free and at work before this moment (s)."""
    if d.op[op, MIX] >= 0:
        return 0
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
        if w.team[PICK_AFTER, k] < -1:
            return w.slot[-2 - w.team[PICK_AFTER, k], START]
        t_s = max(t_s, free_from(d, w, w.team[PICK_LANE, k], w.team[PICK_AFTER, k])[0])
        calendar = joint(d, calendar, d.lane[w.team[PICK_LANE, k], CALENDAR])
    return run(d, calendar, t_s, d.mode[mode, WORK_S], d.op[op, PAUSABLE])[0]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def place(d, w, op, mode, start_s, end_s, width, insert):
    """Write the team picked last into the timetable; with `insert` gaps before it stay open."""
    w.job[op, MODE] = mode
    w.job[op, START] = start_s
    w.job[op, END] = end_s
    if d.op[op, NEEDS] & LOTS:
        w.job[op, LOT] = first_lot(d, w, op, mode, start_s, width)
    for k in range(width):
        slot = d.op[op, FIRST_SLOT] + k
        lane = w.team[PICK_LANE, k]
        after = w.team[PICK_AFTER, k]
        w.slot[slot, LANE] = lane
        w.slot[slot, START] = start_s
        w.slot[slot, END] = end_s
        w.slot[slot, FAMILY_OF] = d.op[op, FAMILY]
        if after < -1:
            w.slot[-2 - after, ROOM] -= d.op[op, MASS]
            continue
        w.slot[slot, MIX_OF] = d.op[op, MIX]
        w.slot[slot, ROOM] = d.lane[lane, MASS_MAX] - d.op[op, MASS]
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
def first_lot(d, w, op, mode, start_s, width):
    """When the team picked last for `op` has done the first transfer lot (s)."""
    calendar = 0
    for k in range(width):
        calendar = joint(d, calendar, d.lane[w.team[PICK_LANE, k], CALENDAR])
    return run(d, calendar, start_s, d.mode[mode, FIRST_S], d.op[op, PAUSABLE] or width == 0)[1]


@njit(cache=True, nogil=True, _nrt=False, forceinline=True)
def ready_at(d, w, op, not_before_s):
    """Earliest start in s that release, predecessors and `not_before_s` allow."""
    t_s = max(0, d.op[op, RELEASE_S], not_before_s[op])
    for a in range(d.op[op, FIRST_PRED], d.op[op + 1, FIRST_PRED]):
        before = d.pred[a, OP]
        kind = d.pred[a, KIND]
        if kind == END_START:
            t_s = max(t_s, w.job[before, END] + d.pred[a, LAG_S])
        elif kind == START_START:
            t_s = max(t_s, w.job[before, START] + d.pred[a, LAG_S])
        elif kind == OVERLAP:
            t_s = max(t_s, w.job[before, LOT])
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
