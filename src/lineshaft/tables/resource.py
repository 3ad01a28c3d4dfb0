"""Resources: machines, people, fixtures, cranes and places; their classes, capacity over time and setups."""

import dataframely as dy
import polars as pl

from lineshaft.tables.columns import choice, ident, moment, real, seconds, whole, words

RESOURCE_KINDS = {
    "machine": "设备",
    "person": "人员",
    "fixture": "工装",
    "crane": "起重机",
    "place": "工位",
    "contractor": "外协",
    "budget": "限额",
}
LOAD_UNITS = {"kg": "千克 kg", "m3": "立方米 m³", "place": "工位"}


class Bay(dy.Schema):
    """A bay or hall of the works (ISA-95 Area)."""

    title = ("Bays", "车间跨")
    bay_id = ident("bay", "车间跨", key=True)
    name = words("name", "名称")


class Resource(dy.Schema):
    """Something an operation holds while it runs (ISA-95 Equipment, Person).

    With `load_max` it is a batch machine: each of its places takes several operations of one mix of recipes from one
    start to one end, as long as their loads fit. Work on it takes 100 / `efficiency_pct` times as long. A "budget" is
    used up by what demands it and never comes back: `capacity` is all there is.
    """

    title = ("Resources", "资源")
    rule_words = {
        "load_complete": (
            "give load_max and load_unit together or neither",
            "最大装炉量与单位须同时填写或同时留空",
        ),
    }
    resource_id = ident("resource", "资源编号", key=True, isa95="EquipmentID/PersonID")
    name = words("name", "名称")
    kind = choice("kind", "类别", RESOURCE_KINDS)
    calendar_id = ident(
        "works by this calendar; none: always", "日历", ref="calendar.calendar_id", optional=True
    )
    capacity = whole("places: operations it can serve at once", "并行能力", "place", min=0, max=999)
    setup_group = words("resources with the same setup times", "换型组")
    family_id = ident(
        "family it is set up for at the start", "当前换型族", ref="setup_family.family_id", optional=True
    )
    bay_id = ident("stands in this bay", "所在跨", ref="bay.bay_id", optional=True)
    efficiency_pct = whole("efficiency", "效率", "%", min=1, max=1_000, optional=True)
    load_max = real("greatest load (batch machine)", "最大装炉量", "kg|m3|place", max=1e7, optional=True)
    load_unit = choice("unit of loads", "装炉量单位", LOAD_UNITS, optional=True)

    @dy.rule()
    def load_complete(cls) -> pl.Expr:
        """A batch machine has a greatest load and its unit."""
        return pl.col("load_max").is_null() == pl.col("load_unit").is_null()


class ResourceCapacity(dy.Schema):
    """Another capacity for a while: a breakdown (0), a visitor, a second fixture (ISA-95 EquipmentCapability)."""

    title = ("Capacity over time", "能力变化")
    rule_words = {
        "ends_after_start": (
            "the end must be after the start",
            "结束须晚于开始",
        ),
    }
    resource_id = ident("resource", "资源编号", key=True, ref="resource.resource_id")
    start = moment("from", "起", key=True)
    end = moment("to", "止")
    capacity = whole("places in that time", "并行能力", "place", min=0, max=999)

    @dy.rule()
    def ends_after_start(cls) -> pl.Expr:
        """The end is after the start."""
        return pl.col("end") > pl.col("start")


class ResourceClass(dy.Schema):
    """A machine group or a skill (ISA-95 EquipmentClass, PersonnelClass)."""

    title = ("Machine groups and skills", "设备组与技能")
    class_id = ident("class", "资源类或技能", key=True, isa95="EquipmentClassID/PersonnelClassID")
    name = words("name", "名称")
    kind = choice("kind of its members", "类别", RESOURCE_KINDS)


class ClassMember(dy.Schema):
    """Which resource belongs to which class: who can do what."""

    title = ("Members of groups and skills", "成员与技能")
    class_id = ident("class", "资源类或技能", key=True, ref="resource_class.class_id")
    resource_id = ident("resource", "资源编号", key=True, ref="resource.resource_id")


class SetupFamily(dy.Schema):
    """Operations that follow each other without a setup."""

    title = ("Setup families", "换型族")
    family_id = ident("family", "换型族", key=True)
    name = words("name", "名称")
    setup_s = seconds("setup into this family where no pair is listed", "默认换型时间", max=30 * 86_400)


class SetupTime(dy.Schema):
    """Time to change a resource of a group from one family to another; it precedes the operation on its machine."""

    title = ("Setup times", "换型时间")
    setup_group = ident("group of resources", "换型组", key=True)
    from_family_id = ident("from family", "原换型族", key=True, ref="setup_family.family_id@from")
    to_family_id = ident("to family", "新换型族", key=True, ref="setup_family.family_id@to")
    setup_s = seconds("setup", "换型时间", max=30 * 86_400)
    forbidden = dy.Bool(nullable=True, description="must not be done", metadata={"zh": "禁止换型"})
    cost_fen = whole("cost of one setup", "换型费用", "fen", max=10**9, optional=True)
