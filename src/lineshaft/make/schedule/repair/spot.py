"""Where one operation can go by its own rules: working time, what stays on its lanes, setups from what is before it."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.dispatch.deck import (
    CALENDAR,
    FAMILY,
    FIRST_SUCC,
    LOT,
    PAUSABLE,
    SET_FOR,
    WORK_S,
    Deck,
)
from lineshaft.make.schedule.dispatch.hours import NEVER, after_setup, joint, run
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.repair.laid import lay
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import Ints

FREE, CLOSED, HELD, SETUP, BEYOND = range(5)


class Team(NamedTuple):
    """A mode and lanes for it in demand order."""

    mode: int
    lanes: tuple[int, ...]


class Spot(NamedTuple):
    """The first place from a time on; `why` (lane, other operation) is what stands against that time itself."""

    start_s: int
    end_s: int
    why: int
    lane: int
    other: int


class Around:
    """One operation and what is around it in a plan.

    `stays` may not move; `moving` is the operation itself with all that must follow it and may move.
    """

    def __init__(self, deck: Deck, standing: Standing, op: int) -> None:
        self.deck, self.standing, self.op = deck, standing, op
        self.stays = standing.stays
        self.moving = downstream(deck, op, self.stays)
        self._slot_op = np.repeat(np.arange(len(self.stays)), np.diff(standing.slot_ptr))

    @cached_property
    def lot_s(self) -> Ints:
        """When the first transfer lot of every operation is done (s)."""
        return lay(self.deck, self.standing, self.stays).job[:, LOT]

    @property
    def team(self) -> Team:
        """The mode and lanes that the operation has."""
        return Team(int(self.standing.mode[self.op]), tuple(self.standing.lanes(self.op).tolist()))

    def spot(self, team: Team, at_s: int) -> Spot:
        """Where a team first has time for the operation, by its own rules and those of what stays."""
        now, lanes = self.standing, np.array(team.lanes, dtype=np.int64)
        at = (now.team, self._slot_op, now.start_s, now.end_s, self.moving, self.stays)
        return Spot(*first_time(self.deck, *at, lanes, self.op, team.mode, max(0, at_s)))

    def idle_first(self, mode: int, pool: list[int], at_s: int) -> list[int]:
        """Lanes of a pool, those with the least work in the way first."""
        now, lanes = self.standing, np.array(pool, dtype=np.int64)
        at = (now.team, self._slot_op, now.start_s, now.end_s, self.moving)
        end_s = at_s + int(self.deck.mode[mode, WORK_S])
        in_the_way_s: Ints = work_in_the_way(self.deck, *at, lanes, at_s, end_s)
        return list(lanes[np.lexsort((lanes, in_the_way_s))].tolist())


@njit(cache=True, nogil=True)
def downstream(d, op, stays):
    """`op` and all that must follow it and may move."""
    found = np.zeros(stays.size, np.bool_)
    stack = np.empty(stays.size, np.int64)
    stack[0], size = op, 1
    found[op] = True
    while size > 0:
        size -= 1
        here = stack[size]
        for a in range(d.op[here, FIRST_SUCC], d.op[here + 1, FIRST_SUCC]):
            later = d.succ[a]
            if not found[later] and not stays[later]:
                found[later] = True
                stack[size] = later
                size += 1
    return found


@njit(cache=True, nogil=True)
def on_lanes(d, team, slot_op, skip, lanes):
    """(operation, position in `lanes`) of everything on some lanes."""
    turn = np.full(d.lane.shape[0], -1, np.int64)
    for k in range(lanes.size):
        turn[lanes[k]] = k
    found, size = np.empty((team.size, 2), np.int64), 0
    for i in range(team.size):
        if team[i] >= 0 and turn[team[i]] >= 0 and not skip[slot_op[i]]:
            found[size, 0], found[size, 1] = slot_op[i], turn[team[i]]
            size += 1
    return found[:size]


@njit(cache=True, nogil=True)
def first_time(d, team, slot_op, start_s, end_s, skip, stays, lanes, op, mode, t_s):
    """(start_s, end_s, why, lane, other): the first time from `t_s` on, and what stands against `t_s` itself.

    `skip`: operations that are not in its way, for they move with it. `why` is FREE when it can start at `t_s`.
    """
    near = on_lanes(d, team, slot_op, skip, lanes)
    calendar = 0
    for lane in lanes:
        calendar = joint(d, calendar, d.lane[lane, CALENDAR])
    pausable = d.op[op, PAUSABLE] or lanes.size == 0
    why, where, whom = FREE, -1, -1
    now = t_s
    while True:
        start, end = run(d, calendar, now, d.mode[mode, WORK_S], pausable)
        if start >= NEVER:
            return NEVER, NEVER, BEYOND if why == FREE else why, where, whom
        if start > now and why == FREE:
            why = CLOSED
        now = start
        for k in range(lanes.size):
            clash, until, other = obstacle(d, near, k, lanes[k], start_s, end_s, stays, op, start, end)
            if clash != FREE:
                if why == FREE:
                    why, where, whom = clash, lanes[k], other
                now = until
                break
        if now == start:
            return start, end, why, where, whom
        if now >= NEVER:
            return NEVER, NEVER, why, where, whom


@njit(cache=True, nogil=True)
def obstacle(d, near, k, lane, start_s, end_s, stays, op, start, end):
    """(what, until when, whose) stands against [start, end) on one lane: what stays, or the setup after what is before."""
    last, following, free_s = -1, -1, 0
    for i in range(near.shape[0]):
        other = near[i, 0]
        if near[i, 1] != k:
            continue
        if stays[other] and start_s[other] < end and end_s[other] > start:
            return HELD, end_s[other], other
        if end_s[other] <= start and (start_s[other], end_s[other], other) < (start, end, op):
            free_s = max(free_s, end_s[other])
            if last < 0 or (start_s[other], end_s[other], other) > (start_s[last], end_s[last], last):
                last = other
        elif following < 0 or (start_s[other], end_s[other], other) < (
            start_s[following],
            end_s[following],
            following,
        ):
            following = other
    family = d.lane[lane, SET_FOR] if last < 0 else d.op[last, FAMILY]
    ready_s = after_setup(d, lane, free_s, family, d.op[op, FAMILY])
    if ready_s > start:
        return SETUP, ready_s, last
    if following >= 0 and stays[following]:
        clear_s = after_setup(d, lane, end, d.op[op, FAMILY], d.op[following, FAMILY])
        if clear_s > start_s[following]:
            return HELD, max(end_s[following], start + 1), following
    return FREE, start, -1


@njit(cache=True, nogil=True)
def work_in_the_way(d, team, slot_op, start_s, end_s, skip, lanes, start, end):
    """Per lane of `lanes` the seconds of work that lie in [start, end)."""
    near = on_lanes(d, team, slot_op, skip, lanes)
    found = np.zeros(lanes.size, np.int64)
    for i in range(near.shape[0]):
        other = near[i, 0]
        found[near[i, 1]] += max(0, min(end, end_s[other]) - max(start, start_s[other]))
    return found
