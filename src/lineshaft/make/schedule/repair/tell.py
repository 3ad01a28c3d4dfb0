"""What an edit moved, because of what, and which orders it makes later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lineshaft.core import Reason
from lineshaft.make.schedule.layout.calendars import ranges
from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.plan import LaneUse
from lineshaft.make.schedule.reasons.explain import minutes
from lineshaft.make.schedule.repair.laid import FITS, NOT_READY
from lineshaft.make.schedule.repair.settle import Force
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import END_START, NEVER_S, Bools, Ints

TABLE = "operation_plan"


def tell(names: Names, plan: Force, now: Standing, dragged: Bools, use: LaneUse) -> Iterator[Reason]:
    """What was put where, locked or unlocked; what moved because of it; which orders end later or are less late."""
    was = plan.given
    yield from placed(names, was, now, np.flatnonzero(dragged & ~plan.homeless).tolist())
    yield from joined(names, now, np.flatnonzero(plan.homeless).tolist())
    moves = plan.moved(now) & ~dragged
    away = moves & plan.changed_lanes(now)
    hit = moves & ~away & (plan.hit != FITS)
    yield from reassigned(names, was, now, np.flatnonzero(away).tolist())
    yield from struck(names, plan, now, np.flatnonzero(hit).tolist())
    yield from moved(names, now, was.start_s, np.flatnonzero(moves & ~away & ~hit), use)
    yield from orders(names, plan, now)


def joined(names: Names, now: Standing, ops: list[int]) -> Iterator[Reason]:
    """Where the steps are that had no place."""
    for op in ops:
        yield Reason(TABLE, names.keys[op], "repair_joins", step(names, now, op))


def reassigned(names: Names, was: Standing, now: Standing, ops: list[int]) -> Iterator[Reason]:
    """Which steps others do."""
    for op in ops:
        before = {"was_resource_id": names.resources(was.lanes(op).tolist())}
        by_s = int(now.start_s[op] - was.start_s[op])
        moved_by = {"later_min": minutes(max(0, by_s)), "sooner_min": minutes(max(0, -by_s))}
        yield Reason(TABLE, names.keys[op], "repair_reassigned", step(names, now, op) | before | moved_by)


def struck(names: Names, plan: Force, now: Standing, ops: list[int]) -> Iterator[Reason]:
    """Which steps could not stay for a reason of their own: material, release, working time."""
    for op in ops:
        later = {"later_min": minutes(int(now.start_s[op] - plan.given.start_s[op]))}
        if plan.hit[op] == NOT_READY:
            ready = {"ready": names.clock(int(plan.shop.op_release_s[op]))}
            yield Reason(TABLE, names.keys[op], "repair_not_ready", step(names, now, op) | later | ready)
        else:
            work = {"work_min": minutes(int(plan.shop.mode_s[now.mode[op]]))}
            yield Reason(TABLE, names.keys[op], "repair_no_hours", step(names, now, op) | later | work)


def step(names: Names, now: Standing, op: int) -> dict[str, Any]:
    """A step, when it starts and on what."""
    order_id, op_no = names.keys[op]
    where = names.resources(now.lanes(op).tolist())
    return {
        "order_id": order_id,
        "op_no": op_no,
        "start": names.clock(int(now.start_s[op])),
        "resource_id": where,
    }


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
    if not len(ops):
        return
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
        if by_s < 0:
            del facts["later_min"]
            yield Reason(TABLE, key, "repair_sooner", facts | {"sooner_min": minutes(-by_s)})
            continue
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


def orders(names: Names, plan: Force, now: Standing) -> Iterator[Reason]:
    """Orders whose tardiness changes; those that had no place were not late."""
    was, shop = plan.given, plan.shop
    ends_s = np.full((2, shop.n_orders), -NEVER_S)
    for end_s, plan in zip(ends_s, (was, now)):
        np.maximum.at(end_s, shop.op_order, plan.end_s)
    was_s, now_s = np.maximum(ends_s - shop.order_due_s, 0)
    for order in np.flatnonzero(was_s != now_s).tolist():
        key = (names.orders[order],)
        late = {"late_min": minutes(int(now_s[order])), "was_min": minutes(int(was_s[order]))}
        code = "edit_late" if now_s[order] > was_s[order] else "edit_less_late"
        yield Reason("order_plan", key, code, {"order_id": key[0]} | late)
