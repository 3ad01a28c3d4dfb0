"""What a planner may set for a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lineshaft.core import param


@dataclass(frozen=True)
class ScheduleParams:
    """Objectives: `makespan`, `weighted_tardiness`, `mean_flow_time`, `setup`.

    Names separated by commas are taken in that order (lexicographic); `name:weight` joined by `+` are added up,
    for example ``weighted_tardiness:1+setup:0.2,makespan``.
    """

    objective: str = param(
        "weighted_tardiness,mean_flow_time,makespan",
        "what to minimise, first things first",
        "优化目标(按先后)",
        help=(
            "names in order of importance, separated by commas; a+b adds up, a:2 weighs double",
            "按重要性用逗号分隔;用 + 相加,用 :2 表示权重加倍",
        ),
        suggest=(
            (
                "weighted_tardiness,mean_flow_time,makespan",
                "on time first, then quickly through",
                "先保交期,再缩短流程时间",
            ),
            ("makespan", "everything done soonest", "总工期最短"),
            ("mean_flow_time", "orders quickly through the shop", "平均流程时间最短"),
            ("weighted_tardiness,setup", "on time first, then few setups", "先保交期,再减少换型"),
            (
                "weighted_tardiness:1+setup:0.5,makespan",
                "lateness and setups weighed together",
                "拖期与换型加权",
            ),
        ),
    )
    start: datetime | None = param(
        None, "plan from here on; none: the first release", "排产起点;空:最早下达时间"
    )
    frozen_min: int = param(
        0,
        "steps of the previous plan that start within this time stay",
        "冻结期",
        unit="min",
        min=0,
        max=525_600,
    )


@dataclass(frozen=True)
class RepairParams(ScheduleParams):
    """As for a schedule, and what it costs to move a step of the plan in force."""

    moved_min: float = param(
        30.0,
        "a moved step counts like so much of the first objective",
        "每移动一道工序折合首要目标",
        unit="min",
        min=0,
        max=1_000_000,
    )


@dataclass(frozen=True)
class PromiseParams(ScheduleParams):
    """As for a schedule, and how much is added for safety."""

    buffer_pct: int = param(
        10,
        "buffer added to the time from the order's release to its end",
        "在下达至完工时间上增加的缓冲",
        unit="%",
        min=0,
        max=1_000,
    )
