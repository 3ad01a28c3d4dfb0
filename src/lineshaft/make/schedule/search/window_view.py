"""What a window sees of a plan: its steps with their hours and limits, and ways from there to the ends of orders.

Times are in the unit that divides every time of the shop.
"""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from lineshaft.make.schedule.dispatch.deck import FIRST_SLOT
from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.search.propagate import END as ENDS
from lineshaft.make.schedule.search.propagate import LANE, MODE, PLACE, Field, Plan
from lineshaft.make.schedule.search.propagate import START as STARTS
from lineshaft.make.schedule.search.score import order_end_s
from lineshaft.make.schedule.search.window_model import Aim, Answer, Hours, Lane, Mode, Step, Together, Window
from lineshaft.make.schedule.search.window_ways import NONE, Ways, look_back, look_on
from lineshaft.make.schedule.shop import (
    ALWAYS,
    END_START,
    FORBIDDEN_S,
    NEVER_S,
    Bools,
    Goal,
    Ints,
    Shop,
    Timetable,
)

Spans = list[tuple[int, int]]
REACH_S = 36 * 3_600
MOST_LANES = 4
GIVE = 0.3


def unit_of(shop: Shop) -> int:
    """The seconds that divide every time of a shop."""
    setups_s = shop.setup_s[shop.setup_s < FORBIDDEN_S]
    times = (shop.mode_s, shop.pred_lag_s, shop.op_release_s, shop.cal_start, shop.cal_end, setups_s.ravel())
    fixed = shop.fixed_start_s[shop.fixed], shop.fixed_end_s[shop.fixed]
    return max(1, int(np.gcd.reduce(np.concatenate([*times, *fixed]))))


