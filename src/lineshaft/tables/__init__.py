"""The vocabulary: every table of a works, declared once."""

from __future__ import annotations

import dataframely as dy

from lineshaft.core.solve import table_name
from lineshaft.tables.calendar import Calendar, CalendarException, Shift, ShiftBreak
from lineshaft.tables.item import BomLine, Item, MaterialRequirement, Receipt
from lineshaft.tables.operation import Operation, OperationMode, ResourceDemand, SegmentDependency
from lineshaft.tables.order import Customer, WorkOrder
from lineshaft.tables.plan import ActualEvent, OperationPlan, OrderPlan, ResourcePlan
from lineshaft.tables.resource import (
    ClassMember,
    Resource,
    ResourceCapacity,
    ResourceClass,
    SetupFamily,
    SetupTime,
)

SCHEMAS: tuple[type[dy.Schema], ...] = (
    Customer,
    Item,
    BomLine,
    Calendar,
    Shift,
    ShiftBreak,
    CalendarException,
    SetupFamily,
    SetupTime,
    Resource,
    ResourceCapacity,
    ResourceClass,
    ClassMember,
    WorkOrder,
    Operation,
    OperationMode,
    ResourceDemand,
    SegmentDependency,
    MaterialRequirement,
    Receipt,
    ActualEvent,
    OperationPlan,
    ResourcePlan,
    OrderPlan,
)

__all__ = ["SCHEMAS", "TABLES", "table_name"]

TABLES: dict[str, type[dy.Schema]] = {table_name(schema): schema for schema in SCHEMAS}
