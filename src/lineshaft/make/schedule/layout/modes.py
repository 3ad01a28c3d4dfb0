"""The ways to do each step, one for every kind of machine that can do it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.layout.calendars import ranges
from lineshaft.make.schedule.layout.fixing import STEP
from lineshaft.make.schedule.layout.lanes import DEMAND, Lanes, table
from lineshaft.make.schedule.tables import ShopBook

FULL_PCT = 100


def make_modes(book: ShopBook, ops: pl.DataFrame) -> pl.DataFrame:
    """Modes of the tables in order of their keys: `mode_s`, `mode_first_s`, `mode_last_s` at full efficiency, bays.

    Raises
    ------
    BadInput
        A step has no mode.
    """
    before = pl.when(pl.col("order") == pl.col("order").shift()).then(pl.col("lot").shift())
    work_s = pl.col("lot_s") + pl.col("piece_s") * pl.col("quantity")
    bays = bay_numbers(book)
    modes = (
        table(book, "modes")
        .join(ops.select(*STEP, "op", "quantity", "lot", lot_before=before), on=STEP)
        .sort("op", "mode_no")
        .with_columns(
            mode_s=work_s,
            mode_first_s=pl.coalesce(pl.col("lot_s") + pl.col("piece_s") * pl.col("lot"), work_s),
            mode_last_s=pl.col("piece_s") * pl.col("lot_before").fill_null(0),
            mode_from=pl.col("from_bay_id").replace_strict(bays, default=-1, return_dtype=pl.Int64),
            mode_to=pl.col("to_bay_id").replace_strict(bays, default=-1, return_dtype=pl.Int64),
        )
    )
    without = ops.join(modes, on="op", how="anti")
    if len(without):
        words = Words("the step has no operation mode", "该工序没有任何工序方案")
        raise BadInput(
            [Fault("operation", key, "", None, "no_mode", words) for key in without.select(STEP).iter_rows()]
        )
    return modes


def bay_numbers(book: ShopBook) -> dict[str, int]:
    """Number of each bay; none where nothing is moved between bays."""
    if table(book, "modes")["from_bay_id"].is_null().all():
        return {}
    return {bay_id: number for number, bay_id in enumerate(table(book, "bays")["bay_id"].sort())}


def by_machine(book: ShopBook, modes: pl.DataFrame, lanes: Lanes) -> tuple[pl.DataFrame, Lanes]:
    """Modes split so that all lanes for the first demand of each have one efficiency and stand in one bay.

    Returns
    -------
    modes
        With `mode`, their number, and `pool`, that of the first demand (null without demands).
    lanes
        With the pools that came to it.
    """
    parts, lanes = pool_parts(lanes, bay_numbers(book))
    machine = lanes.teams.with_columns(lanes.pools["pool"].gather(lanes.teams["first"]))
    split = (
        modes.join(machine, on=DEMAND[:-1], how="left", maintain_order="left")
        .join(parts, on="pool", how="left", maintain_order="left")
        .with_columns(
            pl.col("count").fill_null(0),
            pl.col("part").fill_null(pl.col("pool")),
            pl.col("efficiency_pct").fill_null(FULL_PCT),
            mode_to=pl.when(pl.col("mode_from") >= 0).then("mode_to").otherwise(pl.col("bay").fill_null(-1)),
        )
    )
    worked_s = at_efficiency(pl.col("mode_s"))
    first_s = pl.max_horizontal(at_efficiency(pl.col("mode_first_s")), "mode_first_s")
    made = (
        (split.sort("op", "mode_no", "part") if len(parts) else split)
        .with_columns(
            mode_s=worked_s,
            mode_first_s=pl.min_horizontal(first_s, worked_s),
            mode_last_s=pl.max_horizontal(at_efficiency(pl.col("mode_last_s")), "mode_last_s"),
        )
        .drop("pool", "bay")
        .rename({"part": "pool"})
        .with_row_index("mode")
        .with_columns(pl.col("mode").cast(pl.Int64))
    )
    return made, lanes


def at_efficiency(work_s: pl.Expr) -> pl.Expr:
    """Whole seconds that the work takes, rounded up."""
    return -(-(work_s * FULL_PCT) // pl.col("efficiency_pct"))


def pool_parts(lanes: Lanes, bays: dict[str, int]) -> tuple[pl.DataFrame, Lanes]:
    """Parts of every pool that is not plain: `pool, part, efficiency_pct, bay`; a part is a pool of its own."""
    efficiency = lanes.places.frame["efficiency_pct"].fill_null(FULL_PCT).to_numpy()
    bay = lanes.places.frame["bay_id"].replace_strict(bays, default=-1, return_dtype=pl.Int64).to_numpy()
    pools = [lanes.pool_lane[a:b] for a, b in zip(lanes.pool_ptr, lanes.pool_ptr[1:])]
    number_of = {pool.tobytes(): number for number, pool in reversed(list(enumerate(pools)))}
    rows = []
    for number, pool in enumerate(list(pools)):
        kinds = sorted(set(zip(efficiency[pool].tolist(), bay[pool].tolist())))
        if kinds in ([], [(FULL_PCT, -1)]):
            continue
        for kind in kinds:
            part = pool[(efficiency[pool] == kind[0]) & (bay[pool] == kind[1])]
            if part.tobytes() not in number_of:
                number_of[part.tobytes()] = len(pools)
                pools.append(part)
            rows.append((number, number_of[part.tobytes()], *kind))
    names = ("pool", "part", "efficiency_pct", "bay")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")
    pool_ptr = np.cumsum([0, *(len(pool) for pool in pools)], dtype=np.int64)
    pool_lane = np.concatenate([np.zeros(0, dtype=np.int64), *pools])
    return frame, replace(lanes, pool_ptr=pool_ptr, pool_lane=pool_lane)


def demand_pools(modes: pl.DataFrame, lanes: Lanes) -> pl.DataFrame:
    """What each mode holds: `mode, demand_no, unit_no, pool, whole, quantity` in order of mode and demand.

    `whole` is the pool that the tables name. Where a mode takes part of it for its machine, this goes for the first
    unit; the others, from `unit_no` 2 on, are a row of their own.
    """
    count = modes["count"].to_numpy()
    row = ranges(modes["first"].fill_null(0).to_numpy(), count)
    mode = np.repeat(np.arange(len(modes)), count)
    machine = np.diff(mode, prepend=-1) > 0
    part = np.repeat(modes["pool"].fill_null(-1).to_numpy(), count)
    pool, quantity, demand_no = (
        lanes.pools[name].to_numpy()[row] for name in ("pool", "quantity", "demand_no")
    )
    split = machine & (part != pool)
    others = np.flatnonzero(split & (quantity > 1))
    first = {
        "mode": mode,
        "demand_no": demand_no,
        "unit_no": np.ones_like(mode),
        "pool": np.where(split, part, pool),
        "whole": pool,
        "quantity": np.where(split, 1, quantity),
    }
    rest = {"unit_no": np.full_like(mode, 2), "pool": pool, "quantity": quantity - 1}
    return pl.DataFrame(
        {name: np.insert(some, others + 1, rest.get(name, some)[others]) for name, some in first.items()}
    )
