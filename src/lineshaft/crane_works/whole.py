"""The whole model of the crane works, laid over the plain one: orders, dates and times stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from lineshaft.crane_works import plant
from lineshaft.crane_works.orders import Job, op_no
from lineshaft.crane_works.park import Row, group_rows
from lineshaft.crane_works.routes import Part, Step
from lineshaft.crane_works.timing import START, ZONE
from lineshaft.tables import TABLES, frame_of

Frames = dict[str, pl.DataFrame]

HANDED_ON_FROM = 12
PARTS_OF_A_LOT = 3
PRICED_DAYS_AFTER_LAST_DUE = 120
CREWS = {"DAY": "CREW", "EARLY": "EARLY"}
"""Day people get a calendar of their own, so that Saturdays cost for people and not for their machines."""

OP = ["order_id", "op_no"]


def whole(frames: Frames, ordered: list[list[Job]], scale: float) -> Frames:
    """The plain tables with everything else that a plan of the works can heed.

    Batch machines with recipes and loads, bays and lifts between them, transfer lots, contractors with a capacity,
    shafts and axles to make or buy, an old machine's efficiency, setups that cost or must not be, power and its
    price by the hour, overtime that costs, and spreads of times.

    Parameters
    ----------
    frames
        The plain tables, as `generate` makes them.
    ordered
        The work orders of each sale, parents first.
    """
    jobs = [job for work in ordered for job in work]
    lifts = [lift for work in ordered for lift in lift_rows(work)]
    return (
        frames
        | resource_frames(frames, scale)
        | calendar_frames(frames)
        | setup_frames(frames)
        | route_frames(frames, jobs, lifts)
        | {
            "segment_dependency": lagged(frames["segment_dependency"], lifts),
            "recipe": frame_of(TABLES["recipe"], plant.RECIPES),
            "bay": frame_of(TABLES["bay"], [(bay, name) for bay, (name, _) in plant.BAYS.items()]),
            "energy_price": energy_prices(frames["work_order"]),
        }
    )


def added(frames: Frames, name: str, rows: list[Row]) -> pl.DataFrame:
    """A table with more rows."""
    return pl.concat([frames[name], frame_of(TABLES[name], rows)])


def resource_frames(frames: Frames, scale: float) -> Frames:
    """Resources with bay, load and efficiency; lifting gear, transfer cars and contractors."""
    resources, classes, members = group_rows(plant.ADDED, scale)
    group = pl.col("resource_id").str.replace(r"-\d+$", "")
    most = {name: load.most for name, load in plant.LOADS.items()}
    unit = {name: load.unit for name, load in plant.LOADS.items()}
    is_person, wet = pl.col("kind") == "person", pl.col("resource_id") == plant.WATER_BOOTH
    calendar = pl.col("calendar_id")
    return {
        "resource": added(frames, "resource", resources).with_columns(
            calendar_id=pl.when(is_person).then(calendar.replace(CREWS)).otherwise(calendar),
            setup_group=pl.when(wet).then(pl.lit(plant.FORBIDDEN[0])).otherwise(pl.col("setup_group")),
            bay_id=group.replace_strict(plant.BAY_OF, default=None, return_dtype=pl.String),
            efficiency_pct=pl.col("resource_id").replace_strict(
                plant.EFFICIENCY_PCT, default=None, return_dtype=pl.Int64
            ),
            load_max=group.replace_strict(most, default=None, return_dtype=pl.Float64),
            load_unit=group.replace_strict(
                unit, default=None, return_dtype=frames["resource"].schema["load_unit"]
            ),
        ),
        "resource_class": added(frames, "resource_class", classes),
        "class_member": added(frames, "class_member", members),
    }


def calendar_frames(frames: Frames) -> Frames:
    """The day crew's own calendar; Saturday mornings of overtime, for the early crew too, cost for people."""
    crew, copies = pl.lit(CREWS["DAY"]), {}
    for name in ("calendar", "shift", "shift_break", "calendar_exception"):
        mine = frames[name].filter(pl.col("calendar_id") == "DAY").with_columns(calendar_id=crew)
        copies[name] = pl.concat([frames[name], mine])
    exceptions = copies["calendar_exception"]
    overtime = exceptions.filter(pl.col("kind") == "overtime", pl.col("calendar_id") == "DAY")
    morning = {"start_min": pl.lit(360, pl.Int64), "end_min": pl.lit(720, pl.Int64)}
    early = [overtime.with_columns(calendar_id=pl.lit(name), **morning) for name in ("EARLY", "TWO")]
    paid = pl.col("calendar_id").is_in(list(CREWS.values())) & (pl.col("kind") == "overtime")
    return copies | {
        "calendar_exception": pl.concat([exceptions, *early]).with_columns(
            cost_fen_h=pl.when(paid).then(pl.lit(plant.OVERTIME_FEN_H, pl.Int64)),
        )
    }