class View:
    """A plan as windows see it.

    `arcs`: later step, step before, True from its end; `lag`, `lag_max` (-1: none) of each; `begin`, `finish`,
    `release` of each step; `levels` of the goal.
    """

    def __init__(self, shop: Shop, goal: Goal, field: Field, plan: Plan, unit_s: int) -> None:
        self.shop, self.levels, self.field, self.plan, self.unit_s = shop, goal.levels, field, plan, unit_s
        self.begin, self.finish = plan.time[:, STARTS] // unit_s, plan.time[:, ENDS] // unit_s
        self.release = field.release_s // unit_s
        later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
        self.arcs = later, shop.pred_op, shop.pred_kind == END_START
        self.by_before = np.argsort(shop.pred_op, kind="stable")
        self.first_after = pointers(np.bincount(shop.pred_op, minlength=shop.n_ops))
        self.lag = shop.pred_lag_s // unit_s
        self.lag_max = np.where(shop.pred_lag_max_s < NEVER_S, shop.pred_lag_max_s // unit_s, -1)
        self.closed = bool((shop.lane_calendar[np.unique(shop.pool_lane)] != ALWAYS).any())
        self.done_s = order_end_s(shop.n_orders, shop.op_order, shop.op_last, plan.time[:, ENDS])

    def after(self, op: int) -> Ints:
        """The arcs to what follows a step."""
        return self.by_before[self.first_after[op] : self.first_after[op + 1]]

    def course(self, draw: np.random.Generator) -> int:
        """A random step on the way that decides when a random late order ends; -1 where no order is late."""
        shop = self.shop
        if self.levels[0, 0] > 0:
            last = int(np.argmax(self.finish))
        else:
            due_s = shop.order_due_s if self.levels[0, 1] > 0 else shop.order_release_s
            lost = np.maximum(self.done_s - due_s, 0) * shop.order_weight * shop.order_counts
            if not lost.any():
                return -1
            order = int(draw.choice(shop.n_orders, p=lost / lost.sum()))
            mine = np.flatnonzero((shop.op_order == order) & shop.op_last)
            last = int(mine[np.argmax(self.finish[mine])])
        path = [last]
        while (before := self.waited_for(path[-1])) >= 0:
            path.append(before)
        return path[draw.integers(len(path))]

    def waited_for(self, op: int) -> int:
        """What ended last of what a step waits for; -1 where that was nobody."""
        shop, plan, field = self.shop, self.plan, self.field
        before = shop.pred_op[shop.pred_ptr[op] : shop.pred_ptr[op + 1]].tolist()
        for slot in range(field.deck.op[op, FIRST_SLOT], field.deck.op[op + 1, FIRST_SLOT]):
            lane, place = plan.held[slot, LANE], plan.held[slot, PLACE]
            if lane >= 0 and place > 0:
                before.append(int(field.holder[plan.seq[field.base[lane] + place - 1]]))
        latest = max(before, key=lambda other: self.finish[other], default=-1)
        late = latest >= 0 and self.finish[latest] > self.release[op] and not shop.fixed[op]
        return latest if late else -1

    def with_answer(self, best: Timetable, window: Window, answer: Answer) -> Timetable:
        """`best`, which is the plan, with an answer put in; its starts are an order of steps, not yet times."""
        begin, finish, mode = self.begin.copy(), self.finish.copy(), best.mode.copy()
        after = begin >= window.cut
        begin[after] += window.last - window.first
        finish[after] += window.last - window.first
        lanes = [best.lane[a:b].tolist() for a, b in pairwise(best.lane_ptr)]
        for item, at, chosen, held in zip(window.steps, answer.start, answer.mode, answer.lanes):
            length = max(1, finish[item.op] - begin[item.op])
            begin[item.op], finish[item.op], mode[item.op], lanes[item.op] = at, at + length, chosen, held
        ptr = pointers(np.array([len(held) for held in lanes], dtype=np.int64))
        return Timetable(
            mode, begin, finish, ptr, np.array([lane for held in lanes for lane in held], np.int64)
        )

    def lanes(self, op: int) -> Ints:
        """The lanes that a step holds."""
        held = self.plan.held[
            self.field.deck.op[op, FIRST_SLOT] : self.field.deck.op[op + 1, FIRST_SLOT], LANE
        ]
        return held[held >= 0]


class Opening:
    """How the window of the `free` steps is put together."""

    def __init__(self, view: View, free: Bools, draw: np.random.Generator) -> None:
        self.view, self.free, self.draw = view, free, draw
        self.ops = np.flatnonzero(free)
        self.first, self.cut = int(view.begin[self.ops].min()), int(view.begin[self.ops].max()) + 1
        self.give = max(1, int(GIVE * (self.cut - self.first)))
        self.last = int(view.finish[self.ops].max()) + self.give
        shop, plan, field = view.shop, view.plan, view.field
        self.columns = self._columns()
        n, many = shop.n_ops, len(self.columns)
        self.way = np.full((n, many), NONE, dtype=np.int64)
        for column, order in enumerate(self.columns):
            last = shop.op_last & ((shop.op_order == order) | (order < 0))
            self.way[last if order >= 0 else slice(None), column] = 0
        self.reaching, self.alone = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)
        look_back(field, plan, view.begin, view.finish, view.lag, free, self.way, self.reaching, self.first)
        room = np.zeros(shop.n_lanes, dtype=np.int64), np.zeros(n, dtype=np.bool_)
        look_on(field, plan, view.begin, view.finish, view.release, view.lag, free, self.alone, *room)

    def _columns(self) -> list[int]:
        """Orders whose ends count and may change (-1: the end of all)."""
        shop, view = self.view.shop, self.view
        level = view.levels[0]
        if level[0] > 0:
            return [-1]
        touched = np.zeros(shop.n_orders, dtype=np.bool_)
        np.logical_or.at(touched, shop.op_order[shop.op_last], (view.finish >= self.first)[shop.op_last])
        touched &= shop.order_counts & (shop.order_weight > 0)
        if level[2] == 0:
            touched &= view.done_s + self.give * view.unit_s > shop.order_due_s
        return np.flatnonzero(touched).tolist()

    def window(self) -> Window:
        """The window; without steps where nothing counts."""
        view = self.view
        number = {int(op): i for i, op in enumerate(self.ops)}
        marks = [self._mark(column) for column in range(len(self.columns))]
        floors = np.array([max(due, least) for _, due, least, _ in marks], dtype=np.int64)
        of_ops = Ways(self.way[self.ops], view.finish[self.ops] + self.give, floors, self.last)
        steps = [self._step(int(op), limit) for op, limit in zip(self.ops, of_ops.latest.tolist())]
        used = sorted(
            {lane for item in steps for mode in item.modes for _, some in mode.demands for lane in some}
        )
        after = np.array([self._after(lane) for lane in used], dtype=np.int64)
        on = self.way[after] + (view.finish - view.begin)[after][:, None]
        on[after < 0] = NONE
        of_lanes = Ways(on, view.begin[after] + self.give, floors, self.last)
        lanes = {
            lane: self._lane(lane, next_one, limit)
            for lane, next_one, limit in zip(used, after.tolist(), of_lanes.latest.tolist())
        }
        aims = []
        for column, mark in enumerate(marks):
            ways = [(op, False, length) for op, length in of_ops.to(column)]
            ways += [(used[i], True, length) for i, length in of_lanes.to(column)]
            if ways:
                aims.append(Aim(*mark, ways))
        return Window(steps if aims else [], self._arcs(number), lanes, aims, self.first, self.last, self.cut)

    def _arcs(self, number: dict[int, int]) -> list[tuple[int, int, bool, int, int]]:
        """Arcs between free steps."""
        view = self.view
        later, before, ends = view.arcs
        inner = np.flatnonzero(self.free[later] & self.free[before])
        columns = (before[inner], later[inner], ~ends[inner], view.lag[inner], view.lag_max[inner])
        rows = zip(*(column.tolist() for column in columns))
        return [(number[u], number[v], starts, lag, most) for u, v, starts, lag, most in rows]

    def _mark(self, column: int) -> tuple[int, int, int, int]:
        """Weight of an order, when it is due, when it could end at best, and when it ends now."""
        view, shop, order = self.view, self.view.shop, self.columns[column]
        if order < 0:
            return 1, 0, int(self.alone[~self.free].max(initial=0)), int(view.finish.max())
        mine = np.flatnonzero((shop.op_order == order) & shop.op_last)
        timely = view.levels[0, 1] > 0
        due_s = shop.order_due_s[order] if timely else shop.order_release_s[order]
        return (
            int(shop.order_weight[order]) if timely else 1,
            int(min(due_s, shop.horizon_s)) // view.unit_s,
            int(self.alone[mine[~self.free[mine]]].max(initial=0)),
            int(view.finish[mine].max()),
        )

    def _sequence(self, lane: int) -> Ints:
        field, plan = self.view.field, self.view.plan
        return field.holder[plan.seq[field.base[lane] : field.base[lane] + plan.size[lane]]]

    def _after(self, lane: int) -> int:
        """The first step on a lane that is put off when the window takes longer there; -1 where there is none."""
        mine = self._sequence(lane)
        mine = mine[~self.free[mine] & (self.view.begin[mine] >= self.cut)]
        if not len(mine) or self.reaching[mine[0]] or self.view.shop.fixed[mine[0]]:
            return -1
        return int(mine[0])

    def _lane(self, lane: int, after: int, latest: int) -> Lane:
        view, shop = self.view, self.view.shop
        mine = self._sequence(lane)
        others = mine[~self.free[mine] & (view.finish[mine] > self.first)]
        still = (view.begin[others] < self.cut) | self.reaching[others] | shop.fixed[others]
        held = merged(
            [(int(view.begin[op]), int(view.finish[op]), int(shop.op_family[op])) for op in others[still]]
        )
        ahead = mine[~self.free[mine] & (view.finish[mine] <= self.first)]
        family = int(shop.op_family[ahead[-1]]) if len(ahead) else int(shop.lane_family[lane])
        group = shop.lane_group[lane]
        setup = None
        if group >= 0 and shop.setup_s.size and shop.setup_s[group].any():
            table = np.minimum(shop.setup_s[group], shop.horizon_s) // view.unit_s
            setup = {(int(a), int(b)): int(table[a, b]) for a, b in zip(*np.nonzero(table))}
            for u, v in pairwise(mine.tolist()):
                pair = int(shop.op_family[u]), int(shop.op_family[v])
                if pair in setup:
                    setup[pair] = min(setup[pair], int(view.begin[v] - view.finish[u]))
            if family >= 0:
                since = int(view.finish[ahead[-1]]) if len(ahead) else 0
                held = [(since - 1, since, family), *held]
        return (
            Lane(held, setup, int(shop.op_family[after]), latest) if after >= 0 else Lane(held, setup, -1, -1)
        )

    def _step(self, op: int, latest_end: int) -> Step:
        view, shop, plan = self.view, self.view.shop, self.view.plan
        earliest, latest_start = max(self.first, int(view.release[op])), self.last
        later, before, ends = view.arcs
        for a in range(shop.pred_ptr[op], shop.pred_ptr[op + 1]):
            if not self.free[before[a]]:
                since = view.finish[before[a]] if ends[a] else view.begin[before[a]]
                earliest = max(earliest, int(since + view.lag[a]))
        for a in view.after(op):
            other = later[a]
            if not self.free[other] and (self.reaching[other] or shop.fixed[other]):
                limit = int(view.begin[other] - view.lag[a])
                if ends[a]:
                    latest_end = min(latest_end, limit)
                else:
                    latest_start = min(latest_start, limit)
            elif not self.free[other] and view.begin[other] < self.cut:
                latest_start = min(latest_start, int(view.begin[other]) - 1)
        now = int(plan.job[op, MODE]), frozenset(view.lanes(op).tolist())
        begin, finish = int(view.begin[op]), int(view.finish[op])
        if view.closed:
            reach = REACH_S // view.unit_s
            earliest, latest_start = max(earliest, begin - reach), min(latest_start, begin + reach)
        earliest, latest_start = min(earliest, begin), max(latest_start, begin)
        modes = [
            self._mode(op, mode, now[1], earliest, latest_start)
            for mode in range(shop.mode_ptr[op], shop.mode_ptr[op + 1])
        ]
        possible = [mode for mode in modes if mode is not None]
        family = int(shop.op_family[op])
        return Step(op, possible, earliest, latest_start, max(latest_end, finish), family, now, begin)

    def _mode(self, op: int, mode: int, held: frozenset[int], earliest: int, latest: int) -> Mode | None:
        shop = self.view.shop
        demands, sides = [], []
        for demand in range(shop.demand_ptr[mode], shop.demand_ptr[mode + 1]):
            pool, quantity = shop.demand_pool[demand], int(shop.demand_quantity[demand])
            lanes = self._some(shop.pool_lane[shop.pool_ptr[pool] : shop.pool_ptr[pool + 1]], quantity, held)
            demands.append((quantity, lanes.tolist()))
            sides.append(by_calendar(shop, lanes))
        places: dict[int, int] = {}
        hours, together = [], []
        for chosen in product(*(side.items() for side in sides)):
            calendar = ALWAYS
            for other, _ in chosen:
                calendar = int(shop.cal_both[calendar, other]) if calendar >= 0 else -1
            if calendar >= 0 and calendar not in places:
                by_start = self._lengths(op, mode, calendar, earliest, latest)
                places[calendar] = len(hours) if by_start else -1
                if by_start:
                    hours.append(Hours(calendar, by_start))
            lanes = {k: tuple(lanes) for k, (_, lanes) in enumerate(chosen) if len(sides[k]) > 1}
            together.append(Together(lanes, places.get(calendar, -1)))
        if not hours:
            return None
        alone = len(hours) == 1 and all(item.hours == 0 for item in together)
        return Mode(mode, demands, hours, [] if alone else [item for item in together if item.lanes])

    def _some(self, pool: Ints, quantity: int, held: frozenset[int]) -> Ints:
        """The lanes of a pool that may be taken: those held now and random others, if there are too many."""
        many = max(MOST_LANES, quantity)
        if len(pool) <= many:
            return pool
        key = self.draw.random(len(pool)) - np.isin(pool, list(held))
        return np.sort(pool[np.argsort(key)[:many]])

    def _lengths(self, op: int, mode: int, calendar: int, earliest: int, latest: int) -> dict[int, Spans]:
        """How long a step lasts by when it starts."""
        shop, unit_s = self.view.shop, self.view.unit_s
        work = int(shop.mode_s[mode]) // unit_s
        if calendar == ALWAYS:
            return {work: [(self.first, self.last)]}
        a, b = shop.cal_ptr[calendar], shop.cal_ptr[calendar + 1]
        hours = np.column_stack((shop.cal_start[a:b], shop.cal_end[a:b], shop.cal_before[a:b])) // unit_s
        return lengths(hours, work, bool(shop.op_pausable[op]), earliest, latest)


