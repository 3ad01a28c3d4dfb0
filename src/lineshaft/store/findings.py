"""What was inferred from a log, from how much, and how sure it is, in both languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal

import polars as pl

from lineshaft.core.errors import Words
from lineshaft.store.attendance import (
    BREAK_S,
    DAY_S,
    EPOCH,
    HOUR_S,
    busy_times,
    days_of,
    usual_hours,
    weekday_of,
)
from lineshaft.store.eventlog import EventLog
from lineshaft.store.people import People, Step
from lineshaft.store.roster import idle_days

Sure = Literal["sure", "likely", "guess"]

SURE_WORDS = {
    "sure": ("the log shows it", "日志可证"),
    "likely": ("likely", "较可能"),
    "guess": ("a guess", "猜测"),
}
WEEKDAYS = ("Mon 周一", "Tue 周二", "Wed 周三", "Thu 周四", "Fri 周五", "Sat 周六", "Sun 周日")
WORDS = {
    "log": (
        "{operations} operations of {orders} orders by {people} people in {activities} activities, {hours} h, "
        "{first} to {last}.",
        "{orders} 个工单、{operations} 道工序、{people} 名人员、{activities} 种作业,共 {hours} 小时,{first} 至 {last}。",
    ),
    "left_out": ("{what}: {en}.", "{what}:{zh}。"),
    "zone": (
        "Days and weekdays are those of {zone}; change it if the works keeps another time.",
        "日期和星期按 {zone} 时区计;如与工厂不符请更改。",
    ),
    "release": (
        "{orders} orders are released at their first start and due at their last end: when they were really "
        "released or promised is not in the log.",
        "{orders} 个工单以首次开工为下达时间、以最后完工为交期:日志中没有真实的下达时间和交期。",
    ),
    "route": (
        "Steps follow each other as they were performed; whether another order was possible is not in the log.",
        "工序先后取实际执行顺序;日志不能说明可否采用其他顺序。",
    ),
    "overlap": (
        "{steps} steps began before the step before them had ended: such pairs may overlap as far as they did, "
        "no further ({links} start-start links).",
        "{steps} 道工序在前道结束前开始:允许重叠,但不超过实际程度({links} 条开始-开始关系)。",
    ),
    "duration": (
        "Times are those worked: {hours} h in all, {paused} operations with nights taken out, {instant} of no length.",
        "工时按实际工作时间计:共 {hours} 小时,其中 {paused} 道扣除了夜间停歇,{instant} 道时长为零。",
    ),
    "pauses": (
        "{times} time(s) work on the same order and activity went on after more than {gap_h} h: "
        "operations may pause over breaks and nights.",
        "有 {times} 次同一工单的同一作业在中断 {gap_h} 小时以上后继续:工序可跨班中断。",
    ),
    "no_pauses": (
        "No work was seen to go on after more than {gap_h} h: operations may not pause.",
        "未见作业中断 {gap_h} 小时以上后继续:工序不可中断。",
    ),
    "quiet": (
        "{person} begins and ends nothing between {begin} and {end}: {operations} operation(s) that ran through "
        "that time were paused.",
        "{person} 在 {begin} 至 {end} 之间从无开工或完工:跨越该时段的 {operations} 道工序视为暂停。",
    ),
    "skill": (
        "{activity}: {operations} operations; {regular} of the {seen} people seen on it do it regularly.",
        "{activity}:{operations} 道工序;做过的 {seen} 人中有 {regular} 人经常做。",
    ),
    "rare_skill": (
        "{person} does {activity} seldom, {operations} operation(s): may do those and no others of it.",
        "{person} 很少做 {activity},仅 {operations} 道:只允许做这些工序。",
    ),
    "visitor": (
        "{person} was seen on {days} of {open_days} day(s): hours cannot be told, so those of the works are taken, "
        "for the {operations} operation(s) done and no others.",
        "{person} 在 {open_days} 天中只出现 {days} 天:无法推断其班次,按全厂作息计,且仅用于其做过的 {operations} 道工序。",
    ),
    "hours": (
        "{person} attended {stretches} stretches, {hours} h, mostly of {usual_h} h; {in_week_pct} % of it fits one "
        "weekly pattern. Attended hours hold while the log runs, the pattern afterwards.",
        "{person} 出勤 {stretches} 段共 {hours} 小时,多为每段 {usual_h} 小时;其中 {in_week_pct}% 符合每周固定班次。"
        "日志期间按实际出勤,之后按固定班次。",
    ),
    "weekday": (
        "{weekday}: {hours} attended hours a day on average.",
        "{weekday}:平均每天出勤 {hours} 小时。",
    ),
    "idle_day": ("Nobody worked on {date}: taken as a holiday.", "{date} 无人工作:视为休息日。"),
    "places": (
        "{person} had up to {most} operations in hand at once, {places} or more for at least {share_pct} % of the busy "
        "time: {places} places, more only when the log shows more.",
        "{person} 最多同时进行 {most} 道工序,至少 {share_pct}% 的工作时间内同时不少于 {places} 道:"
        "并行能力取 {places},仅在日志显示更多的时段取更多。",
    ),
    "unseen": (
        "The log names at most one person for each operation. Machines, material, tools, outside work and orders "
        "that are not in it cannot be seen, so they limit history but not a plan.",
        "日志对每道工序至多记录一名人员。设备、物料、工装、外协以及日志外的工单均不可见:它们限制了历史,却不限制排程。",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing read from a log.

    Parameters
    ----------
    table, key
        The rows it made; an empty key is the whole table.
    code, facts
        What was found; `WORDS` makes sentences of them.
    sure
        "sure" (the log shows it), "likely" or "guess".
    """

    table: str
    key: tuple[Any, ...]
    code: str
    facts: Mapping[str, Any]
    sure: Sure

    @property
    def words(self) -> Words:
        """The finding as a sentence, and how sure it is."""
        (en, zh), (sure_en, sure_zh) = WORDS[self.code], SURE_WORDS[self.sure]
        return Words(f"{en.format(**self.facts)} [{sure_en}]", f"{zh.format(**self.facts)}【{sure_zh}】")


