"""The disjunctive graph: lane sequences, the times they lead to, and what of them is critical.

A plan is, per operation, an *option* (a mode with its lanes) and, per lane, a sequence of operations.
Its *heads* are the earliest starts that the sequences allow (a semi-active timetable); the *tail* of an operation is
the longest way from its end to the end of the plan, measured as makespan less latest end, so that it also holds with calendars.
An operation is critical when head + duration + tail is the makespan.

Sources: Balas 1969 (disjunctive graph); Mastrolilli and Gambardella 2000 (several machines an operation).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numba import njit

from lineshaft.make.schedule import hours, plain
from lineshaft.make.schedule.deck import BEFORE, END, SET_FOR, START, table
from lineshaft.make.schedule.deck import plain as own
from lineshaft.make.schedule.shop import ALWAYS, START_START, Bools, Ints, Shop, Timetable

MAX_OPTIONS = 256


class Net(NamedTuple):
    """A shop as the kernels want it. CSR pairs as in `Shop`.

    Options of operation v: `option_ptr[v]:option_ptr[v + 1]`; each has a mode, working seconds, a calendar and lanes.
    `lane_base[l]:lane_base[l + 1]` is the room for the sequence of lane l. `width` is the most lanes an option holds.
    """

    release_s: Ints
    pred_ptr: Ints
    pred_op: Ints
    pred_kind: Ints
    pred_lag_s: Ints
    succ_ptr: Ints
    succ_op: Ints
    succ_kind: Ints
    succ_lag_s: Ints
    option_ptr: Ints
    option_mode: Ints
    option_s: Ints
    option_cal: Ints
    option_lane_ptr: Ints
    option_lane: Ints
    lane_base: Ints
    lane: Ints
    family: Ints
    setup_s: Ints
    fixed: Bools
    fixed_start_s: Ints
    fixed_end_s: Ints
    pausable: Bools
    cal_ptr: Ints
    span: Ints
    horizon_s: int
    width: int
    setups: bool
    overlaps: bool
    calendars: bool
    plain: bool


class Sol(NamedTuple):
    """Sequences and their times; arrays are changed in place.

    `where[v * width + k]` is the position of v on its k-th lane, `order` a topological order and `rank` its inverse;
    `front_s` is the longest way from its start to the end; `ready_s` and `after_s` are head and tail as the
    order network alone would have them.
    """

    option: Ints
    seq: Ints
    lane_len: Ints
    where: Ints
    order: Ints
    rank: Ints
    start_s: Ints
    end_s: Ints
    tail_s: Ints
    front_s: Ints
    ready_s: Ints
    after_s: Ints
    mark: Ints


def make_net(shop: Shop, timetable: Timetable) -> Net:
    """Turn the shop into options and lane rooms; the timetable's own choices are always among the options."""
    ptr, mode, lane_ptr, lane = _options(shop, timetable)
    succ = _successors(shop)
    rooms = np.zeros(shop.n_lanes + 1, dtype=np.int64)
    owner = np.repeat(np.repeat(np.arange(shop.n_ops), np.diff(ptr)), np.diff(lane_ptr))
    pairs = np.unique(lane * max(shop.n_ops, 1) + owner)
    np.add.at(rooms, pairs // max(shop.n_ops, 1) + 1, 1)
    counts = np.diff(lane_ptr)
    calendars = _option_calendars(shop, lane_ptr, lane)
    setups = bool(shop.setup_s.size and shop.setup_s.max() > 0)
    overlaps = bool((shop.pred_kind == START_START).any())
    timed = bool((calendars != ALWAYS).any())
    return Net(
        release_s=own(shop.op_release_s),
        pred_ptr=own(shop.pred_ptr),
        pred_op=own(shop.pred_op),
        pred_kind=own(shop.pred_kind),
        pred_lag_s=own(shop.pred_lag_s),
        succ_ptr=succ[0],
        succ_op=succ[1],
        succ_kind=succ[2],
        succ_lag_s=succ[3],
        option_ptr=ptr,
        option_mode=mode,
        option_s=shop.mode_s[mode],
        option_cal=calendars,
        option_lane_ptr=lane_ptr,
        option_lane=lane,
        lane_base=np.cumsum(rooms),
        lane=table(shop.lane_calendar, shop.lane_group, shop.lane_family),
        family=own(shop.op_family),
        setup_s=own(shop.setup_s),
        fixed=shop.fixed,
        fixed_start_s=own(shop.fixed_start_s),
        fixed_end_s=own(shop.fixed_end_s),
        pausable=shop.op_pausable,
        cal_ptr=own(shop.cal_ptr),
        span=table(shop.cal_start, shop.cal_end, shop.cal_before),
        horizon_s=shop.horizon_s,
        width=int(counts.max(initial=1)),
        setups=setups,
        overlaps=overlaps,
        calendars=timed,
        plain=bool((counts == 1).all()) and not (setups or overlaps or timed or shop.fixed.any()),
    )


def _options(shop: Shop, timetable: Timetable) -> tuple[Ints, Ints, Ints, Ints]:
    ptr, modes, lane_ptr, lanes = [0], [], [0], []
    for v in range(shop.n_ops):
        own = (
            int(timetable.mode[v]),
            tuple(timetable.lane[timetable.lane_ptr[v] : timetable.lane_ptr[v + 1]].tolist()),
        )
        choices = [own]
        if not shop.fixed[v]:
            for mode in range(shop.mode_ptr[v], shop.mode_ptr[v + 1]):
                choices += [(mode, held) for held in _lane_choices(shop, mode) if (mode, held) != own]
        for mode, held in sorted(choices[:MAX_OPTIONS]):
            modes.append(mode)
            lanes += held
            lane_ptr.append(len(lanes))
        ptr.append(len(modes))
    return tuple(np.array(part, dtype=np.int64) for part in (ptr, modes, lane_ptr, lanes))  # type: ignore[return-value]


def _lane_choices(shop: Shop, mode: int) -> list[tuple[int, ...]]:
    pools = []
    for demand in range(shop.demand_ptr[mode], shop.demand_ptr[mode + 1]):
        pool = shop.demand_pool[demand]
        lanes = shop.pool_lane[shop.pool_ptr[pool] : shop.pool_ptr[pool + 1]].tolist()
        pools += [lanes] * int(shop.demand_quantity[demand])
    choices: list[tuple[int, ...]] = []
    for held in product(*pools):
        if len(set(held)) == len(held):
            choices.append(held)
        if len(choices) >= MAX_OPTIONS:
            break
    return choices


def _successors(shop: Shop) -> tuple[Ints, Ints, Ints, Ints]:
    owner = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    by_pred = np.argsort(shop.pred_op, kind="stable")
    ptr = np.zeros(shop.n_ops + 1, dtype=np.int64)
    np.add.at(ptr, shop.pred_op + 1, 1)
    return np.cumsum(ptr), owner[by_pred], shop.pred_kind[by_pred], shop.pred_lag_s[by_pred]


def _option_calendars(shop: Shop, lane_ptr: Ints, lane: Ints) -> Ints:
    out = np.zeros(len(lane_ptr) - 1, dtype=np.int64)
    for i in range(len(out)):
        for held in lane[lane_ptr[i] : lane_ptr[i + 1]]:
            out[i] = shop.cal_both[out[i], shop.lane_calendar[held]]
    return out


def make_sol(shop: Shop, net: Net, timetable: Timetable) -> Sol:
    """The sequences of a timetable (by start, then end), with its heads and tails."""
    n = len(net.release_s)
    sol = Sol(
        option=np.array([_own_option(net, timetable, v) for v in range(n)], dtype=np.int64),
        seq=np.zeros(net.lane_base[-1], dtype=np.int64),
        lane_len=np.zeros(len(net.lane), dtype=np.int64),
        where=np.zeros(n * net.width, dtype=np.int64),
        order=_time_order(shop, timetable),
        rank=np.zeros(n, dtype=np.int64),
        start_s=np.zeros(n, dtype=np.int64),
        end_s=np.zeros(n, dtype=np.int64),
        tail_s=np.zeros(n, dtype=np.int64),
        front_s=np.zeros(n, dtype=np.int64),
        ready_s=np.zeros(n, dtype=np.int64),
        after_s=np.zeros(n, dtype=np.int64),
        mark=np.zeros(n + 1, dtype=np.int64),
    )
    rebuild(net, sol)
    return sol


def _own_option(net: Net, timetable: Timetable, v: int) -> int:
    held = timetable.lane[timetable.lane_ptr[v] : timetable.lane_ptr[v + 1]]
    for o in range(net.option_ptr[v], net.option_ptr[v + 1]):
        lanes = net.option_lane[net.option_lane_ptr[o] : net.option_lane_ptr[o + 1]]
        if net.option_mode[o] == timetable.mode[v] and np.array_equal(lanes, held):
            return o
    raise AssertionError("a timetable's own choice is always an option")


def _time_order(shop: Shop, timetable: Timetable) -> Ints:
    """By start and end; operations of no length that share an instant follow the order network."""
    place = np.argsort(shop.topo)
    return np.lexsort((place, timetable.end_s, timetable.start_s)).astype(np.int64)


def to_timetable(net: Net, sol: Sol) -> Timetable:
    """The semi-active timetable of the sequences."""
    counts = np.diff(net.option_lane_ptr)[sol.option]
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    first = net.option_lane_ptr[sol.option]
    lanes = net.option_lane[np.repeat(first - ptr[:-1], counts) + np.arange(ptr[-1])]
    return Timetable(net.option_mode[sol.option], sol.start_s.copy(), sol.end_s.copy(), ptr, lanes)


@njit(cache=True, nogil=True)
def rebuild(net: Net, sol: Sol) -> None:
    """Fill sequences, positions and times from `option` and `order`."""
    sol.lane_len[:] = 0
    for i in range(len(sol.order)):
        v = sol.order[i]
        sol.rank[v] = i
        o = sol.option[v]
        first = net.option_lane_ptr[o]
        for k in range(net.option_lane_ptr[o + 1] - first):
            lane = net.option_lane[first + k]
            sol.seq[net.lane_base[lane] + sol.lane_len[lane]] = v
            sol.where[v * net.width + k] = sol.lane_len[lane]
            sol.lane_len[lane] += 1
    heads(net, sol, 0)
    tails(net, sol, len(sol.order) - 1)


@njit(cache=True, nogil=True)
def setup(net: Net, lane: int, before: int, after: int) -> int:
    """Setup seconds on `lane` between two operations; -1 as `before` is the lane as it stands at the start."""
    family = net.lane[lane, SET_FOR] if before < 0 else net.family[before]
    return hours.setup_between(net, lane, family, net.family[after])


@njit(cache=True, nogil=True)
def run_back(net: Net, cal: int, until: int, work: int, pausable: bool) -> int:
    """Latest start of `work` seconds that end by `until`; `until - work` where the calendar has no room."""
    if cal == ALWAYS:
        return until - work
    low, last = net.cal_ptr[cal], net.cal_ptr[cal + 1]
    i = low + np.searchsorted(net.span[low:last, START], until, side="left") - 1
    if pausable and i >= low:
        left = net.span[i, BEFORE] + min(until, net.span[i, END]) - net.span[i, START] - work
        while i >= low and net.span[i, BEFORE] > left:
            i -= 1
        return net.span[i, START] + left - net.span[i, BEFORE] if i >= low else until - work
    while i >= low and min(until, net.span[i, END]) - net.span[i, START] < work:
        i -= 1
    return min(until, net.span[i, END]) - work if i >= low else until - work


@njit(cache=True, nogil=True)
def heads(net: Net, sol: Sol, first: int) -> None:
    """Recompute starts and ends of the operations from place `first` of the order on."""
    if net.plain:
        plain.heads(net, sol, first)
        return
    for i in range(first, len(sol.order)):
        v = sol.order[i]
        ready = net.release_s[v]
        for j in range(net.pred_ptr[v], net.pred_ptr[v + 1]):
            u = net.pred_op[j]
            base = sol.start_s[u] if net.pred_kind[j] == START_START else sol.end_s[u]
            ready = max(ready, base + net.pred_lag_s[j])
        sol.ready_s[v] = ready
        o = sol.option[v]
        begin = net.option_lane_ptr[o]
        for k in range(net.option_lane_ptr[o + 1] - begin):
            lane = net.option_lane[begin + k]
            at = net.lane_base[lane] + sol.where[v * net.width + k]
            if at > net.lane_base[lane]:
                ready = max(ready, free_at(net, lane, sol.seq[at - 1], v, sol.end_s[sol.seq[at - 1]]))
            elif net.setups:
                ready = max(ready, free_at(net, lane, -1, v, 0))
        if net.fixed[v]:
            sol.start_s[v], sol.end_s[v] = net.fixed_start_s[v], net.fixed_end_s[v]
        elif net.calendars:
            sol.start_s[v], sol.end_s[v] = hours.run(
                net, net.option_cal[o], ready, net.option_s[o], net.pausable[v]
            )
        else:
            sol.start_s[v], sol.end_s[v] = ready, ready + net.option_s[o]


@njit(cache=True, nogil=True, inline="always")
def free_at(net: Net, lane: int, before: int, after: int, end: int) -> int:
    """When `lane`, free at `end` of operation `before`, is set up for operation `after`."""
    if not net.setups:
        return end
    family = net.lane[lane, SET_FOR] if before < 0 else net.family[before]
    return hours.after_setup(net, lane, end, family, net.family[after])


@njit(cache=True, nogil=True)
def tails(net: Net, sol: Sol, last: int) -> None:
    """Recompute tails of the operations up to place `last` of the order; with calendars all of them."""
    if net.plain:
        plain.tails(net, sol, last)
        return
    span = sol.end_s.max() if net.calendars or net.overlaps else 0
    for i in range(last, -1, -1):
        v = sol.order[i]
        o = sol.option[v]
        tail = 0
        for j in range(net.succ_ptr[v], net.succ_ptr[v + 1]):
            more = sol.front_s[net.succ_op[j]] + net.succ_lag_s[j]
            tail = max(tail, more - net.option_s[o] if net.succ_kind[j] == START_START else more)
        sol.after_s[v] = tail
        begin = net.option_lane_ptr[o]
        for k in range(net.option_lane_ptr[o + 1] - begin):
            lane = net.option_lane[begin + k]
            at = sol.where[v * net.width + k] + 1
            if at < sol.lane_len[lane]:
                w = sol.seq[net.lane_base[lane] + at]
                tail = max(tail, sol.front_s[w] + (setup(net, lane, v, w) if net.setups else 0))
        sol.tail_s[v] = tail
        if net.fixed[v]:
            sol.front_s[v] = span - net.fixed_start_s[v]
        elif net.calendars:
            sol.front_s[v] = span - run_back(
                net, net.option_cal[o], span - tail, net.option_s[o], net.pausable[v]
            )
        else:
            sol.front_s[v] = tail + net.option_s[o]


@njit(cache=True, nogil=True)
def remove(net: Net, sol: Sol, v: int) -> None:
    """Take v off its lanes (times and order stay as they are)."""
    o = sol.option[v]
    begin = net.option_lane_ptr[o]
    for k in range(net.option_lane_ptr[o + 1] - begin):
        lane = net.option_lane[begin + k]
        base = net.lane_base[lane]
        sol.lane_len[lane] -= 1
        for at in range(sol.where[v * net.width + k], sol.lane_len[lane]):
            _put(net, sol, lane, at, sol.seq[base + at + 1])


@njit(cache=True, nogil=True)
def insert(net: Net, sol: Sol, v: int, option: int, places: Ints) -> None:
    """Put v, taken off before, at `places[k]` of the option's k-th lane (times and order stay as they are)."""
    sol.option[v] = option
    begin = net.option_lane_ptr[option]
    for k in range(net.option_lane_ptr[option + 1] - begin):
        lane = net.option_lane[begin + k]
        base = net.lane_base[lane]
        for at in range(sol.lane_len[lane], places[k], -1):
            _put(net, sol, lane, at, sol.seq[base + at - 1])
        sol.lane_len[lane] += 1
        sol.seq[base + places[k]] = v
        sol.where[v * net.width + k] = places[k]


@njit(cache=True, nogil=True, inline="always")
def _put(net: Net, sol: Sol, lane: int, at: int, w: int) -> None:
    sol.seq[net.lane_base[lane] + at] = w
    begin = net.option_lane_ptr[sol.option[w]]
    k = 0
    while net.option_lane[begin + k] != lane:
        k += 1
    sol.where[w * net.width + k] = at


@njit(cache=True, nogil=True)
def reorder(net: Net, sol: Sol, v: int) -> tuple[int, int]:
    """Repair the topological order after v has moved.

    Returns the first and last place that changed, or (-1, -1), with the order as it was, when the move made a cycle.
    """
    low, high = -1, len(sol.order)
    for j in range(net.pred_ptr[v], net.pred_ptr[v + 1]):
        low = max(low, sol.rank[net.pred_op[j]])
    for j in range(net.succ_ptr[v], net.succ_ptr[v + 1]):
        high = min(high, sol.rank[net.succ_op[j]])
    o = sol.option[v]
    begin = net.option_lane_ptr[o]
    for k in range(net.option_lane_ptr[o + 1] - begin):
        lane = net.option_lane[begin + k]
        at = sol.where[v * net.width + k]
        if at > 0:
            low = max(low, sol.rank[sol.seq[net.lane_base[lane] + at - 1]])
        if at + 1 < sol.lane_len[lane]:
            high = min(high, sol.rank[sol.seq[net.lane_base[lane] + at + 1]])
    first, last = min(high, sol.rank[v]), max(low, sol.rank[v])
    if low < sol.rank[v] < high:
        return sol.rank[v], sol.rank[v]
    sol.mark[-1] += 1
    stamp = sol.mark[-1]
    sol.mark[v] = stamp
    for i in range(high, last + 1):
        x = sol.order[i]
        if x != v and _follows_marked(net, sol, x, stamp):
            sol.mark[x] = stamp
    if _follows_marked(net, sol, v, stamp):
        return -1, -1
    _rewrite(sol, v, first, last, stamp)
    return first, last


@njit(cache=True, nogil=True)
def _follows_marked(net: Net, sol: Sol, x: int, stamp: int) -> bool:
    for j in range(net.pred_ptr[x], net.pred_ptr[x + 1]):
        if sol.mark[net.pred_op[j]] == stamp:
            return True
    o = sol.option[x]
    begin = net.option_lane_ptr[o]
    for k in range(net.option_lane_ptr[o + 1] - begin):
        at = net.lane_base[net.option_lane[begin + k]] + sol.where[x * net.width + k]
        if at > net.lane_base[net.option_lane[begin + k]] and sol.mark[sol.seq[at - 1]] == stamp:
            return True
    return False


@njit(cache=True, nogil=True)
def _rewrite(sol: Sol, v: int, first: int, last: int, stamp: int) -> None:
    """Places first … last: what does not follow v, then v, then what follows it."""
    moved = np.empty(last - first + 1, dtype=np.int64)
    many, at = 0, first
    for i in range(first, last + 1):
        x = sol.order[i]
        if x == v:
            continue
        if sol.mark[x] == stamp:
            moved[many] = x
            many += 1
        else:
            sol.order[at] = x
            sol.rank[x] = at
            at += 1
    sol.order[at] = v
    sol.rank[v] = at
    for i in range(many):
        sol.order[at + 1 + i] = moved[i]
        sol.rank[moved[i]] = at + 1 + i
