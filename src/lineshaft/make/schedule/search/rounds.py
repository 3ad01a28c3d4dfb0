"""The rounds of a search: which method takes the next one, and the best of all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np

from lineshaft.make.schedule.search import (
    jobshop,
    late,
    lines,
    priority,
    project_search,
    tabu,
    tuned,
    windows,
)
from lineshaft.make.schedule.search.exact import prove, suits
from lineshaft.make.schedule.search.gaps import placed
from lineshaft.make.schedule.search.project import pooled
from lineshaft.make.schedule.search.project_budget import narrowed, widened
from lineshaft.make.schedule.search.score import better, level_values, score
from lineshaft.make.schedule.search.sequences import closed_up, field_of
from lineshaft.make.schedule.shop import Goal, Score, Shop, Timetable

FIGURES = tuple(field.name for field in fields(Score))
MOVES_TIMES_OPS, MOST_MOVES = 1_000_000, 5_000
SWAPS_TIMES_OPS, MOST_SWAPS = 100_000_000, 12_500
TRIALS_TIMES_OPS, MOST_TRIALS = 60_000, 500
SHIFTS, EXCHANGES = 6_000, 200
POLICIES_TIMES_OPS = 60_000
PLACED_TIMES_OPS = 240_000
FIRST_PROOF_S, LONGEST_PROOF_S = 0.01, 0.4
BIG_OPS = 2_000
POLICY_ROUNDS_TIMES_OPS, MOST_POLICY_ROUNDS = 600_000, 30
FEWER_LATER = 4
TIMELY = ("weighted_tardiness_s", "flow_s")
FIRST_WINDOWS = 8


class Rounds:
    """A search in rounds of equal work; `best` with its `figures` never gets worse, `proven` never weaker.

    Where the exact model suits the shop, rounds 0, 2, 6, 14, 30 … are its, each allowed twice the work of the one
    before. Tabu search takes the others while the makespan leads and is not proven; in big shops and with several
    levels it takes turns with the searches for every other goal: over priorities (in big shops over policies) and,
    every fourth round, of late orders. In big shops where tardiness leads, seasons of tuned policies and
    of late orders follow each other: the latter's searches begin at the best of the present plan and of what the policies
    since the last season have led to, placed anew. In others, windows have every fourth round where tardiness or flow time leads. Loads to share, transfer lots and moves
    between bays are known to those over priorities and policies alone.

    Parameters
    ----------
    first
        Where to start from.
    proven
        Lower bounds known so far.
    seed
        Of all random choices.
    workers
        One or two. Tabu search has two islands whatever it is; the others have as many searches as workers.
    """

    def __init__(
        self, shop: Shop, goal: Goal, first: Timetable, proven: Score, seed: int, workers: int
    ) -> None:
        self.shop, self.goal, self.seed, self.workers = shop, goal, seed, workers
        self.best, self.figures, self.proven = first, score(shop, first), proven
        self.leading = FIGURES[int(np.flatnonzero(goal.levels[0])[0])]
        self.alone = np.count_nonzero(goal.levels[0]) == 1
        self.lined = lines.suits(shop)
        few = self.lined or shop.n_ops <= BIG_OPS
        self.only_tabu = self.leading == "makespan_s" and len(goal.levels) == 1 and few
        project = pooled(shop) if self.alone and self.leading == "makespan_s" else None
        bound_s = proven.makespan_s
        self.project = None if project is None else project_search.start(project, first, bound_s, seed)
        self.sequenced = shop.sequenced
        self.exact = self.sequenced and suits(shop, goal) and project is None and not len(shop.budget)
        timely = self.leading in TIMELY and shop.n_ops <= BIG_OPS
        self.windowed = timely and windows.suits(shop, goal)
        self.done = 0
        self.modes = first.mode
        self.tabu: tabu.Search | None = None
        self.jobshop: jobshop.Search | None = None
        self.priorities: list[priority.State] = []
        self.policies: list[tuned.State] = []
        self.lates: list[late.State] = []
        self.late_from = first
        self.window: windows.State | None = None
        self.window_from = first

    @property
    def leader_proven(self) -> bool:
        """True when the figure that leads the goal alone cannot be better."""
        return self.alone and getattr(self.figures, self.leading) <= getattr(self.proven, self.leading)

    def next(self, time_left_s: float | None) -> bool:
        """Do one round; False when it ran out of time and left everything as it was."""
        number = self.done
        if (
            self.project is not None
            and not self.leader_proven
            and (len(self.goal.levels) == 1 or number % 2 == 0)
        ):
            if not self._project(self.project, time_left_s):
                return False
        elif self.exact and not self.leader_proven and (number + 2) & (number + 1) == 0:
            if not self._prove(time_left_s):
                return False
        elif self._for_tabu(number):
            if self.lined:
                self._jobshop()
            else:
                self._tabu()
        elif self.windowed and self._for_windows(number):
            if not self._windows(time_left_s):
                return False
        elif self.sequenced and self._for_late(number):
            self._late()
        elif self.shop.n_ops > BIG_OPS:
            self._tuned()
        else:
            self._priority()
        self.done += 1
        return True

    def _project(self, search: project_search.Search, time_left_s: float | None) -> bool:
        if not project_search.step(search, time_left_s, self.workers):
            return False
        if search.span * search.project.unit_s < self.figures.makespan_s and self.take(search.best):
            self.modes = self.best.mode
            self._restart()
        self.proven = replace(self.proven, makespan_s=max(self.proven.makespan_s, search.bound_s))
        return True

    def _paid(self) -> tuple[Shop, Timetable]:
        """Where a search that knows no budgets starts: only the modes of the best plan are left."""
        if not len(self.shop.budget):
            return self.shop, self.best
        return narrowed(self.shop, self.modes), replace(self.best, mode=np.arange(self.shop.n_ops))

    def _whole(self, timetable: Timetable) -> Timetable:
        """A timetable of such a search in the numbers of the whole shop."""
        return widened(timetable, self.modes) if len(self.shop.budget) else timetable

    def _for_tabu(self, number: int) -> bool:
        if not self.sequenced or self.project is not None:
            return False
        if not self.alone or self.leading != "makespan_s" or self.leader_proven:
            return False
        return self.only_tabu or number % 2 == 1

    def _for_late(self, number: int) -> bool:
        """Every fourth round; in big shops where tardiness leads those after the policies' of every season, few after the first."""
        if self.shop.n_ops > BIG_OPS and self.leading == "weighted_tardiness_s":
            policies = within(POLICY_ROUNDS_TIMES_OPS, self.shop.n_ops, MOST_POLICY_ROUNDS)
            season = late.CYCLE + max(1, policies // FEWER_LATER)
            return number >= policies and (number - policies) % season < late.CYCLE
        return number % 4 == 3

    def _for_windows(self, number: int) -> bool:
        """Every fourth round, after the searches that are faster at first."""
        return number % 4 == 1 and number >= FIRST_WINDOWS and not self.leader_proven

    def _windows(self, time_left_s: float | None) -> bool:
        if self.window is None or self.best is not self.window_from:
            shop, best = self._paid()
            self.window = windows.start(shop, self.goal, best, self._seeds()[0])
            self.window_from = self.best
        if not windows.step(self.window, self.workers, time_left_s):
            return False
        if self.take(self._whole(self.window.best)):
            self.window_from = self.best
        return True

    def _late(self) -> None:
        with ThreadPoolExecutor(self.workers) as pool:
            if not self.lates or self.best is not self.late_from or self.lates[0].cold:
                (shop, _), goal = self._paid(), self.goal
                begin = zip(self._starts(shop), self._seeds())
                warm = not self.lates or not self.lates[0].cold
                self.lates = list(pool.map(lambda at: late.start(shop, goal, *at, warm), begin))
            list(pool.map(lambda state: late.step(state, SHIFTS, EXCHANGES), self.lates))
        for state in self.lates:
            self.take(self._whole(state.best))
        self.late_from = self.best

    def _starts(self, shop: Shop) -> list[Timetable]:
        """Where the searches of late orders begin: the present plan, that placed anew, new policies' plans placed anew, best first."""
        best, field = self._paid()[1], field_of(shop, self.goal)
        fresh = sorted((x for state in self.policies for x in tuned.harvest(state)), key=lambda x: x[0])
        many = max(self.workers, PLACED_TIMES_OPS // shop.n_ops)
        plans = [best, *(plan for _, plan in fresh[:many])]
        with ThreadPoolExecutor(self.workers) as pool:
            plans = [best, *pool.map(lambda plan: placed(shop, field, plan), plans)]
        different = {tuple(level_values(self.goal, score(shop, plan))): plan for plan in reversed(plans)}
        begin = [different[values] for values in sorted(different)]
        return [begin[min(k, len(begin) - 1)] for k in range(self.workers)]

    def _tuned(self) -> None:
        trials = max(1, POLICIES_TIMES_OPS // self.shop.n_ops)
        with ThreadPoolExecutor(self.workers) as pool:
            if not self.policies:
                (shop, best), goal = self._paid(), self.goal
                self.policies = list(
                    pool.map(lambda seed: tuned.start(shop, goal, best, seed), self._seeds())
                )
            list(pool.map(lambda state: tuned.step(state, trials), self.policies))
        for state in self.policies:
            self.take(self._whole(state.best))

    def _seeds(self) -> list[int]:
        """One for each worker; of this round."""
        return np.random.default_rng((self.seed, self.done)).integers(1, 2**31, size=self.workers).tolist()

    def _tabu(self) -> None:
        if self.tabu is None:
            self.tabu = tabu.start(*self._paid(), self.seed)
        tabu.step(self.tabu, within(MOVES_TIMES_OPS, self.shop.n_ops, MOST_MOVES), self.workers)
        self.take(self._whole(self.tabu.best))

    def _jobshop(self) -> None:
        if self.jobshop is None:
            self.jobshop = jobshop.start(self.shop, self.best, self.seed)
        jobshop.step(self.jobshop, within(SWAPS_TIMES_OPS, self.shop.n_ops, MOST_SWAPS), self.workers)
        self.take(self.jobshop.best)

    def _priority(self) -> None:
        trials = within(TRIALS_TIMES_OPS, self.shop.n_ops, MOST_TRIALS)
        with ThreadPoolExecutor(self.workers) as pool:
            if not self.priorities:
                (shop, best), goal = self._paid(), self.goal
                self.priorities = list(
                    pool.map(lambda seed: priority.start(shop, goal, best, seed), self._seeds())
                )
            list(pool.map(lambda state: priority.step(state, trials), self.priorities))
        for state in self.priorities:
            self.take(self._whole(state.best[0]))

    def _prove(self, time_left_s: float | None) -> bool:
        work_s = min(LONGEST_PROOF_S, FIRST_PROOF_S * (self.done + 2) / 2)
        proof = prove(self.shop, self.goal, self.best, self.seed, work_s, time_left_s)
        if not proof.complete:
            return False
        if proof.timetable is not None:
            field = field_of(self.shop, self.goal)
            if self.take(closed_up(self.shop, field, proof.timetable) or proof.timetable):
                self._restart()
        bound_s = max(getattr(self.proven, self.leading), proof.bound_s)
        self.proven = replace(self.proven, **{self.leading: bound_s})
        return True

    def _restart(self) -> None:
        """Every search begins anew from the best plan."""
        self.tabu, self.jobshop, self.priorities, self.policies, self.lates = None, None, [], [], []
        self.window = None

    def take(self, timetable: Timetable) -> bool:
        """Keep a timetable that is better than the best; True when it is."""
        figures = score(self.shop, timetable)
        if not better(self.goal, figures, self.figures):
            return False
        self.best, self.figures = timetable, figures
        return True


def within(times_ops: int, n_ops: int, most: int) -> int:
    """Steps of a round: fewer in bigger shops, for about the same time."""
    return min(most, max(4, times_ops // max(1, n_ops)))
