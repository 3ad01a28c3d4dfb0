"""Broken workbooks, tables and logs, each made on the fly from a small shop that is right."""

from __future__ import annotations

import copy
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

Sheets = dict[str, list[list[Any]]]

SHOP: Sheets = {
    "customer": [["customer_id", "name"], ["C-1", "Harbour"]],
    "item": [
        ["item_id", "name", "kind", "mass_kg"],
        ["reducer", "减速机", "product", 120.5],
        ["gear", "齿轮", "part", 20],
        ["blank", "毛坯", "purchased", 25],
    ],
    "bom_line": [["item_id", "component_id", "quantity"], ["reducer", "gear", 2], ["gear", "blank", 1]],
    "calendar": [["calendar_id", "name", "time_zone"], ["day", "白班", "Asia/Shanghai"]],
    "shift": [
        ["calendar_id", "weekday", "shift_no", "start_min", "end_min"],
        ["day", 1, 1, 480, 1020],
        ["day", 2, 1, 480, 1020],
    ],
    "shift_break": [
        ["calendar_id", "weekday", "shift_no", "break_no", "start_min", "end_min"],
        ["day", 1, 1, 1, 720, 780],
    ],
    "calendar_exception": [
        ["calendar_id", "date", "exception_no", "kind", "name"],
        ["day", "2026-02-17", 1, "holiday", "春节"],
    ],
    "resource": [
        ["resource_id", "name", "kind", "calendar_id", "capacity", "setup_group"],
        ["lathe", "车床", "machine", "day", 1, None],
        ["hob", "滚齿机", "machine", "day", 1, None],
    ],
    "work_order": [
        ["order_id", "item_id", "quantity", "customer_id", "release", "due", "weight"],
        ["WO-1", "gear", 4, "C-1", datetime(2026, 1, 5, 8), datetime(2026, 1, 9, 17), 1],
        ["WO-2", "gear", 2, None, datetime(2026, 1, 5, 8), None, 2],
    ],
    "operation": [
        ["order_id", "op_no", "name", "pausable"],
        ["WO-1", 10, "车", True],
        ["WO-1", 20, "滚齿", True],
        ["WO-2", 10, "车", True],
    ],
    "operation_mode": [
        ["order_id", "op_no", "mode_no", "lot_s", "piece_s"],
        ["WO-1", 10, 1, 600, 900],
        ["WO-1", 20, 1, 600, 1200],
        ["WO-2", 10, 1, 600, 900],
    ],
    "resource_demand": [
        ["order_id", "op_no", "mode_no", "demand_no", "resource_id", "quantity"],
        ["WO-1", 10, 1, 1, "lathe", 1],
        ["WO-1", 20, 1, 1, "hob", 1],
        ["WO-2", 10, 1, 1, "lathe", 1],
    ],
    "segment_dependency": [
        ["order_id", "op_no", "after_order_id", "after_op_no", "kind", "lag_s"],
        ["WO-1", 20, "WO-1", 10, "end_start", 0],
    ],
}


@dataclass(frozen=True)
class Broken:
    """A file that must be refused: how to make it, the rule it breaks and a word of the place that must be named."""

    name: str
    make: Callable[[Path], Path]
    rule: str
    place: str
    layout: str = "auto"


CASES: list[Broken] = []


