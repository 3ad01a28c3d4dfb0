"""The rounds of a search: which method takes the next one, and the best of all of them."""

from __future__ import annotations

from lineshaft.make.schedule import tabu
from lineshaft.make.schedule.score import better, score
from lineshaft.make.schedule.shop import OBJECTIVES, Goal, Score, Shop, Timetable

MOVES_TIMES_OPS = 2_000_000


class Rounds:
    """A search in rounds of equal work; `best` with its `figures` never gets worse, `proven` never weaker.

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
        self.shop, self.goal, self.workers = shop, goal, workers
        self.best, self.figures, self.proven = first, score(shop, first), proven
        self.moves = max(100, MOVES_TIMES_OPS // max(1, shop.n_ops))
        self.search = tabu.start(shop, goal, first, seed) if leads(goal, "makespan") else None

    @property
    def more(self) -> bool:
        """True when another round may help."""
        return self.search is not None

    def next(self) -> None:
        """Do one round."""
        if self.search is not None:
            tabu.step(self.search, self.moves, self.workers)
            self.take(self.search.best)

    def take(self, timetable: Timetable) -> None:
        """Keep a timetable that is better than the best."""
        figures = score(self.shop, timetable)
        if better(self.goal, figures, self.figures):
            self.best, self.figures = timetable, figures


def leads(goal: Goal, objective: str) -> bool:
    """True when the first level of the goal is this figure alone."""
    weights = goal.levels[0] > 0
    return bool(weights[OBJECTIVES.index(objective)] and weights.sum() == 1)
