"""What an edit moved, because of what, and which orders it makes later."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lineshaft.core import Reason
from lineshaft.make.schedule.layout.calendars import ranges
from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.plan import LaneUse
from lineshaft.make.schedule.reasons.explain import minutes
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import END_START, NEVER_S, Bools, Ints

TABLE = "operation_plan"


def tell(names: Names, was: Standing, now: Standing, dragged: Bools, use: LaneUse) -> Iterator[Reason]:
    """What was put where, locked or unlocked; what moved because of it; which orders end later or are less late."""
    yield from placed(names, was, now, np.flatnonzero(dragged).tolist())
    yield from moved(names, now, was.start_s, np.flatnonzero((was.start_s != now.start_s) & ~dragged), use)
    yield from orders(names, was, now)


def placed(names: Names, was: Standing, now: Standing, dragged: list[int]) -> Iterator[Reason]:
    """Where the dragged steps are, and which are locked or free now."""
    for op in dragged:
        key = names.keys[op]
        step = {"order_id": key[0], "op_no": key[1]}
        here, there = (names.resources(plan.lanes(op).tolist()) for plan in (now, was))
        if (now.start_s[op], here) != (was.start_s[op], there):
            times = {"start": names.clock(now.start_s[op]), "was_start": names.clock(was.start_s[op])}
            yield Reason(
                TABLE, key, "edit_placed", step | times | {"resource_id": here, "was_resource_id": there}
            )
        if now.locked[op] != was.locked[op]:
            yield Reason(TABLE, key, "edit_locks" if now.locked[op] else "edit_unlocks", step)


def moved(names: Names, now: Standing, was_start_s: Ints, ops: Ints, use: LaneUse) -> Iterator[Reason]:
    """Every other step that moved: what it gives way to or follows, how much later it starts."""
    held, lane, free_s = held_behind(now, use)
    followed, ready_s = follows(names, now, ops)
    lane, free_s, held = lane[ops], free_s[ops], held[ops]
    cause = np.where(
        np.maximum(free_s, ready_s) <= was_start_s[ops], -1, np.where(free_s > ready_s, held, followed)
    )
    later_s = now.start_s[ops] - was_start_s[ops]
    columns = (ops, cause, free_s > ready_s, lane, later_s)
    for op, behind, gives_way, where, by_s, start in zip(
        *(column.tolist() for column in columns), names.clocks(now.start_s[ops])
    ):
        key = names.keys[op]
        facts = {"order_id": key[0], "op_no": key[1], "later_min": minutes(by_s), "start": start}
        if behind < 0:
            yield Reason(TABLE, key, "edit_shifts", facts)
            continue
        facts["behind_order"], facts["behind_op"] = names.keys[behind]
        if gives_way:
            facts["resource_id"] = names.lane_resource[where]
        yield Reason(TABLE, key, "edit_gives_way" if gives_way else "edit_follows", facts)


def held_behind(now: Standing, use: LaneUse) -> tuple[Ints, Ints, Ints]:
    """For each step the one before it on a lane that ends last (-1 none), that lane, and when it ends (s)."""
    before = np.append(-1, use.op[:-1])[: len(use.op)]
    before[use.opens] = -1
    ends_s = np.where(before >= 0, now.end_s[before], -NEVER_S)
    order = np.argsort(ends_s, kind="stable")
    behind, lane, free_s = np.full((3, len(now.mode)), -1)
    free_s[:] = -NEVER_S
    op = use.op[order]
    behind[op], lane[op], free_s[op] = before[order], use.lane[order], ends_s[order]
    return behind, lane, free_s


def follows(names: Names, now: Standing, ops: Ints) -> tuple[Ints, Ints]:
    """For each of `ops` the predecessor that lets it start last (-1 none), and when (s)."""
    shop = names.compiled.shop
    count = np.diff(shop.pred_ptr)[ops]
    arc = ranges(shop.pred_ptr[ops], count)
    place = np.repeat(np.arange(len(ops)), count)
    before = shop.pred_op[arc]
    since_s = np.where(shop.pred_kind[arc] == END_START, now.end_s[before], now.start_s[before])
    ready_s = since_s + shop.pred_lag_s[arc]
    order = np.argsort(ready_s, kind="stable")
    last, last_s = np.full(len(ops), -1), np.full(len(ops), -NEVER_S)
    last[place[order]], last_s[place[order]] = before[order], ready_s[order]
    return last, last_s


def orders(names: Names, was: Standing, now: Standing) -> Iterator[Reason]:
    """Orders whose tardiness changes."""
    shop = names.compiled.shop
    ends_s = np.full((2, shop.n_orders), -NEVER_S)
    for end_s, plan in zip(ends_s, (was, now)):
        np.maximum.at(end_s, shop.op_order, plan.end_s)
    was_s, now_s = np.maximum(ends_s - shop.order_due_s, 0)
    for order in np.flatnonzero(was_s != now_s).tolist():
        key = (names.orders[order],)
        late = {"late_min": minutes(int(now_s[order])), "was_min": minutes(int(was_s[order]))}
        code = "edit_late" if now_s[order] > was_s[order] else "edit_less_late"
        yield Reason("order_plan", key, code, {"order_id": key[0]} | late)
