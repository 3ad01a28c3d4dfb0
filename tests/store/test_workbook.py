"""What goes out comes back: workbooks in both languages and any time zone, CSV and Parquet folders."""

import contextlib
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import python_calamine as calamine
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from store.tables_at_random import one_table

from lineshaft.core import BadInput, find_engine
from lineshaft.core.frames import sort_by_key
from lineshaft.store.delimited import escape, unescape
from lineshaft.store.folder import read_folder, write_folder
from lineshaft.store.importing import read_tables
from lineshaft.store.workbook import engine_schemas, sheet_titles, write_template, write_workbook
from lineshaft.tables import TABLES, frame_of

ZONES = [
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Monrovia",
]
QUICK = settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def make(table, *rows):
    """A typed frame from tuples in the order of the schema's columns."""
    return frame_of(TABLES[table], rows)


@QUICK
@given(one_table(), st.sampled_from(["zh", "en"]), st.sampled_from(ZONES))
def test_a_workbook_gives_back_every_value(table, language, zone):
    name, frame = table
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.xlsx"
        with contextlib.suppress(BadInput):
            write_workbook({name: frame}, path, language, time_zone=zone)
        assume(path.exists())
        assert read_tables(path)[name].equals(frame, null_equal=True)


@QUICK
@given(one_table(), st.sampled_from(["csv", "parquet"]))
def test_a_folder_gives_back_every_value(table, kind):
    name, frame = table
    with TemporaryDirectory() as folder:
        write_folder({name: frame}, Path(folder), kind)
        assert read_folder(Path(folder))[name].equals(frame, null_equal=True)


@given(st.text(st.sampled_from("'=+-@\t\ra1 "), max_size=6))
def test_an_escaped_text_is_no_formula_and_comes_back(text):
    field = escape(text)
    assert unescape(field) == text
    assert field
    assert field[0] not in "=+-@\t\r"


def test_the_same_rows_give_the_same_bytes(tmp_path):
    frame = make("customer", ("C-1", "甲"), ("C-2", None))
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook({"customer": frame}, tmp_path / name, "zh")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_template_has_a_sheet_for_each_table_with_labels_units_and_drop_downs(tmp_path):
    engine = find_engine("make.schedule")
    path = tmp_path / "template.xlsx"
    write_template(engine, path, "zh", "Asia/Shanghai")
    book = calamine.load_workbook(path)
    titles = sheet_titles(engine_schemas(engine), "zh")
    assert book.sheet_names == list(titles.values())
    assert {"工单", "工序", "日历", "物料"} <= set(book.sheet_names)
    orders = book.get_sheet_by_name("工单").to_python()
    assert orders[0][:3] == ["work_order.order_id", "work_order.item_id", "work_order.quantity"]
    assert orders[1][:3] == ["工单 *", "物料", "数量 *"]
    assert orders[2][2] == "件"
    assert orders[2][4] == "Asia/Shanghai"
    sheet = sheet_xml(path, book.sheet_names.index("资源"))
    assert '"设备,人员,工装,起重机,工位,外协,限额"' in sheet
    assert "'日历'!$A$4:$A$" in sheet
    assert 'state="frozen"' in sheet
    assert 'hidden="1"' in sheet
    comments = zipfile.ZipFile(path).read("xl/comments1.xml").decode()
    assert "引用:item" in comments
    assert "≤ 1000000" in comments


def test_an_english_template_speaks_english(tmp_path):
    path = tmp_path / "template.xlsx"
    write_template(find_engine("make.schedule"), path, "en")
    book = calamine.load_workbook(path)
    assert "Work orders" in book.sheet_names
    assert book.get_sheet_by_name("Work orders").to_python()[1][0] == "work order *"


