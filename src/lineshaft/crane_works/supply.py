"""Bought material: what steps take, what is on hand and what is to come."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from lineshaft.crane_works.routes import Part

Row = tuple[object, ...]

LATE_SHARE = 0.06
"""Share of the receipts of forgings, castings, bearings, motors and panels that come 2 to 6 days late."""

BOUGHT = {
    "BAR-20CrMnTi": ("渗碳圆钢 kg / case-hardening bar, kg", "raw"),
    "BAR-42CrMo": ("调质圆钢 kg / quenched and tempered bar, kg", "raw"),
    "PLATE-Q355": ("钢板 kg / steel plate, kg", "raw"),
    "PIPE-Q355": ("无缝管 kg / seamless pipe, kg", "raw"),
    "SECTION-STEEL": ("型钢 kg / section steel, kg", "raw"),
    "FORGING": ("锻件 / forging", "raw"),
    "CASTING": ("铸件 / casting", "raw"),
    "BEARINGS": ("轴承组 / set of bearings", "purchased"),
    "SEALS": ("油封 / oil seal", "purchased"),
    "MOTOR": ("起升电机 / hoist motor", "purchased"),
    "BRAKE": ("制动器 / brake", "purchased"),
    "WIRE-ROPE": ("钢丝绳 m / wire rope, m", "purchased"),
    "PANEL": ("电控柜 / control cabinet", "purchased"),
    "CABLE": ("电缆 m / cable, m", "purchased"),
}
TO_ORDER = ("FORGING", "CASTING", "BEARINGS", "MOTOR", "PANEL")


def item_rows(parts: list[Part]) -> tuple[list[Row], list[Row]]:
    """Rows of `item` and `bom_line` of everything in the catalogue."""
    made = {part.item_id: part for product in parts for part in product.tree()}
    items: list[Row] = [(part.item_id, part.name, part.kind, float(part.mass_kg)) for part in made.values()]
    lines: list[Row] = []
    bought: set[str] = set()
    for part in made.values():
        lines += [(part.item_id, use.part.item_id, float(use.quantity)) for use in part.uses]
        for step in part.steps:
            lines += [(part.item_id, item, float(quantity)) for item, quantity in step.takes]
            bought.update(item for item, _ in step.takes)
    items += [(item, *bought_words(item), None) for item in sorted(bought)]
    return items, lines


def bought_words(item: str) -> tuple[str, str]:
    """Name and kind of a bought item: its own, or its family's with its size."""
    if item in BOUGHT:
        return BOUGHT[item]
    family, size = item.split("-", 1)
    name, kind = BOUGHT[family]
    return f"{name} {size}", kind


class Need(NamedTuple):
    """What an order takes: its due date, its release, the item and how much."""

    due: datetime
    release: datetime
    item: str
    quantity: float


def receipt_rows(needs: list[Need], start: datetime, draw: random.Random) -> list[Row]:
    """Rows of `receipt`: bought in the order of due dates, so that what is not late is there for every release.

    What is needed at the start is on hand, with 5 % more; later needs come by the week, 1 to 5 days before.
    """
    by_week: dict[tuple[str, int], float] = defaultdict(float)
    first: dict[tuple[str, int], datetime] = {}
    ready: dict[str, datetime] = {}
    for need in sorted(needs, reverse=True):
        ready[need.item] = min(need.release, ready.get(need.item, need.release))
        key = need.item, (ready[need.item] - start).days // 7
        by_week[key] += need.quantity
        first[key] = ready[need.item]
    rows: list[Row] = []
    for (item, week), quantity in sorted(by_week.items()):
        late = item.split("-")[0] in TO_ORDER and draw.random() < LATE_SHARE
        days = draw.randint(2, 6) if late else -draw.randint(1, 5)
        on_hand = week == 0 and not late
        available = start - timedelta(days=7) if on_hand else first[item, week] + timedelta(days=days)
        amount = round(quantity * 1.05 + 0.5) if on_hand else quantity
        rows.append((f"{item}/{week:02}", item, available, float(amount)))
    return rows
