"""What an edit moved, because of what, and which orders it makes later."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lineshaft.core import Reason
from lineshaft.make.schedule.explain import minutes
from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.plan import lane_use
from lineshaft.make.schedule.shop import END_START, NEVER_S, Bools, Ints
from lineshaft.make.schedule.standing import Standing

TABLE = "operation_plan"


def tell(names: Names, was: Standing, now: Standing, dragged: Bools) -> Iterator[Reason]:
    """What was put where, locked or unlocked; what moved because of it; which orders end later or are less late."""
    yield from placed(names, was, now, np.flatnonzero(dragged).tolist())
    yield from moved(names, now, was.start_s, np.flatnonzero((was.start_s != now.start_s) & ~dragged))
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


def moved(names: Names, now: Standing, was_start_s: Ints, ops: Ints) -> Iterator[Reason]:
    """Every other step that moved: what it gives way to or follows, how much later it starts."""
    behind, lane = held_behind(names, now, ops)
    for op, other, where in zip(ops.tolist(), behind.tolist(), lane.tolist()):
        key, was_s, start_s = names.keys[op], int(was_start_s[op]), int(now.start_s[op])
        facts = {
            "order_id": key[0],
            "op_no": key[1],
            "later_min": minutes(start_s - was_s),
            "start": names.clock(start_s),
        }
        before, ready_s = followed(names, now, op)
        free_s = int(now.end_s[other]) if other >= 0 else -int(NEVER_S)
        if max(ready_s, free_s) <= was_s:
            yield Reason(TABLE, key, "edit_shifts", facts)
            continue
        cause = other if free_s > ready_s else before
        facts |= dict(zip(("behind_order", "behind_op"), names.keys[cause]))
        if cause == before:
            yield Reason(TABLE, key, "edit_follows", facts)
        else:
            yield Reason(TABLE, key, "edit_gives_way", facts | {"resource_id": names.lane_resource[where]})


def held_behind(names: Names, now: Standing, ops: Ints) -> tuple[Ints, Ints]:
    """For each of `ops` the step before it on one of its lanes that ends last, and that lane; -1 without any."""
    use = lane_use(names.compiled.shop, now.timetable())
    before = np.append(-1, use.op[:-1])[: len(use.op)]
    before[use.opens] = -1
    free_s = np.where(before >= 0, now.end_s[before], -NEVER_S)
    order = np.lexsort((use.lane, free_s))
    behind, lane = np.full((2, len(now.mode)), -1)
    behind[use.op[order]], lane[use.op[order]] = before[order], use.lane[order]
    return behind[ops], lane[ops]


def followed(names: Names, now: Standing, op: int) -> tuple[int, int]:
    """The predecessor that lets a step start last, and when (s); -1 without any."""
    shop, best, best_s = names.compiled.shop, -1, -int(NEVER_S)
    for i in range(shop.pred_ptr[op], shop.pred_ptr[op + 1]):
        before = int(shop.pred_op[i])
        since_s = (now.end_s if shop.pred_kind[i] == END_START else now.start_s)[before]
        if since_s + shop.pred_lag_s[i] > best_s:
            best, best_s = before, int(since_s + shop.pred_lag_s[i])
    return best, best_s


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
