"""What each step of a plan waited for, and how that adds up along the chain behind an order's end.

Worked out for all steps at once; `Walker` follows the chains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lineshaft.make.schedule.layout.calendars import finish
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.plan import lane_use
from lineshaft.make.schedule.shop import END_END, NEVER_S, OVERLAP, START_START, Bools, Ints, Shop, Timetable
from lineshaft.tables.worktime import Intervals

CAUSES = (
    "resource",
    "person",
    "batch",
    "setup",
    "calendar",
    "material",
    "lag",
    "overlap",
    "release",
    "fixed",
    "gap",
)
RESOURCE, PERSON, BATCH, SETUP, CALENDAR, MATERIAL, LAG, OVERLAPS, RELEASE, FIXED, GAP = range(len(CAUSES))
NOTHING = -1
PLACES = 5


class Wait(NamedTuple):
    """Seconds that a step waited for one cause; `other` is the step (or row of `material`) behind it, `lane` the lane."""

    cause: str
    op: int
    seconds: int
    lane: int = -1
    other: int = -1


class Waits(NamedTuple):
    """Arrays of equal shape: number among `CAUSES` (NOTHING: no wait), s, lane and what is behind it (-1 none)."""

    cause: Ints
    seconds: Ints
    lane: Ints
    other: Ints


class Held(NamedTuple):
    """Lanes held, by step and lane (CSR `ptr`): the setup before the step on each and the step before it (-1 none).

    `load`: of each step the one that its load of a batch machine is named after.
    """

    ptr: Ints
    lane: Ints
    setup_s: Ints
    other: Ints
    load: Ints


class Ready(NamedTuple):
    """The predecessor that was ready last for each step (-1 none), when it was (s, after the lag), and the lag."""

    before: Ints
    at_s: Ints
    lag_s: Ints


class Chain(NamedTuple):
    """Steps behind orders' ends, rows by order and from the end back: `at` (row of `orders`), `op`, until when it counts."""

    at: Ints
    op: Ints
    until_s: Ints


