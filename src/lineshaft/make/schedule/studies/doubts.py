"""What can be planned and yet is hardly meant: times, dates and resources that are worth a second look."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from lineshaft.make.schedule.bounds.alone import each_alone, earliest_orders
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.studies.finding import Finding
from lineshaft.make.schedule.tables import ShopBook

LEAST_LIKE = 3
STEP = ["order_id", "op_no"]


def doubts(book: ShopBook, compiled: Compiled | None, absurd_times: int) -> list[Finding]:
    """Everything doubtful, kind by kind, each in order of keys; dates and lanes of what could be laid out."""
    found = [*odd_times(book, absurd_times), *tireless(book), *undated(book)]
    if compiled is not None and compiled.shop.n_ops:
        found += [*idle_lanes(compiled), *due_too_soon(compiled)]
    return found


def odd_times(book: ShopBook, absurd_times: int) -> Iterator[Finding]:
    """Modes of no time at all, and those far from the median of the same step of the same item, per piece."""
    modes = (
        table(book, "modes")
        .join(table(book, "work_orders").select("order_id", "item_id", "quantity"), on="order_id")
        .with_columns(
            total_s=pl.col("lot_s") + pl.col("piece_s") * pl.col("quantity"),
            each_s=pl.col("lot_s") / pl.col("quantity") + pl.col("piece_s"),
        )
        .sort(*STEP, "mode_no")
    )
    for key in modes.filter(total_s=0).select(*STEP, "mode_no").iter_rows():
        yield Finding("operation_mode", key, "zero_time", {"order_id": key[0], "op_no": key[1]})
    like = ["item_id", "op_no", "mode_no"]
    usual = modes.drop_nulls("item_id").with_columns(
        usual_s=pl.col("each_s").median().over(like), others=pl.len().over(like)
    )
    far = (pl.col("each_s") > absurd_times * pl.col("usual_s")) | (
        pl.col("each_s") * absurd_times < pl.col("usual_s")
    )
    odd = usual.filter(far & (pl.col("others") >= LEAST_LIKE) & (pl.col("total_s") > 0))
    for row in odd.iter_rows(named=True):
        facts = {
            "order_id": row["order_id"],
            "op_no": row["op_no"],
            "item_id": row["item_id"],
            "each_min": row["each_s"] / 60,
            "usual_min": row["usual_s"] / 60,
            "others": row["others"],
        }
        yield Finding("operation_mode", (row["order_id"], row["op_no"], row["mode_no"]), "odd_time", facts)


def tireless(book: ShopBook) -> Iterator[Finding]:
    """People who work by no calendar: day and night."""
    people = table(book, "resources").filter(pl.col("kind").cast(pl.String) == "person")
    for resource in people.filter(pl.col("calendar_id").is_null())["resource_id"].sort():
        yield Finding("resource", (resource,), "tireless", {"resource_id": resource})


def undated(book: ShopBook) -> Iterator[Finding]:
    """Orders made for no other order and promised for no time."""
    orders = table(book, "work_orders").filter(pl.col("due").is_null() & pl.col("parent_order_id").is_null())
    for order in orders["order_id"].sort():
        yield Finding("work_order", (order,), "no_due_date", {"order_id": order})


def idle_lanes(compiled: Compiled) -> Iterator[Finding]:
    """Resources that never work in the time that is planned."""
    shop = compiled.shop
    spans = np.diff(shop.cal_ptr)[shop.lane_calendar]
    lanes = compiled.lanes.with_columns(works=pl.Series(spans > 0))
    never = lanes.group_by("resource_id").agg(pl.col("works").any()).filter(~pl.col("works"))
    for resource in never["resource_id"].sort():
        yield Finding("resource", (resource,), "never_works", {"resource_id": resource})


def due_too_soon(compiled: Compiled) -> Iterator[Finding]:
    """Orders that cannot be on time even in an empty shop."""
    shop, names = compiled.shop, Names(compiled)
    earliest_s = earliest_orders(shop, each_alone(shop))
    for order in np.flatnonzero(earliest_s > shop.order_due_s).tolist():
        facts = {
            "order_id": names.orders[order],
            "due": names.clock(int(shop.order_due_s[order])),
            "earliest": names.clock(int(earliest_s[order])),
        }
        yield Finding("work_order", (names.orders[order],), "due_too_soon", facts)
