"""What needs somebody today: late orders, overloaded resources, faults in the data, proposals to decide on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lineshaft.core import Fault
from lineshaft.store.records import RunRecord
from lineshaft.tables.worktime import working_intervals

WEEKS = 4
FULL = 0.9
STEP = ["order_id", "op_no"]
Ints = npt.NDArray[np.int64]
LOAD = {
    "resource_id": pl.String,
    "name": pl.String,
    "week": pl.Datetime("us", "UTC"),
    "planned_h": pl.Float64,
    "open_h": pl.Float64,
}


@dataclass(frozen=True)
class LateOrder:
    """An order that the plan in force ends after its due date."""

    order_id: str
    item_id: str | None
    due: datetime
    end: datetime
    late_min: float


@dataclass(frozen=True)
class Overload:
    """A resource and a week (its Monday) in which planned hours come near the hours it works, or pass them."""

    resource_id: str
    name: str
    week: datetime
    planned_h: float
    open_h: float

    @property
    def load(self) -> float:
        """Planned of open hours."""
        return self.planned_h / self.open_h if self.open_h else float("inf")


@dataclass(frozen=True)
class Attention:
    """The home page of a works; each list the most pressing first, with how many there are in all."""

    late: list[LateOrder]
    late_found: int
    orders_found: int
    overloads: list[Overload]
    faults: list[Fault]
    to_decide: list[RunRecord]
    running: list[RunRecord]


def late_orders(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`order_id, item_id, due, end, late_min` of top-level orders that end late, the latest first."""
    return (
        frames["order_plan"]
        .join(frames["work_order"].select("order_id", "item_id", "due", "parent_order_id"), on="order_id")
        .filter((pl.col("tardiness_s") > 0) & pl.col("parent_order_id").is_null())
        .select("order_id", "item_id", "due", "end", late_min=pl.col("tardiness_s") / 60)
        .sort("late_min", "order_id", descending=[True, False])
    )


def weekly_load(frames: Mapping[str, pl.DataFrame], weeks: int = WEEKS) -> pl.DataFrame:
    """`resource_id, name, week, planned_h, open_h` of the first weeks of the plan, where anything is planned.

    Planned hours count a step from start to end on every place it holds, pauses in closed hours left out.
    """
    steps = frames["operation_plan"]
    rows = [] if steps.is_empty() else _loads(frames, steps, weeks)
    return pl.DataFrame(rows, schema=LOAD, orient="row").sort("resource_id", "week")


def _loads(frames: Mapping[str, pl.DataFrame], steps: pl.DataFrame, weeks: int) -> list[tuple[Any, ...]]:
    first = steps["start"].dt.truncate("1w").min()
    edges = [first + timedelta(weeks=n) for n in range(weeks + 1)]
    tables = [frames[name] for name in ("calendar", "shift", "shift_break", "calendar_exception")]
    held = frames["resource_plan"].join(steps.select(*STEP, "start", "end"), on=STEP)
    spans = held.group_by("resource_id").agg(pl.col("start", "end").dt.epoch("s"))
    rows, known = [], {}
    for row in spans.join(frames["resource"], on="resource_id").iter_rows(named=True):
        calendar = row["calendar_id"]
        if calendar not in known:
            known[calendar] = worked_until(
                working_intervals(calendar, *tables, edges[0], edges[-1]) if calendar else None
            )
        until, starts, ends = known[calendar], np.array(row["start"]), np.array(row["end"])
        for week, after in pairwise(edges):
            low, high = int(week.timestamp()), int(after.timestamp())
            planned_s = (until(np.clip(ends, low, high)) - until(np.clip(starts, low, high))).sum()
            if planned_s:
                open_s = int(until(np.array(high)) - until(np.array(low))) * row["capacity"]
                rows.append((row["resource_id"], row["name"] or "", week, planned_s / 3600, open_s / 3600))
    return rows


def worked_until(intervals: tuple[Ints, Ints] | None) -> Callable[[Ints], Ints]:
    """A function from moments (UTC s) to the seconds worked before them; without intervals every second works."""
    if intervals is None:
        return lambda moments: moments
    starts, ends = intervals
    before = np.concatenate([[0], np.cumsum(ends - starts)])

    def until(moments: Ints) -> Ints:
        n = np.searchsorted(starts, moments, side="right")
        last_end = np.concatenate([[0], ends])[n]
        return before[n] - np.where(n > 0, np.maximum(0, last_end - moments), 0)

    return until
