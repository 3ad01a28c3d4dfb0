"""Bridge cranes: girders, end carriages, trolley, hoist, wheel sets and walkway, with their routes."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.crane_works import figures
from lineshaft.crane_works.gearing import reducer, turned
from lineshaft.crane_works.routes import (
    Part,
    Step,
    Use,
    family_step,
    furnace_step,
    outside,
    outside_step,
    paint_step,
    step,
    way,
)


@dataclass(frozen=True)
class Crane:
    """A double-girder bridge crane: safe load, span, wheel, hoist reducer."""

    load_t: int
    span_m: float
    wheel_mm: int
    reducer: str

    @property
    def girder_kg(self) -> float:
        """Mass of one box girder (kg), about 90 kg per metre and more for load and span."""
        return self.span_m * (90 + 3.2 * self.load_t + 4 * self.span_m)


CRANES = {
    "QD10-16.5": Crane(10, 16.5, 400, "ZLY-225"),
    "QD16-19.5": Crane(16, 19.5, 500, "ZLY-280"),
    "QD20-22.5": Crane(20, 22.5, 500, "ZLY-280"),
    "QD32-25.5": Crane(32, 25.5, 630, "ZLY-355"),
}


def girder(name: str) -> Part:
    """A box girder: cut, butt-weld, fit up with diaphragms, weld the four main seams, test, blast, paint."""
    crane = CRANES[name]
    span, mass = crane.span_m, crane.girder_kg
    diaphragms = span / 1.2
    area_m2 = span * 3.8
    return Part(
        f"GIRDER-{name}",
        f"主梁 {name} / main girder",
        "part",
        round(mass),
        (
            step(
                "数控下料 / plasma cut",
                way(20, 60 * (span * 8 + diaphragms * 4) / figures.PLASMA_CUT_M_H, "PLASMA", "CUT"),
                takes=(("PLATE-Q355", round(mass * 1.12)),),
            ),
            step("拼板焊 / butt-weld plates", way(30, 60 * 18 / figures.SUBMERGED_WELD_M_H, "WSAW", "WELD")),
            step("组对 / fit up", way(30, 90 + 8 * diaphragms, "WMAG", "JIG", "CRW", ("WELD", 2))),
            step(
                "隔板焊 / weld diaphragms",
                way(15, 60 * diaphragms * 6 / figures.MAG_WELD_M_H / 2, "WMAG", ("WELD", 2)),
            ),
            step(
                "主焊缝 / main seams",
                way(30, 60 * 4 * span / figures.SUBMERGED_WELD_M_H, "WSAW", "CRW", "WELD"),
            ),
            step("超声检测 / ultrasonic test", way(15, 6 * span, "INSP")),
            step("抛丸 / blast", way(15, 60 * area_m2 / 90, "BLAST", "PAINT")),
            paint_step(
                "底漆 / prime", "PRIMER", way(15, 60 * area_m2 / figures.PAINT_M2_H, "BOOTH", "PAINT")
            ),
        ),
    )


def end_carriage(name: str) -> Part:
    """An end carriage: welded, stress relieved, bored for its wheel sets."""
    crane = CRANES[name]
    mass = 350 + 22 * crane.load_t
    return Part(
        f"ENDCARR-{name}",
        f"端梁 {name} / end carriage",
        "assembly",
        round(mass),
        (
            step(
                "数控下料 / plasma cut",
                way(15, 60 * 45 / figures.PLASMA_CUT_M_H, "PLASMA", "CUT"),
                takes=(("PLATE-Q355", round(mass * 1.12)),),
            ),
            step(
                "组焊 / weld", way(20, 60 * (22 + crane.load_t * 0.3) / figures.MAG_WELD_M_H, "WMAG", "WELD")
            ),
            furnace_step(
                "去应力退火 / stress relief", "SR-16", way(figures.stress_relief_h(16) * 60, 0, "SRF")
            ),
            family_step(
                "镗车轮孔 / bore wheel seats",
                f"BORE-W{crane.wheel_mm}",
                way(40, 110, "BORE", "MILL"),
                lag_h=figures.COOLING_H,
            ),
            step("装车轮组 / fit wheel sets", way(15, 70, "BENCH", "FIT")),
            paint_step("底漆 / prime", "PRIMER", way(10, 40, "BOOTH", "PAINT")),
        ),
        (Use(wheel_set(crane.wheel_mm), 2, step=4),),
    )


def wheel_set(diameter_mm: int) -> Part:
    """A travel wheel on its axle with bearings."""
    return Part(
        f"WHEELSET-{diameter_mm}",
        f"车轮组 {diameter_mm} / wheel set",
        "assembly",
        round((diameter_mm / 400) ** 2.6 * 120),
        (
            step(
                "压装 / press together",
                way(15, 25, "PRESS", "FIT"),
                takes=((f"BEARINGS-W{diameter_mm}", 1.0),),
            ),
        ),
        (Use(wheel(diameter_mm), 1), Use(axle(diameter_mm), 1)),
    )


def wheel(diameter_mm: int) -> Part:
    """A forged travel wheel: turned, tread hardened here or by a contractor, bored to size."""
    mass = (diameter_mm / 400) ** 2.6 * 72
    forging = ((f"FORGING-W{diameter_mm}", 1.0),)
    rough = turned("粗车 / rough turn", mass * 0.28)
    return Part(
        f"WHEEL-{diameter_mm}",
        f"车轮 {diameter_mm} / travel wheel",
        "part",
        round(mass, 1),
        (
            Step(rough.name, rough.ways, takes=forging),
            step(
                "踏面淬火 / harden tread",
                way(30, 18, "IND", "HEAT"),
                outside(figures.CONTRACT_HARDENING_H, "OUTHARD"),
            ),
            step("精车 / finish turn", way(20, 32, "HLATHE", "TURN"), lag_h=3),
        ),
    )


def axle(diameter_mm: int) -> Part:
    """A wheel axle."""
    mass = (diameter_mm / 400) ** 2.6 * 24
    return Part(
        f"AXLE-{diameter_mm}",
        f"车轮轴 {diameter_mm} / wheel axle",
        "part",
        round(mass, 1),
        (
            step(
                "锯料 / saw",
                way(8, figures.saw_min(diameter_mm * 0.25), "SAW", "CUT"),
                takes=(("BAR-42CrMo", round(mass * 1.25, 1)),),
            ),
            turned("车轴 / turn", mass * 0.25),
            step("磨外圆 / grind journals", way(20, 20, "CGR", "GRIND")),
        ),
        bought=outside(figures.CONTRACT_TURNING_H, "OUTTURN"),
    )


def drum(name: str) -> Part:
    """A rope drum: welded shell with flanges, relieved, grooved on the heavy lathe."""
    crane = CRANES[name]
    mass = 180 + 18 * crane.load_t
    return Part(
        f"DRUM-{name}",
        f"卷筒 {name} / rope drum",
        "part",
        round(mass),
        (
            step("锯管 / saw the pipe", way(15, 40, "SAW", "CUT"), takes=(("PIPE-Q355", round(mass * 1.2)),)),
            step("焊法兰 / weld flanges", way(20, 60 * 9 / figures.MAG_WELD_M_H, "WMAG", "WELD")),
            furnace_step(
                "去应力退火 / stress relief", "SR-30", way(figures.stress_relief_h(30) * 60, 0, "SRF")
            ),
            step(
                "车绳槽 / turn grooves",
                way(40, 160 + 6 * crane.load_t, "HLATHE", "TURN"),
                lag_h=figures.COOLING_H,
            ),
        ),
    )


def hoist(name: str) -> Part:
    """The hoisting unit: reducer, drum, motor and brake on the trolley frame's bed."""
    return Part(
        f"HOIST-{name}",
        f"起升机构 {name} / hoist",
        "assembly",
        1_200 + 60 * CRANES[name].load_t,
        (
            step(
                "装配找正 / assemble and align",
                way(20, 480, "BENCH", ("FIT", 2)),
                takes=((f"MOTOR-{name}", 1.0), ("BRAKE", 1.0), ("WIRE-ROPE", 6.0 * CRANES[name].load_t)),
            ),
            step("空载试车 / run idle", way(15, 60, "FIT", "ELEC")),
        ),
        (Use(reducer(CRANES[name].reducer, "GREY"), 1), Use(drum(name), 1)),
    )


