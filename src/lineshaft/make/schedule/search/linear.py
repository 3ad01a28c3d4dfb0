"""Steps in one line: an order of what goes before what, as near to another as may be."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np

from lineshaft.make.schedule.layout.calendars import pointers
from lineshaft.make.schedule.shop import Ints, Timetable


def linear(before: Ints, later: Ints, rank: Ints) -> Ints | None:
    """All steps, those of low rank as early as arcs (`before` → `later`) allow; None where arcs make a circle."""
    n = len(rank)
    first = pointers(np.bincount(before, minlength=n)).tolist()
    after = later[np.argsort(before, kind="stable")].tolist()
    missing, key = np.bincount(later, minlength=n).tolist(), rank.tolist()
    ready = [(key[v], v) for v in range(n) if not missing[v]]
    heapify(ready)
    order = []
    while ready:
        v = heappop(ready)[1]
        order.append(v)
        for w in after[first[v] : first[v + 1]]:
            missing[w] -= 1
            if not missing[w]:
                heappush(ready, (key[w], w))
    return np.array(order, dtype=np.int64) if len(order) == n else None


def lane_arcs(timetable: Timetable, rank: Ints) -> tuple[Ints, Ints]:
    """Each step and the one after it on a lane, by rank."""
    holder = np.repeat(np.arange(len(rank)), np.diff(timetable.lane_ptr))
    by_lane = np.lexsort((rank[holder], timetable.lane))
    same = np.flatnonzero(np.diff(timetable.lane[by_lane]) == 0)
    return holder[by_lane[same]], holder[by_lane[same + 1]]
