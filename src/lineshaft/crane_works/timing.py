"""When orders come and when they are due: load, release window and unloaded flow time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, reduce
from itertools import accumulate, product
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from lineshaft.crane_works.orders import Job
from lineshaft.crane_works.routes import ALWAYS, Step
from lineshaft.tables.worktime import Intervals, intersect, total_s, working_intervals

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 6, tzinfo=ZONE)
"""Monday morning, start of the early shift."""

ALLOWANCE_DAYS = 3
"""What every due date allows for taking the order and for queues."""

NARROWEST = ("DAY", "EARLY", "LATE", "NIGHT", "TWO", "THREE", ALWAYS)
CREW = {"EARLY": "TWO", "LATE": "TWO", "NIGHT": "TWO"}


class Hours(NamedTuple):
    """Working intervals of a calendar (UTC seconds) and the working time before each."""

    starts: list[int]
    ends: list[int]
    before: list[int]

    def after(self, moment: int, work: int) -> int:
        """When `work` seconds are done that begin at `moment` or when work next begins."""
        at = bisect_right(self.starts, moment) - 1
        done = self.before[at] + min(moment, self.ends[at]) - self.starts[at] if at >= 0 else 0
        last = max(bisect_left(self.before, done + work) - 1, 0)
        return self.starts[last] + done + work - self.before[last]


def calendar_hours(frames: dict[str, pl.DataFrame], until: datetime) -> dict[str, Hours]:
    """The hours of every calendar of the works from START on."""
    calendars, shifts, breaks = (frames[name] for name in ("calendar", "shift", "shift_break"))
    exceptions = frames["calendar_exception"]
    hours = {}
    for name in frames["calendar"]["calendar_id"]:
        hours[name] = as_hours(working_intervals(name, calendars, shifts, breaks, exceptions, START, until))
    first, last = int(START.timestamp()), int(until.timestamp())
    return hours | {ALWAYS: Hours([first], [last], [0])}


def as_hours(intervals: Intervals) -> Hours:
    """Intervals as Hours."""
    starts, ends = (side.tolist() for side in intervals)
    lengths = [end - start for start, end in zip(starts, ends)]
    return Hours(starts, ends, [0, *accumulate(lengths)][:-1])


def weekly_seconds(frames: dict[str, pl.DataFrame]) -> dict[str | None, int]:
    """Working time of each calendar in a week without holidays."""
    monday = datetime(2026, 3, 2, tzinfo=ZONE)
    sunday = monday + timedelta(days=7)
    calendars, shifts, breaks = (frames[name] for name in ("calendar", "shift", "shift_break"))
    week: dict[str | None, int] = {None: 7 * 86_400}
    for name in frames["calendar"]["calendar_id"]:
        week[name] = total_s(working_intervals(name, calendars, shifts, breaks, None, monday, sunday))
    return week


def class_hours(frames: dict[str, pl.DataFrame], pieces: dict[str, int]) -> pl.DataFrame:
    """Hours asked for (`asked_h`) in the house and hours of a week (`week_h`) by class.

    `pieces` is the quantity of each order. Every step counts as if it were alone in its furnace or booth.
    """
    week = class_weeks(frames)
    keys = ["order_id", "op_no", "mode_no"]
    house = frames["resource_class"].filter(pl.col("kind") != "contractor")
    demands = frames["resource_demand"].join(week, on="class_id").join(house, on="class_id", how="semi")
    shares = demands.filter(pl.col("demand_no") == 1).select(
        *keys, share=pl.col("week_h") / pl.col("week_h").sum().over(keys[:2])
    )
    quantity = pl.DataFrame({"order_id": list(pieces), "pieces": list(pieces.values())})
    hours = (pl.col("lot_s") + pl.col("piece_s") * pl.col("pieces")) / 3_600
    work = demands.join(shares, on=keys).join(frames["operation_mode"], on=keys).join(quantity, on="order_id")
    asked = work.group_by("class_id").agg(asked_h=(hours * pl.col("quantity") * pl.col("share")).sum())
    return week.join(asked, on="class_id", how="left").with_columns(pl.col("asked_h").fill_null(0.0))


def class_weeks(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Place-hours a week of each class (`week_h`); who has two skills counts half for each."""
    week = weekly_seconds(frames)
    resources = frames["resource"].select(
        "resource_id",
        hours=pl.col("calendar_id").replace_strict(week, return_dtype=pl.Float64)
        * pl.col("capacity")
        / 3_600,
    )
    members = frames["class_member"].with_columns(skills=pl.len().over("resource_id"))
    hours = pl.col("hours") / pl.col("skills")
    return members.join(resources, on="resource_id").group_by("class_id").agg(week_h=hours.sum())


