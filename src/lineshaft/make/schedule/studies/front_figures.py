"""The figures of a plan that a front may trade, what is proven of them, and which points of a front count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import BadInput, Fault, Words
from lineshaft.make.schedule.costs import energy_fen, overtime_fen, setup_fen
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.search.score import score
from lineshaft.make.schedule.shop import NEVER_S, Score, Shop, Timetable
from lineshaft.tables.front import FIGURES

Floats = NDArray[np.float64]
COLUMNS = {name: f"{name}_{'cny' if name.endswith('_cost') else 'min'}" for name in FIGURES}
TOLERANCE = 1e-9
COSTS: dict[str, Callable[[Compiled, Timetable], float]] = {
    "setup_cost": setup_fen,
    "energy_cost": energy_fen,
    "overtime_cost": overtime_fen,
}


def parse_figures(text: str) -> tuple[str, ...]:
    """Two or three names of figures separated by commas.

    Raises
    ------
    BadInput
        Another number of them, one that is not known or comes twice.
    """
    names = tuple(part.strip() for part in text.split(","))
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        raise _wrong(text, f"{unknown[0]!r} is no figure; known: {', '.join(FIGURES)}",
                     f"{unknown[0]!r} 不是可用指标;可用:{', '.join(FIGURES)}")  # fmt: skip
    if len(names) not in (2, 3) or len(set(names)) < len(names):
        raise _wrong(text, "a front trades two or three different figures", "请指定两个或三个不同的指标")
    return names


def _wrong(text: str, en: str, zh: str) -> BadInput:
    return BadInput([Fault("parameters", (), "figures", text, "figures", Words(en, zh))])


def figures_of(compiled: Compiled, timetable: Timetable, names: Sequence[str]) -> Floats:
    """The named figures of a timetable, in minutes and CNY."""
    found = timed(compiled.shop, score(compiled.shop, timetable), in_process_s(compiled.shop, timetable))
    return np.array(
        [COSTS[name](compiled, timetable) / 100 if name in COSTS else found[name] for name in names]
    )


def bounds_of(compiled: Compiled, proven: Score, names: Sequence[str]) -> Floats:
    """What no plan is below: an order is in process at least as long as its longest step works; nothing costs less than 0."""
    found = timed(compiled.shop, proven, least_in_process_s(compiled.shop))
    return np.array([found.get(name, 0.0) for name in names])


def timed(shop: Shop, seconds: Score, in_process_s: float) -> dict[str, float]:
    """The figures that are times, in minutes."""
    return {
        "makespan": seconds.makespan_s / 60,
        "weighted_tardiness": seconds.weighted_tardiness_s / 60,
        "mean_flow_time": seconds.flow_s / (60 * max(1, int(shop.order_counts.sum()))),
        "in_process": in_process_s / 60,
        "setup": seconds.setup_s / 60,
    }


def in_process_s(shop: Shop, timetable: Timetable) -> float:
    """Mean over all orders of the time from the first start to the last end: work in process, by Little's law."""
    start_s, end_s = np.full(shop.n_orders, NEVER_S), np.full(shop.n_orders, -NEVER_S)
    np.minimum.at(start_s, shop.op_order, timetable.start_s)
    np.maximum.at(end_s, shop.op_order, timetable.end_s)
    return float((end_s - start_s).mean()) if shop.n_orders else 0.0


def least_in_process_s(shop: Shop) -> float:
    """Mean over all orders of the shortest time that the longest step takes."""
    if not shop.n_ops:
        return 0.0
    free_s = np.minimum.reduceat(shop.mode_s, shop.mode_ptr[:-1])
    least_s = np.where(shop.fixed, shop.fixed_end_s - shop.fixed_start_s, free_s)
    longest_s = np.zeros(shop.n_orders, dtype=np.int64)
    np.maximum.at(longest_s, shop.op_order, least_s)
    return float(longest_s.mean())


def undominated(points: Floats) -> list[int]:
    """Rows that no other row is at or below in every column; of equal rows the first."""
    kept: list[int] = []
    for i, point in enumerate(points):
        below = (points <= point + TOLERANCE).all(axis=1)
        equal = (np.abs(points - point) <= TOLERANCE).all(axis=1)
        if not (below & ~equal).any() and not equal[:i].any():
            kept.append(i)
    return kept


def hypervolume(points: Floats, corner: Floats) -> float:
    """Volume of what is at or above some point and below `corner`: by slices along the last column (Zitzler and Thiele 1999)."""
    points = points[(points < corner).all(axis=1)]
    if not len(points):
        return 0.0
    if points.shape[1] == 1:
        return float(corner[0] - points[:, 0].min())
    edges = np.append(np.unique(points[:, -1]), corner[-1])
    return sum(
        (high - low) * hypervolume(points[points[:, -1] <= low, :-1], corner[:-1])
        for low, high in zip(edges, edges[1:])
    )
