"""A plan of sequences (see `propagate`) laid out: the tables that do not change, and the sequences of a timetable."""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch import deck as decks
from lineshaft.make.schedule.dispatch.deck import lay_out, plain
from lineshaft.make.schedule.dispatch.rules import REPAIRS, put_off
from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.search.linear import lane_arcs, linear
from lineshaft.make.schedule.search.propagate import (
    BEARABLE,
    CHAIN,
    END,
    FIRST_SLOT,
    LANE,
    LAST_MOVED,
    MARK,
    MODE,
    SETUP,
    START,
    WORK,
    Field,
    Plan,
    everything,
)
from lineshaft.make.schedule.search.score import order_rows, setup_total_s
from lineshaft.make.schedule.shop import END_START, NEVER_S, Goal, Ints, Shop, Timetable

FAR_STEPS = 1_000
"""A change that moves more steps is given up."""
STEP_COLUMNS = (
    decks.FIRST_SLOT,
    decks.FAMILY,
    decks.FIXED,
    decks.PAUSABLE,
    decks.FIRST_PRED,
    decks.FIRST_SUCC,
    decks.FIRST_MODE,
    decks.ORDER,
    decks.LAST,
)


def field_of(shop: Shop, goal: Goal) -> Field:
    """What stays the same."""
    deck, blank, outlook = lay_out(shop)
    last = np.flatnonzero(shop.op_last)
    last = last[np.argsort(shop.op_order[last], kind="stable")]
    outlasted = np.zeros(shop.n_ops, dtype=bool)
    outlasted[shop.pred_op[(shop.pred_kind == END_START) & (shop.pred_lag_s >= 0)]] = True
    spans = bool((goal.levels[:, 0] > 0).any())
    leads = goal.levels[0] > 0
    return Field(
        deck=deck,
        step=np.ascontiguousarray(deck.op[:, STEP_COLUMNS], dtype=np.int32),
        release_s=np.maximum(plain(shop.op_release_s), 0),
        holder=plain(np.repeat(np.arange(shop.n_ops), np.diff(deck.op[:, decks.FIRST_SLOT]))),
        free_s=np.maximum(plain(blank.slot[:, END]), 0),
        base=rooms(shop),
        last_ptr=pointers(np.bincount(shop.op_order[last], minlength=shop.n_orders)),
        last_op=plain(last),
        orders=order_rows(shop),
        owner=plain(outlook.owner),
        outer=plain(np.flatnonzero(~outlasted | shop.fixed)[: shop.n_ops if spans else 0]),
        timely=bool(leads[1] and leads.sum() == 1),
        summed=bool((leads[1] or leads[2]) and leads.sum() == 1),
        frozen=bool(shop.fixed.any()),
        tight=bool((shop.pred_lag_max_s < NEVER_S).any()),
    )


def rooms(shop: Shop) -> Ints:
    """Where the sequence of each lane begins: room for every step that may come there."""
    op = np.repeat(np.repeat(np.arange(shop.n_ops), np.diff(shop.mode_ptr)), np.diff(shop.demand_ptr))
    n_pools = len(shop.pool_ptr) - 1
    wanted = np.bincount(np.unique(op * n_pools + shop.demand_pool) % n_pools, minlength=n_pools)
    room = np.bincount(shop.fixed_lane, minlength=shop.n_lanes)
    np.add.at(room, shop.pool_lane, np.repeat(wanted, np.diff(shop.pool_ptr)))
    return pointers(room)


def blank_plan(shop: Shop, field: Field) -> Plan:
    """A plan with nothing in it."""
    n, slots, far = shop.n_ops, len(field.holder), min(shop.n_ops, FAR_STEPS)
    width = int(np.diff(field.step[:, FIRST_SLOT]).max(initial=1))
    now = np.zeros(BEARABLE + 1, dtype=np.int64)
    now[BEARABLE] = NEVER_S
    return Plan(
        time=np.zeros((n, WORK + 1), dtype=np.int64),
        job=np.zeros((n, MARK + 1), dtype=np.int32),
        held=np.full((slots, 2), -1, dtype=np.int32),
        seq=np.zeros(field.base[-1], dtype=np.int64),
        size=np.zeros(shop.n_lanes, dtype=np.int64),
        order=np.zeros(n, dtype=np.int64),
        done=np.zeros((shop.n_orders, 2), dtype=np.int64),
        lane=np.zeros((shop.n_lanes, 2), dtype=np.int64),
        now=now,
        waiting=np.zeros(n, dtype=np.bool_),
        change=np.zeros((CHAIN, LAST_MOVED + 1), dtype=np.int64),
        log=np.zeros((CHAIN, far, 3), dtype=np.int64),
        endings=np.zeros((CHAIN, far, 2), dtype=np.int64),
        moved=np.zeros((CHAIN, n), dtype=np.int64),
        old=np.zeros((CHAIN, width, 3), dtype=np.int64),
    )


