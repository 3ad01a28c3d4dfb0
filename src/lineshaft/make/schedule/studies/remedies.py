"""Books in which something was done for a late order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.reasons.waits import Wait
from lineshaft.make.schedule.studies.books import changed_book
from lineshaft.make.schedule.tables import ShopBook

HELD = ("resource", "person", "setup", "calendar")
URGENT_TIMES, MOST_WEIGHT = 10, 1_000
LOTS = 4
LONGEST_DAYS = 120
MOST_EXCEPTIONS = 9
DAY_MIN = 1_440


@dataclass(frozen=True)
class Remedy:
    """A book with something done: for `order` (-1: for all), with what, how much, and hours of capacity added."""

    book: ShopBook
    order: int
    kind: str
    resource_id: str | None = None
    receipt_id: str | None = None
    amount_min: int | None = None
    extra_h: float = 0.0


def remedies(
    book: ShopBook, compiled: Compiled, order: int, waits: list[Wait], end_s: int, overtime_min: int
) -> Iterator[Remedy]:
    """What could be done for an order, given what its end waited for."""
    order_id = compiled.orders["order_id"][order]
    resource = most_waited(compiled, waits)
    if resource is not None:
        longer = overtime(book, compiled, resource, end_s, overtime_min)
        if longer is not None:
            yield Remedy(longer, order, "overtime", resource, amount_min=overtime_min)
        yield Remedy(with_place(book, resource), order, "second_place", resource)
    late = max((wait for wait in waits if wait.cause == "material"), key=lambda w: w.seconds, default=None)
    if late is not None and late.seconds > 0:
        found = compiled.material.filter(pl.col("op") == late.op).sort("ready_s", "receipt_id")
        receipt, sooner_min = found["receipt_id"][-1], -(-late.seconds // 60)
        sooner = pl.col("available") - timedelta(minutes=sooner_min)
        moved = pl.when(pl.col("receipt_id") == receipt).then(sooner).otherwise("available")
        changed = table(book, "receipts").with_columns(available=moved.dt.cast_time_unit("us"))
        yield Remedy(
            changed_book(book, receipts=changed), order, "earlier_material", None, receipt, sooner_min
        )
    orders = table(book, "work_orders")
    mine = orders.filter(pl.col("order_id") == order_id).row(0, named=True)
    if mine["parent_order_id"] is None and mine["weight"] < MOST_WEIGHT:
        heavier = min(MOST_WEIGHT, URGENT_TIMES * mine["weight"])
        weight = pl.when(pl.col("order_id") == order_id).then(heavier).otherwise("weight")
        yield Remedy(changed_book(book, work_orders=orders.with_columns(weight=weight)), order, "expedite")
    lots = smaller_lots(book, order_id, mine["quantity"])
    if lots is not None:
        yield Remedy(lots, order, "smaller_lots")


def most_waited(compiled: Compiled, waits: list[Wait]) -> str | None:
    """The resource that held an order up longest."""
    names = compiled.lanes["resource_id"]
    total = Counter[str]()
    for wait in waits:
        if wait.cause in HELD and wait.lane >= 0:
            total[names[wait.lane]] += wait.seconds
    best = min(total, key=lambda name: (-total[name], name), default=None)
    return best if best is not None and total[best] > 0 else None


def with_place(book: ShopBook, resource: str) -> ShopBook:
    """One more place of a resource: a second such machine or person."""
    here = pl.col("resource_id") == resource
    more = pl.when(here).then(pl.col("capacity") + 1).otherwise("capacity")
    members = {"resources": table(book, "resources").with_columns(capacity=more)}
    if book.capacities is not None:
        members["capacities"] = table(book, "capacities").with_columns(capacity=more)
    return changed_book(book, **members)


def one_more(book: ShopBook, compiled: Compiled, resource: str) -> Remedy:
    """One more place of a resource until the last due date, and the working hours that it adds."""
    shop = compiled.shop
    lane = int(np.flatnonzero((compiled.lanes["resource_id"] == resource).to_numpy())[0])
    row = slice(shop.cal_ptr[shop.lane_calendar[lane]], shop.cal_ptr[shop.lane_calendar[lane] + 1])
    dated = shop.order_due_s[(shop.order_due_s < 1 << 59) & (shop.order_due_s > 0)]
    until_s = int(dated.max()) if len(dated) else DAY_MIN * 60
    added_s = np.maximum(np.minimum(shop.cal_end[row], until_s) - shop.cal_start[row], 0).sum()
    place_1 = table(book, "resources").filter(pl.col("resource_id") == resource)["capacity"][0]
    until = (compiled.start + timedelta(seconds=until_s)).astimezone(compiled.start.tzinfo)
    schema = ShopBook.member_schemas()["capacities"].create_empty().schema
    extra = pl.DataFrame([(resource, compiled.start, until, place_1 + 1)], schema=schema, orient="row")
    others = table(book, "capacities").filter(
        (pl.col("resource_id") != resource) | (pl.col("start") != compiled.start)
    )
    changed = changed_book(book, capacities=pl.concat([others, extra]).sort("resource_id", "start"))
    return Remedy(changed, -1, "second_place", resource, extra_h=float(added_s) / 3600)


def smaller_lots(book: ShopBook, order_id: str, quantity: int) -> ShopBook | None:
    """The order's steps hand on a quarter of the pieces at a time; none where that is so already."""
    steps = table(book, "operations")
    mine = (pl.col("order_id") == order_id) & pl.col("transfer_quantity").is_null()
    if quantity < 2 or steps.filter(mine).height < 2:
        return None
    lot = max(1, -(-quantity // LOTS))
    return changed_book(
        book,
        operations=steps.with_columns(
            transfer_quantity=pl.when(mine).then(lot).otherwise("transfer_quantity")
        ),
    )


def overtime(
    book: ShopBook, compiled: Compiled, resource: str, until_s: int, overtime_min: int
) -> ShopBook | None:
    """A resource and all who work with it stay longer every working day until a time; none without a calendar."""
    team = with_whom(book, resource)
    resources = table(book, "resources")
    of_team = resources.filter(pl.col("resource_id").is_in(list(team))).drop_nulls("calendar_id")
    if of_team.filter(pl.col("resource_id") == resource).is_empty():
        return None
    first = compiled.start.date()
    days = min(LONGEST_DAYS, until_s // 86_400 + 1)
    names = {name: longer_name(book, name) for name in of_team["calendar_id"].unique().sort()}
    extra = [copied(table(book, member), names) for member in ("calendars", "shifts", "breaks", "exceptions")]
    for name, new in names.items():
        extra[3] = pl.concat([extra[3], overtime_rows(book, name, new, first, days, overtime_min)])
    in_team = pl.col("resource_id").is_in(of_team["resource_id"].to_list())
    longer = pl.col("calendar_id").replace(names)
    moved = resources.with_columns(calendar_id=pl.when(in_team).then(longer).otherwise("calendar_id"))
    members = {
        member: pl.concat([table(book, member), more])
        for member, more in zip(("calendars", "shifts", "breaks", "exceptions"), extra)
    }
    return changed_book(book, resources=moved, **members)


def with_whom(book: ShopBook, resource: str) -> Collection[str]:
    """The resource and everyone that may work together with it."""
    classes = table(book, "members")
    mine = classes.filter(pl.col("resource_id") == resource)["class_id"].to_list()
    demands = table(book, "demands")
    mode = ["order_id", "op_no", "mode_no"]
    holds = (pl.col("resource_id") == resource).fill_null(False) | pl.col("class_id").is_in(mine).fill_null(
        False
    )
    theirs = demands.join(demands.filter(holds).select(mode).unique(), on=mode)
    by_class = classes.filter(pl.col("class_id").is_in(theirs["class_id"].drop_nulls().unique().to_list()))
    return {resource, *theirs["resource_id"].drop_nulls(), *by_class["resource_id"]}


def longer_name(book: ShopBook, name: str) -> str:
    """A calendar id that is not taken."""
    taken = set(table(book, "calendars")["calendar_id"])
    new = f"{name[:70]}+"
    while new in taken:
        new += "+"
    return new


def copied(frame: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """The rows of some calendars under new names."""
    mine = frame.filter(pl.col("calendar_id").is_in(list(names)))
    return mine.with_columns(calendar_id=pl.col("calendar_id").replace(names))


def overtime_rows(
    book: ShopBook, name: str, new: str, first: date, days: int, overtime_min: int
) -> pl.DataFrame:
    """Overtime after the last shift of every day that has one and is no exception already."""
    shifts = table(book, "shifts").filter(pl.col("calendar_id") == name)
    last = dict(shifts.group_by("weekday").agg(pl.col("end_min").max()).iter_rows())
    special = set(table(book, "exceptions").filter(pl.col("calendar_id") == name)["date"])
    rows = []
    for day in (first + timedelta(days=n) for n in range(days)):
        end_min = last.get(day.isoweekday())
        if end_min is None or day in special or end_min >= DAY_MIN:
            continue
        until = min(2 * DAY_MIN, end_min + overtime_min)
        rows.append((new, day, 1, "overtime", None, end_min, until, None, None))
    return pl.DataFrame(rows, schema=table(book, "exceptions").schema, orient="row")