def broken(rule: str, place: str, layout: str = "auto"):
    """Register a maker."""

    def register(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        CASES.append(Broken(make.__name__, make, rule, place, layout))
        return make

    return register


def cell(rule: str, place: str, table: str, row: int, column: str, value: Any, name: str) -> None:
    """Register a shop in which one cell is wrong; `row` counts data rows from 0."""

    def make(folder: Path) -> Path:
        sheets = copy.deepcopy(SHOP)
        at = sheets[table][0].index(column)
        sheets[table][row + 1][at] = value
        return workbook(folder, sheets)

    CASES.append(Broken(name, make, rule, place))


def workbook(folder: Path, sheets: Sheets, merge: tuple[str, str] = ("", "")) -> Path:
    """Sheets as a plain workbook, as a person would make it; `merge` is a sheet and a range of it."""
    path = folder / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for title, rows in sheets.items():
        sheet = book.add_worksheet(title)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(r, c, value, stamp)
                elif value is not None:
                    sheet.write(r, c, value)
        if title == merge[0]:
            sheet.merge_range(merge[1], rows[1][0])
    book.close()
    return path


def changed(folder: Path, **tables: Callable[[list[list[Any]]], object]) -> Path:
    """The right shop with some tables changed in place."""
    sheets = copy.deepcopy(SHOP)
    for name, change in tables.items():
        change(sheets[name])
    return workbook(folder, sheets)


def text(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rezip(path: Path, edit: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> Path:
    """The same workbook with its parts edited."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | (extra or {})).items():
            archive.writestr(name, edit(name, content))
    return path


# One wrong cell --------------------------------------------------------------------------------------------------

cell("min", "operation_mode D2", "operation_mode", 0, "lot_s", -5, "negative time")
cell("max", "work_order C2", "work_order", 0, "quantity", 10_000_000, "out of range")
cell("dtype", "work_order C2", "work_order", 0, "quantity", "four", "text in a number")
cell("dtype", "work_order C3", "work_order", 1, "quantity", "1,200", "thousands separator")
cell("whole", "work_order C2", "work_order", 0, "quantity", 2.5, "decimal in a whole number")
cell("dtype", "work_order C2", "work_order", 0, "quantity", True, "truth in a number")
cell("dtype", "work_order C2", "work_order", 0, "quantity", datetime(2026, 1, 5), "date in a number")
cell("ref", "resource_demand E2", "resource_demand", 0, "resource_id", "mill", "unknown machine")
cell("ref", "resource D2", "resource", 0, "calendar_id", "night", "unknown calendar")
cell("ref", "resource_demand E2", "resource_demand", 0, "resource_id", "ｌａｔｈｅ", "full-width id")
cell("nullability", "work_order A2", "work_order", 0, "order_id", None, "empty key")
cell("nullability", "work_order E2", "work_order", 0, "release", None, "no release")
cell("regex", "customer A2", "customer", 0, "customer_id", "C-1 ", "trailing space in an id")
cell("regex", "customer A2", "customer", 0, "customer_id", "C\n1", "line break in an id")
cell("regex", "customer A2", "customer", 0, "customer_id", "x" * 81, "id too long")
cell("max_length", "customer B2", "customer", 0, "name", "x" * 201, "name too long")
cell(
    "excel_date",
    "customer A2",
    "customer",
    0,
    "customer_id",
    datetime(2026, 1, 2),
    "id that Excel made a date",
)
cell("long_number", "customer A2", "customer", 0, "customer_id", 123456789012345678, "id that Excel rounded")
cell("choice", "resource C2", "resource", 0, "kind", "maschine", "unknown choice")
cell("dtype", "operation D2", "operation", 0, "pausable", "maybe", "neither true nor false")
cell(
    "no_such_date", "calendar_exception B2", "calendar_exception", 0, "date", "2026-02-30", "impossible date"
)
cell("bare_number", "calendar_exception B2", "calendar_exception", 0, "date", 46_070, "date as a number")
cell("dtype", "calendar_exception B2", "calendar_exception", 0, "date", "17.2.26", "date in another order")
cell(
    "dtype",
    "calendar_exception B2",
    "calendar_exception",
    0,
    "date",
    datetime(2026, 2, 17, 8),
    "time in a date",
)
cell("min", "work_order E2", "work_order", 0, "release", datetime(1980, 1, 1), "time long ago")
cell("dtype", "work_order E2", "work_order", 0, "release", "Monday", "no time at all")
cell("no_such_date", "work_order E2", "work_order", 0, "release", "2026-01-05 25:00", "hour 25")
cell(
    "precision", "work_order E2", "work_order", 0, "release", "2026-01-05 08:00:00.1234567", "too fine a time"
)
cell(
    "due_after_release", "work_order 2:2", "work_order", 0, "due", datetime(2026, 1, 1), "due before release"
)
cell("time_zone", "calendar C2", "calendar", 0, "time_zone", "Mars/Olympus", "unknown time zone")
cell("ends_after_start", "shift 2:2", "shift", 0, "end_min", 400, "shift ends before it starts")
cell("break_outside", "shift_break E2", "shift_break", 0, "start_min", 100, "break outside its shift")
cell("not_itself", "bom_line 2:2", "bom_line", 0, "component_id", "reducer", "component of itself")
cell("no_capacity", "resource_demand F2", "resource_demand", 0, "quantity", 5, "more places than there are")


# Tables as a whole -----------------------------------------------------------------------------------------------


@broken("bom_cycle", "bom_line")
def bom_cycle(folder):
    return changed(folder, bom_line=lambda rows: rows.append(["blank", "reducer", 1]))


@broken("step_cycle", "segment_dependency")
def order_cycle(folder):
    def both_ways(rows):
        rows.append(["WO-1", 10, "WO-1", 20, "end_start", 0])

    return changed(folder, segment_dependency=both_ways)


@broken("shift_overlap", "shift D")
def overlapping_shifts(folder):
    return changed(folder, shift=lambda rows: rows.append(["day", 1, 2, 900, 1200]))


@broken("no_mode", "operation")
def step_without_mode(folder):
    return changed(folder, operation=lambda rows: rows.append(["WO-2", 20, "磨", True]))


@broken("primary_key", "customer 2:2")
def duplicate_key(folder):
    return changed(folder, customer=lambda rows: rows.append(["C-1", "again"]))


@broken("missing_column", "work_order / quantity")
def missing_column(folder):
    return changed(folder, work_order=lambda rows: [row.pop(2) for row in rows])


@broken("duplicate_column", "customer C1")
def duplicate_heading(folder):
    return changed(folder, customer=lambda rows: [row.append(row[1]) for row in rows])


@broken("duplicate_table", "客户")
def two_sheets_of_one_table(folder):
    return workbook(folder, {**SHOP, "客户": SHOP["customer"]})


@broken("unit", "operation_mode D1")
def impossible_unit(folder):
    def in_kilograms(rows):
        rows[0][3] = "批时间(kg)"

    return changed(folder, operation_mode=in_kilograms)


@broken("unit", "operation_mode E2")
def impossible_unit_row(folder):
    return changed(folder, operation_mode=lambda rows: rows.insert(1, [None, None, None, "min", "kg"]))


@broken("whole", "operation_mode D2")
def not_whole_after_conversion(folder):
    def in_minutes(rows):
        rows[0][3] = "批时间(min)"
        rows[1][3] = 0.01

    return changed(folder, operation_mode=in_minutes)


@broken("unit", "work_order E1")
def impossible_zone(folder):
    def on_mars(rows):
        rows[0][4] = "最早开工(Mars)"

    return changed(folder, work_order=on_mars)


@broken("clock_change", "work_order E2")
def hour_that_never_was(folder):
    def in_spring(rows):
        rows[0][4] = "最早开工(Europe/Berlin)"
        rows[1][4] = datetime(2026, 3, 29, 2, 30)

    return changed(folder, work_order=in_spring)


@broken("clock_change", "work_order E2")
def hour_that_was_twice(folder):
    def in_autumn(rows):
        rows[0][4] = "最早开工(Europe/Berlin)"
        rows[1][4] = datetime(2025, 10, 26, 2, 30)

    return changed(folder, work_order=in_autumn)


@broken("nullability", "operation A3")
def merged_cells(folder):
    sheets = copy.deepcopy(SHOP)
    sheets["operation"][2][0] = None
    return workbook(folder, sheets, merge=("operation", "A2:A3"))


@broken("formula_error", "work_order C2")
def error_cell(folder):
    path = changed(folder)

    def edit(name, content):
        if name != "xl/worksheets/sheet9.xml":
            return content
        return content.replace(b'<c r="C2"><v>4</v></c>', b'<c r="C2" t="e"><f>#REF!</f><v>#REF!</v></c>')

    return rezip(path, edit)


@broken("no_rows", "book.xlsx")
def headings_only(folder):
    return workbook(folder, {name: rows[:1] for name, rows in SHOP.items()})


@broken("nothing_recognised", "book.xlsx")
def nothing_known(folder):
    return workbook(folder, {"Sheet1": [["foo", "bar"], [1, 2]]})


# Files as a whole ------------------------------------------------------------------------------------------------


@broken("empty_file", "book.xlsx")
def empty_file(folder):
    return text(folder, "book.xlsx", b"")


@broken("not_excel", "book.xlsx")
def not_a_zip(folder):
    return text(folder, "book.xlsx", "<html>please log in</html>")


@broken("not_excel", "book.xlsx")
def zip_of_something_else(folder):
    with zipfile.ZipFile(folder / "book.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    return folder / "book.xlsx"


@broken("damaged_file", "book.xlsx")
def truncated_zip(folder):
    path = changed(folder)
    return text(folder, "book.xlsx", path.read_bytes()[: path.stat().st_size // 2])


@broken("damaged_file", "book.xlsx")
def flipped_bytes(folder):
    path = changed(folder)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 80
    for at in range(start, start + 40):
        content[at] ^= 0x5A
    return text(folder, "book.xlsx", bytes(content))


@broken("damaged_file", "book.xlsx")
def broken_xml(folder):
    return rezip(
        changed(folder), lambda name, content: content[:200] if name == "xl/workbook.xml" else content
    )


@broken("encrypted", "book.xlsx")
def encrypted(folder):
    name = "EncryptedPackage".encode("utf-16-le")
    return text(folder, "book.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1024) + name + bytes(1024))


@broken("not_excel", "book.xls")
def old_format(folder):
    return text(folder, "book.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2048))


@broken("zip_bomb", "book.xlsx")
def zip_bomb(folder):
    return rezip(changed(folder), lambda _, content: content, {"xl/media/image1.bin": bytes(60 << 20)})


@broken("zip_bomb", "book.xlsx")
def many_parts(folder):
    return rezip(changed(folder), lambda _, content: content, {f"xl/x{i}.bin": b"" for i in range(3_000)})


@broken("damaged_file", "book.xlsx")
def a_part_that_lies_about_its_size(folder):
    path = rezip(changed(folder), lambda _, content: content, {"xl/media/a.bin": bytes(1 << 20)})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/media/a.bin"))
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    return text(folder, "book.xlsx", bytes(content))


@broken("zip_bomb", "book.xlsx")
def one_long_text_in_very_many_cells(folder):
    path = workbook(folder, {"customer": [["customer_id", "name"], ["C-1", "x" * 32_000]]})
    cells = b"".join(b'<row r="%d"><c r="B%d" t="s"><v>3</v></c></row>' % (r, r) for r in range(3, 20_003))

    def edit(name, content):
        return content.replace(b"</sheetData>", cells + b"</sheetData>") if "sheet1" in name else content

    return rezip(path, edit)


@broken("zip_bomb", "book.xlsx")
def a_text_longer_than_a_cell_holds_in_many_cells(folder):
    path = workbook(folder, {"customer": [["customer_id", "name"], ["C-1", "x"]]})
    cells = b"".join(b'<row r="%d"><c r="B%d" t = "s"><v>3</v></c></row>' % (r, r) for r in range(3, 303))

    def edit(name, content):
        if name == "xl/sharedStrings.xml":
            return content.replace(b"<t>x</t>", b"<t>" + b"x" * 1_000_000 + b"</t>")
        return content.replace(b"</sheetData>", cells + b"</sheetData>") if "sheet1" in name else content

    return rezip(path, edit)


@broken("xml_entity", "book.xlsx")
def xml_entities(folder):
    bomb = b'<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'

    def edit(name, content):
        return content.replace(b"?>", b"?>" + bomb, 1) if name == "xl/workbook.xml" else content

    return rezip(changed(folder), edit)


@broken("too_many_rows", "book.xlsx")
def two_million_rows(folder):
    def edit(name, content):
        far = b'<row r="2000000"><c r="A2000000"><v>1</v></c></row></sheetData>'
        return content.replace(b"</sheetData>", far) if name == "xl/worksheets/sheet1.xml" else content

    return rezip(changed(folder), edit)


@broken("too_many_rows", "book.xlsx")
def a_cell_at_the_far_corner(folder):
    def edit(name, content):
        far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        return content.replace(b"</sheetData>", far) if name == "xl/worksheets/sheet1.xml" else content

    return rezip(changed(folder), edit)


@broken("too_many_columns", "book.xlsx")
def too_many_columns(folder):
    return workbook(folder, {"customer": [[f"h{i}" for i in range(1_200)]]})


@broken("unknown_format", "book.pdf")
def unknown_ending(folder):
    return text(folder, "book.pdf", "%PDF")


@broken("damaged_file", "customer.parquet")
def not_parquet(folder):
    return text(folder, "customer.parquet", b"PAR1 no")


@broken("nested", "customer.parquet")
def lists_in_parquet(folder):
    pl.DataFrame({"customer_id": ["C-1"], "name": [["a", "b"]]}).write_parquet(folder / "customer.parquet")
    return folder / "customer.parquet"


@broken("too_many_rows", "customer.parquet")
def two_million_rows_in_parquet(folder):
    ids = pl.int_range(2_000_000, eager=True).alias("customer_id")
    pl.DataFrame(ids).write_parquet(folder / "customer.parquet")
    return folder / "customer.parquet"


# CSV -------------------------------------------------------------------------------------------------------------


@broken("ref", "bom_line.csv A2")
def gbk_csv_with_unknown_item(folder):
    return text(folder, "bom_line.csv", "父项物料,子项物料,单件用量\n箱体,毛坯,1\n".encode("gbk"))


@broken("encoding", "customer.csv")
def mixed_encodings(folder):
    content = b"customer_id,name\n" + "C-1,起重机\n".encode() + "C-2,减速机\n".encode("gbk")
    return text(folder, "customer.csv", content)


@broken("encoding", "customer.csv")
def no_known_encoding(folder):
    return text(folder, "customer.csv", b"customer_id,name\nC-1,\xff\xff\x80\xff\n")


@broken("null_byte", "customer.csv")
def null_bytes(folder):
    return text(folder, "customer.csv", b"customer_id,name\nC-1,a\x00b\n")


@broken("damaged_file", "customer.csv")
def quotation_mark_never_closed(folder):
    return text(folder, "customer.csv", 'customer_id,name\nC-1,"Harbour\nC-2,Dock\n')


@broken("missing_column", "customer_id")
def csv_without_its_key(folder):
    return text(folder, "customer.csv", "name,remark\nHarbour,x\n")


@broken("primary_key", "customer.csv")
def formula_injection_twice(folder):
    return text(folder, "customer.csv", "customer_id,name\n=cmd|' /C calc'!A0,x\n'=cmd|' /C calc'!A0,y\n")


@broken("dtype", "item.csv D2")
def decimal_comma(folder):
    return text(folder, "item.csv", "item_id;name;kind;mass_kg\ngear;Zahnrad;part;1,5\n")


@broken("formula_error", "item.csv D2")
def formula_error_in_csv(folder):
    return text(folder, "item.csv", "item_id,name,kind,mass_kg\ngear,x,part,#REF!\n")


@broken("dtype", "item.csv D2")
def not_a_number(folder):
    return text(folder, "item.csv", "item_id,name,kind,mass_kg\ngear,x,part,NaN\n")


@broken("dtype", "item.csv D2")
def endless_number(folder):
    return text(folder, "item.csv", "item_id,name,kind,mass_kg\ngear,x,part,1e999\n")


@broken("too_many_columns", "customer.csv")
def very_wide_csv(folder):
    return text(folder, "customer.csv", ",".join(["a"] * 5_000))


# Event logs ------------------------------------------------------------------------------------------------------


@broken("damaged_file", "log.xes", "log")
def xes_that_is_no_xml(folder):
    return text(folder, "log.xes", "this is not XML")


@broken("xml_entity", "log.xes", "log")
def xes_with_entities(folder):
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><log>&d;</log>'
    return text(folder, "log.xes", bomb)


@broken("missing_column", "case_id", "log")
def log_without_case(folder):
    rows = "activity,resource,start,end\nturn,Ann,2026-01-05T08:00:00Z,2026-01-05T09:00:00Z\n"
    return text(folder, "log.csv", rows)


@broken("no_operations", "log.csv", "log")
def log_without_rows(folder):
    return text(folder, "log.csv", "case,activity,resource,start,end\n")


@broken("empty_file", "log.xes", "log")
def empty_log(folder):
    return text(folder, "log.xes", b"")


def right_book(folder: Path) -> Path:
    """The shop without any fault."""
    return workbook(folder, SHOP)
