"""Finite-capacity scheduling of multi-level orders with machines, people, calendars and setups."""

from lineshaft.core import Engine

ROOM = "lineshaft.make.schedule"
STUDIES = f"{ROOM}.studies"
IN_SHOP = {"version": 1, "inputs": f"{ROOM}.tables:ShopBook"}
CHECKED = {"rules": "lineshaft.tables.rules:RULES"}
PLANNED = {"rank": f"{ROOM}.goal:rank", "words": f"{ROOM}.words:WORDS", "views": ("lane-board",)}
STUDIED = {"words": f"{STUDIES}.words:WORDS", "example": f"{STUDIES}.example:example"}

ENGINE = Engine(
    name="make.schedule",
    title=("Finite-capacity schedule", "有限产能排产"),
    outputs=f"{ROOM}.tables:ShopPlan",
    params=f"{ROOM}.params:ScheduleParams",
    solve=f"{ROOM}.solve:solve",
    check=f"{ROOM}.checks.check:check",
    prepare=f"{ROOM}.repair.edit:prepare",
    edit=f"{ROOM}.repair.edit:edit",
    facts=(
        "resource_capacity",
        "receipt",
        "work_order",
        "operation",
        "operation_mode",
        "resource_demand",
        "segment_dependency",
        "material_requirement",
        "calendar_exception",
        "actual_event",
    ),
    example=f"{ROOM}.example:example",
    sources=(
        "doi:10.1007/BF02023073 (Brandimarte 1993, flexible job shop)",
        "doi:10.1002/(SICI)1099-1425(200001/02)3:1<3::AID-JOS32>3.0.CO;2-Y (Mastrolilli and Gambardella 2000)",
        "doi:10.1016/j.ejor.2010.07.037 (Mati, Dauzère-Pérès and Lahlou 2011, regular criteria)",
    ),
    **IN_SHOP,
    **CHECKED,
    **PLANNED,
)

REPAIR = Engine(
    name="make.repair",
    title=("Repair of the schedule in force", "当前排产修复"),
    outputs=f"{ROOM}.tables:ShopPlan",
    params=f"{ROOM}.params:RepairParams",
    solve=f"{ROOM}.repair.solve:solve",
    check=f"{ROOM}.repair.solve:check",
    example=f"{ROOM}.repair.example:example",
    sources=(
        "doi:10.1287/opre.39.3.470 (Bean, Birge, Mittenthal and Noon 1991, match-up scheduling)",
        "doi:10.1023/A:1022235519958 (Vieira, Herrmann and Lin 2003, rescheduling)",
    ),
    **IN_SHOP,
    **CHECKED,
    **PLANNED,
)

PROMISE = Engine(
    name="make.promise",
    title=("Promise dates for new orders", "新订单交期承诺"),
    outputs=f"{ROOM}.tables:ShopPromise",
    params=f"{ROOM}.params:PromiseParams",
    solve=f"{ROOM}.repair.promise:solve",
    check=f"{ROOM}.repair.promise:check",
    example=f"{ROOM}.repair.example:example",
    accept={"promises": "upsert"},
    sources=("doi:10.1016/0377-2217(95)00357-6 (Kolisch 1996, serial generation of schedules)",),
    **IN_SHOP,
    **CHECKED,
    **PLANNED,
)

RISK = Engine(
    name="make.risk",
    title=("Risk of the plan", "计划风险模拟"),
    outputs=f"{STUDIES}.tables:RiskPlan",
    params=f"{STUDIES}.risk:RiskParams",
    solve=f"{STUDIES}.risk:solve",
    check=f"{STUDIES}.checks:check_risk",
    sources=("doi:10.1016/j.ejor.2007.06.035 (Van de Vonder and others 2008, robust schedules)",),
    **IN_SHOP,
    **CHECKED,
    **STUDIED,
)

HEALTH = Engine(
    name="make.health",
    title=("Data health of a shop", "车间数据体检"),
    outputs=f"{STUDIES}.tables:HealthReport",
    params=f"{STUDIES}.health:HealthParams",
    solve=f"{STUDIES}.health:solve",
    check=f"{STUDIES}.checks:check_health",
    sources=("doi:10.1137/0201010 (Tarjan 1972, strongly connected components)",),
    **IN_SHOP,
    **STUDIED,
)

DEVIATION = Engine(
    name="make.deviation",
    title=("Plan against actual", "计划与实绩对比"),
    outputs=f"{STUDIES}.tables:DeviationReport",
    params=f"{STUDIES}.deviation:DeviationParams",
    solve=f"{STUDIES}.deviation:solve",
    check=f"{STUDIES}.checks:check_deviation",
    sources=("ISO 22400-2 (key performance indicators of manufacturing operations)",),
    **IN_SHOP,
    **CHECKED,
    **STUDIED,
)

LATENESS = Engine(
    name="make.lateness",
    title=("What would make it on time", "拖期补救与瓶颈"),
    outputs=f"{STUDIES}.tables:LatenessReport",
    params=f"{STUDIES}.lateness:LatenessParams",
    solve=f"{STUDIES}.lateness:solve",
    check=f"{STUDIES}.checks:check_lateness",
    sources=("doi:10.1287/mnsc.34.3.391 (Adams, Balas and Zawack 1988, bottlenecks)",),
    **IN_SHOP,
    **CHECKED,
    **STUDIED,
)

FRONT = Engine(
    name="make.front",
    title=("Trade-off front", "多目标权衡前沿"),
    outputs=f"{STUDIES}.tables:FrontPlan",
    params=f"{STUDIES}.front:FrontParams",
    solve=f"{STUDIES}.front:solve",
    check=f"{STUDIES}.front_check:check",
    words=STUDIED["words"],
    example=f"{STUDIES}.front_example:example",
    views=("lane-board", "front-chart"),
    sources=(
        "doi:10.1109/TSMC.1971.4308298 (Haimes, Lasdon and Wismer 1971, epsilon-constraint)",
        "doi:10.1016/j.amc.2009.03.037 (Mavrotas 2009, augmented epsilon-constraint)",
        "doi:10.1109/4235.797969 (Zitzler and Thiele 1999, hypervolume)",
    ),
    **IN_SHOP,
    **CHECKED,
)
