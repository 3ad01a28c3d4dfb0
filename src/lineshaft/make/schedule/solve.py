"""Schedule a shop: compile, dispatch, prove small shops, improve in rounds, bound, explain."""

from __future__ import annotations

from lineshaft.core import Kpi, Result, Run
from lineshaft.make.schedule.compile import Compiled, compile_shop, longer
from lineshaft.make.schedule.dispatch import NoRoom, best_rule
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import make_plan
from lineshaft.make.schedule.score import score
from lineshaft.make.schedule.shop import Goal, Score, Shop, Timetable
from lineshaft.make.schedule.tables import ShopBook, ShopPlan


def solve(book: ShopBook, params: ScheduleParams, run: Run) -> Result[ShopPlan]:
    """Plan every step of every order."""
    run.progress(0.0, "laying out the shop", "整理车间数据")
    compiled, goal, first = first_plan(book, params)
    return propose(compiled, first)


def first_plan(book: ShopBook, params: ScheduleParams) -> tuple[Compiled, Goal, Timetable]:
    """The best dispatching rule's plan; the calendars are drawn out until it fits."""
    compiled = compile_shop(book, params)
    goal = parse_goal(params.objective, int(compiled.shop.order_counts.sum()))
    while True:
        try:
            return compiled, goal, best_rule(compiled.shop, goal)[0]
        except NoRoom:
            compiled = compile_shop(book, params, longer(compiled.shop.horizon_s, compiled.start))


def propose(compiled: Compiled, timetable: Timetable) -> Result[ShopPlan]:
    """Tables and figures of a timetable."""
    figures = score(compiled.shop, timetable)
    return Result(tables=make_plan(compiled, timetable), kpis=kpis(compiled.shop, figures))


def kpis(shop: Shop, figures: Score) -> tuple[Kpi, ...]:
    """The four figures in minutes."""
    counted = max(1, int(shop.order_counts.sum()))
    return (
        Kpi("makespan_min", figures.makespan_s / 60, "min", "low"),
        Kpi("weighted_tardiness_min", figures.weighted_tardiness_s / 60, "min", "low"),
        Kpi("mean_flow_time_min", figures.flow_s / counted / 60, "min", "low"),
        Kpi("setup_min", figures.setup_s / 60, "min", "low"),
    )
