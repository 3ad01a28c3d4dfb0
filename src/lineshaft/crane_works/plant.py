"""What the plant has in the whole model: bays, lifting gear, furnace and booth loads, contractors, power and prices.

All figures are examples of this project; `examples/crane-works/README.md` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lineshaft.crane_works.gearing import MODULES
from lineshaft.crane_works.park import PAINTS, Group, Row

BAYS = {
    "WELD": ("下料焊接跨 / cutting and welding bay", "SAW PLASMA WSAW WMAG JIG CRW"),
    "MACH": (
        "机加跨 / machining bay",
        "CNCL LATHE HLATHE HOBN HOBO GGR CGR MILLM BORE BMC DRILL PRESS CMM ARBOR BOREFIX CRM",
    ),
    "HEAT": ("热处理跨 / heat-treatment bay", "CARB SRF IND CRH"),
    "PAINT": ("涂装跨 / paint bay", "BLAST BOOTH CRP"),
    "ASSY": ("总装跨 / assembly bay", "BENCH BAY RTEST CTEST CRA"),
}
"""Bay → name and the classes that stand in it; people and transfer cars are anywhere."""

BAY_OF = {class_id: bay for bay, (_, classes) in BAYS.items() for class_id in classes.split()}

CRANE_OF = {"WELD": "CRW", "MACH": "CRM", "HEAT": "CRH", "PAINT": "CRP", "ASSY": "CRA"}

LIFT_FROM_KG = 500
"""Lighter pieces go by hand cart and take no time."""

ADDED = (
    Group("CRM", "机加跨行车", "machining-bay crane", "crane", 1, 1, None),
    Group("CRH", "热处理跨行车", "heat-treatment-bay crane", "crane", 1, 1, None),
    Group("CRP", "涂装跨行车", "paint-bay crane", "crane", 1, 1, None),
    Group("CAR", "过跨平车", "transfer car", "crane", 2, 1, "TWO"),
    Group("OUTCARB", "渗碳外协厂", "carburising contractor", "contractor", 1, 6, None),
    Group("OUTHARD", "淬火外协厂", "hardening contractor", "contractor", 1, 4, None),
    Group("OUTGALV", "镀锌外协厂", "galvanising contractor", "contractor", 1, 3, None),
    Group("OUTTURN", "轴类外协厂", "shaft contractor", "contractor", 1, 4, None),
)
"""Lifting gear of the other bays, and contractors with the number of lots they take on at once."""


class Load(NamedTuple):
    """How much a place of a batch machine takes at once, and of what."""

    most: float
    unit: str

    def of(self, mass_kg: float, quantity: int) -> float:
        """The load of some pieces, in kg or in places of 1.5 t; more than fits counts as a full load."""
        piece = mass_kg if self.unit == "kg" else float(-(-mass_kg // 1_500))
        return round(min(self.most, piece * quantity), 1)


LOADS = {"CARB": Load(3_000, "kg"), "SRF": Load(8_000, "kg"), "BOOTH": Load(6, "place")}

EFFICIENCY_PCT = {"LATHE-02": 80, "HOBO-02": 90}
"""Machines that have seen better days."""

POWER_KW = {
    "CARB": 180,
    "SRF": 420,
    "IND": 160,
    "PLASMA": 60,
    "WSAW": 70,
    "WMAG": 15,
    "HLATHE": 75,
    "BORE": 40,
    "BMC": 45,
    "HOBN": 30,
    "HOBO": 18,
    "GGR": 40,
    "BLAST": 55,
    "BOOTH": 90,
}
"""Power of a class at work; in a batch machine each step has its share of the load."""

SPREAD_PCT = {
    "CNCL": 6,
    "HOBN": 5,
    "BMC": 6,
    "GGR": 6,
    "CARB": 3,
    "SRF": 3,
    "WMAG": 20,
    "BAY": 25,
    "BENCH": 20,
}
SPREAD_ELSE_PCT = 12

RECIPES: tuple[Row, ...] = (
    *((f"CARB-M{m}", f"渗碳淬火回火 m{m} / carburise, quench, temper m{m}", None) for m in MODULES if m > 5),
    *((f"CARB-M{m}", f"渗碳淬火回火 m{m} / carburise, quench, temper m{m}", "CARB-THIN") for m in (4, 5)),
    *((f"SR-{wall}", f"去应力 600 °C 壁厚 {wall} mm / stress relief", "SR-600") for wall in (16, 20, 25, 30)),
    *((f"PAINT-{colour}", f"漆 {colour} / paint {colour.lower()}", None) for colour in PAINTS),
)
"""Cases of modules 4 and 5 differ by 0.2 mm and may share a charge, as may all that is relieved at 600 °C."""

SETUP_COST_FEN = {"HOBBING": 3_000, "BORING": 6_000, "PAINTING": 15_000, "PAINTING-W": 15_000}
WATER_BOOTH = "BOOTH-01"
FORBIDDEN = ("PAINTING-W", "PAINT-GREY", "PAINT-YELLOW")
"""In the booth with the water curtain grey overspray shows in yellow: primer or blue must come between."""

OVERTIME_FEN_H = 5_000
"""Working on a rest day is paid double (Labour Law, article 44): 50 CNY an hour more."""

TARIFF = {
    "valley": (26.6, ((0, 8),)),
    "flat": (70.0, ((8, 10), (12, 14), (19, 24))),
    "peak": (119.0, ((10, 12), (14, 19))),
}
"""fen/kWh and local hours: the pattern of Guangdong's industrial tariff, peak : flat : valley = 1.7 : 1 : 0.38,
around an example price of 0.70 CNY/kWh; without the summer months' sharp peak."""


def price_rows(first: date, last: date, zone: ZoneInfo) -> Iterator[Row]:
    """Rows of `energy_price` for every day from the first to the last."""
    spans = sorted((*span, price) for price, hours in TARIFF.values() for span in hours)
    for number in range((last - first).days + 1):
        midnight = datetime.combine(first + timedelta(days=number), datetime.min.time(), zone)
        for begin, end, price in spans:
            yield (
                (midnight + timedelta(hours=begin)).astimezone(UTC),
                (midnight + timedelta(hours=end)).astimezone(UTC),
                price,
            )


def lift_min(mass_kg: float) -> tuple[int, int]:
    """Minutes to move parts to another bay: per lot (car and slings), per piece (hang, travel, set down)."""
    return 10, round(6 + mass_kg / 1_000)
