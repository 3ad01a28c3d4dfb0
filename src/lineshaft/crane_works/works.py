"""The crane works as tables: `generate` makes them, `summary` says how loaded they are."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl

from lineshaft.crane_works.orders import CUSTOMERS, Job, Sale, catalogue, jobs, op_no, sales
from lineshaft.crane_works.park import calendar_rows, resource_rows, setup_rows
from lineshaft.crane_works.routes import ALWAYS
from lineshaft.crane_works.supply import Need, Row, item_rows, receipt_rows
from lineshaft.crane_works.timing import (
    START,
    calendar_hours,
    class_hours,
    crew_hours,
    due_at,
    flow_end,
    released,
    team_hours,
    window_s,
)
from lineshaft.crane_works.whole import whole
from lineshaft.tables import TABLES, frame_of
from lineshaft.tables.holidays import FESTIVALS, china_holidays

STOCK_TAKING = date(2026, 3, 31)

Frames = dict[str, pl.DataFrame]


def generate(
    scale: float = 1,
    seed: int = 1,
    load: float = 0.85,
    due_factor: float = 1.75,
    full: bool = False,
    plain_due: bool = False,
) -> Frames:
    """The tables of the crane works.

    Parameters
    ----------
    scale
        Size: customers' orders grow with it (60 at 1, about 1,500 operations), resources with its square root, and
        the time over which the orders come makes up for the rest.
    seed
        The same seed gives the same tables.
    load
        Share of its working time for which the busiest machine group or trade is needed while orders come.
    due_factor
        Due date = release + 3 days + due_factor · (0.75 … 1.25) · flow time of the order if it never waited for a
        resource.
    full
        With batch machines, bays and lifts, transfer lots, contractors' capacity, make or buy, power and its price,
        and what setups and overtime cost. Orders and their dates are the same without.
    plain_due
        Due date = release + due_factor · that flow time, to the second: no allowance, every order alike, and each step
        done by one team in its own hours (1.5, 1.3 and 1.1 are loose, medium and tight).

    Returns
    -------
    frames
        Table name → frame, each as its schema in `lineshaft.tables` says.
    """
    draw = random.Random(seed)  # noqa: S311
    frames = as_frames(works_rows(scale))
    ordered = [(sale, jobs(sale)) for sale in sales(scale, draw)]
    rows: dict[str, list[Row]] = defaultdict(list)
    for _, work in ordered:
        for job in work:
            route_rows(rows, job)
        lag_rows(rows, work)
    frames |= as_frames(rows)
    pieces = {job.order_id: job.quantity for _, work in ordered for job in work}
    window = window_s(class_hours(frames, pieces), load)
    until = START + timedelta(seconds=window, days=730)
    hours, calendars_of = calendar_hours(frames, until), class_calendars(frames)
    step_hours = (team_hours if plain_due else crew_hours)(hours, calendars_of)
    dated: list[Row] = []
    needs: list[Need] = []
    for sale, work in ordered:
        release = released(sale.comes, window)
        flow_s = flow_end(work, int(release.timestamp()), step_hours) - release.timestamp()
        due = (
            release + timedelta(seconds=round(due_factor * flow_s))
            if plain_due
            else due_at(release, flow_s, due_factor * sale.patience)
        )
        dated += order_rows(sale, work, release, due)
        needs += [Need(due, release, item, quantity) for item, quantity in materials(work)]
    frames |= as_frames({"work_order": dated, "receipt": receipt_rows(needs, START.astimezone(UTC), draw)})
    return whole(frames, [work for _, work in ordered], scale) if full else frames


def works_rows(scale: float) -> dict[str, list[Row]]:
    """Rows of everything that does not depend on the orders."""
    resources, classes, members = resource_rows(scale)
    families, times = setup_rows()
    calendars, shifts, breaks, extra = calendar_rows(START.date(), STOCK_TAKING)
    items, lines = item_rows(catalogue())
    years = [china_holidays(year).rows() for year in FESTIVALS]
    holidays = [(calendar, *row[1:]) for calendar, *_ in calendars for rows in years for row in rows]
    return {
        "customer": [(customer.customer_id, customer.name) for customer in CUSTOMERS],
        "item": items,
        "bom_line": lines,
        "calendar": calendars,
        "shift": shifts,
        "shift_break": breaks,
        "calendar_exception": [*holidays, *extra],
        "setup_family": families,
        "setup_time": times,
        "resource": resources,
        "resource_capacity": outages(),
        "resource_class": classes,
        "class_member": members,
    }


def outages() -> list[Row]:
    """Planned: a gear grinder is serviced, a bay crane inspected, the stress-relief furnace partly relined."""

    def at(days: int, hour: int) -> datetime:
        return (START + timedelta(days=days, hours=hour - START.hour)).astimezone(UTC)

    return [
        ("GGR-01", at(9, 6), at(10, 6), 0),
        ("CRA-01", at(15, 8), at(15, 17), 0),
        ("SRF-01", at(22, 6), at(25, 6), 1),
    ]


def class_calendars(frames: Frames) -> dict[str, list[str]]:
    """Class → calendars of its members, the first member's first."""
    calendars = frames["resource"].select("resource_id", pl.col("calendar_id").fill_null(ALWAYS))
    members = frames["class_member"].join(calendars, on="resource_id", maintain_order="left")
    rows = members.group_by("class_id", maintain_order=True).agg(
        pl.col("calendar_id").unique(maintain_order=True)
    )
    return dict(rows.iter_rows())


