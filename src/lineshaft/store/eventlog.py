"""Event logs: who did what on which order, from when to when, read from XES (plain or gzipped) and CSV.

XES is read by `xes.py`; CSV by heading, with common English and Chinese names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from lineshaft.core.errors import BadInput, Fault, Missing, Words
from lineshaft.store.delimited import read_csv
from lineshaft.store.guard import check_size, file_fault
from lineshaft.store.mapping import normal
from lineshaft.store.xes import TABLE, Entry, paired, xes_events
from lineshaft.tables.columns import EARLIEST, LATEST

COLUMNS = ("case_id", "activity", "resource", "start", "end")
NAME_MAX = 80
FAULTS_MAX = 1_000
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "case_id": pl.String,
    "activity": pl.String,
    "resource": pl.String,
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
}
HEADINGS = {
    "case_id": "case|case id|case no|order|order id|order no|work order|job|工单|工单号|工单编号|订单|订单号|案例|案例编号",
    "activity": "activity|activity name|operation|operation name|step|task|活动|工序|工序名称|作业|操作",
    "resource": "resource|person|worker|operator|employee|machine|资源|人员|工人|操作工|操作员|员工|设备",
    "start": "start|start time|start timestamp|started|begin|begin time|开始|开始时间|开工|开工时间",
    "end": "end|end time|finish|finish time|finished|complete|complete time|complete timestamp|completed"
    "|结束|结束时间|完工|完工时间|完成|完成时间",
}
ARTIFICIAL = {"start", "end", "begin", "artificialstart", "artificialend", "开始", "结束"}
TIME_FORMATS = (
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
)


@dataclass(frozen=True)
class EventLog:
    """What a log says.

    Parameters
    ----------
    frame
        One row an operation: `case_id`, `activity`, `resource` (null where nobody is named), `start`, `end` (UTC),
        sorted by case and start.
    faults
        Entries left out because they are wrong; empty unless asked for a partial reading.
    notes
        What was left out rightly or taken in a particular way: artificial events, unfinished work, other transitions.
    """

    frame: pl.DataFrame
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()


def read_event_log(
    path: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    zone: str = "UTC",
    partial: bool = False,
) -> EventLog:
    """Read a log from `.xes`, `.xes.gz` or `.csv`.

    Parameters
    ----------
    columns
        CSV only: "case_id", "activity", "resource", "start", "end" → the heading in the file. Others are found by
        common English and Chinese names.
    zone
        IANA zone of times that name none.
    partial
        Leave wrong entries out and name them in `faults`, instead of refusing the file.

    Raises
    ------
    Missing
        There is no such file.
    BadInput
        The file cannot be read, holds declarations that can grow, has no operations, or (unless `partial`) any entry
        is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise Missing(f"There is no file {path}.", f"没有文件 {path}。")
    clock = find_zone(zone)
    check_size(path)
    faults: list[Fault] = []
    notes: list[Fault] = []
    if path.name.lower().endswith((".xes", ".xes.gz")):
        entries: Iterable[Entry] = paired(path, xes_events(path), faults, notes)
    elif path.suffix.lower() in (".csv", ".txt", ".tsv"):
        entries = csv_entries(path, columns or {}, notes)
    else:
        raise file_fault(
            path,
            "not_a_log",
            "an event log is a .xes, .xes.gz or .csv file",
            "事件日志须为 .xes、.xes.gz 或 .csv 文件",
        )
    rows = [row for entry in entries if (row := typed(entry, clock, faults))]
    if faults and not partial:
        raise BadInput(faults[:FAULTS_MAX])
    rows = without_artificial(rows, path, notes)
    if not rows:
        raise BadInput([*faults[:FAULTS_MAX], Fault(path.name, (), "", None, "no_operations", NO_OPERATIONS)])
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    frame = frame.sort("case_id", "start", maintain_order=True)
    return EventLog(frame, tuple(faults), tuple(notes))


NO_OPERATIONS = Words("there is no finished operation in the log", "日志中没有已完成的工序")


