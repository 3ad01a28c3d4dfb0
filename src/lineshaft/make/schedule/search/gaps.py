"""Steps placed where there is room for them: in the first gap in which all lanes of a team stand idle together.

Rules that look no further than the next free lane leave gaps, on people above all. Placing all steps of a plan anew in
the order of their starts closes many of them. Of lanes on which a step ends as soon, it takes the one that fewest others
look for.

Sources: serial schedule generation with insertion, Kolisch 1996, doi:10.1016/0377-2217(95)00357-6; insertion of one step
into a plan, Artigues and Roubellat 2000, doi:10.1016/S0377-2217(99)00496-8.
"""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch.deck import CALENDAR, FIRST_DEMAND, HIGH, LOAD, LOW, QUANTITY, WORK_S
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.propagate import (
    END,
    FAMILY,
    FIRST_SLOT,
    FIXED,
    LANE,
    MODE,
    OPEN,
    PAUSABLE,
    START,
    WORK,
    Field,
    lane_ready,
    place_at,
    put_on,
    take_off,
    work_ready,
)
from lineshaft.make.schedule.search.sequences import closed_up, plan_of, timetable_of
from lineshaft.make.schedule.shop import Ints, Shop, Timetable

SETTLING = 64


@njit(cache=True, nogil=True, _nrt=False)
def first_gap(f, p, v, lane, calendar, t_s, work_s, end_by):
    """(start, end) in s of the first room on `lane` for v, lifted, from `t_s` on; (NEVER, NEVER) from `end_by` on."""
    d, family = f.deck, f.step[v, FAMILY]
    for place in range(place_at(f, p, lane, t_s), p.size[lane] + 1):
        last, until_s, after = place == p.size[lane], NEVER, -1
        if not last:
            after = f.holder[p.seq[f.base[lane] + place]]
            until_s = p.time[after, START]
        if until_s < t_s + work_s:
            continue
        at_s = max(t_s, lane_ready(f, p, lane, place, family))
        if at_s >= end_by:
            break
        if until_s < at_s + work_s:
            continue
        start_s, end_s = run(d, calendar, at_s, work_s, f.step[v, PAUSABLE])
        if end_s >= end_by:
            break
        if last or after_setup(d, lane, end_s, family, f.step[after, FAMILY]) <= until_s:
            return start_s, end_s
    return NEVER, NEVER


@njit(cache=True, nogil=True, _nrt=False)
def taken(team, chosen, lane):
    """True when `lane` is among the first of the team."""
    for k in range(chosen):
        if team[k] == lane:
            return True
    return False


@njit(cache=True, nogil=True, _nrt=False)
def first_lane(f, p, v, low, high, calendar, t_s, work_s, end_by, team, chosen, price_s):
    """(lane, start) of the lane in `pool_lane[low:high]`, not yet in the team, that has room first; (-1, NEVER) for none."""
    d = f.deck
    best, best_start_s, least = -1, NEVER, NEVER
    for i in range(low, high):
        lane = d.pool_lane[i]
        if t_s + work_s + price_s[lane] >= least or taken(team, chosen, lane):
            continue
        both = joint(d, calendar, d.lane[lane, CALENDAR])
        if both < 0:
            continue
        start_s, end_s = first_gap(f, p, v, lane, both, t_s, work_s, end_by)
        if end_s < end_by and end_s + price_s[lane] < least:
            best, best_start_s, least = lane, start_s, end_s + price_s[lane]
    return best, best_start_s


@njit(cache=True, nogil=True, _nrt=False)
def team_gap(f, p, v, mode, low, high, t_s, end_by, team, price_s):
    """(start, end, calendar, price) of the first room from `t_s` on for a team of which the first lane is in `pool_lane[low:high]`."""
    d, work_s = f.deck, f.deck.mode[mode, WORK_S]
    first = d.mode[mode, FIRST_DEMAND]
    for _ in range(SETTLING):
        start_s, calendar, chosen, price = t_s, 0, 0, 0
        for demand in range(first, d.mode[mode + 1, FIRST_DEMAND]):
            for turn in range(d.demand[demand, QUANTITY]):
                a, b = d.demand[demand, LOW], d.demand[demand, HIGH]
                if demand == first and turn == 0:
                    a, b = low, high
                lane, start_s = first_lane(
                    f, p, v, a, b, calendar, start_s, work_s, end_by, team, chosen, price_s
                )
                if lane < 0:
                    return NEVER, NEVER, -1, 0
                team[chosen] = lane
                price += price_s[lane]
                calendar = joint(d, calendar, d.lane[lane, CALENDAR])
                chosen += 1
        later_s, end_s = all_at(f, p, v, calendar, start_s, work_s, end_by, team, chosen)
        if end_s >= end_by:
            break
        if later_s == start_s:
            return start_s, end_s, calendar, price
        t_s = later_s
    return NEVER, NEVER, -1, 0


