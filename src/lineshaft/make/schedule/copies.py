"""A new order like one that is there: what somebody asks a date for."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.lots import Frames, Tables, after, found_order, of

ROUTE = ("operation", "operation_mode", "resource_demand", "material_requirement")
READS = ("work_order", *ROUTE, "segment_dependency")
"""The tables that a copy looks at and adds to."""


def copy_order(
    tables: Tables, order_id: str, new_id: str, quantity: int, release: datetime, due: datetime | None
) -> Frames:
    """The rows of an order with another's route, for another quantity and time.

    Material and loads go by the pieces; arcs between the order's own steps come along. It is made for no other order, and
    components that have orders of their own are not made again.

    Parameters
    ----------
    tables
        The tables in `READS`, by name.

    Returns
    -------
    frames
        The new rows alone, by table.

    Raises
    ------
    Missing
        No order to copy.
    BadInput
        The new number is taken, or the quantity is none.
    """
    order = found_order(tables, order_id)
    if new_id in tables["work_order"]["order_id"]:
        words = Words("there is an order of this number already", "该工单编号已存在")
        raise BadInput([Fault("work_order", (new_id,), "order_id", new_id, "new", words)])
    if quantity < 1:
        words = Words("must be at least one piece", "数量至少为 1")
        raise BadInput([Fault("work_order", (new_id,), "quantity", quantity, "new", words)])
    own = {name: tables[name].filter(of(order_id)) for name in ROUTE}
    own["segment_dependency"] = tables["segment_dependency"].filter(of(order_id) & after(order_id))
    named = pl.lit(new_id).alias("order_id")
    share = quantity / order["quantity"]
    alone = {
        "parent_order_id": None,
        "parent_op_no": None,
        "quantity": quantity,
        "release": release,
        "due": due,
    }
    head = tables["work_order"].filter(of(order_id))
    more = {
        "operation": (pl.col("load") * share, pl.lit(None, head["release"].dtype).alias("earliest")),
        "material_requirement": (pl.col("quantity") * share,),
        "segment_dependency": (pl.lit(new_id).alias("after_order_id"),),
    }
    return {
        "work_order": head.with_columns(
            named, *(pl.lit(value, head.schema[name]).alias(name) for name, value in alone.items())
        ),
        **{name: frame.with_columns(named, *more.get(name, ())) for name, frame in own.items()},
    }
