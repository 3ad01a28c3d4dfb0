"""Microsoft Project files (MSPDI XML) as a works, with everything said that a works cannot carry.

A summary task becomes an order whose steps are the tasks beneath it that follow each other; a task that follows none
of its neighbours, or that has a deadline of its own, becomes an order of one step. Where parts of a summary come
together at no task, its order gets a last step of no length. So nothing waits for what it does not wait for in Project.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from lineshaft.core.errors import BadInput, Fault, Words
from lineshaft.store.eventlog import find_zone
from lineshaft.store.msproject.calendars import Row
from lineshaft.store.msproject.orders import Order, Step, grouped
from lineshaft.store.msproject.resources import demand_rows
from lineshaft.store.msproject.words import Notes
from lineshaft.store.msproject.xml import ELAPSED, PERCENT, Link, Project, Task, read_project
from lineshaft.tables import TABLES, frame_of

DAY_S = 86_400
MUST_START, NOT_BEFORE = 2, 4
CONSTRAINTS = {
    1: "as late as possible / 越晚越好",
    2: "must start on / 必须开始于",
    3: "must finish on / 必须完成于",
    5: "start no later than / 不得晚于…开始",
    6: "finish no earlier than / 不得早于…完成",
    7: "finish no later than / 不得晚于…完成",
}
ENDS = ("end_start", "end_end")
PERCENT_PIECES = 100


def read_msproject(path: Path, zone: str = "UTC") -> tuple[dict[str, pl.DataFrame], list[Words]]:
    """The tables of a project and what was left out or understood in a particular way.

    Parameters
    ----------
    zone
        IANA zone of the file's times, which name none.

    Raises
    ------
    BadInput
        The file is no project, holds declarations that can grow, no task, or values that cannot be read.
    """
    clock, faults, notes = find_zone(zone), list[Fault](), Notes()
    project = read_project(path, faults)
    tasks = planned(project, notes)
    start = project.start or min((task.start for task in tasks if task.start), default=None)
    if not faults and (not any(not task.is_summary for task in tasks) or start is None):
        words = Words("there is no task with a start in the project", "项目中没有带开始时间的任务")
        faults.append(Fault(path.name, (), "", None, "no_tasks", words))
    if faults or start is None:
        raise BadInput(faults)
    orders = grouped(project, tasks)
    rows: dict[str, list[Row]] = defaultdict(list)
    order_rows(rows, orders, tasks, start.replace(tzinfo=clock).astimezone(UTC), clock)
    demand_rows(rows, project, orders, zone, start.date(), notes)
    link_rows(rows, project.workday_s, orders, tasks, notes)
    event_rows(rows, orders, project.status, clock, notes)
    return {name: frame_of(TABLES[name], rows[name]) for name in TABLES if rows[name]}, notes.said()


def planned(project: Project, notes: Notes) -> list[Task]:
    """The tasks that are to be planned."""
    tasks = []
    for task in project.tasks:
        if task.level == 0:
            continue
        if task.external or not task.active:
            notes.add("external" if task.external else "inactive", task.name)
            continue
        tasks.append(task)
        if task.manual and not task.is_summary:
            notes.add("manual", task.name)
        if task.constraint in CONSTRAINTS:
            notes.add("constraint", f"{task.name} ({CONSTRAINTS[task.constraint]})")
    return tasks


def order_rows(
    rows: dict[str, list[Row]], orders: list[Order], tasks: list[Task], start: datetime, zone: ZoneInfo
) -> None:
    """Add orders, steps and their one way; in an order with a task under way a piece is one percent."""
    bounds = not_before(tasks)
    for order in orders:
        pieces = PERCENT_PIECES if any(0 < task.percent < 100 for task in order.steps) else 1
        due = order.due.replace(tzinfo=zone).astimezone(UTC) if order.due else None
        held = order.above is not None and order.above.closes and due is None
        above = order.above.last if order.above and held else (None, None)
        priority = order.task.priority if order.task else 500
        release = min(start, due) if due else start
        name = order.order_id
        rows["work_order"].append((name, None, pieces, None, release, due, max(1, priority // 100), *above))
        for number, task in enumerate(order.steps):
            op, earliest = order.op_no(number), bounds.get(task.uid)
            earliest = earliest.replace(tzinfo=zone).astimezone(UTC) if earliest else None
            piece_s = task.duration_s // pieces if pieces > 1 else 0
            rows["operation"].append((name, op, task.name[:200] or None, None, not task.elapsed, earliest))
            rows["operation_mode"].append((name, op, 1, task.duration_s - piece_s * pieces, piece_s))
        if order.closes:
            end = f"{order.task.name[:180]} 完成 / done" if order.task else None
            rows["operation"].append((*order.last, end, None, True))
            rows["operation_mode"].append((*order.last, 1, 0, 0))


def not_before(tasks: list[Task]) -> dict[int, datetime]:
    """Task → the time it may not start before: its own constraint, those above it, a manual start."""
    bounds: dict[int, datetime] = {}
    above: list[tuple[int, datetime | None]] = [(0, None)]
    for task in tasks:
        while above[-1][0] >= task.level:
            above.pop()
        own = task.constraint_at if task.constraint in (MUST_START, NOT_BEFORE) else None
        by_hand = task.start if task.manual and not task.is_summary else None
        bound = max((when for when in (own, by_hand, above[-1][1]) if when), default=None)
        above.append((task.level, bound))
        if bound:
            bounds[task.uid] = bound
    return bounds


def link_rows(
    rows: dict[str, list[Row]], workday_s: int, orders: list[Order], tasks: list[Task], notes: Notes
) -> None:
    """Add the dependencies: the links, and the ends of a summary's parts before its own."""
    steps, ends, below = places(orders)
    found: dict[tuple[Step, Step], tuple[str, int]] = {}
    by_uid = {task.uid: task for task in tasks}
    for task in tasks:
        for link in task.links:
            before = by_uid.get(link.before)
            said = f"{before.name if before else '?'} → {task.name}"
            if before is None or link.kind in ("start_end", "unknown"):
                notes.add("missing" if before is None else "start_end", said)
                continue
            if before.uid in ends and link.kind == "start_start":
                notes.add("summary_start", said)
                continue
            lag_s = lag(link, before, workday_s, said, notes)
            earlier = steps.get(before.uid) or ends[before.uid]
            whole = task.uid not in steps
            laters = [ends[task.uid]] if whole and link.kind == "end_end" else below.get(task.uid, [])
            for later in laters if whole else [steps[task.uid]]:
                if found.setdefault((later, earlier), (link.kind, lag_s)) != (link.kind, lag_s):
                    notes.add("second", said)
    passed = {
        earlier for (later, earlier), (kind, _) in found.items() if later[0] == earlier[0] and kind in ENDS
    }
    for arc in closings(orders, passed):
        found.setdefault(arc, ("end_start", 0))
    rows["segment_dependency"] += [
        (*later, *earlier, kind, lag_s, None) for (later, earlier), (kind, lag_s) in found.items()
    ]


