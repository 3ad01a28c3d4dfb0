"""A front of plans: none is better than another in every figure, and each says what it had to keep.

Epsilon-constraint: each figure alone first, then the first figure under limits on the others that are spread evenly
between their best and worst (Haimes, Lasdon and Wismer 1971), ties broken by the others (Mavrotas 2009,
doi:10.1016/j.amc.2009.03.037). Work is counted in such problems.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

import numpy as np
import polars as pl

from lineshaft.core import Kpi, Reason, Refused, Result, Run, param
from lineshaft.core.result import StoppedBy
from lineshaft.make.schedule.bounds.bound import lower_bounds
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import make_plan
from lineshaft.make.schedule.search.rounds import Rounds
from lineshaft.make.schedule.shop import OBJECTIVES, Score
from lineshaft.make.schedule.solve import first_plan
from lineshaft.make.schedule.studies.front_figures import (
    COLUMNS,
    TOLERANCE,
    Floats,
    bounds_of,
    figures_of,
    hypervolume,
    parse_figures,
    undominated,
)
from lineshaft.make.schedule.studies.front_search import Problem, Trial, Workshop, search, start
from lineshaft.make.schedule.studies.tables import FrontPlan
from lineshaft.make.schedule.tables import ShopBook, ShopPlan
from lineshaft.tables import frame_of
from lineshaft.tables.front import FIGURES, MOST_POINTS

TRIALS_TIMES_OPS, FEWEST_TRIALS, MOST_TRIALS, TRIALS_OP = 400_000, 30, 500, 30
SMALL_OPS = 50
BEYOND = 1.1
PLANS = {"front_operation": "operation_plan", "front_resource": "resource_plan", "front_order": "order_plan"}


@dataclass(frozen=True)
class FrontParams:
    """Which figures are traded, how many plans are looked for, and how hard."""

    figures: str = param(
        "weighted_tardiness,setup",
        "figures to trade, two or three",
        "权衡指标(两个或三个)",
        help=(
            "names separated by commas; plans are numbered by the first",
            "用逗号分隔;方案按第一个指标编号",
        ),
        suggest=(
            ("weighted_tardiness,setup", "lateness and setups", "拖期与换型"),
            ("weighted_tardiness,energy_cost", "lateness and electricity", "拖期与电费"),
            ("weighted_tardiness,overtime_cost", "lateness and overtime", "拖期与加班费"),
            ("weighted_tardiness,in_process", "lateness and work in process", "拖期与在制品"),
            ("weighted_tardiness,setup,energy_cost", "lateness, setups and electricity", "拖期、换型与电费"),
        ),
    )
    points: int = param(7, "plans to look for", "方案数", unit="1", min=2, max=MOST_POINTS)
    effort: int = param(1, "rounds of search for each plan", "每个方案的搜索轮数", unit="1", min=1, max=1_000)
    chosen: int = param(
        0,
        "plan to propose; 0: the most even one",
        "拟采用方案;0:最均衡的方案",
        unit="1",
        min=0,
        max=MOST_POINTS,
    )
    start: datetime | None = param(
        None, "plan from here on; none: the first release", "排产起点;空:最早下达时间"
    )
    frozen_min: int = param(
        0,
        "steps of the previous plan that start within this time stay",
        "冻结期",
        unit="min",
        min=0,
        max=525_600,
    )

    def of_schedule(self) -> ScheduleParams:
        """What lays out the same shop."""
        return ScheduleParams(start=self.start, frozen_min=self.frozen_min)


@dataclass
class Course:
    """A front on its way: what is proven, and the problems posed so far."""

    room: Workshop
    proven: Score
    params: FrontParams
    seed: int
    problems: list[Problem]

    @property
    def names(self) -> tuple[str, ...]:
        """The figures traded."""
        return self.room.names

    def pose(self) -> None:
        """Limits on all figures but the first, evenly from their best towards their worst over the plans of each figure alone;
        none where one plan has the best of all.
        """
        alone = np.array([self.room.best(problem).figures for problem in self.problems])
        if len(undominated(alone)) < 2:
            return
        others = len(self.names) - 1
        steps = math.ceil(max(0, self.params.points - len(self.problems)) ** (1 / others))
        best, worst = alone.min(axis=0)[1:], alone.max(axis=0)[1:]
        for shares in product(np.arange(steps + 1) / (steps + 1), repeat=others):
            limits = best + (worst - best) * np.array(shares)
            self.problems.append(Problem(0, np.append(np.inf, limits)))

    def solve(self, number: int) -> None:
        """Work on one problem: the room's own search where it knows the figures, then the search over delays and priorities."""
        problem, shop = self.problems[number], self.room.compiled.shop
        goal, rounds = self._goal(problem), None
        if goal:
            given = parse_goal(goal, int(shop.order_counts.sum()))
            begin = self.room.best(problem).timetable
            rounds = Rounds(shop, given, begin, self.proven, self.seed + number, 1)
        trials = min(MOST_TRIALS, TRIALS_OP * shop.n_ops, max(FEWEST_TRIALS, TRIALS_TIMES_OPS // shop.n_ops))
        for _ in range(self.params.effort):
            if rounds is not None:
                rounds.next(None)
                self.room.take(rounds.best)
            search(self.room, problem, trials)
        if rounds is not None:
            self.proven = rounds.proven

    def _goal(self, problem: Problem) -> str:
        """The figures that the room's own search knows: in order for a figure alone, weighed where there are limits and
        the search here would not see enough.
        """
        known = [i for i, name in enumerate(self.names) if name in OBJECTIVES]
        if np.isinf(problem.limits).all():
            known.sort(key=lambda i: i != problem.lead)
            return ",".join(self.names[i] for i in known) if problem.lead in known else ""
        if len(known) < 2 or self.room.compiled.shop.n_ops <= SMALL_OPS:
            return ""
        scale = self.room.scale()
        alone = np.array([self.room.best(one).figures for one in self.problems[: len(self.names)]])
        reach = np.maximum(np.ptp(alone, axis=0), scale)
        share = np.clip((problem.limits - alone.min(axis=0)) / reach, 0.01, 0.99)
        share[0] = 1.0 - share[1:].mean()
        return "+".join(f"{self.names[i]}:{(1.0 - share[i]) / reach[i]:.6g}" for i in known)


def solve(book: ShopBook, params: FrontParams, run: Run) -> Result[FrontPlan]:
    """Plan for each figure alone, then for the first under limits on the others.

    Returns
    -------
    Result[FrontPlan]
        `points` found and `hypervolume_pct`: the share of the box between proven bounds and a tenth beyond the worst
        of each figure that some point is below; then the figures of the chosen plan with their bounds.

    Raises
    ------
    BadInput
        Wrong figures; what `make.schedule` finds.
    Refused
        No plan was found that keeps every rule.
    """
    names = parse_figures(params.figures)
    run.progress(0.0, "laying out the shop", "整理车间数据")
    course = begin(book, params, names, run.seed)
    if course is None:
        return nothing()
    run.offer(propose(course, 0, "done"))
    work, stopped_by, longest_s = 0, "done", 0.0
    while work < len(course.problems):
        halt = halted(run, work, longest_s)
        if halt:
            stopped_by = halt
            break
        total = max(len(course.problems), params.points)
        run.progress(work / total, f"plan {work + 1} of {total}", f"方案 {work + 1}/{total}")
        begun_s = run.elapsed_s()
        course.solve(work)
        longest_s = max(longest_s, run.elapsed_s() - begun_s)
        work += 1
        if work == len(names):
            course.pose()
            run.offer(propose(course, work, "done"))
    return propose(course, work, stopped_by)


def begin(book: ShopBook, params: FrontParams, names: tuple[str, ...], seed: int) -> Course | None:
    """A first plan, the bounds, and the problem of each figure alone; none where there is nothing to plan."""
    known = [name for name in names if name in OBJECTIVES] or ["weighted_tardiness"]
    given = replace(params.of_schedule(), objective=",".join(known))
    compiled, _, first = first_plan(book, given)
    if not compiled.shop.n_ops:
        return None
    room = start(compiled, names, first, seed)
    if not room.archive:
        raise Refused(
            "No plan was found that keeps every greatest lag; make.health names the steps.",
            "未找到满足全部最大间隔的计划;可用 make.health 查找相关工序。",
        )
    alone = [Problem(lead, np.full(len(names), np.inf)) for lead in range(len(names))]
    return Course(room, lower_bounds(compiled.shop), params, seed, alone)


def halted(run: Run, work: int, longest_s: float) -> StoppedBy | None:
    """What ends the search before the next problem, were it as long as the longest so far."""
    if run.cancelled():
        return "cancel"
    if run.work_limit is not None and work >= run.work_limit:
        return "work"
    if run.time_limit_s is not None and run.elapsed_s() + 1.5 * longest_s >= run.time_limit_s:
        return "time"
    return None


@dataclass(frozen=True)
class Point:
    """A plan of the front, its figures (all there are) and the limits it had to keep (inf: none)."""

    trial: Trial
    figures: dict[str, float]
    limits: Floats


def points(course: Course) -> list[Point]:
    """The best found for each problem, each plan once, by the first figure."""
    limits: dict[int, Floats] = {}
    picked: dict[int, Trial] = {}
    for problem in course.problems:
        trial = course.room.best(problem)
        if (trial.figures <= problem.limits + TOLERANCE).all():
            picked[id(trial)] = trial
            limits[id(trial)] = np.minimum(limits.get(id(trial), np.inf), problem.limits)
    found = list(picked.values())
    kept = undominated(np.array([trial.figures for trial in found]))
    ordered = sorted((found[i] for i in kept), key=lambda trial: trial.figures.tolist())
    return [
        Point(
            trial,
            dict(zip(FIGURES, figures_of(course.room.compiled, trial.timetable, tuple(FIGURES)).tolist())),
            limits[id(trial)],
        )
        for trial in ordered
    ]


def propose(course: Course, work: int, stopped_by: StoppedBy) -> Result[FrontPlan]:
    """The tables of all points and the plan of the chosen one."""
    compiled, names = course.room.compiled, course.names
    front = points(course)
    plans = [make_plan(compiled, point.trial.timetable) for point in front]
    bounds = dict(zip(FIGURES, bounds_of(compiled, course.proven, tuple(FIGURES)).tolist()))
    chosen = chosen_of(front, names, course.params.chosen)
    figures = np.array([[point.figures[name] for name in names] for point in front])
    floor = np.array([bounds[name] for name in names])
    frames = {
        "front_point": [(no, *point.figures.values()) for no, point in enumerate(front, 1)],
        "front_limit": [
            (no, name, limit)
            for no, point in enumerate(front, 1)
            for name, limit in zip(names, point.limits.tolist())
            if limit < np.inf
        ],
        "front_figure": [
            (name, bounds[name], column.min(), column.max()) for name, column in zip(names, figures.T)
        ],
    }
    return Result(
        tables=tables_of(frames, plans, chosen),
        kpis=(
            Kpi("points", len(front), "1", "high"),
            Kpi("hypervolume_pct", hypervolume_pct(figures, floor), "%", "high"),
            *(
                Kpi(COLUMNS[name], value, unit(name), "low", bounds[name])
                for name, value in front[chosen].figures.items()
            ),
        ),
        reasons=tuple(front_reasons(front, names)),
        work=work,
        stopped_by=stopped_by,
    )


def nothing() -> Result[FrontPlan]:
    """The answer to a book without steps."""
    frames = {name: schema.create_empty().lazy() for name, schema in FrontPlan.member_schemas().items()}
    figures = (Kpi(COLUMNS[name], 0.0, unit(name), "low", 0.0) for name in FIGURES)
    return Result(
        tables=FrontPlan.cast(frames),
        kpis=(Kpi("points", 0, "1", "high"), Kpi("hypervolume_pct", 0.0, "%", "high"), *figures),
    )


def unit(name: str) -> str:
    """Of a figure."""
    return "CNY" if name.endswith("_cost") else "min"


def hypervolume_pct(figures: Floats, floor: Floats) -> float:
    """Share of the box from the bounds to a tenth beyond the worst (at least a minute or yuan) that points are below."""
    width = np.maximum(BEYOND * (figures.max(axis=0) - floor), 1.0)
    return float(100.0 * hypervolume((figures - floor) / width, np.ones(len(floor))))


def chosen_of(front: list[Point], names: Sequence[str], number: int) -> int:
    """The index of the point asked for (beyond the last: the last), or of that whose worst figure is relatively best."""
    if number:
        return min(number, len(front)) - 1
    figures = np.array([[point.figures[name] for name in names] for point in front])
    share = (figures - figures.min(axis=0)) / np.maximum(np.ptp(figures, axis=0), TOLERANCE)
    return int(np.lexsort((share.sum(axis=1), share.max(axis=1)))[0])


def tables_of(rows: dict[str, list[tuple[object, ...]]], plans: list[ShopPlan], chosen: int) -> FrontPlan:
    """Rows and plans as the collection."""
    schemas = FrontPlan.member_schemas()
    frames = {name: frame_of(schemas[name], found) for name, found in rows.items()}
    for name, member in PLANS.items():
        frames[name] = pl.concat(
            getattr(plan, member).with_columns(point_no=pl.lit(no, pl.Int64))
            for no, plan in enumerate(plans, 1)
        )
        frames[member] = getattr(plans[chosen], member)
    return FrontPlan.cast({name: frame.lazy() for name, frame in frames.items()})


def front_reasons(front: list[Point], names: Sequence[str]) -> Iterator[Reason]:
    """Which plan has the lowest of each figure; between two figures what each plan gains on the one before."""
    for name in names:
        low = min(range(len(front)), key=lambda i: front[i].figures[name])
        facts = {**said(name), "amount": amount(name, front[low].figures[name]), "point_no": low + 1}
        yield Reason("front_point", (low + 1,), "front_lowest", facts)
    if len(names) > 2:
        return
    lead, other = names
    for no, (before, point) in enumerate(zip(front, front[1:]), 2):
        facts = {
            "point_no": no,
            "before_no": no - 1,
            "saved": amount(other, before.figures[other] - point.figures[other]),
            "paid": amount(lead, point.figures[lead] - before.figures[lead]),
            **{f"saved_{language}": word for language, word in said(other).items()},
            **{f"paid_{language}": word for language, word in said(lead).items()},
        }
        yield Reason("front_point", (no,), "front_trade", facts)


def said(name: str) -> dict[str, str]:
    """A figure's name in both languages."""
    return {"en": name.replace("_", " "), "zh": FIGURES[name]}


def amount(name: str, value: float) -> str:
    """A value with its unit."""
    return f"{value:,.1f} {unit(name)}"
