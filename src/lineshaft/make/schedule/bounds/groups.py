"""Groups of lanes that certain work cannot leave, each seen as one machine: the ground of the bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from lineshaft.make.schedule.layout.calendars import pointers, ranges
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
    sets = candidate_sets(shop)
    member = np.zeros((len(shop.pool_ptr) - 1, shop.n_lanes), dtype=np.int64)
    member[np.repeat(np.arange(len(member)), np.diff(shop.pool_ptr)), shop.pool_lane] = 1
    size = np.diff(shop.pool_ptr)
    found = []
    for lanes in sets:
        inside = np.zeros(shop.n_lanes, dtype=np.int64)
        inside[list(lanes)] = 1
        work_s = least_work(shop, member @ inside == size)
        found.append((-work_s.sum() / len(lanes), sorted(lanes), work_s))
    found.sort(key=lambda row: (row[0], len(row[1]), row[1]))
    for _, lane, work_s in found[:MOST_GROUPS]:
        op = np.flatnonzero(work_s > 0)
        if len(op):
            yield Group(op, work_s[op], *together(shop, np.array(lane)), shop.horizon_s)


def least_work(shop: Shop, pool_inside: Bools) -> Ints:
    """Lane seconds that each free step must spend on pools inside a group, in its best mode for that."""
    held = np.append(0, np.cumsum(shop.demand_quantity * pool_inside[shop.demand_pool]))
    lanes = held[shop.demand_ptr[1:]] - held[shop.demand_ptr[:-1]]
    work_s = np.minimum.reduceat(lanes * shop.mode_s, shop.mode_ptr[:-1])
    return np.where(shop.fixed, 0, work_s)


def candidate_sets(shop: Shop) -> set[frozenset[int]]:
    """Pools, what a step can choose from for one of its demands, unions of two of these, and what hangs together."""
    pools = [frozenset(shop.pool_lane[a:b].tolist()) for a, b in pairwise(shop.pool_ptr)]
    choices = {frozenset().union(*(pools[pool] for pool in choice)) for choice in demand_choices(shop)}
    sets = set(pools) | choices | set(connected(choices))
    ranked = sorted(choices, key=lambda lanes: (len(lanes), sorted(lanes)))
    if len(ranked) <= MOST_PAIRED:
        sets |= {a | b for a, b in combinations(ranked, 2)}
    sets.add(frozenset(range(shop.n_lanes)))
    return {lanes for lanes in sets if lanes}


def demand_choices(shop: Shop) -> set[tuple[int, ...]]:
    """Pools that the k-th demands of a step's modes name, for every step and k that all its modes have."""
    seen = set()
    pool, demand_ptr = shop.demand_pool.tolist(), shop.demand_ptr.tolist()
    asked = [tuple(pool[a:b]) for a, b in pairwise(demand_ptr)]
    for modes in {tuple(asked[first:last]) for first, last in pairwise(shop.mode_ptr.tolist())}:
        seen |= {tuple(sorted(set(choice))) for choice in zip(*modes)}
    return seen


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
