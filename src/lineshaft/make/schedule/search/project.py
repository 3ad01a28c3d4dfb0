"""Projects: work around the clock on pools of like lanes, where how many lanes a step holds is all that counts."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lineshaft.make.schedule.dispatch.deck import successors, table
from lineshaft.make.schedule.search.project_kernels import Net
from lineshaft.make.schedule.shop import ALWAYS, END_START, NEVER_S, Ints, Shop, Timetable


@dataclass(frozen=True)
class Project:
    """A shop whose pools are equal or disjoint: each is one resource with a capacity.

    `net` counts time in units of `unit_s`; `lanes[r]` are the lanes of resource r, `resource[pool]` is that of each pool.
    """

    shop: Shop
    net: Net
    unit_s: int
    lanes: list[list[int]]
    resource: Ints


def pooled(shop: Shop) -> Project | None:
    """The shop as a project; None where a step's lanes, calendars, setups, greatest lags or fixed work matter.

    A shop in which every step holds one lane of a pool is left to the methods for machines, unless it has budgets.
    """
    used = np.unique(shop.pool_lane)
    setups = bool((shop.lane_group[used] >= 0).any() and shop.setup_s.any() and (shop.op_family >= 0).any())
    arcs = bool((shop.pred_kind != END_START).any() or (shop.pred_lag_max_s < NEVER_S).any())
    instant = np.repeat(shop.mode_s == 0, np.diff(shop.demand_ptr))
    cumulative = bool((shop.demand_quantity > 1).any() or len(shop.budget))
    closed = bool((shop.lane_calendar[used] != ALWAYS).any())
    if not shop.n_ops or shop.fixed.any() or setups or arcs or closed or instant.any() or not cumulative:
        return None
    number: dict[tuple[int, ...], int] = {}
    for low, high in pairwise(shop.pool_ptr):
        number.setdefault(tuple(shop.pool_lane[low:high].tolist()), len(number))
    lanes = [list(lane) for lane in number]
    if sum(map(len, lanes)) > len(used):
        return None
    resource = np.array([number[tuple(shop.pool_lane[a:b].tolist())] for a, b in pairwise(shop.pool_ptr)])
    resource = resource.astype(np.int64)
    return Project(shop, *make_net(shop, lanes, resource), lanes, resource)


def make_net(shop: Shop, lanes: list[list[int]], resource: Ints) -> tuple[Net, int]:
    """The arrays of a project and their unit of time (s): what divides all times."""
    unit_s = max(1, int(np.gcd.reduce(np.concatenate([shop.mode_s, shop.pred_lag_s, shop.op_release_s]))))
    need = np.zeros((len(shop.mode_s), len(lanes)), dtype=np.int64)
    mode = np.repeat(np.arange(len(shop.mode_s)), np.diff(shop.demand_ptr))
    np.add.at(need, (mode, resource[shop.demand_pool]), shop.demand_quantity)
    capacity = np.array([len(lane) for lane in lanes], dtype=np.int64)
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    succ_ptr, succ_op = successors(shop.n_ops, shop.pred_ptr, shop.pred_op)
    by_before = np.argsort(shop.pred_op, kind="stable")
    rank = np.empty(shop.n_ops, dtype=np.int64)
    rank[shop.topo] = np.arange(shop.n_ops)
    lag = shop.pred_lag_s // unit_s
    assert np.array_equal(succ_op, later[by_before])
    work = shop.mode_s // unit_s
    net = Net(
        op=table(
            shop.pred_ptr,
            succ_ptr,
            shop.mode_ptr,
            np.append(shop.op_release_s // unit_s, 0),
            np.append(rank, 0),
        ),
        topo=np.array(shop.topo, dtype=np.int64),
        pred=table(shop.pred_op, lag),
        succ=table(succ_op, lag[by_before]),
        work=np.array(work, dtype=np.int64),
        need=need,
        capacity=capacity,
        spend=np.ascontiguousarray(shop.mode_spend, dtype=np.int64).reshape(len(work), len(shop.budget)),
        budget=np.array(shop.budget, dtype=np.int64),
        load=(need / capacity).sum(axis=1) * work,
    )
    return net, unit_s


def tails(net: Net) -> Ints:
    """Longest way (units) from each activity's start to the end, with its shortest modes."""
    shortest = np.minimum.reduceat(net.work, net.op[:-1, 2])
    tail = shortest.copy()
    for op in net.topo[::-1].tolist():
        for i in range(net.op[op, 1], net.op[op + 1, 1]):
            tail[op] = max(tail[op], shortest[op] + net.succ[i, 1] + tail[net.succ[i, 0]])
    return tail


def to_timetable(project: Project, start: Ints, mode: Ints) -> Timetable:
    """Lanes for a plan (starts in units): whoever begins takes the lowest free lanes of its pools.

    That always works: no more of a pool is held at any time than it has.
    """
    shop = project.shop
    start_s, end_s = start * project.unit_s, (start + project.net.work[mode]) * project.unit_s
    free = [list(lane) for lane in project.lanes]
    held: list[list[int]] = [[] for _ in range(shop.n_ops)]
    busy: list[tuple[int, int, int]] = []
    for op in np.lexsort((end_s, start_s)).tolist():
        while busy and busy[0][0] <= start_s[op]:
            _, resource, lane = heapq.heappop(busy)
            heapq.heappush(free[resource], lane)
        for demand in range(shop.demand_ptr[mode[op]], shop.demand_ptr[mode[op] + 1]):
            resource = int(project.resource[shop.demand_pool[demand]])
            for _ in range(shop.demand_quantity[demand]):
                lane = heapq.heappop(free[resource])
                heapq.heappush(busy, (int(end_s[op]), resource, lane))
                held[op].append(lane)
    lane_ptr = np.concatenate(([0], np.cumsum([len(lanes) for lanes in held]))).astype(np.int64)
    lane = np.array([lane for lanes in held for lane in lanes], dtype=np.int64)
    return Timetable(mode.astype(np.int64), start_s, end_s, lane_ptr, lane)
