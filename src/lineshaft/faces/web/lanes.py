"""What `<lane-board>` draws: lanes, bars, orders and closed times, as plain lists in UTC seconds.

Operations come by the ten thousand and are handled as frames; lanes, calendars and groups come by the hundred and
are handled in Python where that reads better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from lineshaft.core import Engine, Reason
from lineshaft.faces.saying import reason_words
from lineshaft.tables.resource import RESOURCE_KINDS
from lineshaft.tables.worktime import DAY_S, Intervals, merged, subtract, working_intervals, zone_offsets

KIND_NAMES = {kind: (kind, zh) for kind, zh in RESOURCE_KINDS.items()}
STATES = ("planned", "running", "done")
STEP = ["order_id", "op_no"]
AHEAD_S = 28 * DAY_S
Frames = Mapping[str, pl.DataFrame | None]


def lane_data(
    book: Frames,
    plan: Frames,
    zone: str,
    *,
    why: Mapping[str, Sequence[tuple[str, str]]] | None = None,
) -> dict[str, Any]:
    """The board of a schedule.

    Parameters
    ----------
    book
        Members of the schedule's inputs: work_orders, operations, modes, demands, resources; and where there are
        any: classes, members, calendars, shifts, breaks, exceptions, capacities, families, dependencies, events.
    plan
        Members of its outputs: operation_plan, resource_plan, order_plan.
    zone
        IANA time zone in which times are shown.
    why
        Order → sentences (English, Chinese) that say why it is late; see `why_by_order`.

    Returns
    -------
    dict
        Times are UTC seconds, −1 stands for "none", numbers that name a row are its place in the list.
        `lanes` {id, name, kind, group, calendar, resource, load_max (0: no batch lane), load_unit, bay};
        `groups` {id, name, kind}; `loads` [order, op_no, load] of steps that may share a batch lane;
        `bars` [lane, start, end, order, op_no, name, setup start, locked + 2 × state, family, allowed], lane −1 for
        steps that hold nothing; `orders` [id, item, quantity, due, colour, parent order, parent op_no];
        `names` of steps; `families` [id, name]; `allowed` sets of lanes; `after` [order, op_no, earlier order,
        its op_no, lag in s, 1 if it counts from the earlier start]; `closed` [from, to] by calendar within
        `horizon`; `offsets` [from, seconds east of UTC]; `kinds`, `states`; `from`, `to` to show first; `start` of
        the plan; `why` as given. Whoever asks may add `now`: without it, or outside `horizon`, the start is marked.
    """
    steps = plan["operation_plan"]
    if steps is None or steps.is_empty():
        return _empty(zone)
    first, last = _second(steps["start"].min()), _second(steps["end"].max())
    pad = max(3_600, (last - first) // 50)
    horizon = (first - 7 * DAY_S, last + AHEAD_S)
    lanes, orders = _lanes(book, plan), _orders(book, plan)
    closed = _closed(book, lanes, horizon)
    ways, sets = _allowed(book, lanes, orders)
    return {
        "lanes": lanes.select(
            "id",
            "name",
            "kind",
            "group",
            "calendar",
            "load_max",
            "load_unit",
            resource="resource_id",
            bay=pl.col("bay_id").fill_null(""),
        ).to_dicts(),
        "groups": _groups(book, lanes),
        "bars": _bars(book, plan, lanes, orders, ways).rows(),
        "orders": orders.select(
            "order_id", "item_id", "quantity", "due", "colour", "parent", "parent_op_no"
        ).rows(),
        "names": _names(book),
        "families": _families(book).select("family_id", "name").rows(),
        "allowed": sets,
        "loads": _loads(book, plan, lanes, orders),
        "after": _after(book, orders),
        "closed": closed,
        "kinds": KIND_NAMES,
        "states": STATES,
        "horizon": horizon,
        "zone": zone,
        "offsets": _offsets(zone, horizon),
        "from": first - pad,
        "to": last + pad,
        "start": first,
        "why": {order: [list(said) for said in sentences] for order, sentences in (why or {}).items()},
    }


def changed_bars(book: Frames, before: Frames, after: Frames) -> list[tuple[int, ...]]:
    """The bars, as in `lane_data`, of every step whose times, lock or places differ between two plans.

    Parameters
    ----------
    book
        The inputs, as for `lane_data`.
    before
        The plan that the board shows; its lanes and orders give the numbers.
    after
        The plan with changes.
    """
    keys = pl.concat(
        [_differ(before[name], after[name]) for name in ("operation_plan", "resource_plan")]
    ).unique()
    few: dict[str, pl.DataFrame | None] = {
        name: frame.join(keys, on=STEP, how="semi")
        for name, frame in {**book, **after}.items()
        if frame is not None and name in ("operations", "events", "operation_plan", "resource_plan")
    }
    lanes, orders = _lanes(book, before), _orders(book, before)
    ways, _ = _allowed(book, lanes, orders)
    return _bars({**book, **few}, few, lanes, orders, ways, _names(book)).rows()


def fresh_bars(book: Frames, before: Frames, after: Frames) -> list[tuple[int, int, int, str, int]]:
    """The bars [lane, start, end, order_id, op_no] of orders that are in one plan and not in the one before."""
    lanes = _lanes(book, before).select("resource_id", "place_no", pl.col("lane").cast(pl.Int64))
    return (
        after["operation_plan"]
        .join(before["order_plan"], on="order_id", how="anti")
        .join(after["resource_plan"], on=STEP)
        .join(lanes, on=["resource_id", "place_no"])
        .sort(*STEP, "lane")
        .select("lane", pl.col("start", "end").dt.epoch("s"), *STEP)
        .rows()
    )


def why_by_order(engine: Engine, reasons: Sequence[Reason]) -> dict[str, list[tuple[str, str]]]:
    """The reasons of a result as sentences (English, Chinese) under the late order that they explain."""
    why: dict[str, list[tuple[str, str]]] = {}
    for reason in reasons:
        order = reason.facts.get("late_order") or reason.facts.get("order_id")
        if order:
            words = reason_words(engine, reason)
            why.setdefault(str(order), []).append((words.en, words.zh))
    return why


def _empty(zone: str) -> dict[str, Any]:
    lists = (
        "lanes", "groups", "bars", "orders", "names", "families", "allowed", "loads", "after", "offsets",
    )  # fmt: skip
    empty: dict[str, Any] = {name: [] for name in lists}
    return empty | {
        "closed": {}, "kinds": KIND_NAMES, "states": STATES, "zone": zone, "horizon": (0, DAY_S),
        "from": 0, "to": DAY_S, "start": 0, "why": {},
    }  # fmt: skip


def _lanes(book: Frames, plan: Frames) -> pl.DataFrame:
    """One row a place of every resource that is used or could be: `lane`, `id`, `resource_id`, `place_no`, ….

    A resource of many places has the lanes that the plan uses and one more.
    """
    used = plan["resource_plan"].group_by("resource_id").agg(places=pl.col("place_no").max())
    wanted = [book[name] for name in ("demands",) if book.get(name) is not None]
    known = [used.select("resource_id"), *(frame.select("resource_id").drop_nulls() for frame in wanted)]
    if wanted and book.get("members") is not None:
        classes = wanted[0].select("class_id").drop_nulls()
        known.append(book["members"].join(classes, on="class_id", how="semi").select("resource_id"))
    rows = (
        book["resources"]
        .join(pl.concat(known).unique(), on="resource_id", how="semi")
        .join(used, on="resource_id", how="left")
        .join(_group_of(book), on="resource_id", how="left")
        .with_columns(
            pl.col("kind").cast(pl.String),
            pl.col("name").fill_null(""),
            pl.col("load_max").fill_null(0.0),
            pl.col("load_unit").cast(pl.String).fill_null(""),
            group_id=pl.coalesce("class_id", pl.col("kind").cast(pl.String)),
            capacity=pl.col("capacity").fill_null(1),
            places=pl.max_horizontal(
                pl.min_horizontal("capacity", pl.col("places").fill_null(0) + 1),
                pl.col("places").fill_null(0),
                1,
            ),
        )
        .with_columns(place_no=pl.int_ranges(1, pl.col("places") + 1))
        .explode("place_no")
    )
    rank = {kind: number for number, kind in enumerate(RESOURCE_KINDS)}
    keys = [
        (rank.get(kind, 9), _natural(group), _natural(name), place)
        for kind, group, name, place in rows.select("kind", "group_id", "resource_id", "place_no").rows()
    ]
    rows = rows[sorted(range(len(keys)), key=keys.__getitem__)]
    numbered = rows.with_columns(
        id=pl.when(pl.col("capacity") > 1)
        .then(pl.format("{}·{}", "resource_id", "place_no"))
        .otherwise("resource_id"),
        group=pl.struct("kind", "group_id").rle_id(),
        calendar=pl.col("calendar_id"),
    )
    return _broken_apart(book, numbered).with_row_index("lane")


def _broken_apart(book: Frames, lanes: pl.DataFrame) -> pl.DataFrame:
    """Lanes whose resource has another capacity for a while have a calendar of their own, named as the lane."""
    capacities = book.get("capacities")
    if capacities is None or capacities.is_empty():
        return lanes
    odd = pl.col("resource_id").is_in(capacities["resource_id"].implode())
    return lanes.with_columns(calendar=pl.when(odd).then(pl.format("={}", "id")).otherwise("calendar"))


def _group_of(book: Frames) -> pl.DataFrame:
    """The work centre of a resource: the class of its kind that it is named after, else its first class."""
    if book.get("members") is None or book.get("classes") is None:
        return pl.DataFrame(schema={"resource_id": pl.String, "class_id": pl.String})
    return (
        book["members"]
        .join(book["classes"].select("class_id"), on="class_id")
        .with_columns(named=pl.col("resource_id").str.starts_with(pl.col("class_id")))
        .sort("resource_id", ~pl.col("named"), "class_id")
        .unique("resource_id", keep="first", maintain_order=True)
        .select("resource_id", "class_id")
    )


def _groups(book: Frames, lanes: pl.DataFrame) -> list[dict[str, Any]]:
    classes = book.get("classes")
    names = {} if classes is None else dict(classes.select("class_id", "name").rows())
    first = lanes.unique("group", keep="first", maintain_order=True)
    return [
        {"id": group, "name": names.get(group) or "", "kind": kind}
        for group, kind in first.select("group_id", "kind").rows()
    ]


def _orders(book: Frames, plan: Frames) -> pl.DataFrame:
    """Planned orders by id with `order` (their number), `parent` (its number) and `colour` of the top order."""
    rows = (
        plan["order_plan"]
        .select("order_id")
        .join(book["work_orders"], on="order_id", how="left")
        .sort("order_id")
        .with_row_index("order")
    )
    numbers = rows.select(parent_order_id="order_id", parent="order")
    rows = rows.join(numbers, on="parent_order_id", how="left", maintain_order="left").with_columns(
        pl.col("parent").cast(pl.Int64).fill_null(-1),
        pl.col("parent_op_no").fill_null(-1),
        pl.col("due").dt.epoch("s").fill_null(-1),
    )
    parent = rows["parent"].to_numpy()
    top = np.where(parent < 0, np.arange(len(parent)), parent)
    for _ in range(len(parent).bit_length()):
        top = top[top]
    return rows.with_columns(colour=pl.Series(np.unique(top, return_inverse=True)[1], dtype=pl.Int64))


def _bars(
    book: Frames,
    plan: Frames,
    lanes: pl.DataFrame,
    orders: pl.DataFrame,
    ways: pl.DataFrame,
    names: list[str] | None = None,
) -> pl.DataFrame:
    number = {name: at for at, name in enumerate(names or _names(book))}
    families = _families(book).select("family_id", family="number")
    steps = (
        plan["operation_plan"]
        .join(book["operations"].select(*STEP, "name", "family_id"), on=STEP, how="left")
        .join(orders.select("order_id", "order"), on="order_id", how="left")
        .join(families, on="family_id", how="left")
        .join(_states(book), on=STEP, how="left")
        .with_columns(
            pl.col("start", "end").dt.epoch("s"),
            setup=pl.col("setup_start").dt.epoch("s").fill_null(-1),
            flags=pl.col("locked").cast(pl.Int64) + 2 * pl.col("state").fill_null(0),
            family=pl.col("family").fill_null(-1),
            name=pl.col("name").fill_null("").replace_strict(number, return_dtype=pl.Int64),
        )
    )
    return (
        steps.join(plan["resource_plan"], on=STEP, how="left")
        .join(lanes.select("resource_id", "place_no", "lane"), on=["resource_id", "place_no"], how="left")
        .join(ways, on=["order", "op_no", "demand_no"], how="left")
        .with_columns(pl.col("lane").cast(pl.Int64).fill_null(-1), pl.col("allowed").fill_null(-1))
        .sort("order", "op_no", "lane")
        .select("lane", "start", "end", "order", "op_no", "name", "setup", "flags", "family", "allowed")
    )


def _states(book: Frames) -> pl.DataFrame:
    """What the floor has reported: started steps run, finished ones are done."""
    events = book.get("events")
    if events is None or events.is_empty():
        return pl.DataFrame(schema={"order_id": pl.String, "op_no": pl.Int64, "state": pl.Int64})
    done = (pl.col("kind").cast(pl.String) == "finish").any()
    return events.group_by(STEP).agg(
        state=pl.when(done).then(STATES.index("done")).otherwise(STATES.index("running")).cast(pl.Int64)
    )


def _names(book: Frames) -> list[str]:
    return book["operations"]["name"].fill_null("").unique().sort().to_list()


def _families(book: Frames) -> pl.DataFrame:
    families = book.get("families")
    if families is None:
        return pl.DataFrame(schema={"family_id": pl.String, "name": pl.String, "number": pl.Int64})
    return families.with_columns(pl.col("name").fill_null(""), number=pl.int_range(pl.len(), dtype=pl.Int64))


def _allowed(book: Frames, lanes: pl.DataFrame, orders: pl.DataFrame) -> tuple[pl.DataFrame, list[list[int]]]:
    """Which lanes each demand of a step could hold in any of its ways: order, op_no, demand_no → `allowed` set."""
    keys = ["order", "op_no", "demand_no"]
    demands = book.get("demands")
    if demands is None or demands.is_empty():
        return pl.DataFrame(schema=dict.fromkeys([*keys, "allowed"], pl.Int64)), []
    spec = pl.coalesce("=" + pl.col("resource_id"), "class_id")
    asked = demands.join(orders.select("order_id", "order"), on="order_id").select(*keys, spec=spec)
    specs = asked["spec"].unique().sort()
    number = pl.DataFrame({"spec": specs, "bit": pl.int_range(len(specs), eager=True)})
    rows = asked.join(number, on="spec").select(*keys, "bit").unique().sort(*keys, "bit").to_numpy()
    starts = np.flatnonzero(np.r_[True, (rows[1:, :3] != rows[:-1, :3]).any(axis=1)])
    bits, ends = rows[:, 3].tolist(), [*starts[1:].tolist(), len(rows)]
    numbers: dict[tuple[int, ...], int] = {}
    allowed = [
        numbers.setdefault(tuple(bits[start:end]), len(numbers)) for start, end in zip(starts.tolist(), ends)
    ]
    of_spec = _lanes_of_specs(book, lanes)
    sets = [sorted({lane for bit in bits for lane in of_spec.get(specs[bit], [])}) for bits in numbers]
    found = pl.DataFrame(rows[starts, :3], schema=keys)
    return found.with_columns(allowed=pl.Series(allowed, dtype=pl.Int64)), sets


def _lanes_of_specs(book: Frames, lanes: pl.DataFrame) -> dict[str, list[int]]:
    """Lanes of every class, and of every resource under "=" and its name."""
    of_spec: dict[str, list[int]] = {}
    for resource, lane in lanes.select("resource_id", "lane").rows():
        of_spec.setdefault(f"={resource}", []).append(lane)
    members = book.get("members")
    if members is not None:
        for class_id, resource in members.select("class_id", "resource_id").rows():
            of_spec.setdefault(class_id, []).extend(of_spec.get(f"={resource}", []))
    return of_spec


def _loads(
    book: Frames, plan: Frames, lanes: pl.DataFrame, orders: pl.DataFrame
) -> list[tuple[int, int, float]]:
    """What each planned step on a batch machine takes of its greatest load."""
    batch = lanes.filter(pl.col("load_max") > 0).select("resource_id").unique()
    return (
        plan["resource_plan"]
        .join(batch, on="resource_id", how="semi")
        .select(STEP)
        .unique()
        .join(book["operations"].select(*STEP, pl.col("load").fill_null(0.0)), on=STEP)
        .join(orders.select("order_id", "order"), on="order_id")
        .sort("order", "op_no")
        .select("order", "op_no", "load")
        .rows()
    )


def _after(book: Frames, orders: pl.DataFrame) -> list[tuple[int, ...]]:
    rows = book.get("dependencies")
    if rows is None or rows.is_empty():
        return []
    numbers = orders.select("order_id", "order")
    earlier = numbers.rename({"order_id": "after_order_id", "order": "earlier"})
    return (
        rows.join(numbers, on="order_id")
        .join(earlier, on="after_order_id")
        .with_columns(from_start=(pl.col("kind").cast(pl.String) == "start_start").cast(pl.Int64))
        .sort("order", "op_no", "earlier", "after_op_no")
        .select("order", "op_no", "earlier", "after_op_no", "lag_s", "from_start")
        .rows()
    )


def _closed(book: Frames, lanes: pl.DataFrame, horizon: tuple[int, int]) -> dict[str, list[tuple[int, int]]]:
    """Closed times of every calendar that a lane names; breakdowns are closed times of their lanes."""
    tables = [book.get(name) for name in ("calendars", "shifts", "breaks", "exceptions")]
    ends = [datetime.fromtimestamp(second, UTC) for second in horizon]
    everything = (np.array([horizon[0]]), np.array([horizon[1]]))
    opens: dict[str | None, Intervals] = {None: everything}
    closed = {}
    for calendar, own, resource, place in lanes.select(
        "calendar_id", "calendar", "resource_id", "place_no"
    ).rows():
        if calendar not in opens:
            opens[calendar] = working_intervals(calendar, *tables, *ends)
        if own is None or own in closed:
            continue
        shut = subtract(everything, opens[calendar])
        if own != calendar:
            down = _down(book["capacities"], resource, place)
            shut = merged((np.concatenate([shut[0], down[0]]), np.concatenate([shut[1], down[1]])))
        closed[own] = list(zip(shut[0].tolist(), shut[1].tolist()))
    return closed


def _down(capacities: pl.DataFrame, resource: str, place: int) -> Intervals:
    rows = capacities.filter(resource_id=resource).filter(pl.col("capacity") < place)
    seconds = rows.select(pl.col("start", "end").dt.epoch("s"))
    return seconds["start"].to_numpy(), seconds["end"].to_numpy()


def _offsets(zone: str, horizon: tuple[int, int]) -> list[tuple[int, int]]:
    """[from, seconds east of UTC] over the horizon; the first holds for all time before."""
    since, east = zone_offsets(zone, horizon[0] // DAY_S - 1, horizon[1] // DAY_S + 1)
    return list(zip([0, *since[1:].tolist()], east.tolist()))


def _differ(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Keys of the steps whose rows are in one of two tables only."""
    both = [before, after.select(before.columns)]
    only = [
        one.join(other, on=one.columns, how="anti", nulls_equal=True) for one, other in (both, both[::-1])
    ]
    return pl.concat(only).select(STEP).unique()


def _natural(text: str) -> list[tuple[int, str]]:
    """A key by which M2 comes before M10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
