"""What is planned and what happened."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import choice, ident, moment, seconds, whole
from lineshaft.tables.operation import OP_MAX


class OperationPlan(dy.Schema):
    """When and how a step is to be done (ISA-95 OperationsSegment schedule). Locked rows stay where they are."""

    title = ("Operation plan", "工序计划")
    rule_words = {
        "ends_after_start": (
            "the end is before the start",
            "结束早于开始",
        ),
    }
    order_id = ident("work order", "工单", key=True, ref="operation.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True, ref="operation.op_no")
    mode_no = whole("way number", "方案号", "1", min=1, max=9_999)
    setup_start = moment("setup starts", "换型开始", optional=True)
    start = moment("starts", "开始")
    end = moment("ends", "结束")
    locked = dy.Bool(description="stays where it is", metadata={"zh": "锁定"})

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """The end is not before the start."""
        return pl.col("end") >= pl.col("start")


class ResourcePlan(dy.Schema):
    """Which place of which resource a planned step holds from its start to its end."""

    title = ("Resource plan", "资源计划")
    order_id = ident("work order", "工单", key=True, ref="operation.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True, ref="operation.op_no")
    demand_no = whole("demand number", "需求序号", "1", min=1, max=99, key=True)
    unit_no = whole("which of the places demanded", "占用序号", "1", min=1, max=999, key=True)
    resource_id = ident("resource", "资源编号", ref="resource.resource_id")
    place_no = whole("place of the resource, from 1", "工位号", "1", min=1, max=999)


class OrderPlan(dy.Schema):
    """When an order starts and ends by the plan, and by how much it is late."""

    title = ("Order plan", "工单计划")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    start = moment("starts", "开始")
    end = moment("ends", "结束")
    tardiness_s = seconds("late by", "拖期", max=100 * 366 * 86_400)


class Promise(dy.Schema):
    """When an order that is not in the plan in force could be done, and what it would wait for most."""

    title = ("Promises", "交期承诺")
    rule_words = {
        "ends_in_time": (
            "the end is before the start or after the promise",
            "结束早于开始或晚于承诺交期",
        ),
    }
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    promised = moment("can be promised for", "可承诺交期")
    start = moment("would start", "预计开工")
    end = moment("would end", "预计完工")
    earliest = moment("would end in an empty shop", "空车间最早完工")
    resource_id = ident("waits longest for", "等待最久的资源", ref="resource.resource_id", optional=True)
    waiting_min = whole("waits for it", "等待时间", "min", max=100 * 366 * 1_440)

    @dy.rule()
    def ends_in_time(cls) -> pl.Expr:
        """The order starts, ends and is promised in this order."""
        return (pl.col("start") <= pl.col("end")) & (pl.col("end") <= pl.col("promised"))


class ActualEvent(dy.Schema):
    """What was seen on the floor (ISA-95 OperationsEvent): a step started, went on or finished, on which resource.

    `progress`: at that time so many pieces of a running step were done; what is left is counted from there.
    """

    title = ("Actual events", "实绩事件")
    event_id = ident("event", "事件编号", key=True)
    order_id = ident("work order", "工单", ref="operation.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, ref="operation.op_no")
    kind = choice("kind", "类型", {"start": "开工", "finish": "完工", "progress": "进度"})
    at = moment("at", "时间")
    resource_id = ident("resource", "资源编号", ref="resource.resource_id", optional=True)
    mode_no = whole("way number", "方案号", "1", min=1, max=9_999, optional=True)
    quantity = whole("pieces done so far", "已完成数量", "piece", optional=True)
