"""The rounds of a search: which method takes the next one, and the best of all of them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from lineshaft.make.schedule import tabu
from lineshaft.make.schedule.exact import prove, suits
from lineshaft.make.schedule.score import better, score
from lineshaft.make.schedule.shop import OBJECTIVES, Goal, Score, Shop, Timetable

FIGURES = tuple(field.name for field in fields(Score))
MOVES_TIMES_OPS = 1_000_000
MOST_MOVES = 5_000
FIRST_PROOF_S, LONGEST_PROOF_S = 0.05, 1.6


class Rounds:
    """A search in rounds of equal work; `best` with its `figures` never gets worse, `proven` never weaker.

    Where the exact model suits the shop, rounds 0, 2, 6, 14, 30 … are its, each allowed twice the work of the one
    before; all others are the search's.

    Parameters
    ----------
    first
        Where to start from.
    proven
        Lower bounds known so far.
    seed, workers
        The answer depends on the seed, not on the workers.
    """

    def __init__(
        self, shop: Shop, goal: Goal, first: Timetable, proven: Score, seed: int, workers: int
    ) -> None:
        self.shop, self.goal, self.seed, self.workers = shop, goal, seed, workers
        self.best, self.figures, self.proven = first, score(shop, first), proven
        self.moves = min(MOST_MOVES, max(100, MOVES_TIMES_OPS // max(1, shop.n_ops)))
        self.search = tabu.start(shop, goal, first, seed) if leads(goal, "makespan") else None
        self.done = 0
        self.exact = suits(shop, goal)

    @property
    def more(self) -> bool:
        """True when another round may help."""
        return self.search is not None or self.exact

    def next(self, time_left_s: float | None) -> bool:
        """Do one round; False when it ran out of time and left everything as it was."""
        if self.exact and (self.search is None or (self.done + 2) & (self.done + 1) == 0):
            if not self._prove(time_left_s):
                return False
        elif self.search is not None:
            tabu.step(self.search, self.moves, self.workers)
            self.take(self.search.best)
        self.done += 1
        return True

    def _prove(self, time_left_s: float | None) -> bool:
        work_s = min(LONGEST_PROOF_S, FIRST_PROOF_S * (self.done + 2) / 2)
        proof = prove(self.shop, self.goal, self.best, self.seed, work_s, time_left_s)
        if not proof.complete:
            return False
        if proof.timetable is not None:
            self.take(proof.timetable)
        figure = FIGURES[int(np.flatnonzero(self.goal.levels[0])[0])]
        bound_s = max(getattr(self.proven, figure), proof.bound_s)
        self.proven = replace(self.proven, **{figure: bound_s})
        self.exact = getattr(self.figures, figure) > bound_s
        return True

    def take(self, timetable: Timetable) -> None:
        """Keep a timetable that is better than the best."""
        figures = score(self.shop, timetable)
        if better(self.goal, figures, self.figures):
            self.best, self.figures = timetable, figures


def leads(goal: Goal, objective: str) -> bool:
    """True when the first level of the goal is this figure alone."""
    weights = goal.levels[0] > 0
    return bool(weights[OBJECTIVES.index(objective)] and weights.sum() == 1)
