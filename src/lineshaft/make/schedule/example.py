"""A shop small enough to read: a reducer with the gear made for it, and a spare shaft, on three machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def at(day: int, hour: float) -> datetime:
    """Hour of a working day of the first week; Monday is day 0. Shanghai is eight hours ahead of UTC."""
    return MONDAY + timedelta(days=day, hours=hour - 8)


def example() -> dict[str, pl.DataFrame]:
    """The frames of a `ShopBook`, by member.

    WO-1 is a reducer: its assembly takes the gear of WO-2 and bearings that arrive on Tuesday. WO-3 is a spare shaft
    promised for Monday noon, which the lathe cannot do beside the gear. Turning leads to hobbing after two hours of
    cooling; the hobbing machine changes over between modules; two people work from 8 to 17 with an hour's break.
    """
    schemas = ShopBook.member_schemas()
    return {
        member: frame_of(schemas[member], rows)
        for member, rows in {**orders(), **ways(), **resources(), **calendar(), **supply()}.items()
    }


def orders() -> dict[str, list[tuple[object, ...]]]:
    """Three orders on two levels and what is done to them."""
    return {
        "work_orders": [
            ("WO-1", "reducer", 2, None, at(0, 8), at(2, 12), 5, None, None),
            ("WO-2", "gear", 4, None, at(0, 8), None, 1, "WO-1", 10),
            ("WO-3", "shaft", 3, None, at(0, 8), at(0, 12), 2, None, None),
        ],
        "operations": [
            ("WO-1", 10, "assemble", None, True, None),
            ("WO-1", 20, "test run", None, False, None),
            ("WO-2", 10, "turn", None, True, None),
            ("WO-2", 20, "hob", "module-3", True, None),
            ("WO-3", 10, "turn", None, True, None),
            ("WO-3", 20, "mill spline", "module-2", True, None),
        ],
        "dependencies": [("WO-2", 20, "WO-2", 10, "end_start", 7_200, None)],
    }


def ways() -> dict[str, list[tuple[object, ...]]]:
    """How each step can be done and what it holds."""
    return {
        "modes": [
            ("WO-1", 10, 1, 1_800, 5_400),
            ("WO-1", 20, 1, 3_600, 1_800),
            ("WO-2", 10, 1, 1_800, 2_700),
            ("WO-2", 20, 1, 900, 3_600),
            ("WO-3", 10, 1, 1_800, 3_600),
            ("WO-3", 20, 1, 900, 2_400),
            ("WO-3", 20, 2, 1_800, 4_800),
        ],
        "demands": [
            ("WO-1", 10, 1, 1, None, "fitter", 1),
            ("WO-1", 20, 1, 1, "stand", None, 1),
            ("WO-1", 20, 1, 2, None, "fitter", 1),
            ("WO-2", 10, 1, 1, "lathe", None, 1),
            ("WO-2", 10, 1, 2, None, "machinist", 1),
            ("WO-2", 20, 1, 1, "hobber", None, 1),
            ("WO-3", 10, 1, 1, "lathe", None, 1),
            ("WO-3", 10, 1, 2, None, "machinist", 1),
            ("WO-3", 20, 1, 1, "hobber", None, 1),
            ("WO-3", 20, 2, 1, "lathe", None, 1),
            ("WO-3", 20, 2, 2, None, "machinist", 1),
        ],
    }


def resources() -> dict[str, list[tuple[object, ...]]]:
    """Machines, people, their skills and the changes between gear modules."""
    return {
        "resources": [
            ("hobber", "gear hobbing machine", "machine", "day", 1, "hobbing", "module-3"),
            ("lathe", "CNC lathe", "machine", "day", 1, None, None),
            ("stand", "test stand", "place", "day", 1, None, None),
            ("worker-1", "machinist", "person", "day", 1, None, None),
            ("worker-2", "machinist and fitter", "person", "day", 1, None, None),
        ],
        "classes": [("fitter", "fitters", "person"), ("machinist", "machinists", "person")],
        "members": [("fitter", "worker-2"), ("machinist", "worker-1"), ("machinist", "worker-2")],
        "families": [("module-2", "module 2 mm", 1_200), ("module-3", "module 3 mm", 1_200)],
        "setups": [("hobbing", "module-3", "module-2", 1_800)],
    }


def calendar() -> dict[str, list[tuple[object, ...]]]:
    """Monday to Friday, 8 to 17, an hour's break at noon."""
    return {
        "calendars": [("day", "day shift", "Asia/Shanghai")],
        "shifts": [("day", weekday, 1, 480, 1_020) for weekday in range(1, 6)],
        "breaks": [("day", weekday, 1, 1, 720, 780) for weekday in range(1, 6)],
    }


def supply() -> dict[str, list[tuple[object, ...]]]:
    """Bearings for the reducers: one pair in stock, one on its way."""
    return {
        "requirements": [("WO-1", 10, "bearing", 4.0)],
        "receipts": [("PO-7", "bearing", at(1, 10), 2.0), ("stock", "bearing", at(0, 8), 2.0)],
    }