def order_rows(sale: Sale, work: list[Job], release: datetime, due: datetime) -> list[Row]:
    """Rows of `work_order` of a sale; only the sale's own order has a due date."""
    customer = sale.customer
    return [
        (
            job.order_id,
            job.part.item_id,
            job.quantity,
            customer.customer_id,
            release,
            None if job.parent_id else due,
            customer.weight,
            job.parent_id,
            op_no(job.parent_step) if job.parent_id else None,
        )
        for job in work
    ]


def route_rows(rows: dict[str, list[Row]], job: Job) -> None:
    """Add a work order's steps, their ways, what they hold and take, and lags within the order."""
    order = job.order_id
    for number, step in enumerate(job.part.steps):
        op = op_no(number)
        rows["operation"].append((order, op, step.name, step.family, step.pausable, None))
        for mode, way in enumerate(step.ways, 1):
            rows["operation_mode"].append((order, op, mode, way.lot_s, way.piece_s))
            rows["resource_demand"] += [
                (order, op, mode, demand, None, class_id, places)
                for demand, (class_id, places) in enumerate(way.holds, 1)
            ]
        rows["material_requirement"] += [
            (order, op, item, quantity * job.quantity) for item, quantity in step.takes
        ]
        if number and step.lag_h:
            lag_s = int(step.lag_h * 3_600)
            rows["segment_dependency"].append((order, op, order, op_no(number - 1), "end_start", lag_s, None))


def materials(work: list[Job]) -> Iterator[tuple[str, float]]:
    """(item, quantity) of everything bought for a sale."""
    for job in work:
        for step in job.part.steps:
            yield from ((item, quantity * job.quantity) for item, quantity in step.takes)


def lag_rows(rows: dict[str, list[Row]], work: list[Job]) -> None:
    """Add the lags between a component's last step and a first step that takes it (paint dries)."""
    by_id = {job.order_id: job for job in work}
    for job in work:
        if job.parent_id is None:
            continue
        step = by_id[job.parent_id].part.steps[job.parent_step]
        if step.lag_h and job.parent_step == 0:
            last, lag_s = op_no(len(job.part.steps) - 1), int(step.lag_h * 3_600)
            rows["segment_dependency"].append(
                (job.parent_id, op_no(0), job.order_id, last, "end_start", lag_s, None)
            )


def as_frames(rows: dict[str, list[Row]]) -> Frames:
    """Rows as frames with their schemas' types."""
    return {name: frame_of(TABLES[name], found) for name, found in rows.items()}


def summary(frames: Frames) -> pl.DataFrame:
    """How much of each machine group and trade is asked for.

    Parameters
    ----------
    frames
        As `generate` gives them.

    Returns
    -------
    frame
        A row for each class: name, kind, members, places, hours asked for (setups not counted; a step that can be
        done in several ways in the house is shared by the hours of the first class of each way), its hours in a
        week without holidays (who has two skills counts half for each), and load = hours asked for over its hours
        between the first and the last release. Busiest first.
    """
    orders = frames["work_order"]
    days = orders.select((pl.col("release").max() - pl.col("release").min()).dt.total_days()).item()
    members = frames["class_member"].join(frames["resource"], on="resource_id")
    places = members.group_by("class_id").agg(members=pl.len(), places=pl.col("capacity").sum())
    hours = class_hours(frames, dict(orders.select("order_id", "quantity").iter_rows()))
    return (
        frames["resource_class"]
        .join(places, on="class_id", how="left")
        .join(hours, on="class_id", how="left")
        .with_columns(load=pl.col("asked_h") / (pl.col("week_h") * max(days, 1) / 7))
        .sort("load", "class_id", descending=[True, False])
    )
