"""The disjunctive graph of a shop: what operations can choose, and the sequences of a plan.

A plan is, per operation, an *option* (a mode with its lanes) and, per lane, a sequence of operations.
`times.py` says when everything happens; `moves.py` changes the sequences.

Source: Balas 1969 (disjunctive graph).
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import lay_out, plain, table
from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.search.linear import lane_arcs, linear
from lineshaft.make.schedule.shop import ALWAYS, NEVER_S, START_START, Ints, Shop, Timetable

Table = NDArray[np.int64]
MAX_OPTIONS = 128

# Columns of Net.op (a last row holds only the ends of pointers), .pred, .succ, .option
(
    RELEASE_S,
    FIRST_PRED,
    FIRST_SUCC,
    FIRST_OPTION,
    FAMILY,
    PAUSABLE,
    FIXED,
    FIXED_START,
    FIXED_END,
    FIXED_FREE,
) = range(10)
OP, KIND, LAG_S, LAG_MAX_S = range(4)
OF_MODE, WORK_S, CALENDAR_OF, FIRST_HELD = range(4)
# Columns of Sol.job (START and END as in `deck`)
START, END, OPTION, TAIL, FRONT, READY, AFTER, RANK, MARK = range(9)


class Net(NamedTuple):
    """A shop as the kernels want it: few tables, as in `deck.Deck`, some of which it shares.

    `op[v, FIRST_OPTION]` … are CSR pointers. An option has a mode, working seconds, a calendar and the lanes
    `held[option[o, FIRST_HELD]:option[o + 1, FIRST_HELD]]`. `base[l]:base[l + 1]` is the room for the sequence of
    lane l; `width` is the most lanes that an option holds. `plain`: one lane an operation and nothing but work and lags;
    `wide`: the same but for setups, greatest lags or several lanes.
    """

    op: Table
    pred: Table
    succ: Table
    option: Table
    held: Ints
    base: Ints
    lane: Table
    setup_s: Table
    cal_ptr: Ints
    span: Table
    hint: Table
    hint_shift: int
    horizon_s: int
    width: int
    setups: bool
    overlaps: bool
    calendars: bool
    frozen: bool
    plain: bool
    wide: bool


class Sol(NamedTuple):
    """Sequences and their times, changed in place.

    `job[v]`: START, END (s), OPTION, RANK in `order` (a topological order), MARK; TAIL and FRONT, the longest ways
    from its end and start to the end of the plan; READY and AFTER, the latest end of its predecessors and the longest
    way through its successors. `where[v * width + k]` is the place of v on its k-th lane, `size` the length of sequences.
    """

    job: Table
    where: Ints
    seq: Ints
    size: Ints
    order: Ints
    spare: Ints


class Tangled(Exception):
    """The timetable has no order of sequences that the graph can hold."""


def make_net(shop: Shop, timetable: Timetable) -> Net:
    """Turn the shop into options and lane rooms; the timetable's own choices are always among the options."""
    option_ptr, modes, held_ptr, held = _options(shop, timetable)
    first_pred, pred, first_succ, succ = _arcs(shop)
    deck = lay_out(shop)[0]
    calendars = _option_calendars(shop, held_ptr, held)
    counts = np.diff(held_ptr)
    setups = bool(shop.setup_s.size and shop.setup_s.max() > 0)
    overlaps = bool((shop.pred_kind == START_START).any())
    timed = bool((calendars != ALWAYS).any())
    frozen = bool(shop.fixed.any())
    tight = bool((shop.pred_lag_max_s < NEVER_S).any())
    simple = not (overlaps or timed or frozen)
    single = simple and bool((counts == 1).all()) and not (setups or tight)
    return Net(
        op=table(
            np.append(shop.op_release_s, 0),
            first_pred,
            first_succ,
            option_ptr,
            *(np.append(x, 0) for x in (shop.op_family, shop.op_pausable, shop.fixed, shop.fixed_start_s)),
            *(np.append(x, 0) for x in (shop.fixed_end_s, _fixed_free(shop))),
        ),
        pred=pred,
        succ=succ,
        option=table(
            np.append(modes, 0), np.append(shop.mode_s[modes], 0), np.append(calendars, 0), held_ptr
        ),
        held=held,
        base=_rooms(shop, option_ptr, held_ptr, held),
        lane=deck.lane,
        setup_s=deck.setup_s,
        cal_ptr=deck.cal_ptr,
        span=deck.span,
        hint=deck.hint,
        hint_shift=deck.hint_shift,
        horizon_s=deck.horizon_s,
        width=int(counts.max(initial=1)),
        setups=setups,
        overlaps=overlaps,
        calendars=timed,
        frozen=frozen,
        plain=single,
        wide=simple and not single,
    )


def _options(shop: Shop, timetable: Timetable) -> tuple[Ints, Ints, Ints, Ints]:
    """Pointers of operations, modes, pointers of options, lanes."""
    option_ptr, modes, held_ptr, lanes = [0], [], [0], []
    for v in range(shop.n_ops):
        own = timetable.lane[timetable.lane_ptr[v] : timetable.lane_ptr[v + 1]].tolist()
        given = (int(timetable.mode[v]), tuple(own))
        choices = [given]
        if not shop.fixed[v]:
            for mode in range(shop.mode_ptr[v], shop.mode_ptr[v + 1]):
                choices += [(mode, held) for held in _lane_choices(shop, mode) if (mode, held) != given]
        for mode, held in sorted(choices[:MAX_OPTIONS]):
            modes.append(mode)
            lanes += held
            held_ptr.append(len(lanes))
        option_ptr.append(len(modes))
    return plain(option_ptr), plain(modes), plain(held_ptr), plain(lanes)


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


