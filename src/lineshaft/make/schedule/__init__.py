"""Finite-capacity scheduling of multi-level orders with machines, people, calendars and setups."""

from lineshaft.core import Engine

ENGINE = Engine(
    name="make.schedule",
    version=1,
    title=("Finite-capacity schedule", "有限产能排产"),
    inputs="lineshaft.make.schedule.tables:ShopBook",
    outputs="lineshaft.make.schedule.tables:ShopPlan",
    params="lineshaft.make.schedule.params:ScheduleParams",
    rules="lineshaft.tables.rules:RULES",
    solve="lineshaft.make.schedule.solve:solve",
    check="lineshaft.make.schedule.checks.check:check",
    rank="lineshaft.make.schedule.goal:rank",
    prepare="lineshaft.make.schedule.repair.edit:prepare",
    edit="lineshaft.make.schedule.repair.edit:edit",
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
    words="lineshaft.make.schedule.words:WORDS",
    example="lineshaft.make.schedule.example:example",
    views=("lane-board",),
    sources=(
        "doi:10.1007/BF02023073 (Brandimarte 1993, flexible job shop)",
        "doi:10.1002/(SICI)1099-1425(200001/02)3:1<3::AID-JOS32>3.0.CO;2-Y (Mastrolilli and Gambardella 2000)",
        "doi:10.1016/j.ejor.2010.07.037 (Mati, Dauzère-Pérès and Lahlou 2011, regular criteria)",
    ),
)

REPAIR = Engine(
    name="make.repair",
    version=1,
    title=("Repair of the schedule in force", "当前排产修复"),
    inputs="lineshaft.make.schedule.tables:ShopBook",
    outputs="lineshaft.make.schedule.tables:ShopPlan",
    params="lineshaft.make.schedule.params:RepairParams",
    rules="lineshaft.tables.rules:RULES",
    solve="lineshaft.make.schedule.repair.solve:solve",
    check="lineshaft.make.schedule.repair.solve:check",
    rank="lineshaft.make.schedule.goal:rank",
    words="lineshaft.make.schedule.words:WORDS",
    example="lineshaft.make.schedule.repair.example:example",
    views=("lane-board",),
    sources=(
        "doi:10.1287/opre.39.3.470 (Bean, Birge, Mittenthal and Noon 1991, match-up scheduling)",
        "doi:10.1023/A:1022235519958 (Vieira, Herrmann and Lin 2003, rescheduling)",
    ),
)

PROMISE = Engine(
    name="make.promise",
    version=1,
    title=("Promise dates for new orders", "新订单交期承诺"),
    inputs="lineshaft.make.schedule.tables:ShopBook",
    outputs="lineshaft.make.schedule.tables:ShopPromise",
    params="lineshaft.make.schedule.params:PromiseParams",
    rules="lineshaft.tables.rules:RULES",
    solve="lineshaft.make.schedule.repair.promise:solve",
    check="lineshaft.make.schedule.repair.promise:check",
    rank="lineshaft.make.schedule.goal:rank",
    words="lineshaft.make.schedule.words:WORDS",
    example="lineshaft.make.schedule.repair.example:example",
    accept={"promises": "upsert"},
    views=("lane-board",),
    sources=("doi:10.1016/0377-2217(95)00357-6 (Kolisch 1996, serial generation of schedules)",),
)

STUDIES = "lineshaft.make.schedule.studies"
IN_SHOP = {
    "version": 1,
    "inputs": "lineshaft.make.schedule.tables:ShopBook",
    "words": f"{STUDIES}.words:WORDS",
    "example": f"{STUDIES}.example:example",
}

RISK = Engine(
    name="make.risk",
    title=("Risk of the plan", "计划风险模拟"),
    outputs=f"{STUDIES}.tables:RiskPlan",
    params=f"{STUDIES}.risk:RiskParams",
    rules="lineshaft.tables.rules:RULES",
    solve=f"{STUDIES}.risk:solve",
    check=f"{STUDIES}.checks:check_risk",
    sources=("doi:10.1016/j.ejor.2007.06.035 (Van de Vonder and others 2008, robust schedules)",),
    **IN_SHOP,
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
)

DEVIATION = Engine(
    name="make.deviation",
    title=("Plan against actual", "计划与实绩对比"),
    outputs=f"{STUDIES}.tables:DeviationReport",
    params=f"{STUDIES}.deviation:DeviationParams",
    rules="lineshaft.tables.rules:RULES",
    solve=f"{STUDIES}.deviation:solve",
    check=f"{STUDIES}.checks:check_deviation",
    sources=("ISO 22400-2 (key performance indicators of manufacturing operations)",),
    **IN_SHOP,
)

LATENESS = Engine(
    name="make.lateness",
    title=("What would make it on time", "拖期补救与瓶颈"),
    outputs=f"{STUDIES}.tables:LatenessReport",
    params=f"{STUDIES}.lateness:LatenessParams",
    rules="lineshaft.tables.rules:RULES",
    solve=f"{STUDIES}.lateness:solve",
    check=f"{STUDIES}.checks:check_lateness",
    sources=("doi:10.1287/mnsc.34.3.391 (Adams, Balas and Zawack 1988, bottlenecks)",),
    **IN_SHOP,
)
