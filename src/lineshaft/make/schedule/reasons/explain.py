"""Why orders are late: the chain of what each completion waited for, with minutes for every cause.

From the last step of a late order back along its predecessors, through the orders made for it: every second between
its release and its end is work, or waiting for one of the causes below. A step's waiting is put on what came last:
the machine or person that another step held, the setup after it, those who share its load, working time, material,
the last lot of the step before it, a fixed plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from lineshaft.core import Reason
from lineshaft.make.schedule.bounds.alone import each_alone, earliest_orders
from lineshaft.make.schedule.layout.calendars import finish
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.plan import lane_use
from lineshaft.make.schedule.shop import END_END, NEVER_S, OVERLAP, START_START, Shop, Timetable

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
DETAILS = 4
LEAST_S = 60


class Wait(NamedTuple):
    """Seconds that a step waited for one cause; `other` is the step or material behind it, `lane` the lane."""

    cause: str
    op: int
    seconds: int
    lane: int = -1
    other: int = -1


def explain(compiled: Compiled, timetable: Timetable) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Reasons for every late order, by id; and warnings."""
    shop = compiled.shop
    warnings = tuple(
        Reason("work_orders", (order,), "no_steps", {"order_id": order}) for order in compiled.stepless
    )
    if shop.n_ops == 0:
        return (), warnings
    walker = Walker(compiled, timetable)
    end_s = np.full(shop.n_orders, -NEVER_S)
    np.maximum.at(end_s, shop.op_order, timetable.end_s)
    late = np.flatnonzero(end_s > shop.order_due_s)
    earliest_s = earliest_orders(shop, each_alone(shop)) if len(late) else end_s
    reasons: list[Reason] = []
    for order in late.tolist():
        reasons += of_order(walker, order, int(end_s[order]), int(earliest_s[order]))
    return tuple(reasons), warnings


def of_order(walker: Walker, order: int, end_s: int, earliest_s: int) -> Iterator[Reason]:
    """The `late` reason of one order and the details behind it."""
    shop, names = walker.shop, walker.compiled
    order_id = names.orders["order_id"][order]
    due_s = int(shop.order_due_s[order])
    waits, work_s = walker.walk(order)
    total = Counter[str]()
    for wait in waits:
        total[wait.cause] += wait.seconds
    cause = max(CAUSES, key=lambda name: (total[name], -CAUSES.index(name)))
    if earliest_s > due_s and total[cause] < earliest_s - due_s:
        cause = "too_long"
    facts = {
        "order_id": order_id,
        "late_min": minutes(end_s - due_s),
        "cause": cause,
        "work_min": minutes(work_s),
    }
    facts |= {f"{name}_min": minutes(total[name]) for name in CAUSES}
    yield Reason("order_plan", (order_id,), "late", facts)
    if earliest_s > due_s:
        code = "already_late" if due_s < 0 else "too_long"
        unloaded = {"order_id": order_id, "earliest": walker.clock(earliest_s), "due": walker.clock(due_s)}
        yield Reason("work_orders", (order_id,), code, unloaded | {"short_min": minutes(earliest_s - due_s)})
    for wait in sorted(waits, key=lambda wait: -wait.seconds)[:DETAILS]:
        if wait.seconds >= LEAST_S:
            yield walker.reason(wait, order_id)


def minutes(seconds: int) -> int:
    """Whole minutes, rounded to the nearest."""
    return round(seconds / 60)


