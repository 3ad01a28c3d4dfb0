"""How sure a plan is when times vary."""

import dataframely as dy

from lineshaft.tables.columns import ident, moment, real, seconds, whole
from lineshaft.tables.operation import OP_MAX


class OrderRisk(dy.Schema):
    """When an order ends and how often it is on time, over all samples of the plan."""

    title = ("Risk of orders", "工单风险")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    due = moment("promised for", "交期", optional=True)
    planned_end = moment("ends by the plan", "计划结束")
    p50_end = moment("ends by then in 50 % of samples", "50% 概率结束时间")
    p80_end = moment("ends by then in 80 % of samples", "80% 概率结束时间")
    p95_end = moment("ends by then in 95 % of samples", "95% 概率结束时间")
    on_time_pct = real("samples on time", "按期概率", "%", max=100.0, optional=True)
    tardiness_s = seconds("mean tardiness", "平均拖期", max=100 * 366 * 86_400)


class PlanRisk(dy.Schema):
    """When all work is done, in so many percent of the samples or sooner."""

    title = ("Risk of the plan", "计划风险")
    percent = whole("percent of samples", "概率", "%", min=1, max=99, key=True)
    end = moment("all work is done by", "全部完工时间")


class OrderBuffer(dy.Schema):
    """Where a buffer pays: planned to end, or promised, with so much time in hand an order reaches the service level."""

    title = ("Buffers that pay", "建议缓冲")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    buffer_min = whole("buffer before the due date", "交期前缓冲", "min", min=1, max=10**8)
    on_time_pct = real("on time without it", "无缓冲按期概率", "%", max=100.0)
    buffered_pct = real("on time with it", "有缓冲按期概率", "%", max=100.0)
    gain_pct = real("gain", "提升", "%", max=100.0)
    driver_order_id = ident("order of the step that varies it most", "波动来源工单", ref="operation.order_id")
    driver_op_no = whole("number of that step", "波动来源工序", "1", min=1, max=OP_MAX, ref="operation.op_no")
    driver_pct = real("share of its variance that this step explains", "解释的方差比例", "%", max=100.0)
