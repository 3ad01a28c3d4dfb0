"""The collections that the studies propose; all of them read a `ShopBook`."""

import dataframely as dy

from lineshaft.tables.deviation import OperationDeviation, OrderDeviation, ResourceDeviation
from lineshaft.tables.front import (
    FrontFigure,
    FrontLimit,
    FrontOperation,
    FrontOrder,
    FrontPoint,
    FrontResource,
)
from lineshaft.tables.health import DataFinding, OrderHealth, SettingAdvice
from lineshaft.tables.lateness import Bottleneck, LateOrder, Remedy
from lineshaft.tables.plan import OperationPlan, OrderPlan, ResourcePlan
from lineshaft.tables.risk import OrderBuffer, OrderRisk, PlanRisk


class RiskPlan(dy.Collection):
    """How sure the plan in force is, and where buffers pay."""

    order_risk: dy.DataFrame[OrderRisk]
    plan_risk: dy.DataFrame[PlanRisk]
    order_buffer: dy.DataFrame[OrderBuffer]


class HealthReport(dy.Collection):
    """What is wrong or doubtful in the book, how much of it can be planned, and settings that suit it."""

    data_finding: dy.DataFrame[DataFinding]
    order_health: dy.DataFrame[OrderHealth]
    setting_advice: dy.DataFrame[SettingAdvice]


class DeviationReport(dy.Collection):
    """What came of the plan in force."""

    operation_deviation: dy.DataFrame[OperationDeviation]
    order_deviation: dy.DataFrame[OrderDeviation]
    resource_deviation: dy.DataFrame[ResourceDeviation]


class LatenessReport(dy.Collection):
    """Late orders and why, what would help them, and the bottlenecks."""

    late_order: dy.DataFrame[LateOrder]
    remedy: dy.DataFrame[Remedy]
    bottleneck: dy.DataFrame[Bottleneck]


class FrontPlan(dy.Collection):
    """Plans of which none is better than another in every figure asked for; and the one chosen, as it would be accepted."""

    front_point: dy.DataFrame[FrontPoint]
    front_limit: dy.DataFrame[FrontLimit]
    front_figure: dy.DataFrame[FrontFigure]
    front_operation: dy.DataFrame[FrontOperation]
    front_resource: dy.DataFrame[FrontResource]
    front_order: dy.DataFrame[FrontOrder]
    operation_plan: dy.DataFrame[OperationPlan]
    resource_plan: dy.DataFrame[ResourcePlan]
    order_plan: dy.DataFrame[OrderPlan]
