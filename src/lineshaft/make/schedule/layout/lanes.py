"""Resources as lanes: every place of every resource with its own working time, and the pools demands choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.layout.calendars import (
    Calendars,
    alike,
    alike_rows,
    open_windows,
    pointers,
    ranges,
)
from lineshaft.make.schedule.shop import FORBIDDEN_S, Ints
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables.worktime import Intervals, working_intervals

DEMAND = ["order_id", "op_no", "mode_no", "demand_no"]
NAMES = ["resource_id", "class_id"]


@dataclass(frozen=True)
class Places:
    """`frame`: lane, resource, resource_id, place_no, setup group and family by number (-1: none)."""

    frame: pl.DataFrame
    groups: tuple[str, ...]
    families: tuple[str, ...]


@dataclass(frozen=True)
class Lanes:
    """Places, and the pool that each resource demand chooses from; `pool_ptr`, `pool_lane` as in Shop.

    `pools`: the demands in order of their keys, with `quantity` and `pool`; `teams`: which rows of it each mode has
    (`first`, `count`).
    """

    places: Places
    pools: pl.DataFrame
    teams: pl.DataFrame
    pool_ptr: Ints
    pool_lane: Ints


def is_budget() -> pl.Expr:
    """Whether a resource is used up for good: it has no places."""
    return pl.col("kind").cast(pl.String) == "budget"


def table(book: ShopBook, member: str) -> pl.DataFrame:
    """A member of the book; without rows where it is absent."""
    frame = getattr(book, member)
    if frame is None:
        frame = ShopBook.member_schemas()[member].create_empty()
    return pl.DataFrame(frame)


def seconds(moment: pl.Expr, start: datetime) -> pl.Expr:
    """Whole seconds from the plan's start, rounded down."""
    return (moment.dt.timestamp("us") - round(start.timestamp()) * 1_000_000) // 1_000_000


