"""CSV as people have it: UTF-8 or GBK, comma, semicolon or tab; and CSV that no spreadsheet takes for formulas.

A text that begins with ``= + - @``, tab, carriage return or an apostrophe is written with an apostrophe before it, and
an empty text as a lone apostrophe (an empty field is no value); reading takes it away again, so that nothing is lost.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from lineshaft.core.errors import Words
from lineshaft.store.guard import CELLS_MAX, COLUMNS_MAX, ROWS_MAX, file_fault

_RISKY = re.compile(r"'*[=+\-@\t\r]|'*$")
_ESCAPED = re.compile(r"''*[=+\-@\t\r]|'+$")
_DELIMITERS = ",;\t"
_FIELD_MAX = 1_000_000


def escape(text: str) -> str:
    """The field that a spreadsheet shows as this text and never runs."""
    return f"'{text}" if _RISKY.match(text) else text


def unescape(field: str) -> str:
    """What `escape` was given."""
    return field[1:] if _ESCAPED.match(field) else field


def read_csv(path: Path) -> tuple[list[list[str | None]], Words | None]:
    """All records of a CSV file as text; an empty field is None.

    Returns
    -------
    tuple
        Records, and a note where the encoding was not UTF-8.

    Raises
    ------
    BadInput
        ``encoding``, ``null_byte``, ``damaged_file``, ``too_many_rows`` or ``too_many_columns``.
    """
    text, note = _decode(path, path.read_bytes())
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise file_fault(
            path,
            "null_byte",
            f"line {line} holds a null byte: this is not a text file",
            f"第 {line} 行含有空字节:不是文本文件",
        )
    csv.field_size_limit(_FIELD_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    records: list[list[str | None]] = []
    cells = 0
    try:
        for record in reader:
            cells += len(record)
            _check_extent(path, len(records), len(record), cells)
            records.append([unescape(field) if field else None for field in record])
    except csv.Error as error:
        raise file_fault(
            path,
            "damaged_file",
            f"line {reader.line_num}: a quotation mark is not closed or stands in the wrong place ({error})",
            f"第 {reader.line_num} 行:引号未闭合或位置不对({error})",
        ) from None
    return records, note


def write_csv(path: Path, header: list[str], rows: list[list[str | None]]) -> None:
    """Write records so that Excel opens them rightly: UTF-8 with a mark, texts escaped, no value as an empty field.

    Fields that are numbers must be handed in already as such; every field given here counts as text.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(header)
        for row in rows:
            writer.writerow(["" if field is None else field for field in row])


def _check_extent(path: Path, rows: int, columns: int, cells: int) -> None:
    if rows >= ROWS_MAX or cells > CELLS_MAX:
        raise file_fault(
            path,
            "too_many_rows",
            f"more than {ROWS_MAX} lines or {CELLS_MAX} fields; use Parquet",
            f"超过 {ROWS_MAX} 行或 {CELLS_MAX} 个字段;请用 Parquet",
        )
    if columns > COLUMNS_MAX:
        raise file_fault(
            path,
            "too_many_columns",
            f"line {rows + 1} has {columns} fields, at most {COLUMNS_MAX} are read",
            f"第 {rows + 1} 行有 {columns} 个字段,最多读取 {COLUMNS_MAX} 个",
        )


def _decode(path: Path, content: bytes) -> tuple[str, Words | None]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decode_utf16(path, content)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    mixed = _line_of_utf8(content)
    if mixed:
        raise file_fault(
            path,
            "encoding",
            f"the lines are in different encodings (line {mixed} is UTF-8, others are not); save it as UTF-8",
            f"各行编码不一致(第 {mixed} 行为 UTF-8,其他行不是);请另存为 UTF-8",
        )
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise file_fault(
            path,
            "encoding",
            f"line {line} is neither UTF-8 nor GBK; save it as UTF-8",
            f"第 {line} 行既不是 UTF-8 也不是 GBK 编码;请另存为 UTF-8",
        ) from None
    return text, Words("was read as GBK (GB18030), not UTF-8", "按 GBK(GB18030)编码读取,不是 UTF-8")


def _decode_utf16(path: Path, content: bytes) -> tuple[str, Words | None]:
    try:
        return content.decode("utf-16"), Words("was read as UTF-16", "按 UTF-16 编码读取")
    except UnicodeDecodeError:
        raise file_fault(
            path, "encoding", "is damaged UTF-16; save it as UTF-8", "UTF-16 编码已损坏;请另存为 UTF-8"
        ) from None


def _line_of_utf8(content: bytes) -> int:
    """The first line that is Chinese in UTF-8 (three-byte characters only) in a file that is not; 0 without one."""
    for number, line in enumerate(content.splitlines(), start=1):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if all(ch.isascii() or "\u3000" <= ch <= "\u9fff" or "\uff00" <= ch <= "\uffef" for ch in text):
            return number
    return 0


def _delimiter(text: str) -> str:
    """The one of comma, semicolon and tab that splits the first line with content most, outside quotation marks."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)
