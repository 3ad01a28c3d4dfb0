"""What a workbook must pass before any parser sees it: real size, real extent, no tricks in its XML.

An `.xlsx` file is a zip of XML. A few kilobytes can claim gigabytes of text, a sheet of a billion cells or entities
that multiply; a parser that believes them takes the machine down. Everything here reads in small pieces and counts.
"""

from __future__ import annotations

import re
import string
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

from lineshaft.core.errors import BadInput, Fault, Words

MEGABYTE = 1 << 20
FILE_MAX_MB = 100
UNPACKED_MAX_MB = 400
ENTRIES_MAX = 2_000
RATIO_MAX = 250
RATIO_FROM_MB = 20
ROWS_MAX = 1_048_576
COLUMNS_MAX = 1_000
CELLS_MAX = 20_000_000
TEXT_MAX = 200_000_000

_CHUNK = MEGABYTE
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,9}\d{1,18})["']""")
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\bt\s*=\s*["']e["'][^>]*>""")
_FORMULA = re.compile(rb"<f[\s>/]")
_SHARED_CELL = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v[^>]*>\s*(\d{1,9})\s*<""")
_LETTERS, _DIGITS = string.ascii_letters.encode(), string.digits.encode()
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")


@dataclass
class SheetScan:
    """What the XML of one sheet shows: last row and column (from 1), error cells by address, number of formulas."""

    rows: int = 0
    columns: int = 0
    shared: int = 0
    formulas: int = 0
    errors: set[str] = field(default_factory=set)


def file_fault(path: Path, rule: str, en: str, zh: str, place: str = "") -> BadInput:
    """A refusal of a whole file."""
    return BadInput([Fault(path.name, (), "", None, rule, Words(en, zh), place)])


def check_size(path: Path) -> None:
    """Refuse an empty file and one above `FILE_MAX_MB`.

    Raises
    ------
    BadInput
        ``empty_file`` or ``file_too_large``.
    """
    size = path.stat().st_size
    if size == 0:
        raise file_fault(path, "empty_file", "the file is empty", "文件为空")
    if size > FILE_MAX_MB * MEGABYTE:
        raise file_fault(
            path,
            "file_too_large",
            f"the file has {size / MEGABYTE:.0f} MB, at most {FILE_MAX_MB} MB are read",
            f"文件大小为 {size / MEGABYTE:.0f} MB,最多读取 {FILE_MAX_MB} MB",
        )


def scan_workbook(path: Path) -> dict[str, SheetScan]:
    """Read every part of an `.xlsx` once without keeping it; sheet name → what was seen.

    Raises
    ------
    BadInput
        ``encrypted``, ``not_excel``, ``damaged_file``, ``zip_bomb``, ``xml_entity``, ``too_many_rows`` or
        ``too_many_columns``.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head == _COMPOUND:
        raise _refuse_compound(path)
    if not head.startswith(b"PK"):
        raise file_fault(
            path,
            "not_excel",
            "this is not an Excel workbook; save it as .xlsx or CSV",
            "这不是 Excel 工作簿;请另存为 .xlsx 或 CSV",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            return _scan_archive(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise file_fault(
            path,
            "damaged_file",
            f"the workbook is damaged or incomplete ({error}); save it again",
            f"工作簿已损坏或不完整({error});请重新保存",
        ) from None


def _refuse_compound(path: Path) -> BadInput:
    """Old `.xls` and encrypted `.xlsx` share their first bytes; only the latter names an encrypted package."""
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        return file_fault(
            path,
            "encrypted",
            "the workbook has a password; save it without one",
            "工作簿已加密;请去除密码后重新保存",
        )
    return file_fault(
        path,
        "not_excel",
        "this is the old .xls format; save it as .xlsx",
        "这是旧版 .xls 格式;请另存为 .xlsx",
    )


def _scan_archive(path: Path, archive: zipfile.ZipFile) -> dict[str, SheetScan]:
    entries = archive.infolist()
    if "xl/workbook.xml" not in archive.namelist():
        raise file_fault(
            path,
            "not_excel",
            "this zip file is not an Excel workbook",
            "此压缩文件不是 Excel 工作簿",
        )
    if len({entry.filename for entry in entries}) < len(entries):
        raise file_fault(
            path, "damaged_file", "a part is in the workbook twice", "工作簿中有重复的部件;文件可能被篡改"
        )
    _check_bomb(path, len(entries), sum(entry.file_size for entry in entries))
    scans: dict[str, SheetScan] = {}
    longest_text = 0
    for entry in entries:
        scan = SheetScan()
        for piece in _pieces(path, archive, entry):
            if entry.filename.startswith("xl/worksheets/"):
                _scan_piece(scan, piece)
                _check_extent(path, entry.filename, scan)
        scans[entry.filename] = scan
        if entry.filename == "xl/sharedStrings.xml":
            longest_text = entry.file_size
    _check_text(path, archive, scans, longest_text)
    return {name: scans.get(part, SheetScan()) for name, part in _sheet_parts(archive).items()}


def _pieces(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked part in pieces that end at a tag, refusing what no honest workbook holds."""
    if entry.flag_bits & 1:
        raise file_fault(
            path,
            "encrypted",
            "the workbook has a password; save it without one",
            "工作簿已加密;请去除密码后重新保存",
        )
    is_xml = entry.filename.endswith((".xml", ".rels"))
    read = 0
    rest = b""
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            read += len(chunk)
            if read > RATIO_FROM_MB * MEGABYTE and read > RATIO_MAX * max(1, entry.compress_size):
                raise _bomb(path)
            if not is_xml:
                continue
            text = rest + chunk
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in chunk:
                raise file_fault(
                    path,
                    "xml_entity",
                    f"{entry.filename} holds XML declarations or null bytes that no Excel writes",
                    f"{entry.filename} 含有 Excel 不会写出的 XML 声明或空字节",
                )
            end = text.rfind(b">") + 1
            yield text[:end]
            rest = text[end:]
            if len(rest) > 8 * _CHUNK:
                raise _bomb(path)


def _scan_piece(scan: SheetScan, piece: bytes) -> None:
    places = b" ".join(_PLACE.findall(piece)).upper()
    rows, columns = (
        set(places.translate(None, _LETTERS).split()),
        set(places.translate(None, _DIGITS).split()),
    )
    scan.rows = max(scan.rows, *map(int, rows), 0)
    scan.columns = max(scan.columns, *(column_number(column.decode()) for column in columns), 0)
    if b'"e"' in piece or b"'e'" in piece:
        found = (_PLACE.search(cell) for cell in _ERROR_CELL.findall(piece))
        scan.errors |= {place[1].decode().upper() for place in found if place}
    scan.formulas += len(_FORMULA.findall(piece))
    scan.shared += piece.count(b'"s"') + piece.count(b"'s'")


def _check_extent(path: Path, part: str, scan: SheetScan) -> None:
    if scan.rows > ROWS_MAX or scan.rows * max(1, scan.columns) > CELLS_MAX:
        raise file_fault(
            path,
            "too_many_rows",
            f"{PurePosixPath(part).name} reaches to row {scan.rows} and column {scan.columns}; "
            f"at most {ROWS_MAX} rows and {CELLS_MAX} cells are read",
            f"{PurePosixPath(part).name} 用到第 {scan.rows} 行、第 {scan.columns} 列;"
            f"最多读取 {ROWS_MAX} 行、{CELLS_MAX} 个单元格",
        )
    if scan.columns > COLUMNS_MAX:
        raise file_fault(
            path,
            "too_many_columns",
            f"{PurePosixPath(part).name} has {scan.columns} columns, at most {COLUMNS_MAX} are read",
            f"{PurePosixPath(part).name} 有 {scan.columns} 列,最多读取 {COLUMNS_MAX} 列",
        )


def _check_bomb(path: Path, entries: int, unpacked: int) -> None:
    if entries > ENTRIES_MAX or unpacked > UNPACKED_MAX_MB * MEGABYTE:
        raise _bomb(path)


def _check_text(path: Path, archive: zipfile.ZipFile, scans: dict[str, SheetScan], longest_text: int) -> None:
    """A long shared text used by a million cells is a bomb too: count what the cells would really hold."""
    used = sum(scan.shared for scan in scans.values())
    if used * longest_text <= TEXT_MAX:
        return
    texts = archive.read("xl/sharedStrings.xml")
    lengths = [len(text) for text in re.split(rb"<(?:\w+:)?si\b", texts)[1:]]
    if used * max(lengths, default=0) <= TEXT_MAX:
        return
    longest = max(lengths)
    total = used * longest
    for name in scans:
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            cells = [int(index) for index in _SHARED_CELL.findall(archive.read(name))]
            total -= sum(longest - lengths[index] for index in cells if index < len(lengths))
    if total > TEXT_MAX:
        raise _bomb(path)


def _bomb(path: Path) -> BadInput:
    return file_fault(
        path,
        "zip_bomb",
        f"the workbook unpacks to more than is reasonable (limits: {UNPACKED_MAX_MB} MB, {ENTRIES_MAX} parts, "
        f"ratio {RATIO_MAX})",
        f"工作簿解压后过大(上限:{UNPACKED_MAX_MB} MB、{ENTRIES_MAX} 个部件、压缩比 {RATIO_MAX})",
    )


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → its part in the archive."""
    try:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (declarations were refused above)
        links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ET.ParseError) as error:
        raise zipfile.BadZipFile(str(error)) from None
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    parts = {}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet"):
            link = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
            target = targets.get(link, "")
            parts[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return parts


def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27; no letters → 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 → A, 26 → Z, 27 → AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
