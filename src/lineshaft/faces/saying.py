"""Words that every face uses: reasons, warnings, KPIs and durations in the reader's language."""

from __future__ import annotations

import os

from lineshaft.core import Kpi, Words
from lineshaft.core.saying import duration as duration
from lineshaft.core.saying import reason_words as reason_words

STATUS = {
    "optimal": Words("proven optimal", "已证最优"),
    "feasible": Words("feasible", "可行"),
    "infeasible": Words("infeasible", "不可行"),
    "unknown": Words("unknown", "未知"),
    "no bound": Words("no bound known", "下界未知"),
}

STOPPED = {
    "done": Words("finished", "已完成"),
    "work": Words("work limit reached", "达到计算量上限"),
    "time": Words("time limit reached", "达到时间上限"),
    "cancel": Words("cancelled", "已取消"),
}

KPI_NAMES = {
    "makespan_min": Words("Makespan", "总工期"),
    "weighted_tardiness_min": Words("Weighted tardiness", "加权拖期"),
    "mean_flow_time_min": Words("Mean flow time", "平均流程时间"),
    "setup_min": Words("Setup time", "换型时间"),
    "in_process_min": Words("Mean time in process", "平均在制时间"),
    "setup_cost_cny": Words("Setup cost", "换型费用"),
    "energy_cost_cny": Words("Electricity", "电费"),
    "overtime_cost_cny": Words("Overtime cost", "加班费"),
    "points": Words("Plans of the front", "前沿方案数"),
    "hypervolume_pct": Words("Hypervolume", "超体积占比"),
    "moved_operations": Words("Steps moved", "移动的工序"),
}


def reader_language(asked: str | None = None) -> str:
    """ "zh" or "en": what was asked for, else `LINESHAFT_LANG`, else the locale; Chinese when the locale says nothing."""
    said = (
        asked or os.environ.get("LINESHAFT_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    )
    return "en" if said.lower().startswith("en") else "zh"


def kpi_name(kpi: Kpi, language: str) -> str:
    """A KPI's name for people; engines that bring their own names keep them."""
    words = KPI_NAMES.get(kpi.name)
    return words.say(language) if words else kpi.name


def amount(value: float, unit: str) -> str:
    """A number with thousands separators and a thin space before its unit."""
    digits = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"
    return f"{digits}\u202f{unit}"