def findings(
    log: EventLog,
    steps: Sequence[Step],
    people: People,
    frames: Mapping[str, pl.DataFrame],
    zone: str,
    sustained: float,
) -> tuple[Finding, ...]:
    """Everything that `infer_works` has to tell, the most general first."""
    return (
        *_of_log(steps, people, zone),
        *_of_notes(log),
        *_of_routes(steps, frames),
        *_of_durations(steps, people, frames),
        *_of_skills(steps, people),
        *_of_hours(people),
        *_of_places(people, sustained),
        Finding("resource_demand", (), "unseen", {}, "guess"),
    )


def _of_log(steps: Sequence[Step], people: People, zone: str) -> Iterator[Finding]:
    facts = {
        "operations": len(steps),
        "orders": len({step.order_id for step in steps}),
        "activities": len({step.activity for step in steps}),
        "people": len(people.steps),
        "hours": round(sum(step.end - step.start for step in steps) / HOUR_S, 1),
        "first": str(_date(people.days[0])),
        "last": str(_date(people.days[1])),
    }
    yield Finding("operation", (), "log", facts, "sure")
    yield Finding("calendar", (), "zone", {"zone": zone}, "guess")
    yield Finding("work_order", (), "release", {"orders": facts["orders"]}, "likely")


def _of_notes(log: EventLog) -> Iterator[Finding]:
    for note in (*log.notes, *log.faults):
        what = note.value if note.source == "" else f"{note.source} {note.value or note.column}"
        yield Finding(
            "operation", (), "left_out", {"what": what, "en": note.words.en, "zh": note.words.zh}, "sure"
        )


def _of_routes(steps: Sequence[Step], frames: Mapping[str, pl.DataFrame]) -> Iterator[Finding]:
    yield Finding("operation", (), "route", {}, "likely")
    overlaps = sum(
        before.order_id == after.order_id and after.start < before.end for before, after in pairwise(steps)
    )
    links = frames["segment_dependency"].filter(pl.col("kind") == "start_start").height
    if links:
        yield Finding("segment_dependency", (), "overlap", {"steps": overlaps, "links": links}, "likely")


