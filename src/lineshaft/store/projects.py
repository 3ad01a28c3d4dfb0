"""Published project instances as tables: resource-constrained projects with one or several modes (PSPLIB).

A project becomes one order of one piece, P1, released on 1 January 2026; its activities are its steps, numbered as in
the file, and follow each other as the file says. One unit of time becomes 60 s. Renewable resources are R1, R2, …
with their capacity as places, non-renewable ones are budgets N1, N2, …. Nothing has a calendar, no step may pause.

Formats: Patterson's `.rcp` (one mode, renewable resources) and PSPLIB's `.mm` (Kolisch and Sprecher 1997,
doi:10.1016/S0377-2217(96)00170-1). Activity 1 is the source: every other one follows some activity.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from lineshaft.store.instance_text import UNIT_S, Text
from lineshaft.store.instances import RELEASE, table_rows

ACTIVITIES_MAX = 9_999
RESOURCES_MAX = 99
PLACES_MAX = 999
ORDER = "P1"


class Activity(NamedTuple):
    """One activity: `ways` to do it, each (units of time, places of each resource), and the numbers of `followers`."""

    ways: list[tuple[int, list[int]]]
    followers: list[int]


def read_rcpsp(path: Path) -> dict[str, pl.DataFrame]:
    """A project in Patterson's format: activities with one duration and what they hold of each resource.

    Returns
    -------
    dict
        Table name → rows: `work_order`, `operation`, `operation_mode`, `resource_demand`, `resource`,
        `segment_dependency`.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format.
    Missing
        No such file.
    """
    text = Text(path)
    many, resources = text.index(1, ACTIVITIES_MAX), text.index(1, RESOURCES_MAX)
    capacity = [text.index(0, PLACES_MAX) for _ in range(resources)]
    activities = []
    for _ in range(many):
        way = text.time(), [text.index(0, PLACES_MAX) for _ in capacity]
        activities.append(Activity([way], _followers(text, many)))
    text.end()
    _with_source(text, activities)
    return to_tables(activities, {f"R{i}": ("machine", c) for i, c in enumerate(capacity, start=1)})


def read_mmrcpsp(path: Path) -> dict[str, pl.DataFrame]:
    """A project in PSPLIB's multi-mode format; tables as `read_rcpsp` gives them, with budgets among the resources.

    Raises
    ------
    BadInput
        With the number of the line that breaks the format.
    Missing
        No such file.
    """
    text = SectionedText(path)
    many = text.announced("jobs", 1, ACTIVITIES_MAX)
    renewable = text.announced("- renewable", 0, RESOURCES_MAX)
    budgets = text.announced("- nonrenewable", 0, RESOURCES_MAX)
    text.announced("- doubly constrained", 0, 0)
    text.section("PRECEDENCE RELATIONS")
    modes, followers = [], []
    for number in range(1, many + 1):
        text.index(number, number)
        modes.append(text.index(1, ACTIVITIES_MAX))
        followers.append(_followers(text, many))
    text.section("REQUESTS/DURATIONS")
    activities = []
    for number in range(1, many + 1):
        text.index(number, number)
        ways = []
        for mode in range(1, modes[number - 1] + 1):
            text.index(mode, mode)
            ways.append((text.time(), [text.index(0, PLACES_MAX) for _ in range(renewable + budgets)]))
        activities.append(Activity(ways, followers[number - 1]))
    text.section("RESOURCEAVAILABILITIES")
    names = [f"R{i}" for i in range(1, renewable + 1)] + [f"N{i}" for i in range(1, budgets + 1)]
    kinds = ["machine"] * renewable + ["budget"] * budgets
    resources = {name: (kind, text.index(0, PLACES_MAX)) for name, kind in zip(names, kinds)}
    text.end()
    _with_source(text, activities)
    return to_tables(activities, resources)


class SectionedText(Text):
    """PSPLIB's text: numbers in titled sections, between lines that only decorate."""

    def announced(self, label: str, low: int, high: int) -> int:
        """The number after the colon of the next line that begins with `label`."""
        line = self._line_with(label)
        words = line.partition(":")[2].split()
        if not words:
            raise self.fault(f"no number follows {label!r}", f"{label!r} 之后没有数值")
        return self._whole(words[0], low, high)

    def section(self, title: str) -> None:
        """Go on after the line that begins with `title`."""
        self._line_with(title)

    def _line_with(self, label: str) -> str:
        for number, line in self._lines:
            self.line = number
            if line.strip().startswith(label):
                return line
        raise self.fault(f"there is no line {label!r}", f"缺少 {label!r} 一行")

    def _next_line(self, *, last: bool = False) -> list[str]:
        words = super()._next_line(last=last)
        while words and words[0][0] in "*-":
            words = super()._next_line(last=last)
        return words


def _followers(text: Text, many: int) -> list[int]:
    """How many activities follow, and which."""
    return [text.index(2, many) for _ in range(text.index(0, many))]


def _with_source(text: Text, activities: list[Activity]) -> None:
    """Every activity but the first follows one, so that none would follow by its number."""
    followed = {follower for activity in activities for follower in activity.followers}
    for number in range(2, len(activities) + 1):
        if number not in followed:
            raise text.fault(
                f"activity {number} follows none; all but activity 1 must",
                f"活动 {number} 没有前序活动;除活动 1 外均须有前序",
            )


def to_tables(activities: list[Activity], resources: dict[str, tuple[str, int]]) -> dict[str, pl.DataFrame]:
    """Tables of one order with these activities; `resources` by name: kind and capacity, in order of the needs."""
    numbers = list(range(1, len(activities) + 1))
    ways = [(n, m, way) for n, a in zip(numbers, activities) for m, way in enumerate(a.ways, start=1)]
    demands = [
        (n, m, d, resource, needed)
        for n, m, (_, needs) in ways
        for d, (resource, needed) in enumerate(zip(resources, needs), start=1)
        if needed
    ]
    arcs = [(f, n) for n, activity in zip(numbers, activities) for f in dict.fromkeys(activity.followers)]
    return {
        "work_order": table_rows("work_order", order_id=[ORDER], quantity=1, release=RELEASE, weight=1),
        "operation": table_rows("operation", order_id=ORDER, op_no=numbers, pausable=False),
        "operation_mode": table_rows(
            "operation_mode",
            order_id=ORDER,
            op_no=[w[0] for w in ways],
            mode_no=[w[1] for w in ways],
            lot_s=[w[2][0] * UNIT_S for w in ways],
            piece_s=0,
        ),
        "resource_demand": table_rows(
            "resource_demand",
            order_id=ORDER,
            op_no=[d[0] for d in demands],
            mode_no=[d[1] for d in demands],
            demand_no=[d[2] for d in demands],
            resource_id=[d[3] for d in demands],
            quantity=[d[4] for d in demands],
        ),
        "resource": table_rows(
            "resource",
            resource_id=list(resources),
            kind=[kind for kind, _ in resources.values()],
            capacity=[capacity for _, capacity in resources.values()],
        ),
        "segment_dependency": table_rows(
            "segment_dependency",
            order_id=ORDER,
            op_no=[arc[0] for arc in arcs],
            after_order_id=ORDER,
            after_op_no=[arc[1] for arc in arcs],
            kind="end_start",
            lag_s=0,
        ),
    }