def seconds_up(moment: pl.Expr, start: datetime) -> pl.Expr:
    """Whole seconds from the plan's start, rounded up."""
    return -((round(start.timestamp()) * 1_000_000 - moment.dt.timestamp("us")) // 1_000_000)


def weeks(book: ShopBook, start: datetime, low_s: int, high_s: int) -> dict[str, Intervals]:
    """Working times (seconds of UTC) of every calendar in use within a window (s from `start`)."""
    tables = tuple(table(book, name) for name in ("calendars", "shifts", "breaks", "exceptions"))
    window = start + timedelta(seconds=low_s), start + timedelta(seconds=high_s)
    names = table(book, "resources")["calendar_id"].drop_nulls().unique().sort().to_list()
    return {name: working_intervals(name, *tables, *window) for name in names}


def make_places(book: ShopBook) -> Places:
    """One lane a place of each resource that is no budget."""
    families = tuple(table(book, "families")["family_id"].sort())
    resources = table(book, "resources").sort("resource_id").with_row_index("resource")
    groups = tuple(resources["setup_group"].drop_nulls().unique().sort())
    most = table(book, "capacities").group_by("resource_id").agg(most=pl.col("capacity").max())
    frame = (
        resources.filter(~is_budget())
        .join(most, on="resource_id", how="left", maintain_order="left")
        .with_columns(places=pl.max_horizontal("capacity", "most"))
        .with_columns(place_no=pl.int_ranges(1, pl.col("places") + 1))
        .explode("place_no", empty_as_null=False)
        .select(
            "resource",
            "resource_id",
            "place_no",
            "kind",
            "calendar_id",
            "capacity",
            "efficiency_pct",
            "bay_id",
            load_max=(pl.col("load_max").fill_null(0) * 1_000).floor().cast(pl.Int64),
            group=number(groups, "setup_group"),
            family=number(families, "family_id"),
        )
        .with_row_index("lane")
    )
    return Places(frame, groups, families)


def number(names: tuple[str, ...], column: str) -> pl.Expr:
    """Position of each value among `names`, -1 for none."""
    return pl.col(column).replace_strict(list(names), range(len(names)), default=-1, return_dtype=pl.Int64)


def lane_calendars(
    book: ShopBook, places: Places, weeks: dict[str, Intervals], start: datetime, hours: Calendars
) -> Ints:
    """Number of the calendar that each lane works by, capacity over time folded in; they are added to `hours`."""
    epoch_s = round(start.timestamp())
    of_calendar = {None: 0}
    for calendar_id, (starts, ends) in weeks.items():
        of_calendar[calendar_id] = hours.add(starts - epoch_s, ends - epoch_s)
    periods = table(book, "capacities").select(
        "resource_id",
        "capacity",
        start_s=seconds(pl.col("start"), start),
        end_s=seconds(pl.col("end"), start),
    )
    changes = {key: part.sort("start_s") for (key,), part in periods.group_by("resource_id")}
    numbers = []
    for resource_id, calendar_id, capacity, place in places.frame.select(
        "resource_id", "calendar_id", "capacity", "place_no"
    ).iter_rows():
        by_week = of_calendar[calendar_id]
        if resource_id in changes:
            windows = open_windows(changes[resource_id], capacity, place, hours.low_s, hours.high_s)
            by_week = hours.both(by_week, hours.add(*windows))
        numbers.append(by_week)
    return np.array(numbers, dtype=np.int64)


def make_lanes(book: ShopBook, places: Places) -> Lanes:
    """The pool of every demand and the lanes of each pool; lanes that another demand of the mode needs are left out.

    Raises
    ------
    BadInput
        Naming each mode whose demands want the same lanes.
    """
    demands = table(book, "demands").sort(DEMAND)
    budgets = table(book, "resources").filter(is_budget())
    if len(budgets):
        demands = demands.join(budgets, on="resource_id", how="anti", maintain_order="left")
    changes = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in DEMAND[:-1])
    first = np.flatnonzero(demands.select(changes).to_series().to_numpy())
    count = np.diff(first, append=len(demands))
    who = (demands[name].cast(pl.Categorical).to_physical().fill_null(-1) for name in NAMES)
    codes = (names.cast(pl.Int64).to_numpy() for names in who)
    kind = alike_rows(np.append(first, len(demands)), alike(*codes, demands["quantity"].to_numpy()))
    example = np.unique(kind, return_index=True)[1]
    named = named_lanes(book, places.frame)
    number_of: dict[frozenset[int], int] = {}
    pools = np.full((len(example), int(count.max(initial=0))), -1, dtype=np.int64)
    short = np.zeros(len(example), dtype=np.bool_)
    size = count[example]
    wants = demands[ranges(first[example], size)].select(*NAMES, "quantity").rows()
    for row, end in enumerate(np.cumsum(size).tolist()):
        resources, classes, quantities = zip(*wants[end - size[row] : end])
        left = apart(list(map(named, resources, classes)), quantities)
        short[row] = any(len(lane) < n for lane, n in zip(left, quantities))
        pools[row, : len(left)] = [number_of.setdefault(lane, len(number_of)) for lane in left]
    if short.any():
        modes = np.flatnonzero(short[kind])
        modes = modes[np.argsort(kind[modes], kind="stable")]
        raise BadInput([no_team(row) for row in demands[first[modes]].select(DEMAND).iter_rows()])
    team = demands[first].select(DEMAND[:-1]).with_columns(first=pl.Series(first), count=pl.Series(count))
    pool = pools[np.repeat(kind, count), ranges(np.zeros_like(count), count)]
    pool_lane = np.array([lane for some in number_of for lane in sorted(some)], dtype=np.int64)
    return Lanes(
        places,
        demands.select(*DEMAND, "quantity", pool=pl.Series(pool, dtype=pl.Int64)),
        team,
        pointers(np.array([len(lane) for lane in number_of], dtype=np.int64)),
        pool_lane,
    )


def named_lanes(book: ShopBook, lanes: pl.DataFrame) -> Callable[[str | None, str | None], frozenset[int]]:
    """A function (resource, class) → the lanes of either."""
    of_resource = dict(lanes.group_by("resource_id").agg("lane").iter_rows())
    of_class = dict(table(book, "members").group_by("class_id").agg("resource_id").iter_rows())

    @cache
    def named(resource_id: str | None, class_id: str | None) -> frozenset[int]:
        members = [resource_id] if resource_id else of_class.get(class_id, [])
        return frozenset(lane for member in members for lane in of_resource.get(member, []))

    return named


def apart(wanted: list[frozenset[int]], quantities: Sequence[int]) -> list[frozenset[int]]:
    """Each demand's lanes without those that another demand, which has no more than it needs, must have."""
    left = list(wanted)
    for _ in wanted:
        whole = [len(lane) == quantity for lane, quantity in zip(left, quantities)]
        left = [
            lane.difference(*(other for j, other in enumerate(left) if whole[j] and j != i))
            for i, lane in enumerate(left)
        ]
    return left


def no_team(row: tuple[Any, ...]) -> Fault:
    """The fault of a mode whose demands want the same lanes."""
    words = Words(
        "its resource demands want the same places; together there are not enough",
        "各项资源需求争用相同的位置,合计数量不足",
    )
    return Fault("operation_mode", row[:3], "", None, "no_team", words)