def trolley_frame(name: str) -> Part:
    """The welded and machined frame of the trolley."""
    crane = CRANES[name]
    mass = 700 + 45 * crane.load_t
    return Part(
        f"FRAME-{name}",
        f"小车架 {name} / trolley frame",
        "part",
        round(mass),
        (
            step(
                "数控下料 / plasma cut",
                way(15, 60 * 70 / figures.PLASMA_CUT_M_H, "PLASMA", "CUT"),
                takes=(("PLATE-Q355", round(mass * 1.12)),),
            ),
            step(
                "组焊 / weld",
                way(
                    30, 60 * (45 + crane.load_t * 0.6) / figures.MAG_WELD_M_H / 2, "WMAG", "CRW", ("WELD", 2)
                ),
            ),
            furnace_step(
                "去应力退火 / stress relief", "SR-20", way(figures.stress_relief_h(20) * 60, 0, "SRF")
            ),
            family_step(
                "镗底座孔 / bore seats",
                f"BORE-W{crane.wheel_mm}",
                way(45, 150, "BORE", "MILL"),
                lag_h=figures.COOLING_H,
            ),
            paint_step("底漆 / prime", "PRIMER", way(10, 50, "BOOTH", "PAINT")),
        ),
    )


def trolley(name: str) -> Part:
    """The trolley: frame, hoist and wheel sets."""
    return Part(
        f"TROLLEY-{name}",
        f"小车 {name} / trolley",
        "assembly",
        2_200 + 110 * CRANES[name].load_t,
        (
            step("总装 / assemble", way(20, 600, "BAY", "CRA", ("FIT", 2))),
            step("接线 / wire", way(15, 150, "ELEC")),
        ),
        (Use(trolley_frame(name), 1), Use(hoist(name), 1), Use(wheel_set(400), 4)),
    )


