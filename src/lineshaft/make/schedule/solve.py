"""Schedule a shop: lay out, dispatch, improve in rounds, and say how good it is and why it is so.

Work is counted in rounds of a size that depends on the shop alone. A time limit stops between rounds, so that a
replay with `work_limit` = `Result.work` gives the same tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lineshaft.core import Cancelled, Kpi, Result, Run
from lineshaft.core.result import Status, StoppedBy
from lineshaft.make.schedule.bounds.alone import Alone, each_alone
from lineshaft.make.schedule.bounds.bound import lower_bounds
from lineshaft.make.schedule.costs import costs
from lineshaft.make.schedule.dispatch.rules import NoRoom, best_rule, dispatch
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.layout.compile import Compiled, compile_shop, longer
from lineshaft.make.schedule.layout.lanes import is_budget, table
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import make_plan
from lineshaft.make.schedule.reasons.explain import explain
from lineshaft.make.schedule.search.project_budget import affordable, narrowed, widened
from lineshaft.make.schedule.search.rounds import Rounds
from lineshaft.make.schedule.search.score import better, level_values, score
from lineshaft.make.schedule.shop import Goal, Score, Shop, Timetable
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

USUAL_ROUNDS = 12
OFFER_ROUNDS = 8


@dataclass(frozen=True)
class Answer:
    """The best timetable so far, its figures, and what is proven about each figure."""

    timetable: Timetable
    figures: Score
    proven: Score


def solve(book: ShopBook, params: ScheduleParams, run: Run) -> Result[ShopPlan]:
    """Plan every step of every order.

    Returns
    -------
    Result[ShopPlan]
        KPIs in minutes: `makespan_min` from the plan's start to the last end; `weighted_tardiness_min` and
        `mean_flow_time_min` over orders made for no other order; `setup_min` over all lanes.

    Raises
    ------
    BadInput
        Wrong objective; material that never comes; steps that fit nowhere.
    Refused
        The work does not end before the calendars do.
    """
    run.progress(0.0, "laying out the shop", "整理车间数据")
    compiled, goal, first = first_plan(book, params)
    shop = compiled.shop
    alone = each_alone(shop)
    answer = Answer(first, score(shop, first), lower_bounds(shop, alone))
    ready_s = run.elapsed_s()
    teller = Teller(compiled, goal, alone)
    result = teller.propose(answer, 0, "done")
    if run.cancelled():
        raise Cancelled
    run.offer(result)
    answer, work, stopped_by = improve(teller, answer, run, run.elapsed_s() - ready_s)
    run.progress(1.0, "explaining", "分析原因")
    return teller.propose(answer, work, stopped_by)


def first_plan(book: ShopBook, params: ScheduleParams) -> tuple[Compiled, Goal, Timetable]:
    """A quick plan in modes that the budgets can pay; the horizon is doubled until it fits."""
    compiled = compile_shop(book, params)
    goal = parse_goal(params.objective, int(compiled.shop.order_counts.sum()))
    names = table(book, "resources").filter(is_budget())["resource_id"].sort().to_list()
    while True:
        shop = compiled.shop
        try:
            if not names:
                return compiled, goal, quick_plan(shop, goal)
            mode = affordable(shop, names)
            return compiled, goal, widened(quick_plan(narrowed(shop, mode), goal), mode)
        except NoRoom:
            compiled = compile_shop(book, params, longer(compiled.shop.horizon_s, compiled.start))


def quick_plan(shop: Shop, goal: Goal) -> Timetable:
    """The best rule's plan, or the order of work of the previous plan where that is better."""
    first = best_rule(shop, goal)[0]
    if (shop.warm_mode < 0).all():
        return first
    again = dispatch(shop, shop.warm_start_s.astype(np.float64))
    return again if better(goal, score(shop, again), score(shop, first)) else first


def improve(teller: Teller, answer: Answer, run: Run, explaining_s: float) -> tuple[Answer, int, StoppedBy]:
    """Search round by round until a limit, a cancel, or a proof that nothing is better.

    No round begins that, were it as long as the one before, would leave less of the time limit than twice
    `explaining_s`: what is proposed is then sorted and validated.
    """
    shop, goal = teller.compiled.shop, teller.goal
    limit = run.work_limit
    if limit is None and run.time_limit_s is None:
        limit = USUAL_ROUNDS
    rounds = Rounds(shop, goal, answer.timetable, answer.proven, run.seed, min(run.workers, 2))
    work, offered, round_s = 0, answer.timetable, 0.0
    while True:
        answer = Answer(rounds.best, rounds.figures, rounds.proven)
        stop = stopped_by(goal, answer, work, limit, run, round_s + 2 * explaining_s)
        if stop:
            return answer, work, stop
        if work % OFFER_ROUNDS == OFFER_ROUNDS - 1 and answer.timetable is not offered:
            offered = answer.timetable
            run.offer(teller.propose(answer, work, "done"))
        tell(run, shop, answer, work, limit)
        begun_s = run.elapsed_s()
        if not rounds.next(time_left_s(run)):
            return answer, work, "time"
        work, round_s = work + 1, run.elapsed_s() - begun_s