def window_s(hours: pl.DataFrame, load: float) -> float:
    """Over how long a time orders must come for the busiest class to be loaded to `load`."""
    weeks: float = hours.select((pl.col("asked_h") / pl.col("week_h")).max()).item()
    return weeks / load * 7 * 86_400


def step_calendar(step: Step, calendar_of: dict[str, str]) -> str:
    """The narrowest calendar among what the usual way holds; a trade's crew covers both day shifts."""
    names = [calendar_of[class_id] for class_id, _ in step.ways[0].holds]
    return min((CREW.get(name, name) for name in names), key=NARROWEST.index, default=ALWAYS)


def crew_hours(hours: dict[str, Hours], calendars_of: dict[str, list[str]]) -> Callable[[Step], list[Hours]]:
    """For each step the hours of a trade's crew, which covers both day shifts, with the machine's."""
    calendar_of = {class_id: names[0] for class_id, names in calendars_of.items()}
    return lambda step: [hours[step_calendar(step, calendar_of)]]


def team_hours(hours: dict[str, Hours], calendars_of: dict[str, list[str]]) -> Callable[[Step], list[Hours]]:
    """For each step the common hours of every team that could do it: one calendar of each class its usual way holds."""

    @cache
    def common(names: frozenset[str]) -> Hours:
        spans = [(np.array(hours[name].starts), np.array(hours[name].ends)) for name in sorted(names)]
        return as_hours(reduce(intersect, spans))

    def teams(step: Step) -> list[Hours]:
        choices = product(*(calendars_of[class_id] for class_id, _ in step.ways[0].holds))
        found = [common(frozenset(names) | {ALWAYS}) for names in choices]
        return [team for team in found if team.starts]

    return teams


def flow_end(work: list[Job], release: int, step_hours: Callable[[Step], list[Hours]]) -> int:
    """When the first job of `work` ends if nothing ever waits for a resource (UTC second)."""
    ready: dict[tuple[str, int], int] = defaultdict(lambda: release)
    end = release
    for job in reversed(work):
        end = release
        for number, step in enumerate(job.part.steps):
            start = max(end, ready[job.order_id, number]) + int(step.lag_h * 3_600)
            way = step.ways[0]
            work_s = way.lot_s + way.piece_s * job.quantity
            end = min(team.after(start, work_s) for team in step_hours(step))
        if job.parent_id is not None:
            key = job.parent_id, job.parent_step
            ready[key] = max(ready[key], end)
    return end


def released(comes: float, window: float) -> datetime:
    """The moment an order comes: 06:00 of a weekday."""
    day = START + timedelta(days=int(comes * window // 86_400))
    return (day + timedelta(days=max(0, day.isoweekday() - 5) and 8 - day.isoweekday())).astimezone(UTC)


def due_at(release: datetime, flow_s: float, factor: float) -> datetime:
    """The due date: 18:00 local of the day that lies the allowance and `factor` · flow time after the release."""
    day = (release + timedelta(days=ALLOWANCE_DAYS, seconds=flow_s * factor)).astimezone(ZONE)
    return day.replace(hour=18, minute=0, second=0, microsecond=0).astimezone(UTC)
