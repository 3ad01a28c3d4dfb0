"""The shop laid out for numba: its arrays in a named tuple, with what every decoder derives from them once."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.layout.calendars import alike, alike_rows
from lineshaft.make.schedule.shop import ALWAYS, NEVER_S, OVERLAP, START_START, Bools, Ints, Shop

HINTS = 1 << 21
FINEST_HINT = 12
# Columns of Deck.op (a last row holds only the ends of pointers), .pred, .mode, .demand, .lane, .span
RELEASE_S, FAMILY, PAUSABLE, FIRST_MODE, FIRST_PRED, FIRST_SUCC, FIRST_SLOT, FIXED, TAIL_S, ORDER, LAST = (
    range(11)
)
MIX, MASS, NEEDS = range(11, 14)
OP, KIND, LAG_S, LAG_MAX_S = range(4)
WORK_S, FIRST_DEMAND, FIRST_S, LAST_S, FROM, TO = range(6)
QUANTITY, LOW, HIGH = range(3)
CALENDAR, GROUP, SET_FOR, LOAD, MASS_MAX = range(5)
START, END, BEFORE = range(3)
# Bits of Deck.op[:, NEEDS]: a least end, a look at bays, the time of its first lot
ENDS, BAYS, LOTS = 1, 2, 4
# Columns of Desk.job (with START, END), .slot (with START, END), .lane; rows of .team
MODE, LOT = 2, 3
NEXT, LANE, FAMILY_OF, MIX_OF, ROOM = range(2, 7)
FIRST, TAIL, OPENS = range(3)
TEAM_LANE, TEAM_AFTER, PICK_LANE, PICK_AFTER = range(4)
# Columns of Desk.tried, each followed by a time
LANES, MACHINES = 0, 2


class Deck(NamedTuple):
    """A `Shop` in few tables, so that what is needed together lies together.

    `op[i, FIRST_MODE]` … are CSR pointers; `demand[k, LOW:HIGH]` is the pool in `pool_lane`; `lane[l, LOAD]` are the
    working seconds that look for the lane, shared evenly among the lanes that could do them. `op[i, MASS]` is its load,
    `lane[l, MASS_MAX]` what a batch lane can take. `hint[c, t >> hint_shift]` is an interval of calendar c from which to
    look for t on.
    """

    op: Ints
    pred: Ints
    succ: Ints
    mode: Ints
    demand: Ints
    pool_lane: Ints
    lane: Ints
    setup_s: Ints
    cal_ptr: Ints
    span: Ints
    cal_both: Ints
    hint: Ints
    hint_shift: int
    horizon_s: int


class Desk(NamedTuple):
    """A timetable in the making.

    `job[op]`: START, END, MODE, LOT (when the first transfer lot is done; END of what is fixed). `slot`: the places of
    operations on lanes (rows `op[i, FIRST_SLOT]` …): START, END, NEXT slot on the lane (-1 none), LANE, FAMILY_OF, and
    on batch lanes MIX_OF the load and ROOM left in it. Who joins a load has a slot that is not in the lane's list.
    `lane`: FIRST slot, TAIL, the slot after which new work may go (-1: from the beginning), and OPENS, the first working
    moment after it (s). `team`: lanes and slots before
    them, of the team being tried and of the best. `tried`: per calendar the search (numbered in the last row) that
    last tried one of its lanes, and from when (s).
    """

    job: Ints
    slot: Ints
    lane: Ints
    team: Ints
    tried: Ints


class Outlook(NamedTuple):
    """What rules look at, per operation.

    `owner`: the counted order it works for (-1 none); `work_s`: its shortest mode; `tail_s`: longest chain of work
    and lags from its start to the end of the owner; `rest_s`: longest chain of work alone; `queue`: operations of
    one queue differ in nothing but priority (same demands, family and, where it matters, durations).
    """

    owner: Ints
    work_s: Ints
    tail_s: Ints
    rest_s: Ints
    queue: Ints


def lay_out(shop: Shop) -> tuple[Deck, Desk, Outlook]:
    """The tables of `shop`, a desk with its fixed operations on it, and the outlook (some 40 ms for 10,000 operations)."""
    deck, ahead, work_s = tables_of(shop)
    outlook = Outlook(ahead[0], plain(work_s), ahead[1], ahead[2], queues(shop))
    return deck, blank_desk(shop, mode_width(shop)), outlook


def tables_of(
    shop: Shop, stage: Callable[..., Any] = operator.call
) -> tuple[Deck, tuple[Ints, Ints, Ints], Ints]:
    """The tables of `shop`; owner, tail and rest of every operation (see `Outlook`); its shortest work (s).

    `stage` calls what need not be done again for nearly the same shop (see `layout.stages`).
    """
    slot_ptr = mode_width(shop)
    work_s = np.minimum.reduceat(shop.mode_s, shop.mode_ptr[:-1]) if shop.n_ops else shop.mode_s
    pred = table(shop.pred_op, shop.pred_kind, shop.pred_lag_s, shop.pred_lag_max_s)
    succ_ptr, succ = successors(shop.n_ops, shop.pred_ptr, shop.pred_op)
    ahead = look_ahead(
        *(plain(x) for x in (shop.topo, shop.op_order, shop.order_counts, work_s, shop.pred_ptr)), pred
    )
    pool = shop.demand_pool
    d = Deck(
        op=table(
            *(np.append(x, 0) for x in (shop.op_release_s, shop.op_family, shop.op_pausable)),
            shop.mode_ptr,
            shop.pred_ptr,
            succ_ptr,
            slot_ptr,
            *(np.append(x, 0) for x in (shop.fixed, ahead[1], shop.op_order, shop.op_last)),
            *(np.append(x, 0) for x in (shop.op_mix, shop.op_load, needs(shop))),
        ),
        pred=pred,
        succ=succ,
        mode=table(
            np.append(shop.mode_s, 0),
            shop.demand_ptr,
            *(np.append(x, 0) for x in (shop.mode_first_s, shop.mode_last_s, shop.mode_from, shop.mode_to)),
        ),
        demand=table(shop.demand_quantity, shop.pool_ptr[pool], shop.pool_ptr[pool + 1]),
        pool_lane=plain(shop.pool_lane),
        lane=table(
            shop.lane_calendar, shop.lane_group, shop.lane_family, lane_load(shop), shop.lane_load_max
        ),
        setup_s=plain(shop.setup_s),
        cal_ptr=plain(shop.cal_ptr),
        span=table(shop.cal_start, shop.cal_end, shop.cal_before),
        cal_both=plain(shop.cal_both),
        **stage(hints, plain(shop.cal_ptr), shop.cal_end, int(shop.horizon_s)),
        horizon_s=int(shop.horizon_s),
    )
    return d, ahead, work_s


def needs(shop: Shop) -> Ints:
    """Per operation the bits ENDS, BAYS and LOTS: what a decoder must look at beyond starts and lanes."""
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    found = np.zeros(shop.n_ops, dtype=np.int64)
    found[later[shop.pred_kind >= OVERLAP]] |= ENDS
    found[shop.pred_op[shop.pred_kind == OVERLAP]] |= LOTS
    of_mode = np.repeat(np.arange(shop.n_ops), np.diff(shop.mode_ptr))
    moves = np.zeros(shop.n_ops, dtype=np.bool_)
    moves[of_mode[shop.mode_from >= 0]] = True
    found[moves] |= BAYS
    found[later[moves[shop.pred_op]]] |= BAYS
    return found


def plain(values: Ints | Bools) -> Ints:
    """A contiguous, writable int64 copy: one type for every kernel."""
    return np.array(values, dtype=np.int64, order="C")


def table(*columns: Ints | Bools) -> Ints:
    """Columns side by side."""
    return np.ascontiguousarray(np.column_stack(columns), dtype=np.int64)


@njit(cache=True, nogil=True)
def copy_desk(w):
    """A desk of its own, in the same state."""
    return Desk(w.job.copy(), w.slot.copy(), w.lane.copy(), w.team.copy(), w.tried.copy())


def mode_width(shop: Shop) -> Ints:
    """CSR pointer over operations: room for the lanes of the widest mode or of the fixed lanes."""
    taken = np.concatenate(([0], np.cumsum(shop.demand_quantity)))
    of_mode = taken[shop.demand_ptr[1:]] - taken[shop.demand_ptr[:-1]]
    widest = np.maximum.reduceat(of_mode, shop.mode_ptr[:-1]) if shop.n_ops else of_mode
    widest = np.maximum(widest, np.diff(shop.fixed_ptr))
    return np.concatenate(([0], np.cumsum(widest))).astype(np.int64)


def successors(n_ops: int, pred_ptr: Ints, pred_op: Ints) -> tuple[Ints, Ints]:
    """The predecessor graph turned round, one entry an arc."""
    later = np.repeat(np.arange(n_ops), np.diff(pred_ptr))
    order = np.argsort(pred_op, kind="stable")
    count = np.bincount(pred_op, minlength=n_ops)
    return np.concatenate(([0], np.cumsum(count))).astype(np.int64), later[order].astype(np.int64)


def queues(shop: Shop) -> Ints:
    """Operations that may share one queue: same demands, same family and, where it matters, same durations."""
    steady = not shop.fixed.any()
    clock_only = bool((shop.lane_calendar == 0).all())
    has_setups = bool((shop.lane_group >= 0).any())
    if not shop.n_ops:
        return np.zeros(0, dtype=np.int64)
    first = shop.mode_ptr[:-1]
    shortest_s, longest_s = (f.reduceat(shop.mode_s, first) for f in (np.minimum, np.maximum))
    any_time = steady & (shortest_s == longest_s) & (shortest_s > 0) & (shop.op_pausable | clock_only)
    time_s = np.where(np.repeat(any_time, np.diff(shop.mode_ptr)), -1, shop.mode_s)
    demands = alike_rows(shop.demand_ptr, alike(shop.demand_pool, shop.demand_quantity))
    return alike(
        alike_rows(shop.mode_ptr, alike(demands, time_s)),
        np.where(has_setups, shop.op_family, -1),
        np.where((needs(shop) & (ENDS | BAYS)) > 0, np.arange(shop.n_ops), -1),
        shop.op_mix,
        np.where(shop.op_mix >= 0, shop.op_load, -1),
    )


def opening_s(shop: Shop, calendar: int) -> int:
    """When `calendar` first works (s)."""
    if calendar == ALWAYS:
        return 0
    first = shop.cal_ptr[calendar]
    return int(shop.cal_start[first]) if first < shop.cal_ptr[calendar + 1] else int(NEVER_S)


def hints(cal_ptr: Ints, cal_end: Ints, horizon_s: int) -> dict[str, Any]:
    """A table that finds the place of a time in a calendar without searching; about `HINTS` entries at most."""
    n_calendars = len(cal_ptr) - 1
    shift = FINEST_HINT
    while n_calendars * (horizon_s >> shift) > HINTS:
        shift += 1
    width = (horizon_s >> shift) + 1
    calendar = np.repeat(np.arange(n_calendars), np.diff(cal_ptr))
    first = np.minimum(-(-cal_end >> shift), width)
    ended = np.bincount(calendar * (width + 1) + first, minlength=n_calendars * (width + 1))
    passed = np.cumsum(ended.reshape(n_calendars, width + 1)[:, :width], axis=1, dtype=np.int64)
    return {"hint": passed + cal_ptr[:-1, None], "hint_shift": shift}


def blank_desk(shop: Shop, slot_ptr: Ints) -> Desk:
    """The fixed operations on their lanes by start; a slot never ends before the slot ahead of it."""
    job = table(*np.full((2, shop.n_ops), NEVER_S), np.full(shop.n_ops, -1), np.full(shop.n_ops, NEVER_S))
    slot = np.full((int(slot_ptr[-1]), ROOM + 1), -1, dtype=np.int64)
    lanes = np.full((shop.n_lanes, 3), -1, dtype=np.int64)
    lanes[:, OPENS] = [opening_s(shop, int(calendar)) for calendar in shop.lane_calendar]
    last = np.full(shop.n_lanes, -1, dtype=np.int64)
    ops = np.flatnonzero(shop.fixed)
    job[ops] = table(shop.fixed_start_s, shop.fixed_end_s, shop.fixed_mode, shop.fixed_end_s)[ops]
    held = [
        (int(shop.fixed_start_s[op]), int(shop.fixed_end_s[op]), int(op), k, int(shop.fixed_lane[i]))
        for op in ops
        for k, i in enumerate(range(shop.fixed_ptr[op], shop.fixed_ptr[op + 1]))
    ]
    for start_s, end_s, op, k, lane in sorted(held):
        here, before = slot_ptr[op] + k, last[lane]
        slot[here] = (
            start_s,
            max(end_s, slot[before, END]) if before >= 0 else end_s,
            -1,
            lane,
            shop.op_family[op],
            -1,
            0,
        )
        if before < 0:
            lanes[lane, FIRST] = here
        else:
            slot[before, NEXT] = here
        last[lane] = here
    width = int(max(1, np.diff(slot_ptr).max(initial=1)))
    return Desk(job, slot, lanes, np.zeros((4, width), dtype=np.int64), untried(len(shop.cal_ptr) - 1))


def untried(n_calendars: int) -> Ints:
    """`Desk.tried` before any search."""
    return np.full((n_calendars + 1, 4), -1, dtype=np.int64)


def lane_load(shop: Shop) -> Ints:
    """How sought after each lane is: work of all modes spread over modes and over the lanes of their pools."""
    n_modes = np.repeat(np.diff(shop.mode_ptr), np.diff(shop.mode_ptr))
    demands = np.diff(shop.demand_ptr)
    size = np.maximum(np.diff(shop.pool_ptr), 1)
    share = np.repeat(shop.mode_s / n_modes, demands) * shop.demand_quantity / size[shop.demand_pool]
    of_pool = np.bincount(shop.demand_pool, weights=share, minlength=len(size))
    load = np.bincount(
        shop.pool_lane, weights=np.repeat(of_pool, np.diff(shop.pool_ptr)), minlength=shop.n_lanes
    )
    return load.astype(np.int64)


@njit(cache=True, nogil=True)
def look_ahead(topo, op_order, order_counts, work_s, pred_ptr, pred):
    """(owner, tail_s, rest_s) per operation; see `Outlook`."""
    n = topo.size
    owner = np.full(n, -1, np.int64)
    tail_s = work_s.copy()
    rest_s = work_s.copy()
    for i in range(n - 1, -1, -1):
        op = topo[i]
        if order_counts[op_order[op]]:
            owner[op] = op_order[op]
        for a in range(pred_ptr[op], pred_ptr[op + 1]):
            before = pred[a, OP]
            spent_s = 0 if pred[a, KIND] == START_START else work_s[before]
            ahead_s = tail_s[op] - (work_s[op] if pred[a, KIND] >= OVERLAP else 0)
            tail_s[before] = max(tail_s[before], spent_s + pred[a, LAG_S] + ahead_s)
            rest_s[before] = max(rest_s[before], work_s[before] + rest_s[op])
            if owner[before] < 0:
                owner[before] = owner[op]
    return owner, tail_s, rest_s


def latest_start_s(shop: Shop, outlook: Outlook) -> Ints:
    """Start by which an operation must begin for its owner to be in time if nothing else waits (s)."""
    due_s = np.where(outlook.owner >= 0, shop.order_due_s[outlook.owner], NEVER_S)
    return np.where(due_s >= NEVER_S, NEVER_S, due_s - outlook.tail_s).astype(np.int64)
