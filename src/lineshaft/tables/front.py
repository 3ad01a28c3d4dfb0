"""A front: plans of which none is better than another in every figure, and what each of them costs in the others."""

import dataframely as dy

from lineshaft.tables.columns import choice, real, whole
from lineshaft.tables.plan import OperationPlan, OrderPlan, ResourcePlan

MOST_POINTS = 99
FIGURES = {
    "makespan": "总工期",
    "weighted_tardiness": "加权拖期",
    "mean_flow_time": "平均流程时间",
    "in_process": "平均在制时间",
    "setup": "换型时间",
    "setup_cost": "换型费用",
    "energy_cost": "电费",
    "overtime_cost": "加班费",
}


def point_no() -> dy.Int64:
    """The plan of the front that a row belongs to; plans are numbered by the first figure."""
    return whole("plan of the front", "方案号", "1", min=1, max=MOST_POINTS, key=True)


class FrontPoint(dy.Schema):
    """A plan of the front with all its figures."""

    title = ("Plans of the front", "前沿方案")
    point_no = point_no()
    makespan_min = real("makespan", "总工期", "min")
    weighted_tardiness_min = real("weighted tardiness", "加权拖期", "min", max=1e15)
    mean_flow_time_min = real("mean flow time", "平均流程时间", "min", min=-1e9)
    in_process_min = real("mean time from an order's first start to its end", "平均在制时间", "min")
    setup_min = real("setup time", "换型时间", "min", max=1e12)
    setup_cost_cny = real("setup cost", "换型费用", "CNY", max=1e15)
    energy_cost_cny = real("electricity", "电费", "CNY", max=1e15)
    overtime_cost_cny = real("overtime", "加班费", "CNY", max=1e15)


class FrontLimit(dy.Schema):
    """A limit that the plan of a point had to keep while another figure was made as low as possible."""

    title = ("Limits of the front", "前沿约束")
    point_no = point_no()
    figure = choice("figure", "指标", FIGURES, key=True)
    limit = real("at most", "上限", "min or CNY", min=-1e9, max=1e15)


class FrontFigure(dy.Schema):
    """How far a figure reaches over the front, and what is proven of it."""

    title = ("Figures of the front", "前沿指标")
    figure = choice("figure", "指标", FIGURES, key=True)
    bound = real("proven: no plan is below", "下界(已证明)", "min or CNY", min=-1e9, max=1e15)
    best = real("lowest of the front", "最低值", "min or CNY", min=-1e9, max=1e15)
    worst = real("highest of the front", "最高值", "min or CNY", min=-1e9, max=1e15)


class FrontOperation(OperationPlan):
    """A step in a plan of the front."""

    title = ("Operation plans of the front", "前沿工序计划")
    point_no = point_no()


class FrontResource(ResourcePlan):
    """A place held in a plan of the front."""

    title = ("Resource plans of the front", "前沿资源计划")
    point_no = point_no()


class FrontOrder(OrderPlan):
    """An order in a plan of the front."""

    title = ("Order plans of the front", "前沿工单计划")
    point_no = point_no()