def setup_frames(frames: Frames) -> Frames:
    """Setups with what they cost; the booth with the water curtain has a change that must not be."""
    times, (group, before, after) = frames["setup_time"], plant.FORBIDDEN
    wet = times.filter(pl.col("setup_group") == "PAINTING").with_columns(setup_group=pl.lit(group))
    never = (
        (pl.col("setup_group") == group)
        & (pl.col("from_family_id") == before)
        & (pl.col("to_family_id") == after)
    )
    cost = pl.col("setup_group").replace_strict(plant.SETUP_COST_FEN, return_dtype=pl.Int64)
    return {"setup_time": pl.concat([times, wet]).with_columns(forbidden=never, cost_fen=cost)}


def route_frames(frames: Frames, jobs: list[Job], lifts: list[Row]) -> Frames:
    """Steps, ways and demands: with recipes, loads, power and spread; lifts, contractors and bought parts."""
    rows: dict[str, list[Row]] = {"operation": [], "operation_mode": [], "resource_demand": []}
    for job in jobs:
        contractor_rows(rows, job)
        bought_rows(rows, job)
    for order, op, before, after, mass_kg in lifts:
        name = f"吊运 {before} → {after} / lift to another bay"
        lot_s, piece_s = (60 * minutes for minutes in plant.lift_min(float(str(mass_kg))))
        rows["operation"].append((order, op, name, None, False))
        rows["operation_mode"].append((order, op, 1, lot_s, piece_s, before, after))
        crane = plant.CRANE_OF[str(before)]
        rows["resource_demand"] += [(order, op, 1, 1, None, crane, 1), (order, op, 1, 2, None, "CAR", 1)]
    frames = frames | {name: added(frames, name, more) for name, more in rows.items()}
    return {
        "operation": with_facts(frames["operation"], jobs),
        "operation_mode": with_power(frames, jobs),
        "resource_demand": frames["resource_demand"],
    }


def contractor_rows(rows: dict[str, list[Row]], job: Job) -> None:
    """Add what a contractor's ways hold of him."""
    for number, step in enumerate(job.part.steps):
        for mode, way in enumerate(step.ways, 1):
            if way.contractor:
                key = (job.order_id, op_no(number), mode)
                rows["resource_demand"].append((*key, 1, None, way.contractor, 1))


def bought_rows(rows: dict[str, list[Row]], job: Job) -> None:
    """Add the other route of a part that can be bought finished."""
    if job.part.bought is None:
        return
    way, op = job.part.bought, op_no(len(job.part.steps))
    rows["operation"].append((job.order_id, op, "外购成品 / buy finished", None, False, None, 2))
    rows["operation_mode"].append((job.order_id, op, 1, way.lot_s, way.piece_s))
    rows["resource_demand"].append((job.order_id, op, 1, 1, None, way.contractor, 1))


def with_facts(operations: pl.DataFrame, jobs: list[Job]) -> pl.DataFrame:
    """The steps with route, transfer lot, recipe and load."""
    named = ("route_no", "transfer_quantity", "recipe_id", "load")
    schema = {name: operations.schema[name] for name in (*OP, *named)}
    rows = [
        (job.order_id, op_no(number), *facts(job, step))
        for job in jobs
        for number, step in enumerate(job.part.steps)
    ]
    found = pl.DataFrame(rows, schema=schema, orient="row")
    return operations.update(found, on=OP, how="left").select(operations.columns)


