"""Operations: what is done to an order, in which ways, with which resources, after what."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import YEAR_S, choice, ident, moment, real, seconds, whole, words

OP_MAX = 9_999


class Operation(dy.Schema):
    """One step of a work order's route (ISA-95 SegmentRequirement).

    Steps of an order follow each other by `op_no`; where `segment_dependency` names a predecessor in the same order
    for a step, those rows replace that rule for the step.

    `route_no`: the step belongs to this of the order's alternative routes (make or buy); without one to all of them.
    `transfer_quantity`: so many pieces go on at a time; the next step may begin with the first of these lots and ends
    no sooner than it can finish the last one. `recipe_id`, `load`: for batch machines (furnaces, booths).
    """

    title = ("Operations", "工序")
    order_id = ident("work order", "工单", key=True, ref="work_order.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True)
    name = words("what is done", "工序名称")
    family_id = ident("setup family", "换型族", ref="setup_family.family_id", optional=True)
    pausable = dy.Bool(description="may pause over breaks and nights", metadata={"zh": "可跨班中断"})
    earliest = moment("not before", "不早于", optional=True)
    route_no = whole("alternative route", "路线号", "1", min=1, max=99, optional=True)
    transfer_quantity = whole("pieces handed on at a time", "转移批量", "piece", min=1, optional=True)
    recipe_id = ident("recipe", "工艺配方", ref="recipe.recipe_id", optional=True)
    load = real("load on a batch machine", "装炉量", "kg|m3|place", min=0, max=1e7, optional=True)


class Recipe(dy.Schema):
    """What a batch machine does with a load; recipes with the same mix group may share one."""

    title = ("Recipes", "工艺配方")
    recipe_id = ident("recipe", "工艺配方", key=True)
    name = words("name", "名称")
    mix_group = words("may share a load with recipes of this group; none: only with itself", "可混装组")


class OperationMode(dy.Schema):
    """One way to do a step; its time is `lot_s` plus `piece_s` for each piece of the order.

    `from_bay_id`, `to_bay_id`: a transport step; it begins where the step before it was done, and the step after it is
    done where it ends. `spread_pct`: standard deviation of the time in percent of it.
    """

    title = ("Operation modes", "工序方案")
    rule_words = {
        "bays_together": (
            "give from_bay_id and to_bay_id together or neither",
            "起运跨与运达跨须同时填写或同时留空",
        ),
    }
    order_id = ident("work order", "工单", key=True, ref="operation.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True, ref="operation.op_no")
    mode_no = whole("way number", "方案号", "1", min=1, max=9_999, key=True)
    lot_s = seconds("time per lot", "批时间")
    piece_s = seconds("time per piece", "单件时间")
    from_bay_id = ident("moves from this bay", "起运跨", ref="bay.bay_id@from", optional=True)
    to_bay_id = ident("moves to this bay", "运达跨", ref="bay.bay_id@to", optional=True)
    power_kw = real("electrical power while it works", "功率", "kW", max=1e6, optional=True)
    spread_pct = whole("spread of the time", "工时离散", "%", max=300, optional=True)

    @dy.rule()
    def bays_together(cls) -> pl.Expr:
        """A transport names both bays."""
        return pl.col("from_bay_id").is_null() == pl.col("to_bay_id").is_null()


class ResourceDemand(dy.Schema):
    """What a mode holds from start to end (ISA-95 EquipmentRequirement, PersonnelRequirement).

    Either one named resource, or any member of a class (a machine group, a skill).
    A mode without demands holds nothing and runs by the clock: a subcontractor's lead time, cooling.
    """

    title = ("Resource demands", "资源需求")
    rule_words = {
        "one_of_resource_or_class": (
            "give either resource_id or class_id, not both and not neither",
            "指定资源与资源类须且只能填一个",
        ),
    }
    order_id = ident("work order", "工单", key=True, ref="operation_mode.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True, ref="operation_mode.op_no")
    mode_no = whole("way number", "方案号", "1", min=1, max=9_999, key=True, ref="operation_mode.mode_no")
    demand_no = whole("demand number", "需求序号", "1", min=1, max=99, key=True)
    resource_id = ident("this resource", "指定资源", ref="resource.resource_id", optional=True)
    class_id = ident("any of this class", "资源类或技能", ref="resource_class.class_id", optional=True)
    quantity = whole("places held", "占用数量", "place", min=1, max=999)

    @dy.rule()
    def one_of_resource_or_class(cls) -> pl.Expr:
        """Exactly one of resource and class is given."""
        return pl.col("resource_id").is_null() != pl.col("class_id").is_null()


class SegmentDependency(dy.Schema):
    """A step that must follow another with a time lag in clock time (ISA-95 SegmentDependency).

    `end_start`: starts no sooner than `lag_s` after the other ends (cooling, drying, transport).
    `start_start`: starts no sooner than `lag_s` after the other starts (overlapping lots).
    `end_end`: ends no sooner than `lag_s` after the other ends.
    `lag_max_s`: and no later than that after it.
    """

    title = ("Dependencies", "工序关系")
    rule_words = {
        "not_itself": (
            "a step cannot follow itself",
            "工序不能以自身为前序",
        ),
        "lags_ordered": (
            "lag_max_s is below lag_s",
            "最大间隔小于最小间隔",
        ),
    }
    order_id = ident("work order", "工单", key=True, ref="operation.order_id")
    op_no = whole("step number", "工序号", "1", min=1, max=OP_MAX, key=True, ref="operation.op_no")
    after_order_id = ident("order of the earlier step", "前序工单", key=True, ref="operation.order_id@after")
    after_op_no = whole(
        "number of the earlier step",
        "前序工序号",
        "1",
        min=1,
        max=OP_MAX,
        key=True,
        ref="operation.op_no@after",
    )
    kind = choice(
        "kind", "关系", {"end_start": "完成-开始", "start_start": "开始-开始", "end_end": "完成-完成"}
    )
    lag_s = seconds("least lag", "最小间隔")
    lag_max_s = whole("greatest lag", "最大间隔", "s", max=YEAR_S, optional=True)

    @dy.rule()
    def not_itself(cls) -> pl.Expr:
        """A step does not follow itself."""
        return (pl.col("order_id") != pl.col("after_order_id")) | (pl.col("op_no") != pl.col("after_op_no"))

    @dy.rule()
    def lags_ordered(cls) -> pl.Expr:
        """The greatest lag is not below the least."""
        return pl.col("lag_max_s").is_null() | (pl.col("lag_max_s") >= pl.col("lag_s"))
