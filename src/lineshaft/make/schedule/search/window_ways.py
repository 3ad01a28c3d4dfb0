"""The longest ways from the steps of a window, over all that follows, to the ends of orders."""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch.deck import FIRST_PRED, FIRST_SLOT, FIXED, KIND, OP
from lineshaft.make.schedule.kernels import njit
from lineshaft.make.schedule.search.propagate import LANE, PLACE
from lineshaft.make.schedule.shop import END_START, Ints

NONE = -(1 << 50)


class Ways:
    """Which of the `ways` to the ends of orders (row: from, column: order) may count.

    Those do by which an end at `likely` would make an order later than its `floor`. What comes from a row ends by
    `latest`, so that no other does.
    """

    def __init__(self, ways: Ints, likely: Ints, floors: Ints, last: int) -> None:
        self.ways, some = ways, ways > NONE // 2
        self.counts = some & (likely[:, None] + ways > floors)
        self.latest = np.where(some & ~self.counts, floors - ways, last).min(axis=1, initial=last)

    def to(self, column: int) -> list[tuple[int, int]]:
        """(row, length) of the ways to the end of an order."""
        rows = np.flatnonzero(self.counts[:, column])
        return list(zip(rows.tolist(), self.ways[rows, column].tolist()))


@njit(cache=True, nogil=True, _nrt=False)
def look_back(f, p, begin, finish, lag, free, way, reaching, first):
    """Fill the longest ways from each step's end (of a free step: not over lanes), and which lead to a free step.

    Steps that end before `first` are left out; ways over free steps too.
    """
    d = f.deck
    for i in range(len(p.order) - 1, -1, -1):
        v = p.order[i]
        if finish[v] < first:
            continue
        inside = free[v]
        for a in range(d.op[v, FIRST_PRED], d.op[v + 1, FIRST_PRED]):
            u = d.pred[a, OP]
            if inside or reaching[v]:
                reaching[u] = True
            else:
                more = lag[a] + finish[v] - begin[v]
                if d.pred[a, KIND] != END_START:
                    more -= finish[u] - begin[u]
                extend(way, u, v, more)
        for slot in range(d.op[v, FIRST_SLOT], d.op[v + 1, FIRST_SLOT]):
            lane, place = p.held[slot, LANE], p.held[slot, PLACE]
            if lane < 0 or place == 0:
                continue
            u = f.holder[p.seq[f.base[lane] + place - 1]]
            if inside or reaching[v]:
                reaching[u] = True
            elif not free[u]:
                extend(way, u, v, finish[v] - begin[v])


@njit(cache=True, nogil=True, _nrt=False)
def extend(way, u, v, more):
    """Ways from u that go on as those from v."""
    for column in range(way.shape[1]):
        way[u, column] = max(way[u, column], way[v, column] + more)


@njit(cache=True, nogil=True, _nrt=False)
def look_on(f, p, begin, finish, release, lag, free, alone, lane_free, moved):
    """Fill when each step would end if the free ones took no time: no window can do better.

    `lane_free`, `moved`: room for the lanes and for what follows free steps.
    """
    d = f.deck
    for v in p.order:
        since, moved[v] = release[v], free[v]
        for a in range(d.op[v, FIRST_PRED], d.op[v + 1, FIRST_PRED]):
            u = d.pred[a, OP]
            moved[v] |= moved[u]
            if not free[u]:
                length = finish[u] - begin[u] if d.pred[a, KIND] != END_START else 0
                since = max(since, alone[u] - length + lag[a])
        for slot in range(d.op[v, FIRST_SLOT], d.op[v + 1, FIRST_SLOT]):
            lane, place = p.held[slot, LANE], p.held[slot, PLACE]
            if lane < 0:
                break
            if place > 0:
                moved[v] |= moved[f.holder[p.seq[f.base[lane] + place - 1]]]
            since = max(since, lane_free[lane])
        alone[v] = since + finish[v] - begin[v] if moved[v] and not d.op[v, FIXED] else finish[v]
        for slot in range(d.op[v, FIRST_SLOT], d.op[v + 1, FIRST_SLOT]):
            lane = p.held[slot, LANE]
            if lane >= 0 and not free[v]:
                lane_free[lane] = alone[v]
