"""XES, the event-log standard (IEEE 1849), plain or gzipped, read as a stream by expat.

Document types and entities are refused, so that no text can multiply, and so is what unpacks beyond reason.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from xml.parsers import expat

from lineshaft.core.errors import Fault, Words
from lineshaft.store.guard import MEGABYTE, RATIO_FROM_MB, RATIO_MAX, UNPACKED_MAX_MB, file_fault

TABLE = "event_log"
XES_KEYS = {
    "concept:name": "activity",
    "org:resource": "resource",
    "time:timestamp": "at",
    "lifecycle:transition": "transition",
}
_CHUNK = 1 << 18


class Entry(NamedTuple):
    """One line of a log as text, and where it stands."""

    case_id: str | None
    activity: str | None
    resource: str | None
    start: str | None
    end: str | None
    source: str


@dataclass
class _Cursor:
    """Where the reading of an XES file stands."""

    depth: int = 0
    case_id: str | None = None
    trace_depth: int = 0
    event_depth: int = 0
    event: dict[str, str] = field(default_factory=dict)
    line: int = 0
    done: list[tuple[str | None, dict[str, str], int]] = field(default_factory=list)


def xes_events(path: Path) -> Iterator[tuple[str | None, dict[str, str], int]]:
    """(case, attributes, line) of every event, in the order of the file.

    Raises
    ------
    BadInput
        ``xml_entity``, ``damaged_file`` (with the line), ``zip_bomb`` or ``not_a_log``.
    """
    cursor, roots = _Cursor(), []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise file_fault(
            path,
            "xml_entity",
            f"line {line} declares a document type or entity; logs need none, and such files can be traps",
            f"第 {line} 行声明了文档类型或实体;日志无需此类声明,文件可能有诈",
            f"{path.name}:{line}",
        )

    def opened(tag: str, attributes: dict[str, str]) -> None:
        if cursor.depth == 0:
            roots.append(tag)
        cursor.depth += 1
        _enter(cursor, tag, attributes, parser.CurrentLineNumber)

    def closed(tag: str) -> None:
        _leave(cursor, tag)
        cursor.depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        with unpacked(path) as file:
            for piece in limited(path, file):
                parser.Parse(piece, False)
                yield from cursor.done
                cursor.done.clear()
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise file_fault(
            path,
            "damaged_file",
            f"line {error.lineno} is not well-formed XML ({reason})",
            f"第 {error.lineno} 行不是合法的 XML({reason})",
            f"{path.name}:{error.lineno}",
        ) from None
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise file_fault(
            path, "damaged_file", f"the gzip file is damaged ({error})", f"gzip 文件已损坏({error})"
        ) from None
    if roots != ["log"]:
        raise file_fault(path, "not_a_log", "this XML file is not an XES log", "此 XML 文件不是 XES 日志")
    yield from cursor.done


def _enter(cursor: _Cursor, tag: str, attributes: dict[str, str], line: int) -> None:
    key, value = attributes.get("key", ""), attributes.get("value", "")
    if tag == "trace":
        cursor.trace_depth, cursor.case_id = cursor.depth, None
    elif tag == "event":
        cursor.event_depth, cursor.event, cursor.line = cursor.depth, {}, line
    elif cursor.event_depth and cursor.depth == cursor.event_depth + 1:
        if key in XES_KEYS:
            cursor.event[XES_KEYS[key]] = value
    elif cursor.trace_depth and cursor.depth == cursor.trace_depth + 1 and key == "concept:name":
        cursor.case_id = value


def _leave(cursor: _Cursor, tag: str) -> None:
    if tag == "event":
        cursor.event_depth = 0
        cursor.done.append((cursor.case_id, cursor.event, cursor.line))
    elif tag == "trace":
        cursor.trace_depth, cursor.case_id = 0, None


def unpacked(path: Path) -> BinaryIO:
    """The file's content, unzipped where its name says so."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def limited(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """The content in pieces; refuses one that unpacks beyond reason."""
    read, packed = 0, path.stat().st_size
    while piece := file.read(_CHUNK):
        read += len(piece)
        swollen = read > RATIO_FROM_MB * MEGABYTE and read > RATIO_MAX * packed
        if swollen or read > UNPACKED_MAX_MB * MEGABYTE:
            raise file_fault(
                path,
                "zip_bomb",
                f"the log unpacks to more than is reasonable (limits: {UNPACKED_MAX_MB} MB, ratio {RATIO_MAX})",
                f"日志解压后过大(上限:{UNPACKED_MAX_MB} MB、压缩比 {RATIO_MAX})",
            )
        yield piece


def paired(
    path: Path,
    events: Iterable[tuple[str | None, dict[str, str], int]],
    faults: list[Fault],
    notes: list[Fault],
) -> Iterator[Entry]:
    """Join start and complete events of the same case, activity and resource, first in, first out."""
    begun: dict[tuple[Any, ...], deque[tuple[str, int]]] = defaultdict(deque)
    skipped: Counter[str] = Counter()
    for case_id, event, line in events:
        source = f"{path.name}:{line}"
        activity, resource, at = event.get("activity"), event.get("resource"), event.get("at")
        transition = event.get("transition", "complete").lower()
        key = (case_id, activity, resource)
        if transition == "start":
            begun[key].append((at or "", line))
        elif transition != "complete":
            skipped[transition] += 1
        elif begun[key]:
            yield Entry(case_id, activity, resource, begun[key].popleft()[0], at, source)
        else:
            where = (case_id or "?", activity or "?")
            words = Words(
                "is completed but never started; a log needs both times of each operation",
                "只有完成没有开始;日志须有每道工序的开始和完成时间",
            )
            faults.append(Fault(TABLE, where, "start", None, "no_start", words, source))
    open_ = sorted(line for some in begun.values() for _, line in some)
    if open_:
        words = Words(
            f"{len(open_)} operation(s) begun and not completed are left out",
            f"未计入 {len(open_)} 道未完成的工序",
        )
        notes.append(Fault(path.name, (), "", "complete", "unfinished", words, f"{path.name}:{open_[0]}"))
    for transition, count in sorted(skipped.items()):
        words = Words(f"{count} event(s) of this kind are left out", f"未计入 {count} 个此类事件")
        notes.append(Fault(path.name, (), "lifecycle:transition", transition, "transition", words))
