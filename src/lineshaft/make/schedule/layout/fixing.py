"""What stays as it is: finished and running steps, locked rows and the frozen part of the previous plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.layout.calendars import Calendars, finish, pointers
from lineshaft.make.schedule.layout.lanes import Lanes, Places, seconds, table
from lineshaft.make.schedule.shop import NEVER_S, Bools, Ints
from lineshaft.make.schedule.tables import ShopBook

STEP = ["order_id", "op_no"]


class Fixed(NamedTuple):
    """When fixed operations start and end and in which mode they are, arrays as in Shop."""

    fixed: Bools
    fixed_start_s: Ints
    fixed_end_s: Ints
    fixed_mode: Ints


def fixed_steps(book: ShopBook, start: datetime, frozen_min: int) -> pl.DataFrame:
    """Rows of the steps that stay: way, start_s, end_s (none: running), mode_no and resource_id (if told).

    `since_s`, `done`: when progress was last told, and how many pieces were done then.

    Raises
    ------
    BadInput
        A step is finished before it is started.
    """
    at_s = seconds(pl.col("at"), start)
    kind = pl.col("kind").cast(pl.String)
    events = (
        table(book, "events")
        .sort("at", "event_id")
        .group_by(STEP, maintain_order=True)
        .agg(
            start_s=at_s.filter(kind == "start").last(),
            end_s=at_s.filter(kind == "finish").last(),
            mode_no=pl.col("mode_no").drop_nulls().last(),
            resource_id=pl.col("resource_id").drop_nulls().last(),
            begun_s=at_s.filter(kind == "progress").first(),
            since_s=at_s.filter(kind == "progress").last(),
            done=pl.col("quantity").filter(kind == "progress").last().fill_null(0),
        )
        .with_columns(pl.coalesce("start_s", "begun_s", "end_s"))
        .with_columns(
            way=pl.when(pl.col("end_s").is_null()).then(pl.lit("running")).otherwise(pl.lit("finished"))
        )
    )
    backwards = events.filter(pl.col("end_s") < pl.col("start_s"))
    if len(backwards):
        raise BadInput([_finished_first(book, *key) for key in backwards.select(STEP).sort(STEP).iter_rows()])
    planned = table(book, "previous").select(
        *STEP,
        "mode_no",
        start_s=seconds(pl.col("start"), start),
        end_s=seconds(pl.col("end"), start),
        way=pl.when("locked").then(pl.lit("locked")).otherwise(pl.lit("frozen")),
    )
    frozen = pl.col("start_s") < frozen_min * 60 if frozen_min else pl.lit(False)
    stay = planned.filter((pl.col("way") == "locked") | frozen).join(events, on=STEP, how="anti")
    columns = ("way", "start_s", "end_s", "mode_no", "resource_id", "since_s", "done")
    return pl.concat([events, stay], how="diagonal_relaxed").select(*STEP, *columns).sort(STEP)


def _finished_first(book: ShopBook, order_id: str, op_no: int) -> Fault:
    event = table(book, "events").filter(
        (pl.col("order_id") == order_id)
        & (pl.col("op_no") == op_no)
        & (pl.col("kind").cast(pl.String) == "finish")
    )
    words = Words(
        f"step {order_id} {op_no} is finished before it is started", f"工序 {order_id} {op_no} 的完工早于开工"
    )
    return Fault("actual_event", (event["event_id"][-1],), "at", event["at"][-1], "finished_first", words)


class Previous(NamedTuple):
    """The plan in force by operation: `planned` (op, mode_no, start_s, end_s), `held` (op, demand_no, unit_no, lane)."""

    planned: pl.DataFrame
    held: pl.DataFrame


def planned_places(book: ShopBook, places: Places) -> pl.DataFrame:
    """The places that steps of the previous plan hold, by its rows, demand and unit."""
    lanes = places.frame.select("resource_id", "place_no", pl.col("lane").cast(pl.Int64))
    rows = table(book, "previous").select(STEP).sort(STEP).with_row_index("row")
    held = table(book, "previous_resources").join(lanes, on=["resource_id", "place_no"]).join(rows, on=STEP)
    return held.select("row", "demand_no", "unit_no", "lane").sort("row", "demand_no", "unit_no")


def read_previous(book: ShopBook, keys: pl.DataFrame, places: pl.DataFrame, start: datetime) -> Previous:
    """What of the previous plan is there still: its operations, and the places that they hold by demand and unit."""
    times = (seconds(pl.col(name), start).alias(f"{name}_s") for name in ("start", "end"))
    rows = table(book, "previous").sort(STEP).select(*STEP, "mode_no", *times)
    planned = rows.join(keys.select(*STEP, "op"), on=STEP, how="left", maintain_order="left")
    held = places.select(planned["op"].gather(places["row"]), "demand_no", "unit_no", "lane")
    planned = planned.select("op", "mode_no", "start_s", "end_s")
    return Previous(*(frame.filter(pl.col("op").is_not_null()) for frame in (planned, held)))


class Held(NamedTuple):
    """Where the fixed operations are: `mode` of each operation (-1: it is not fixed), lanes (CSR, demand order)."""

    mode: Ints
    ptr: Ints
    lane: Ints


def held_places(
    previous: Previous, steps: pl.DataFrame, modes: pl.DataFrame, demands: pl.DataFrame, lanes: Lanes
) -> Held:
    """Give the fixed steps modes and lanes. Running steps come first.

    Raises
    ------
    BadInput
        A locked step names a mode that is not there.
    """
    chosen = Chooser(previous, steps, modes, demands, lanes)
    mode = np.full(modes["op"].max() + 1 if len(modes) else 0, -1, dtype=np.int64)
    held: dict[int, list[int]] = {}
    order = steps.sort(pl.col("way") != "running", "start_s", "op")
    for row in order.iter_rows(named=True):
        mode[row["op"]], held[row["op"]] = chosen.take(row)
    widths = np.zeros(len(mode), dtype=np.int64)
    widths[list(held)] = [len(some) for some in held.values()]
    lane = np.array([lane for op in sorted(held) for lane in held[op]], dtype=np.int64)
    return Held(mode, pointers(widths), lane)


def fix(
    held: Held, steps: pl.DataFrame, modes: pl.DataFrame, works_by: Ints, hours: Calendars
) -> Fixed | None:
    """When the fixed steps start and end; None beyond the window of `hours`.

    Running steps hold their lanes (of calendars `works_by`) until they are done, at least until the plan's start.
    """
    fixed = held.mode >= 0
    start_s, end_s = np.zeros((2, len(fixed)), dtype=np.int64)
    ops = steps["op"].to_numpy()
    start_s[ops] = steps["start_s"].to_numpy()
    end_s[ops] = steps["end_s"].fill_null(0).to_numpy()
    for row in steps.filter(pl.col("end_s").is_null()).iter_rows(named=True):
        op = row["op"]
        lanes = held.lane[held.ptr[op] : held.ptr[op + 1]]
        together = hours.spans[hours.all_of(works_by[lanes].tolist())]
        end_s[op] = max(0, int(finish(together, *work_left(row, modes.row(held.mode[op], named=True)))))
        if end_s[op] >= NEVER_S:
            return None
    return Fixed(fixed, start_s, end_s, np.maximum(held.mode, 0))


def work_left(row: dict[str, Any], mode: dict[str, Any]) -> tuple[int, int]:
    """From when how many working seconds of a running step are left in its mode (s)."""
    if row["since_s"] is None:
        return row["start_s"], mode["mode_s"]
    pieces = max(0, mode["quantity"] - row["done"])
    return row["since_s"], -(-mode["piece_s"] * pieces * 100 // mode["efficiency_pct"])


def warm(previous: Previous, modes: pl.DataFrame, lanes: Lanes, fixed: Bools) -> tuple[Ints, Ints]:
    """`warm_mode` and `warm_start_s` of the operations that a previous plan holds and nothing fixes.

    Of the modes of one number the one whose machines the planned one is among.
    """
    n, n_lanes = len(fixed), len(lanes.places.frame)
    of_pool = np.repeat(np.arange(len(lanes.pool_ptr) - 1), np.diff(lanes.pool_ptr))
    machine = np.full(n, -1, dtype=np.int64)
    machine[previous.held["op"].to_numpy()[::-1]] = previous.held["lane"].to_numpy()[::-1]
    options = previous.planned.join(modes.select("op", "mode_no", "mode", "pool"), on=["op", "mode_no"])
    op, mode, start_s = (options[name].to_numpy() for name in ("op", "mode", "start_s"))
    place = options["pool"].fill_null(-1).to_numpy() * n_lanes + machine[op]
    among = np.isin(place, of_pool * n_lanes + lanes.pool_lane) & (machine[op] >= 0)
    best_last = np.lexsort((-mode, among))
    best_last = best_last[~fixed[op[best_last]]]
    warm_mode, warm_start_s = np.full(n, -1, dtype=np.int64), np.full(n, NEVER_S, dtype=np.int64)
    warm_mode[op[best_last]], warm_start_s[op[best_last]] = mode[best_last], start_s[best_last]
    return warm_mode, warm_start_s


@dataclass
class Chooser:
    """Chooses mode and lanes of fixed steps as the tables tell and, where they are silent, the first lanes free."""

    previous: Previous
    steps: pl.DataFrame
    modes: pl.DataFrame
    demands: pl.DataFrame
    lanes: Lanes
    busy: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ptr = self.lanes.pool_ptr
        self.pools = [self.lanes.pool_lane[a:b].tolist() for a, b in zip(ptr, ptr[1:])]
        self.mode_no = self.modes["mode_no"].to_list()
        self.demand: dict[int, list[tuple[int, int, int, int]]] = {}
        self.machines: dict[int, int] = {}
        fixed = np.zeros(int(self.modes["op"].max() or 0) + 1, dtype=np.bool_)
        fixed[self.steps["op"].to_numpy()] = True
        of_mode = self.modes["op"].to_numpy()
        mine = self.modes.filter(fixed[of_mode])
        self.first = {
            op: some for op, *some in mine.group_by("op").agg(pl.col("mode").min(), pl.len()).iter_rows()
        }
        wants = self.demands.filter(fixed[of_mode[self.demands["mode"].to_numpy()]])
        for mode, part, *demand in wants.select(
            "mode", "pool", "demand_no", "unit_no", "whole", "quantity"
        ).iter_rows():
            self.demand.setdefault(mode, []).append(tuple(demand))
            self.machines.setdefault(mode, part)
        self.resource_of = self.lanes.places.frame["resource_id"].to_list()
        mine, planned = (
            frame.filter(fixed[frame["op"].to_numpy()])
            for frame in (self.previous.held, self.previous.planned)
        )
        self.told: dict[int, dict[tuple[int, int], int]] = {}
        for op, demand_no, unit_no, lane in mine.iter_rows():
            self.told.setdefault(op, {})[demand_no, unit_no] = lane
        self.planned = dict(planned.select("op", "mode_no").iter_rows())

    def take(self, row: dict[str, Any]) -> tuple[int, list[int]]:
        """Mode and lanes (demand order) of one fixed step; its lanes are busy from now on."""
        mode = self._mode(row)
        told = self.told.get(row["op"], {}) if self.planned.get(row["op"]) == self.mode_no[mode] else {}
        if row["resource_id"] and row["resource_id"] not in {
            self.resource_of[lane] for lane in told.values()
        }:
            told = {}
        end_s = NEVER_S if row["end_s"] is None else row["end_s"]
        span = (row["start_s"], max(int(end_s), row["start_s"] + 1))
        wants = self.demand.get(mode, [])
        units = [(want[0], want[1] + unit) for want in wants for unit in range(want[3])]
        known = [told[unit] for unit in units if unit in told]
        if len(known) == len(units) == len(set(known)):
            for lane in known:
                self.busy.setdefault(lane, []).append(span)
            return mode, known
        mine: list[int] = []
        of_demand: dict[tuple[int, int], list[int]] = {}
        by_choice = sorted(wants, key=lambda want: (len(self._pool(want[2])), want[:2]))
        for demand_no, unit_no, pool, quantity in by_choice:
            lanes = self._pool(pool)
            first = len(mine)
            for unit in range(unit_no, unit_no + min(quantity, len(lanes))):
                lane = told.get((demand_no, unit), -1)
                mine.append(lane if lane >= 0 and lane not in mine else self._first(lanes, mine, row, span))
            of_demand[demand_no, unit_no] = mine[first:]
        for lane in mine:
            self.busy.setdefault(lane, []).append(span)
        return mode, [lane for want in wants for lane in of_demand[want[:2]]]

    def _mode(self, row: dict[str, Any]) -> int:
        """The mode told, else the one planned, else the first that holds the resource told, else the first."""
        first, count = self.first[row["op"]]
        options = range(first, first + count)
        numbers = [self.mode_no[mode] for mode in options]
        for mode_no in (row["mode_no"], self.planned.get(row["op"])):
            alike = [mode for mode, number in zip(options, numbers) if number == mode_no]
            if alike and (mode_no == row["mode_no"] or any(self._holds(mode, row) for mode in alike)):
                return (
                    min(alike, key=lambda mode: (*self._unlike(mode, row), mode)) if alike[1:] else alike[0]
                )
        if row["way"] == "locked":
            key = (row["order_id"], row["op_no"])
            words = Words(
                f"the locked step uses mode {row['mode_no']}, which it does not have",
                f"锁定的工序使用方案 {row['mode_no']},但该工序没有此方案",
            )
            raise BadInput([Fault("operation_plan", key, "mode_no", row["mode_no"], "ref", words)])
        holding = [mode for mode in options if self._holds(mode, row)]
        return min(holding, key=lambda mode: (self.mode_no[mode], *self._unlike(mode, row)), default=first)

    def _holds(self, mode: int, row: dict[str, Any]) -> bool:
        pools = [self._pool(pool) for _, _, pool, _ in self.demand.get(mode, [])]
        return not row["resource_id"] or any(
            self.resource_of[lane] == row["resource_id"] for p in pools for lane in p
        )

    def _unlike(self, mode: int, row: dict[str, Any]) -> tuple[bool, bool]:
        """Whether the machine told, and the one planned, are none of the mode's."""
        if mode not in self.machines:
            return False, False
        machines = self._pool(self.machines[mode])
        told = self.told.get(row["op"], {})
        first = self.demand[mode][0][0]
        return (
            bool(row["resource_id"])
            and all(self.resource_of[lane] != row["resource_id"] for lane in machines),
            told.get((first, 1)) not in machines,
        )

    def _first(self, lanes: list[int], mine: list[int], row: dict[str, Any], span: tuple[int, int]) -> int:
        """The best lane left: of the resource told, free in this time, of the smallest number."""
        needs_told = row["resource_id"] and all(self.resource_of[lane] != row["resource_id"] for lane in mine)

        def rank(lane: int) -> tuple[bool, bool, bool, int]:
            elsewhere = bool(needs_told) and self.resource_of[lane] != row["resource_id"]
            taken = any(start < span[1] and span[0] < end for start, end in self.busy.get(lane, []))
            return lane in mine, elsewhere, taken, lane

        return min(lanes, key=rank)

    def _pool(self, pool: int) -> list[int]:
        return self.pools[pool]
