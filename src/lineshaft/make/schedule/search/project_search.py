"""Search for the shortest project: a tribe of plans breeds while CP-SAT proves or solves a window of the best anew.

Each round does both from the same best plan and then joins what they found: side by side in two threads where there
are two, one after the other where there is one, with the same answer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lineshaft.make.schedule.search.project import Project, tails, to_timetable
from lineshaft.make.schedule.search.project_exact import Found, shorter
from lineshaft.make.schedule.search.project_kernels import (
    Room,
    Tribe,
    evolve,
    found,
    keep,
    make_room,
    sprout,
)
from lineshaft.make.schedule.shop import Ints, Timetable

TRIBE = 100
CHILDREN_TIMES_OPS, MOST_CHILDREN = 400_000, 5_000
WINDOW_OPS, WINDOW_WORK_S = 40, 0.1
LONGEST_PROOF = 8


@dataclass
class Search:
    """A search under way: the best plan (starts in units, modes), what is proven, and who breeds."""

    project: Project
    start: Ints
    mode: Ints
    low: int
    tribe: Tribe
    room: Room
    stream: Ints
    rng: np.random.Generator
    rounds: int = 0

    @property
    def span(self) -> int:
        """The makespan of the best plan (units)."""
        return int((self.start + self.project.net.work[self.mode]).max())

    @property
    def best(self) -> Timetable:
        """The best plan with its lanes."""
        return to_timetable(self.project, self.start, self.mode)

    @property
    def bound_s(self) -> int:
        """What is proven of the makespan (s)."""
        return self.low * self.project.unit_s


def start(project: Project, timetable: Timetable, bound_s: int, seed: int) -> Search:
    """A search from a timetable, knowing that no plan is shorter than `bound_s`."""
    net, n = project.net, project.shop.n_ops
    rng = np.random.default_rng(seed)
    tribe = Tribe(*(np.zeros((TRIBE, n), dtype=np.int64) for _ in range(2)), np.zeros(TRIBE, dtype=np.int64))
    return Search(
        project,
        timetable.start_s // project.unit_s,
        timetable.mode,
        -(-bound_s // project.unit_s),
        tribe,
        make_room(n, len(net.capacity)),
        rng.integers(1, 1 << 62, size=1),
        rng,
    )


def step(search: Search, time_left_s: float | None, workers: int) -> bool:
    """One round; False when the clock cut it short and nothing of it counts."""
    start, mode = search.start, search.mode
    free = window(search)
    times = min(LONGEST_PROOF, (search.rounds + 2) // 2) if free.all() else 1
    seed = int(search.rng.integers(1 << 30))
    search.rounds += 1

    def partner() -> Found:
        work_s = WINDOW_WORK_S * times
        return shorter(search.project.net, start, mode, search.low, free, seed, work_s, time_left_s)

    with ThreadPoolExecutor(1) as pool:
        if workers > 1:
            asked = pool.submit(partner)
            breed(search, times)
            answer = asked.result()
        else:
            breed(search, times)
            answer = partner()
    if not answer.complete:
        return False
    search.low = max(search.low, answer.bound)
    who = int(search.tribe.span.argmin())
    if answer.start is not None:
        search.room.start[:], search.room.mode[:] = answer.start, answer.mode
        search.room.key[:] = answer.start
        span = sprout(search.project.net, search.room)
        if span < search.tribe.span[who]:
            who = int(search.tribe.span.argmax())
            keep(search.room, search.tribe, who, span)
    if search.tribe.span[who] < search.span:
        search.start, search.mode = search.tribe.start[who].copy(), search.tribe.mode[who].copy()
    return True


def window(search: Search) -> np.ndarray:
    """What CP-SAT may change: everything in rounds 0, 2, 6, 14, 30 …, else the activities around a random moment."""
    n = search.project.shop.n_ops
    free = np.ones(n, dtype=np.bool_)
    if n > WINDOW_OPS and (search.rounds + 2) & (search.rounds + 1):
        middle = search.rng.integers(search.span + 1)
        away = np.abs(2 * search.start + search.project.net.work[search.mode] - 2 * middle)
        free[np.argsort(away, kind="stable")[WINDOW_OPS:]] = False
    return free


def breed(search: Search, times: int) -> None:
    """As many children as take about as long as CP-SAT; a tribe of equals gives way to a new one around the best."""
    net, tribe, room = search.project.net, search.tribe, search.room
    if tribe.span.min() == tribe.span.max():
        room.mode[:], room.key[:] = search.mode, search.start
        keep(room, tribe, 0, sprout(net, room))
        found(net, room, tribe, tails(net), search.stream)
    children = min(MOST_CHILDREN, max(4, CHILDREN_TIMES_OPS // len(room.start)))
    evolve(net, room, tribe, search.stream, children * times)
