"""The reducer shop of `make.schedule` on Monday at noon: a plan in force, a broken hobbing machine, a new order."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.example import example as shop
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of


def example() -> dict[str, pl.DataFrame]:
    """The frames of a `ShopBook`, by member.

    The hobbing machine is out on Monday from 13 to 15 while it mills the spline of WO-3; the machinist who turns its
    shaft took half an hour longer than planned; WO-4 is one more shaft, which came in after the plan was made.
    """
    frames = shop()
    schemas = ShopBook.member_schemas()
    return {
        **frames,
        **{
            member: pl.concat([frames[member], frame_of(schemas[member], rows)])
            for member, rows in new_order().items()
        },
        **{
            member: frame_of(schemas[member], rows)
            for member, rows in {**happened(), **plan_in_force()}.items()
        },
    }


def new_order() -> dict[str, list[tuple[object, ...]]]:
    """One more spare shaft, to be ready on Tuesday evening."""
    return {
        "work_orders": [("WO-4", "shaft", 1, None, at(0, 12), at(1, 17), 2, None, None)],
        "operations": [
            ("WO-4", 10, "turn", None, True, None),
            ("WO-4", 20, "mill spline", "module-2", True, None),
        ],
        "modes": [("WO-4", 10, 1, 1_800, 3_600), ("WO-4", 20, 1, 1_800, 2_700)],
        "demands": [
            ("WO-4", 10, 1, 1, "lathe", None, 1),
            ("WO-4", 10, 1, 2, None, "machinist", 1),
            ("WO-4", 20, 1, 1, "hobber", None, 1),
        ],
    }


def happened() -> dict[str, list[tuple[object, ...]]]:
    """A breakdown, and what was seen on the floor."""
    return {
        "capacities": [("hobber", at(0, 13), at(0, 15), 0)],
        "events": [
            ("E-1", "WO-3", 10, "start", at(0, 8), "lathe", None),
            ("E-2", "WO-3", 10, "finish", at(0, 12), None, None),
        ],
    }


def plan_in_force() -> dict[str, list[tuple[object, ...]]]:
    """Where the steps of WO-1 to WO-3 were to be done, by order, step, start, end and what they hold."""
    planned: list[tuple[str, int, datetime, datetime, str]] = [
        ("WO-1", 10, at(1, 13.25), at(1, 16.75), "worker-2"),
        ("WO-1", 20, at(2, 8), at(2, 10), "stand worker-2"),
        ("WO-2", 10, at(0, 11.5), at(0, 16), "lathe worker-1"),
        ("WO-2", 20, at(1, 8), at(1, 13.25), "hobber"),
        ("WO-3", 10, at(0, 8), at(0, 11.5), "lathe worker-1"),
        ("WO-3", 20, at(0, 11.5), at(0, 14.75), "hobber"),
    ]
    return {
        "previous": [
            (order_id, op_no, 1, None, start, end, False) for order_id, op_no, start, end, _ in planned
        ],
        "previous_resources": [
            (order_id, op_no, demand_no, 1, resource_id, 1)
            for order_id, op_no, _, _, holds in planned
            for demand_no, resource_id in enumerate(holds.split(), 1)
        ],
    }