def find_zone(zone: str) -> ZoneInfo:
    """The time zone of this name; raises BadInput for an unknown one."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        words = Words("is not an IANA time zone, such as Asia/Shanghai", "不是时区名(如 Asia/Shanghai)")
        raise BadInput([Fault(TABLE, (), "zone", zone, "time_zone", words)]) from None


def typed(
    entry: Entry, zone: ZoneInfo, faults: list[Fault]
) -> tuple[str, str, str | None, datetime, datetime] | None:
    """The entry as values, or None with the reasons added to `faults`."""
    known = len(faults)
    names = {name: (getattr(entry, name) or "").strip() for name in COLUMNS}
    for name in ("case_id", "activity", "start", "end"):
        if not names[name]:
            faults.append(_fault(entry, name, None, "nullability", "must be given", "必须填写"))
    for name in ("case_id", "activity", "resource"):
        if len(names[name]) > NAME_MAX:
            en = f"has {len(names[name])} characters, at most {NAME_MAX}"
            zh = f"有 {len(names[name])} 个字符,最多 {NAME_MAX} 个"
            faults.append(_fault(entry, name, names[name][:NAME_MAX] + "…", "max_length", en, zh))
    start, end = (moment(entry, name, names[name], zone, faults) for name in ("start", "end"))
    if start and end and end < start:
        faults.append(
            _fault(entry, "end", names["end"], "ends_before_start", "ends before it starts", "结束早于开始")
        )
    if len(faults) > known or start is None or end is None:
        return None
    return names["case_id"], names["activity"], names["resource"] or None, start, end


def moment(entry: Entry, column: str, text: str, zone: ZoneInfo, faults: list[Fault]) -> datetime | None:
    """A time of the log in UTC, or None with the reason added to `faults`."""
    if not text:
        return None
    at = parse_time(text)
    if at is None:
        en = f"is {text!r}, must be a time such as 2026-01-05T08:00:00+08:00 or 2026/1/5 8:00"
        zh = f"为 {text!r},须为时间(如 2026-01-05T08:00:00+08:00 或 2026/1/5 8:00)"
        faults.append(_fault(entry, column, text, "dtype", en, zh))
        return None
    try:
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        at = datetime.max.replace(tzinfo=UTC)
    if not EARLIEST <= at <= LATEST:
        en, zh = (
            f"lies outside {EARLIEST:%Y} to {LATEST:%Y}",
            f"超出 {EARLIEST:%Y} 至 {LATEST:%Y} 年",
        )
        faults.append(_fault(entry, column, text, "range", en, zh))
        return None
    return at


def parse_time(text: str) -> datetime | None:
    """A time as logs write it: ISO 8601, year/month/day or day.month.year; None when it is none of them."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in TIME_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def without_artificial(rows: list[Any], path: Path, notes: list[Fault]) -> list[Any]:
    """Leave out activities called Start or End that never take time: logs put them around each case."""
    lasting = {row[1] for row in rows if row[4] > row[3]}
    kept = [row for row in rows if row[1] in lasting or normal(row[1]) not in ARTIFICIAL]
    dropped = Counter(row[1] for row in rows) - Counter(row[1] for row in kept)
    for activity, count in sorted(dropped.items()):
        en = f"{count} artificial event(s) of no length are left out"
        zh = f"未计入 {count} 个无时长的人工事件"
        notes.append(Fault(path.name, (), "activity", activity, "artificial", Words(en, zh)))
    return kept


def csv_entries(path: Path, given: Mapping[str, str], notes: list[Fault]) -> list[Entry]:
    """The lines of a CSV log.

    Raises
    ------
    BadInput
        A column is not found, or a given one does not exist.
    """
    records, note = read_csv(path)
    if note:
        notes.append(Fault(path.name, (), "", None, "encoding", note))
    head = next((n for n, record in enumerate(records) if any(record)), None)
    if head is None:
        raise file_fault(path, "no_operations", *NO_OPERATIONS)
    place = csv_columns(path, records[head], given)
    entries = []
    for number, record in enumerate(records[head + 1 :], start=head + 2):
        if any(record):
            cells = [record[place[name]] if place[name] < len(record) else None for name in COLUMNS]
            entries.append(Entry._make([*cells, f"{path.name}:{number}"]))
    return entries


def csv_columns(path: Path, heading: list[str | None], given: Mapping[str, str]) -> dict[str, int]:
    """Column → position of its heading."""
    seen = [normal(cell or "") for cell in heading]
    place, faults = {}, []
    for name in COLUMNS:
        options = [given[name]] if name in given else HEADINGS[name].split("|")
        wanted = [normal(option) for option in (*options, *([] if name in given else [name]))]
        found = next((seen.index(option) for option in wanted if option in seen), None)
        if found is None:
            among = ", ".join(cell for cell in heading if cell)
            en = f"no heading for it; call one {options[0]!r}; the file has: {among}"
            zh = f"找不到此列;请将列名写作“{options[-1]}”;文件中有:{among}"
            faults.append(Fault(path.name, (), name, given.get(name), "missing_column", Words(en, zh)))
        else:
            place[name] = found
    if faults:
        raise BadInput(faults)
    return place


def _fault(entry: Entry, column: str, value: Any, rule: str, en: str, zh: str) -> Fault:
    key = tuple(part for part in (entry.case_id, entry.activity) if part)
    return Fault(TABLE, key, column, value, rule, Words(en, zh), entry.source)
