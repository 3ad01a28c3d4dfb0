"""What a timetable costs: setups, electricity and overtime, in fen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.layout.calendars import worked_until
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.layout.tariffs import Tariff
from lineshaft.make.schedule.plan import lane_use
from lineshaft.make.schedule.shop import Ints, Timetable

Floats = NDArray[np.float64]


class Costs(NamedTuple):
    """Fen for setups, electricity and overtime."""

    setup: float
    energy: float
    overtime: float


def costs(compiled: Compiled, timetable: Timetable) -> Costs:
    """The three sums of a timetable."""
    return Costs(
        setup_fen(compiled, timetable), energy_fen(compiled, timetable), overtime_fen(compiled, timetable)
    )


def setup_fen(compiled: Compiled, timetable: Timetable) -> float:
    """The price of every change of family on a lane."""
    shop, price = compiled.shop, compiled.tariffs.setup_fen
    if not price.any():
        return 0.0
    use = lane_use(shop, timetable)
    family = shop.op_family[use.op]
    before = np.where(use.opens, shop.lane_family[use.lane], np.append(-1, family[:-1])[: len(family)])
    changes = (shop.lane_group[use.lane] >= 0) & (before >= 0) & (family >= 0)
    return float(price[shop.lane_group[use.lane][changes], before[changes], family[changes]].sum())


def energy_fen(compiled: Compiled, timetable: Timetable) -> float:
    """Power times price over the time that each step works; pauses are free."""
    power_kw = compiled.modes["power_kw"].fill_null(0.0).to_numpy()[timetable.mode]
    uses = np.flatnonzero(power_kw > 0)
    if not len(compiled.tariffs.energy.start_s) or not len(uses):
        return 0.0
    calendar = step_calendars(compiled, timetable)[uses]
    hours = priced(
        compiled, compiled.tariffs.energy, calendar, timetable.start_s[uses], timetable.end_s[uses]
    )
    return float((hours * power_kw[uses]).sum())


def overtime_fen(compiled: Compiled, timetable: Timetable) -> float:
    """What each lane works within paid overtime; a batch lane works once for all of its load."""
    shop, tariffs = compiled.shop, compiled.tariffs.overtime
    paid = np.array([len(tariff.start_s) > 0 for tariff in tariffs], dtype=np.bool_)
    if not paid.any():
        return 0.0
    op = np.repeat(np.arange(shop.n_ops), np.diff(timetable.lane_ptr))
    held = np.stack([timetable.lane, timetable.start_s[op], timetable.end_s[op]], axis=1)
    single = np.where(shop.lane_load_max[timetable.lane] > 0, -1, np.arange(len(op)))
    _, first = np.unique(np.column_stack([held, single]), axis=0, return_index=True)
    first = first[paid[timetable.lane[first]]]
    calendar = step_calendars(compiled, timetable)
    total = 0.0
    for lane in np.unique(timetable.lane[first]):
        mine = op[first[timetable.lane[first] == lane]]
        spans = timetable.start_s[mine], timetable.end_s[mine]
        total += float(priced(compiled, tariffs[lane], calendar[mine], *spans).sum())
    return total


def step_calendars(compiled: Compiled, timetable: Timetable) -> Ints:
    """The calendar by which the lanes of each step work together."""
    shop, hours = compiled.shop, compiled.hours
    lane = shop.lane_calendar[timetable.lane]
    ptr = timetable.lane_ptr.tolist()
    known: dict[tuple[int, ...], int] = {}
    found = np.zeros(shop.n_ops, dtype=np.int64)
    for op, (a, b) in enumerate(zip(ptr, ptr[1:])):
        key = tuple(sorted(lane[a:b].tolist()))
        if key not in known:
            known[key] = hours.all_of(key)
        found[op] = known[key]
    return found


def priced(compiled: Compiled, tariff: Tariff, calendar: Ints, start_s: Ints, end_s: Ints) -> Floats:
    """Fen for one unit of the tariff over the working time of each [start, end)."""
    total = np.zeros(len(start_s))
    for number in np.unique(calendar):
        mine = calendar == number
        span = compiled.hours.spans[number]
        total[mine] = paid_until(span, tariff, end_s[mine]) - paid_until(span, tariff, start_s[mine])
    return total


def paid_until(span: tuple[Ints, Ints], tariff: Tariff, at_s: Ints) -> Floats:
    """Fen for one unit working all of a calendar's time before each moment (array)."""
    edges = np.unique(np.concatenate([tariff.start_s, tariff.end_s]))
    rises = np.searchsorted(edges, tariff.start_s), np.searchsorted(edges, tariff.end_s)
    change = np.bincount(rises[0], weights=tariff.fen_h, minlength=len(edges))
    change -= np.bincount(rises[1], weights=tariff.fen_h, minlength=len(edges))
    fen_h = np.cumsum(change)
    worked_s = worked_until(span, edges)
    before = np.concatenate([[0.0], np.cumsum(np.diff(worked_s) * fen_h[:-1])])
    piece = np.searchsorted(edges, at_s, side="right") - 1
    inside = before[piece] + (worked_until(span, at_s) - worked_s[piece]) * fen_h[piece]
    return np.where(piece >= 0, inside, 0.0) / 3_600