Kind = tuple[tuple[tuple[int, ...], int], ...]


class Teams(NamedTuple):
    """Kinds of team: lanes to choose from and how many of them, demand by demand; the kind of each mode (-1: no demand)."""

    kinds: list[Kind]
    team: Ints


def kinds_of_team(demands: pl.DataFrame, lanes: Lanes, n_modes: int) -> Teams:
    """What modes demand, each kind once; `demands`: `mode`, `demand_no`, `pool`, `quantity`, sorted by mode and demand."""
    mode, pool, quantity = (demands[name].to_numpy() for name in ("mode", "pool", "quantity"))
    first = np.flatnonzero(np.diff(mode, prepend=-1))
    count = np.diff(first, append=len(mode))
    kind = alike_rows(np.append(first, len(mode)), alike(pool, quantity))
    example = np.unique(kind, return_index=True)[1]
    of_pool = [tuple(some.tolist()) for some in np.split(lanes.pool_lane, lanes.pool_ptr[1:-1])]
    size = count[example]
    each = [
        (of_pool[p], n)
        for row in ranges(first[example], size).tolist()
        for p, n in [(pool[row], int(quantity[row]))]
    ]
    kinds = [tuple(each[end - n : end]) for end, n in zip(np.cumsum(size).tolist(), size.tolist())]
    order = sorted(range(len(kinds)), key=kinds.__getitem__)
    number = np.empty(len(kinds), dtype=np.int64)
    number[order] = np.arange(len(kinds))
    team = np.full(n_modes, -1, dtype=np.int64)
    team[mode[first]] = number[kind]
    return Teams([kinds[row] for row in order], team)


class Times(NamedTuple):
    """Working hours of a shop: the calendar of each lane, and for each kind of team the longest unbroken and the whole time."""

    hours: Calendars
    works_by: Ints
    longest_s: Ints
    total_s: Ints


def meet(
    book: ShopBook,
    places: Places,
    weeks: dict[str, Intervals],
    kinds: list[Kind],
    start: datetime,
    low_s: int,
    high_s: int,
) -> Times:
    """Every calendar that choosing lanes for a mode, demand by demand, can lead to; times are those of the best choice."""
    hours = Calendars(low_s, high_s)
    works_by = lane_calendars(book, places, weeks, start, hours)
    longest_s, total_s = np.zeros((2, len(kinds)), dtype=np.int64)
    for kind, demands in enumerate(kinds):
        reached = {0}
        for lanes, quantity in demands:
            choices = np.unique(works_by[list(lanes)]).tolist()
            for _ in range(min(quantity, len(lanes))):
                step = {hours.both(a, b) for a in reached for b in choices}
                if step == reached:
                    break
                reached = step
        lengths = [ends - np.maximum(starts, 0) for starts, ends in (hours.spans[c] for c in reached)]
        longest_s[kind] = max((int(length.max(initial=0)) for length in lengths), default=0)
        total_s[kind] = max((int(np.maximum(length, 0).sum()) for length in lengths), default=0)
    return Times(hours, works_by, longest_s, total_s)


def setup_times(book: ShopBook, places: Places) -> Ints:
    """`setup_s[group, from, to]`: the listed pair, else the default of the family changed into."""
    n = len(places.families)
    default = table(book, "families").sort("family_id")["setup_s"].to_numpy()
    setup_s = np.broadcast_to(default, (len(places.groups), n, n)).copy()
    setup_s[:, np.arange(n), np.arange(n)] = 0
    pairs = table(book, "setups").filter(pl.col("setup_group").is_in(list(places.groups)))
    pairs = pairs.with_columns(setup_s=pl.when("forbidden").then(FORBIDDEN_S).otherwise("setup_s"))
    where = [
        pairs.select(number(names, column))[column].to_numpy()
        for names, column in (
            (places.groups, "setup_group"),
            (places.families, "from_family_id"),
            (places.families, "to_family_id"),
        )
    ]
    setup_s[tuple(where)] = pairs["setup_s"].to_numpy()
    return np.ascontiguousarray(setup_s, dtype=np.int64)


def pool_lanes(lanes: Lanes, pools: Ints) -> tuple[Ints, Ints]:
    """For each of `pools` its lanes: (position in `pools`, lane) pairs, one after the other."""
    count = lanes.pool_ptr[pools + 1] - lanes.pool_ptr[pools]
    return np.repeat(np.arange(len(pools)), count), lanes.pool_lane[ranges(lanes.pool_ptr[pools], count)]