def time_left_s(run: Run) -> float | None:
    """Seconds until the time limit."""
    return None if run.time_limit_s is None else run.time_limit_s - run.elapsed_s()


def stopped_by(
    goal: Goal, answer: Answer, work: int, limit: float | None, run: Run, needed_s: float
) -> StoppedBy | None:
    """What ends the search now, if anything."""
    if run.cancelled():
        return "cancel"
    if status(goal, answer) == "optimal":
        return "done"
    if limit is not None and work >= limit:
        return "work"
    left_s = time_left_s(run)
    return "time" if left_s is not None and left_s <= needed_s else None


def tell(run: Run, shop: Shop, answer: Answer, work: int, limit: float | None) -> None:
    """Progress: how far, and the figures so far."""
    fraction = work / limit if limit else run.elapsed_s() / (run.time_limit_s or 1.0)
    span_h, flow_h = answer.figures.makespan_s / 3600, answer.figures.flow_s / max(1, counted(shop)) / 3600
    late_h = answer.figures.weighted_tardiness_s / 3600
    run.progress(
        fraction,
        f"round {work}: makespan {span_h:.1f} h, weighted tardiness {late_h:.1f} h, mean flow time {flow_h:.1f} h",
        f"第 {work} 轮:总工期 {span_h:.1f} 小时,加权拖期 {late_h:.1f} 小时,平均流程时间 {flow_h:.1f} 小时",
    )


@dataclass
class Teller:
    """Puts answers into tables, figures and reasons; a timetable told before is not told again."""

    compiled: Compiled
    goal: Goal
    alone: Alone
    told: tuple[Timetable, Result[ShopPlan]] | None = None

    def propose(self, answer: Answer, work: int, stopped_by: StoppedBy) -> Result[ShopPlan]:
        """The result of an answer."""
        timetable = answer.timetable
        if self.told is None or self.told[0] is not timetable:
            reasons, warnings = explain(self.compiled, timetable, self.alone)
            tables = make_plan(self.compiled, timetable)
            costs = cost_kpis(self.compiled, timetable)
            self.told = timetable, Result(tables, costs, reasons=reasons, warnings=warnings)
        told = self.told[1]
        return replace(
            told,
            kpis=(*kpis(self.compiled.shop, answer), *told.kpis),
            status=status(self.goal, answer),
            work=work,
            stopped_by=stopped_by,
        )


def kpis(shop: Shop, answer: Answer) -> tuple[Kpi, ...]:
    """The four figures in minutes with their bounds."""
    value, bound = answer.figures, answer.proven
    flow = 60 * max(1, counted(shop))
    return (
        Kpi("makespan_min", value.makespan_s / 60, "min", "low", bound.makespan_s / 60),
        Kpi(
            "weighted_tardiness_min",
            value.weighted_tardiness_s / 60,
            "min",
            "low",
            bound.weighted_tardiness_s / 60,
        ),
        Kpi("mean_flow_time_min", value.flow_s / flow, "min", "low", bound.flow_s / flow),
        Kpi("setup_min", value.setup_s / 60, "min", "low", bound.setup_s / 60),
    )


def cost_kpis(compiled: Compiled, timetable: Timetable) -> tuple[Kpi, ...]:
    """What the plan costs in CNY; nothing costs less than 0."""
    fen = costs(compiled, timetable)
    return tuple(
        Kpi(f"{name}_cost_cny", amount / 100, "CNY", "low", 0.0) for name, amount in fen._asdict().items()
    )


def counted(shop: Shop) -> int:
    """Orders made for no other order."""
    return int(shop.order_counts.sum())


def status(goal: Goal, answer: Answer) -> Status:
    """Optimal when every level of the goal meets its bound."""
    value, bound = level_values(goal, answer.figures), level_values(goal, answer.proven)
    return "optimal" if bool((value <= bound + 1e-6 * abs(bound)).all()) else "feasible"