def test_a_template_filled_in_reads_like_the_frame(tmp_path):
    frames = {
        "calendar": make("calendar", ("day", "白班", "Asia/Shanghai")),
        "calendar_exception": make(
            "calendar_exception", ("day", date(2026, 2, 17), 1, "holiday", None, None, None, "春节")
        ),
    }
    path = tmp_path / "book.xlsx"
    write_workbook(frames, path, "zh", schemas=engine_schemas(find_engine("make.schedule")))
    back = read_tables(path)
    assert back["calendar_exception"].equals(frames["calendar_exception"])
    assert back["shift"].is_empty()
    assert calamine.load_workbook(path).get_sheet_by_name("日历例外").to_python()[3][3] == "休息日"


def test_whole_seconds_are_date_cells_in_local_time_and_finer_ones_text_with_an_offset(tmp_path):
    times = [datetime(2026, 1, 5, 0, 0, tzinfo=UTC), datetime(2026, 1, 5, 0, 0, 0, 250_000, tzinfo=UTC)]
    rows = [(f"R-{i}", "bolt", at, 1.0) for i, at in enumerate(times)]
    path = tmp_path / "book.xlsx"
    write_workbook({"receipt": make("receipt", *rows)}, path, "en", time_zone="Asia/Shanghai")
    cells = [row[2] for row in calamine.load_workbook(path).get_sheet_by_index(0).to_python()[3:]]
    assert cells == [datetime(2026, 1, 5, 8, 0), "2026-01-05 08:00:00.250000+08:00"]
    assert read_tables(path)["receipt"]["available"].to_list() == times


def test_an_hour_that_the_clocks_show_twice_comes_back_as_the_right_one(tmp_path):
    twice = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6)]
    frame = make("receipt", *[(f"R-{i}", "bolt", at, 1.0) for i, at in enumerate(twice)])
    path = tmp_path / "book.xlsx"
    write_workbook({"receipt": frame}, path, "en", time_zone="America/New_York")
    assert read_tables(path)["receipt"].equals(frame)


@pytest.mark.parametrize("text", ["a\ufffe", "_x005F_x000D_", "x" * 40_000])
def test_what_excel_cannot_keep_is_refused_by_row_and_column(tmp_path, text):
    frame = make("customer", ("C-1", "fine"), ("C-2", text))
    with pytest.raises(BadInput) as refused:
        write_workbook({"customer": frame}, tmp_path / "book.xlsx", "en")
    fault = refused.value.faults[0]
    assert (fault.table, fault.key, fault.column, fault.rule) == ("customer", ("C-2",), "name", "unwritable")


def test_a_null_byte_is_refused_for_csv(tmp_path):
    with pytest.raises(BadInput) as refused:
        write_folder({"customer": make("customer", ("C-1", "a\x00b"))}, tmp_path)
    assert refused.value.faults[0].key == ("C-1",)


def test_csv_opens_in_excel_and_holds_no_formula(tmp_path):
    write_folder({"customer": make("customer", ("=A1", "甲"), ("C-2", ""))}, tmp_path)
    content = (tmp_path / "customer.csv").read_bytes()
    assert content.decode("utf-8-sig").splitlines() == ["customer_id,name", "'=A1,甲", "C-2,'"]
    assert content.startswith(b"\xef\xbb\xbf")


def test_a_workbook_writes_no_formula(tmp_path):
    path = tmp_path / "book.xlsx"
    write_workbook({"customer": make("customer", ("=1+1", "@SUM(A1)"))}, path, "en")
    assert "<f>" not in sheet_xml(path, 0)
    assert read_tables(path)["customer"].row(0) == ("=1+1", "@SUM(A1)")


def test_rows_are_written_in_the_order_of_their_keys(tmp_path):
    frame = make("customer", ("C-2", None), ("C-1", None))
    write_workbook({"customer": frame}, tmp_path / "book.xlsx", "en")
    assert read_tables(tmp_path / "book.xlsx")["customer"].equals(sort_by_key(frame, TABLES["customer"]))


def sheet_xml(path, index):
    return zipfile.ZipFile(path).read(f"xl/worksheets/sheet{index + 1}.xml").decode()