@dataclass
class Walker:
    """Walks from an order's end back to its beginning."""

    compiled: Compiled
    timetable: Timetable

    def __post_init__(self) -> None:
        self.shop: Shop = self.compiled.shop
        use = lane_use(self.shop, self.timetable)
        before = np.append(-1, use.op[:-1])[: len(use.op)]
        before[use.opens] = -1
        self.person = (self.compiled.lanes["kind"] == "person").to_list()
        self.held: dict[int, list[tuple[int, int, int]]] = {}
        self.loads: dict[int, list[int]] = {}
        for op, lane, setup_s, other in zip(
            use.op.tolist(), use.lane.tolist(), use.setup_s.tolist(), before.tolist()
        ):
            if self._shares_load(op, other, lane):
                self.loads[op] = self.loads.setdefault(other, [other])
                self.loads[op].append(op)
                _, setup_s, other = next(place for place in self.held[other] if place[0] == lane)
            self.held.setdefault(op, []).append((lane, setup_s, other))
        order, end_s = self.shop.op_order, self.timetable.end_s
        by_end = np.lexsort((-np.arange(self.shop.n_ops), end_s, order))
        self.last_op = by_end[np.searchsorted(order[by_end], np.arange(self.shop.n_orders), side="right") - 1]
        self.material = {}
        for op, item, receipt, ready_s in self.compiled.material.iter_rows():
            if ready_s >= self.material.get(op, ("", "", -NEVER_S))[2]:
                self.material[op] = (item, receipt, ready_s)

    def walk(self, order: int) -> tuple[list[Wait], int]:
        """Everything the order's completion waited for, and the working seconds in between."""
        shop, start_s, end_s = self.shop, self.timetable.start_s, self.timetable.end_s
        op = int(self.last_op[order])
        until = int(end_s[op])
        waits: list[Wait] = []
        work_s = 0
        while op >= 0:
            work = min(int(shop.mode_s[self.timetable.mode[op]]), until - int(start_s[op]))
            work_s += work
            waits.append(Wait("calendar", op, until - int(start_s[op]) - work, self._lane(op)))
            before, ready_s, lag_s = self._predecessor(op)
            release_s = max(0, int(shop.op_release_s[op]))
            waits += self._at(op, max(ready_s, release_s))
            if before < 0 or release_s >= ready_s:
                waits.append(self._release(op, release_s, order))
                break
            waits.append(Wait("lag", op, max(0, lag_s), -1, before))
            until = ready_s - max(0, lag_s)
            op = before
        return waits, work_s

    def _shares_load(self, op: int, other: int, lane: int) -> bool:
        """True when two steps, one after the other on a lane, are of one load of a batch machine."""
        start_s, end_s = self.timetable.start_s, self.timetable.end_s
        together = other >= 0 and start_s[op] == start_s[other] and end_s[op] == end_s[other]
        return bool(together and self.shop.lane_load_max[lane] > 0)

    def _predecessor(self, op: int) -> tuple[int, int, int]:
        """The step that was ready last for this one, when it was (s) and the lag after it."""
        shop, best = self.shop, (-1, -int(NEVER_S), 0)
        for i in range(shop.pred_ptr[op], shop.pred_ptr[op + 1]):
            before, lag_s, kind = int(shop.pred_op[i]), int(shop.pred_lag_s[i]), shop.pred_kind[i]
            if kind == END_END:
                continue
            since_s = int(
                self.timetable.start_s[before] if kind == START_START else self.timetable.end_s[before]
            )
            if kind == OVERLAP:
                since_s = min(since_s, self._first_lot(before))
            if since_s + lag_s > best[1]:
                best = (before, since_s + lag_s, lag_s)
        return best

    def _first_lot(self, op: int) -> int:
        """When the first transfer lot of a step is done (s)."""
        start_s, end_s = int(self.timetable.start_s[op]), int(self.timetable.end_s[op])
        row = self._span(op)
        lot_s = int(self.shop.mode_first_s[self.timetable.mode[op]])
        done = finish((self.shop.cal_start[row], self.shop.cal_end[row]), start_s, lot_s)
        return end_s if done is None or op in self.compiled.ways else done

    def _ready(self, op: int) -> int:
        """When a step could have started but for its lanes and those who share its load (s)."""
        return max(0, int(self.shop.op_release_s[op]), self._predecessor(op)[1])

    def _bound_by_end(self, op: int) -> bool:
        """True when the step ends no sooner than steps before it allow."""
        shop, mode = self.shop, self.timetable.mode[op]
        for i in range(shop.pred_ptr[op], shop.pred_ptr[op + 1]):
            last_s = {OVERLAP: shop.mode_last_s[mode], END_END: shop.pred_lag_s[i]}.get(
                int(shop.pred_kind[i])
            )
            if (
                last_s is not None
                and self.timetable.end_s[shop.pred_op[i]] + last_s >= self.timetable.end_s[op]
            ):
                return True
        return False

    def _at(self, op: int, ready_s: int) -> Iterator[Wait]:
        """What the step waited for at its own place, from ready to start."""
        start_s = int(self.timetable.start_s[op])
        if op in self.compiled.ways:
            yield Wait("fixed", op, max(0, start_s - ready_s))
            return
        free = [
            (*self._free(lane, setup_s, other), lane, other) for lane, setup_s, other in self.held.get(op, [])
        ]
        now = ready_s
        if free:
            set_up_s, end_s, lane, other = max(free)
            if end_s > now:
                cause = "person" if self.person[lane] else "resource"
                yield Wait(cause, op, min(end_s, start_s) - now, lane, other)
                now = min(end_s, start_s)
            if set_up_s > now:
                yield Wait("setup", op, min(set_up_s, start_s) - now, lane, other)
                now = min(set_up_s, start_s)
        partner = max(self.loads.get(op, [op]), key=lambda one: (self._ready(one), one))
        partner_s = min(start_s, self._ready(partner))
        if partner != op and partner_s > now:
            yield Wait("batch", op, partner_s - now, self._lane(op), partner)
            now = partner_s
        forced_s = min(start_s, self._working(op, now))
        yield Wait("calendar", op, forced_s - now, self._lane(op))
        yield Wait("overlap" if self._bound_by_end(op) else "gap", op, start_s - forced_s)

    def _free(self, lane: int, setup_s: int, other: int) -> tuple[int, int]:
        """When a lane was set up and when it was free for a step (s)."""
        end_s = int(self.timetable.end_s[other]) if other >= 0 else 0
        if setup_s == 0:
            return end_s, end_s
        row = slice(
            self.shop.cal_ptr[self.shop.lane_calendar[lane]],
            self.shop.cal_ptr[self.shop.lane_calendar[lane] + 1],
        )
        starts, ends = self.shop.cal_start[row], self.shop.cal_end[row]
        i = int(np.searchsorted(ends, max(end_s, 0), side="right"))
        now, left = max(end_s, 0), setup_s
        while i < len(ends):
            now = max(now, int(starts[i]))
            if now + left <= ends[i]:
                return now + left, end_s
            left -= int(ends[i]) - now
            now, i = int(ends[i]), i + 1
        return end_s, end_s

    def _working(self, op: int, ready_s: int) -> int:
        """When all lanes of the step next work long enough for it to start (s)."""
        row = self._span(op)
        starts, ends = self.shop.cal_start[row], self.shop.cal_end[row]
        need_s = 1 if self.shop.op_pausable[op] else int(self.shop.mode_s[self.timetable.mode[op]])
        i = int(np.searchsorted(ends, ready_s, side="right"))
        fits = np.flatnonzero(np.maximum(starts[i:], ready_s) + need_s <= ends[i:])
        return max(ready_s, int(starts[i + fits[0]])) if len(fits) else ready_s

    def _span(self, op: int) -> slice:
        """The intervals in which all lanes of the step work."""
        calendar = 0
        for lane, _, _ in sorted(self.held.get(op, [])):
            both = int(self.shop.cal_both[calendar, self.shop.lane_calendar[lane]])
            calendar = both if both >= 0 else int(self.shop.lane_calendar[lane])
        return slice(self.shop.cal_ptr[calendar], self.shop.cal_ptr[calendar + 1])

    def _release(self, op: int, release_s: int, order: int) -> Wait:
        """What the first step of the chain waited for before it could start."""
        released_s = int(self.shop.order_release_s[order])
        waited_s = max(0, release_s - max(0, released_s))
        if op in self.material and self.material[op][2] >= release_s:
            return Wait("material", op, waited_s)
        return Wait("release", op, waited_s)

    def _lane(self, op: int) -> int:
        return self.held[op][0][0] if op in self.held else -1

    def clock(self, at_s: int) -> str:
        """A time for people, in UTC."""
        return f"{self.compiled.start + timedelta(seconds=at_s):%Y-%m-%d %H:%M}Z"

    def reason(self, wait: Wait, order_id: str) -> Reason:
        """A detail of why `order_id` is late."""
        key = self.compiled.ops.row(wait.op)
        facts: dict[str, Any] = {
            "late_order": order_id,
            "order_id": key[0],
            "op_no": key[1],
            "wait_min": minutes(wait.seconds),
        }
        if wait.cause in ("resource", "person", "batch", "setup", "calendar"):
            facts["resource_id"] = self.compiled.lanes["resource_id"][wait.lane] if wait.lane >= 0 else "-"
        if wait.cause in ("resource", "person", "batch", "setup", "lag"):
            other = self.compiled.ops.row(wait.other) if wait.other >= 0 else ("-", 0)
            facts |= {"behind_order": other[0], "behind_op": other[1]}
        if wait.cause == "material":
            item, receipt, ready_s = self.material[wait.op]
            facts |= {"item_id": item, "receipt_id": receipt, "until": self.clock(ready_s)}
            return Reason("requirements", (*key, item), "waits_for_material", facts)
        if wait.cause == "fixed":
            facts["way"] = self.compiled.ways[wait.op]
        return Reason("operations", key, f"waits_for_{wait.cause}", facts)
