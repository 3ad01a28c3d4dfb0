"""What stays as it is: finished and running steps, locked rows and the frozen part of the previous plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.layout.calendars import Calendars, finish, pointers
from lineshaft.make.schedule.layout.lanes import Lanes, seconds, table
from lineshaft.make.schedule.shop import NEVER_S, Ints
from lineshaft.make.schedule.tables import ShopBook

STEP = ["order_id", "op_no"]


@dataclass(frozen=True)
class Fixed:
    """The fixed part of a Shop, arrays as there; `ways` tells why each fixed operation is fixed."""

    ways: dict[int, str]
    fixed: Ints
    fixed_start_s: Ints
    fixed_end_s: Ints
    fixed_mode: Ints
    fixed_ptr: Ints
    fixed_lane: Ints
    warm_mode: Ints
    warm_start_s: Ints


def fixed_steps(book: ShopBook, ops: pl.DataFrame, start: datetime, frozen_min: int) -> pl.DataFrame:
    """Rows of the operations that stay: op, way, start_s, end_s (none: running), mode_no and resource_id (if told).

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
    rows = pl.concat([events, stay], how="diagonal_relaxed").join(ops.select(*STEP, "op"), on=STEP)
    return rows.select(
        pl.col("op").cast(pl.Int64),
        *STEP,
        *("way", "start_s", "end_s", "mode_no", "resource_id", "since_s", "done"),
    ).sort("op")


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


def fix(
    book: ShopBook,
    steps: pl.DataFrame,
    ops: pl.DataFrame,
    modes: pl.DataFrame,
    demands: pl.DataFrame,
    lanes: Lanes,
    hours: Calendars,
    start: datetime,
) -> Fixed | None:
    """Give the fixed steps mode, end and lanes, and the others their start values; None beyond the window of `hours`.

    Running steps come first: they hold their lanes until they are done, at least until the plan's start.

    Raises
    ------
    BadInput
        A locked step names a mode that is not there.
    """
    n = len(ops)
    chosen = Chooser(book, steps, modes, demands, lanes)
    fixed = np.zeros(n, dtype=np.bool_)
    start_s, end_s = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    mode = np.full(n, -1, dtype=np.int64)
    held: list[list[int]] = [[] for _ in range(n)]
    calendar = lanes.frame["calendar"].to_numpy()
    order = steps.sort(pl.col("way") != "running", "start_s", "op")
    for row in order.iter_rows(named=True):
        op = row["op"]
        mode[op], held[op] = chosen.take(row)
        end = row["end_s"]
        if end is None:
            together = hours.spans[hours.all_of(calendar[held[op]].tolist())]
            end = finish(together, *chosen.left(row, mode[op]))
            if end is None:
                return None
            end = max(end, 0)
        fixed[op], start_s[op], end_s[op] = True, row["start_s"], end
    warm_mode, warm_start_s = warm(book, ops, modes, lanes, fixed, start)
    fixed_ptr = pointers(np.array([len(some) for some in held], dtype=np.int64))
    fixed_lane = np.array([lane for some in held for lane in some], dtype=np.int64)
    ways = dict(steps.select("op", "way").iter_rows())
    return Fixed(
        ways, fixed, start_s, end_s, np.maximum(mode, 0), fixed_ptr, fixed_lane, warm_mode, warm_start_s
    )


def warm(
    book: ShopBook, ops: pl.DataFrame, modes: pl.DataFrame, lanes: Lanes, fixed: Ints, start: datetime
) -> tuple[Ints, Ints]:
    """`warm_mode` and `warm_start_s` of the operations that a previous plan holds and nothing fixes.

    Of the modes of one number the one whose machines the planned one is among.
    """
    of_pool = np.repeat(np.arange(len(lanes.pool_ptr) - 1), np.diff(lanes.pool_ptr))
    among = pl.DataFrame(
        {"pool": of_pool, "lane": lanes.pool_lane}, schema={"pool": pl.Int64, "lane": pl.Int64}
    ).with_columns(among=True)
    machine = (
        table(book, "previous_resources")
        .join(lanes.frame.select("resource_id", "place_no", "lane"), on=["resource_id", "place_no"])
        .group_by(STEP)
        .agg(pl.col("lane").sort_by("demand_no", "unit_no").first().cast(pl.Int64))
    )
    warm_mode = np.full(len(ops), -1, dtype=np.int64)
    warm_start_s = np.full(len(ops), NEVER_S, dtype=np.int64)
    rows = (
        table(book, "previous")
        .join(ops.select(*STEP, "op"), on=STEP)
        .join(modes.select("op", "mode_no", "mode", "pool"), on=["op", "mode_no"])
        .join(machine, on=STEP, how="left")
        .join(among, on=["pool", "lane"], how="left")
        .sort("op", "among", "mode", nulls_last=True)
        .unique("op", keep="first", maintain_order=True)
        .select("op", "mode", start_s=seconds(pl.col("start"), start))
    )
    op = rows["op"].to_numpy()
    free = ~fixed[op]
    warm_mode[op[free]] = rows["mode"].to_numpy()[free]
    warm_start_s[op[free]] = rows["start_s"].to_numpy()[free]
    return warm_mode, warm_start_s