def facts(job: Job, step: Step) -> tuple[int | None, int | None, str | None, float | None]:
    """Route, transfer lot, recipe and load of a step."""
    load = load_of(job, step)
    handed_on = step.hands_on and job.quantity >= HANDED_ON_FROM
    return (
        1 if job.part.bought else None,
        -(-job.quantity // PARTS_OF_A_LOT) if handed_on else None,
        step.recipe,
        load,
    )


def load_of(job: Job, step: Step) -> float | None:
    """What a step puts into a furnace or booth."""
    load = plant.LOADS.get(first_class(step) or "")
    return load.of(job.part.mass_kg, job.quantity) if load else None


def first_class(step: Step) -> str | None:
    """The class that the usual way of a step stands on."""
    holds = step.ways[0].holds
    return holds[0][0] if holds else None


def with_power(frames: Frames, jobs: list[Job]) -> pl.DataFrame:
    """The ways with power and spread by what they stand on; in a batch machine by the share of its load."""
    modes, key = frames["operation_mode"], [*OP, "mode_no"]
    most = {name: load.most for name, load in plant.LOADS.items()}
    loads = [
        (job.order_id, op_no(number), load)
        for job in jobs
        for number, step in enumerate(job.part.steps)
        if (load := load_of(job, step)) is not None
    ]
    schema = {"order_id": pl.String, "op_no": pl.Int64, "load": pl.Float64}
    share = pl.col("load") / pl.col("class_id").replace_strict(most, default=None, return_dtype=pl.Float64)
    power = pl.col("class_id").replace_strict(plant.POWER_KW, default=None, return_dtype=pl.Float64)
    spread = pl.col("class_id").replace_strict(
        plant.SPREAD_PCT, default=plant.SPREAD_ELSE_PCT, return_dtype=pl.Int64
    )
    first = frames["resource_demand"].filter(pl.col("demand_no") == 1).select(*key, "class_id")
    return (
        modes.join(first, on=key, how="left", maintain_order="left")
        .join(
            pl.DataFrame(loads, schema=schema, orient="row"),
            on=OP,
            how="left",
            maintain_order="left",
        )
        .with_columns(power_kw=(power * share.fill_null(1.0)).round(1), spread_pct=spread)
        .select(modes.columns)
    )


def lift_rows(work: list[Job]) -> Iterator[Row]:
    """(order, step number, from bay, to bay, mass) of every lift of heavy parts, with numbers between the steps'."""
    parts = {job.order_id: job.part for job in work}
    for job in work:
        if job.part.mass_kg < plant.LIFT_FROM_KG:
            continue
        taken_in = bay_of(parts[job.parent_id].steps[job.parent_step]) if job.parent_id else None
        for op, before, after in moves(job.part, taken_in):
            yield job.order_id, op, before, after, job.part.mass_kg


def moves(part: Part, taken_in: str | None) -> Iterator[tuple[int, str, str]]:
    """(step number, from bay, to bay) wherever the next step stands in another bay, and to where it is taken in.

    A contractor brings parts to where they are needed; people come to the part.
    """
    here: str | None = None
    for number, step in enumerate(part.steps):
        there = bay_of(step)
        if here and there and here != there:
            yield op_no(number) - 5, here, there
        here = None if step.ways[0].contractor else there or here
    if here and taken_in and here != taken_in:
        yield op_no(len(part.steps)) - 5, here, taken_in


def bay_of(step: Step) -> str | None:
    """Where a step is done; none for what people do on the spot."""
    return plant.BAY_OF.get(first_class(step) or "")


def lagged(dependencies: pl.DataFrame, lifts: list[Row]) -> pl.DataFrame:
    """Cooling and drying come before a lift: the lag that a step had now holds for the lift to it."""
    lift = pl.DataFrame(
        [(order, op) for order, op, *_ in lifts],
        schema={"lift_order": pl.String, "lift_op": pl.Int64},
        orient="row",
    )
    after = pl.col("after_op_no") + 5
    joined = dependencies.with_columns(lift_op=after).join(
        lift.with_columns(is_lift=pl.lit(True)),
        left_on=["after_order_id", "lift_op"],
        right_on=["lift_order", "lift_op"],
        how="left",
        maintain_order="left",
    )
    moved = pl.col("is_lift").fill_null(False)
    return joined.with_columns(
        order_id=pl.when(moved).then("after_order_id").otherwise("order_id"),
        op_no=pl.when(moved).then("lift_op").otherwise("op_no"),
    ).select(dependencies.columns)


def energy_prices(orders: pl.DataFrame) -> pl.DataFrame:
    """The tariff from the start to well after the last due date."""
    last = orders.select(pl.col("due").max()).item() + timedelta(days=PRICED_DAYS_AFTER_LAST_DUE)
    rows = list(plant.price_rows(START.date(), last.astimezone(ZONE).date(), ZONE))
    return frame_of(TABLES["energy_price"], rows)
