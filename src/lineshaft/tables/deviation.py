"""What came of a plan: planned against actual."""

import dataframely as dy

from lineshaft.tables.columns import choice, ident, moment, real, seconds, whole
from lineshaft.tables.operation import OP_MAX

STATES = {"finished": "已完工", "running": "进行中", "overdue": "逾期未开工", "waiting": "未到开工时间"}
LONGEST_S = 100 * 366 * 86_400


def deviation(en: str, zh: str) -> dy.Int64:
    """Seconds later than planned; below zero: sooner."""
    return whole(en, zh, "s", min=-LONGEST_S, max=LONGEST_S, optional=True)


class OperationDeviation(dy.Schema):
    """A planned step and what was seen of it; what should have started and has not is late by as much as it is now."""

    title = ("Deviations of steps", "工序偏差")
    order_id = ident("work order", "工单", key=True, ref="operation.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True, ref="operation.op_no")
    resource_id = ident("done on, or planned on", "资源", ref="resource.resource_id", optional=True)
    state = choice("state", "状态", STATES)
    planned_start = moment("planned to start", "计划开始")
    planned_end = moment("planned to end", "计划结束")
    actual_start = moment("started", "实际开始", optional=True)
    actual_end = moment("ended", "实际结束", optional=True)
    start_deviation_s = deviation("started later by", "开工偏差")
    end_deviation_s = deviation("ended later by", "完工偏差")
    duration_deviation_s = deviation("took longer by", "工时偏差")
    duration_pct = real("took of the time planned", "实际/计划工时", "%", max=1e9, optional=True)


class OrderDeviation(dy.Schema):
    """A planned order: how far it is, and how late it ended or its last event shows it to be."""

    title = ("Deviations of orders", "工单偏差")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    steps = whole("steps planned", "计划工序数", "step", max=10**5)
    finished = whole("steps finished", "完工工序数", "step", max=10**5)
    overdue = whole("steps that should have started", "逾期工序数", "step", max=10**5)
    planned_end = moment("planned to end", "计划结束")
    actual_end = moment("ended", "实际结束", optional=True)
    end_deviation_s = deviation("ended later by", "完工偏差")
    tardiness_s = seconds("late by", "拖期", max=LONGEST_S, optional=True)


class ResourceDeviation(dy.Schema):
    """Finished steps of a resource together."""

    title = ("Deviations of resources", "资源偏差")
    resource_id = ident("resource", "资源编号", key=True, ref="resource.resource_id")
    steps = whole("steps finished", "完工工序数", "step", min=1, max=10**7)
    planned_s = seconds("time planned", "计划工时", max=10**13)
    actual_s = seconds("time taken", "实际工时", max=10**13)
    duration_pct = real("took of the time planned", "实际/计划工时", "%", max=1e9, optional=True)
    start_deviation_s = real("started later by, on average", "平均开工偏差", "s", min=-4e9, max=4e9)
    end_deviation_s = real("ended later by, on average", "平均完工偏差", "s", min=-4e9, max=4e9)