@dataclass
class Walker:
    """Walks from an order's end back to its beginning.

    A step's waiting is put on what came last: `at` (steps × PLACES) at its own place, from ready to start.
    """

    compiled: Compiled
    timetable: Timetable

    def __post_init__(self) -> None:
        shop, timetable = self.compiled.shop, self.timetable
        self.shop = shop
        self.held = held_lanes(shop, timetable)
        self.lane = first_lane(self.held)
        self.calendar = together(shop, self.held)
        self.fixed = np.zeros(shop.n_ops, dtype=np.bool_)
        self.fixed[list(self.compiled.ways)] = True
        self.ready = readiness(shop, timetable, self._first_lot())
        self.release_s = np.maximum(shop.op_release_s, 0)
        self.at = self._at()
        by_end = np.lexsort((-np.arange(shop.n_ops), timetable.end_s, shop.op_order))
        self.last_op = np.empty(shop.n_orders, dtype=np.int64)
        self.last_op[shop.op_order[by_end]] = by_end
        self.material = material_rows(self.compiled)

    def walk(self, order: int) -> tuple[list[Wait], int]:
        """Everything the order's completion waited for, and the working seconds in between."""
        orders = np.array([order])
        chain = self.chains(orders)
        waits, work_s = self.waits(orders, chain)
        flat = zip(*(field.ravel().tolist() for field in waits))
        ops = np.repeat(chain.op, waits.cause.shape[1]).tolist()
        found = [
            Wait(CAUSES[cause], op, seconds, lane, other)
            for op, (cause, seconds, lane, other) in zip(ops, flat)
            if cause != NOTHING
        ]
        return found, int(work_s.sum())

    def chains(self, orders: Ints) -> Chain:
        """From the last step of each order back along the predecessors that were ready last."""
        at, op = np.arange(len(orders)), self.last_op[orders]
        until_s = self.timetable.end_s[op]
        levels = [Chain(at, op, until_s)]
        while len(op):
            on = (self.ready.before[op] >= 0) & (self.release_s[op] < self.ready.at_s[op])
            at, op = at[on], op[on]
            until_s = self.ready.at_s[op] - np.maximum(self.ready.lag_s[op], 0)
            op = self.ready.before[op]
            levels.append(Chain(at, op, until_s))
        rows = Chain(*(np.concatenate(parts) for parts in zip(*levels)))
        by_order = np.argsort(rows.at, kind="stable")
        return Chain(*(field[by_order] for field in rows))

    def waits(self, orders: Ints, chain: Chain) -> tuple[Waits, Ints]:
        """Waits of each row of chains: closed hours within the work, those `at` its place, what it followed; and its work (s)."""
        op = chain.op
        took_s = chain.until_s - self.timetable.start_s[op]
        work_s = np.minimum(self.shop.mode_s[self.timetable.mode[op]], took_s)
        rows = len(op)
        within = (np.full(rows, CALENDAR), took_s - work_s, self.lane[op], np.full(rows, -1))
        parts = zip(within, self.at, self._behind(orders, chain))
        return Waits(*(np.column_stack((first, at[op], last)) for first, at, last in parts)), work_s

    def _behind(self, orders: Ints, chain: Chain) -> Waits:
        """The lag after the step before or, where the chain begins, what the first step waited for."""
        op = chain.op
        release_s, ready = self.release_s[op], self.ready
        begins = (ready.before[op] < 0) | (release_s >= ready.at_s[op])
        ordered_s = np.maximum(self.shop.order_release_s[orders[chain.at]], 0)
        items = self.compiled.material["ready_s"].to_numpy()
        row = self.material[op]
        late_item = np.zeros(len(op), dtype=np.bool_)
        late_item[row >= 0] = items[row[row >= 0]] >= release_s[row >= 0]
        return Waits(
            np.where(begins, np.where(late_item, MATERIAL, RELEASE), LAG),
            np.where(begins, np.maximum(release_s - ordered_s, 0), np.maximum(ready.lag_s[op], 0)),
            np.full(len(op), -1),
            np.where(begins, np.where(late_item, row, -1), ready.before[op]),
        )

    def _first_lot(self) -> Ints:
        """When the first transfer lot of each step that hands on lots is done (s)."""
        shop, start_s, end_s = self.shop, self.timetable.start_s, self.timetable.end_s
        done_s = end_s.copy()
        op = np.unique(shop.pred_op[shop.pred_kind == OVERLAP])
        op = op[~self.fixed[op]]
        lot_s = shop.mode_first_s[self.timetable.mode[op]]
        done_s[op] = np.minimum(by_calendar(shop, self.calendar[op], finish, start_s[op], lot_s), done_s[op])
        return done_s

    def _at(self) -> Waits:
        """What each step waited for at its own place, from ready to start: (steps × PLACES)."""
        shop, start_s = self.shop, self.timetable.start_s
        ready_s = np.maximum(self.ready.at_s, self.release_s)
        waits = Waits(*(np.full((shop.n_ops, PLACES), value) for value in (NOTHING, 0, -1, -1)))

        def put(
            place: int, rows: Bools, cause: Ints | int, seconds: Ints, lane: Ints | int, other: Ints | int
        ) -> None:
            for field, values in zip(waits, (cause, seconds, lane, other)):
                field[rows, place] = np.broadcast_to(values, len(rows))[rows]

        free = ~self.fixed
        put(0, self.fixed, FIXED, np.maximum(start_s - ready_s, 0), -1, -1)
        set_up_s, end_s, lane, other = self._last_free()
        person = np.append((self.compiled.lanes["kind"] == "person").to_numpy(), False)
        now, until_s = ready_s, np.minimum(end_s, start_s)
        waited = free & (end_s > now)
        put(0, waited, np.where(person[lane], PERSON, RESOURCE), until_s - now, lane, other)
        now, until_s = np.where(waited, until_s, now), np.minimum(set_up_s, start_s)
        waited = free & (set_up_s > now)
        put(1, waited, SETUP, until_s - now, lane, other)
        now = np.where(waited, until_s, now)
        partner = last_ready(self.held.load, ready_s)
        until_s = np.minimum(start_s, ready_s[partner])
        waited = free & (partner != np.arange(shop.n_ops)) & (until_s > now)
        put(2, waited, BATCH, until_s - now, self.lane, partner)
        now = np.where(waited, until_s, now)
        need_s = np.where(shop.op_pausable, 1, shop.mode_s[self.timetable.mode])
        forced_s = np.minimum(by_calendar(shop, self.calendar, opens_for, now, need_s), start_s)
        put(3, free, CALENDAR, forced_s - now, self.lane, -1)
        put(4, free, np.where(bound_by_end(shop, self.timetable), OVERLAPS, GAP), start_s - forced_s, -1, -1)
        return waits

    def _last_free(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Of the lane that was set up last for each step: when it was, when it was free (s), its number, the step before."""
        shop, (ptr, lane, setup_s, other, _) = self.shop, self.held
        end_s = np.where(other >= 0, self.timetable.end_s[other], 0)
        set_up_s = end_s.copy()
        needs = np.flatnonzero(setup_s)
        from_s = np.maximum(end_s[needs], 0)
        done_s = by_calendar(shop, shop.lane_calendar[lane[needs]], finish, from_s, setup_s[needs])
        set_up_s[needs] = np.where(done_s < NEVER_S, done_s, end_s[needs])
        by_time = np.lexsort((lane, end_s, set_up_s))
        last = np.full(shop.n_ops, -1)
        last[np.repeat(np.arange(shop.n_ops), np.diff(ptr))[by_time]] = by_time
        values = ((set_up_s, -NEVER_S), (end_s, -NEVER_S), (lane, -1), (other, -1))
        return tuple(np.append(value, none)[last] for value, none in values)  # type: ignore[return-value]


def held_lanes(shop: Shop, timetable: Timetable) -> Held:
    """Who holds which lane after whom; members of a load share what stands before the load."""
    use = lane_use(shop, timetable)
    before = np.append(-1, use.op[:-1])[: len(use.op)]
    before[use.opens] = -1
    start_s, end_s = timetable.start_s, timetable.end_s
    joins = (shop.lane_load_max[use.lane] > 0) & (before >= 0)
    joins &= (start_s[use.op] == start_s[before]) & (end_s[use.op] == end_s[before])
    opener = np.maximum.accumulate(np.where(joins, 0, np.arange(len(use.op))))
    load = np.arange(shop.n_ops)
    load[use.op[joins]] = use.op[opener[joins]]
    by_op = np.argsort(use.op, kind="stable")
    return Held(timetable.lane_ptr, use.lane[by_op], use.setup_s[opener][by_op], before[opener][by_op], load)


def first_lane(held: Held) -> Ints:
    """The lane of the smallest number that each step holds, -1 for none."""
    return np.where(np.diff(held.ptr) > 0, np.append(held.lane, -1)[held.ptr[:-1]], -1)


def together(shop: Shop, held: Held) -> Ints:
    """The calendar in which all lanes of each step work."""
    calendar, width = np.zeros(shop.n_ops, dtype=np.int64), np.diff(held.ptr)
    for k in range(int(width.max(initial=0))):
        op = np.flatnonzero(width > k)
        own = shop.lane_calendar[held.lane[held.ptr[op] + k]]
        both = shop.cal_both[calendar[op], own]
        calendar[op] = np.where(both >= 0, both, own)
    return calendar


def readiness(shop: Shop, timetable: Timetable, first_lot_s: Ints) -> Ready:
    """The predecessor that each step could start after last; one that binds its end alone is none."""
    arc = np.flatnonzero(shop.pred_kind != END_END)
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))[arc]
    before, kind, lag_s = shop.pred_op[arc], shop.pred_kind[arc], shop.pred_lag_s[arc]
    since_s = np.where(kind == START_START, timetable.start_s[before], timetable.end_s[before])
    since_s = np.where(kind == OVERLAP, first_lot_s[before], since_s)
    by_time = np.lexsort((-np.arange(len(arc)), since_s + lag_s))
    last = np.full(shop.n_ops, -1)
    last[later[by_time]] = by_time
    return Ready(
        np.append(before, -1)[last], np.append(since_s + lag_s, -NEVER_S)[last], np.append(lag_s, 0)[last]
    )


def last_ready(load: Ints, ready_s: Ints) -> Ints:
    """The step of each step's load that was ready last, of several the one of the greatest number."""
    partner = np.arange(len(load))
    op = np.flatnonzero(np.bincount(load, minlength=len(load))[load] > 1)
    op = op[np.lexsort((op, ready_s[op]))]
    partner[load[op]] = op
    return partner[load]


def bound_by_end(shop: Shop, timetable: Timetable) -> Bools:
    """True for steps that end no sooner than steps before them allow."""
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    lots = shop.pred_kind == OVERLAP
    least_s = np.where(lots, shop.mode_last_s[timetable.mode[later]], shop.pred_lag_s)
    binds = timetable.end_s[shop.pred_op] + least_s >= timetable.end_s[later]
    bound = np.zeros(shop.n_ops, dtype=np.bool_)
    bound[later[binds & (lots | (shop.pred_kind == END_END))]] = True
    return bound


def material_rows(compiled: Compiled) -> Ints:
    """The row of `material` that comes last for each step, -1 for none."""
    op, ready_s = (compiled.material[name].to_numpy() for name in ("op", "ready_s"))
    by_time = np.argsort(ready_s, kind="stable")
    row = np.full(compiled.shop.n_ops, -1)
    row[op[by_time]] = by_time
    return row


def by_calendar(
    shop: Shop, calendar: Ints, of_span: Callable[[Intervals, Ints, Ints], Ints], at_s: Ints, work_s: Ints
) -> Ints:
    """`of_span` of each row's calendar, time and work (s)."""
    result = np.empty(len(calendar), dtype=np.int64)
    rows = np.argsort(calendar, kind="stable")
    for mine in np.split(rows, np.flatnonzero(np.diff(calendar[rows])) + 1) if len(rows) else ():
        row = slice(*shop.cal_ptr[calendar[mine[0]] : calendar[mine[0]] + 2])
        result[mine] = of_span((shop.cal_start[row], shop.cal_end[row]), at_s[mine], work_s[mine])
    return result


def opens_for(span: Intervals, at_s: Ints, need_s: Ints) -> Ints:
    """The first times, not before `at_s`, from which a calendar works unbroken as long as needed; `at_s` where it never does."""
    starts, ends = span
    opens_s = at_s.copy()
    i = np.searchsorted(ends, at_s, side="right")
    row = np.flatnonzero(i < len(ends))
    while len(row):
        from_s = np.maximum(starts[i[row]], at_s[row])
        fits = from_s + need_s[row] <= ends[i[row]]
        opens_s[row[fits]] = from_s[fits]
        row = row[~fits]
        i[row] += 1
        row = row[i[row] < len(ends)]
    return opens_s
