"""The small shop of `make.schedule` with a plan in force and a morning's events, for the studies."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.example import example as shop
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of


def example() -> dict[str, pl.DataFrame]:
    """The frames of a `ShopBook` whose plan holds; the day begins an hour late."""
    schemas = ShopBook.member_schemas()
    rows = {"previous": planned(), "previous_resources": held(), "events": seen()}
    return shop() | {member: frame_of(schemas[member], found) for member, found in rows.items()}


def planned() -> list[tuple[object, ...]]:
    """What `make.schedule` proposes for the shop."""
    return [
        ("WO-1", 10, 1, None, quarter(1, 13, 1), quarter(1, 16, 3), False),
        ("WO-1", 20, 1, None, at(2, 8), at(2, 10), False),
        ("WO-2", 10, 1, None, quarter(0, 11, 2), at(0, 16), False),
        ("WO-2", 20, 1, None, at(1, 8), quarter(1, 13, 1), False),
        ("WO-3", 10, 1, None, at(0, 8), quarter(0, 11, 2), False),
        ("WO-3", 20, 1, None, quarter(0, 11, 2), quarter(0, 14, 3), False),
    ]


def held() -> list[tuple[object, ...]]:
    """The places of that plan."""
    return [
        ("WO-1", 10, 1, 1, "worker-2", 1),
        ("WO-1", 20, 1, 1, "stand", 1),
        ("WO-1", 20, 2, 1, "worker-2", 1),
        ("WO-2", 10, 1, 1, "lathe", 1),
        ("WO-2", 10, 2, 1, "worker-1", 1),
        ("WO-2", 20, 1, 1, "hobber", 1),
        ("WO-3", 10, 1, 1, "lathe", 1),
        ("WO-3", 10, 2, 1, "worker-1", 1),
        ("WO-3", 20, 1, 1, "hobber", 1),
    ]


def seen() -> list[tuple[object, ...]]:
    """The shaft was turned an hour late and took half an hour longer; the gears were begun after it."""
    return [
        ("E-1", "WO-3", 10, "start", at(0, 9), "lathe", 1),
        ("E-2", "WO-3", 10, "finish", at(0, 14), "lathe", 1),
        ("E-3", "WO-2", 10, "start", at(0, 14), "lathe", 1),
    ]


def quarter(day: int, hour: int, quarters: int) -> datetime:
    """So many quarters past an hour."""
    return at(day, hour) + timedelta(minutes=15 * quarters)
