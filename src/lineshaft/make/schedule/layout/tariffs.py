"""What work costs when: electricity, overtime, setups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lineshaft.make.schedule.layout.lanes import Places, number, seconds, table
from lineshaft.make.schedule.shop import Ints
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables.worktime import working_intervals

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tariff:
    """Fen an hour in periods [`start_s`, `end_s`); periods may overlap and then add up."""

    start_s: Ints
    end_s: Ints
    fen_h: Floats


FREE = Tariff(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True)
class Tariffs:
    """`energy`: fen for an hour at 1 kW; `overtime` of each lane; `setup_fen[group, from, to]`."""

    energy: Tariff
    overtime: list[Tariff]
    setup_fen: Ints


def make_tariffs(book: ShopBook, places: Places, low_s: int, high_s: int, start: datetime) -> Tariffs:
    """Read the costs of a book; all is free where it tells none."""
    prices = table(book, "energy_prices").select(
        seconds(pl.col("start"), start), seconds(pl.col("end"), start).alias("end"), "price_fen_kwh"
    )
    of_resource = dict(table(book, "resources").select("resource_id", "calendar_id").iter_rows())
    paid = table(book, "exceptions").filter((pl.col("cost_fen_h") > 0) & (pl.col("kind") == "overtime"))
    with_cost = set(paid["calendar_id"])
    of_calendar = {
        name: overtime(book, paid.filter(calendar_id=name), low_s, high_s, start)
        if name in with_cost
        else FREE
        for name in set(of_resource.values())
    }
    return Tariffs(
        energy=Tariff(*(prices[name].to_numpy() for name in ("start", "end", "price_fen_kwh"))),
        overtime=[of_calendar[of_resource[resource_id]] for resource_id in places.frame["resource_id"]],
        setup_fen=setup_costs(book, places),
    )


def overtime(book: ShopBook, paid: pl.DataFrame, low_s: int, high_s: int, start: datetime) -> Tariff:
    """The paid overtime of a calendar, from the exceptions that tell of it."""
    low, high = (start + timedelta(seconds=at_s) for at_s in (low_s, high_s))
    calendars, epoch_s = table(book, "calendars"), round(start.timestamp())
    starts, ends, fen_h = [], [], []
    for row in range(len(paid)):
        one = working_intervals(paid["calendar_id"][row], calendars, None, None, paid[row], low, high)
        starts.append(one[0] - epoch_s)
        ends.append(one[1] - epoch_s)
        fen_h.append(np.full(len(one[0]), float(paid["cost_fen_h"][row])))
    return Tariff(np.concatenate(starts), np.concatenate(ends), np.concatenate(fen_h))


def setup_costs(book: ShopBook, places: Places) -> Ints:
    """`setup_fen[group, from, to]` as the setup times list them."""
    n = len(places.families)
    cost = np.zeros((len(places.groups), n, n), dtype=np.int64)
    pairs = table(book, "setups").filter(
        pl.col("setup_group").is_in(list(places.groups)) & (pl.col("cost_fen") > 0)
    )
    if pairs.is_empty():
        return cost
    where = [
        pairs.select(number(names, column))[column].to_numpy()
        for names, column in (
            (places.groups, "setup_group"),
            (places.families, "from_family_id"),
            (places.families, "to_family_id"),
        )
    ]
    cost[tuple(where)] = pairs["cost_fen"].to_numpy()
    return cost
