"""What the works has: machines, places, cranes, fixtures, people with skills and shifts, setups."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import permutations
from typing import NamedTuple

from lineshaft.crane_works.gearing import COLOURS, MODULES

Row = tuple[object, ...]


class Group(NamedTuple):
    """Like resources: class, names, kind, how many at scale 1, places each, calendar, setup group."""

    class_id: str
    zh: str
    en: str
    kind: str
    number: int
    places: int
    calendar: str | None
    setup_group: str | None = None


GROUPS = (
    Group("SAW", "带锯床", "band saw", "machine", 2, 1, "TWO"),
    Group("PLASMA", "数控等离子切割机", "plasma cutter", "machine", 1, 1, "TWO"),
    Group("CNCL", "数控车床", "CNC lathe", "machine", 3, 1, "THREE"),
    Group("LATHE", "普通车床", "conventional lathe", "machine", 2, 1, "TWO"),
    Group("HLATHE", "重型卧车", "heavy lathe", "machine", 1, 1, "TWO"),
    Group("HOBN", "数控滚齿机", "CNC hobbing machine", "machine", 1, 1, "THREE", "HOBBING"),
    Group("HOBO", "老式滚齿机", "older hobbing machine", "machine", 2, 1, "THREE", "HOBBING"),
    Group("GGR", "成形磨齿机", "profile gear grinder", "machine", 2, 1, "THREE"),
    Group("CGR", "外圆磨床", "cylindrical grinder", "machine", 2, 1, "TWO"),
    Group("MILLM", "立式铣床", "milling machine", "machine", 2, 1, "TWO"),
    Group("BORE", "卧式镗床", "boring mill", "machine", 2, 1, "TWO", "BORING"),
    Group("BMC", "卧式加工中心", "horizontal machining centre", "machine", 1, 1, "THREE", "BORING"),
    Group("DRILL", "摇臂钻床", "radial drill", "machine", 2, 1, "TWO"),
    Group("CARB", "渗碳炉", "carburising furnace", "machine", 2, 1, None),
    Group("SRF", "去应力退火炉", "stress-relief furnace", "machine", 1, 2, None),
    Group("IND", "感应淬火机", "induction hardener", "machine", 1, 1, "TWO"),
    Group("BLAST", "抛丸机", "shot blaster", "machine", 1, 1, "DAY"),
    Group("BOOTH", "喷漆房", "paint booth", "machine", 2, 1, "DAY", "PAINTING"),
    Group("WSAW", "埋弧焊工位", "submerged-arc station", "machine", 2, 1, "DAY"),
    Group("WMAG", "气保焊工位", "MAG welding station", "machine", 4, 1, "DAY"),
    Group("PRESS", "压装机", "wheel press", "machine", 1, 1, "DAY"),
    Group("CMM", "齿轮测量中心", "gear measuring centre", "machine", 1, 1, "TWO"),
    Group("RTEST", "减速机试验台", "reducer test stand", "machine", 1, 1, "DAY"),
    Group("CTEST", "载荷试验场", "crane test ground", "machine", 1, 1, "DAY"),
    Group("BAY", "总装工位", "assembly bay", "place", 3, 1, "DAY"),
    Group("BENCH", "装配台", "assembly bench", "place", 5, 1, "DAY"),
    Group("CRW", "焊接跨行车", "welding-bay crane", "crane", 2, 1, None),
    Group("CRA", "总装跨行车", "assembly-bay crane", "crane", 2, 1, None),
    Group("ARBOR", "滚齿芯轴", "hobbing arbor", "fixture", 3, 1, None),
    Group("BOREFIX", "箱体镗孔工装", "housing boring fixture", "fixture", 2, 1, None),
    Group("JIG", "主梁拼装胎架", "girder jig", "fixture", 2, 1, None),
)


class Skill(NamedTuple):
    """People of a trade: class, names, shifts they work in turn, how many, second skill of every third."""

    class_id: str
    zh: str
    en: str
    shifts: tuple[str, ...]
    number: int
    second: str | None = None


SKILLS = (
    Skill("CUT", "下料工", "cutter", ("EARLY", "LATE"), 4),
    Skill("TURN", "车工", "turner", ("EARLY", "LATE", "EARLY", "LATE", "NIGHT"), 10, "MILL"),
    Skill("MILL", "铣镗工", "miller and borer", ("EARLY", "LATE"), 8, "TURN"),
    Skill("GRIND", "磨工", "grinder", ("EARLY", "LATE"), 4),
    Skill("HEAT", "热处理工", "heat treater", ("EARLY", "LATE", "NIGHT"), 3),
    Skill("WELD", "焊工", "welder", ("DAY",), 9, "FIT"),
    Skill("FIT", "装配钳工", "fitter", ("DAY",), 9, "WELD"),
    Skill("ELEC", "电工", "electrician", ("DAY",), 3),
    Skill("PAINT", "油漆工", "painter", ("DAY",), 3),
    Skill("RIG", "起重工", "rigger", ("DAY",), 2),
    Skill("INSP", "检验员", "inspector", ("DAY", "EARLY", "LATE"), 4),
)

CALENDARS = {
    "DAY": ("常白班", "day shift", range(1, 6), ((480, 1_020),), ((720, 780),)),
    "EARLY": ("早班", "early shift", range(1, 6), ((360, 840),), ((600, 630),)),
    "LATE": ("中班", "late shift", range(1, 6), ((840, 1_320),), ((1_080, 1_110),)),
    "NIGHT": ("夜班", "night shift", range(1, 6), ((1_320, 1_800),), ((1_560, 1_590),)),
    "TWO": ("两班设备", "machines in two shifts", range(1, 6), ((360, 840), (840, 1_320)), ()),
    "THREE": (
        "三班设备",
        "machines in three shifts",
        range(1, 6),
        ((360, 840), (840, 1_320), (1_320, 1_800)),
        (),
    ),
}
"""Calendar → names, weekdays, shifts and breaks of the first shift (minutes after midnight)."""


def grown(number: int, scale: float) -> int:
    """How many of a resource at a scale: they grow with its square root, and never shrink."""
    return max(number, round(number * math.sqrt(scale)))


def resource_rows(scale: float) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of `resource`, `resource_class` and `class_member`."""
    resources, classes, members = group_rows(GROUPS, scale)
    for skill in SKILLS:
        classes.append((skill.class_id, f"{skill.zh} / {skill.en}", "person"))
        for number in range(1, grown(skill.number, scale) + 1):
            name = f"{skill.class_id}-{number:02}"
            words = f"{skill.zh} {number} / {skill.en} {number}"
            calendar = skill.shifts[(number - 1) % len(skill.shifts)]
            resources.append((name, words, "person", calendar, 1, None, None))
            members.append((skill.class_id, name))
            if skill.second and number % 3 == 0:
                members.append((skill.second, name))
    return resources, classes, members


