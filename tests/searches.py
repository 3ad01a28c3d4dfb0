"""Searches from random books: what every one of them has to keep to."""

from __future__ import annotations

from random_books import random_book, random_params

from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.dispatch.rules import best_rule
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.plan import make_plan
from lineshaft.make.schedule.search.score import better, score
from lineshaft.make.schedule.shop import Timetable


class Beginning:
    """A random book laid out, its goal and the timetable of the best rule."""

    def __init__(self, seed: int, objective: str | None = None) -> None:
        self.book, self.params = random_book(seed), random_params(seed)
        self.compiled = compile_shop(self.book, self.params)
        self.shop = self.compiled.shop
        self.goal = parse_goal(objective or self.params.objective, int(self.shop.order_counts.sum()))
        self.first = best_rule(self.shop, self.goal)[0]

    def violations(self, timetable: Timetable) -> tuple:
        """What a timetable breaks, by the independent checker."""
        return check(self.book, make_plan(self.compiled, timetable), self.params).violations

    def worse(self, timetable: Timetable) -> bool:
        """True when a timetable is worse than the first one."""
        return better(self.goal, score(self.shop, self.first), score(self.shop, timetable))
