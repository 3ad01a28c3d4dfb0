"""Why orders are late: the chain of what each completion waited for, with minutes for every cause.

From the last step of a late order back along its predecessors, through the orders made for it: every second between
its release and its end is work, or waiting for one of the causes in `waits`. A step's waiting is put on what came
last: the machine or person that another step held, the setup after it, those who share its load, working time,
material, the last lot of the step before it, a fixed plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from lineshaft.core import Reason
from lineshaft.make.schedule.bounds.alone import Alone, each_alone, earliest_orders
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.reasons.waits import CAUSES, NOTHING, Wait, Walker
from lineshaft.make.schedule.shop import NEVER_S, Ints, Timetable

DETAILS = 4
LEAST_S = 60


def explain(
    compiled: Compiled, timetable: Timetable, alone: Alone | None = None
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Reasons for every late order, by id; and warnings.

    Parameters
    ----------
    alone
        Each step without the others, where that is known.
    """
    shop = compiled.shop
    warnings = tuple(
        Reason("work_orders", (order,), "no_steps", {"order_id": order}) for order in compiled.stepless
    )
    end_s = np.full(shop.n_orders, -NEVER_S)
    np.maximum.at(end_s, shop.op_order, timetable.end_s)
    late = np.flatnonzero(end_s > shop.order_due_s)
    if not len(late):
        return (), warnings
    earliest_s = earliest_orders(shop, alone or each_alone(shop))[late]
    total, work_s, details = ways(Walker(compiled, timetable), late)
    told = Teller(compiled)
    reasons: list[Reason] = []
    facts = (late, end_s[late], earliest_s, work_s)
    for order, *times, totals, waits in zip(*(row.tolist() for row in (*facts, total)), details):
        reasons += told.of_order(order, *times, totals, waits)
    return tuple(reasons), warnings


def ways(walker: Walker, late: Ints) -> tuple[Ints, Ints, list[list[Wait]]]:
    """For each late order the seconds of every cause, those of work, and its longest waits, longest first."""
    chain = walker.chains(late)
    waits, row_work_s = walker.waits(late, chain)
    at = np.broadcast_to(chain.at[:, None], waits.cause.shape)
    there = waits.cause != NOTHING
    total = np.zeros((len(late), len(CAUSES)), dtype=np.int64)
    np.add.at(total, (at[there], waits.cause[there]), waits.seconds[there])
    work_s = np.zeros(len(late), dtype=np.int64)
    np.add.at(work_s, chain.at, row_work_s)
    row, place = np.nonzero(there & (waits.seconds >= LEAST_S))
    longest = np.lexsort((-waits.seconds[row, place], chain.at[row]))
    row, place = row[longest], place[longest]
    details: list[list[Wait]] = [[] for _ in late]
    columns = (field[row, place].tolist() for field in waits)
    for order, op, cause, *rest in zip(chain.at[row].tolist(), chain.op[row].tolist(), *columns):
        if len(details[order]) < DETAILS:
            details[order].append(Wait(CAUSES[cause], op, *rest))
    return total, work_s, details


def minutes(seconds: int) -> int:
    """Whole minutes, rounded to the nearest."""
    return round(seconds / 60)


@dataclass
class Teller:
    """Puts numbers of a shop into reasons."""

    compiled: Compiled

    def __post_init__(self) -> None:
        self.due_s = self.compiled.shop.order_due_s.tolist()
        self.orders = self.compiled.orders["order_id"].to_list()
        self.order = self.compiled.shop.op_order.tolist()
        self.op_no = self.compiled.ops["op_no"].to_list()
        self.resources = self.compiled.lanes["resource_id"].to_list()

    def of_order(
        self, order: int, end_s: int, earliest_s: int, work_s: int, totals: list[int], waits: list[Wait]
    ) -> Iterator[Reason]:
        """The `late` reason of one order and the details behind it."""
        order_id, due_s = self.orders[order], self.due_s[order]
        longest_s = max(totals)
        cause = CAUSES[totals.index(longest_s)]
        if earliest_s > due_s and longest_s < earliest_s - due_s:
            cause = "too_long"
        facts = {
            "order_id": order_id,
            "late_min": minutes(end_s - due_s),
            "cause": cause,
            "work_min": minutes(work_s),
        }
        facts |= {f"{name}_min": minutes(seconds) for name, seconds in zip(CAUSES, totals)}
        yield Reason("order_plan", (order_id,), "late", facts)
        if earliest_s > due_s:
            code = "already_late" if due_s < 0 else "too_long"
            unloaded = {"order_id": order_id, "earliest": self.clock(earliest_s), "due": self.clock(due_s)}
            yield Reason(
                "work_orders", (order_id,), code, unloaded | {"short_min": minutes(earliest_s - due_s)}
            )
        for wait in waits:
            yield self.reason(wait, order_id)

    def clock(self, at_s: int) -> str:
        """A time for people, in UTC."""
        return f"{self.compiled.start + timedelta(seconds=at_s):%Y-%m-%d %H:%M}Z"

    def key(self, op: int) -> tuple[str, int]:
        """Order and number of a step."""
        return self.orders[self.order[op]], self.op_no[op]

    def reason(self, wait: Wait, order_id: str) -> Reason:
        """A detail of why `order_id` is late."""
        key = self.key(wait.op)
        facts: dict[str, Any] = {
            "late_order": order_id,
            "order_id": key[0],
            "op_no": key[1],
            "wait_min": minutes(wait.seconds),
        }
        if wait.cause in ("resource", "person", "batch", "setup", "calendar"):
            facts["resource_id"] = self.resources[wait.lane] if wait.lane >= 0 else "-"
        if wait.cause in ("resource", "person", "batch", "setup", "lag"):
            other = self.key(wait.other) if wait.other >= 0 else ("-", 0)
            facts |= {"behind_order": other[0], "behind_op": other[1]}
        if wait.cause == "material":
            _, item, receipt, ready_s = self.compiled.material.row(wait.other)
            facts |= {"item_id": item, "receipt_id": receipt, "until": self.clock(ready_s)}
            return Reason("requirements", (*key, item), "waits_for_material", facts)
        if wait.cause == "fixed":
            facts["way"] = self.compiled.ways[wait.op]
        return Reason("operations", key, f"waits_for_{wait.cause}", facts)
