"""The vocabulary: every table of a works, declared once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dataframely as dy
import polars as pl

from lineshaft.core.solve import table_name
from lineshaft.tables.calendar import Calendar, CalendarException, Shift, ShiftBreak
from lineshaft.tables.energy import EnergyPrice
from lineshaft.tables.item import BomLine, Item, MaterialRequirement, Receipt
from lineshaft.tables.operation import Operation, OperationMode, Recipe, ResourceDemand, SegmentDependency
from lineshaft.tables.order import Customer, WorkOrder
from lineshaft.tables.plan import ActualEvent, OperationPlan, OrderPlan, Promise, ResourcePlan
from lineshaft.tables.resource import (
    Bay,
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
    Recipe,
    Bay,
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
    EnergyPrice,
    ActualEvent,
    OperationPlan,
    ResourcePlan,
    OrderPlan,
    Promise,
)

__all__ = ["SCHEMAS", "TABLES", "frame_of", "table_name"]

TABLES: dict[str, type[dy.Schema]] = {table_name(schema): schema for schema in SCHEMAS}


def frame_of(schema: type[dy.Schema], rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """Rows in the order of the schema's columns as a frame; columns at the end that a row does not give stay empty."""
    columns = schema.create_empty().schema
    padded = [(*row, *[None] * (len(columns) - len(row))) for row in rows]
    return pl.DataFrame(padded, schema=columns, orient="row")
