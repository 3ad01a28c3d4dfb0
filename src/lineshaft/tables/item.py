"""Items, bills of material, stock and receipts."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import choice, ident, moment, real, words

ITEM_KINDS = {
    "raw": "原材料",
    "purchased": "外购件",
    "part": "自制件",
    "assembly": "部件",
    "product": "产品",
}


class Item(dy.Schema):
    """What is bought, made or sold (ISA-95 MaterialDefinition)."""

    title = ("Items", "物料")
    item_id = ident("item", "物料号", key=True, isa95="MaterialDefinitionID")
    name = words("name", "名称")
    kind = choice("kind of item", "类别", ITEM_KINDS)
    mass_kg = real("mass of one piece", "单件质量", "kg", max=1e7, optional=True)


class BomLine(dy.Schema):
    """How much of a component one piece of an item takes (ISA-95 AssembledFromDefinition)."""

    title = ("Bill of material", "物料清单")
    rule_words = {
        "not_itself": (
            "an item cannot be a component of itself",
            "物料不能是自身的子项",
        ),
    }
    item_id = ident("item made", "父项物料", key=True, ref="item.item_id")
    component_id = ident("component", "子项物料", key=True, ref="item.item_id@component")
    quantity = real("quantity per piece", "单件用量", "unit", min=1e-6, max=1e6)

    @dy.rule()
    def not_itself(cls) -> pl.Expr:
        """An item is not a component of itself."""
        return pl.col("item_id") != pl.col("component_id")


class MaterialRequirement(dy.Schema):
    """What a step needs before it can start (ISA-95 MaterialRequirement)."""

    title = ("Material requirements", "用料需求")
    order_id = ident("work order", "工单", key=True, ref="operation.order_id")
    op_no = dy.Int64(
        primary_key=True,
        min=1,
        max=9_999,
        description="step number",
        metadata={"zh": "工序号", "ref": "operation.op_no"},
    )
    item_id = ident("item needed", "物料", key=True, ref="item.item_id")
    quantity = real("quantity needed", "需求数量", "unit", min=1e-6, max=1e9)


class Receipt(dy.Schema):
    """Stock on hand (available in the past) or an expected receipt (ISA-95 MaterialLot)."""

    title = ("Stock and receipts", "库存与到货")
    receipt_id = ident("stock lot or purchase line", "批次或采购行", key=True, isa95="MaterialLotID")
    item_id = ident("item", "物料", ref="item.item_id")
    available = moment("usable from", "可用时间")
    quantity = real("usable quantity", "可用数量", "unit", min=1e-6, max=1e9)
