"""Independent check of a front: every plan by the checker of plans, its figures, its limits, and none better than another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from lineshaft.core import Checked
from lineshaft.make.schedule.checks import check as checks
from lineshaft.make.schedule.checks.hours import rows
from lineshaft.make.schedule.studies.front import FrontParams
from lineshaft.make.schedule.studies.front_figures import COLUMNS
from lineshaft.make.schedule.studies.tables import FrontPlan
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

EPS = 1e-6
MEMBERS = ("operation", "resource", "order")


def check(book: ShopBook, front: FrontPlan, params: FrontParams) -> Checked:
    """Every plan of the front keeps every rule and has the figures told; the plan proposed is one of them."""
    names = [row["figure"] for row in rows(front.front_figure)]
    points = {row["point_no"]: row for row in rows(front.front_point)}
    faults = [*front_faults(front, points, names), *limit_faults(front, points)]
    for no, point in points.items():
        faults += plan_faults(book, plan_of(front, no), point, params)
    proposed = ShopPlan.cast({f"{m}_plan": getattr(front, f"{m}_plan").lazy() for m in MEMBERS})
    same = [no for no in points if same_plan(plan_of(front, no), proposed)]
    if points and not same:
        faults.append("the plan proposed is none of the front")
    figures = figures_of(book, proposed, params)
    kpis = {"points": len(points), "hypervolume_pct": covered_pct(front, points, names), **figures}
    return Checked(tuple(faults), kpis)


def plan_of(front: FrontPlan, no: int) -> ShopPlan:
    """The plan of one point."""
    frames = {
        f"{member}_plan": getattr(front, f"front_{member}").filter(pl.col("point_no") == no).drop("point_no")
        for member in MEMBERS
    }
    return ShopPlan.cast({name: frame.lazy() for name, frame in frames.items()})


def same_plan(one: ShopPlan, other: ShopPlan) -> bool:
    """The same rows."""
    return all(getattr(one, f"{m}_plan").equals(getattr(other, f"{m}_plan")) for m in MEMBERS)


def figures_of(book: ShopBook, plan: ShopPlan, params: FrontParams) -> dict[str, float]:
    """All figures of a plan, by the names of their columns."""
    spans = [(row["end"] - row["start"]).total_seconds() for row in rows(plan.order_plan)]
    in_process = sum(spans) / len(spans) / 60 if spans else 0.0
    found = checks.check(book, plan, params.of_schedule()).kpis | {"in_process_min": in_process}
    return {column: found[column] for column in COLUMNS.values()}


def plan_faults(book: ShopBook, plan: ShopPlan, point: dict[str, Any], params: FrontParams) -> Iterator[str]:
    """Rules that a plan breaks, and figures that are not its own."""
    no = point["point_no"]
    for violation in checks.check(book, plan, params.of_schedule()).violations:
        yield f"plan {no}: {violation}"
    for column, value in figures_of(book, plan, params).items():
        if abs(point[column] - value) > EPS * max(1.0, abs(value)):
            yield f"plan {no}: {column} is {value}, not {point[column]}"


def front_faults(front: FrontPlan, points: dict[int, dict[str, Any]], names: list[str]) -> Iterator[str]:
    """No plan is at or below another in every figure; the range of each figure, and nothing below its bound."""
    for no, one in points.items():
        for other_no, other in points.items():
            if no != other_no and all(other[COLUMNS[name]] <= one[COLUMNS[name]] + EPS for name in names):
                yield f"plan {other_no} is as good as plan {no} in every figure"
    for row in rows(front.front_figure):
        values = [point[COLUMNS[row["figure"]]] for point in points.values()]
        if (row["best"], row["worst"]) != (min(values), max(values)):
            yield f"{row['figure']}: reaches from {min(values)} to {max(values)}"
        if min(values) < row["bound"] - EPS * max(1.0, abs(row["bound"])):
            yield f"{row['figure']}: {min(values)} is below the bound {row['bound']}"


def limit_faults(front: FrontPlan, points: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Plans keep their limits."""
    for row in rows(front.front_limit):
        value = points[row["point_no"]][COLUMNS[row["figure"]]]
        if value > row["limit"] + EPS * max(1.0, abs(row["limit"])):
            yield f"plan {row['point_no']}: {row['figure']} is {value}, above its limit {row['limit']}"


def covered_pct(front: FrontPlan, points: dict[int, dict[str, Any]], names: list[str]) -> float:
    """The hypervolume in percent, by cutting the box into cells at the figures of all points."""
    if not points:
        return 0.0
    ranges = {row["figure"]: (row["bound"], row["worst"]) for row in rows(front.front_figure)}
    inside = np.ones((len(points), *[1] * len(names)), dtype=np.bool_)
    volume = np.ones([1] * len(names))
    for axis, name in enumerate(names):
        bound, worst = ranges[name]
        width = max(1.1 * (worst - bound), 1.0)
        values = np.array([(point[COLUMNS[name]] - bound) / width for point in points.values()])
        edges = np.unique(np.append(values, 1.0))
        shape = [-1 if i == axis else 1 for i in range(len(names))]
        inside = inside & (values[:, None] <= edges[:-1]).reshape(len(points), *shape)
        volume = volume * np.diff(edges).reshape(shape)
    return float(100.0 * (volume * inside.any(axis=0)).sum())