def _rooms(shop: Shop, option_ptr: Ints, held_ptr: Ints, held: Ints) -> Ints:
    """Where the sequence of each lane begins: room for every operation that may come there."""
    owner = np.repeat(np.repeat(np.arange(shop.n_ops), np.diff(option_ptr)), np.diff(held_ptr))
    pairs = np.unique(np.stack([held, owner]), axis=1)
    return pointers(np.bincount(pairs[0], minlength=shop.n_lanes))


def _fixed_free(shop: Shop) -> Ints:
    """When the lanes of each fixed operation are free of all fixed work that began no later."""
    free = plain(shop.fixed_end_s)
    latest: dict[int, int] = {}
    for v in np.lexsort((shop.fixed_end_s, shop.fixed_start_s)):
        if shop.fixed[v]:
            held = shop.fixed_lane[shop.fixed_ptr[v] : shop.fixed_ptr[v + 1]].tolist()
            free[v] = max([int(free[v]), *(latest.get(lane, 0) for lane in held)])
            latest.update((lane, max(int(shop.fixed_end_s[v]), latest.get(lane, 0))) for lane in held)
    return free


def _arcs(shop: Shop) -> tuple[Ints, Table, Ints, Table]:
    """Pointers and arcs by successor, then by predecessor. Fixed work is as it is: nothing precedes it."""
    owner = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    kept = ~shop.fixed[owner]
    owner = owner[kept]
    columns = (shop.pred_op, shop.pred_kind, shop.pred_lag_s, shop.pred_lag_max_s)
    pred = table(*(column[kept] for column in columns))
    by_pred = np.argsort(pred[:, OP], kind="stable")
    succ = pred[by_pred]
    succ[:, OP] = owner[by_pred]
    before, after = (pointers(np.bincount(op, minlength=shop.n_ops)) for op in (owner, pred[:, OP]))
    return before, pred, after, succ


def _option_calendars(shop: Shop, held_ptr: Ints, held: Ints) -> Ints:
    out = np.zeros(len(held_ptr) - 1, dtype=np.int64)
    for i in range(len(out)):
        for lane in held[held_ptr[i] : held_ptr[i + 1]]:
            out[i] = shop.cal_both[out[i], shop.lane_calendar[lane]]
    return out


def make_sol(shop: Shop, net: Net, timetable: Timetable) -> Sol:
    """The choices and order of a timetable; `times.rebuild` fills the rest.

    Raises
    ------
    Tangled
        A step runs before one that the order network puts first (negative lags, work of no length).
    """
    n = shop.n_ops
    job = np.zeros((n, MARK + 1), dtype=np.int64)
    job[:, OPTION] = [_own_option(net, timetable, v) for v in range(n)]
    return Sol(
        job=job,
        where=np.zeros(n * net.width, dtype=np.int64),
        seq=np.zeros(net.base[-1], dtype=np.int64),
        size=np.zeros(shop.n_lanes, dtype=np.int64),
        order=_time_order(shop, net, timetable),
        spare=np.zeros(n + 1, dtype=np.int64),
    )


def _own_option(net: Net, timetable: Timetable, v: int) -> int:
    held = timetable.lane[timetable.lane_ptr[v] : timetable.lane_ptr[v + 1]]
    for o in range(net.op[v, FIRST_OPTION], net.op[v + 1, FIRST_OPTION]):
        lanes = net.held[net.option[o, FIRST_HELD] : net.option[o + 1, FIRST_HELD]]
        if net.option[o, OF_MODE] == timetable.mode[v] and np.array_equal(lanes, held):
            return o
    raise AssertionError("a timetable's own choice is always an option")


def _time_order(shop: Shop, net: Net, timetable: Timetable) -> Ints:
    """A topological order of steps and lanes together, as near to that of starts as may be."""
    place = np.argsort(np.lexsort((np.argsort(shop.topo), timetable.end_s, timetable.start_s)))
    before = np.repeat(np.arange(shop.n_ops), np.diff(net.op[:, FIRST_SUCC]))
    one, other = lane_arcs(timetable, place)
    order = linear(np.concatenate((before, one)), np.concatenate((net.succ[:, OP], other)), place)
    if order is None:
        raise Tangled
    return order


def to_timetable(net: Net, sol: Sol) -> Timetable:
    """The semi-active timetable of the sequences."""
    chosen = sol.job[:, OPTION]
    first, counts = net.option[chosen, FIRST_HELD], np.diff(net.option[:, FIRST_HELD])[chosen]
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    lanes = net.held[np.repeat(first - ptr[:-1], counts) + np.arange(ptr[-1])]
    return Timetable(
        net.option[chosen, OF_MODE], sol.job[:, START].copy(), sol.job[:, END].copy(), ptr, lanes
    )