def lengths(hours: Ints, work: int, pausable: bool, earliest: int, latest: int) -> dict[int, Spans]:
    """For each length that work has when it starts from `earliest` to `latest`, the spans of starts that give it.

    `hours`: rows of opening, closing, and what was open before.
    """
    spans: dict[int, Spans] = {}
    i = int(np.searchsorted(hours[:, 1], earliest, side="right"))
    while i < len(hours) and hours[i, 0] <= latest:
        opens, closes, before = hours[i].tolist()
        low, high = max(opens, earliest), min(closes - 1, latest)
        i += 1
        if not pausable or work == 0:
            high = min(high, closes - work)
            if low <= high:
                spans.setdefault(work, []).append((low, high))
            continue
        j = i - 1
        while low <= high and j < len(hours):
            starts, ends, ahead = hours[j].tolist()
            last = min(high, ahead + ends - starts - work + opens - before)
            if low <= last:
                spans.setdefault(work + starts - ahead - opens + before, []).append((low, last))
                low = last + 1
            j += 1
    return spans


def by_calendar(shop: Shop, lanes: Ints) -> dict[int, list[int]]:
    """Lanes by their calendar."""
    found: dict[int, list[int]] = {}
    for lane in lanes.tolist():
        found.setdefault(int(shop.lane_calendar[lane]), []).append(lane)
    return found


def merged(held: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Spans in their order, without what fixed work has in common."""
    apart, taken = [], NONE
    for begin, end, family in sorted(held):
        if end > max(begin, taken):
            apart.append((max(begin, taken), end, family))
        taken = max(taken, end)
    return apart
