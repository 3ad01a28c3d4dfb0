"""Work orders and the people who wait for them."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import ident, moment, whole, words


class Customer(dy.Schema):
    """Who orders."""

    title = ("Customers", "客户")
    customer_id = ident("customer", "客户编号", key=True)
    name = words("name", "名称")


class WorkOrder(dy.Schema):
    """An order to make a quantity of an item (ISA-95 JobOrder); a component's order names the step that takes it."""

    title = ("Work orders", "工单")
    rule_words = {
        "parent_complete": (
            "give parent_order_id and parent_op_no together or neither",
            "上级工单与用于工序须同时填写或同时留空",
        ),
        "due_after_release": (
            "the due date is before the release",
            "交期早于最早开工时间",
        ),
    }
    order_id = ident("work order", "工单", key=True, isa95="JobOrderID")
    item_id = ident("item to make", "物料", ref="item.item_id", optional=True)
    quantity = whole("pieces to make", "数量", "piece", min=1)
    customer_id = ident("customer", "客户", ref="customer.customer_id", optional=True)
    release = moment("may start from", "最早开工", isa95="EarliestStartTime")
    due = moment("promised for", "交期", optional=True, isa95="LatestEndTime")
    weight = whole("weight of tardiness", "拖期权重", "1", min=1, max=1_000)
    parent_order_id = ident(
        "order it is made for", "上级工单", ref="operation.order_id@parent", optional=True
    )
    parent_op_no = whole(
        "step that takes it", "用于工序", "1", min=1, max=9_999, ref="operation.op_no@parent", optional=True
    )

    @dy.rule()
    def parent_complete(cls) -> pl.Expr:
        """The order it is made for and the step that takes it are given together."""
        return pl.col("parent_order_id").is_null() == pl.col("parent_op_no").is_null()

    @dy.rule()
    def due_after_release(cls) -> pl.Expr:
        """The due date is not before the release."""
        return pl.col("due").is_null() | (pl.col("due") >= pl.col("release"))
