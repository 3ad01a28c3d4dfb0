"""The collections that the studies propose; all of them read a `ShopBook`."""

import dataframely as dy

from lineshaft.tables.risk import OrderBuffer, OrderRisk, PlanRisk


class RiskPlan(dy.Collection):
    """How sure the plan in force is, and where buffers pay."""

    order_risk: dy.DataFrame[OrderRisk]
    plan_risk: dy.DataFrame[PlanRisk]
    order_buffer: dy.DataFrame[OrderBuffer]