@njit(cache=True, nogil=True, _nrt=False)
def all_at(f, p, v, calendar, t_s, work_s, end_by, team, chosen):
    """(start, end) of v on the first lane of a team that has no room at `t_s`, or on all of them where all have."""
    start_s, end_s = t_s, NEVER
    for k in range(chosen):
        start_s, end_s = first_gap(f, p, v, team[k], calendar, t_s, work_s, end_by)
        if start_s != t_s:
            break
    return start_s, end_s


@njit(cache=True, nogil=True, _nrt=False)
def find_gap(f, p, v, low, high, t_s, team, best, price_s):
    """(mode, start, calendar) with which v, on no lane, ends first from `t_s` on, of modes `low` to `high`; lanes into `best`.

    (-1, NEVER, -1) where there is no room for any.
    """
    d = f.deck
    slots = f.step[v + 1, FIRST_SLOT] - f.step[v, FIRST_SLOT]
    found, found_start_s, found_calendar, least = -1, NEVER, -1, NEVER
    for mode in range(low, high):
        first, last = d.mode[mode, FIRST_DEMAND], d.mode[mode + 1, FIRST_DEMAND]
        if first == last:
            end_s = run(d, 0, t_s, d.mode[mode, WORK_S], True)[1]
            if end_s < least:
                found, found_start_s, found_calendar, least = mode, t_s, 0, end_s
                for k in range(slots):
                    best[k] = -1
            continue
        one_by_one = last - first > 1 and d.demand[first, QUANTITY] == 1
        width = 1 if one_by_one else d.demand[first, HIGH] - d.demand[first, LOW]
        for i in range(d.demand[first, LOW], d.demand[first, HIGH], width):
            for k in range(slots):
                team[k] = -1
            start_s, end_s, calendar, price = team_gap(f, p, v, mode, i, i + width, t_s, least, team, price_s)
            if end_s < NEVER and end_s + price < least:
                found, found_start_s, found_calendar, least = mode, start_s, calendar, end_s + price
                for k in range(slots):
                    best[k] = team[k]
    return found, found_start_s, found_calendar


@njit(cache=True, nogil=True, _nrt=False)
def place_first(f, p, v, low, high, team, best, price_s):
    """Place v, on no lane, where it ends first and puts nobody off, in one of modes `low` to `high`; False where nowhere."""
    mode, start_s, calendar = find_gap(f, p, v, low, high, work_ready(f, p, v), team, best, price_s)
    if mode < 0:
        return False
    work_s = f.deck.mode[mode, WORK_S]
    p.time[v, START], p.time[v, END] = run(f.deck, calendar, start_s, work_s, f.step[v, PAUSABLE])
    p.time[v, WORK], p.job[v, MODE], p.job[v, OPEN] = work_s, mode, calendar
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        lane = best[slot - f.step[v, FIRST_SLOT]]
        if lane >= 0:
            put_on(f, p, slot, lane, place_at(f, p, lane, start_s))
    return True


@njit(cache=True, nogil=True, _nrt=False)
def place_all(f, p, steps, team, best, price_s):
    """Take all of `steps` off their lanes and place them one after the other, in their modes; False where one finds no room."""
    for v in steps:
        if not f.step[v, FIXED]:
            lay_down(f, p, v)
    for v in steps:
        mode = p.job[v, MODE]
        if not f.step[v, FIXED] and not place_first(f, p, v, mode, mode + 1, team, best, price_s):
            return False
    return True


@njit(cache=True, nogil=True, _nrt=False)
def lay_down(f, p, v):
    """Take v off its lanes and forget them."""
    take_off(f, p, v)
    for slot in range(f.step[v, FIRST_SLOT], f.step[v + 1, FIRST_SLOT]):
        p.held[slot, LANE] = -1


def placed(shop: Shop, field: Field, timetable: Timetable) -> Timetable:
    """All steps of a timetable placed anew in the order of their starts, each in its mode, and in gaps too.

    The timetable as it is where its starts give no order, a step finds no room or comes too late after another.
    """
    field = field._replace(release_s=field.release_s.copy())  # `settled` delays what comes too late
    plan = plan_of(shop, field, timetable)
    if plan is None:
        return timetable
    team, best = np.full((2, plan.old.shape[1]), -1, dtype=np.int64)
    if not place_all(field, plan, plan.order, team, best, prices(field)):
        return timetable
    found = timetable_of(field, plan.job[:, MODE], plan.time, plan.held[:, LANE])
    return closed_up(shop, field, found) or timetable


def prices(field: Field) -> Ints:
    """Seconds that decide between lanes on which a step ends as soon: fewest where fewest steps look for the lane."""
    return np.unique(field.deck.lane[:, LOAD], return_inverse=True)[1].astype(np.int64)
