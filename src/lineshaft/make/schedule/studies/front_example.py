"""A small shop with something to trade: two families on one machine, due dates that mix them, electricity by the hour."""

from __future__ import annotations

import polars as pl

from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

HOURS = {"A": (3, 5), "B": (2, 8), "C": (4, 10), "D": (2, 13), "E": (3, 16)}
PRICES = ((0, 8, 120), (8, 14, 30), (14, 22, 90), (22, 40, 30))
"""Work and due date in hours of each order; from, to, fen a kWh."""


def example() -> dict[str, pl.DataFrame]:
    """The frames of a `ShopBook`: five orders of one step on a furnace line that never closes; the fixture must be
    changed (an hour, 80 CNY) between flanges and shafts, and electricity is cheap from the eighth to the 14th hour.
    """
    rows: dict[str, list[tuple[object, ...]]] = {
        "work_orders": [
            (order, None, 1, None, at(0, 8), at(0, 8 + due_h), weight, None, None)
            for weight, (order, (_, due_h)) in enumerate(HOURS.items(), 1)
        ],
        "operations": [
            (order, 10, "harden", family, True, None)
            for order, family in zip(HOURS, ("flange", "shaft", "flange", "shaft", "flange"))
        ],
        "modes": [(order, 10, 1, 3_600 * work_h, 0) for order, (work_h, _) in HOURS.items()],
        "demands": [(order, 10, 1, 1, "line", None, 1) for order in HOURS],
        "resources": [("line", "hardening line", "machine", None, 1, "fixtures", "flange")],
        "families": [("flange", "flanges", 3_600), ("shaft", "shafts", 3_600)],
        "energy_prices": [(at(0, 8 + a), at(0, 8 + b), fen) for a, b, fen in PRICES],
    }
    schemas = ShopBook.member_schemas()
    frames = {member: frame_of(schemas[member], found) for member, found in rows.items()}
    frames["modes"] = frames["modes"].with_columns(power_kw=pl.lit(40.0))
    changes = [("fixtures", a, b, 3_600) for a, b in (("flange", "shaft"), ("shaft", "flange"))]
    frames["setups"] = frame_of(schemas["setups"], changes).with_columns(cost_fen=pl.lit(8_000, pl.Int64))
    return frames
