"""Groups of lanes that certain work cannot leave, each seen as one machine: the ground of the bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.layout.calendars import alike, alike_rows, pointers, ranges
from lineshaft.make.schedule.shop import NEVER_S, Bools, Ints, Shop

MOST_GROUPS = 400
MOST_PAIRED = 24


@dataclass(frozen=True)
class Group:
    """Steps `op` that hold lanes of the group for `work_s` (lane seconds) whatever mode is taken.

    `at_s`, `done`, `speed`: working time of all its lanes together as a piecewise linear function: `done[i]` at
    `at_s[i]`, rising by `speed[i]` a second from there. Nothing is known after `last_s`.
    """

    op: Ints
    work_s: Ints
    at_s: Ints
    done: Ints
    speed: Ints
    last_s: int

    def worked(self, time_s: Ints) -> Ints:
        """Working time of all lanes before each time."""
        i = np.searchsorted(self.at_s, time_s, side="right") - 1
        inside = self.done[i] + self.speed[i] * (np.minimum(time_s, self.last_s) - self.at_s[i])
        return np.where(i < 0, 0, inside)

    def time_of(self, worked: Ints) -> Ints:
        """The earliest whole second before which that much is worked; `last_s` where it never is."""
        i = np.clip(np.searchsorted(self.done, worked, side="left") - 1, 0, len(self.at_s) - 1)
        wait = -((self.done[i] - worked) // np.maximum(self.speed[i], 1))
        return np.where(worked > self.done[-1], self.last_s, np.where(worked <= 0, 0, self.at_s[i] + wait))


def pool_calendars(shop: Shop) -> tuple[Ints, Ints]:
    """The different calendars of each pool's lanes (CSR)."""
    n_cal = len(shop.cal_ptr) - 1
    pool = np.repeat(np.arange(len(shop.pool_ptr) - 1), np.diff(shop.pool_ptr))
    pairs = np.unique(pool * n_cal + shop.lane_calendar[shop.pool_lane])
    return pointers(np.bincount(pairs // n_cal, minlength=len(shop.pool_ptr) - 1)), pairs % n_cal


def lane_groups(shop: Shop) -> Iterator[Group]:
    """Every group that some step cannot leave, those with most work a lane first."""
    teams = different_teams(shop)
    sets = candidate_sets(shop, teams)
    member = np.zeros((len(shop.pool_ptr) - 1, shop.n_lanes), dtype=np.int64)
    member[np.repeat(np.arange(len(member)), np.diff(shop.pool_ptr)), shop.pool_lane] = 1
    size = np.diff(shop.pool_ptr)
    found = []
    for lanes in sets:
        inside = np.zeros(shop.n_lanes, dtype=np.int64)
        inside[list(lanes)] = 1
        op, work_s = least_work(shop, teams, member @ inside == size)
        found.append((-work_s.sum() / len(lanes), sorted(lanes), op, work_s))
    found.sort(key=lambda row: (row[0], len(row[1]), row[1]))
    for _, lane, op, work_s in found[:MOST_GROUPS]:
        if len(op):
            yield Group(op, work_s, *together(shop, np.array(lane)), shop.horizon_s)


class Teams(NamedTuple):
    """What modes and steps ask for, each different team and each different choice of teams once.

    `of_mode`: team of each mode, `pool` and `quantity` of its demands (CSR `ptr`). `of_op`: choice of each step,
    `team` of its modes (CSR `choice_ptr`).
    """

    of_mode: Ints
    ptr: Ints
    pool: Ints
    quantity: Ints
    of_op: Ints
    choice_ptr: Ints
    team: Ints


def different_teams(shop: Shop) -> Teams:
    """Teams and choices of a shop."""
    of_mode = alike_rows(shop.demand_ptr, alike(shop.demand_pool, shop.demand_quantity))
    of_op = alike_rows(shop.mode_ptr, of_mode)
    ptr, row = first_rows(of_mode, shop.demand_ptr)
    choice_ptr, mode = first_rows(of_op, shop.mode_ptr)
    return Teams(
        of_mode, ptr, shop.demand_pool[row], shop.demand_quantity[row], of_op, choice_ptr, of_mode[mode]
    )


def first_rows(kind: Ints, ptr: Ints) -> tuple[Ints, Ints]:
    """CSR pointer of the first row of each kind, and where its values stand."""
    one = np.unique(kind, return_index=True)[1]
    count = ptr[one + 1] - ptr[one]
    return pointers(count), ranges(ptr[one], count)


def least_work(shop: Shop, teams: Teams, pool_inside: Bools) -> tuple[Ints, Ints]:
    """Free steps that cannot do without pools inside a group; lane seconds each spends there in its best mode for that."""
    held = np.append(0, np.cumsum(teams.quantity * pool_inside[teams.pool]))
    lanes = np.diff(held[teams.ptr])
    bound = np.minimum.reduceat(lanes[teams.team], teams.choice_ptr[:-1]) > 0
    op = np.flatnonzero(bound[teams.of_op] & ~shop.fixed)
    count = shop.mode_ptr[op + 1] - shop.mode_ptr[op]
    mode = ranges(shop.mode_ptr[op], count)
    lane_s = lanes[teams.of_mode[mode]] * shop.mode_s[mode]
    work_s = np.minimum.reduceat(lane_s, pointers(count)[:-1]) if len(op) else lane_s
    return op[work_s > 0], work_s[work_s > 0]


def candidate_sets(shop: Shop, teams: Teams) -> set[frozenset[int]]:
    """Pools, what a step can choose from for one of its demands, unions of two of these, and what hangs together."""
    pools = lanes_of_pools(shop)
    choices = lane_choices(teams, pools)
    sets = set(pools) | choices | set(connected(choices))
    ranked = sorted(choices, key=lambda lanes: (len(lanes), sorted(lanes)))
    if len(ranked) <= MOST_PAIRED:
        sets |= {a | b for a, b in combinations(ranked, 2)}
    sets.add(frozenset(range(shop.n_lanes)))
    return {lanes for lanes in sets if lanes}


def lanes_of_pools(shop: Shop) -> list[frozenset[int]]:
    """The lanes of each pool."""
    return [frozenset(shop.pool_lane[a:b].tolist()) for a, b in pairwise(shop.pool_ptr)]


def lane_choices(teams: Teams, pools: list[frozenset[int]]) -> set[frozenset[int]]:
    """Lanes of all pools that the k-th demands of a step's modes name, for every step and k that all its modes have."""
    asked = [[pools[pool] for pool in teams.pool[a:b].tolist()] for a, b in pairwise(teams.ptr)]
    choices = (teams.team[a:b].tolist() for a, b in pairwise(teams.choice_ptr))
    named = {lanes for choice in choices for lanes in zip(*(asked[team] for team in choice))}
    return {frozenset().union(*lanes) for lanes in named}


def connected(sets: set[frozenset[int]]) -> list[frozenset[int]]:
    """Unions of sets that share lanes, directly or through others."""
    parts: list[frozenset[int]] = []
    for lanes in sets:
        touching = [part for part in parts if part & lanes]
        parts = [part for part in parts if not part & lanes]
        parts.append(lanes.union(*touching))
    return parts


def together(shop: Shop, lane: Ints) -> tuple[Ints, Ints, Ints]:
    """`at_s`, `done`, `speed` of lanes working side by side."""
    calendar, count = np.unique(shop.lane_calendar[lane], return_counts=True)
    length = np.diff(shop.cal_ptr)[calendar]
    row = ranges(shop.cal_ptr[calendar], length)
    many = np.repeat(count, length)
    edges = np.concatenate([shop.cal_start[row], shop.cal_end[row]])
    at_s, where = np.unique(edges, return_inverse=True)
    if not len(at_s):
        return np.array([NEVER_S]), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    change = np.bincount(where, weights=np.concatenate([many, -many])).astype(np.int64)
    speed = np.cumsum(change)
    done = np.append(0, np.cumsum(speed[:-1] * np.diff(at_s)))
    return at_s, done, speed