def _of_durations(
    steps: Sequence[Step], people: People, frames: Mapping[str, pl.DataFrame]
) -> Iterator[Finding]:
    worked = frames["operation_mode"].unique(["order_id", "op_no"])["lot_s"].sum()
    paused = {
        person: sum(len(pieces) > 1 for pieces in presence.pieces)
        for person, presence in people.presence.items()
    }
    facts = {
        "hours": round(worked / HOUR_S, 1),
        "paused": sum(paused.values()),
        "instant": sum(step.start == step.end for step in steps),
    }
    yield Finding("operation_mode", (), "duration", facts, "sure" if not facts["paused"] else "likely")
    for person, count in paused.items():
        quiet = people.presence[person].quiet
        if count and quiet:
            said = {"person": person, "begin": _clock(quiet[0]), "end": _clock(quiet[1]), "operations": count}
            yield Finding("calendar", (person,), "quiet", said, "likely")
    times = sum(
        before.order_id == after.order_id
        and before.activity == after.activity
        and after.start - before.end > BREAK_S
        for before, after in pairwise(steps)
    )
    code = "pauses" if times or facts["paused"] else "no_pauses"
    yield Finding("operation", (), code, {"times": times, "gap_h": BREAK_S // HOUR_S}, "likely")


def _of_skills(steps: Sequence[Step], people: People) -> Iterator[Finding]:
    seen = Counter((step.activity, step.person) for step in steps if step.person is not None)
    for activity, members in people.members.items():
        counts = {person: count for (of, person), count in seen.items() if of == activity}
        regular = [person for person in members if people.is_regular(person, counts[person])]
        facts = {
            "activity": activity,
            "operations": sum(counts.values()),
            "regular": len(regular),
            "seen": len(counts),
        }
        yield Finding("resource_class", (activity,), "skill", facts, "sure" if regular else "guess")
        for person in sorted(set(counts) - set(members)):
            said = {"person": person, "activity": activity, "operations": counts[person]}
            yield Finding("resource", (person,), "rare_skill", said, "guess")


def _of_hours(people: People) -> Iterator[Finding]:
    there_s: Counter[int] = Counter()
    open_days: set[int] = set()
    for presence in people.presence.values():
        open_days |= days_of(presence.stretches)
        for start, end in presence.stretches:
            there_s[weekday_of(start // DAY_S)] += end - start
    for weekday in range(1, 8):
        days = sum(weekday_of(day) == weekday for day in range(people.days[0], people.days[1] + 1))
        if days:
            facts = {"weekday": WEEKDAYS[weekday - 1], "hours": round(there_s[weekday] / HOUR_S / days, 1)}
            yield Finding("calendar", (), "weekday", facts, "sure")
    for day in idle_days(people):
        yield Finding("calendar_exception", (), "idle_day", {"date": str(_date(day))}, "likely")
    for person, presence in people.presence.items():
        days = len(days_of(presence.stretches))
        if person in people.visitors:
            facts = {"person": person, "days": days, "open_days": len(open_days)}
            said = facts | {"operations": len(people.steps[person])}
            yield Finding("resource", (person,), "visitor", said, "guess")
            continue
        usual_h, inside = usual_hours(presence.stretches)
        said = {
            "person": person,
            "stretches": len(presence.stretches),
            "hours": round(sum(end - start for start, end in presence.stretches) / HOUR_S, 1),
            "usual_h": round(usual_h, 1),
            "in_week_pct": round(100 * inside),
        }
        yield Finding("calendar", (person,), "hours", said, "likely")


def _of_places(people: People, sustained: float) -> Iterator[Finding]:
    for person, places in people.usual.items():
        pieces = [piece for some in people.presence[person].pieces for piece in some]
        most = max((at_once for _, _, at_once in busy_times(pieces)), default=1)
        if most > 1:
            facts = {"person": person, "most": most, "places": places, "share_pct": round(100 * sustained)}
            yield Finding("resource", (person,), "places", facts, "likely")


def _date(day: int) -> date:
    return date.fromordinal(EPOCH + day)


def _clock(of_day_s: int) -> str:
    return f"{of_day_s // HOUR_S % 24:02}:{of_day_s % HOUR_S // 60:02}"
