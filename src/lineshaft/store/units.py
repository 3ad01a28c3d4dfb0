"""Units that people write above a column and the exact factor to the column's own unit."""

from __future__ import annotations

import unicodedata
from fractions import Fraction

FAMILIES: tuple[dict[str, Fraction], ...] = (
    {"s": Fraction(1), "min": Fraction(60), "h": Fraction(3_600), "d": Fraction(86_400)},
    {"kg": Fraction(1), "g": Fraction(1, 1_000), "t": Fraction(1_000)},
    {"m": Fraction(1), "mm": Fraction(1, 1_000), "cm": Fraction(1, 100), "km": Fraction(1_000)},
    {"kWh": Fraction(1), "MWh": Fraction(1_000), "MJ": Fraction(1_000, 3_600)},
    {"fen": Fraction(1), "yuan": Fraction(100)},
    {"piece": Fraction(1)},
    {"place": Fraction(1)},
    {"unit": Fraction(1)},
)
ALIASES = {
    "s": "秒 sec second seconds",
    "min": "分 分钟 mins minute minutes",
    "h": "时 小时 hr hrs hour hours",
    "d": "天 日 day days",
    "kg": "千克 公斤",
    "g": "克",
    "t": "吨",
    "m": "米",
    "mm": "毫米",
    "cm": "厘米",
    "km": "千米 公里",
    "kWh": "度 千瓦时",
    "MWh": "兆瓦时",
    "MJ": "兆焦",
    "yuan": "元 rmb cny",
    "piece": "件 个 只 台 套 pcs pc pieces",
    "place": "位 工位 places",
    "unit": "单位 units",
}
LABELS_ZH = {
    "s": "秒",
    "min": "分钟",
    "h": "小时",
    "d": "天",
    "kg": "千克",
    "t": "吨",
    "piece": "件",
    "place": "位",
    "unit": "单位",
}
_KNOWN = {name: name for family in FAMILIES for name in family}
_BY_WORD = {word: unit for unit, line in ALIASES.items() for word in (unit.casefold(), *line.split())}


def find_unit(text: str) -> str:
    """The unit that a word stands for ("分钟" → "min"), or "" when it is none."""
    word = unicodedata.normalize("NFKC", text).strip()
    return _KNOWN.get(word) or _BY_WORD.get(word.casefold(), "")


def unit_label(unit: str, language: str) -> str:
    """How the unit is written for a person; nothing for a bare number."""
    if unit == "1":
        return ""
    return LABELS_ZH.get(unit, unit) if language == "zh" else unit


def factor(given: str, wanted: str) -> Fraction | None:
    """How many `wanted` one `given` is, exactly; None when they measure different things."""
    for family in FAMILIES:
        if given in family and wanted in family:
            return family[given] / family[wanted]
    return None
