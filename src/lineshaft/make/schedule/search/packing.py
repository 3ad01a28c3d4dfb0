"""A plan packed: its gaps filled by placing every step anew.

Rules that look no further than the next free lane leave gaps, on people above all. Placing the steps in the order of
their starts, in the way chosen for each, on whatever lanes end them first and in gaps too, closes many of them.

Source: serial schedule generation with insertion, Kolisch 1996, doi:10.1016/0377-2217(95)00357-6.
"""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch.rules import NoRoom, dispatch
from lineshaft.make.schedule.search.project_budget import narrowed, widened
from lineshaft.make.schedule.shop import Shop, Timetable

MOST_OPS = 30_000
"""Every step looks at every gap of its lanes: time grows with the square of the steps."""


def packed(shop: Shop, timetable: Timetable) -> Timetable:
    """`timetable` with every step placed anew in the order of starts; as it is where that finds no room, and in shops
    of more than `MOST_OPS` steps.
    """
    if shop.n_ops > MOST_OPS:
        return timetable
    try:
        key = timetable.start_s.astype(np.float64)
        placed = dispatch(narrowed(shop, timetable.mode), key, serial=True, insert=True)
    except NoRoom:
        return timetable
    return widened(placed, timetable.mode)