def group_rows(groups: tuple[Group, ...], scale: float) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of `resource`, `resource_class` and `class_member` of like resources."""
    resources: list[Row] = []
    classes: list[Row] = []
    members: list[Row] = []
    for group in groups:
        classes.append((group.class_id, f"{group.zh} / {group.en}", group.kind))
        for number in range(1, grown(group.number, scale) + 1):
            name = f"{group.class_id}-{number:02}"
            words = f"{group.zh} {number} / {group.en} {number}"
            family = FIRST_FAMILY.get(group.setup_group or "")
            resources.append(
                (name, words, group.kind, group.calendar, group.places, group.setup_group, family)
            )
            members.append((group.class_id, name))
    return resources, classes, members


FIRST_FAMILY = {"HOBBING": "HOB-M6", "BORING": "BORE-225", "PAINTING": "PAINT-PRIMER"}
BORINGS = ("160", "225", "280", "355", "W400", "W500", "W630")
PAINTS = ("PRIMER", *COLOURS)


def setup_rows() -> tuple[list[Row], list[Row]]:
    """Rows of `setup_family` and `setup_time`."""
    families: list[Row] = [
        *((f"HOB-M{module}", f"模数 {module} / module {module}", 3_600) for module in MODULES),
        *((f"BORE-{size}", f"镗 {size} / boring {size}", 4_500) for size in BORINGS),
        *((f"PAINT-{colour}", f"漆 {colour} / paint {colour.lower()}", 2_700) for colour in PAINTS),
    ]
    times: list[Row] = []
    for i, j in permutations(range(len(MODULES)), 2):
        names = f"HOB-M{MODULES[i]}", f"HOB-M{MODULES[j]}"
        times.append(("HOBBING", *names, 1_800 + 900 * abs(i - j)))
    for size, other in permutations(BORINGS, 2):
        kin = (size[0] == "W") == (other[0] == "W")
        times.append(("BORING", f"BORE-{size}", f"BORE-{other}", 2_700 if kin else 6_300))
    for i, j in permutations(range(len(PAINTS)), 2):
        times.append(("PAINTING", f"PAINT-{PAINTS[i]}", f"PAINT-{PAINTS[j]}", 1_200 if i < j else 2_400))
    return families, times


def calendar_rows(first: date, inventory: date) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """Rows of `calendar`, `shift`, `shift_break`, and of `calendar_exception` beyond the public holidays.

    Two Saturdays of overtime for the day shift after the first Monday, and an afternoon of stock-taking when
    nobody works.
    """
    calendars: list[Row] = []
    shifts: list[Row] = []
    breaks: list[Row] = []
    extra: list[Row] = []
    for name, (zh, en, weekdays, spans, rests) in CALENDARS.items():
        calendars.append((name, f"{zh} / {en}", "Asia/Shanghai"))
        for weekday in weekdays:
            shifts += [(name, weekday, no, *span) for no, span in enumerate(spans, 1)]
            breaks += [(name, weekday, 1, no, *rest) for no, rest in enumerate(rests, 1)]
        if name != "NIGHT":
            extra.append((name, inventory, 2, "closed", None, 780, 1_320, "盘点 / stock-taking"))
    for weeks in (2, 4):
        saturday = first + timedelta(days=7 * weeks - 2)
        extra.append(("DAY", saturday, 2, "overtime", None, 480, 720, "周六加班 / Saturday overtime"))
    return calendars, shifts, breaks, extra