def plan_of(shop: Shop, field: Field, timetable: Timetable) -> Plan | None:
    """The sequences of a timetable; None where its starts give no order (negative lags)."""
    order = topological(shop, timetable)
    if order is None:
        return None
    plan = blank_plan(shop, field)
    rank = np.argsort(order)
    plan.order[:] = order
    many = np.diff(timetable.lane_ptr)
    op, lane = np.repeat(np.arange(shop.n_ops), many), timetable.lane
    slot = field.step[op, FIRST_SLOT] + np.arange(len(op)) - timetable.lane_ptr[op]
    calendar = np.zeros(shop.n_ops, dtype=np.int64)
    for k in range(int(many.max(initial=0))):
        has = np.flatnonzero(many > k)
        calendar[has] = shop.cal_both[calendar[has], shop.lane_calendar[lane[timetable.lane_ptr[has] + k]]]
    plan.time[:] = np.column_stack((timetable.start_s, timetable.end_s, shop.mode_s[timetable.mode]))
    plan.job[:, :MARK] = np.column_stack((timetable.mode, calendar, rank))
    by_lane = np.lexsort((rank[op], lane))
    first = pointers(np.bincount(lane, minlength=shop.n_lanes))
    place = np.arange(len(op)) - first[lane[by_lane]]
    plan.size[:] = np.diff(first)
    plan.held[slot[by_lane]] = np.column_stack((lane[by_lane], place))
    plan.seq[field.base[lane[by_lane]] + place] = slot[by_lane]
    plan.now[SETUP] = setup_total_s(shop, timetable)
    return plan


def timetable_of(field: Field, mode: Ints, time: Ints, lane: Ints) -> Timetable:
    """Modes, starts and ends (columns of `time`) and lanes by slot (-1: not used) as a timetable."""
    used = lane >= 0
    ptr = pointers(np.bincount(field.holder[used], minlength=len(mode)))
    start_s, end_s = (np.ascontiguousarray(time[:, column]) for column in (START, END))
    return Timetable(mode.astype(np.int64), start_s, end_s, ptr, lane[used].astype(np.int64))


def closed_up(shop: Shop, field: Field, timetable: Timetable) -> Timetable | None:
    """The same modes, lanes and sequences with every step as early as they let it; None where its starts give no order or it
    cannot hold. What comes too late after another may delay that one in `field`.
    """
    plan = plan_of(shop, field, timetable)
    if plan is None or not settled(shop, field, plan):
        return None
    return timetable_of(field, plan.job[:, MODE], plan.time, plan.held[:, LANE])


def topological(shop: Shop, timetable: Timetable) -> Ints | None:
    """Steps by start so that none comes before its predecessor; None where that cannot be.

    Where steps without length begin with others, an order of steps and lanes as near to that of starts as may be.
    """
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    free = ~shop.fixed[later]
    before, later = shop.pred_op[free], later[free]
    order = np.lexsort((np.argsort(shop.topo), timetable.end_s, timetable.start_s))
    rank = np.argsort(order)
    if (rank[before] < rank[later]).all():
        return order.astype(np.int64)
    one, other = lane_arcs(timetable, rank)
    return linear(np.concatenate((before, one)), np.concatenate((later, other)), rank)


def settled(shop: Shop, field: Field, plan: Plan) -> bool:
    """Time the plan; what comes too late after another delays that one. True when it holds."""
    for _ in range(REPAIRS):
        if everything(field, plan):
            return True
        if not put_off(shop, plan.time[:, START], plan.time[:, END], shop.fixed, field.release_s):
            return False
    return False
