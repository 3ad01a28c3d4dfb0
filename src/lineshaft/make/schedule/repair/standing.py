"""A plan in force as arrays: which mode, lanes and times every operation has, and what of it may not move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from lineshaft.core import Refused
from lineshaft.make.schedule.dispatch.deck import mode_width
from lineshaft.make.schedule.layout.calendars import pointers, ranges
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.shop import Bools, Ints, Shop, Timetable

NAMED = 5


@dataclass(frozen=True)
class Standing:
    """Where every operation stands.

    `team[slot_ptr[op]:slot_ptr[op + 1]]` are its lanes in demand order, -1 for places that its mode does not need.
    `fixed`: finished, running, frozen or locked by the book; `locked`: locked now. Neither moves.
    """

    mode: Ints
    start_s: Ints
    end_s: Ints
    slot_ptr: Ints
    team: Ints
    fixed: Bools
    locked: Bools

    @property
    def stays(self) -> Bools:
        """What may not move."""
        return self.fixed | self.locked

    def lanes(self, op: int) -> Ints:
        """The lanes that an operation holds."""
        mine = self.team[self.slot_ptr[op] : self.slot_ptr[op + 1]]
        return mine[mine >= 0]

    def timetable(self) -> Timetable:
        """The same as search methods know it."""
        op = np.repeat(np.arange(len(self.mode)), np.diff(self.slot_ptr))
        held = self.team >= 0
        counts = np.bincount(op[held], minlength=len(self.mode))
        lane_ptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Timetable(self.mode, self.start_s, self.end_s, lane_ptr, self.team[held])


def read_standing(compiled: Compiled) -> tuple[Standing, Bools]:
    """The plan in force, what is fixed as `compile` found it; and which operations have no valid place in it.

    Those without a place stand nowhere: on no lane, from the beginning, in the mode planned or the first of theirs.
    """
    shop = compiled.shop
    mode, start_s = shop.warm_mode.copy(), shop.warm_start_s.copy()
    mode[shop.fixed], start_s[shop.fixed] = shop.fixed_mode[shop.fixed], shop.fixed_start_s[shop.fixed]
    slot_ptr = mode_width(shop)
    team = planned_lanes(compiled, mode, slot_ptr)
    team[np.repeat(shop.fixed, np.diff(slot_ptr))] = -1
    team[ranges(slot_ptr[:-1], np.diff(shop.fixed_ptr))] = shop.fixed_lane
    end_s = np.zeros(shop.n_ops, dtype=np.int64)
    end_s[compiled.previous.planned["op"].to_numpy()] = compiled.previous.planned["end_s"].to_numpy()
    end_s[shop.fixed] = shop.fixed_end_s[shop.fixed]
    known = np.where(mode < 0, shop.mode_ptr[:-1], mode)
    homeless = ~shop.fixed & ((mode < 0) | ~teams_fit(shop, known, slot_ptr, team))
    team[np.repeat(homeless, np.diff(slot_ptr))] = -1
    mode, start_s[homeless], end_s[homeless] = known, 0, 0
    locked = np.zeros(shop.n_ops, dtype=np.bool_)
    locked[[op for op, way in compiled.ways.items() if way == "locked"]] = True
    return Standing(mode, start_s, end_s, slot_ptr, team, shop.fixed.copy(), locked), homeless


def planned_lanes(compiled: Compiled, mode: Ints, slot_ptr: Ints) -> Ints:
    """The team of each operation by the plan in force, in the mode that it has, by demand and unit; -1 for no lane."""
    shop = compiled.shop
    op, demand_no, unit_no, lane = columns(compiled.previous.held, "op", "demand_no", "unit_no", "lane")
    of_mode, number, first_unit = columns(compiled.demands, "mode", "demand_no", "unit_no")
    numbers = max(int(demand_no.max(initial=0)), int(number.max(initial=0))) + 1
    units = max(int(unit_no.max(initial=0)), int(first_unit.max(initial=0))) + 1
    wanted = (mode[op] * numbers + demand_no) * units
    offered = (of_mode * numbers + number) * units
    demand = np.searchsorted(offered + first_unit, wanted + unit_no, side="right") - 1
    known = (mode[op] >= 0) & (demand >= 0) & (offered[demand] == wanted) if len(offered) else op < 0
    op, demand, lane, unit_no = op[known], demand[known], lane[known], unit_no[known]
    unit = unit_no - first_unit[demand]
    taken = pointers(shop.demand_quantity)
    before = taken[demand] - taken[shop.demand_ptr[of_mode[demand]]]
    fits = unit < shop.demand_quantity[demand]
    team = np.full(slot_ptr[-1], -1, dtype=np.int64)
    team[(slot_ptr[op] + before + unit)[fits]] = lane[fits]
    return team


def columns(frame: pl.DataFrame, *names: str) -> list[Ints]:
    """Columns of whole numbers as arrays."""
    return [frame[name].to_numpy().astype(np.int64) for name in names]


def teams_fit(shop: Shop, mode: Ints, slot_ptr: Ints, team: Ints) -> Bools:
    """Per operation: it holds as many different lanes as its mode needs, each from the pool of its demand."""
    count = np.diff(shop.demand_ptr)[mode]
    demand = ranges(shop.demand_ptr[mode], count)
    quantity = shop.demand_quantity[demand]
    op = np.repeat(np.repeat(np.arange(len(mode)), count), quantity)
    needs = np.bincount(op, minlength=len(mode))
    lane = team[ranges(slot_ptr[:-1], needs)]
    pool = np.repeat(shop.demand_pool[demand], quantity)
    member = np.zeros((len(shop.pool_ptr) - 1, shop.n_lanes + 1), dtype=np.bool_)
    member[np.repeat(np.arange(len(member)), np.diff(shop.pool_ptr)), shop.pool_lane] = True
    taken = np.sort((op * shop.n_lanes + lane)[lane >= 0])
    fit = np.ones(len(mode), dtype=np.bool_)
    fit[op[~member[pool, lane]]] = False
    fit[taken[1:][taken[1:] == taken[:-1]] // max(shop.n_lanes, 1)] = False
    held = np.bincount(
        np.repeat(np.arange(len(mode)), np.diff(slot_ptr)), weights=team >= 0, minlength=len(mode)
    )
    return fit & (held == needs)


def no_place(compiled: Compiled, homeless: Bools) -> Refused:
    """There is no plan to look at: these steps are not in it, or no longer as it has them."""
    keys = compiled.ops.filter(homeless).rows()
    named = ", ".join(f"{order_id} {op_no}" for order_id, op_no in keys[:NAMED])
    more_en = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    more_zh = f"等 {len(keys)} 道" if len(keys) > NAMED else ""
    return Refused(
        f"The plan in force has no valid place for these steps: {named}{more_en}. Make a new plan first.",
        f"当前计划中以下工序没有有效位置:{named}{more_zh}。请先重新排产。",
    )
