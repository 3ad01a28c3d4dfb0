"""Resources of a Microsoft Project file, what steps hold of them, and hours of tasks that nobody is assigned to."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from lineshaft.store.msproject.calendars import Row, calendar_rows, weeks
from lineshaft.store.msproject.orders import Names, Order
from lineshaft.store.msproject.words import Notes
from lineshaft.store.msproject.xml import Project, Task

SHARES = (1, 2, 4, 5, 10, 20, 25, 50, 100)
CALENDAR_PLACES = 999
EXCEPTIONS_BEFORE, EXCEPTIONS_AFTER = timedelta(days=31), timedelta(days=730)

Held = dict[int, dict[int, float]]
"""Task → resource → units."""


def demand_rows(
    rows: dict[str, list[Row]], project: Project, orders: list[Order], zone: str, start: date, notes: Notes
) -> None:
    """Add resources, what steps hold of them, and the calendars that are used.

    A task that nobody is assigned to, or with a calendar of its own, holds a place that stands for the calendar.
    """
    hours = Hours(rows, project, zone, start, notes)
    held = assignments(project, notes)
    who = people_rows(rows, project, held, hours, notes)
    for order in orders:
        for number, task in enumerate(order.steps):
            demands = [(who[uid], int(places)) for uid, places in sorted(held.get(task.uid, {}).items())]
            if demands and task.elapsed:
                notes.add("elapsed", task.name)
                demands = []
            own = task.calendar in hours.weeks
            if demands and own and task.ignores_people:
                notes.add("ignores", task.name)
            needs_hours = not demands or (own and not task.ignores_people)
            if task.duration_s and not task.elapsed and needs_hours:
                demands += hours.held(task)
            step = (order.order_id, order.op_no(number), 1)
            rows["resource_demand"] += [
                (*step, no, resource, None, places) for no, (resource, places) in enumerate(demands, 1)
            ]


class Hours:
    """The calendars of a file, written when they are first used."""

    def __init__(
        self, rows: dict[str, list[Row]], project: Project, zone: str, start: date, notes: Notes
    ) -> None:
        last = max(project.finish.date() if project.finish else start, start) + EXCEPTIONS_AFTER
        self.weeks = weeks(project.calendars, start - EXCEPTIONS_BEFORE, last, notes.add)
        self.rows, self.project, self.zone = rows, project, zone
        self.names, self.resources = Names(), Names()
        self.written: dict[int, str] = {}
        self.places: dict[str, str] = {}

    def calendar(self, uid: int) -> str | None:
        """The name of a calendar, or of the project's where there is no such one."""
        uid = uid if uid in self.weeks else self.project.calendar
        if uid not in self.weeks:
            return None
        if uid not in self.written:
            name = self.names.give(self.project.calendars[uid].text("Name"), uid)
            self.written[uid] = name
            for table, some in calendar_rows(name, self.weeks[uid], self.zone).items():
                self.rows[table] += some
        return self.written[uid]

    def held(self, task: Task) -> list[tuple[str, int]]:
        """What a task holds so that it is worked by its calendar."""
        name = self.calendar(task.calendar)
        if name is None:
            return []
        if name not in self.places:
            self.places[name] = self.resources.give(f"{name} 日历 / hours", 0)
            self.rows["resource"].append((self.places[name], None, "place", name, CALENDAR_PLACES))
        return [(self.places[name], 1)]


def people_rows(
    rows: dict[str, list[Row]], project: Project, held: Held, hours: Hours, notes: Notes
) -> dict[int, str]:
    """Add the resources that are used; resource → its name. `held` comes to say places instead of units."""
    who: dict[int, str] = {}
    for uid, shares in shares_of(project, held).items():
        holder = project.holders[uid]
        who[uid] = hours.resources.give(holder.name, uid)
        places = max(1, min(round(holder.units * shares), CALENDAR_PLACES))
        calendar = hours.calendar(holder.calendar)
        rows["resource"].append((who[uid], holder.name[:200], "person", calendar, places))
        for of_task in held.values():
            if uid in of_task:
                wanted = max(1, round(of_task[uid] * shares))
                of_task[uid] = min(wanted, places)
                if wanted > places:
                    notes.add("overbooked", holder.name)
    if who:
        notes.add("people", "")
    return who


def assignments(project: Project, notes: Notes) -> Held:
    """What tasks hold of whom; what are no people or machines is noted."""
    held: Held = defaultdict(dict)
    tasks = {task.uid: task for task in project.tasks}
    for uid_of_task, uid, units in project.assigned:
        holder, task = project.holders.get(uid), tasks.get(uid_of_task)
        if holder is None or task is None:
            continue
        if task.is_summary:
            notes.add("on_summary", f"{holder.name}: {task.name}")
        elif holder.kind != 1:
            notes.add("material" if holder.kind == 0 else "cost", f"{holder.name}: {task.name}")
        else:
            held[task.uid][uid] = held[task.uid].get(uid, 0.0) + units
    return held


def shares_of(project: Project, held: Held) -> dict[int, int]:
    """Resource → into how many shares one unit is cut, so that all its units are whole; the used ones only."""
    asked: dict[int, list[float]] = defaultdict(list)
    for of_task in held.values():
        for uid, units in of_task.items():
            asked[uid].append(units)

    def fits(share: int, units: list[float]) -> bool:
        return all(abs(unit * share - round(unit * share)) < 1e-6 for unit in units)

    return {
        uid: next((share for share in SHARES if fits(share, [*some, project.holders[uid].units])), SHARES[-1])
        for uid, some in sorted(asked.items())
    }
