"""Gear reducers: housing, gear wheels, pinion shafts and output shaft, with their routes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lineshaft.crane_works import figures
from lineshaft.crane_works.routes import (
    Part,
    Step,
    Use,
    family_step,
    furnace_step,
    outside,
    paint_step,
    step,
    way,
)

MODULES = (4, 5, 6, 8, 10)
COLOURS = ("YELLOW", "BLUE", "GREY")


@dataclass(frozen=True)
class Stage:
    """A pair of gears: module, teeth of pinion and wheel, face width."""

    module_mm: int
    pinion: int
    wheel: int
    face_mm: int


STAGES = {
    140: Stage(4, 16, 54, 65),
    160: Stage(4, 18, 62, 70),
    180: Stage(5, 16, 56, 80),
    225: Stage(6, 17, 58, 95),
    280: Stage(8, 16, 54, 120),
    355: Stage(10, 15, 56, 150),
}

REDUCERS = {
    "ZDY-160": (160,),
    "ZDY-225": (225,),
    "ZDY-280": (280,),
    "ZLY-225": (140, 225),
    "ZLY-280": (180, 280),
    "ZLY-355": (225, 355),
}
"""Reducer → centre distances (mm) of its stages, fast to slow."""


def hardening(module_mm: int) -> tuple[Step, Step]:
    """Carburise (or let carburise), then clean and straighten when cool."""
    hours = figures.carburising_h(module_mm)
    return (
        furnace_step(
            "渗碳淬火回火 / carburise, quench, temper",
            f"CARB-M{module_mm}",
            way(hours * 60, 10, "CARB"),
            outside(figures.CONTRACT_CARBURISING_H, "OUTCARB"),
        ),
        step("清理校直 / clean and straighten", way(10, 6, "HEAT"), lag_h=figures.COOLING_H),
    )


def teeth(stage: Stage, count: int) -> Step:
    """Hobbing, on the CNC machine or on an older one."""
    fast, slow = (figures.hob_min(stage.module_mm, count, stage.face_mm, cnc=cnc) for cnc in (True, False))
    return family_step(
        "滚齿 / hobbing",
        f"HOB-M{stage.module_mm}",
        way(15, fast + 4, "HOBN", "ARBOR"),
        way(20, slow + 6, "HOBO", "ARBOR"),
    )


def turned(name: str, removed_kg: float) -> Step:
    """Turning on a CNC lathe or, slower, on a conventional one."""
    minutes = figures.turning_min(removed_kg)
    return step(name, way(25, minutes, "CNCL", "TURN"), way(15, minutes * 1.45, "LATHE", "TURN"))


def ground_teeth(stage: Stage, count: int) -> tuple[Step, Step]:
    """Tooth grinding and the final inspection."""
    minutes = figures.tooth_grinding_min(stage.module_mm, count, stage.face_mm)
    return (
        step("磨齿 / tooth grinding", way(30, minutes, "GGR")),
        step("齿轮检测 / gear inspection", way(10, 12, "CMM", "INSP")),
    )


def gear_wheel(distance: int) -> Part:
    """The wheel of a stage, from a forging."""
    stage = STAGES[distance]
    mass = figures.gear_kg(stage.module_mm, stage.wheel, stage.face_mm) * 0.8
    forging = (f"FORGING-{distance}", 1.0)
    rough = turned("车齿坯 / turn the blank", mass * 0.25)
    return Part(
        f"GEAR-{distance}",
        f"齿轮 m{stage.module_mm} z{stage.wheel} / gear wheel",
        "part",
        round(mass, 1),
        (
            replace(rough, takes=(forging,), hands_on=True),
            teeth(stage, stage.wheel),
            *hardening(stage.module_mm),
            step("磨内孔端面 / grind bore and faces", way(20, 18 + mass / 12, "CGR", "GRIND")),
            *ground_teeth(stage, stage.wheel),
        ),
    )


def pinion_shaft(distance: int) -> Part:
    """The pinion shaft of a stage, from bar."""
    stage = STAGES[distance]
    diameter = stage.module_mm * (stage.pinion + 2)
    mass = figures.gear_kg(stage.module_mm, stage.pinion, stage.face_mm * 4)
    return Part(
        f"PINION-{distance}",
        f"齿轮轴 m{stage.module_mm} z{stage.pinion} / pinion shaft",
        "part",
        round(mass * 0.75, 1),
        (
            step(
                "锯料 / saw",
                way(8, figures.saw_min(diameter + 8), "SAW", "CUT"),
                takes=(("BAR-20CrMnTi", round(mass * 1.1, 1)),),
            ),
            replace(turned("车轴 / turn", mass * 0.35), hands_on=True),
            teeth(stage, stage.pinion),
            step("铣键槽 / mill keyway", way(15, 14, "MILLM", "MILL")),
            *hardening(stage.module_mm),
            step("磨外圆 / grind journals", way(20, 22 + mass / 10, "CGR", "GRIND")),
            *ground_teeth(stage, stage.pinion),
        ),
    )


def output_shaft(distance: int) -> Part:
    """The slow shaft, quenched and tempered bar."""
    mass = (distance / 160) ** 3 * 22
    return Part(
        f"SHAFT-{distance}",
        f"低速轴 {distance} / output shaft",
        "part",
        round(mass, 1),
        (
            step(
                "锯料 / saw",
                way(8, figures.saw_min(distance * 0.5), "SAW", "CUT"),
                takes=(("BAR-42CrMo", round(mass * 1.25, 1)),),
            ),
            turned("车轴 / turn", mass * 0.3),
            step("铣键槽 / mill keyways", way(15, 24, "MILLM", "MILL")),
            step("磨外圆 / grind journals", way(20, 20 + mass / 10, "CGR", "GRIND")),
        ),
        bought=outside(figures.CONTRACT_TURNING_H, "OUTTURN"),
    )


def housing(reducer: str) -> Part:
    """The cast housing in two halves: relieve, mill, bore in a fixture, drill, prime."""
    distances = REDUCERS[reducer]
    size = sum(distances)
    mass = (size / 160) ** 2.4 * 55
    bore = 55 + size * 0.28
    return Part(
        f"HOUSING-{reducer}",
        f"箱体 {reducer} / housing",
        "part",
        round(mass, 1),
        (
            furnace_step(
                "去应力退火 / stress relief",
                "SR-25",
                way(figures.stress_relief_h(25) * 60, 0, "SRF"),
                takes=((f"CASTING-{reducer}", 1.0),),
            ),
            step(
                "铣结合面 / mill joint faces",
                way(30, 25 + size * 0.12, "MILLM", "MILL"),
                lag_h=figures.COOLING_H,
            ),
            family_step(
                "镗孔 / bore",
                f"BORE-{distances[-1]}",
                way(30, bore, "BMC", "BOREFIX"),
                way(40, bore * 1.35, "BORE", "BOREFIX", "MILL"),
            ),
            step("钻孔攻丝 / drill and tap", way(15, 30 + size * 0.06, "DRILL", "MILL")),
            paint_step("底漆 / prime", "PRIMER", way(10, 60 * size / 800, "BOOTH", "PAINT")),
        ),
    )


def reducer(name: str, colour: str) -> Part:
    """A reducer: assembled, run on the test stand, painted in the customer's colour."""
    distances = REDUCERS[name]
    size = sum(distances)
    fit = 150 + size * 0.6
    return Part(
        f"{name}-{colour}",
        f"减速机 {name} / reducer, {colour.lower()}",
        "assembly",
        round((size / 160) ** 2.4 * 140, 1),
        (
            step(
                "装配 / assemble",
                way(20, fit, "BENCH", "FIT"),
                takes=((f"BEARINGS-{name}", 1.0), ("SEALS", float(len(distances) + 1))),
            ),
            step("试车 / test run", way(30, 75, "RTEST", "INSP")),
            paint_step("面漆 / top coat", colour, way(15, 60 * size / 600, "BOOTH", "PAINT")),
        ),
        (
            Use(housing(name), 1),
            *(Use(gear_wheel(distance), 1) for distance in distances),
            *(Use(pinion_shaft(distance), 1) for distance in distances),
            Use(output_shaft(distances[-1]), 1),
        ),
    )
