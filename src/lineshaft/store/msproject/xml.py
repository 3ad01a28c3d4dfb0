"""Microsoft Project's XML (MSPDI) as plain records: tasks, links, resources, assignments, calendars.

Read by expat as `store/xes.py` reads logs: document types and entities are refused, and so is what unpacks beyond reason.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from lineshaft.core.errors import Fault, Words
from lineshaft.store.guard import check_size, file_fault
from lineshaft.store.xes import limited, unpacked
from lineshaft.tables.columns import EARLIEST, LATEST

NOT_READ = {"TimephasedData", "Baseline", "ExtendedAttribute", "ExtendedAttributes", "OutlineCodes", "Rates"}
"""Parts that can fill most of a file and say nothing of the plan to come."""

LINKS = {0: "end_end", 1: "end_start", 2: "start_end", 3: "start_start"}
ELAPSED = {4, 6, 8, 10, 12, 20, 36, 38, 40, 42, 44, 52}
PERCENT = {19, 20, 51, 52}
_DURATION = re.compile(r"P(?:(\d{1,5})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?")


@dataclass(frozen=True)
class Link:
    """This task waits for task `before`; `kind` is one of `LINKS`, `lag` in tenths of minutes or percent."""

    before: int
    kind: str
    lag: int
    lag_format: int


@dataclass(frozen=True)
class Task:
    """A task or summary task; `duration_s` is working time, or clock time where `elapsed`."""

    uid: int
    name: str
    wbs: str
    level: int
    is_summary: bool
    duration_s: int
    elapsed: bool
    calendar: int
    ignores_people: bool
    priority: int
    percent: int
    constraint: int
    constraint_at: datetime | None
    deadline: datetime | None
    start: datetime | None
    finish: datetime | None
    manual: bool
    active: bool
    external: bool
    links: tuple[Link, ...]
    place: str


@dataclass(frozen=True)
class Holder:
    """A resource: `kind` 0 material, 1 work, 2 cost."""

    uid: int
    name: str
    kind: int
    units: float
    calendar: int


@dataclass(frozen=True)
class Project:
    """What a file holds; calendars stay elements and are read by `calendars`."""

    name: str
    start: datetime | None
    finish: datetime | None
    status: datetime | None
    calendar: int
    workday_s: int
    tasks: tuple[Task, ...]
    holders: dict[int, Holder]
    assigned: tuple[tuple[int, int, float], ...]
    calendars: dict[int, Node]


class Node:
    """An element with readers that note what they cannot read."""

    def __init__(self, element: ET.Element, path: Path, faults: list[Fault]) -> None:
        self.element, self.path, self.faults = element, path, faults

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.path.name}:{self.element.get('line')}"

    def all(self, way: str) -> Iterator[Node]:
        """Elements below, by tags joined with "/"."""
        return (Node(found, self.path, self.faults) for found in self.element.findall(way))

    def text(self, tag: str) -> str:
        """The text of a child, empty where there is none."""
        return " ".join((self.element.findtext(tag) or "").split())

    def whole(self, tag: str, default: int = 0) -> int:
        """A whole number."""
        return int(self.number(tag, default))

    def number(self, tag: str, default: float = 0.0) -> float:
        """A number."""
        text = self.text(tag)
        try:
            value = float(text or default)
            if abs(value) < 1e15:
                return value
        except ValueError:
            pass
        self._wrong(tag, text, "must be a number", "须为数字")
        return default

    def flag(self, tag: str, default: bool = False) -> bool:
        """1 or true."""
        return (self.text(tag) or str(int(default))).lower() in ("1", "true")

    def seconds(self, tag: str) -> int:
        """A duration such as PT8H0M0S."""
        text = self.text(tag)
        match = _DURATION.fullmatch(text) if text else None
        if text and not match:
            self._wrong(tag, text, "must be a duration such as PT8H0M0S", "须为 PT8H0M0S 之类的时长")
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
        return days * 86_400 + hours * 3_600 + minutes * 60 + seconds

    def when(self, tag: str) -> datetime | None:
        """A local time; none where it is not given ("NA")."""
        text = self.text(tag)
        if text in ("", "NA"):
            return None
        try:
            when = datetime.fromisoformat(text).replace(tzinfo=None)
            if EARLIEST.year <= when.year <= LATEST.year:
                return when
        except ValueError:
            pass
        en = "must be a time such as 2026-03-02T08:00:00"
        self._wrong(tag, text, en, "须为 2026-03-02T08:00:00 之类的时间")
        return None

    def _wrong(self, tag: str, text: str, en: str, zh: str) -> None:
        name = self.text("Name") or self.text("UID")
        words = Words(f"is {text!r}, {en}", f"为 {text!r},{zh}")
        self.faults.append(Fault(self.element.tag, (name,), tag, text, "dtype", words, self.place))


def read_project(path: Path, faults: list[Fault]) -> Project:
    """The records of a file; values that cannot be read are added to `faults`.

    Raises
    ------
    BadInput
        ``xml_entity``, ``damaged_file`` (with the line), ``zip_bomb`` or ``not_a_project``.
    """
    root = Node(guarded_tree(path), path, faults)
    return Project(
        name=root.text("Title") or root.text("Name") or path.stem,
        start=root.when("StartDate"),
        finish=root.when("FinishDate"),
        status=root.when("StatusDate") or root.when("CurrentDate"),
        calendar=root.whole("CalendarUID", -1),
        workday_s=60 * max(1, root.whole("MinutesPerDay", 480)),
        tasks=tuple(read_task(node) for node in root.all("Tasks/Task") if not node.flag("IsNull")),
        holders={
            node.whole("UID"): Holder(
                node.whole("UID"),
                node.text("Name") or f"R{node.whole('UID')}",
                2 if node.flag("IsCostResource") else node.whole("Type", 1),
                node.number("MaxUnits", 1.0),
                node.whole("CalendarUID", -1),
            )
            for node in root.all("Resources/Resource")
            if not node.flag("IsNull") and node.whole("UID")
        },
        assigned=tuple(
            (node.whole("TaskUID", -1), node.whole("ResourceUID", -1), node.number("Units", 1.0))
            for node in root.all("Assignments/Assignment")
        ),
        calendars={node.whole("UID"): node for node in root.all("Calendars/Calendar")},
    )


def read_task(node: Node) -> Task:
    """One task."""
    links = (
        Link(
            -1 if link.flag("CrossProject") else link.whole("PredecessorUID", -1),
            LINKS.get(link.whole("Type", 1), "unknown"),
            link.whole("LinkLag"),
            link.whole("LagFormat", 7),
        )
        for link in node.all("PredecessorLink")
    )
    return Task(
        uid=node.whole("UID"),
        name=node.text("Name"),
        wbs=node.text("WBS") or node.text("OutlineNumber"),
        level=node.whole("OutlineLevel", 1),
        is_summary=node.flag("Summary"),
        duration_s=node.seconds("Duration"),
        elapsed=node.whole("DurationFormat", 7) in ELAPSED,
        calendar=node.whole("CalendarUID", -1),
        ignores_people=node.flag("IgnoreResourceCalendar"),
        priority=node.whole("Priority", 500),
        percent=node.whole("PercentComplete"),
        constraint=node.whole("ConstraintType"),
        constraint_at=node.when("ConstraintDate"),
        deadline=node.when("Deadline"),
        start=node.when("ActualStart") or node.when("Start"),
        finish=node.when("ActualFinish") or node.when("Finish"),
        manual=node.flag("Manual"),
        active=node.flag("Active", True),
        external=node.flag("ExternalTask"),
        links=tuple(links),
        place=node.place,
    )


def guarded_tree(path: Path) -> ET.Element:
    """The elements of a project file, each with its line as attribute, without the parts in `NOT_READ`."""
    check_size(path)
    parser, builder = expat.ParserCreate(), ET.TreeBuilder()
    parser.buffer_text = True
    skipping = [0]

    def refuse(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise file_fault(
            path,
            "xml_entity",
            f"line {line} declares a document type or entity; projects need none, and such files can be traps",
            f"第 {line} 行声明了文档类型或实体;项目文件无需此类声明,文件可能有诈",
            f"{path.name}:{line}",
        )

    def opened(tag: str, _: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if skipping[0] or name in NOT_READ:
            skipping[0] += 1
        else:
            builder.start(name, {"line": str(parser.CurrentLineNumber)})

    def closed(tag: str) -> None:
        if skipping[0]:
            skipping[0] -= 1
        else:
            builder.end(tag.rpartition(":")[2])

    def said(text: str) -> Any:
        return None if skipping[0] else builder.data(text)

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = opened, closed, said
    try:
        with unpacked(path) as file:
            for piece in limited(path, file):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        en = f"line {error.lineno} is not well-formed XML ({reason})"
        zh = f"第 {error.lineno} 行不是合法的 XML({reason})"
        raise file_fault(path, "damaged_file", en, zh, f"{path.name}:{error.lineno}") from None
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise file_fault(
            path, "damaged_file", f"the gzip file is damaged ({error})", f"gzip 文件已损坏({error})"
        ) from None
    root = builder.close()
    if root.tag != "Project":
        en, zh = (
            "this XML file is no Microsoft Project file (MSPDI)",
            "此 XML 文件不是 Microsoft Project 文件(MSPDI)",
        )
        raise file_fault(path, "not_a_project", en, zh)
    return root
