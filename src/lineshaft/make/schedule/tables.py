"""The collections that `make.schedule` reads and writes."""

import dataframely as dy

from lineshaft.tables.calendar import Calendar, CalendarException, Shift, ShiftBreak
from lineshaft.tables.energy import EnergyPrice
from lineshaft.tables.item import MaterialRequirement, Receipt
from lineshaft.tables.operation import Operation, OperationMode, Recipe, ResourceDemand, SegmentDependency
from lineshaft.tables.order import WorkOrder
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


class ShopBook(dy.Collection):
    """Orders, their operations and the resources of a shop; optionally the plan in force and what happened since."""

    work_orders: dy.DataFrame[WorkOrder]
    operations: dy.DataFrame[Operation]
    modes: dy.DataFrame[OperationMode]
    demands: dy.DataFrame[ResourceDemand]
    resources: dy.DataFrame[Resource]
    dependencies: dy.DataFrame[SegmentDependency] | None
    capacities: dy.DataFrame[ResourceCapacity] | None
    classes: dy.DataFrame[ResourceClass] | None
    members: dy.DataFrame[ClassMember] | None
    calendars: dy.DataFrame[Calendar] | None
    shifts: dy.DataFrame[Shift] | None
    breaks: dy.DataFrame[ShiftBreak] | None
    exceptions: dy.DataFrame[CalendarException] | None
    families: dy.DataFrame[SetupFamily] | None
    setups: dy.DataFrame[SetupTime] | None
    requirements: dy.DataFrame[MaterialRequirement] | None
    receipts: dy.DataFrame[Receipt] | None
    recipes: dy.DataFrame[Recipe] | None
    bays: dy.DataFrame[Bay] | None
    energy_prices: dy.DataFrame[EnergyPrice] | None
    events: dy.DataFrame[ActualEvent] | None
    previous: dy.DataFrame[OperationPlan] | None
    previous_resources: dy.DataFrame[ResourcePlan] | None


class ShopPlan(dy.Collection):
    """The proposed plan."""

    operation_plan: dy.DataFrame[OperationPlan]
    resource_plan: dy.DataFrame[ResourcePlan]
    order_plan: dy.DataFrame[OrderPlan]


class ShopPromise(dy.Collection):
    """What can be promised, and the plan that keeps it."""

    promises: dy.DataFrame[Promise]
    operation_plan: dy.DataFrame[OperationPlan]
    resource_plan: dy.DataFrame[ResourcePlan]
    order_plan: dy.DataFrame[OrderPlan]
