"""How long work takes in the crane works: shop formulas with the figures of an ordinary heavy machine shop.

All times are minutes for one piece unless a name says otherwise. They are engineering estimates of this project,
kept plausible by the formulas beside them; `examples/crane-works/README.md` shows worked values.
"""

from __future__ import annotations

import math

STEEL_KG_M3 = 7_850.0

MAG_WELD_M_H = 4.0
"""Fillet a = 6 mm: 0.33 kg/m of weld at 3 kg/h of wire and 45 % arc time, one welder."""

SUBMERGED_WELD_M_H = 15.0
"""Submerged-arc tractor at 0.5 m/min and 50 % arc time."""

PLASMA_CUT_M_H = 60.0
"""2 m/min in 10 mm plate and 50 % cutting time."""

PAINT_M2_H = 25.0
"""One painter with airless gun, masking and moving included."""

PRIMER_DRY_H = 6
"""From primer to recoat at 20 °C."""

TOP_COAT_DRY_H = 16
"""From top coat to handling at 20 °C."""

COOLING_H = 6
"""From the furnace to hand-warm in still air."""

GALVANISING_H = 6 * 24
"""Hot-dip galvanising by a contractor, transport both ways included."""

CONTRACT_CARBURISING_H = 9 * 24
"""Carburising by a contractor, transport both ways included."""

CONTRACT_HARDENING_H = 5 * 24
"""Tread hardening by a contractor, transport both ways included."""

CONTRACT_TURNING_H = 8 * 24
"""A finished axle or shaft from a contractor, material and transport included."""


def gear_kg(module_mm: float, teeth: int, face_mm: float) -> float:
    """Mass of a solid gear or pinion of its tip diameter."""
    tip_m = module_mm * (teeth + 2) / 1_000
    return math.pi / 4 * tip_m**2 * face_mm / 1_000 * STEEL_KG_M3


def hob_min(module_mm: float, teeth: int, face_mm: float, *, cnc: bool) -> float:
    """Hobbing with a single-start hob: cuts · teeth · (face + approach) / (feed · hob speed).

    Two cuts above module 5. The CNC machine cuts at 50 m/min and 2.2 mm/rev, the older ones at 30 m/min and 1.6.
    """
    speed_m_min, feed_mm = (50.0, 2.2) if cnc else (30.0, 1.6)
    hob_mm = 90 + 7 * module_mm
    turns_min = 1_000 * speed_m_min / (math.pi * hob_mm)
    cuts = 2 if module_mm > 5 else 1
    return cuts * teeth * (face_mm + 10 + 3 * module_mm) / (feed_mm * turns_min)


def tooth_grinding_min(module_mm: float, teeth: int, face_mm: float) -> float:
    """Profile grinding: indexing and measuring a tooth 0.6 min, strokes by face width and depth."""
    return teeth * (0.6 + face_mm / 120 * math.sqrt(module_mm / 8))


def turning_min(removed_kg: float) -> float:
    """Turning: 10 min to load and measure, 1.1 min per kg of chips (115 cm³/min)."""
    return 10 + 1.1 * removed_kg


def saw_min(diameter_mm: float) -> float:
    """Band saw: 40 cm²/min and 4 min to load."""
    return 4 + math.pi / 4 * (diameter_mm / 10) ** 2 / 40


def carburising_h(module_mm: float) -> float:
    """Hours in the furnace: heating, quench and temper 8 h, and Harris's (case depth / 0.635 mm)² at 930 °C.

    Case depth 0.18 · module, at most 1.8 mm (F. E. Harris, "Case Depth", Metal Progress, 1943).
    """
    case_mm = min(0.18 * module_mm, 1.8)
    return 8 + (case_mm / 0.635) ** 2


def stress_relief_h(wall_mm: float) -> float:
    """Hours in the furnace: 9 h to heat up and cool to 300 °C, holding 2.5 min per mm of wall, at least 2 h."""
    return 9 + max(2.0, wall_mm * 2.5 / 60)