def places(orders: list[Order]) -> tuple[dict[int, Step], dict[int, Step], dict[int, list[Step]]]:
    """Task → its step; summary task → the last step of its order; summary task → all steps beneath it."""
    steps: dict[int, Step] = {}
    ends: dict[int, Step] = {}
    below: dict[int, list[Step]] = defaultdict(list)
    for order in orders:
        own = [(order.order_id, order.op_no(number)) for number in range(len(order.steps))]
        steps |= {task.uid: step for task, step in zip(order.steps, own)}
        if order.task and order.is_summary:
            ends[order.task.uid] = order.last
        over: Order | None = order
        while over and over.task:
            below[over.task.uid] += own
            over = over.above
    return steps, ends, below


def closings(orders: list[Order], passed: set[Step]) -> Iterator[tuple[Step, Step]]:
    """(last step of a summary's order, step it waits for): ends of its own branches, and parts with a due date.

    Those in `passed` have ended when another step of their order has.
    """
    for order in orders:
        if order.closes:
            for number in range(len(order.steps)):
                step = (order.order_id, order.op_no(number))
                if step not in passed:
                    yield order.last, step
        if order.above and order.above.closes and order.due:
            own = [(order.order_id, order.op_no(number)) for number in range(len(order.steps))]
            yield from ((order.above.last, step) for step in ([order.last] if order.closes else own))


def lag(link: Link, before: Task, workday_s: int, said: str, notes: Notes) -> int:
    """A link's lag in seconds of clock time."""
    if link.lag < 0:
        notes.add("lead", said)
        return 0
    percent = link.lag_format in PERCENT
    lag_s = before.duration_s * link.lag // 100 if percent else link.lag * 6
    if lag_s and link.lag_format not in ELAPSED:
        notes.add("working_lag", said)
        days, rest = divmod(lag_s, workday_s)
        return days * DAY_S + rest
    return lag_s


def event_rows(
    rows: dict[str, list[Row]], orders: list[Order], status: datetime | None, zone: ZoneInfo, notes: Notes
) -> None:
    """Add what has happened: starts, ends, and how far tasks under way are."""
    for order in orders:
        for number, task in enumerate(order.steps):
            step, name = (order.order_id, order.op_no(number)), f"MSP-{task.uid}"
            if not task.percent or task.start is None:
                continue
            start = task.start.replace(tzinfo=zone).astimezone(UTC)
            rows["actual_event"].append((f"{name}-start", *step, "start", start))
            if task.percent >= 100:
                end = (task.finish or task.start).replace(tzinfo=zone).astimezone(UTC)
                rows["actual_event"].append((f"{name}-finish", *step, "finish", max(start, end)))
            elif status is None:
                notes.add("no_status", task.name)
            else:
                at = max(start, status.replace(tzinfo=zone).astimezone(UTC))
                event = (f"{name}-progress", *step, "progress", at, None, None, task.percent)
                rows["actual_event"].append(event)
                notes.add("percent", order.order_id)
        if order.closes and order.task and order.task.percent >= 100 and order.task.finish:
            end = order.task.finish.replace(tzinfo=zone).astimezone(UTC)
            name = f"MSP-{order.task.uid}"
            rows["actual_event"] += [
                (f"{name}-{kind}", *order.last, kind, end) for kind in ("start", "finish")
            ]
