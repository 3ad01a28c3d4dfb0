"""Which orders the tasks of a Microsoft Project file make."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lineshaft.store.msproject.xml import Project, Task

MUST_FINISH, NOT_AFTER = 3, 7

CARRIED = ("end_start", "start_start", "end_end")

Step = tuple[str, int]


@dataclass
class Order:
    """An order to be: the task it is named for, its steps' tasks, and the order it is part of."""

    order_id: str
    task: Task | None
    steps: list[Task] = field(default_factory=list)
    is_summary: bool = False
    closes: bool = False
    above: Order | None = None

    @property
    def due(self) -> datetime | None:
        """The deadline of its task, or the latest finish that a constraint sets."""
        return due_of(self.task) if self.task else None

    def op_no(self, number: int) -> int:
        """The number of its step `number` (from 0)."""
        return (number + 1) * (10 if len(self.steps) < 990 else 1)

    @property
    def last(self) -> Step:
        """Its last step."""
        return self.order_id, self.op_no(len(self.steps) if self.closes else len(self.steps) - 1)


def due_of(task: Task) -> datetime | None:
    """When a task is to be finished: its deadline, or the date of a constraint on its finish."""
    bound = task.constraint_at if task.constraint in (MUST_FINISH, NOT_AFTER) else None
    return min((when for when in (task.deadline, bound) if when), default=None)


def grouped(project: Project, tasks: list[Task]) -> list[Order]:
    """The orders: of each summary task, of each task that stands alone, and of the project's own chain of tasks."""
    names = Names()
    root = Order(names.give(project.name, 0), None)
    above: list[tuple[int, Order]] = [(0, root)]
    orders = [root]
    sums = {task.uid for task, after in zip(tasks, [*tasks[1:], None]) if after and after.level > task.level}
    for task in tasks:
        while above[-1][0] >= task.level:
            above.pop()
        over = above[-1][1]
        if task.uid in sums or task.is_summary:
            order = Order(names.of(task), task, is_summary=True, above=over)
            above.append((task.level, order))
            orders.append(order)
        elif follows_on(over, task):
            over.steps.append(task)
        else:
            orders.append(Order(names.of(task), task, [task], above=over))
    asked = ends_asked_for(orders, tasks)
    parted = {order.above.order_id for order in orders if order.above}
    for order in orders:
        open_end = not order.steps or order.order_id in parted
        order.closes = order.is_summary and (open_end or bool(order.task and order.task.uid in asked))
    return [order for order in orders if order.steps or order.closes]


def follows_on(order: Order, task: Task) -> bool:
    """Whether a task is the next step of an order: its first, or one that waits for a step of it."""
    if due_of(task):
        return False
    before = {step.uid for step in order.steps}
    return not before or any(link.before in before and link.kind in CARRIED for link in task.links)


def ends_asked_for(orders: list[Order], tasks: list[Task]) -> set[int]:
    """Summary tasks whose end something waits for, or that wait with their end."""
    sums = {order.task.uid for order in orders if order.task and order.is_summary}
    asked = {link.before for task in tasks for link in task.links if link.before in sums}
    return asked | {task.uid for task in tasks if task.uid in sums and task.links}


class Names:
    """Identifiers from what people call things, each given once."""

    def __init__(self) -> None:
        self.given: set[str] = set()

    def of(self, task: Task) -> str:
        """WBS code and name of a task."""
        return self.give(f"{task.wbs} {task.name}", task.uid)

    def give(self, name: str, uid: int) -> str:
        """A name of at most 80 characters, with the number behind it where it was given before."""
        short = " ".join(name.split())[:80].strip() or f"#{uid}"
        if short in self.given:
            short = f"{short[:68].strip()} #{uid}"
        self.given.add(short)
        return short