def walkway(name: str) -> Part:
    """Walkway and railings: cut, welded, hot-dip galvanised by a contractor."""
    span = CRANES[name].span_m
    return Part(
        f"WALKWAY-{name}",
        f"走台栏杆 {name} / walkway and railings",
        "part",
        round(span * 38),
        (
            step("锯切 / saw", way(10, 4 * span, "SAW", "CUT"), takes=(("SECTION-STEEL", round(span * 40)),)),
            step("焊接 / weld", way(20, 12 * span, "WMAG", "WELD")),
            outside_step("外协热镀锌 / galvanise (contractor)", figures.GALVANISING_H, "OUTGALV"),
        ),
    )


def crane(name: str, colour: str) -> Part:
    """A whole crane: set up in the bay, wired, load tested, painted in the customer's colour, packed."""
    figure = CRANES[name]
    area_m2 = figure.span_m * 9
    return Part(
        f"{name}-{colour}",
        f"桥式起重机 {figure.load_t} t × {figure.span_m} m / bridge crane, {colour.lower()}",
        "product",
        round(2.6 * figure.girder_kg + 4_000),
        (
            step(
                "落梁 / set girders",
                way(30, 240 + 8 * figure.span_m, "BAY", "CRA", ("FIT", 2), "RIG"),
                lag_h=figures.PRIMER_DRY_H,
            ),
            step("桥架组装 / assemble the bridge", way(20, 900 + 20 * figure.load_t, "BAY", ("FIT", 2))),
            step(
                "电气安装 / electrical work",
                way(20, 1_260, "BAY", ("ELEC", 2)),
                takes=((f"PANEL-{name}", 1.0), ("CABLE", round(5.0 * figure.span_m))),
            ),
            step("载荷试验 / load test", way(40, 150, "CTEST", "CRA", "INSP", "RIG")),
            paint_step("面漆 / top coat", colour, way(20, 60 * area_m2 / 45, "BOOTH", "PAINT")),
            step("包装发运 / pack and ship", way(20, 150, "RIG", "CRA"), lag_h=figures.TOP_COAT_DRY_H),
        ),
        (
            Use(girder(name), 2),
            Use(end_carriage(name), 2),
            Use(trolley(name), 1, step=1),
            Use(walkway(name), 1, step=1),
        ),
    )
