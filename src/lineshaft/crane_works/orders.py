"""Customers' orders: what is ordered, exploded through the bill of material into work orders."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lineshaft.crane_works.gearing import COLOURS, REDUCERS, STAGES, gear_wheel, pinion_shaft, reducer
from lineshaft.crane_works.lifting import CRANES, crane, wheel_set
from lineshaft.crane_works.routes import Part

ORDERS_AT_SCALE_1 = 60
CRANE_SHARE, REDUCER_SHARE = 0.13, 0.20
BACKLOG_SHARE = 0.15
DUE_SPREAD = 0.25


class Customer(NamedTuple):
    """Who orders, and how much a late day weighs."""

    customer_id: str
    name: str
    weight: int


CUSTOMERS = (
    Customer("PORT-1", "东港码头 / east port", 10),
    Customer("PORT-2", "内河港 / river port", 6),
    Customer("STEEL-1", "第一钢厂 / steel mill one", 8),
    Customer("STEEL-2", "特钢厂 / special steel mill", 5),
    Customer("POWER-1", "水电站 / hydro power station", 7),
    Customer("CEMENT-1", "水泥厂 / cement works", 3),
    Customer("MINE-1", "露天矿 / open-cast mine", 4),
    Customer("PAPER-1", "造纸厂 / paper mill", 3),
    Customer("RAIL-1", "机车厂 / locomotive works", 5),
    Customer("DEALER-1", "华东经销商 / dealer east", 2),
    Customer("DEALER-2", "西南经销商 / dealer south-west", 1),
    Customer("STOCK", "备库 / made to stock", 1),
)


@dataclass(frozen=True)
class Sale:
    """One customer's order: what, how many, when it comes (share of the release window), how tight its due date."""

    order_id: str
    part: Part
    quantity: int
    customer: Customer
    comes: float
    patience: float


@dataclass(frozen=True)
class Job:
    """One work order of a sale; the sale's own job has no parent and comes first."""

    order_id: str
    part: Part
    quantity: int
    parent_id: str | None
    parent_step: int


def catalogue() -> list[Part]:
    """Everything the works sells."""
    return [
        *(crane(name, colour) for name in CRANES for colour in COLOURS),
        *(reducer(name, colour) for name in REDUCERS for colour in COLOURS),
        *(wheel_set(figure.wheel_mm) for figure in CRANES.values()),
        *(gear_wheel(distance) for distance in STAGES),
        *(pinion_shaft(distance) for distance in STAGES),
    ]


def sales(scale: float, draw: random.Random) -> list[Sale]:
    """The customers' orders in the order in which they come."""
    count = max(1, round(ORDERS_AT_SCALE_1 * scale))
    cranes, reducers = round(count * CRANE_SHARE), round(count * REDUCER_SHARE)
    kinds = ["crane"] * cranes + ["reducer"] * reducers
    kinds += ["spare"] * (count - len(kinds))
    draw.shuffle(kinds)
    comes = sorted(max(0.0, draw.random() - BACKLOG_SHARE) / (1 - BACKLOG_SHARE) for _ in kinds)
    digits = max(3, len(str(count)))
    return [
        Sale(
            f"W{number:0{digits}}",
            *PRODUCTS[kind](draw),
            draw.choice(CUSTOMERS),
            moment,
            draw.uniform(1 - DUE_SPREAD, 1 + DUE_SPREAD),
        )
        for number, (kind, moment) in enumerate(zip(kinds, comes), 1)
    ]


def drawn_crane(draw: random.Random) -> tuple[Part, int]:
    """Cranes are made one by one."""
    return crane(draw.choice(tuple(CRANES)), draw.choice(COLOURS)), 1


def drawn_reducer(draw: random.Random) -> tuple[Part, int]:
    """Reducers come in small lots."""
    return reducer(draw.choice(tuple(REDUCERS)), draw.choice(COLOURS)), draw.randint(2, 8)


def drawn_spare(draw: random.Random) -> tuple[Part, int]:
    """Spare gears, pinion shafts and wheel sets."""
    kind = draw.choice(("gear", "gear", "pinion", "pinion", "wheel"))
    if kind == "wheel":
        return wheel_set(draw.choice((400, 500, 630))), 2 * draw.randint(2, 6)
    distance = draw.choice(tuple(STAGES))
    return (gear_wheel if kind == "gear" else pinion_shaft)(distance), draw.randint(6, 24)


PRODUCTS = {"crane": drawn_crane, "reducer": drawn_reducer, "spare": drawn_spare}


def jobs(sale: Sale) -> list[Job]:
    """The work orders of a sale, each before those of its components; numbers show the level: W012, W012.3, W012.3.1."""

    def below(job: Job) -> Iterator[Job]:
        yield job
        for number, use in enumerate(job.part.uses, 1):
            quantity = job.quantity * use.quantity
            yield from below(Job(f"{job.order_id}.{number}", use.part, quantity, job.order_id, use.step))

    return list(below(Job(sale.order_id, sale.part, sale.quantity, None, 0)))


def op_no(step: int) -> int:
    """Steps are numbered 10, 20, 30 …"""
    return 10 * (step + 1)
