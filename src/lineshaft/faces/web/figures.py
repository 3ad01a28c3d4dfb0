"""Key figures and runs as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lineshaft.core import Kpi, Words
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.saying import STATUS, STOPPED, kpi_name
from lineshaft.faces.web.words import THIN, Speech
from lineshaft.store.records import RunRecord

RUN_STATES = {
    "queued": Words("waits", "等待中"),
    "running": Words("running", "计算中"),
    "done": Words("done", "已完成"),
    "cancelled": Words("cancelled", "已取消"),
    "failed": Words("failed", "失败"),
}
STATE_MARKS = {"queued": "running", "running": "running", "done": "ok", "cancelled": "", "failed": "late"}
KINDS = {
    "edit": Words("changed by hand", "手工调整"),
    "tables": Words("tables changed", "改数据表"),
    "undo": Words("takes back", "撤销"),
}
WHAT_IF = Words("what-if", "试算")


@dataclass(frozen=True)
class Figure:
    """One key figure in words; `reach` is the bound's share of the value, for the small bar, where there is one."""

    name: str
    value: str
    exact: str
    bound: str
    gap: str
    status: str
    optimal: bool
    reach: float | None


def figures(kpis: Iterable[Kpi], speech: Speech) -> list[Figure]:
    """Key figures in the order given."""
    return [_figure(kpi, speech) for kpi in kpis]


def _figure(kpi: Kpi, speech: Speech) -> Figure:
    reach = None
    if kpi.bound is not None:
        low, high = sorted((abs(kpi.bound), abs(kpi.value)))
        reach = low / high if high else 1.0
    return Figure(
        name=kpi_name(kpi, speech.language),
        value=amount(kpi.value, kpi.unit, speech),
        exact=speech.number(kpi.value, kpi.unit),
        bound="" if kpi.bound is None else amount(kpi.bound, kpi.unit, speech),
        gap="" if kpi.gap is None else speech.percent(kpi.gap),
        status=speech.say(STATUS[kpi.status]),
        optimal=kpi.status == "optimal",
        reach=reach,
    )


def amount(value: float, unit: str, speech: Speech) -> str:
    """A figure as people say it: minutes as days and hours, others as a number with its unit."""
    if unit == "min":
        return ("−" if value < 0 else "") + speech.duration(abs(value))
    return speech.number(value, unit)


@dataclass(frozen=True)
class Step:
    """How a figure changed: `mark` is "better", "worse" or "same"."""

    name: str
    value: str
    change: str
    mark: str


def steps(kpis: Iterable[Kpi], before: Iterable[Kpi], speech: Speech) -> list[Step]:
    """Figures beside what they were; a figure that was not there has no change."""
    was = {kpi.name: kpi for kpi in before}
    return [_step(kpi, was.get(kpi.name), speech) for kpi in kpis]


def _step(kpi: Kpi, was: Kpi | None, speech: Speech) -> Step:
    name, value = kpi_name(kpi, speech.language), amount(kpi.value, kpi.unit, speech)
    difference = kpi.value - was.value if was else 0.0
    if not difference:
        return Step(name, value, "", "same")
    better = (difference < 0) == (kpi.better == "low")
    sign = "+" if difference > 0 else ""
    return Step(name, value, sign + amount(difference, kpi.unit, speech), "better" if better else "worse")


def run_title(desk: Desk, record: RunRecord, speech: Speech) -> str:
    """What a run is: 有限产能排产 · 手工调整."""
    parts = [speech.say(desk.works.engine(record.engine).words_title)]
    if record.kind in KINDS:
        parts.append(speech.say(KINDS[record.kind]))
    if record.overlay:
        parts.append(speech.say(WHAT_IF))
    return f"{THIN}·{THIN}".join(parts)


def outcome(record: RunRecord, speech: Speech) -> str:
    """How good the answer is and why the search ended."""
    if record.result_status is None:
        return speech.say(RUN_STATES[record.status])
    ended = STOPPED.get(record.stopped_by or "")
    return " · ".join([speech.say(STATUS[record.result_status]), *([speech.say(ended)] if ended else [])])
