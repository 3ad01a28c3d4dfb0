"""What `<lane-board>` draws: lanes, bars, orders and closed times, as plain lists in UTC seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from lineshaft.tables.resource import RESOURCE_KINDS
from lineshaft.tables.worktime import working_intervals

KIND_NAMES = {kind: (kind, zh) for kind, zh in RESOURCE_KINDS.items()}
Frames = Mapping[str, pl.DataFrame | None]


def lane_data(book: Frames, plan: Frames, zone: str) -> dict[str, Any]:
    """The board of a schedule.

    Parameters
    ----------
    book
        Members of the schedule's inputs: work_orders, operations, resources, calendars, shifts, breaks, exceptions.
    plan
        Members of its outputs: operation_plan, resource_plan, order_plan.
    zone
        IANA time zone in which times are shown.

    Returns
    -------
    dict
        `lanes` {id, name, kind, calendar}; `bars` [lane, start, end, order, op_no, name, setup start or -1, locked];
        `orders` {id, item, start, end, due, colour}; `names` of steps; `closed` intervals by calendar; `offsets`
        [from, seconds east of UTC] of the zone; `from`, `to`, `start` of the plan. Times are UTC seconds.
    """
    steps = plan["operation_plan"]
    if steps is None or steps.is_empty():
        empty: dict[str, Any] = {name: [] for name in ("lanes", "bars", "orders", "names", "offsets")}
        return empty | {"closed": {}, "kinds": KIND_NAMES, "from": 0, "to": 86_400, "start": 0}
    start, end = steps["start"].min(), steps["end"].max()
    lanes, lane_of = _lanes(book, plan)
    orders, order_of = _orders(book, plan)
    names, bars = _bars(book, plan, lane_of, order_of)
    first, last = _second(start), _second(end)
    pad = max(3_600, (last - first) // 50)
    return {
        "lanes": lanes,
        "bars": bars,
        "orders": orders,
        "names": names,
        "closed": _closed(book, start, end),
        "kinds": KIND_NAMES,
        "offsets": zone_offsets(zone, start, end),
        "from": first - pad,
        "to": last + pad,
        "start": first,
    }


def zone_offsets(zone: str, start: datetime, end: datetime) -> list[list[int]]:
    """[UTC second, seconds east of UTC] at the start and at every change until the end, to the hour."""
    clock, found = ZoneInfo(zone), []
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour <= end:
        offset = hour.astimezone(clock).utcoffset()
        east = int(offset.total_seconds()) if offset else 0
        if not found or found[-1][1] != east:
            found.append([_second(hour), east])
        hour += timedelta(hours=1)
    return found


def _lanes(book: Frames, plan: Frames) -> tuple[list[dict[str, Any]], dict[tuple[str, int], int]]:
    used = plan["resource_plan"].select("resource_id", "place_no").unique()
    rows = (
        used.join(book["resources"], on="resource_id", how="left")
        .with_columns(
            order=pl.col("kind").cast(pl.String).replace_strict(_rank(), default=9, return_dtype=pl.Int64)
        )
        .sort("order", "resource_id", "place_no")
    )
    lanes, place = [], {}
    for row in rows.iter_rows(named=True):
        place[row["resource_id"], row["place_no"]] = len(lanes)
        many = (row["capacity"] or 1) > 1
        lanes.append(
            {
                "id": row["resource_id"] + (f"·{row['place_no']}" if many else ""),
                "name": row["name"] or "",
                "kind": row["kind"],
                "calendar": row["calendar_id"],
            }
        )
    return lanes, place


def _rank() -> dict[str, int]:
    return {kind: rank for rank, kind in enumerate(RESOURCE_KINDS)}


def _orders(book: Frames, plan: Frames) -> tuple[list[dict[str, Any]], dict[str, int]]:
    rows = (
        plan["order_plan"]
        .join(
            book["work_orders"].select("order_id", "item_id", "due", "parent_order_id"),
            on="order_id",
            how="left",
        )
        .sort("order_id")
    )
    root = {r["order_id"]: r["parent_order_id"] for r in book["work_orders"].iter_rows(named=True)}
    colours: dict[str, int] = {}
    orders = []
    for row in rows.iter_rows(named=True):
        top = row["order_id"]
        while root.get(top):
            top = root[top]
        orders.append(
            {
                "id": row["order_id"],
                "item": row["item_id"],
                "start": _second(row["start"]),
                "end": _second(row["end"]),
                "due": _second(row["due"]) if row["due"] else None,
                "colour": colours.setdefault(top, len(colours)),
            }
        )
    return orders, {order["id"]: index for index, order in enumerate(orders)}


def _bars(
    book: Frames, plan: Frames, lane_of: dict[tuple[str, int], int], order_of: dict[str, int]
) -> tuple[list[str], list[list[int]]]:
    keys = ["order_id", "op_no"]
    rows = (
        plan["resource_plan"]
        .join(plan["operation_plan"], on=keys, how="left")
        .join(book["operations"].select(*keys, "name"), on=keys, how="left")
    )
    names: dict[str, int] = {}
    bars = [
        [
            lane_of[row["resource_id"], row["place_no"]],
            _second(row["start"]),
            _second(row["end"]),
            order_of[row["order_id"]],
            row["op_no"],
            names.setdefault(row["name"] or "", len(names)),
            _second(row["setup_start"]) if row["setup_start"] else -1,
            int(row["locked"]),
        ]
        for row in rows.iter_rows(named=True)
    ]
    return list(names), bars


def _closed(book: Frames, start: datetime, end: datetime) -> dict[str, list[list[int]]]:
    closed = {}
    tables = [book.get(name) for name in ("calendars", "shifts", "breaks", "exceptions")]
    used = set(book["resources"]["calendar_id"].drop_nulls())
    for calendar in sorted(used):
        starts, ends = working_intervals(calendar, *tables, start, end)
        edges = [_second(start), *[int(t) for pair in zip(starts, ends) for t in pair], _second(end)]
        closed[calendar] = [[a, b] for a, b in zip(edges[::2], edges[1::2]) if b > a]
    return closed


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
