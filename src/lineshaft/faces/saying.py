"""Words that every face uses: reasons, warnings, KPIs and durations in the reader's language."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from lineshaft.core import Engine, Kpi, Reason, Words

OPTIONAL = re.compile(r"\[([^\[\]]*\{(\w+)\}[^\[\]]*)\]")

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
}


def reader_language(asked: str | None = None) -> str:
    """ "zh" or "en": what was asked for, else `LINESHAFT_LANG`, else the locale; Chinese when the locale says nothing."""
    said = (
        asked or os.environ.get("LINESHAFT_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    )
    return "en" if said.lower().startswith("en") else "zh"


def reason_words(engine: Engine, reason: Reason) -> Words:
    """A reason as a sentence in both languages, made from its code and facts."""
    templates: Mapping[str, tuple[str, str]] = engine.load("words") or {}
    en, zh = templates.get(reason.code, (reason.code, reason.code))
    return Words(_filled(en, reason, "en"), _filled(zh, reason, "zh"))


def kpi_name(kpi: Kpi, language: str) -> str:
    """A KPI's name for people; engines that bring their own names keep them."""
    words = KPI_NAMES.get(kpi.name)
    return words.say(language) if words else kpi.name


def duration(minutes: float, language: str) -> str:
    """Minutes as people say them: 3 h 20 min, 2 d 4 h."""
    whole = round(minutes)
    days, rest = divmod(whole, 1_440)
    hours, mins = divmod(rest, 60)
    names = ("天", "小时", "分") if language == "zh" else ("d", "h", "min")
    parts = [(days, names[0]), (hours, names[1]), (mins, names[2])]
    said = [f"{number}\u202f{name}" for number, name in parts if number][:2]
    return " ".join(said) or f"0\u202f{names[2]}"


def amount(value: float, unit: str) -> str:
    """A number with thousands separators and a thin space before its unit."""
    digits = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"
    return f"{digits}\u202f{unit}"


def _filled(template: str, reason: Reason, language: str) -> str:
    """A template with its facts; parts in square brackets go when their fact is zero."""
    said = OPTIONAL.sub(lambda part: part[1] if reason.facts.get(part[2]) else "", template)
    return said.format(**_facts(reason, language))


def _facts(reason: Reason, language: str) -> dict[str, Any]:
    return {
        name: duration(value, language) if name.endswith("_min") else _plain(value)
        for name, value in reason.facts.items()
    }


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else value