@dataclass
class Chooser:
    """Chooses mode and lanes of fixed steps as the tables tell and, where they are silent, the first lanes free."""

    book: ShopBook
    steps: pl.DataFrame
    modes: pl.DataFrame
    demands: pl.DataFrame
    lanes: Lanes
    busy: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mode_s = self.modes["mode_s"].to_numpy()
        self.first = self.modes.group_by("op").agg(pl.col("mode").min(), pl.len()).sort("op").rows()
        self.mode_no = self.modes["mode_no"].to_list()
        work = ("piece_s", "quantity", "efficiency_pct")
        self.work = dict(zip(work, (self.modes[name].to_list() for name in work)))
        self.demand: dict[int, list[tuple[int, int, int]]] = {}
        mine = self.modes.join(self.steps, on="op", how="semi")
        wants = self.demands.join(mine, on="mode", how="semi")
        for mode, *demand in wants.select("mode", "demand_no", "pool", "quantity").iter_rows():
            self.demand.setdefault(mode, []).append(tuple(demand))
        frame = self.lanes.frame
        self.resource_of = frame["resource_id"].to_list()
        self.lane_of = {
            row[:2]: row[2] for row in frame.select("resource_id", "place_no", "lane").iter_rows()
        }
        self.told: dict[tuple[str, int], dict[tuple[int, int], int]] = {}
        for order_id, op_no, demand_no, unit_no, *place in (
            table(self.book, "previous_resources")
            .join(self.steps, on=STEP, how="semi")
            .select(*STEP, "demand_no", "unit_no", "resource_id", "place_no")
            .iter_rows()
        ):
            if tuple(place) in self.lane_of:
                self.told.setdefault((order_id, op_no), {})[demand_no, unit_no] = self.lane_of[tuple(place)]
        planned = table(self.book, "previous").join(self.steps, on=STEP, how="semi")
        self.planned = {row[:2]: row[2] for row in planned.select(*STEP, "mode_no").iter_rows()}

    def take(self, row: dict[str, Any]) -> tuple[int, list[int]]:
        """Mode and lanes (demand order) of one fixed step; its lanes are busy from now on."""
        mode = self._mode(row)
        key = (row["order_id"], row["op_no"])
        told = self.told.get(key, {}) if self.planned.get(key) == self.mode_no[mode] else {}
        if row["resource_id"] and row["resource_id"] not in {
            self.resource_of[lane] for lane in told.values()
        }:
            told = {}
        end_s = NEVER_S if row["end_s"] is None else row["end_s"]
        span = (row["start_s"], max(int(end_s), row["start_s"] + 1))
        mine: list[int] = []
        of_demand: dict[int, list[int]] = {}
        wants = self.demand.get(mode, [])
        for demand_no, pool, quantity in sorted(wants, key=lambda want: (len(self._pool(want[1])), want[0])):
            lanes = self._pool(pool)
            first = len(mine)
            for unit in range(1, min(quantity, len(lanes)) + 1):
                lane = told.get((demand_no, unit), -1)
                mine.append(lane if lane >= 0 and lane not in mine else self._first(lanes, mine, row, span))
            of_demand[demand_no] = mine[first:]
        for lane in mine:
            self.busy.setdefault(lane, []).append(span)
        return mode, [lane for demand_no, _, _ in wants for lane in of_demand[demand_no]]

    def left(self, row: dict[str, Any], mode: int) -> tuple[int, int]:
        """From when how many working seconds of a running step are left (s)."""
        if row["since_s"] is None:
            return row["start_s"], int(self.mode_s[mode])
        piece_s, quantity, efficiency_pct = (values[mode] for values in self.work.values())
        return row["since_s"], -(-piece_s * max(0, quantity - row["done"]) * 100 // efficiency_pct)

    def _mode(self, row: dict[str, Any]) -> int:
        """The mode told, else the one planned, else the first that holds the resource told, else the first."""
        _, first, count = self.first[row["op"]]
        options = range(first, first + count)
        numbers = [self.mode_no[mode] for mode in options]
        for mode_no in (row["mode_no"], self.planned.get((row["order_id"], row["op_no"]))):
            alike = [mode for mode, number in zip(options, numbers) if number == mode_no]
            if alike and (mode_no == row["mode_no"] or any(self._holds(mode, row) for mode in alike)):
                return min(
                    alike, key=lambda mode: (not self._holds(mode, row), not self._as_told(mode, row), mode)
                )
        if row["way"] == "locked":
            key = (row["order_id"], row["op_no"])
            words = Words(
                f"the locked step uses mode {row['mode_no']}, which it does not have",
                f"锁定的工序使用方案 {row['mode_no']},但该工序没有此方案",
            )
            raise BadInput([Fault("operation_plan", key, "mode_no", row["mode_no"], "ref", words)])
        return next((mode for mode in options if self._holds(mode, row)), first)

    def _holds(self, mode: int, row: dict[str, Any]) -> bool:
        pools = [self._pool(pool) for _, pool, _ in self.demand.get(mode, [])]
        return not row["resource_id"] or any(
            self.resource_of[lane] == row["resource_id"] for p in pools for lane in p
        )

    def _as_told(self, mode: int, row: dict[str, Any]) -> bool:
        """True when the lane planned for its first demand is one of the mode's."""
        wants = self.demand.get(mode, [])
        told = self.told.get((row["order_id"], row["op_no"]), {})
        return not wants or told.get((wants[0][0], 1)) in self._pool(wants[0][1])

    def _first(self, lanes: list[int], mine: list[int], row: dict[str, Any], span: tuple[int, int]) -> int:
        """The best lane left: of the resource told, free in this time, of the smallest number."""
        needs_told = row["resource_id"] and all(self.resource_of[lane] != row["resource_id"] for lane in mine)

        def rank(lane: int) -> tuple[bool, bool, bool, int]:
            elsewhere = bool(needs_told) and self.resource_of[lane] != row["resource_id"]
            taken = any(start < span[1] and span[0] < end for start, end in self.busy.get(lane, []))
            return lane in mine, elsewhere, taken, lane

        return min(lanes, key=rank)

    def _pool(self, pool: int) -> list[int]:
        return self.lanes.pool_lane[self.lanes.pool_ptr[pool] : self.lanes.pool_ptr[pool + 1]].tolist()
